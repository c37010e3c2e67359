"""What a mapping delivers: records, batches, filters, positions, order, regions (event-source-mapping.md 3, 4)."""

import collections

import pytest

from harness import HOME, REGIONS
from harness.lambda_fixtures import (  # noqa: F401
    client,
    lambda_server,
    lambdas,
    new_function,
    new_mapping,
    new_table,
    streams,
)
from harness.lambda_functions import filters, stream_arn
from harness.streamreader import reader
from harness.values import BOOL, N, S, unique

OTHER = REGIONS[1]


@pytest.fixture
def table(new_table):
    return new_table("p:S", stream="NEW_AND_OLD_IMAGES")


def put_all(table, *keys, **attributes):
    for key in keys:
        table.put(p=S(key), **attributes)


# --- Records and batches --------------------------------------------------------------------------------------------


def test_records_are_those_of_the_stream(table, streams, new_function, new_mapping):
    function = new_function()
    new_mapping(table, function)
    key = S(unique())
    table.put(p=key, a=N(1), flag=BOOL(True))
    table.put(p=key, a=N(2))
    table.delete_item(Key={"p": key})
    function.until(lambda function: len(function.records()) == 3)
    expected = [without_times(record) for record in reader(streams, table).until_count(3)]
    for record in expected:
        record["eventSourceARN"] = stream_arn(table)
    delivered = function.records()
    assert [record["eventName"] for record in delivered] == ["INSERT", "MODIFY", "REMOVE"]
    assert [without_times(record) for record in delivered] == expected


def without_times(record):
    """A record with its creation time, which the SDK shows as a datetime, left out."""
    change = {name: value for name, value in record["dynamodb"].items() if name != "ApproximateCreationDateTime"}
    return {**record, "dynamodb": change}


def test_event_has_records_and_nothing_else(table, new_function, new_mapping):
    function = new_function()
    new_mapping(table, function)
    put_all(table, "a")
    (event,) = function.until_calls(1)
    assert list(event) == ["Records"]
    (record,) = event["Records"]
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], (int, float))
    assert record["awsRegion"] == HOME and record["eventSource"] == "aws:dynamodb" and record["eventVersion"] == "1.1"


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_view_type_of_the_stream_holds(new_table, new_function, new_mapping, view):
    table, function = new_table("p:S", stream=view), new_function()
    new_mapping(table, function)
    table.put(p=S("a"), n=N(1))
    table.put(p=S("a"), n=N(2))
    function.until(lambda function: len(function.records()) == 2)
    images = [name for record in function.records() for name in record["dynamodb"] if name.endswith("Image")]
    assert images == {"KEYS_ONLY": [], "NEW_IMAGE": ["NewImage"] * 2, "OLD_IMAGE": ["OldImage"]}[view]


def test_batches_are_no_larger_than_the_batch_size(table, new_function, new_mapping):
    function = new_function()
    put_all(table, "a", "b", "c", "d", "e")
    new_mapping(table, function, BatchSize=2)
    assert function.until_keys("e") == ["a", "b", "c", "d", "e"]
    assert max(len(batch) for batch in function.batches()) == 2


def test_what_is_there_is_sent_at_once(table, new_function, new_mapping):
    function = new_function()
    put_all(table, *"abcdefghij")
    new_mapping(table, function)
    assert function.until_keys("j") == list("abcdefghij")
    assert function.batches()[0] == list("abcdefghij")


def test_window_gathers_records(table, new_function, new_mapping):
    function = new_function()
    new_mapping(table, function, BatchSize=3, MaximumBatchingWindowInSeconds=300)
    put_all(table, "a", "b")
    put_all(table, "c", "d")
    # The batch is full with the third; the fourth waits for its window, which is long.
    assert function.until_calls(1) and function.batches() == [["a", "b", "c"]]
    put_all(table, "e", "f")
    function.until_calls(2)
    assert function.batches() == [["a", "b", "c"], ["d", "e", "f"]]


def test_window_ends(table, new_function, new_mapping):
    function = new_function()
    new_mapping(table, function, BatchSize=100, MaximumBatchingWindowInSeconds=5)
    put_all(table, "a", "b", "c")
    function.until_keys("a", "b", "c")
    assert function.batches() == [["a", "b", "c"]]


