"""Functions, mappings and positions survive the end of the server, asked for or not (reliability.md I17)."""

import os
import pathlib
import signal

import pytest

from harness.lambda_functions import (
    SERVE_ARGUMENTS,
    FunctionFactory,
    MappingFactory,
    filters,
    invalid_parameter,
    on_failure,
)
from harness.server import tributary
from harness.tables import TableFactory
from harness.values import S
from harness.waiting import eventually


class World:
    """A server of the test's own, with what makes tables, functions and mappings in it."""

    def __init__(self, start, new_clients, folder):
        self.server = start(*SERVE_ARGUMENTS)
        self.client = new_clients(self.server.endpoint)
        self.lambdas = new_clients(self.server.endpoint, "lambda")
        self.new_table = TableFactory(self.client)
        self.new_function = FunctionFactory(self.lambdas, folder)
        self.new_mapping = MappingFactory(self.lambdas)

    def restart(self, with_signal):
        if with_signal == signal.SIGKILL:
            self.server.kill()
        else:
            assert self.server.stop(with_signal) == 0, self.server.output[-3000:]
        self.server.start()


@pytest.fixture
def world(own_server, new_clients, tmp_path):
    return World(own_server, new_clients, tmp_path / "functions")


ENDS = [signal.SIGTERM, signal.SIGKILL]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.name)
def test_everything_is_there_again(world, end):
    table = world.new_table("p:S", stream="NEW_AND_OLD_IMAGES")
    function = world.new_function(Description="kept", Tags={"k": "v"}, Timeout=9)
    function.put_function_concurrency(ReservedConcurrentExecutions=7)
    mapping = world.new_mapping(
        table, function, BatchSize=5, MaximumRetryAttempts=2, FilterCriteria=filters({"eventName": ["INSERT"]}),
        DestinationConfig=on_failure("file:///tmp/failures.jsonl"), Tags={"m": "1"},
    )  # fmt: skip
    table.put(p=S("before"))
    function.until_keys("before")
    eventually(lambda: mapping.get()["LastProcessingResult"] == "OK")
    shown, mapped = function.get_function(), mapping.get()
    world.restart(end)
    mapping.wait("Enabled")
    again = function.get_function()
    for answer in (shown, again):
        answer.pop("ResponseMetadata")
    assert again == shown
    kept = mapping.get()
    for volatile in ("LastProcessingResult", "LastModified"):
        kept.pop(volatile), mapped.pop(volatile)
    assert kept == mapped
    arn = mapped["EventSourceMappingArn"]
    assert world.lambdas().list_tags(Resource=arn)["Tags"] == {"m": "1"}
    table.put(p=S("after"))
    keys = function.until_keys("after")
    if end == signal.SIGTERM:
        # What was done before an orderly end is not done again.
        assert keys == ["before", "after"]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.name)
def test_no_record_is_lost_in_the_middle_of_the_work(world, end):
    table = world.new_table("p:S", stream="KEYS_ONLY")
    function = world.new_function("def handler(event, context):\n    journal(event)\n    time.sleep(0.05)\n")
    names = [f"k{number:03}" for number in range(60)]
    for name in names:
        table.put(p=S(name))
    world.new_mapping(table, function, BatchSize=2)
    function.until_calls(5)
    world.restart(end)
    keys = function.until_keys(*names)
    first = list(dict.fromkeys(keys))
    assert first == names, "the first deliveries are in order"
    if end == signal.SIGTERM:
        assert len(keys) <= len(names) + 2, "at most the batch that was at work came again"


def test_records_written_while_the_mapping_was_away_come_later(world):
    table = world.new_table("p:S", stream="KEYS_ONLY")
    function = world.new_function()
    mapping = world.new_mapping(table, function)
    table.put(p=S("a"))
    function.until_keys("a")
    mapping.disable()
    table.put(p=S("b"))
    world.restart(signal.SIGTERM)
    assert mapping.get()["State"] == "Disabled"
    table.put(p=S("c"))
    mapping.enable()
    assert function.until_keys("c") == ["a", "b", "c"]


