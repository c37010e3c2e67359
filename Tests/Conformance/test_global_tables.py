"""Replicas as objects: adding, describing, removing, what they share, what is refused (global-tables.md 3)."""

import pytest

from harness import HOME, REGIONS
from harness.errors import INVALID, containing, invalid, matching, not_found, rejected, starting
from harness.tables import index, key_attributes, replica_states, stream_of
from harness.values import N, S, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS


def create(region, **more):
    return {"Create": {"RegionName": region, **more}}


def delete(region):
    return {"Delete": {"RegionName": region}}


@pytest.fixture(scope="module")
def pair(new_table):
    """A table of us-east-1 with a replica in eu-west-1."""
    return new_table("p:S", attributes=("g:S",), gsi=[index("global", "g")], replicas=[WEST])


@pytest.fixture(scope="module")
def single(new_table):
    return new_table("p:S")


# --- Adding and describing (3.3, 3.4) -------------------------------------------------------------------------------


def test_table_without_replicas_says_nothing_of_them(single):
    assert not {"Replicas", "GlobalTableVersion", "MultiRegionConsistency"} & set(single.description())


def test_adding_a_replica(new_table):
    table = new_table()
    answer = table.update_table(ReplicaUpdates=[create(WEST)])["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    assert answer["GlobalTableVersion"] == "2019.11.21"
    assert replica_states(answer) in ({}, {WEST: "CREATING"})
    # A table without stream gets one, and the answer shows it already.
    assert answer["StreamSpecification"] == stream_of("NEW_AND_OLD_IMAGES")
    seen = set()

    def added():
        states = replica_states(table.description())
        seen.update(states.values())
        return states == {WEST: "ACTIVE"}

    eventually(added)
    assert seen <= {"CREATING", "ACTIVE"}
    table.in_region(WEST).wait_active()


def test_each_region_describes_the_others(new_table):
    table = new_table("p:S", "s:N", replicas=[WEST, SOUTH])
    descriptions = {}
    for region in REGIONS:
        description = descriptions[region] = table.in_region(region).wait_active()
        assert replica_states(description) == {other: "ACTIVE" for other in REGIONS if other != region}
        assert description["GlobalTableVersion"] == "2019.11.21"
        assert f":{region}:" in description["TableArn"]
        assert f":{region}:" in description["LatestStreamArn"]
        assert description["StreamSpecification"] == stream_of("NEW_AND_OLD_IMAGES")
        assert description["KeySchema"] == descriptions[HOME]["KeySchema"]
        assert description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        for replica in description["Replicas"]:
            assert set(replica) >= {"RegionName", "ReplicaStatus"}
    assert len({description["TableId"] for description in descriptions.values()}) == 3
    assert len({description["LatestStreamArn"] for description in descriptions.values()}) == 3


def test_replica_is_listed_in_its_region_and_has_its_own_stream(pair, client, streams):
    for region in (EAST, WEST):
        before = pair.name[:-1]
        assert pair.name in client(region).list_tables(ExclusiveStartTableName=before)["TableNames"]
        (entry,) = streams(region).list_streams(TableName=pair.name)["Streams"]
        assert entry["StreamArn"] == pair.in_region(region).description()["LatestStreamArn"]
    with not_found(f"Requested resource not found: Table: {pair.name} not found"):
        pair.in_region(SOUTH).describe_table()
    with not_found():
        pair.in_region(SOUTH).get_item(Key={"p": S("x")})


@pytest.mark.parametrize("view", ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
def test_view_type_stays_and_the_table_replicates_all_the_same(new_table, view):
    table = new_table(stream=view)
    table.put(p=S("before"), a=N(1))
    arn = table.description()["LatestStreamArn"]
    replica = table.add_replica(WEST)
    assert table.description()["LatestStreamArn"] == arn
    for side in (table, replica):
        assert side.description()["StreamSpecification"] == stream_of(view)
    replica.put(p=S("after"), a=N(2))
    eventually(lambda: replica.get(p=S("before")) == {"p": S("before"), "a": N(1)})
    eventually(lambda: table.get(p=S("after")) == {"p": S("after"), "a": N(2)})


def test_disabled_stream_is_enabled_again(new_table):
    table = new_table(stream="NEW_IMAGE")
    old = table.description()["LatestStreamArn"]
    table.update(StreamSpecification={"StreamEnabled": False})
    table.add_replica(WEST)
    description = table.description()
    assert description["StreamSpecification"]["StreamEnabled"] is True
    assert description["LatestStreamArn"] != old


def test_stream_of_a_replica_cannot_be_changed(pair):
    for side in (pair, pair.in_region(WEST)):
        with invalid(INVALID + "Disabling Stream is not allowed for a Global Table replica."):
            side.update_table(StreamSpecification={"StreamEnabled": False})
        with invalid(f"Table already has an enabled stream: TableName: {pair.name}"):
            side.update_table(StreamSpecification=stream_of("NEW_AND_OLD_IMAGES"))


def test_two_identical_creates_make_one_replica(new_table):
    table = new_table()
    table.update_table(ReplicaUpdates=[create(WEST), create(WEST)])
    table.wait_replica(WEST)
    assert replica_states(table.description()) == {WEST: "ACTIVE"}


def test_unknown_index_in_an_override_is_ignored(new_table):
    table = new_table()
    overrides = [{"IndexName": "unknown", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 1}}]
    table.update_table(ReplicaUpdates=[create(WEST, GlobalSecondaryIndexes=overrides)])
    table.wait_replica(WEST)


def test_local_indexes_come_with_the_table(new_table):
    table = new_table("p:S", "s:S", attributes=("l:N",), lsi=[index("local", "p", "l")], replicas=[WEST])
    replica = table.in_region(WEST)
    assert [entry["IndexName"] for entry in replica.description()["LocalSecondaryIndexes"]] == ["local"]
    table.put(p=S("x"), s=S("s"), l=N(1))
    eventually(lambda: len(replica.all_items(IndexName="local")) == 1)


# --- Removing -------------------------------------------------------------------------------------------------------


def test_removing_the_last_replica_leaves_a_regional_table(new_table):
    table = new_table(replicas=[WEST])
    table.put(p=S("x"))
    answer = table.update_table(ReplicaUpdates=[delete(WEST)])["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    table.in_region(WEST).wait_gone()
    eventually(lambda: not {"Replicas", "GlobalTableVersion"} & set(table.wait_active()))
    assert table.get(p=S("x")) == {"p": S("x")}
    assert table.description()["StreamSpecification"] == stream_of("NEW_AND_OLD_IMAGES")
    table.update(StreamSpecification={"StreamEnabled": False})


def test_the_other_replicas_carry_on(new_table):
    table = new_table(replicas=[WEST, SOUTH])
    table.remove_replica(SOUTH)
    west = table.in_region(WEST)
    eventually(lambda: replica_states(west.description()) == {EAST: "ACTIVE"})
    table.put(p=S("from east"))
    west.put(p=S("from west"))
    eventually(lambda: len(table.all_items()) == 2 and len(west.all_items()) == 2)
    with not_found():
        table.in_region(SOUTH).scan()


def test_deleting_the_table_of_a_region_removes_that_replica(new_table):
    table = new_table(replicas=[WEST])
    west = table.in_region(WEST)
    table.put(p=S("x"))
    eventually(lambda: west.get(p=S("x")))
    west.delete_table()
    west.wait_gone()
    eventually(lambda: "Replicas" not in table.wait_active())
    assert table.get(p=S("x")) == {"p": S("x")}


def test_replica_may_come_back_and_holds_what_its_source_holds(new_table):
    table = new_table(replicas=[WEST])
    west = table.in_region(WEST)
    table.put(p=S("kept"), n=N(1))
    table.put(p=S("dropped"))
    eventually(lambda: len(west.all_items()) == 2)
    first = west.description()
    table.remove_replica(WEST)
    table.delete_item(Key={"p": S("dropped")})
    table.put(p=S("kept"), n=N(2))
    table.add_replica(WEST)
    eventually(lambda: west.all_items() == [{"p": S("kept"), "n": N(2)}])
    second = west.description()
    assert first["TableId"] != second["TableId"] and first["LatestStreamArn"] != second["LatestStreamArn"]


def test_any_member_may_add_and_remove(new_table):
    table = new_table(replicas=[WEST])
    west, south = table.in_region(WEST), table.in_region(SOUTH)
    west.add_replica(SOUTH)
    eventually(lambda: replica_states(table.wait_active()) == {WEST: "ACTIVE", SOUTH: "ACTIVE"})
    south.put(p=S("x"))
    eventually(lambda: table.get(p=S("x")) and west.get(p=S("x")))
    table.update_table(ReplicaUpdates=[delete(SOUTH)])
    south.wait_gone()
    eventually(lambda: replica_states(west.wait_active()) == {EAST: "ACTIVE"})


def test_source_of_a_replica_goes_after_it(new_table):
    table = new_table(replicas=[WEST])
    west = table.in_region(WEST)
    west.add_replica(SOUTH)
    table.wait_active()
    text = (
        "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table "
        "in the last 24 hours."
    )
    with invalid(text):
        table.update_table(ReplicaUpdates=[delete(WEST)])
    with invalid(text):
        west.delete_table()
    with invalid(text):
        table.delete_table()
    table.remove_replica(SOUTH)
    table.remove_replica(WEST)
    table.delete_table()
    table.wait_gone()


def test_protected_replica_is_not_removed(new_table):
    table = new_table(replicas=[WEST])
    west = table.in_region(WEST)
    west.update(DeletionProtectionEnabled=True)
    assert table.description()["DeletionProtectionEnabled"] is False
    with invalid(
        f"Cannot delete table {table.name} in region {WEST} because it has deletion protection enabled. "
        "Disable deletion protection first."
    ):
        table.update_table(ReplicaUpdates=[delete(WEST)])
    west.update(DeletionProtectionEnabled=False)
    table.remove_replica(WEST)


# --- Refused (3.2) --------------------------------------------------------------------------------------------------

ONLY = INVALID + "Replica modification must be the only operation in the request"
LOCAL = matching("^Cannot add(, delete, or update| or delete) the local region through ReplicaUpdates. ")
NO_ACTION = "There are no actions specified in the Replica Update Action of the request."
FAULTS = {
    "with deletion protection": ({"ReplicaUpdates": [create(WEST)], "DeletionProtectionEnabled": True}, ONLY),
    "with a stream": ({"ReplicaUpdates": [create(WEST)], "StreamSpecification": stream_of()}, ONLY),
    "with a billing mode": ({"ReplicaUpdates": [create(WEST)], "BillingMode": "PAY_PER_REQUEST"}, ONLY),
    "two regions created": (
        {"ReplicaUpdates": [create(WEST), create(SOUTH)]},
        "Update table operation with more than one create or delete replica actions not allowed",
    ),
    "create and delete in one element": (
        {"ReplicaUpdates": [{**create(WEST), **delete(WEST)}]},
        "Update table operation with more than one type of replica actions not allowed.",
    ),
    "own region created": ({"ReplicaUpdates": [create(EAST)]}, LOCAL),
    "own region deleted": ({"ReplicaUpdates": [delete(EAST)]}, LOCAL),
    "unknown region": (
        {"ReplicaUpdates": [create("mars-north-1")]},
        starting(
            "Region mars-north-1 is not supported. The latest version of global tables are only supported in the "
            "following regions: ["
        ),
    ),
    "region in capitals": (
        {"ReplicaUpdates": [create("EU-WEST-1")]},
        starting("Region EU-WEST-1 is not supported."),
    ),
    "deleted without being a member": (
        {"ReplicaUpdates": [delete(WEST)]},
        "Update global table operation failed because one or more replicas were not part of the global table. "
        f"Please retry the request without these replicas: [{WEST}].",
    ),
    "updated without being a member": (
        {"ReplicaUpdates": [{"Update": {"RegionName": WEST, "TableClassOverride": "STANDARD"}}]},
        containing("were not part of the global table"),
    ),
    "update of nothing": ({"ReplicaUpdates": [{"Update": {"RegionName": WEST}}]}, NO_ACTION),
    "empty element": ({"ReplicaUpdates": [{}]}, NO_ACTION),
    "empty list": ({"ReplicaUpdates": []}, containing("Member must have length greater than or equal to 1")),
    "no region": ({"ReplicaUpdates": [{"Create": {}}]}, containing("Member must not be null")),
}


@pytest.mark.parametrize("case", FAULTS)
def test_refused_replica_updates(single, case):
    request, text = FAULTS[case]
    with invalid(text):
        single.update_table(**request)
    description = single.description()
    assert description["TableStatus"] == "ACTIVE" and "Replicas" not in description
    assert "StreamSpecification" not in description


def taken(name):
    return (
        f"Failed to create a the new replica of table with name: ‘{name}’ because one or more replicas already "
        "existed as tables."
    )


def test_region_where_a_table_of_that_name_exists(client, new_table):
    table = new_table()
    foreign = table.in_region(WEST)
    definitions, schema = key_attributes("other:N")
    foreign.client.create_table(
        TableName=table.name, AttributeDefinitions=definitions, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
    )
    foreign.wait_active()
    with invalid(taken(table.name)):
        table.update_table(ReplicaUpdates=[create(WEST)])
    assert "Replicas" not in table.description() and "Replicas" not in foreign.description()


def test_region_that_has_the_replica_already(pair):
    with invalid(taken(pair.name)):
        pair.update_table(ReplicaUpdates=[create(WEST)])


def test_table_of_that_name_cannot_be_created_beside_a_replica(pair):
    definitions, schema = key_attributes("p:S")
    with rejected("ResourceInUseException", f"Table already exists: {pair.name}"):
        pair.in_region(WEST).client.create_table(
            TableName=pair.name, AttributeDefinitions=definitions, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
        )


def test_missing_table(client):
    with not_found("Requested resource not found: Table: no-such-table not found"):
        client().update_table(TableName="no-such-table", ReplicaUpdates=[create(WEST)])


def test_provisioned_table_needs_auto_scaling(new_table):
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = new_table(BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    with invalid("Table write capacity should either be Pay-Per-Request or AutoScaled."):
        table.update_table(ReplicaUpdates=[create(WEST)])


def test_throughput_overrides_of_on_demand_tables(pair, new_table):
    override = {"ProvisionedThroughputOverride": {"ReadCapacityUnits": 5}}
    with invalid(
        containing(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
    ):
        pair.update_table(ReplicaUpdates=[{"Update": {"RegionName": WEST, **override}}])
    table = new_table()
    table.update_table(ReplicaUpdates=[create(WEST, **override)])
    table.wait_replica(WEST)


# --- What is shared (3.5) -------------------------------------------------------------------------------------------


def index_names(table):
    return [entry["IndexName"] for entry in table.wait_active().get("GlobalSecondaryIndexes", [])]


@pytest.mark.parametrize("changing", [EAST, WEST])
def test_indexes_are_made_and_dropped_everywhere(new_table, changing):
    table = new_table(replicas=[WEST])
    for number in range(20):
        table.in_region(REGIONS[number % 2]).put(p=S(f"k{number}"), g=S("g"))
    eventually(lambda: all(len(table.in_region(region).all_items()) == 20 for region in (EAST, WEST)))
    side = table.in_region(changing)
    side.update_table(
        AttributeDefinitions=key_attributes("p:S", "g:S")[0],
        GlobalSecondaryIndexUpdates=[{"Create": index("late", "g")}],
    )
    for region in (EAST, WEST):
        eventually(lambda region=region: index_names(table.in_region(region)) == ["late"])
        eventually(lambda region=region: len(table.in_region(region).all_items(IndexName="late")) == 20)
    side.update_table(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "late"}}])
    for region in (EAST, WEST):
        eventually(lambda region=region: index_names(table.in_region(region)) == [])


def test_replicated_items_reach_the_indexes(pair):
    g = S(unique("g"))
    item = pair.put(p=S(unique()), g=g)
    query = {"IndexName": "global", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": g}}
    west = pair.in_region(WEST)
    eventually(lambda: west.query(**query)["Items"] == [item])
    west.delete_item(Key={"p": item["p"]})
    eventually(lambda: pair.query(**query)["Items"] == [])


def test_tags_and_deletion_protection_stay_in_their_region(new_table):
    table = new_table(Tags=[{"Key": "team", "Value": "a"}], DeletionProtectionEnabled=True)
    west = table.add_replica(WEST)

    def tags(side):
        listed = side.client.list_tags_of_resource(ResourceArn=side.description()["TableArn"])["Tags"]
        return {entry["Key"]: entry["Value"] for entry in listed}

    assert tags(west) == {} and west.description()["DeletionProtectionEnabled"] is False
    west.client.tag_resource(ResourceArn=west.description()["TableArn"], Tags=[{"Key": "team", "Value": "b"}])
    eventually(lambda: tags(west) == {"team": "b"})
    assert tags(table) == {"team": "a"}
    table.update(DeletionProtectionEnabled=False)


def test_tables_of_other_names_are_not_touched(single, pair):
    single.put(p=S("alone"))
    with not_found():
        single.in_region(WEST).get_item(Key={"p": S("alone")})
    assert pair.in_region(WEST).get(p=S("alone")) is None