def test_payload_is_no_larger_than_a_call_may_be(table, new_function, new_mapping):
    source = "def handler(event, context): journal(keys(event), size=len(json.dumps(event)))\n"
    function = new_function(source)
    text = "x" * 390_000
    names = [f"k{number:02}" for number in range(20)]
    put_all(table, *names, text=S(text))
    new_mapping(table, function, MaximumBatchingWindowInSeconds=1)
    function.until(lambda function: sum(len(batch) for batch in function.calls()) == 20)
    assert [key for batch in function.calls() for key in batch] == names
    assert len(function.calls()) > 1 and all(line["size"] <= 6 * 1024 * 1024 for line in function.lines())


# --- Positions ------------------------------------------------------------------------------------------------------


def test_trim_horizon_begins_with_the_oldest_record(table, new_function, new_mapping):
    function = new_function()
    put_all(table, "before")
    new_mapping(table, function, "TRIM_HORIZON")
    put_all(table, "after")
    assert function.until_keys("after") == ["before", "after"]


def test_latest_begins_with_the_next_record(table, new_function, new_mapping):
    function = new_function()
    put_all(table, "before")
    new_mapping(table, function, "LATEST")
    put_all(table, "after")
    assert function.until_keys("after") == ["after"]


def test_disabled_mapping_resumes_where_it_was(table, new_function, new_mapping):
    function, witness = new_function(), new_function()
    mapping = new_mapping(table, function)
    new_mapping(table, witness)
    put_all(table, "a")
    function.until_keys("a")
    mapping.disable()
    put_all(table, "b", "c")
    witness.until_keys("c")
    assert function.keys() == ["a"]
    mapping.enable()
    assert function.until_keys("c") == ["a", "b", "c"]


def test_mapping_that_was_made_disabled_begins_where_it_was_made(table, new_function, new_mapping):
    function = new_function()
    put_all(table, "before")
    mapping = new_mapping(table, function, "LATEST", Enabled=False)
    put_all(table, "meanwhile")
    mapping.enable()
    put_all(table, "after")
    keys = function.until_keys("after")
    # AWS does not say whether LATEST is the moment of making or of enabling; before is before either.
    assert "before" not in keys


def test_several_functions_get_every_record(table, new_function, new_mapping):
    functions = [new_function() for _ in range(3)]
    for function in functions:
        new_mapping(table, function)
    put_all(table, *"abcde")
    for function in functions:
        assert function.until_keys("e") == list("abcde")


def test_function_with_several_streams(new_table, new_function, new_mapping):
    tables, function = [new_table("p:S", stream="KEYS_ONLY") for _ in range(2)], new_function()
    for table in tables:
        new_mapping(table, function)
        put_all(table, table.name)
    function.until_keys(*[table.name for table in tables])
    sources = {record["dynamodb"]["Keys"]["p"]["S"]: record["eventSourceARN"] for record in function.records()}
    assert sources == {table.name: stream_arn(table) for table in tables}


# --- Filters --------------------------------------------------------------------------------------------------------

INSERTS = {"eventName": ["INSERT"]}


def test_only_what_matches_is_delivered(table, new_function, new_mapping):
    function = new_function()
    new_mapping(table, function, FilterCriteria=filters({"dynamodb": {"NewImage": {"kind": {"S": ["yes"]}}}}))
    for number in range(20):
        table.put(p=S(f"k{number:02}"), kind=S("yes" if number % 5 == 0 else "no"))
    assert function.until_keys("k15") == ["k00", "k05", "k10", "k15"]


FILTERS = {
    # name: (pattern, keys that match)
    "event name": (INSERTS, ["a", "b"]),
    "prefix of a key": ({"dynamodb": {"Keys": {"p": {"S": [{"prefix": "b"}]}}}}, ["b", "b"]),
    "old image": ({"dynamodb": {"OldImage": {"n": {"N": ["1"]}}}}, ["a", "b"]),
    "absent attribute": (
        {"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"extra": {"S": [{"exists": False}]}}}},
        ["a"],
    ),
    "anything but": ({"eventName": [{"anything-but": ["INSERT", "MODIFY"]}]}, ["a"]),
    "one of two": (
        {"$or": [{"eventName": ["REMOVE"]}, {"dynamodb": {"NewImage": {"extra": {"S": ["x"]}}}}]},
        ["b", "a"],
    ),
    "numeric on a number of DynamoDB": ({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 0]}]}}}}, []),
    "size": ({"dynamodb": {"SizeBytes": [{"numeric": [">", 1000]}]}}, []),
    "type left out": ({"dynamodb": {"NewImage": {"n": ["1"]}}}, []),
}


