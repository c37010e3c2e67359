"""A table's stream as it grows: `/_tributary/tail` and the command `tributary tail` (DESIGN.md 8 and 11)."""

import http.client
import json
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from harness import REGIONS
from harness.admin import admin
from harness.eventstream import EventStream, FollowingCommand, Refused
from harness.server import binary, tributary
from harness.streamreader import reader
from harness.tables import TableFactory
from harness.values import N, S, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
PATH = "/_tributary/tail"
ALL_IMAGES = "NEW_AND_OLD_IMAGES"

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="needs the program itself")


@pytest.fixture(scope="module")
def watched(module_server):
    return module_server("--in-memory", "--no-handlers")


@pytest.fixture(scope="module")
def new_watched_table(watched, new_clients):
    return TableFactory(new_clients(watched.endpoint))


@pytest.fixture(scope="module")
def table(new_watched_table):
    return new_watched_table("p:S", stream=ALL_IMAGES, replicas=[WEST])


def follow(table, server, region=EAST, last_event_id=None, **parameters):
    return EventStream(server, PATH, last_event_id, region=region, table=table.name, follow="true", **parameters)


def lines(server, table, region=EAST, **parameters):
    """The records that are there, as JSON lines."""
    query = urllib.parse.urlencode({"region": region, "table": table.name, **parameters}, doseq=True)
    parts = urllib.parse.urlsplit(server.endpoint)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.request("GET", f"{PATH}?{query}")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.read()
        return [json.loads(line) for line in answer.read().splitlines()]
    finally:
        connection.close()


def sequence_number(record):
    return record["dynamodb"]["SequenceNumber"]


def change_three_times(table, key):
    table.put(p=S(key), city=S("Lisbon"))
    table.put(p=S(key), city=S("Oslo"), n=N(1))
    table.delete_item(Key={"p": S(key)})


# --- Streams --------------------------------------------------------------------------------------------------------


def test_changes_appear_while_somebody_follows(watched, table):
    key = unique()
    with follow(table, watched).until_live() as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        change_three_times(table, key)
        events = stream.until(3)
    assert [(kind, record["eventName"]) for _, kind, record in events] == [
        (name, name) for name in ("INSERT", "MODIFY", "REMOVE")
    ]
    for number, _, record in events:
        assert number == sequence_number(record) and record["dynamodb"]["Keys"] == {"p": S(key)}
        assert record["awsRegion"] == EAST and record["eventSource"] == "aws:dynamodb"
        assert record["eventSourceARN"] == table.description()["LatestStreamArn"]
        assert record["tributary"] == {"originRegion": EAST, "replicated": False, "cause": "user"}
    modified = events[1][2]["dynamodb"]
    assert (modified["OldImage"]["city"], modified["NewImage"]["city"]) == (S("Lisbon"), S("Oslo"))


def test_another_region_sees_where_changes_come_from(watched, table):
    key = unique()
    with follow(table, watched, WEST).until_live() as stream:
        table.put(p=S(key))
        record = stream.until(1)[0][2]
        write = {"Put": {"TableName": table.name, "Item": {"p": S(key), "n": N(1)}}}
        table.client.transact_write_items(TransactItems=[write])
        in_transaction = stream.until(2)[1][2]
    assert record["awsRegion"] == WEST
    assert record["tributary"] == {"originRegion": EAST, "replicated": True, "cause": "user"}
    assert in_transaction["tributary"]["transactionId"]


def test_records_are_those_of_the_stream(watched, new_watched_table, new_clients):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    for index in range(10):
        change_three_times(table, f"k{index}")
    expected = reader(new_clients(watched.endpoint, "dynamodbstreams"), table).until_count(30)
    found = lines(watched, table)
    assert [(record["eventID"], record["eventName"]) for record in found] == [
        (record["eventID"], record["eventName"]) for record in expected
    ]
    for ours, theirs in zip(found, expected):
        assert {name: ours["dynamodb"].get(name) for name in ("Keys", "OldImage", "NewImage", "SequenceNumber")} == {
            name: theirs["dynamodb"].get(name) for name in ("Keys", "OldImage", "NewImage", "SequenceNumber")
        }