def test_failed_batch_is_tried_again_after_a_restart(world):
    table = world.new_table("p:S", stream="KEYS_ONLY")
    function = world.new_function("def handler(event, context):\n    journal(event)\n    assert said('good')\n")
    table.put(p=S("a"))
    world.new_mapping(table, function)
    function.until_calls(2)
    world.restart(signal.SIGKILL)
    tried = len(function.calls())
    function.until_calls(tried + 1)
    function.tell("good", "yes")
    table.put(p=S("b"))
    function.until_keys("b")


def test_deleted_things_stay_deleted(world):
    table = world.new_table("p:S", stream="KEYS_ONLY")
    function, other = world.new_function(), world.new_function()
    mapping = world.new_mapping(table, function)
    world.new_mapping(table, other)
    mapping.delete()
    mapping.wait_gone()
    function.delete_function()
    world.restart(signal.SIGTERM)
    mapping.wait_gone()
    found = world.lambdas().list_functions()["Functions"]
    assert [shown["FunctionName"] for shown in found] == [other.name]
    table.put(p=S("a"))
    assert other.until_keys("a") == ["a"]
    assert function.keys() == []


def test_changed_code_survives(world):
    function = world.new_function("def handler(event, context): return 1\n")
    function.replace("def handler(event, context): return 2\n")
    world.restart(signal.SIGKILL)
    assert function.call() == 2


def test_in_memory_keeps_nothing_and_works(own_server, new_clients, tmp_path):
    server = own_server("--in-memory", *SERVE_ARGUMENTS)
    client, lambdas = new_clients(server.endpoint), new_clients(server.endpoint, "lambda")
    table = TableFactory(client)("p:S", stream="KEYS_ONLY")
    function = FunctionFactory(lambdas, tmp_path / "functions")()
    MappingFactory(lambdas)(table, function)
    table.put(p=S("a"))
    assert function.until_keys("a") == ["a"]
    assert server.stop() == 0


# Starts a process of its own that has left session and process group, as a careless program may.
LEAVER = """\
import subprocess

def handler(event, context):
    child = subprocess.Popen(["sleep", "300"], start_new_session=True)
    journal(event, context, child=child.pid)
"""


def is_running(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_no_process_of_a_function_outlives_a_killed_server(world):
    function = world.new_function(LEAVER)
    function.call({})
    line = function.lines()[0]
    processes = [line["process"], line["child"]]
    assert all(is_running(process) for process in processes)
    guardian = guardian_of(world.server)
    world.server.kill()
    eventually(lambda: not any(is_running(process) for process in processes))
    eventually(lambda: not is_running(guardian))


def test_the_guardian_ends_with_a_server_that_is_stopped(world):
    world.new_function().call({})
    guardian = guardian_of(world.server)
    assert world.server.stop() == 0
    eventually(lambda: not is_running(guardian))


def guardian_of(server):
    """The shell that waits for the server's end. It starts beside the first function, and may come after it."""

    def only():
        [guardian] = [
            process
            for process in os.listdir("/proc")
            if process.isdigit() and parent(process) == str(server.process.pid) and b"/bin/sh" in command(process)
        ]
        return guardian

    return eventually(only)


def parent(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1]
    except OSError:
        return None


def command(process):
    try:
        return pathlib.Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def test_filters_per_mapping_are_raised_as_aws_does_on_request(own_server, new_clients, tmp_path):
    server = own_server(*SERVE_ARGUMENTS, "--filters-per-mapping", "10")
    clients = new_clients(server.endpoint, "lambda")
    table = TableFactory(new_clients(server.endpoint))("p:S", stream="NEW_AND_OLD_IMAGES")
    function = FunctionFactory(clients, tmp_path / "functions")()
    mapping = MappingFactory(clients)
    patterns = [{"dynamodb": {"Keys": {"p": {"S": [f"k{index}"]}}}} for index in range(11)]
    made = mapping(table, function, FilterCriteria=filters(*patterns[:10]))
    with invalid_parameter("The filter criteria have 11 filters, more than the 10 that an event source mapping may have."):
        made.update(FilterCriteria=filters(*patterns))
    table.put(p=S("k10"))
    table.put(p=S("k9"))
    assert function.until_keys("k9") == ["k9"]
    for faulty in ("4", "11", "x"):
        done = tributary("serve", "--in-memory", "--filters-per-mapping", faulty)
        assert done.returncode == 64 and "filters-per-mapping" in done.stderr
