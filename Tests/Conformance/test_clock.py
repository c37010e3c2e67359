"""Clocks of regions that can be moved (DESIGN.md 6): the admin pages and the command."""

import datetime
import json
import os

import pytest

from harness import REGIONS
from harness.admin import admin, moved_clock
from harness.server import tributary
from harness.streamreader import reader
from harness.tables import TableFactory
from harness.values import N, S, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
HOUR = 3600

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="moves the clocks of the server")


@pytest.fixture(scope="module")
def clocked(module_server):
    """A server whose clocks may be moved: that of the session has other tests to serve."""
    return module_server("--in-memory")


@pytest.fixture(scope="module")
def new_clocked_table(clocked, new_clients):
    return TableFactory(new_clients(clocked.endpoint))


def page(region):
    return f"/_tributary/regions/{region}"


def seconds_ahead(report):
    """How far the clock that the page shows is ahead of this machine's."""
    shown = datetime.datetime.fromisoformat(report["time"].replace("Z", "+00:00"))
    return (shown - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


# --- Pages ----------------------------------------------------------------------------------------------------------


def test_regions_are_listed_with_their_clocks(clocked):
    status, answer = admin(clocked, "/_tributary/regions")
    assert status == 200
    assert [report["region"] for report in answer["regions"]] == list(REGIONS)
    for report in answer["regions"]:
        assert (report["status"], report["clockOffset"], report["clockOffsetMilliseconds"]) == ("ok", "0", 0)
        assert abs(seconds_ahead(report)) < 5
        assert admin(clocked, page(report["region"]))[1].keys() == report.keys()


OFFSETS = {
    "1h": 3_600_000,
    "+1h": 3_600_000,
    "-30m": -1_800_000,
    "1d12h": 129_600_000,
    "1.5s": 1500,
    "250ms": 250,
    "3650d": 315_360_000_000,
    "-3650d": -315_360_000_000,
    "0": 0,
    "0s": 0,
}


@pytest.mark.parametrize("text", OFFSETS)
def test_a_clock_is_moved_by_a_text(clocked, text):
    status, answer = admin(clocked, page(WEST), "PUT", {"clockOffset": text})
    assert (status, answer["region"], answer["clockOffsetMilliseconds"]) == (200, WEST, OFFSETS[text])
    assert abs(seconds_ahead(answer) - OFFSETS[text] / 1000) < 5
    # What is shown sets the same clock.
    again = admin(clocked, page(WEST), "PUT", {"clockOffset": answer["clockOffset"]})[1]
    assert again["clockOffsetMilliseconds"] == OFFSETS[text]
    assert admin(clocked, page(EAST))[1]["clockOffset"] == "0"


def test_a_clock_is_moved_by_a_number(clocked):
    for milliseconds, text in ((3_600_000, "1h"), (-90_061_001, "-1d1h1m1s1ms"), (0, "0")):
        status, answer = admin(clocked, page(WEST), "PUT", {"clockOffsetMilliseconds": milliseconds})
        assert (status, answer["clockOffset"]) == (200, text)


REFUSED = {
    "nothing": (b"", "the body must be a JSON object"),
    "no JSON": (b"clockOffset=1h", "the body must be a JSON object"),
    "a list": (b'["1h"]', "the body must be a JSON object"),
    "an empty object": (b"{}", "the body must have exactly one of clockOffset and clockOffsetMilliseconds"),
    "both": (b'{"clockOffset":"1h","clockOffsetMilliseconds":1}', "the body must have exactly one of"),
    "another member": (b'{"offset":"1h"}', "there is no member 'offset'"),
    "a number as text": (b'{"clockOffset":3600}', "clockOffset must be a time"),
    "no unit": (b'{"clockOffset":"3600"}', "clockOffset must be a time"),
    "no number": (b'{"clockOffset":"h"}', "clockOffset must be a time"),
    "another unit": (b'{"clockOffset":"1w"}', "clockOffset must be a time"),
    "an empty text": (b'{"clockOffset":""}', "clockOffset must be a time"),
    "two signs": (b'{"clockOffset":"--1h"}', "clockOffset must be a time"),
    "more than ten years": (b'{"clockOffset":"3651d"}', "clockOffset must be a time"),
    "a fraction": (b'{"clockOffsetMilliseconds":0.5}', "clockOffsetMilliseconds must be a whole number"),
    "a text as number": (b'{"clockOffsetMilliseconds":"1"}', "clockOffsetMilliseconds must be a whole number"),
    "beyond all numbers": (b'{"clockOffsetMilliseconds":1%s}' % (b"0" * 30), "must be a whole number"),
    "more than ten years of them": (b'{"clockOffsetMilliseconds":315360000001}', "ten years at the most"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_offset_is_refused_and_changes_nothing(clocked, case):
    body, text = REFUSED[case]
    with moved_clock(clocked, "1m", SOUTH):
        status, answer = admin(clocked, page(SOUTH), "PUT", body=body)
        assert status == 400 and text in answer["message"]
        assert admin(clocked, page(SOUTH))[1]["clockOffset"] == "1m"


def test_pages_that_do_not_exist(clocked):
    for method in ("GET", "PUT"):
        status, answer = admin(clocked, page("mars-north-1"), method, body=b'{"clockOffset":"1h"}')
        assert (status, answer["message"]) == (
            404, f"there is no region 'mars-north-1'; this process serves {EAST}, {WEST}, {SOUTH}",
        )  # fmt: skip
    assert admin(clocked, "/_tributary/status", "PUT", {})[0] == 405
    assert admin(clocked, "/_tributary/regions", "PUT", {})[0] == 405


# --- What follows the clock -----------------------------------------------------------------------------------------


def test_writes_carry_the_time_of_their_region(clocked, new_clocked_table, new_clients):
    streams = new_clients(clocked.endpoint, "dynamodbstreams")
    table = new_clocked_table("p:S", stream="NEW_IMAGE")
    with moved_clock(clocked, "1d", EAST):
        table.put(p=S("tomorrow"))
    table.put(p=S("today"))
    times = [record["dynamodb"]["ApproximateCreationDateTime"] for record in reader(streams, table).until_count(2)]
    assert 23 * HOUR < (times[0] - times[1]).total_seconds() < 25 * HOUR


def test_whoever_has_seen_a_write_from_the_future_overwrites_it(clocked, new_clocked_table):
    table = new_clocked_table("p:S", replicas=[WEST])
    west, key = table.in_region(WEST), {"p": S(unique())}
    with moved_clock(clocked, "1h", EAST):
        table.put_item(Item={**key, "n": N(1)})
        eventually(lambda: west.get(**key) is not None)
    west.put_item(Item={**key, "n": N(2)})
    eventually(lambda: table.get(**key) == {**key, "n": N(2)})
    # The clock that was put back does not write older versions than before.
    table.put_item(Item={**key, "n": N(3)})
    eventually(lambda: west.get(**key) == {**key, "n": N(3)})


# --- Command --------------------------------------------------------------------------------------------------------


def regions_command(server, *arguments):
    return tributary("regions", *arguments, "--endpoint", server.endpoint)


def test_the_command_lists_regions(clocked):
    done = regions_command(clocked)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["REGION", "HEALTH", "LINKS", "CLOCK", "OFFSET"]
    assert [line[0] for line in lines[1:]] == list(REGIONS) and all(line[-1] == "0" for line in lines[1:])
    listed = json.loads(regions_command(clocked, "list", "--output", "json").stdout)
    assert [report["region"] for report in listed["regions"]] == list(REGIONS)


@pytest.mark.parametrize("offset", ["1h", "-30m"])
def test_the_command_moves_a_clock(clocked, offset):
    done = regions_command(clocked, "set", WEST, "--clock-offset", offset)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split()[-1] == offset
    assert admin(clocked, page(WEST))[1]["clockOffset"] == offset
    back = regions_command(clocked, "set", WEST, "--clock-offset", "0", "--output", "json")
    assert json.loads(back.stdout)["clockOffsetMilliseconds"] == 0


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["set", "mars-north-1", "--clock-offset", "1h"], 1, "there is no region 'mars-north-1'"),
        (["set", WEST, "--clock-offset", "soon"], 1, "clockOffset must be a time"),
        (["set", "Mars North", "--clock-offset", "1h"], 64, "is not a region name"),
        (["set", WEST], 64, "--clock-offset"),
        (["fly"], 64, ""),
    ],
    ids=str,
)
def test_the_command_says_what_is_wrong(clocked, arguments, code, words):
    done = regions_command(clocked, *arguments)
    assert done.returncode == code and words in done.stderr and done.stdout == ""


def test_the_command_needs_a_server(clocked):
    done = tributary("regions", "--endpoint", "http://localhost:1")
    assert done.returncode == 1 and "no server answers" in done.stderr


def test_an_offset_ends_with_the_process(own_server):
    server = own_server()
    assert admin(server, page(EAST), "PUT", {"clockOffset": "1h"})[0] == 200
    assert server.stop() == 0
    server.start()
    assert admin(server, page(EAST))[1]["clockOffset"] == "0"
