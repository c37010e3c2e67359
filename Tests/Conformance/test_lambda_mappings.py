"""Event source mappings: made, read, changed, deleted, and what is refused (event-source-mapping.md 1, 2)."""

import json
import re

import pytest

from harness import HOME
from harness.errors import containing, starting
from harness.lambda_fixtures import (  # noqa: F401
    cli,
    client,
    lambda_server,
    lambdas,
    new_function,
    new_mapping,
    new_table,
)
from harness.lambda_functions import (
    ACCOUNT,
    answer_of,
    constraint,
    filters,
    invalid_parameter,
    lambda_rejected,
    on_failure,
    stream_arn,
    without_none,
)
from harness.tables import stream_of
from harness.values import S, unique
from harness.waiting import eventually

INSERTS = {"eventName": ["INSERT"]}
NOT_THERE = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S", stream="NEW_AND_OLD_IMAGES")


@pytest.fixture(scope="module")
def arn(table):
    return stream_arn(table)


@pytest.fixture(scope="module")
def function(new_function):
    return new_function()


@pytest.fixture
def fresh(new_function):
    """A function that has no mapping yet."""
    return new_function()


# --- Making and reading ---------------------------------------------------------------------------------------------


def test_new_mapping(new_mapping, table, arn, fresh):
    answer = new_mapping.create(table, fresh)
    uuid = answer.pop("UUID")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", uuid)
    assert answer.pop("LastModified").timestamp() > 1.7e9
    assert answer == {
        "status": 202,
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "EventSourceArn": arn,
        "FunctionArn": fresh.arn,
        "LastProcessingResult": "No records processed",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "DestinationConfig": {"OnFailure": {}},
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "EventSourceMappingArn": f"arn:aws:lambda:{HOME}:{ACCOUNT}:event-source-mapping:{uuid}",
    }


SETTINGS = {
    "BatchSize": 7,
    "MaximumBatchingWindowInSeconds": 3,
    "ParallelizationFactor": 10,
    "MaximumRecordAgeInSeconds": 60,
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 0,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "FilterCriteria": filters(INSERTS, {"dynamodb": {"NewImage": {"n": {"S": [{"prefix": "é"}]}}}}),
    "DestinationConfig": on_failure("file:///tmp/failures.jsonl"),
}


def test_settings_are_shown_as_they_were_given(new_mapping, table, fresh):
    mapping = new_mapping(table, fresh, "LATEST", **SETTINGS)
    found = mapping.get()
    assert {name: found[name] for name in SETTINGS} == SETTINGS
    assert (found["StartingPosition"], found["State"], found["status"]) == ("LATEST", "Enabled", 200)


def test_tumbling_window_is_shown(new_mapping, table, fresh):
    assert new_mapping(table, fresh, TumblingWindowInSeconds=900).get()["TumblingWindowInSeconds"] == 900


@pytest.mark.parametrize("criteria", [{}, {"Filters": []}], ids=repr)
def test_empty_criteria_are_none(new_mapping, table, fresh, criteria):
    assert "FilterCriteria" not in new_mapping.create(table, fresh, FilterCriteria=criteria)


@pytest.mark.parametrize("form", ["{0}", "{0}:$LATEST", "{1}:function:{0}", "arn:aws:lambda:{2}:{1}:function:{0}"])
def test_function_is_echoed_with_its_qualifier(new_mapping, table, fresh, form):
    text = form.format(fresh.name, ACCOUNT, HOME)
    answer = new_mapping.create(table, fresh, FunctionName=text)
    assert answer["FunctionArn"] == fresh.arn + (":$LATEST" if text.endswith("$LATEST") else "")


