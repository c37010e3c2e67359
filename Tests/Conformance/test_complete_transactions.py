"""Mappings that deliver complete transactions: what a handler gets behind links that delay and re-order (issue 3, point 1)."""

import pytest

from harness import HOME, REGIONS
from harness.admin import admin
from harness.lambda_fixtures import (  # noqa: F401
    cli,
    client,
    lambda_server,
    lambdas,
    new_function,
    new_mapping,
    new_table,
)
from harness.lambda_functions import answer_of, filters, invalid_parameter, stream_arn
from harness.values import S, unique
from harness.waiting import eventually

WEST = REGIONS[1]
COMPLETE = {"tributary:deliverTransactions": "complete"}


@pytest.fixture
def table(new_table):
    return new_table("p:S", stream="NEW_AND_OLD_IMAGES", replicas=[WEST])


@pytest.fixture
def new_handler(table, new_function, new_mapping):
    """new_handler(Tags=…): a function of the other region behind the table's stream there."""

    def make(on=table, **settings):
        function = new_function(region=WEST)
        new_mapping(on.in_region(WEST), function, **settings)
        return function

    return make


@pytest.fixture
def link(lambda_server):
    """link(delay=…, state=…): changes the link from home to the other region, which is as before afterwards."""

    def change(**settings):
        status, answer = admin(lambda_server, f"/_tributary/links/{HOME}/{WEST}", "PUT", settings)
        assert status == 200, answer

    yield change
    change(delay="0ms", reorder=False, state="running")


def transact(*puts):
    """One transaction over (table, key) pairs."""
    puts[0][0].client.transact_write_items(
        TransactItems=[{"Put": {"TableName": table.name, "Item": {"p": S(key)}}} for table, key in puts]
    )


def batches(function):
    return [[record["dynamodb"]["Keys"]["p"]["S"] for record in event["Records"]] for event in function.calls()]


def delivered(function):
    return [key for batch in batches(function) for key in batch]


def told(server, region=WEST):
    found = admin(server, f"/_tributary/events?region={region}")[1]["events"]
    return [event["data"] for event in found if event["type"] == "transaction.delivered-in-parts"]


def test_a_handler_gets_whole_transactions_behind_a_re_ordering_link(table, new_handler, link):
    complete, arriving = new_handler(Tags=COMPLETE), new_handler()
    link(delay="uniform:0ms..1500ms", reorder=True, seed=3)
    transactions = [[unique() for _ in range(6)] for _ in range(3)]
    for keys in transactions:
        transact(*((table, key) for key in keys))
    for function in (complete, arriving):
        function.until(lambda function: len(delivered(function)) == 18)
    torn = [
        keys for keys in transactions if not any(set(keys) <= set(batch) for batch in batches(arriving))
    ]
    assert torn, "without the setting, transactions come apart"
    for keys in transactions:
        assert [set(keys) <= set(batch) for batch in batches(complete)].count(True) == 1, keys


def test_other_records_go_on_and_those_of_waiting_items_do_not(table, new_handler, link):
    function = new_handler(Tags=COMPLETE)
    # Long enough for two writes while some of it is there and some is not.
    link(delay="uniform:0ms..10s", reorder=True, seed=8)
    keys = [unique() for _ in range(8)]
    transact(*((table, key) for key in keys))
    west = table.in_region(WEST)
    first = eventually(lambda: next(key for key in keys if west.get(p=S(key))))
    other = unique()
    west.put(p=S(first), a=S("later"))
    west.put(p=S(other))
    function.until(lambda function: len(delivered(function)) == 10)
    order = delivered(function)
    assert order.index(other) == 0, "a record of no transaction is not held up"
    assert order.count(first) == 2 and order.index(first) > 0
    whole = next(batch for batch in batches(function) if set(keys) <= set(batch))
    assert whole.index(first) < len(order) - 1


def test_a_transaction_over_two_tables_waits_for_both(new_table, new_handler, link, lambda_server):
    tables = [new_table("p:S", stream="NEW_AND_OLD_IMAGES", replicas=[WEST]) for _ in range(2)]
    function = new_handler(on=tables[0], Tags=COMPLETE)
    keys = [unique(), unique()]
    link(delay="uniform:0ms..3s", reorder=True, seed=1)
    transact((tables[0], keys[0]), (tables[1], unique()), (tables[0], keys[1]))
    function.until(lambda function: len(delivered(function)) == 2)
    assert batches(function) == [keys] or batches(function) == [keys[::-1]]
    assert admin(lambda_server, f"/_tributary/transactions?region={WEST}")[1]["halfVisible"] == 0


