"""Disks that fail, fill up or come back damaged: refused or recovered, by name, and never served as data."""

import os
import random
import shutil
import subprocess

import pytest

from harness import HOME, REGIONS
from harness.admin import admin
from harness.disk_faults import DiskFaults
from harness.server import Server
from harness.tables import TableFactory
from harness.values import N, S
from harness.waiting import eventually
from harness.wire import RawClient

EAST, WEST, SOUTH = REGIONS

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="needs the program itself")


def make_table(server, new_clients):
    return TableFactory(new_clients(server.endpoint))("p:S", stream="NEW_AND_OLD_IMAGES", replicas=[WEST], prefix="disk")


def put(server, table, number, size=0, region=HOME):
    """The answer's status."""
    raw = RawClient(server.endpoint)
    try:
        item = {"p": S(f"k-{number}"), "n": N(number), "x": S("x" * size)}
        return raw.call("PutItem", {"TableName": table.name, "Item": item}, region=region).status
    finally:
        raw.close()


def numbers(table, region=HOME):
    return {int(item["n"]["N"]) for item in table.in_region(region).all_items()}


def health(server):
    raw = RawClient(server.endpoint)
    try:
        return raw.send("GET", "/health")
    finally:
        raw.close()


def assert_stopped_for_writing(server, table, acknowledged, reason):
    """The region's writes fail, its reads go on, and the server says why; the others serve."""
    assert put(server, table, 999_001) == 500
    assert numbers(table) >= acknowledged
    answer = health(server)
    assert answer.status == 503 and HOME.encode() in answer.body, answer
    assert put(server, table, 999_002, region=WEST) == 200
    assert reason in server.output or reason in answer.body.decode(), server.output[-2000:]


def assert_back(server, table, acknowledged, unknown):
    """After a restart: all that was acknowledged, and nothing that nobody wrote."""
    server.kill()
    server.start()
    assert health(server).status == 200
    found = numbers(table)
    assert acknowledged <= found <= acknowledged | unknown, (acknowledged - found, found - acknowledged - unknown)
    assert put(server, table, 999_003) == 200
    eventually(lambda: numbers(table) == numbers(table, WEST))


# --- A disk that fails ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", [1, 2, 5])
def test_sync_that_fails_is_an_unknown_outcome(own_server, new_clients, tmp_path, nth):
    faults = DiskFaults(tmp_path)
    server = own_server("--no-handlers", environment=faults.environment)
    table = make_table(server, new_clients)
    acknowledged = {number for number in range(20) if put(server, table, number) == 200}
    assert len(acknowledged) == 20
    faults.order("sync-fails", nth)
    unknown = set()
    for number in range(100, 160):
        if put(server, table, number) == 200:
            acknowledged.add(number)
        else:
            unknown.add(number)
    assert unknown, "no sync failed"
    if put(server, table, 999_001) == 200:
        # It hit another region's log.
        assert health(server).status == 503
    else:
        assert_stopped_for_writing(server, table, acknowledged, "Input/output error")
    faults.order(None)
    assert_back(server, table, acknowledged, unknown | {999_001, 999_002})


