"""Provisioned capacity: throttling with --provisioned-throughput enforce, and what is counted (data-plane.md 18)."""

import http.client
import json
import time

import pytest

from harness import REGIONS
from harness.admin import moved_clock, set_clock
from harness.awscli import CommandLine
from harness.errors import INVALID, containing, invalid, rejected
from harness.server import tributary
from harness.tables import TableFactory, index, key_attributes
from harness.values import N, S, unique
from harness.waiting import eventually
from test_metrics import datapoints, total

EAST, WEST, SOUTH = REGIONS
# More units than any table of this file gathers in five minutes: whoever pays for it has a debt for minutes.
LARGE = S("x" * 390_000)

TABLE_TEXT = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
INDEX_TEXT = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API."
)


@pytest.fixture(scope="module")
def strict(module_server):
    """A server that enforces provisioned throughput."""
    return module_server("--in-memory", "--provisioned-throughput", "enforce")


@pytest.fixture(scope="module")
def strict_client(strict, new_clients):
    return new_clients(strict.endpoint)


@pytest.fixture(scope="module")
def strict_watch(strict, new_clients):
    return new_clients(strict.endpoint, "cloudwatch")


@pytest.fixture(scope="module")
def strict_table(strict_client):
    factory = TableFactory(strict_client)
    yield factory
    factory.close()


def units(read, write):
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def provisioned(read, write):
    return {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(read, write)}


def throttled(text=TABLE_TEXT):
    return rejected("ProvisionedThroughputExceededException", text)


@pytest.fixture
def busy(strict_table):
    """A table without write capacity left for minutes, which holds one item of 390 KB."""
    table = strict_table("p:S", **provisioned(1000, 1))
    table.put(p=S("large"), a=LARGE)
    return table


@pytest.fixture
def read_busy(strict_table):
    """A table without read capacity left for minutes, which holds one small item more."""
    table = strict_table("p:S", **provisioned(1, 1000))
    table.put(p=S("large"), a=LARGE)
    table.put(p=S("small"))
    table.get(p=S("large"))
    return table


# --- Writes ---------------------------------------------------------------------------------------------------------