@pytest.mark.parametrize("pattern, expected", FILTERS.values(), ids=list(FILTERS))
def test_patterns(table, new_function, new_mapping, pattern, expected):
    function, witness = new_function(), new_function()
    table.put(p=S("a"), n=N(1))
    table.put(p=S("b"), n=N(1))
    table.put(p=S("a"), n=N(2))
    table.put(p=S("b"), n=N(2), extra=S("x"))
    table.delete_item(Key={"p": S("a")})
    # The last record of all matches every mapping's second filter, so that all before it are known to be done.
    end = {"dynamodb": {"Keys": {"p": {"S": ["end"]}}}}
    new_mapping(table, function, FilterCriteria=filters(pattern, end))
    new_mapping(table, witness)
    table.put(p=S("end"))
    assert [key for key in function.until_keys("end") if key != "end"] == expected
    assert len(witness.until_keys("end")) == 6


def test_filters_are_alternatives(table, new_function, new_mapping):
    function = new_function()
    new_mapping(table, function, FilterCriteria=filters({"eventName": ["REMOVE"]}, INSERTS))
    table.put(p=S("a"), n=N(1))
    table.put(p=S("a"), n=N(2))
    table.delete_item(Key={"p": S("a")})
    function.until(lambda function: len(function.records()) == 2)
    assert [record["eventName"] for record in function.records()] == ["INSERT", "REMOVE"]


def test_filters_change_while_records_flow(table, new_function, new_mapping):
    function = new_function()
    mapping = new_mapping(table, function, FilterCriteria=filters({"dynamodb": {"NewImage": {"k": {"S": ["one"]}}}}))
    put_all(table, "a", k=S("one"))
    put_all(table, "b", k=S("two"))
    function.until_keys("a")
    mapping.change(FilterCriteria=filters({"dynamodb": {"NewImage": {"k": {"S": ["two"]}}}}))
    put_all(table, "c", k=S("one"))
    put_all(table, "d", k=S("two"))
    keys = function.until_keys("d")
    assert "c" not in keys
    mapping.change(FilterCriteria={})
    put_all(table, "e", k=S("three"))
    function.until_keys("e")


def test_filtered_batches_are_filled(table, new_function, new_mapping):
    function = new_function()
    for number in range(30):
        table.put(p=S(f"k{number:02}"), kind=S("yes" if number % 10 == 0 else "no"))
    new_mapping(
        table, function, BatchSize=3, MaximumBatchingWindowInSeconds=5,
        FilterCriteria=filters({"dynamodb": {"NewImage": {"kind": {"S": ["yes"]}}}}),
    )  # fmt: skip
    function.until_keys("k20")
    assert function.batches() == [["k00", "k10", "k20"]]


# --- Order ----------------------------------------------------------------------------------------------------------


def changes_per_key(function):
    """Per key the values of `n`, in the order in which they came."""
    found = collections.defaultdict(list)
    for record in function.records():
        found[record["dynamodb"]["Keys"]["p"]["S"]].append(int(record["dynamodb"]["NewImage"]["n"]["N"]))
    return found


@pytest.mark.parametrize("factor", [1, 10])
def test_changes_of_an_item_come_in_order(table, new_function, new_mapping, factor):
    function = new_function("def handler(event, context):\n    time.sleep(0.02)\n    journal(event)\n")
    new_mapping(table, function, BatchSize=3, ParallelizationFactor=factor)
    for number in range(10):
        put_all(table, *"abcdefgh", n=N(number))
    function.until(lambda function: len(function.records()) >= 80)
    assert changes_per_key(function) == {key: list(range(10)) for key in "abcdefgh"}