def test_list(new_mapping, lambdas, new_table, new_function):
    tables, functions = [new_table(stream="KEYS_ONLY") for _ in range(2)], [new_function() for _ in range(2)]
    made = {(t.name, f.name): new_mapping(t, f).uuid for t in tables for f in functions}

    def listed(**by):
        pages = lambdas().get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 1}, **by)
        return {found["UUID"] for found in pages.build_full_result()["EventSourceMappings"]}

    assert set(made.values()) <= listed()
    assert listed(EventSourceArn=stream_arn(tables[0])) == {made[tables[0].name, f.name] for f in functions}
    assert listed(FunctionName=functions[1].arn) == {made[t.name, functions[1].name] for t in tables}
    assert listed(EventSourceArn=stream_arn(tables[1]), FunctionName=functions[0].name) == {
        made[tables[1].name, functions[0].name]
    }
    assert listed(FunctionName=unique("missing")) == set()
    with constraint(
        "Value '10001' at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 10000"
    ):
        lambdas().list_event_source_mappings(MaxItems=10001)


def test_tags_of_a_mapping(new_mapping, lambdas, table, fresh):
    arn = new_mapping.create(table, fresh, Tags={"a": "1"})["EventSourceMappingArn"]
    lambdas().tag_resource(Resource=arn, Tags={"b": "2"})
    lambdas().untag_resource(Resource=arn, TagKeys=["a"])
    assert lambdas().list_tags(Resource=arn)["Tags"] == {"b": "2"}
    with lambda_rejected("ResourceNotFoundException", "The resource you requested does not exist.", 404):
        lambdas().list_tags(Resource=arn[:-36] + NOT_THERE)


# --- States ---------------------------------------------------------------------------------------------------------


def test_enabled_after_a_while(new_mapping, table, fresh):
    answer = new_mapping.create(table, fresh)
    assert answer["State"] == "Creating"
    mapping = new_mapping.adopt(answer["UUID"])
    assert mapping.wait("Enabled")["StateTransitionReason"] == "User action"


def test_made_disabled(new_mapping, table, fresh):
    answer = new_mapping.create(table, fresh, Enabled=False)
    assert answer["State"] == "Creating"
    new_mapping.adopt(answer["UUID"]).wait("Disabled")


def test_disabled_and_enabled_again(new_mapping, table, fresh):
    mapping = new_mapping(table, fresh)
    answer = mapping.update(Enabled=False)
    assert (answer["State"], answer["status"]) == ("Disabling", 202)
    mapping.wait("Disabled")
    assert mapping.update(Enabled=True)["State"] == "Enabling"
    mapping.wait("Enabled")


def test_updating(new_mapping, table, fresh):
    mapping = new_mapping(table, fresh)
    assert mapping.update(BatchSize=3)["State"] == "Updating"
    assert mapping.wait("Enabled")["BatchSize"] == 3


def test_deleting(new_mapping, table, fresh):
    mapping = new_mapping(table, fresh)
    answer = mapping.delete()
    assert (answer["State"], answer["status"], answer["UUID"]) == ("Deleting", 202, mapping.uuid)
    mapping.wait_gone()
    # The way is free for another one.
    new_mapping(table, fresh)


def test_last_processing_result(new_mapping, new_table, new_function):
    table = new_table(stream="KEYS_ONLY")
    function = new_function("def handler(event, context):\n    assert not said('fail')\n    journal(event)\n")
    mapping = new_mapping(table, function)
    assert mapping.get()["LastProcessingResult"] == "No records processed"
    table.put(p=S("good"))
    eventually(lambda: mapping.get()["LastProcessingResult"] == "OK")
    function.tell("fail", "yes")
    table.put(p=S("bad"))
    eventually(lambda: mapping.get()["LastProcessingResult"] == "PROBLEM: Function call failed")
    (function.folder / "fail").unlink()
    eventually(lambda: mapping.get()["LastProcessingResult"] == "OK")


def test_mapping_outlives_its_function(new_mapping, table, new_function):
    function = new_function()
    mapping = new_mapping(table, function)
    function.delete_function()
    assert mapping.get()["State"] == "Enabled"
    assert mapping.delete()["State"] == "Deleting"


def test_unknown_mapping(lambdas):
    for operation, arguments in [
        ("get_event_source_mapping", {}),
        ("update_event_source_mapping", {"BatchSize": 1}),
        ("delete_event_source_mapping", {}),
    ]:
        for uuid in (NOT_THERE, "x"):
            with lambda_rejected("ResourceNotFoundException", "The resource you requested does not exist.", 404):
                getattr(lambdas(), operation)(UUID=uuid, **arguments)