def test_filters(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES, replicas=[WEST])
    local = {"tributary": {"replicated": [False]}}
    oslo = {"dynamodb": {"NewImage": {"city": {"S": [{"prefix": "Os"}]}}}}
    removed = {"eventName": ["REMOVE"]}
    with follow(table, watched, WEST, filter=[json.dumps(local)]).until_live() as only_local:
        with follow(table, watched, WEST, filter=[json.dumps(oslo), json.dumps(removed)]).until_live() as either:
            change_three_times(table, "east")
            assert [record["eventName"] for _, _, record in either.until(2)] == ["MODIFY", "REMOVE"]
            table.in_region(WEST).put(p=S("west"))
            assert [record["dynamodb"]["Keys"]["p"] for _, _, record in only_local.until(1)] == [S("west")]
            assert len(either.events) == 2
    assert [record["eventName"] for record in lines(watched, table, WEST, filter=json.dumps(removed))] == ["REMOVE"]
    assert len(lines(watched, table, WEST)) == 4


def test_where_to_begin(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    change_three_times(table, "a")
    everything = lines(watched, table)
    assert [record["eventName"] for record in everything] == ["INSERT", "MODIFY", "REMOVE"]
    assert lines(watched, table, **{"from": "TRIM_HORIZON"}) == everything
    assert lines(watched, table, **{"from": "latest"}) == []
    assert lines(watched, table, **{"from": sequence_number(everything[1])}) == everything[1:]
    with follow(table, watched, **{"from": "trim-horizon"}).until_live() as stream:
        assert [record for _, _, record in stream.events] == everything
        assert stream.comments[0] == "backlog 3"
    with follow(table, watched).until_live() as stream:
        table.put(p=S("b"))
        assert [record["dynamodb"]["Keys"] for _, _, record in stream.until(1)] == [{"p": S("b")}]
    with follow(table, watched, last_event_id=sequence_number(everything[1])) as stream:
        assert [record["eventName"] for _, _, record in stream.until(2)] == ["REMOVE", "INSERT"]
    # Another log, which was lost, had more records.
    with follow(table, watched, last_event_id="100000000000000005000") as stream:
        assert len(stream.until(4)) == 4


def test_every_change_comes_once_while_many_are_made(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    count = 400

    def write(worker):
        for index in range(count // 4):
            table.put(p=S(f"{worker}-{index}"), filler=S("x" * 500))

    with follow(table, watched).until_live() as stream:
        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        records = [record for _, _, record in stream.until(count)]
    numbers = [int(sequence_number(record)) for record in records]
    assert numbers == list(range(numbers[0], numbers[0] + count))
    assert len({record["dynamodb"]["Keys"]["p"]["S"] for record in records}) == count


def test_a_stream_that_is_disabled_ends(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    stream = follow(table, watched).until_live()
    table.put(p=S("last"))
    table.update(StreamSpecification={"StreamEnabled": False})
    assert [kind for _, kind, _ in stream.to_its_end()] == ["INSERT"]
    assert len(lines(watched, table)) == 1
    with pytest.raises(Refused, match="is disabled: it can be read, but nothing follows"):
        follow(table, watched)


def test_a_table_that_is_deleted_ends_its_stream(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    stream = follow(table, watched).until_live()
    table.put(p=S("last"))
    stream.until(1)
    table.delete_table()
    assert len(stream.to_its_end()) == 1


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"region": None}, "the parameter 'region' is missing; this process serves us-east-1"),
        ({"region": "mars-1"}, "there is no region 'mars-1'; this process serves us-east-1"),
        ({"table": None}, "the parameter 'table' is missing; us-east-1 has "),
        ({"table": "nowhere"}, "there is no table 'nowhere' in us-east-1, which has "),
        ({"region": SOUTH}, "in ap-southeast-1, which has no tables"),
        ({"filter": "{"}, "the filter { is no event pattern: The pattern is not JSON"),
        ({"filter": '{"eventName":"INSERT"}'}, "is no event pattern: "),
        ({"filter": ['{"eventName":["INSERT"]}'] * 11}, "there may be 10 filters, not 11"),
        ({"from": "noon"}, "from must be latest, trim-horizon or a sequence number of 21 digits, not 'noon'"),
        ({"from": "100000000000000900000"}, "has no record 100000000000000900000; it "),
        ({"follow": "perhaps"}, "follow must be true or false, not 'perhaps'"),
        ({"filters": "{}"}, "there is no parameter 'filters'; there are region, table, from, filter, follow"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_bad_requests(watched, table, changes, message):
    parameters = {"region": EAST, "table": table.name, "follow": "true", **changes}
    with pytest.raises(Refused) as caught:
        EventStream(watched, PATH, **{name: value for name, value in parameters.items() if value is not None})
    assert caught.value.args[0] == 400 and message in caught.value.args[1]


def test_a_table_without_a_stream(watched, new_watched_table, table):
    plain = new_watched_table("p:S")
    with pytest.raises(Refused) as caught:
        follow(plain, watched)
    assert caught.value.args[0] == 400
    assert f"table '{plain.name}' has no stream in us-east-1" in caught.value.args[1]
    assert table.name in caught.value.args[1]


def test_a_place_that_is_none(watched, table):
    with pytest.raises(Refused, match="Last-Event-ID must be a sequence number, not '12'"):
        follow(table, watched, last_event_id=12)


@pytest.mark.skipif(not pathlib.Path("/proc/net/tcp").exists(), reason="looks at the kernel's sockets")
def test_a_reader_that_does_not_read_is_cut_off_and_nobody_else_notices(own_server, new_clients):
    """40 MB for a client that takes nothing: after 30 seconds the server gives up on it."""
    server = own_server("--in-memory", "--no-handlers")
    table = TableFactory(new_clients(server.endpoint))("p:S", stream="NEW_IMAGE")
    for index in range(400):
        table.put(p=S(f"{index:03}"), filler=S("x" * 100_000))
    parts = urllib.parse.urlsplit(server.endpoint)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as sleeper:
        path = f"{PATH}?region={EAST}&table={table.name}&follow=true&from=trim-horizon"
        sleeper.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        eventually(lambda: is_established(parts.port, sleeper.getsockname()[1]))
        # Somebody else, who reads, gets everything meanwhile.
        with follow(table, server, **{"from": "trim-horizon"}) as stream:
            assert len(stream.until(400)) == 400
        memory = resident_bytes(server.process.pid)
        eventually(lambda: not is_established(parts.port, sleeper.getsockname()[1]))
        assert admin(server, "/health")[0] == 200
        assert resident_bytes(server.process.pid) < memory + 20_000_000
        received = 0
        while piece := sleeper.recv(1 << 20):
            received += len(piece)
        assert 0 < received < 40_000_000
    assert server.stop() == 0


def established():
    """The open connections of this machine, as the kernel has them: local port, remote port, inode."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            _, local, remote, state, _, _, _, _, _, inode, *_ = line.split()
            if state == "01":
                yield int(local.split(":")[1], 16), int(remote.split(":")[1], 16), inode


def is_established(server_port, client_port):
    """Whether the server's side of a connection is open."""
    return any((local, remote) == (server_port, client_port) for local, remote, _ in established())


def has_connection(process):
    files = {os.readlink(file) for file in pathlib.Path(f"/proc/{process}/fd").iterdir()}
    return any(f"socket:[{inode}]" in files for _, _, inode in established())


def resident_bytes(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def test_a_quiet_stream_says_now_and_then_that_it_is_alive(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    with follow(table, watched).until_live() as stream:
        before, start = len(stream.comments), time.monotonic()
        eventually(lambda: len(stream.comments) > before)
        assert time.monotonic() - start > 10


# --- Command --------------------------------------------------------------------------------------------------------


def tail(server, table, *arguments, region=EAST):
    arguments = ["--region", region, "--table", table.name, "--endpoint", server.endpoint, *arguments]
    return tributary("tail", *arguments)


def test_the_command_shows_records_as_text(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES, replicas=[WEST])
    change_three_times(table, "a")
    eventually(lambda: len(lines(watched, table, WEST)) == 3)
    for region, origin in ((EAST, ""), (WEST, f"  (from {EAST})")):
        done = tail(watched, table, "--no-follow", region=region)
        assert done.returncode == 0 and done.stderr == ""
        shown = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
        assert all(len(moment) == 20 and moment.endswith("Z") for moment, _ in shown)
        assert [rest for _, rest in shown] == [
            f'INSERT  {{p: "a"}}  {{city: "Lisbon"}}{origin}',
            f'MODIFY  {{p: "a"}}  city: "Lisbon" → "Oslo", +n: 1{origin}',
            f'REMOVE  {{p: "a"}}  {{city: "Oslo", n: 1}}{origin}',
        ]


VALUES = {
    "text": (S('say "hi"\\\n'), r'"say \"hi\"\\\u{a}"'),
    "escape": (S("\x1b[31mred"), r'"\u{1b}[31mred"'),
    "direction": (S("\u202egnp.exe"), r'"\u{202e}gnp.exe"'),
    "long": (S("x" * 500), '"' + "x" * 79 + "…"),
    "unicode": (S("café"), '"café"'),
    "number": (N("1.50"), "1.5"),
    "bytes": ({"B": b"\x00\x01"}, "base64 AAE="),
    "truth": ({"BOOL": True}, "true"),
    "nothing": ({"NULL": True}, "null"),
    "list": ({"L": [N(1), S("a")]}, '[1, "a"]'),
    "map": ({"M": {"a b": N(1), "c": {"M": {}}}}, '{"a b": 1, c: {}}'),
    "texts": ({"SS": ["a", "b"]}, '{"a", "b"}'),
    "numbers": ({"NS": ["1", "2"]}, "{1, 2}"),
}


def test_an_item_that_is_only_its_key(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    table.put(p=S("a"))
    assert tail(watched, table, "--no-follow").stdout.rstrip().endswith('INSERT  {p: "a"}')


def test_values_in_text(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    for name, (value, _) in VALUES.items():
        table.put(p=S(name), v=value)
    shown = tail(watched, table, "--no-follow").stdout.splitlines()
    assert [line.split("  ")[3] for line in shown] == [f"{{v: {text}}}" for _, text in VALUES.values()]


@pytest.mark.parametrize(
    "view, shown",
    [
        ("KEYS_ONLY", ["", "", ""]),
        ("NEW_IMAGE", ['  {city: "Lisbon"}', '  {city: "Oslo", n: 1}', ""]),
        ("OLD_IMAGE", ["", '  {city: "Lisbon"}', '  {city: "Oslo", n: 1}']),
    ],
)
def test_views_in_text(watched, new_watched_table, view, shown):
    table = new_watched_table("p:S", stream=view)
    change_three_times(table, "a")
    expected = [f'{name}  {{p: "a"}}{images}' for name, images in zip(("INSERT", "MODIFY", "REMOVE"), shown)]
    found = tail(watched, table, "--no-follow").stdout.splitlines()
    assert [line.split(maxsplit=1)[1] for line in found] == expected


def test_the_command_shows_records_as_json(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    change_three_times(table, "a")
    records = lines(watched, table)
    done = tail(watched, table, "--no-follow", "--output", "json")
    assert done.returncode == 0 and [json.loads(line) for line in done.stdout.splitlines()] == records
    filters = ["--filter", '{"eventName":["INSERT"]}', "--filter", '{"eventName":["REMOVE"]}']
    filtered = tail(watched, table, "--no-follow", "--output", "json", *filters)
    assert [json.loads(line) for line in filtered.stdout.splitlines()] == [records[0], records[2]]
    rest = tail(watched, table, "--no-follow", "--output", "json", "--from", sequence_number(records[2]))
    assert [json.loads(line) for line in rest.stdout.splitlines()] == records[2:]


@pytest.mark.skipif(not pathlib.Path("/proc/net/tcp").exists(), reason="looks at the kernel's sockets")
def test_the_command_reads_more_than_it_holds(watched, new_watched_table):
    """More records than the command keeps in memory, and a pipe that nobody reads: it asks for the rest later."""
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    count = 300
    for index in range(count):
        table.put(p=S(f"{index:03}"), filler=S("x" * 100_000))
    arguments = ["tail", "--region", EAST, "--table", table.name, "--endpoint", watched.endpoint]
    command = subprocess.Popen(
        [str(binary()), *arguments, "--from", "trim-horizon", "--output", "json"], stdout=subprocess.PIPE)  # fmt: skip
    try:
        # Its output stays to be seen; the connection may be over before anybody looks.
        eventually(lambda: select.select([command.stdout], [], [], 0)[0] != [])
        eventually(lambda: not has_connection(command.pid))
        keys = [json.loads(command.stdout.readline())["dynamodb"]["Keys"]["p"]["S"] for _ in range(count)]
    finally:
        command.kill()
        command.wait()
    assert keys == [f"{index:03}" for index in range(count)]


def test_the_command_follows_until_it_is_interrupted(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    arguments = ["tail", "--region", EAST, "--table", table.name, "--from", "trim-horizon"]
    with FollowingCommand(watched, *arguments) as command:
        table.put(p=S("a"))
        command.until(1)
        table.put(p=S("b"))
        assert '{p: "b"}' in command.until(2)[1]
        assert command.stop(signal.SIGINT) == 0
        assert command.errors == []


def test_the_command_goes_on_after_a_restart(own_server, new_clients):
    server = own_server("--no-handlers")
    table = TableFactory(new_clients(server.endpoint))("p:S", stream=ALL_IMAGES)
    arguments = ["tail", "--region", EAST, "--table", table.name, "--from", "trim-horizon"]
    with FollowingCommand(server, *arguments) as command:
        table.put(p=S("a"))
        command.until(1)
        assert server.stop() == 0
        eventually(lambda: len(command.errors) == 1)
        server.start()
        table.put(p=S("b"))
        assert ['{p: "a"}' in line for line in command.until(2)] == [True, False]
        assert command.stop(signal.SIGTERM) == 0
        assert [error.split(": ")[1].split(" ")[0] for error in command.errors] == ["lost", "connected"]


def test_the_command_says_why_nothing_follows(watched, new_watched_table):
    table = new_watched_table("p:S", stream=ALL_IMAGES)
    arguments = ["tail", "--region", EAST, "--table", table.name, "--from", "trim-horizon"]
    with FollowingCommand(watched, *arguments) as command:
        table.put(p=S("a"))
        command.until(1)
        table.update(StreamSpecification={"StreamEnabled": False})
        assert command.wait() == 1
        assert len(command.errors) == 1 and "nothing follows" in command.errors[0]


@pytest.mark.parametrize(
    "environment, has_colours", [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals(watched, table, environment, has_colours):
    table.put(p=S(unique()))
    master, slave = pty.openpty()
    arguments = ["tail", "--region", EAST, "--table", table.name, "--endpoint", watched.endpoint, "--no-follow"]
    base = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = subprocess.Popen(
        [str(binary()), *arguments], stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL,
        env={**base, "TERM": "xterm", **environment},
    )  # fmt: skip
    os.close(slave)
    shown = b""
    try:
        while piece := os.read(master, 4096):
            shown += piece
    except OSError:
        pass  # The other side is closed.
    os.close(master)
    assert command.wait(10) == 0
    assert b"INSERT" in shown and (b"\x1b[" in shown) == has_colours


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["--region", EAST, "--table", "nowhere"], 1, "there is no table 'nowhere' in us-east-1"),
        (["--region", "mars-1", "--table", "t"], 1, "there is no region 'mars-1'"),
        (["--region", EAST, "--table", "{table}", "--filter", "{"], 1, "is no event pattern"),
        (["--region", EAST, "--table", "{table}", "--from", "noon"], 1, "from must be latest"),
        (["--region", EAST], 64, "--table"),
        (["--table", "t"], 64, "--region"),
        (["--region", EAST, "--table", "t", "--output", "poem"], 64, "--output"),
        (["--region", EAST, "--table", "t", *["--filter", "{}"] * 11], 64, "at most 10 filters"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_the_command_says_what_is_wrong(watched, table, arguments, code, words):
    arguments = [argument.replace("{table}", table.name) for argument in arguments]
    done = tributary("tail", "--endpoint", watched.endpoint, *arguments)
    assert done.returncode == code and words in done.stderr and done.stdout == ""
