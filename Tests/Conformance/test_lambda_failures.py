"""Failing functions behind a mapping: retries, halving, partial failures, destinations (event-source-mapping.md 3)."""

import http.server
import json
import threading

import pytest

from harness import HOME
from harness.lambda_fixtures import (  # noqa: F401
    client,
    lambda_server,
    lambdas,
    new_function,
    new_mapping,
    new_table,
)
from harness.lambda_functions import on_failure, stream_arn
from harness.values import S
from harness.waiting import eventually

REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}

# Fails for a batch in which a key begins with "bad".
RAISES = """\
def handler(event, context):
    journal(event, context)
    if any(key.startswith("bad") for key in keys(event)):
        raise ValueError("poison")
"""
# Says instead which records it could not handle.
REPORTS = """\
def handler(event, context):
    journal(event, context)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    bad = [number for key, number in zip(keys(event), numbers) if key.startswith("bad")]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in bad]}
"""


@pytest.fixture
def table(new_table):
    return new_table("p:S", stream="NEW_AND_OLD_IMAGES")


@pytest.fixture
def failures(tmp_path):
    """(DestinationConfig of a file, function that reads it)."""
    path = tmp_path / "failures.jsonl"

    def read():
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return on_failure(f"file://{path}"), read


def put_all(table, *keys):
    for key in keys:
        table.put(p=S(key))


# --- Retries --------------------------------------------------------------------------------------------------------


def test_failed_batch_is_sent_again_and_then_given_up(table, new_function, new_mapping, failures):
    destination, read = failures
    function = new_function(RAISES)
    put_all(table, "a", "bad", "b")
    new_mapping(table, function, BatchSize=3, MaximumRetryAttempts=3, DestinationConfig=destination)
    put_all(table, "c")
    function.until_keys("c")
    assert function.batches() == [["a", "bad", "b"]] * 4 + [["c"]]
    (failure,) = eventually(lambda: read() or False)
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failure["requestContext"]["approximateInvokeCount"] == 4
    assert failure["DDBStreamBatchInfo"]["batchSize"] == 3


def test_no_retries(table, new_function, new_mapping):
    function = new_function(RAISES)
    put_all(table, "bad", "a")
    new_mapping(table, function, BatchSize=1, MaximumRetryAttempts=0)
    function.until_keys("a")
    assert function.batches() == [["bad"], ["a"]]


def test_without_a_limit_the_batch_is_sent_until_it_succeeds(table, new_function, new_mapping):
    source = """\
    def handler(event, context):
        journal(event)
        assert said("good") or keys(event) != ["bad"]
    """
    function = new_function(source)
    put_all(table, "bad", "a")
    new_mapping(table, function, BatchSize=1)
    function.until_calls(4)
    assert set(map(tuple, function.batches())) == {("bad",)}
    function.tell("good", "yes")
    function.until_keys("a")
    assert function.batches()[-2:] == [["bad"], ["a"]]


