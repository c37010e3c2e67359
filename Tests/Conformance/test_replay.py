"""`tributary replay`: recorded changes into an empty table, through filters and through handlers (DESIGN.md 11)."""

import json
import os
import pathlib
import sys

import pytest

from harness import REGIONS
from harness.server import tributary
from harness.tables import TableFactory
from harness.topics import bootstrap_servers
from harness.values import N, S
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
RECORDINGS = pathlib.Path(__file__).resolve().parents[1] / "ReplayTests" / "Recordings"
SCENARIOS = sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="needs the program itself")

HANDLER = """
import json, os
def handler(event, context):
    for record in event["Records"]:
        if record["dynamodb"]["Keys"]["id"] == {"S": os.environ.get("POISON", "")}:
            raise ValueError("poison")
    return {"count": len(event["Records"])}
"""


def replay(*arguments):
    return tributary("replay", *map(str, arguments))


def lines(*arguments):
    answer = replay(*arguments)
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.fixture
def handler(tmp_path):
    """handler(poison=…): a folder with a Python handler that fails for one item."""

    def make(poison=""):
        folder = tmp_path / "counter"
        folder.mkdir(exist_ok=True)
        (folder / "counter.py").write_text(HANDLER)
        (folder / "handler.yaml").write_text(
            "table: Orders\nruntime: python3\nhandler: counter.handler\nfilters:\n  - tributary: { replicated: [false] }\n"
            f"maximumRetryAttempts: 1\nenvironment:\n  POISON: '{poison}'\n"
        )
        return folder

    return make


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_region_comes_to_the_same_table(scenario):
    first, *others = (lines(RECORDINGS / f"{scenario}.jsonl", "--region", region) for region in REGIONS)
    assert first and others == [first, first]
    assert first == sorted(first, key=lambda line: line["Item"]["id"]["S"])


def test_table_as_of_a_record():
    half = lines(RECORDINGS / "half-transaction.jsonl", "--region", WEST, "--until", "100000000000000000005")
    assert [line["Item"]["balance"]["N"] for line in half] == ["70", "500", "100"]


def test_filters():
    found = lines(RECORDINGS / "time-to-live.jsonl", "--filter", '{"tributary":{"cause":["ttl"]}}')
    assert [record["awsRegion"] for record in found] == ["ap-southeast-1", "eu-west-1", "us-east-1"]
    assert ["userIdentity" in record for record in found] == [False, False, True]


def test_region_log_of_a_stopped_and_of_a_running_server(own_server, new_clients, tmp_path):
    server = own_server("--no-handlers")
    table = TableFactory(new_clients(server.endpoint))("id:S", stream="KEYS_ONLY", replicas=[WEST])
    table.put(id=S("a"), n=N(1))
    table.put(id=S("b"), n=N(2))
    table.put(id=S("a"), n=N(3))
    table.delete_item(Key={"id": S("b")})
    which = ["--region", EAST, "--table", table.name]
    running = replay("--endpoint", server.endpoint, *which)
    assert running.returncode == 1 and "KEYS_ONLY" in running.stderr
    found = lines("--endpoint", server.endpoint, *which, "--filter", '{"eventName":["REMOVE"]}')
    assert [record["dynamodb"]["Keys"] for record in found] == [{"id": S("b")}]
    busy = replay("--data-directory", server.data_directory, *which)
    assert busy.returncode == 1 and "in use by another process" in busy.stderr
    assert server.stop() == 0
    # The log has whole items, whatever the stream shows.
    assert lines("--data-directory", server.data_directory, *which) == [{"Item": {"id": S("a"), "n": N(3)}}]
    missing = replay("--data-directory", tmp_path / "nothing", *which)
    assert missing.returncode == 1 and "has no data of us-east-1" in missing.stderr
    assert not (tmp_path / "nothing").exists()


