"""Time to live (data-plane.md 14, global-tables.md 7, streams.md 4): settings, sweeps, what replicas and streams see."""

import os
import time

import pytest

from harness import REGIONS
from harness.admin import moved_clock
from harness.errors import invalid, not_found, rejected
from harness.streamreader import reader
from harness.tables import TableFactory, index
from harness.values import NS, NULL, L, M, N, S
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
HOUR = 3600
FIVE_YEARS = 5 * 365 * 24 * HOUR
TWICE = "Time to live has been modified multiple times within a fixed interval"
SWEEPER = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}

needs_own_server = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="moves the clocks of the server")


def seconds(offset=0):
    return int(time.time()) + offset


def change(table, enabled=True, attribute="ttl"):
    return table.update_time_to_live(TimeToLiveSpecification={"Enabled": enabled, "AttributeName": attribute})


def setting(table):
    return table.describe_time_to_live()["TimeToLiveDescription"]


def wait_setting(table, status="ENABLED", attribute="ttl"):
    expected = {"TimeToLiveStatus": status}
    if status != "DISABLED":
        expected["AttributeName"] = attribute

    def settled():
        assert setting(table) == expected

    eventually(settled)


def enable(table, attribute="ttl", regions=None):
    change(table, attribute=attribute)
    for region in regions or [table.region]:
        wait_setting(table.in_region(region), attribute=attribute)
    return table


def wait_expired(table, **key):
    eventually(lambda: table.get(**key) is None)


def removals(follow, count):
    """The first `count` REMOVE records of a stream."""

    def removed(records):
        return [record for record in records if record["eventName"] == "REMOVE"]

    return removed(follow.until(lambda records: len(removed(records)) >= count))


@pytest.fixture(scope="module")
def clocked(module_server):
    """A server whose clocks may be moved: that of the session has other tests to serve."""
    return module_server("--in-memory")


@pytest.fixture(scope="module")
def new_clocked_table(clocked, new_clients):
    return TableFactory(new_clients(clocked.endpoint))


@pytest.fixture(scope="module")
def clocked_streams(clocked, new_clients):
    return new_clients(clocked.endpoint, "dynamodbstreams")


# --- Settings -------------------------------------------------------------------------------------------------------


def test_a_new_table_has_none(new_table):
    assert setting(new_table()) == {"TimeToLiveStatus": "DISABLED"}


