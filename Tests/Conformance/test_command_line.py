"""The command `tributary`: help, usage errors, starting, refusing to start, stopping, status (DESIGN.md 11)."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket

import pytest

from harness import REGIONS
from harness.server import Server, free_port, tributary
from harness.values import S, unique
from harness.waiting import eventually
from harness.wire import RawClient

USAGE = 64

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="needs the program itself")


# --- Help and usage -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--help"], ["serve", "status"]),
        (["serve", "--help"], ["--port", "--regions", "--data-directory", "--in-memory", "--link"]),
        (["status", "--help"], ["--output"]),
    ],
)
def test_help(arguments, words):
    done = tributary(*arguments)
    assert done.returncode == 0 and done.stderr == ""
    assert all(word in done.stdout for word in words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["serve", "--fly"],
        ["serve", "extra"],
        ["serve", "--port"],
        ["serve", "--port", "many"],
        ["serve", "--port", "70000"],
        ["serve", "--port", "-1"],
        ["serve", "--regions", ""],
        ["serve", "--regions", "us-east-1,us-east-1"],
        ["serve", "--regions", "Mars North"],
        ["serve", "--link", "nonsense"],
        ["serve", "--link", "us-east-1:nowhere=1ms"],
        ["status", "--fly"],
        ["status", "--output", "poem"],
    ],
    ids=" ".join,
)
def test_usage_errors(arguments, tmp_path):
    data = ["--data-directory", str(tmp_path / "data")] if arguments[0] == "serve" else []
    done = tributary(*arguments, *data, timeout_seconds=10)
    assert done.returncode == USAGE, done.stderr
    assert done.stderr.strip() and done.stdout == ""
    assert not (tmp_path / "data").exists()


# --- Starting -------------------------------------------------------------------------------------------------------


def test_last_line_of_the_start_says_ready_with_the_endpoint(own_server):
    server = own_server()

    def ready():
        last = server.stdout_path.read_text().rstrip().splitlines()[-1]
        assert "ready" in last and f"http://localhost:{server.port}" in last

    eventually(ready)
    assert server.stop() == 0


def refused_to_start(tmp_path, *arguments, **options):
    """The one line that a server says that does not start."""
    server = Server(tmp_path, *arguments, name=unique("refused"), **options)
    assert server.run_to_its_end() == 1, server.output
    lines = [line for line in server.stderr_path.read_text().splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert not re.search(r"\bready\b", server.output)
    return lines[0]


def test_data_directory_in_use(own_server, tmp_path):
    first = own_server()
    line = refused_to_start(tmp_path, data_directory=first.data_directory)
    assert str(first.data_directory) in line
    assert RawClient(first.endpoint).call("ListTables").status == 200
    assert first.stop() == 0


def test_data_directory_of_another_format(own_server, tmp_path):
    server = own_server()
    assert server.stop() == 0
    marks = [path for path in server.data_directory.rglob("*") if path.name in ("FORMAT", "VERSION")]
    assert marks, "nothing marks the format of the data directory"
    before = {path: path.read_bytes() for path in marks}
    for path in marks:
        path.write_text("".join("9" if character.isdigit() else character for character in path.read_text()))
    line = refused_to_start(tmp_path, data_directory=server.data_directory)
    assert "9" in line and str(server.data_directory) in line
    for path, content in before.items():
        path.write_bytes(content)
    assert server.start().stop() == 0


def test_directory_that_belongs_to_somebody_else(tmp_path):
    directory = tmp_path / "photos"
    for region in REGIONS:
        (directory / region).mkdir(parents=True)
        (directory / region / "holiday.jpg").write_bytes(b"\xff\xd8\xff")
    line = refused_to_start(tmp_path, data_directory=directory)
    assert str(directory) in line
    assert {path.name for path in directory.rglob("*") if path.is_file()} == {"holiday.jpg"}


def unwritable_directories(tmp_path):
    occupied = tmp_path / "a-file"
    occupied.write_text("not a directory")
    return [occupied, occupied / "below", pathlib.Path("/proc/tributary-data")]


@pytest.mark.parametrize("which", range(3), ids=["a file", "below a file", "in /proc"])
def test_data_directory_that_cannot_be_written(tmp_path, which):
    directory = unwritable_directories(tmp_path)[which]
    assert str(directory) in refused_to_start(tmp_path, data_directory=directory)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_data_directory_without_permission(tmp_path):
    directory = tmp_path / "locked"
    directory.mkdir(mode=0o500)
    assert str(directory) in refused_to_start(tmp_path, data_directory=directory / "data")


def test_port_in_use(own_server, tmp_path):
    first = own_server()
    line = refused_to_start(tmp_path, data_directory=tmp_path / "other", port=first.port)
    assert str(first.port) in line
    assert first.stop() == 0


# --- Running --------------------------------------------------------------------------------------------------------


def test_regions_are_those_of_the_option(own_server):
    server = own_server("--in-memory", "--regions", "eu-north-1,sa-east-1")
    raw = RawClient(server.endpoint)
    assert [raw.call("ListTables", region=region).status for region in ("eu-north-1", "sa-east-1")] == [200, 200]
    refused = raw.call("ListTables", region="us-east-1")
    assert refused.error == (
        400, "InvalidSignatureException", "Credential should be scoped to a valid region, not 'us-east-1'. ",
    )  # fmt: skip
    assert server.stop() == 0


def make_table(client, name):
    client().create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=[{"Key": "team", "Value": "a"}],
    )
    eventually(lambda: client().describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE")


def test_data_outlives_a_clean_stop(own_server, new_clients):
    server = own_server()
    client, name = new_clients(server.endpoint), "kept"
    make_table(client, name)
    before = client().describe_table(TableName=name)["Table"]
    client().put_item(TableName=name, Item={"p": S("x")})
    token = {"TransactItems": [{"Put": {"TableName": name, "Item": {"p": S("y")}}}], "ClientRequestToken": "token"}
    client().transact_write_items(**token)
    assert server.stop() == 0
    server.start()
    after = client().describe_table(TableName=name)["Table"]
    assert {key: after[key] for key in ("TableId", "TableArn", "CreationDateTime", "KeySchema", "TableStatus")} == {
        key: before[key] for key in ("TableId", "TableArn", "CreationDateTime", "KeySchema", "TableStatus")
    }
    assert client().scan(TableName=name)["Count"] == 2
    tags = client().list_tags_of_resource(ResourceArn=after["TableArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
    # A token is remembered for ten minutes, whoever restarts in between.
    client().delete_item(TableName=name, Key={"p": S("y")})
    client().transact_write_items(**token)
    assert client().scan(TableName=name)["Count"] == 1
    assert server.stop() == 0


def test_memory_is_forgotten(own_server, new_clients):
    server = own_server("--in-memory")
    client = new_clients(server.endpoint)
    make_table(client, "forgotten")
    assert server.stop() == 0
    server.start()
    assert client().list_tables()["TableNames"] == []
    assert server.stop() == 0


# --- Stopping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_cleanly_whoever_is_connected(own_server, with_signal):
    server = own_server()
    idle = socket.create_connection(("localhost", server.port))
    kept = http.client.HTTPConnection("localhost", server.port)
    kept.request("GET", "/health")
    assert kept.getresponse().read() is not None
    assert server.stop(with_signal) == 0, server.output
    idle.close()
    kept.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("localhost", server.port), timeout=5).close()


def test_a_signal_right_after_the_first_answer_stops_cleanly(own_server):
    server = own_server("--in-memory")
    for _ in range(10):
        assert server.stop() == 0, server.output
        server.start()
    assert server.stop() == 0, server.output


# --- status ---------------------------------------------------------------------------------------------------------


def test_status_shows_regions_and_tables(own_server, new_clients):
    server = own_server("--in-memory")
    client = new_clients(server.endpoint)
    make_table(client, "shown-table")
    text = tributary("status", "--endpoint", server.endpoint)
    assert text.returncode == 0 and text.stderr == ""
    assert all(word in text.stdout for word in (*REGIONS, "shown-table"))
    as_json = tributary("status", "--endpoint", server.endpoint, "--output", "json")
    assert as_json.returncode == 0
    document = json.dumps(json.loads(as_json.stdout))
    assert all(word in document for word in (*REGIONS, "shown-table"))
    assert server.stop() == 0


def test_status_without_a_server():
    done = tributary("status", "--endpoint", f"http://localhost:{free_port()}")
    assert done.returncode == 1 and done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