# --- Changing -------------------------------------------------------------------------------------------------------


def test_everything_changes_that_can(new_mapping, table, new_function):
    mapping = new_mapping(table, new_function(), **SETTINGS)
    other = new_function()
    changes = {
        "BatchSize": 9,
        "MaximumBatchingWindowInSeconds": 0,
        "ParallelizationFactor": 1,
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "MaximumRetryAttempts": -1,
        "TumblingWindowInSeconds": 5,
        "FunctionResponseTypes": [],
        "FilterCriteria": filters({"eventName": ["REMOVE"]}),
        "DestinationConfig": on_failure("http://localhost:1/failures"),
    }
    found = mapping.change(FunctionName=other.name, **changes)
    assert {name: found[name] for name in changes} == changes
    assert found["FunctionArn"] == other.arn


def test_what_is_not_named_stays(new_mapping, table, fresh):
    mapping = new_mapping(table, fresh, **SETTINGS)
    found = mapping.change(BatchSize=8)
    assert {name: found[name] for name in SETTINGS} == {**SETTINGS, "BatchSize": 8}


@pytest.mark.parametrize("criteria", [{}, {"Filters": []}], ids=repr)
def test_filters_and_destination_are_cleared(new_mapping, table, fresh, criteria):
    mapping = new_mapping(table, fresh, **SETTINGS)
    found = mapping.change(FilterCriteria=criteria, DestinationConfig={"OnFailure": {}})
    assert "FilterCriteria" not in found and found["DestinationConfig"] == {"OnFailure": {}}


def test_faulty_changes_change_nothing(new_mapping, table, fresh):
    mapping = new_mapping(table, fresh)
    before = mapping.get()
    with invalid_parameter("Invalid filter pattern definition."):
        mapping.update(BatchSize=5, FilterCriteria={"Filters": [{"Pattern": "x"}]})
    with invalid_parameter("Function does not exist"):
        mapping.update(BatchSize=5, FunctionName=unique("missing"))
    with invalid_parameter(containing("TumblingWindowInSeconds")):
        mapping.update(TumblingWindowInSeconds=5, ParallelizationFactor=2)
    assert mapping.get() == before


# --- What is refused ------------------------------------------------------------------------------------------------

RANGES = [
    ("BatchSize", 0, 10_001),
    ("MaximumBatchingWindowInSeconds", -1, 301),
    ("ParallelizationFactor", 0, 11),
    ("MaximumRetryAttempts", -2, 10_001),
    ("MaximumRecordAgeInSeconds", -2, 604_801),
    ("TumblingWindowInSeconds", -1, 901),
]


def lower_first(name):
    return name[0].lower() + name[1:]


@pytest.mark.parametrize("member, below, above", RANGES)
def test_ranges(new_mapping, table, function, member, below, above):
    at = f"at '{lower_first(member)}' failed to satisfy constraint: Member must have value"
    with constraint(f"Value '{below}' {at} greater than or equal to {below + 1}"):
        new_mapping.create(table, function, **{member: below})
    with constraint(f"Value '{above}' {at} less than or equal to {above - 1}"):
        new_mapping.create(table, function, **{member: above})