ENDS = {
    "exit": "os._exit(3)",
    "timeout": "time.sleep(60)",
    "too large": "return 'x' * 10_000_000",
    "exception": "raise KeyError('k')",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
def test_every_way_to_fail_counts_as_failure(table, new_function, new_mapping, failures, end):
    destination, read = failures
    source = f"def handler(event, context):\n    journal(event)\n    if keys(event) == ['bad']:\n        {end}\n"
    function = new_function(source, Timeout=2)
    put_all(table, "bad", "a")
    new_mapping(table, function, BatchSize=1, MaximumRetryAttempts=1, DestinationConfig=destination)
    function.until_keys("a")
    assert function.batches() == [["bad"], ["bad"], ["a"]]
    (failure,) = eventually(lambda: read() or False)
    assert failure["responseContext"]["functionError"] == "Unhandled"
    assert failure["requestContext"]["approximateInvokeCount"] == 2


def test_function_that_cannot_run_does_not_use_up_retries(table, new_function, new_mapping):
    function = new_function()
    function.put_function_concurrency(ReservedConcurrentExecutions=0)
    put_all(table, "a")
    mapping = new_mapping(table, function, MaximumRetryAttempts=0)
    other = new_function()
    new_mapping(table, other)
    other.until_keys("a")
    assert function.keys() == []
    function.delete_function_concurrency()
    assert function.until_keys("a") == ["a"]
    eventually(lambda: mapping.get()["LastProcessingResult"] == "OK")


def test_mapping_goes_on_when_its_function_is_made_again(table, new_function, new_mapping):
    function = new_function()
    new_mapping(table, function, MaximumRetryAttempts=0)
    put_all(table, "a")
    function.until_keys("a")
    function.delete_function()
    put_all(table, "b")
    again = new_function(name=function.name)
    assert again.until_keys("b").count("b") == 1


def test_failing_function_delays_no_other(new_table, new_function, new_mapping):
    tables = [new_table("p:S", stream="KEYS_ONLY") for _ in range(2)]
    stuck, beside, elsewhere = new_function(RAISES), new_function(), new_function()
    put_all(tables[0], "bad", "a")
    put_all(tables[1], "a")
    new_mapping(tables[0], stuck, BatchSize=1)
    new_mapping(tables[0], beside)
    new_mapping(tables[1], elsewhere)
    stuck.until_calls(3)
    assert beside.until_keys("a") == ["bad", "a"]
    assert elsewhere.until_keys("a") == ["a"]
    assert set(stuck.keys()) == {"bad"}


def test_poison_record_blocks_only_its_lane(table, new_function, new_mapping):
    function = new_function(RAISES)
    names = [f"k{number}" for number in range(30)]
    put_all(table, "bad", *names)
    new_mapping(table, function, BatchSize=1, ParallelizationFactor=10)
    # Some of the others share its lane and have to wait; most do not.
    function.until(lambda function: len(set(function.keys()) - {"bad"}) >= 15)


# --- Bisection ------------------------------------------------------------------------------------------------------


def test_failed_batch_is_halved_in_order(table, new_function, new_mapping, failures):
    destination, read = failures
    function = new_function(RAISES)
    put_all(table, "a", "b", "bad", "c")
    new_mapping(
        table, function, BatchSize=4, MaximumRetryAttempts=2, BisectBatchOnFunctionError=True,
        DestinationConfig=destination,
    )  # fmt: skip
    put_all(table, "end")
    function.until_keys("end")
    batches = function.batches()
    assert batches[:4] == [["a", "b", "bad", "c"], ["a", "b"], ["bad", "c"], ["bad"]]
    assert batches[-2:] in ([["bad"], ["c", "end"]], [["c"], ["end"]])
    assert [batch for batch in batches if "b" in batch] == [["a", "b", "bad", "c"], ["a", "b"]]
    (failure,) = eventually(lambda: read() or False)
    assert failure["DDBStreamBatchInfo"]["batchSize"] == 1


def test_halving_finds_every_poison_record(table, new_function, new_mapping, failures):
    destination, read = failures
    function = new_function(RAISES)
    keys = ["bad1", "a", "b", "c", "bad2", "d", "bad3", "e"]
    put_all(table, *keys)
    new_mapping(
        table, function, BatchSize=8, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True,
        DestinationConfig=destination,
    )  # fmt: skip
    put_all(table, "end")
    function.until_keys("end")
    good = [key for batch in function.batches() if not any(k.startswith("bad") for k in batch) for key in batch]
    assert good == ["a", "b", "c", "d", "e", "end"]
    eventually(lambda: len(read()) == 3)
    assert [failure["DDBStreamBatchInfo"]["batchSize"] for failure in read()] == [1, 1, 1]


# --- Partial failures -----------------------------------------------------------------------------------------------


def test_records_before_the_first_failure_are_done(table, new_function, new_mapping, failures):
    destination, read = failures
    function = new_function(REPORTS)
    put_all(table, "a", "b", "bad")
    new_mapping(table, function, BatchSize=3, MaximumRetryAttempts=3, DestinationConfig=destination, **REPORT)
    put_all(table, "end")
    function.until_keys("end")
    # A partial success resets the counter: once in the batch, then 1 + 3 times as the rest of it.
    batches = function.batches()
    assert batches[0] == ["a", "b", "bad"]
    assert sum("bad" in batch for batch in batches) == 5
    assert [key for batch in batches for key in batch].count("a") == 1
    (failure,) = eventually(lambda: read() or False)
    info = failure["DDBStreamBatchInfo"]
    bad = next(r for r in function.records() if r["dynamodb"]["Keys"]["p"]["S"] == "bad")["dynamodb"]["SequenceNumber"]
    assert (info["batchSize"], info["startSequenceNumber"], info["endSequenceNumber"]) == (1, bad, bad)
    assert failure["requestContext"]["approximateInvokeCount"] == 4
    assert failure["responseContext"]["functionError"] is None


def test_everything_from_the_lowest_failure_on_comes_again(table, new_function, new_mapping):
    source = """\
    def handler(event, context):
        journal(event)
        first = not said("again")
        (FOLDER / "again").write_text("yes")
        numbers = {key: r["dynamodb"]["SequenceNumber"] for key, r in zip(keys(event), event["Records"])}
        if first:
            return {"batchItemFailures": [{"itemIdentifier": numbers[key]} for key in ("d", "b")]}
    """
    function = new_function(source)
    put_all(table, *"abcde")
    new_mapping(table, function, BatchSize=5, **REPORT)
    function.until_calls(2)
    assert function.batches() == [list("abcde"), list("bcde")]


SUCCESSES = ["None", "''", "{}", "[]", "{'batchItemFailures': []}", "{'batchItemFailures': None}"]
FAILURES = [
    "{'batchItemFailures': [{'itemIdentifier': ''}]}",
    "{'batchItemFailures': [{'itemIdentifier': None}]}",
    "{'batchItemFailures': [{'foo': '1'}]}",
    "{'batchItemFailures': [{'itemIdentifier': '123456789012345678901'}]}",
]


@pytest.mark.parametrize("answer", SUCCESSES)
def test_answers_that_are_success(table, new_function, new_mapping, answer):
    function = new_function(f"def handler(event, context):\n    journal(event)\n    return {answer}\n")
    put_all(table, "a", "b")
    new_mapping(table, function, BatchSize=2, **REPORT)
    put_all(table, "end")
    function.until_keys("end")
    assert function.batches() == [["a", "b"], ["end"]]


@pytest.mark.parametrize("answer", FAILURES)
def test_answers_that_fail_the_whole_batch(table, new_function, new_mapping, answer):
    source = f"def handler(event, context):\n    journal(event)\n    if 'a' in keys(event): return {answer}\n"
    function = new_function(source)
    put_all(table, "a", "b")
    new_mapping(table, function, BatchSize=2, MaximumRetryAttempts=1, **REPORT)
    put_all(table, "end")
    function.until_keys("end")
    assert function.batches() == [["a", "b"], ["a", "b"], ["end"]]


def test_reports_count_only_when_the_mapping_says_so(table, new_function, new_mapping):
    function = new_function(REPORTS)
    put_all(table, "a", "bad")
    new_mapping(table, function, BatchSize=2)
    put_all(table, "end")
    function.until_keys("end")
    assert function.batches() == [["a", "bad"], ["end"]]


# --- Destinations ---------------------------------------------------------------------------------------------------


def test_form_of_a_failure(table, new_function, new_mapping, failures):
    destination, read = failures
    function = new_function(RAISES)
    put_all(table, "bad1", "bad2")
    new_mapping(table, function, BatchSize=2, MaximumRetryAttempts=1, DestinationConfig=destination)
    (failure,) = eventually(lambda: read() or False)
    first, last = [record["dynamodb"]["SequenceNumber"] for record in function.records()[:2]]
    info = failure["DDBStreamBatchInfo"]
    assert failure["requestContext"].pop("requestId") in [line["request"] for line in function.lines()]
    assert failure["requestContext"] == {
        "functionArn": function.arn,
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 2,
    }
    assert failure["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert failure["version"] == "1.0" and failure["timestamp"].endswith("Z")
    assert info.pop("shardId").startswith("shardId-")
    assert info.pop("approximateArrivalOfFirstRecord") <= info.pop("approximateArrivalOfLastRecord")
    assert info == {
        "startSequenceNumber": first,
        "endSequenceNumber": last,
        "batchSize": 2,
        "streamArn": stream_arn(table),
    }


def test_another_function_as_destination(table, new_function, new_mapping):
    function, undertaker = new_function(RAISES), new_function()
    put_all(table, "bad", "a")
    new_mapping(table, function, BatchSize=1, MaximumRetryAttempts=0, DestinationConfig=on_failure(undertaker.arn))
    function.until_keys("a")
    (failure,) = undertaker.until_calls(1)
    assert failure["requestContext"]["functionArn"] == function.arn
    assert failure["DDBStreamBatchInfo"]["batchSize"] == 1


def test_address_as_destination(table, new_function, new_mapping):
    received = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        function = new_function(RAISES)
        put_all(table, "bad", "a")
        address = f"http://127.0.0.1:{server.server_port}/failures"
        new_mapping(table, function, BatchSize=1, MaximumRetryAttempts=0, DestinationConfig=on_failure(address))
        function.until_keys("a")
        (failure,) = eventually(lambda: received or False)
        server.shutdown()
    assert failure["DDBStreamBatchInfo"]["streamArn"] == stream_arn(table)


@pytest.mark.parametrize("destination", ["http://127.0.0.1:1/nobody", "file:///nowhere/at/all/x.jsonl"])
def test_destination_that_fails_stops_nothing(table, new_function, new_mapping, destination):
    function = new_function(RAISES)
    put_all(table, "bad", "a")
    new_mapping(table, function, BatchSize=1, MaximumRetryAttempts=0, DestinationConfig=on_failure(destination))
    assert function.until_keys("a") == ["bad", "a"]


def test_failures_are_appended(table, new_function, new_mapping, failures):
    destination, read = failures
    function = new_function(RAISES)
    put_all(table, "bad1", "a", "bad2", "b")
    new_mapping(table, function, BatchSize=1, MaximumRetryAttempts=0, DestinationConfig=destination)
    function.until_keys("b")
    eventually(lambda: len(read()) == 2)
    assert HOME in read()[0]["DDBStreamBatchInfo"]["streamArn"]