def test_topic(own_server, new_clients):
    server = own_server("--in-memory", "--no-handlers", "--kafka", "embedded")
    table = TableFactory(new_clients(server.endpoint))("id:S", stream="KEYS_ONLY", replicas=[WEST])
    for number in range(30):
        table.put(id=S(f"k{number % 4}"), n=N(number))
    table.delete_item(Key={"id": S("k3")})
    kafka = bootstrap_servers(server)
    expected = [{"Item": {"id": S(f"k{key}"), "n": N(28 + key if key < 2 else 26)}} for key in range(3)]
    # A link's topic and the replica's own tell the same.
    for region in (EAST, WEST):
        source = ["--topic", f"tributary.{region}.{table.name}.changes", "--kafka", kafka]
        # A topic is published behind the writes.
        assert eventually(lambda: lines(*source) == expected, 30)
        events = lines(*source, "--filter", '{"eventName":["REMOVE"]}')
        assert [event["dynamodb"]["Keys"] for event in events] == [{"id": S("k3")}]
        assert events[0]["tributary"]["replicated"] == (region == WEST) and "OldImage" not in events[0]["dynamodb"]
        numbers = [record["dynamodb"]["SequenceNumber"] for record in lines(*source, "--filter", '{"awsRegion":[{"prefix":""}]}')]
        assert numbers == sorted(numbers) and len(numbers) == 31
        assert lines(*source, "--until", numbers[0]) == [{"Item": {"id": S("k0"), "n": N(0)}}]
        tail = lines(*source, "--from", numbers[-2], "--kafka-property", "client.id=replay")
        assert tail == [{"Item": {"id": S("k1"), "n": N(29)}}]
    missing = replay("--topic", "tributary.nowhere", "--kafka", kafka)
    assert missing.returncode == 1 and f"but tributary.{WEST}.{table.name}.changes" in missing.stderr, missing.stderr


def test_handlers_and_golden_files(handler, tmp_path):
    recording, golden = RECORDINGS / "isolation.jsonl", tmp_path / "golden.txt"
    arguments = [recording, "--handler", handler(), "--python", sys.executable, "--diff", golden]
    assert "cannot be read" in replay(*arguments).stderr
    written = replay(*arguments, "--update-golden")
    assert written.returncode == 0, written.stderr
    text = golden.read_text()
    assert text.count("counter ap-southeast-1 Orders: call ") == 3 and '  answered {"count": 1}' in text
    same = replay(*arguments)
    assert same.returncode == 0 and same.stdout == "", same.stderr
    handler(poison="cart-2")
    other = replay(*arguments)
    assert other.returncode == 1 and "the output is not that of" in other.stderr
    assert "+  failed: ValueError: poison" in other.stdout and '-  answered {"count": 1}' in other.stdout
    assert "given up" in other.stdout and other.stdout.startswith(f"--- {golden}\n")


def test_calls_as_json(handler):
    calls = lines(
        RECORDINGS / "conflict.jsonl", "--handler", handler(), "--python", sys.executable, "--output", "json"
    )
    assert [(call["region"], call["call"]) for call in calls] == [(WEST, 1), (EAST, 1)]
    assert calls[1]["response"] == {"count": 2} and len(calls[1]["event"]["Records"]) == 2


def test_program_that_is_not_there_is_no_failing_batch(handler):
    folder = handler()
    (folder / "handler.yaml").write_text("table: Orders\ncommand: ./nowhere\n")
    answer = replay(RECORDINGS / "conflict.jsonl", "--handler", folder)
    assert answer.returncode == 1 and "the handler counter cannot run" in answer.stderr


BAD = {
    "no JSON": ("nonsense", ":2: not JSON"),
    "another JSON": ('{"a":1}', ":2: neither a stream record"),
    "a record without keys": ('{"eventName":"INSERT","dynamodb":{"StreamViewType":"NEW_IMAGE"}}', ":2: SequenceNumber"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_line_is_named_by_file_and_line(case, tmp_path):
    line, expected = BAD[case]
    file = tmp_path / "changes.jsonl"
    file.write_text("\n" + line + "\n")
    answer = replay(file)
    assert answer.returncode == 1 and f"{file}{expected}" in answer.stderr, answer.stderr


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([], "give files of recorded changes"),
        (["--endpoint", "http://localhost:1"], "need --region and --table"),
        (["x", "--until", "tomorrow"], "--until tomorrow is not"),
        (["x", "--update-golden"], "--update-golden needs --diff"),
        (["x", "--handler", "a", "--filter", "{}"], "exclude each other"),
        (["--topic", "x"], "--topic needs --kafka"),
        (["x", "--kafka-property", "a=b"], "need --kafka"),
        (["--topic", "x", "--kafka", "localhost:1", "y"], "or --topic"),
    ],
)
def test_usage_errors(arguments, expected):
    answer = replay(*arguments)
    assert answer.returncode == 64 and expected in answer.stderr