def test_transactions_of_the_own_region_and_filters(table, new_function, new_mapping):
    function = new_function()
    new_mapping(table, function, Tags=COMPLETE, FilterCriteria=filters({"dynamodb": {"Keys": {"p": {"S": [{"prefix": "x"}]}}}}))
    keys = [f"x{unique()}", unique(), f"x{unique()}"]
    transact(*((table, key) for key in keys))
    function.until(lambda function: delivered(function) == [keys[0], keys[2]])
    assert len(batches(function)) == 1


def test_what_does_not_become_whole_is_delivered_after_the_longest_wait_and_told(
    table, new_handler, link, lambda_server
):
    function = new_handler(Tags={**COMPLETE, "tributary:maximumTransactionWaitInSeconds": "1"})
    link(delay="uniform:0ms..30s", reorder=True, seed=4)
    keys = [unique() for _ in range(8)]
    transact(*((table, key) for key in keys))
    function.until(lambda function: delivered(function))
    assert 0 < len(delivered(function)) < len(keys)
    event = eventually(lambda: told(lambda_server)[0])
    assert event["reason"] == "it had not arrived whole within the longest wait of the mapping"
    assert event["function"] == function.name and event["records"] > 0
    link(delay="0ms", reorder=False)
    function.until(lambda function: sorted(delivered(function)) == sorted(keys))


def test_a_transaction_larger_than_a_batch_comes_in_parts_and_that_is_told(
    table, new_function, new_mapping, lambda_server
):
    function = new_function()
    new_mapping(table, function, Tags=COMPLETE, BatchSize=2)
    keys = [unique() for _ in range(3)]
    transact(*((table, key) for key in keys))
    function.until(lambda function: delivered(function) == keys)
    assert [event["reason"] for event in told(lambda_server, HOME)] == ["its records do not fit into one batch"]


# --- The Lambda API has no member for it: tags of the mapping ---------------------------------------------------------


def test_the_tag_is_set_changed_and_taken_away(table, new_function, new_mapping, lambdas):
    function = new_function()
    mapping = new_mapping(table, function, BatchSize=100)
    arn = mapping.get()["EventSourceMappingArn"]
    lambdas(HOME).tag_resource(Resource=arn, Tags=COMPLETE)
    assert lambdas(HOME).list_tags(Resource=arn)["Tags"] == COMPLETE
    with invalid_parameter("The tag tributary:deliverTransactions=complete cannot be used with a ParallelizationFactor above 1."):
        mapping.update(ParallelizationFactor=2)
    lambdas(HOME).untag_resource(Resource=arn, TagKeys=list(COMPLETE))
    mapping.wait("Enabled")
    mapping.change(ParallelizationFactor=2)
    with invalid_parameter("The tag tributary:deliverTransactions=complete cannot be used with a ParallelizationFactor above 1."):
        lambdas(HOME).tag_resource(Resource=arn, Tags=COMPLETE)


@pytest.mark.parametrize(
    "tags, message",
    [
        (
            {"tributary:deliverTransactions": "yes"},
            "The tag tributary:deliverTransactions must be as-arrived or complete, but is yes.",
        ),
        (
            {**COMPLETE, "tributary:maximumTransactionWaitInSeconds": "0"},
            "The tag tributary:maximumTransactionWaitInSeconds must be 1 to 86400, but is 0.",
        ),
    ],
)
def test_faulty_tags(table, new_function, lambdas, tags, message):
    with invalid_parameter(message):
        lambdas(HOME).create_event_source_mapping(
            EventSourceArn=stream_arn(table),
            FunctionName=new_function().name,
            StartingPosition="LATEST",
            Tags=tags,
        )


def test_the_aws_cli_passes_the_tag(table, new_function, new_mapping, lambdas, cli):
    made = cli(
        "lambda", "create-event-source-mapping", "--event-source-arn", stream_arn(table), "--function-name",
        new_function().name, "--starting-position", "LATEST", "--tags", "tributary:deliverTransactions=complete",
        "--region", HOME,
    )
    new_mapping.adopt(made["UUID"])
    assert answer_of(lambdas(HOME).list_tags(Resource=made["EventSourceMappingArn"]))["Tags"] == COMPLETE