WRITES = {
    "PutItem": lambda table: table.put(p=S("a")),
    "UpdateItem": lambda table: table.update_item(Key={"p": S("a")}),
    "DeleteItem": lambda table: table.delete_item(Key={"p": S("a")}),
    "a refused condition": lambda table: table.put_item(
        Item={"p": S("a")}, ConditionExpression="attribute_exists(p)"
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_writes_without_capacity_are_refused(busy, write):
    with throttled() as caught:
        write(busy)
    assert caught.value.response["ThrottlingReasons"] == [
        {
            "reason": "TableWriteProvisionedThroughputExceeded",
            "resource": f"arn:aws:dynamodb:{EAST}:000000000000:table/{busy.name}",
        }
    ]
    assert busy.get(p=S("a")) is None


def test_time_brings_capacity_back(busy, strict):
    with throttled():
        busy.put(p=S("a"))
    with moved_clock(strict, "10m", EAST):
        busy.put(p=S("a"))
    assert busy.get(p=S("a"))


def test_five_minutes_of_unused_capacity_are_kept(strict_table, strict):
    table = strict_table("p:S", **provisioned(1, 2))
    table.put(p=S("first"))
    with moved_clock(strict, "1h", EAST):
        # 600 units at the most, in steps of 100.
        for step in range(6):
            table.put(p=S(str(step)), a=S("x" * 102_000))
        with throttled():
            table.put(p=S("more"), a=S("x" * 102_000))
            table.put(p=S("and more"))


def test_more_capacity_is_there_at_once(busy):
    busy.update(ProvisionedThroughput=units(1000, 1000))
    busy.put(p=S("a"))


def test_an_on_demand_table_is_never_refused(strict_table):
    table = strict_table("p:S")
    for number in range(5):
        table.put(p=S(str(number)), a=LARGE)
        table.get(p=S(str(number)))


def test_a_table_that_becomes_on_demand_is_free(busy):
    busy.update(BillingMode="PAY_PER_REQUEST")
    busy.put(p=S("a"))


def test_an_index_without_capacity_refuses_the_writes_that_touch_it(strict_table):
    gsi = [{**index("byCity", "city"), "ProvisionedThroughput": units(1, 1)}]
    table = strict_table("p:S", attributes=["city:S"], gsi=gsi, **provisioned(1000, 1000))
    table.put(p=S("large"), city=S("Oslo"), a=LARGE)
    with throttled(INDEX_TEXT) as caught:
        table.put(p=S("a"), city=S("Oslo"))
    assert caught.value.response["ThrottlingReasons"] == [
        {
            "reason": "IndexWriteProvisionedThroughputExceeded",
            "resource": f"arn:aws:dynamodb:{EAST}:000000000000:table/{table.name}/index/byCity",
        }
    ]
    table.put(p=S("b"))


def test_batch_write_leaves_the_rest_unprocessed(busy, strict_table):
    free = strict_table("p:S")
    put = {"PutRequest": {"Item": {"p": S("new"), "n": N(1.5), "l": {"L": [{"NULL": True}]}}}}
    delete = {"DeleteRequest": {"Key": {"p": S("large")}}}
    requests = {busy.name: [put, delete], free.name: [put]}
    answer = busy.client.batch_write_item(RequestItems=requests, ReturnConsumedCapacity="TOTAL")
    assert answer["UnprocessedItems"] == {busy.name: [put, delete]}
    assert answer["ConsumedCapacity"] == [{"TableName": free.name, "CapacityUnits": 1.0}]
    assert free.get(p=S("new")) and busy.get(p=S("large"))
    with throttled():
        busy.client.batch_write_item(RequestItems={busy.name: [put]})


def test_a_transaction_is_cancelled_and_tells_which_actions_found_nothing(busy, strict_table):
    free = strict_table("p:S")
    actions = [{"Put": {"TableName": table.name, "Item": {"p": S("a")}}} for table in (free, busy)]
    with rejected(
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ProvisionedThroughputExceeded]",
    ) as caught:
        free.client.transact_write_items(TransactItems=actions)
    assert caught.value.response["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "ProvisionedThroughputExceeded", "Message": TABLE_TEXT},
    ]
    assert free.get(p=S("a")) is None


# --- Reads ----------------------------------------------------------------------------------------------------------

READS = {
    "GetItem": lambda table: table.get_item(Key={"p": S("small")}),
    "Query": lambda table: table.query(
        KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": S("small")}
    ),
    "Scan": lambda table: table.scan(),
    "BatchGetItem": lambda table: table.client.batch_get_item(
        RequestItems={table.name: {"Keys": [{"p": S("small")}]}}
    ),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_reads_without_capacity_are_refused(read_busy, read):
    with throttled() as caught:
        read(read_busy)
    assert caught.value.response["ThrottlingReasons"][0]["reason"] == "TableReadProvisionedThroughputExceeded"


def test_batch_get_leaves_the_rest_unprocessed(read_busy, strict_table):
    free = strict_table("p:S")
    free.put(p=S("a"))
    asked = {"Keys": [{"p": S("small")}, {"p": S("large")}], "ConsistentRead": True}
    answer = free.client.batch_get_item(RequestItems={read_busy.name: asked, free.name: {"Keys": [{"p": S("a")}]}})
    assert answer["UnprocessedKeys"] == {read_busy.name: asked}
    assert answer["Responses"] == {read_busy.name: [], free.name: [{"p": S("a")}]}


def test_a_reading_transaction_is_cancelled(read_busy, strict_table):
    free = strict_table("p:S")
    gets = [{"Get": {"TableName": table.name, "Key": {"p": S("small")}}} for table in (free, read_busy)]
    with rejected("TransactionCanceledException") as caught:
        free.client.transact_get_items(TransactItems=gets)
    assert [reason["Code"] for reason in caught.value.response["CancellationReasons"]] == [
        "None",
        "ProvisionedThroughputExceeded",
    ]


def test_an_index_has_read_capacity_of_its_own(strict_table):
    gsi = [{**index("byCity", "city"), "ProvisionedThroughput": units(1, 1000)}]
    table = strict_table("p:S", attributes=["city:S"], gsi=gsi, **provisioned(1000, 1000))
    table.put(p=S("large"), city=S("Oslo"), a=LARGE)
    oslo = {
        "IndexName": "byCity",
        "KeyConditionExpression": "city = :c",
        "ExpressionAttributeValues": {":c": S("Oslo")},
    }
    table.query(**oslo)
    with throttled(INDEX_TEXT) as caught:
        table.query(**oslo)
    assert caught.value.response["ThrottlingReasons"][0]["reason"] == "IndexReadProvisionedThroughputExceeded"
    assert table.get(p=S("large"))


# --- Other regions and expiry ---------------------------------------------------------------------------------------


def global_and_provisioned(strict_table, write):
    """A table in EAST and WEST that was made on demand and then provisioned."""
    table = strict_table("p:S", replicas=[WEST])
    table.update(**provisioned(1000, write))
    eventually(
        lambda: table.in_region(WEST).description()["ProvisionedThroughput"]["WriteCapacityUnits"] == write
    )
    table.in_region(WEST).wait_active()
    return table


def test_replicated_writes_are_not_refused_and_use_up_the_capacity_of_the_receiver(strict_table):
    table = global_and_provisioned(strict_table, 10)
    west = table.in_region(WEST)
    # 390 units here, and as many there: no write of 1 unit fits in the next half minute.
    table.put(p=S("large"), a=LARGE)
    eventually(lambda: west.get(p=S("large")) is not None)
    for place in (table, west):
        with throttled():
            place.put(p=S("own"))


def test_more_arrives_than_the_receiver_provides(strict, strict_table):
    table = global_and_provisioned(strict_table, 5)
    west = table.in_region(WEST)
    set_clock(strict, "1h", EAST)
    try:
        # EAST has gathered an hour's worth, WEST has not.
        for number in range(200):
            table.put(p=S(str(number)))
        eventually(lambda: len(west.all_items()) == 200)
        with throttled():
            west.put(p=S("own"))
    finally:
        set_clock(strict, "0", EAST)


def test_expiry_waits_while_there_is_no_capacity(strict, strict_table):
    table = strict_table("p:S", **provisioned(1000, 1))
    table.update_time_to_live(TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    eventually(
        lambda: (
            table.describe_time_to_live()["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
        )
    )
    table.put(p=S("old"), ttl=N(int(time.time()) - 10), a=LARGE)
    sweeper = strict_table("p:S")
    sweeper.update_time_to_live(TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    sweeper.put(p=S("old"), ttl=N(int(time.time()) - 10))
    # The sweep that took this one found the other table too.
    eventually(lambda: sweeper.get(p=S("old")) is None)
    assert table.get(p=S("old")) is not None
    with moved_clock(strict, "10m", EAST):
        eventually(lambda: table.get(p=S("old")) is None)


# --- Metrics --------------------------------------------------------------------------------------------------------


def test_what_is_used_provided_and_refused_is_measured(strict_table, strict_watch):
    gsi = [{**index("byCity", "city"), "ProvisionedThroughput": units(7, 8)}]
    table = strict_table("p:S", attributes=["city:S"], gsi=gsi, **provisioned(1000, 1))
    watch, where = strict_watch(EAST), {"TableName": table.name}
    table.put(p=S("a"), city=S("Oslo"), a=S("x" * 5000))
    for _ in range(3):
        with throttled():
            table.put(p=S("b"))
    table.get(p=S("a"))
    table.get_item(Key={"p": S("a")})
    of_index = {**where, "GlobalSecondaryIndexName": "byCity"}
    for metric, dimensions, expected in [
        ("ConsumedWriteCapacityUnits", where, 5),
        ("ConsumedWriteCapacityUnits", of_index, 5),
        # 5 KB: two units strongly consistent, one eventually.
        ("ConsumedReadCapacityUnits", where, 3),
        ("WriteThrottleEvents", where, 3),
        ("ThrottledRequests", {**where, "Operation": "PutItem"}, 3),
    ]:
        eventually(lambda: total(watch, metric, **dimensions) == expected)  # noqa: B023
    for metric, dimensions, expected in [
        ("ProvisionedReadCapacityUnits", where, 1000),
        ("ProvisionedWriteCapacityUnits", where, 1),
        ("ProvisionedReadCapacityUnits", of_index, 7),
        ("ProvisionedWriteCapacityUnits", of_index, 8),
    ]:
        points = datapoints(watch, metric, ("Minimum", "Maximum"), **dimensions)
        assert points and all(point["Minimum"] == point["Maximum"] == expected for point in points), metric


def test_throttles_are_no_user_errors(busy, strict_watch):
    watch = strict_watch(EAST)
    before = total(watch, "UserErrors")
    for _ in range(5):
        with throttled():
            busy.put(p=S("a"))
    eventually(lambda: total(watch, "WriteThrottleEvents", TableName=busy.name) == 5)
    assert total(watch, "UserErrors") == before


def test_read_throttles_are_measured(read_busy, strict_watch):
    with throttled():
        read_busy.scan()
    eventually(lambda: total(strict_watch(EAST), "ReadThrottleEvents", TableName=read_busy.name) == 1)


def test_replicated_units_count_in_the_region_that_receives(strict_table, strict_watch):
    table = strict_table("p:S", replicas=[WEST])
    for number in range(3):
        table.put(p=S(str(number)), a=S("x" * 1500))
    for region in (EAST, WEST):
        eventually(lambda: total(strict_watch(region), "ConsumedWriteCapacityUnits", TableName=table.name) == 6)  # noqa: B023


def test_prometheus_tells_the_same(busy, strict):
    with throttled():
        busy.put(p=S("a"))
    connection = http.client.HTTPConnection("localhost", strict.port, timeout=30)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    labels = f'{{region="{EAST}",table="{busy.name}",index="",access="write"}}'
    assert f"tributary_throttled_requests_total{labels} 1" in lines
    assert f"tributary_provisioned_capacity_units{labels} 1" in lines
    [consumed] = [line for line in lines if line.startswith(f"tributary_consumed_capacity_units_total{labels}")]
    assert float(consumed.split()[-1]) == 381


# --- The default, the CLI, bad input --------------------------------------------------------------------------------


def test_by_default_nothing_is_refused(new_table):
    table = new_table("p:S", **provisioned(1, 1))
    for number in range(20):
        table.put(p=S(str(number)), a=S("x" * 10_000))
        table.get(p=S(str(number)))


def test_the_command_line_client_gives_up_on_a_throttled_table(busy, strict, tmp_path):
    done = CommandLine(strict.endpoint, tmp_path).run(
        "dynamodb", "put-item", "--region", EAST, "--table-name", busy.name, "--item", json.dumps({"p": S("a")})
    )
    assert done.returncode != 0
    assert "(ProvisionedThroughputExceededException) when calling the PutItem operation" in done.stderr
    assert TABLE_TEXT in done.stderr


def test_decreases_are_limited(strict_table):
    table = strict_table("p:S", **provisioned(100, 100))
    for write in (99, 98, 97, 96):
        table.update(ProvisionedThroughput=units(100, write))
    assert table.description()["ProvisionedThroughput"]["NumberOfDecreasesToday"] == 4
    with rejected("LimitExceededException", containing("Number of decreases today: 4")):
        table.update_table(ProvisionedThroughput=units(100, 95))
    table.update(ProvisionedThroughput=units(100, 96 + 1))


def test_changes_to_on_demand_are_limited(strict, strict_table):
    table = strict_table("p:S", **provisioned(5, 5))
    for _ in range(4):
        table.update(BillingMode="PAY_PER_REQUEST")
        table.update(**provisioned(5, 5))
    with rejected("LimitExceededException", containing("PAY_PER_REQUEST mode are limited to 4 times in 24 hours")):
        table.update_table(BillingMode="PAY_PER_REQUEST")
    with moved_clock(strict, "25h", EAST):
        table.update(BillingMode="PAY_PER_REQUEST")


@pytest.mark.parametrize("read, write", [(0, 1), (1, 0), (-1, 1), (1, -5)])
def test_no_units_and_fewer_are_refused(strict_client, read, write):
    definitions, schema = key_attributes("p:S")
    with invalid(containing("Member must have value greater than or equal to 1")):
        strict_client(EAST).create_table(
            TableName=unique("t"), AttributeDefinitions=definitions, KeySchema=schema, **provisioned(read, write)
        )


def test_units_and_on_demand_contradict_each_other(strict_table):
    table = strict_table("p:S")
    with invalid(
        INVALID + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
    ):
        table.update_table(BillingMode="PAY_PER_REQUEST", ProvisionedThroughput=units(1, 1))


def test_an_unknown_way_to_treat_throughput_is_a_usage_error(own_server):
    done = tributary("serve", "--provisioned-throughput", "perhaps")
    assert done.returncode == 64
    assert "enforce" in done.stderr and "ignore" in done.stderr