# --- A disk that is full --------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], capture_output=True)
    if mount.returncode != 0:
        pytest.skip("a small file system needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(server, table, size, numbers_from=100, count=600):
    """Writes until the first refusal; (acknowledged, unknown)."""
    acknowledged = set()
    for number in range(numbers_from, numbers_from + count):
        status = put(server, table, number, size)
        if status != 200:
            return acknowledged, {number}
        acknowledged.add(number)
    raise AssertionError("the disk never was full")


def test_full_disk(own_server, new_clients, small_disk):
    server = own_server("--no-handlers", data_directory=small_disk / "data")
    table = make_table(server, new_clients)
    acknowledged, unknown = fill(server, table, size=200_000)
    assert put(server, table, 999_001) == 500
    assert numbers(table) >= acknowledged
    answer = health(server)
    assert answer.status == 503 and b"No space left" in answer.body, answer
    # Room is made, and the server is started again.
    server.kill()
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    assert_back(server, table, acknowledged, unknown | {999_001, 999_002})


def test_full_disk_refuses_the_start_by_name(small_disk, tmp_path):
    with open(small_disk / "ballast", "wb") as ballast:
        try:
            while True:
                ballast.write(b"x" * 65536)
                ballast.flush()
        except OSError:
            pass
    server = Server(tmp_path, "--no-handlers", data_directory=small_disk / "data")
    assert server.run_to_its_end() == 1
    assert str(small_disk / "data") in server.output and "No space left" in server.output, server.output


def test_full_log(own_server, new_clients, tmp_path):
    faults = DiskFaults(tmp_path)
    server = own_server("--no-handlers", environment=faults.environment)
    table = make_table(server, new_clients)
    acknowledged = {number for number in range(20) if put(server, table, number) == 200}
    faults.order("full", 5)
    more, unknown = fill(server, table, size=100)
    acknowledged |= more
    assert put(server, table, 999_001) == 500
    assert numbers(table) >= acknowledged
    assert b"No space left" in health(server).body
    faults.order(None)
    assert_back(server, table, acknowledged, unknown | {999_001, 999_002})


# --- Files that come back damaged -----------------------------------------------------------------------------------

ITEMS = 1000


@pytest.fixture(scope="module")
def stopped(module_server, new_clients, tmp_path_factory):
    """A data directory with table files and a log, and what is in it."""
    server = module_server("--no-handlers", "--regions", f"{EAST},{WEST}")
    table = make_table(server, new_clients)
    for first in range(0, ITEMS, 25):
        requests = [
            {"PutRequest": {"Item": {"p": S(f"k-{number}"), "n": N(number), "x": S(f"{number}-" * 40)}}}
            for number in range(first, first + 25)
        ]
        table.client.batch_write_item(RequestItems={table.name: requests})
    eventually(lambda: len(numbers(table, WEST)) == ITEMS)
    # Opening writes the log's content into table files.
    server.kill()
    server.start()
    for number in range(50):
        assert put(server, table, number, size=500) == 200
    eventually(lambda: table.in_region(WEST).get(p=S("k-49"))["x"] == S("x" * 500))
    truth = {item["p"]["S"]: item for item in table.all_items()}
    server.kill()
    return server.data_directory, table.name, truth


def kinds(folder):
    """The files of a store that hold something, one or more of each kind."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.stat().st_size > 0)
    found = {}
    for path in files:
        name = path.name
        kind = "table" if name.endswith(".sst") else "log" if name.endswith(".log") else name.split("-")[0]
        found.setdefault(kind, []).append(path)
    return found


def flip(path, chooser):
    data = bytearray(path.read_bytes())
    position = chooser.randrange(len(data))
    data[position] ^= 1 << chooser.randrange(8)
    path.write_bytes(data)
    return f"bit of byte {position} of {len(data)} flipped"


def cut(path, chooser):
    length = chooser.randrange(path.stat().st_size)
    os.truncate(path, length)
    return f"cut to {length}"


def remove(path, chooser):
    path.unlink()
    return "removed"


DAMAGES = {"flip": flip, "cut": cut, "remove": remove}
KINDS = ("table", "log", "MANIFEST", "CURRENT", "FORMAT", "OPTIONS", "IDENTITY")
DAMAGE_ROUNDS = int(os.environ.get("DAMAGE_ROUNDS", 2))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_file(stopped, tmp_path, kind, damage, record_crashes):
    """Either the server refuses to start, and names the directory; or what it serves is right."""
    directory, table, truth = stopped
    outcomes = []
    for round_ in range(DAMAGE_ROUNDS):
        seed = f"{kind} {damage} {round_}"
        chooser = random.Random(seed)
        copy = tmp_path / f"data-{round_}"
        shutil.copytree(directory, copy)
        path = chooser.choice(kinds(copy / EAST).get(kind) or pytest.skip(f"the store has no {kind}"))
        what = f"{path.name}: {DAMAGES[damage](path, chooser)} ({seed})"
        server = Server(
            tmp_path, "--no-handlers", "--regions", f"{EAST},{WEST}", data_directory=copy, name=f"server-{round_}"
        )
        try:
            outcomes.append(start_or_refusal(server, copy, table, truth, what))
        finally:
            server.kill()
    record_crashes(f"{kind}: {damage}", DAMAGE_ROUNDS, len(truth), ", ".join(outcomes))


def start_or_refusal(server, copy, table, truth, what):
    try:
        server.start()
    except Exception:
        assert server.process.wait(5) == 1, (what, server.output)
        assert str(copy / EAST) in server.output, (what, server.output)
        return "refused"
    found = {}
    raw = RawClient(server.endpoint)
    for key in truth:
        answer = raw.call("GetItem", {"TableName": table, "Key": {"p": S(key)}, "ConsistentRead": True}, region=EAST)
        if answer.status == 500:
            continue  # Said, not guessed.
        assert answer.status == 200, (what, answer)
        found[key] = answer.json.get("Item")
    raw.close()
    wrong = {key: item for key, item in found.items() if item != truth[key]}
    assert not wrong, (what, len(wrong), list(wrong.items())[:1])
    return "served all" if len(found) == len(truth) else f"served {len(found)} of {len(truth)}, 500 for the rest"