def test_parallel_lanes_run_at_the_same_time(table, new_function, new_mapping):
    # Each call says that it is there, and waits for a second one.
    source = """\
    def handler(event, context):
        (FOLDER / f"there-{os.getpid()}").touch()
        deadline = time.monotonic() + 20
        while len(list(FOLDER.glob("there-*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.005)
        journal(event, together=len(list(FOLDER.glob("there-*"))) >= 2)
    """
    function = new_function(source)
    put_all(table, *"abcdefghijklmnop")
    new_mapping(table, function, BatchSize=1, ParallelizationFactor=10)
    function.until_keys(*"abcdefghijklmnop")
    assert all(line["together"] for line in function.lines())


def test_one_lane_runs_one_call_at_a_time(table, new_function, new_mapping):
    source = """\
    def handler(event, context):
        busy = FOLDER / "busy"
        alone = not busy.exists()
        busy.touch()
        time.sleep(0.02)
        busy.unlink()
        journal(event, alone=alone)
    """
    function = new_function(source)
    put_all(table, *"abcdefghij")
    new_mapping(table, function, BatchSize=1)
    assert function.until_keys("j") == list("abcdefghij")
    assert all(line["alone"] for line in function.lines())


# --- Tumbling windows -----------------------------------------------------------------------------------------------


def test_tumbling_window_carries_state_to_its_end(table, new_function, new_mapping):
    source = """\
    def handler(event, context):
        journal(event)
        return {"state": {"count": event["state"].get("count", 0) + len(event["Records"])}}
    """
    function = new_function(source)
    put_all(table, "a", "b", "c")
    new_mapping(table, function, BatchSize=1, TumblingWindowInSeconds=2)

    def total(function):
        return sum(event["state"]["count"] for event in function.calls() if event["isFinalInvokeForWindow"])

    function.until(lambda function: total(function) == 3)
    for event in function.calls():
        assert set(event) == {
            "Records", "window", "state", "shardId", "eventSourceARN", "isFinalInvokeForWindow",
            "isWindowTerminatedEarly",
        }  # fmt: skip
        assert event["eventSourceARN"] == stream_arn(table) and event["shardId"].startswith("shardId-")
        assert not event["isWindowTerminatedEarly"] and set(event["window"]) == {"start", "end"}


# --- Regions --------------------------------------------------------------------------------------------------------


def test_function_of_another_region_sees_replicated_records(new_table, new_function, new_mapping):
    table = new_table("p:S", stream="NEW_AND_OLD_IMAGES", replicas=[OTHER])
    there = table.in_region(OTHER)
    functions = {region: new_function(region=region) for region in (HOME, OTHER)}
    new_mapping(table, functions[HOME])
    new_mapping(there, functions[OTHER])
    table.put(p=S("here"))
    there.put(p=S("there"))
    for region, function in functions.items():
        assert sorted(function.until_keys("here", "there")) == ["here", "there"]
        assert {record["awsRegion"] for record in function.records()} == {region}
        assert {record["eventSourceARN"] for record in function.records()} == {stream_arn(table.in_region(region))}


def test_only_local_writes_with_one_line(new_table, new_function, new_mapping):
    table = new_table("p:S", stream="NEW_AND_OLD_IMAGES", replicas=[OTHER])
    there = table.in_region(OTHER)
    local, remote = new_function(region=OTHER), new_function(region=OTHER)
    new_mapping(there, local, FilterCriteria=filters({"tributary": {"replicated": [False]}}))
    new_mapping(there, remote, FilterCriteria=filters({"tributary": {"originRegion": [HOME]}}))
    for key, place in [("one", table), ("two", there), ("three", table)]:
        place.put(p=S(key))
        place.delete_item(Key={"p": S(key)})
    there.put(p=S("local end"))
    table.put(p=S("remote end"))
    assert local.until_keys("local end") == ["two", "two", "local end"]
    assert remote.until_keys("remote end") == ["one", "one", "three", "three", "remote end"]


def test_functions_are_of_their_region(new_function, lambdas):
    name = unique("f")
    first = new_function("def handler(e, c): return 1\n", name=name)
    second = new_function("def handler(e, c): return 2\n", region=OTHER, name=name)
    assert (first.call(), second.call()) == (1, 2)
    first.delete_function()
    assert second.call() == 2