def test_enabling(new_table):
    table = new_table()
    answer = change(table)
    assert answer["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "ttl"}
    assert setting(table)["TimeToLiveStatus"] in ("ENABLING", "ENABLED")
    assert setting(table)["AttributeName"] == "ttl"
    wait_setting(table)


def test_by_arn(new_table):
    table = new_table()
    arn = table.description()["TableArn"]
    specification = {"Enabled": True, "AttributeName": "caf\u00e9"}
    table.client.update_time_to_live(TableName=arn, TimeToLiveSpecification=specification)
    wait_setting(table, attribute="caf\u00e9")
    assert table.client.describe_time_to_live(TableName=arn)["TimeToLiveDescription"]["AttributeName"] == "caf\u00e9"


def test_updates_that_contradict_the_setting(new_table):
    table = new_table()
    with invalid("TimeToLive is already disabled"):
        change(table, enabled=False)
    enable(table)
    with invalid("TimeToLive is already enabled"):
        change(table)
    for enabled in (True, False):
        with invalid("TimeToLive is active on a different AttributeName: current AttributeName is ttl"):
            change(table, enabled=enabled, attribute="other")
    with invalid(TWICE):
        change(table, enabled=False)
    wait_setting(table)


BAD_SPECIFICATIONS = {
    "none": (None, "1 validation error detected: Value null at 'timeToLiveSpecification' failed to satisfy constraint: Member must not be null"),
    "empty": ({}, "2 validation errors detected: Value null at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must not be null; Value null at 'timeToLiveSpecification.enabled' failed to satisfy constraint: Member must not be null"),
    "empty name": ({"Enabled": True, "AttributeName": ""}, "1 validation error detected: Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    "name of 256": ({"Enabled": True, "AttributeName": "a" * 256}, f"1 validation error detected: Value '{'a' * 256}' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length less than or equal to 255"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_SPECIFICATIONS)
def test_bad_specifications(new_table, case):
    specification, text = BAD_SPECIFICATIONS[case]
    table = new_table()
    with invalid(text):
        table.update_time_to_live(**({} if specification is None else {"TimeToLiveSpecification": specification}))
    assert setting(table) == {"TimeToLiveStatus": "DISABLED"}


def test_wrong_json_types(raw, new_table):
    name = new_table().name
    for specification, text in (
        ({"Enabled": True, "AttributeName": 1}, "NUMBER_VALUE cannot be converted to String"),
        ("ttl", None),
    ):
        answer = raw.call("UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": specification})
        assert answer.error[:2] == (400, "SerializationException")
        assert text is None or answer.error[2] == text


def test_missing_tables(client):
    missing = "Requested resource not found: Table: no-such-table not found"
    with not_found(missing):
        client().describe_time_to_live(TableName="no-such-table")
    with not_found(missing):
        client().update_time_to_live(
            TableName="no-such-table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
        )


def test_the_command_line_of_aws_knows_it(cli, new_table):
    table = new_table()
    names = ("--table-name", table.name, "--region", table.region)
    specification = ("--time-to-live-specification", "Enabled=true,AttributeName=ttl")
    answer = cli("dynamodb", "update-time-to-live", *names, *specification)
    assert answer == {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}}
    assert cli("dynamodb", "describe-time-to-live", *names)["TimeToLiveDescription"]["AttributeName"] == "ttl"


@needs_own_server
def test_an_hour_must_pass_between_two_changes(clocked, new_clocked_table):
    table = enable(new_clocked_table())
    with moved_clock(clocked, "59m", EAST), invalid(TWICE):
        change(table, enabled=False)
    with moved_clock(clocked, "1h", EAST):
        answer = change(table, enabled=False)
        assert answer["TimeToLiveSpecification"] == {"Enabled": False, "AttributeName": "ttl"}
        wait_setting(table, "DISABLED")
        with invalid("TimeToLive is already disabled"):
            change(table, enabled=False)
        with invalid(TWICE):
            change(table, attribute="other")
    with moved_clock(clocked, "2h", EAST):
        enable(table, attribute="other")


def test_settings_survive_a_restart(own_server, new_clients):
    server = own_server()
    table = enable(TableFactory(new_clients(server.endpoint))("p:S", prefix="kept"))
    table.put(p=S("later"), ttl=N(seconds(HOUR)))
    server.kill()
    server.start()
    wait_setting(table)
    with invalid(TWICE):
        change(table, enabled=False)
    with moved_clock(server, "2h", EAST):
        wait_expired(table, p=S("later"))


# --- Items ----------------------------------------------------------------------------------------------------------


def kept_and_expired():
    """Values of the attribute, and whether the item expires."""
    now = seconds()
    return {
        "a second ago": (N(now - 1), True),
        "a fraction": (N(f"{now - 10}.25"), True),
        "an exponent": (N("16E8"), now < 1_600_000_000 + FIVE_YEARS),
        "just within five years": (N(now - FIVE_YEARS + HOUR), True),
        "older than five years": (N(now - FIVE_YEARS - 1), False),
        "in an hour": (N(now + HOUR), False),
        "milliseconds": (N((now - 10) * 1000), False),
        "zero": (N(0), False),
        "negative": (N(-now), False),
        "huge": (N("9.9E+125"), False),
        "text": (S(str(now - 10)), False),
        "set": (NS(now - 10), False),
        "list": (L(N(now - 10)), False),
        "nested": (M(ttl=N(now - 10)), False),
        "null": (NULL, False),
    }


@pytest.mark.parametrize("is_there_before", [True, False], ids=["before the setting", "after it"])
def test_which_items_expire(new_table, is_there_before):
    table, cases = new_table(), kept_and_expired()
    if not is_there_before:
        enable(table)
    for name, (value, _) in cases.items():
        table.put(p=S(name), ttl=value)
    table.put(p=S("no attribute"), other=N(seconds(-10)))
    if is_there_before:
        enable(table)
    left = {name for name, (_, expires) in cases.items() if not expires} | {"no attribute"}

    def swept():
        assert {item["p"]["S"] for item in table.all_items()} == left

    eventually(swept)
    # What expires later finds the others still there.
    table.put(p=S("last"), ttl=N(seconds(-1)))
    wait_expired(table, p=S("last"))
    swept()


def test_all_that_writes_lists(new_table):
    table = enable(new_table())
    past = {"ttl": N(seconds(-10))}
    keys = [S(name) for name in ("batch", "transaction", "update")]
    table.client.batch_write_item(RequestItems={table.name: [{"PutRequest": {"Item": {"p": keys[0], **past}}}]})
    table.client.transact_write_items(
        TransactItems=[{"Put": {"TableName": table.name, "Item": {"p": keys[1], **past}}}]
    )
    table.put(p=keys[2])
    table.update_item(
        Key={"p": keys[2]},
        UpdateExpression="SET #ttl = :past",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":past": past["ttl"]},
    )
    for key in keys:
        wait_expired(table, p=key)