# What the request says, with {arn} for the stream's.
PARAMETERS = [
    ({"EventSourceArn": None}, "Unrecognized event source."),
    ({"EventSourceArn": f"arn:aws:sqs:{HOME}:{ACCOUNT}:q"}, starting("Unrecognized event source.")),
    ({"FunctionName": "missing"}, "Function does not exist"),
    ({"FunctionName": "missing:3"}, "Function does not exist"),
    (
        {"EventSourceArn": f"arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/Missing/stream/2024-01-01T00:00:00.000"},
        f"Stream not found: arn:aws:dynamodb:{HOME}:{ACCOUNT}:table/Missing/stream/2024-01-01T00:00:00.000",
    ),
    (
        {"StartingPosition": None},
        "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
        "Member must not be null.",
    ),
    ({"StartingPosition": "AT_TIMESTAMP"}, "Unsupported starting position for arn type: {arn}"),
    (
        {"DestinationConfig": {"OnSuccess": {"Destination": f"arn:aws:sqs:{HOME}:{ACCOUNT}:q"}}},
        "Unsupported DestinationConfig parameter for given event source mapping type.",
    ),
    (
        {"ScalingConfig": {"MaximumConcurrency": 2}},
        "Unsupported ScalingConfig parameter for given event source mapping type.",
    ),
    ({"MaximumRecordAgeInSeconds": 59}, containing("60")),
    ({"TumblingWindowInSeconds": 1, "ParallelizationFactor": 2}, containing("ParallelizationFactor")),
    ({"KMSKeyArn": f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1"}, starting("KMSKeyArn is not supported")),
    ({"DestinationConfig": on_failure(f"arn:aws:sqs:{HOME}:{ACCOUNT}:q")}, containing("file:///path.jsonl")),
    ({"DestinationConfig": on_failure("file://relative")}, containing("absolute path")),
    ({"DestinationConfig": on_failure("kafka://topic")}, containing("needs --kafka")),
    (
        {"DestinationConfig": on_failure(f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:missing")},
        starting("The OnFailure destination does not exist"),
    ),
]


@pytest.mark.parametrize("changes, text", PARAMETERS, ids=[json.dumps(changes)[:60] for changes, _ in PARAMETERS])
def test_parameters(lambdas, arn, function, changes, text):
    text = text.format(arn=arn) if isinstance(text, str) else text
    members = {"EventSourceArn": arn, "FunctionName": function.name, "StartingPosition": "LATEST", **changes}
    with invalid_parameter(text):
        lambdas().create_event_source_mapping(**without_none(members))


def test_faulty_position(new_mapping, table, function):
    with constraint(
        "Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: "
        "[LATEST, AT_TIMESTAMP, TRIM_HORIZON]"
    ):
        new_mapping.create(table, function, "invalid")


BAD_PATTERNS = [
    "simple string",
    "null",
    '{"eventSource":"aws:sqs"}',
    '{"eventSource":[]}',
    '[{"eventName": ["INSERT"=123}]',
    "",
    "{}",
    '{"a":[{"unknown":"x"}]}',
    '{"$or":[{"a":["x"]}]}',
]


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
def test_patterns_that_are_none(new_mapping, table, function, pattern):
    with invalid_parameter("Invalid filter pattern definition."):
        new_mapping.create(table, function, FilterCriteria={"Filters": [{"Pattern": pattern}]})


def test_number_and_length_of_filters(new_mapping, table, fresh):
    with invalid_parameter(containing("6 filters")):
        new_mapping.create(table, fresh, FilterCriteria=filters(*[INSERTS] * 6))
    long = json.dumps({"a": ["x" * 4096]})
    with lambda_rejected("ValidationException", containing("at 'filterCriteria.filters.1.member.pattern'")):
        new_mapping.create(table, fresh, FilterCriteria={"Filters": [{"Pattern": long}]})
    found = new_mapping(table, fresh, FilterCriteria=filters(*[INSERTS] * 5)).get()
    assert len(found["FilterCriteria"]["Filters"]) == 5


def test_stream_and_function_have_one_mapping(new_mapping, table, arn, fresh, new_function):
    mapping = new_mapping(table, fresh)
    text = (
        f'The event source arn (" {arn} ") and function (" {fresh.name} ") provided mapping already exists. '
        f"Please update or delete the existing mapping with UUID {mapping.uuid}"
    )
    for name in (fresh.name, fresh.arn):
        with lambda_rejected("ResourceConflictException", text, 409):
            new_mapping.create(table, fresh, FunctionName=name)
    other = new_mapping(table, new_function())
    with lambda_rejected("ResourceConflictException", text, 409):
        other.update(FunctionName=fresh.name)


def test_streams_of_other_regions(new_table, lambdas, function):
    table = new_table(region="eu-west-1", stream="KEYS_ONLY")
    with invalid_parameter(f"Stream not found: {stream_arn(table)}"):
        lambdas().create_event_source_mapping(
            EventSourceArn=stream_arn(table), FunctionName=function.name, StartingPosition="LATEST"
        )


def test_stream_that_was_switched_off_can_still_be_read(new_table, new_mapping, fresh):
    table = new_table(stream="KEYS_ONLY")
    table.put(p=S("one"))
    arn = stream_arn(table)
    table.update(StreamSpecification={"StreamEnabled": False})
    new_mapping(table, fresh, EventSourceArn=arn)
    assert fresh.until_keys("one") == ["one"]


def test_new_stream_needs_a_new_mapping(new_table, new_mapping, new_function):
    table, old, new = new_table(stream="KEYS_ONLY"), new_function(), new_function()
    new_mapping(table, old)
    table.put(p=S("one"))
    old.until_keys("one")
    table.update(StreamSpecification={"StreamEnabled": False})
    table.update(StreamSpecification=stream_of("KEYS_ONLY"))
    table.put(p=S("two"))
    new_mapping(table, new)
    assert new.until_keys("two") == ["two"]
    assert old.keys() == ["one"]


def test_functions_do_not_hand_failures_around_in_a_circle(new_table, new_mapping, new_function):
    table, a, b, c = new_table(stream="KEYS_ONLY"), new_function(), new_function(), new_function()
    with invalid_parameter(containing("own function")):
        new_mapping.create(table, a, DestinationConfig=on_failure(a.arn))
    new_mapping(table, a, DestinationConfig=on_failure(b.arn))
    new_mapping(table, b, DestinationConfig=on_failure(c.arn))
    with invalid_parameter(containing(f"{c.name} → {a.name} → {b.name} → {c.name}")):
        new_mapping.create(table, c, DestinationConfig=on_failure(a.arn))
    third = new_mapping(table, c)
    with invalid_parameter(containing("loop")):
        third.update(DestinationConfig=on_failure(b.arn))


# --- Kafka ----------------------------------------------------------------------------------------------------------

KAFKA = {
    "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["h1:9092", "h2:9092"]}},
    "Topics": ["t1"],
    "SourceAccessConfigurations": [{"Type": "VPC_SUBNET", "URI": "subnet:x"}],
}


def test_kafka_is_understood_and_not_here(lambdas, function):
    with invalid_parameter(containing("cannot be an event source here")):
        lambdas().create_event_source_mapping(FunctionName=function.name, **KAFKA)
    with invalid_parameter("Required 'sourceAccessConfigurations' parameter is missing."):
        lambdas().create_event_source_mapping(
            FunctionName=function.name, **without_none({**KAFKA, "SourceAccessConfigurations": None})
        )


# --- The AWS CLI ----------------------------------------------------------------------------------------------------


def test_command_line(cli, table, arn, fresh, lambdas):
    made = cli(
        "lambda", "create-event-source-mapping", "--region", HOME, "--function-name", fresh.name, "--event-source-arn",
        arn, "--starting-position", "TRIM_HORIZON", "--batch-size", "10", "--maximum-retry-attempts", "2",
        "--filter-criteria", json.dumps(filters(INSERTS)), "--destination-config",
        json.dumps(on_failure("file:///tmp/failures.jsonl")), "--function-response-types", "ReportBatchItemFailures",
    )  # fmt: skip
    uuid = ("--uuid", made["UUID"], "--region", HOME)
    assert (made["State"], made["BatchSize"], made["MaximumRetryAttempts"]) == ("Creating", 10, 2)
    eventually(lambda: cli("lambda", "get-event-source-mapping", *uuid)["State"] == "Enabled")
    listed = cli("lambda", "list-event-source-mappings", "--region", HOME, "--function-name", fresh.name)
    assert [found["UUID"] for found in listed["EventSourceMappings"]] == [made["UUID"]]
    changed = cli("lambda", "update-event-source-mapping", *uuid, "--no-enabled", "--batch-size", "5")
    assert (changed["State"], changed["BatchSize"]) == ("Disabling", 5)
    assert cli("lambda", "delete-event-source-mapping", *uuid)["State"] == "Deleting"

    def gone():
        said = cli.run("lambda", "get-event-source-mapping", *uuid).stderr
        return "ResourceNotFoundException" in said and "The resource you requested does not exist." in said

    eventually(gone)
    assert answer_of(lambdas().list_event_source_mappings(FunctionName=fresh.name))["EventSourceMappings"] == []