def test_many_items_expire(new_table):
    table = enable(new_table())
    for start in range(0, 1500, 25):
        puts = [{"PutRequest": {"Item": {"p": S(str(n)), "ttl": N(seconds(-1))}}} for n in range(start, start + 25)]
        table.client.batch_write_item(RequestItems={table.name: puts})
    eventually(lambda: table.all_items() == [])


def test_a_key_may_be_the_attribute(new_table):
    table = enable(new_table("p:S", "s:N"), attribute="s")
    for offset in (-10, HOUR):
        table.put(p=S("a"), s=N(seconds(offset)))
    eventually(lambda: len(table.all_items()) == 1)
    text = enable(new_table("p:S"), attribute="p")
    text.put(p=S(str(seconds(-10))))
    wait_expired(table, p=S("a"), s=N(seconds(-10)))
    assert len(text.all_items()) == 1


def test_expired_items_leave_their_indexes(new_table):
    table = new_table(gsi=[index("global", "g")], attributes=("g:S",))
    enable(table)
    table.put(p=S("a"), g=S("x"), ttl=N(seconds(-1)))
    table.put(p=S("b"), g=S("x"))
    wait_expired(table, p=S("a"))
    assert [item["p"]["S"] for item in table.all_items(IndexName="global")] == ["b"]


def test_the_stream_says_who_deleted(new_table, streams):
    table = enable(new_table(stream="NEW_AND_OLD_IMAGES"))
    expired = table.put(p=S("a"), ttl=N(seconds(-1)))
    wait_expired(table, p=S("a"))
    table.put(p=S("b"), ttl=N(seconds(HOUR)))
    table.delete_item(Key={"p": S("b")})
    swept, deleted = removals(reader(streams, table), 2)
    assert swept["userIdentity"] == SWEEPER
    assert swept["dynamodb"]["OldImage"] == expired and "NewImage" not in swept["dynamodb"]
    assert "userIdentity" not in deleted


# --- Clocks and replicas --------------------------------------------------------------------------------------------


@needs_own_server
def test_an_item_expires_when_an_hour_has_passed_in_its_region(clocked, new_clocked_table):
    table = enable(new_clocked_table())
    item = table.put(p=S("a"), ttl=N(seconds(HOUR // 2)))
    assert table.get(p=S("a")) == item
    with moved_clock(clocked, "1h", WEST):
        table.put(p=S("marker"), ttl=N(seconds(-1)))
        wait_expired(table, p=S("marker"))
        assert table.get(p=S("a")) == item
    with moved_clock(clocked, "1h", EAST):
        wait_expired(table, p=S("a"))


@pytest.fixture(scope="module")
def global_table(new_clocked_table):
    return enable(new_clocked_table(replicas=[WEST, SOUTH]), regions=REGIONS)


def everywhere(table, **key):
    return [table.in_region(region).get(**key) for region in REGIONS]


@needs_own_server
def test_expired_items_are_readable_and_can_be_renewed_until_the_sweep(clocked, global_table):
    """A region leaves others' items alone for some seconds: long enough to look."""
    west, later = global_table.in_region(WEST), N(seconds(3 * HOUR))
    for name in ("gone", "renewed"):
        global_table.put(p=S(name), ttl=N(seconds(HOUR // 2)))
    eventually(lambda: all(west.get(p=S(name)) for name in ("gone", "renewed")))
    with moved_clock(clocked, "1h", WEST):
        assert west.get(p=S("gone")) is not None
        west.update_item(
            Key={"p": S("renewed")},
            UpdateExpression="SET #ttl = :later",
            ConditionExpression="attribute_exists(p)",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":later": later},
        )
        wait_expired(west, p=S("gone"))
        assert west.get(p=S("renewed"))["ttl"] == later
    eventually(lambda: everywhere(global_table, p=S("gone")) == [None] * 3)
    eventually(lambda: [item["ttl"] for item in everywhere(global_table, p=S("renewed"))] == [later] * 3)


@needs_own_server
@pytest.mark.parametrize("sweeping", [[EAST], [WEST], [EAST, WEST, SOUTH]], ids=["writer", "another", "all clocks"])
def test_the_delete_replicates_and_one_region_claims_it(clocked, new_clocked_table, clocked_streams, sweeping):
    table = new_clocked_table(replicas=[WEST, SOUTH])
    enable(table, regions=REGIONS)
    item = table.put(p=S("a"), ttl=N(seconds(HOUR // 2)))
    eventually(lambda: all(everywhere(table, p=S("a"))))
    follow = {region: reader(clocked_streams, table.in_region(region)) for region in REGIONS}
    with moved_clock(clocked, "1h", *sweeping):
        eventually(lambda: everywhere(table, p=S("a")) == [None] * 3)
    for region in REGIONS:
        [removed] = removals(follow[region], 1)
        assert removed["dynamodb"]["OldImage"] == item
        assert removed.get("userIdentity") == (SWEEPER if region == sweeping[0] else None), region
    # No stream tells of it twice.
    table.put(p=S("end"))
    for region in REGIONS:
        records = follow[region].until(lambda records: records[-1]["dynamodb"]["Keys"]["p"] == S("end"))
        assert [record["eventName"] for record in records] == ["INSERT", "REMOVE", "INSERT"]


@needs_own_server
def test_the_setting_is_that_of_all_replicas(clocked, new_clocked_table):
    table = new_clocked_table(replicas=[WEST])
    change(table.in_region(WEST))
    for region in (EAST, WEST):
        wait_setting(table.in_region(region))
        with invalid(TWICE):
            change(table.in_region(region), enabled=False)
    table.put(p=S("a"), ttl=N(seconds(HOUR // 2)))
    south = table.add_replica(SOUTH)
    assert setting(south) == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    with moved_clock(clocked, "1h", SOUTH):
        wait_expired(south, p=S("a"))
        change(south, enabled=False)
        for region in REGIONS:
            wait_setting(table.in_region(region), "DISABLED")


def test_not_while_a_replica_is_being_added(own_server, new_clients):
    # What the south writes is on its way for an hour, and a new replica waits for it.
    server = own_server("--in-memory", "--link", f"{SOUTH}:{EAST}=60m", "--link", f"{SOUTH}:{WEST}=60m")
    table = TableFactory(new_clients(server.endpoint))(replicas=[SOUTH])
    table.in_region(SOUTH).put(p=S("late"))
    table.update_table(ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    for region in (EAST, SOUTH):
        with rejected("ResourceInUseException", "The resource which you are attempting to change is in use."):
            change(table.in_region(region))
    with not_found(f"Requested resource not found: Table: {table.name} not found"):
        change(table.in_region(WEST))
