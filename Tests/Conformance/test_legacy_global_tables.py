"""Global tables of version 2017.11.29 (global-tables.md 1, 2, 5, 9): joining, what items and streams show, members."""

import re
import threading

import pytest

from harness import REGIONS
from harness.admin import admin
from harness.errors import ANY_TEXT, INVALID, containing, invalid, rejected
from harness.legacy_global_tables import (  # noqa: F401 (fixtures)
    DELETING,
    EAST,
    NOT_SUPPORTED,
    SOUTH,
    STAMP,
    UPDATE_REGION,
    UPDATE_TIME,
    WEST,
    clients,
    group,
    legacy,
    legacy_streams,
    new_legacy,
    not_there,
    plain,
    stamp,
    wait_item,
)
from harness.streamreader import images, reader, records_of
from harness.tables import Table, TableFactory, index, key_attributes, stream_of
from harness.values import BOOL, N, S
from harness.waiting import eventually


# Without the flag: as AWS answers those who have no such tables


class TestNotOffered:
    def test_creating_one_is_refused(self, client, new_table):
        table = new_table(stream="NEW_AND_OLD_IMAGES")
        with invalid(NOT_SUPPORTED):
            client().create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST, WEST))

    def test_members_are_checked_first(self, client):
        with invalid(containing("Value null at 'replicationGroup' failed to satisfy constraint")):
            client().create_global_table(GlobalTableName="Anything")

    @pytest.mark.parametrize("of_other_version", [False, True])
    def test_there_are_none(self, client, new_table, of_other_version):
        name = new_table(replicas=[WEST] if of_other_version else []).name
        with not_there(name):
            client().describe_global_table(GlobalTableName=name)
        with not_there(name):
            client().describe_global_table_settings(GlobalTableName=name)
        with not_there(name):
            client().update_global_table(GlobalTableName=name, ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
        with not_there(name):
            client().update_global_table_settings(
                GlobalTableName=name, GlobalTableProvisionedWriteCapacityUnits=5
            )
        assert client().list_global_tables()["GlobalTables"] == []


# Making and describing


def test_tables_are_joined(new_legacy, clients):
    table = new_legacy.alone(regions=(EAST, WEST))
    created = clients(EAST).create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST, WEST))
    description = created["GlobalTableDescription"]
    assert description["GlobalTableStatus"] == "CREATING"
    assert description["GlobalTableArn"] == f"arn:aws:dynamodb::000000000000:global-table/{table.name}"
    assert description["GlobalTableName"] == table.name
    table.wait_global(EAST, WEST)
    for region in REGIONS:
        seen = clients(region).describe_global_table(GlobalTableName=table.name)["GlobalTableDescription"]
        assert seen["CreationDateTime"] == description["CreationDateTime"]
        assert {tuple(replica) for replica in seen["ReplicationGroup"]} == {("RegionName",)}


def test_describe_table_shows_nothing_of_it(new_legacy):
    description = new_legacy().description()
    assert description["TableStatus"] == "ACTIVE"
    assert "GlobalTableVersion" not in description and "Replicas" not in description


def test_listing_has_pages_and_a_filter(new_legacy, clients):
    names = sorted(new_legacy(regions=regions).name for regions in [(EAST, WEST), (EAST,), (WEST, SOUTH)])

    def listed(**arguments):
        found = [t["GlobalTableName"] for t in clients().list_global_tables(**arguments)["GlobalTables"]]
        return [name for name in found if name in names]

    assert listed() == names
    assert len(listed(RegionName=SOUTH)) == 1
    first = clients().list_global_tables(Limit=1)
    assert first["LastEvaluatedGlobalTableName"] == first["GlobalTables"][0]["GlobalTableName"]
    assert listed(ExclusiveStartGlobalTableName=names[1]) == names[2:]
    with invalid(containing("greater than or equal to 1")):
        clients().list_global_tables(Limit=0)


UNLIKE = {
    "no stream": ({"StreamSpecification": {"StreamEnabled": False}}, "must have a stream"),
    "keys only": ({"StreamSpecification": stream_of("KEYS_ONLY")}, "NEW_AND_OLD_IMAGES"),
    "other key": (
        {
            "AttributeDefinitions": [{"AttributeName": "q", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "q", "KeyType": "HASH"}],
        },
        "the same key schema",
    ),
    "other type": ({"AttributeDefinitions": [{"AttributeName": "p", "AttributeType": "N"}]}, "the same key schema"),
    "an index": (
        {
            "AttributeDefinitions": key_attributes("p:S", "g:S")[0],
            "GlobalSecondaryIndexes": [index("byG", "g")],
        },
        "the same global secondary indexes",
    ),
    "provisioned": (
        {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
        "the same write capacity settings",
    ),
}


@pytest.mark.parametrize("difference, text", UNLIKE.values(), ids=UNLIKE.keys())
def test_unlike_tables_are_refused(new_legacy, clients, difference, text):
    table = new_legacy.alone(regions=(EAST,))
    new_legacy.alone(regions=(WEST,), name=table.name, **difference)
    with invalid(containing(text)):
        clients().create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST, WEST))
    with not_there(table.name):
        table.global_table()


def test_missing_and_full_tables_are_refused(new_legacy, clients):
    table = new_legacy.alone(regions=(EAST, WEST))
    with rejected("TableNotFoundException", containing(SOUTH)):
        clients().create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST, SOUTH))
    table.in_region(WEST).put(p=S("a"))
    with invalid(containing("must be empty")):
        clients().create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST, WEST))
    table.in_region(WEST).delete_item(Key={"p": S("a")})
    clients().create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST, WEST))
    table.wait_global(EAST, WEST)
    with rejected("GlobalTableAlreadyExistsException", containing(table.name)):
        clients().create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST, WEST))


BAD = {
    "an unknown region": (group(EAST, "mars-north-1"), containing("mars-north-1")),
    "a region twice": (group(EAST, EAST), containing("more than once")),
    "no region": ([], ANY_TEXT),
    "an element without a region": ([{}], containing("replicationGroup.1.member.regionName")),
}


@pytest.mark.parametrize("replicas, text", BAD.values(), ids=BAD.keys())
def test_bad_groups_are_refused(new_legacy, clients, replicas, text):
    table = new_legacy.alone(regions=(EAST,))
    with invalid(text):
        clients().create_global_table(GlobalTableName=table.name, ReplicationGroup=replicas)


# Items and streams


def test_items_carry_a_stamp_everywhere(new_legacy):
    table = new_legacy()
    table.put(p=S("a"), n=N(1))
    for region in (EAST, WEST):
        item = wait_item(table.in_region(region), {"p": S("a"), "n": N(1)}, p=S("a"))
        assert item[UPDATE_REGION] == S(EAST)
        assert item[DELETING] == BOOL(False)
        assert re.fullmatch(r"\d{10}\.\d{3}001", item[UPDATE_TIME]["N"])
    assert stamp(table.get(p=S("a"))) == stamp(table.in_region(WEST).get(p=S("a")))
    assert set(table.all_items()[0]) == {"p", "n"} | STAMP
    projected = table.get_item(
        Key={"p": S("a")}, ProjectionExpression="#r", ExpressionAttributeNames={"#r": UPDATE_REGION}
    )
    assert projected["Item"] == {UPDATE_REGION: S(EAST)}


def test_what_clients_write_into_the_stamp_is_overwritten(new_legacy):
    table = new_legacy()
    table.put(**{"p": S("a"), UPDATE_TIME: N(1), UPDATE_REGION: S("mars"), DELETING: BOOL(True), "n": N(1)})
    item = table.get(p=S("a"))
    assert item[UPDATE_REGION] == S(EAST) and item[DELETING] == BOOL(False) and item[UPDATE_TIME] != N(1)
    table.update_item(
        Key={"p": S("a")},
        UpdateExpression="REMOVE #r",
        ExpressionAttributeNames={"#r": UPDATE_REGION},
    )
    assert table.get(p=S("a"))[UPDATE_REGION] == S(EAST)
    wait_item(table.in_region(WEST), {"p": S("a"), "n": N(1)}, p=S("a"))


def test_answers_show_what_the_client_wrote(new_legacy):
    table = new_legacy()
    table.put(p=S("a"), n=N(1))
    first = table.get(p=S("a"))
    answer = table.update_item(
        Key={"p": S("a")},
        UpdateExpression="SET n = :two",
        ExpressionAttributeValues={":two": N(2)},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"] == {**first, "n": N(2)}, "the stamp comes after the client's write"
    old = table.put_item(Item={"p": S("a")}, ReturnValues="ALL_OLD")["Attributes"]
    assert plain(old) == {"p": S("a"), "n": N(2)} and old[UPDATE_TIME] != first[UPDATE_TIME]


def test_two_records_of_a_put_at_the_source(new_legacy, legacy_streams):
    table = new_legacy()
    records = images(
        records_of(
            legacy_streams,
            table,
            lambda: table.put(p=S("a"), n=N(1)),
            lambda: table.put(p=S("a"), n=N(2)),
            lambda: table.update_item(
                Key={"p": S("a")}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": N(3)}
            ),
            lambda: table.delete_item(Key={"p": S("a")}),
        )
    )[1:]  # the first is the second record of the marker
    names = [name for name, _, _ in records]
    assert names == ["INSERT", "MODIFY"] + ["MODIFY", "MODIFY"] * 2 + ["REMOVE"]
    for (_, _, first), (_, before, second) in zip(records[0:6:2], records[1:6:2]):
        assert before == first
        assert plain(first) == plain(second)
        assert set(stamp(second)) == STAMP
        assert second[UPDATE_TIME] != first.get(UPDATE_TIME)
    assert stamp(records[0][2]) == {} and stamp(records[2][2]) == {}, "a put leaves the stamp out"
    assert stamp(records[4][2]) == stamp(records[3][2]), "an update leaves it as it was"
    assert stamp(records[6][1]) == stamp(records[5][2]), "a delete shows the last one"


def test_one_record_of_a_put_and_two_of_a_delete_at_the_destination(new_legacy, legacy_streams):
    table = new_legacy()
    west = table.in_region(WEST)
    follow = reader(legacy_streams, west)
    table.put(p=S("a"), n=N(1))
    table.put(p=S("a"), n=N(2))
    wait_item(west, {"p": S("a"), "n": N(2)}, p=S("a"))
    last = west.get(p=S("a"))
    table.delete_item(Key={"p": S("a")})
    wait_item(west, None, p=S("a"))
    records = images(follow.until_count(4))
    assert [name for name, _, _ in records] == ["INSERT", "MODIFY", "MODIFY", "REMOVE"]
    assert set(stamp(records[0][2])) == STAMP
    assert records[2][1] == last
    assert records[2][2] == {**last, DELETING: BOOL(True)}
    assert records[3][1:] == ({**last, DELETING: BOOL(True)}, None)
    assert all("userIdentity" not in record for record in follow.records)


def test_writes_that_change_nothing_leave_no_record(new_legacy, legacy_streams):
    table = new_legacy()
    table.put(p=S("a"), n=N(1))
    whole = table.get(p=S("a"))
    records = records_of(
        legacy_streams,
        table,
        lambda: table.put_item(Item=whole),
        lambda: table.update_item(
            Key={"p": S("a")}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": N(1)}
        ),
        lambda: table.delete_item(Key={"p": S("none")}),
    )
    assert len(records) == 1, "only the second record of the marker"


def test_batches_and_transactions_are_stamped_too(new_legacy, clients, legacy):
    table = new_legacy()
    clients().batch_write_item(
        RequestItems={table.name: [{"PutRequest": {"Item": {"p": S(f"b{n}")}}} for n in range(5)]}
    )
    clients().transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table.name, "Item": {"p": S("t1")}}},
            {"Delete": {"TableName": table.name, "Key": {"p": S("b0")}}},
            {"Put": {"TableName": table.name, "Item": {"p": S("t2")}}},
        ]
    )
    expected = {f"b{n}" for n in range(1, 5)} | {"t1", "t2"}

    def arrived():
        items = table.in_region(WEST).all_items()
        assert {item["p"]["S"] for item in items} == expected
        assert all(set(stamp(item)) == STAMP for item in items)

    eventually(arrived)
    status, arrivals = admin(legacy, f"/_tributary/transactions?region={WEST}")
    assert status == 200 and arrivals["halfVisible"] == 0 and arrivals["arrived"] > 0


def test_the_last_writer_wins_everywhere(new_legacy):
    table = new_legacy(regions=REGIONS)
    replicas = [table.in_region(region) for region in REGIONS]

    def write(replica, count):
        for n in range(count):
            replica.put(p=S("shared"), n=N(n), by=S(replica.region))

    threads = [threading.Thread(target=write, args=(replica, 30)) for replica in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def equal():
        items = [replica.get(p=S("shared")) for replica in replicas]
        assert items[0] == items[1] == items[2]
        assert items[0][UPDATE_REGION] == items[0]["by"], "whole items, not attributes"

    eventually(equal)


def test_indexes_project_the_stamp_and_may_have_it_as_key(new_legacy):
    table = new_legacy(
        attributes=[{"AttributeName": UPDATE_REGION, "AttributeType": "S"}],
        GlobalSecondaryIndexes=[index("byRegion", UPDATE_REGION)],
    )
    table.put(p=S("a"))
    west = table.in_region(WEST)
    wait_item(west, {"p": S("a")}, p=S("a"))
    found = west.query(
        IndexName="byRegion",
        KeyConditionExpression="#r = :r",
        ExpressionAttributeNames={"#r": UPDATE_REGION},
        ExpressionAttributeValues={":r": S(EAST)},
    )["Items"]
    assert [set(item) for item in found] == [{"p"} | STAMP]


# Replicas that come and go


def test_a_replica_is_added_to_an_empty_global_table(new_legacy):
    table = new_legacy.alone(regions=REGIONS)
    table.client.create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST))
    table.wait_global(EAST)
    table.put(p=S("a"))
    with invalid(containing(f"holds items in: [{EAST}]")):
        table.update_group({"Create": {"RegionName": WEST}})
    table.delete_item(Key={"p": S("a")})
    answer = table.update_group({"Create": {"RegionName": WEST}})["GlobalTableDescription"]
    assert answer["GlobalTableStatus"] == "UPDATING"
    assert {replica["RegionName"] for replica in answer["ReplicationGroup"]} == {EAST, WEST}
    table.wait_global(EAST, WEST)
    table.in_region(WEST).put(p=S("b"))
    wait_item(table, {"p": S("b")}, p=S("b"))


def test_a_removed_replica_lives_on_alone(new_legacy):
    table = new_legacy(regions=REGIONS)
    west = table.in_region(WEST)
    table.put(p=S("a"), n=N(1))
    wait_item(west, {"p": S("a"), "n": N(1)}, p=S("a"))
    answer = table.update_group({"Delete": {"RegionName": WEST}})["GlobalTableDescription"]
    assert {replica["RegionName"] for replica in answer["ReplicationGroup"]} == {EAST, SOUTH}
    table.wait_global(EAST, SOUTH)
    west.wait_independent()
    assert west.description()["TableStatus"] == "ACTIVE"
    assert set(stamp(west.get(p=S("a")))) == STAMP, "its items stay as they are"
    west.put(p=S("own"))
    assert west.get(p=S("own")) == {"p": S("own")}, "and are stamped no more"
    table.put(p=S("theirs"))
    wait_item(table.in_region(SOUTH), {"p": S("theirs")}, p=S("theirs"))
    assert west.get(p=S("theirs")) is None and table.get(p=S("own")) is None
    west.update(StreamSpecification={"StreamEnabled": False})

    # A table like any other: it may become the beginning of a global table of the other version.
    west.delete_table()
    west.wait_gone()


def test_with_its_last_replica_the_global_table_is_gone(new_legacy):
    table = new_legacy()
    table.update_group({"Delete": {"RegionName": EAST}}, {"Delete": {"RegionName": WEST}})

    def gone():
        with not_there(table.name):
            table.global_table()

    eventually(gone)
    assert table.description()["TableStatus"] == "ACTIVE"
    table.client.create_global_table(GlobalTableName=table.name, ReplicationGroup=group(EAST, WEST))
    table.wait_global(EAST, WEST)


def test_deleting_a_replicas_table_takes_it_out(new_legacy):
    table = new_legacy(regions=REGIONS)
    table.in_region(SOUTH).delete_table()
    table.in_region(SOUTH).wait_gone()
    table.wait_global(EAST, WEST)
    table.put(p=S("a"))
    wait_item(table.in_region(WEST), {"p": S("a")}, p=S("a"))


BAD_UPDATES = {
    "a member again": ([{"Create": {"RegionName": WEST}}], "ReplicaAlreadyExistsException"),
    "a stranger": ([{"Delete": {"RegionName": SOUTH}}], "ReplicaNotFoundException"),
    "no table there": ([{"Create": {"RegionName": SOUTH}}], "TableNotFoundException"),
    "an unknown region": ([{"Create": {"RegionName": "mars-north-1"}}], "ValidationException"),
    "both at once": ([{"Create": {"RegionName": SOUTH}, "Delete": {"RegionName": WEST}}], "ValidationException"),
    "neither": ([{}], "ValidationException"),
    "none": ([], "ValidationException"),
    "twice": ([{"Delete": {"RegionName": WEST}}] * 2, "ValidationException"),
}


@pytest.mark.parametrize("updates, code", BAD_UPDATES.values(), ids=BAD_UPDATES.keys())
def test_bad_updates_are_refused(new_legacy, updates, code):
    table = new_legacy()
    with rejected(code):
        table.update_group(*updates)
    assert table.members() == {EAST, WEST}


# The other version


def test_the_versions_keep_out_of_each_others_way(new_legacy, clients):
    table = new_legacy()
    with invalid(containing("version 2017.11.29")):
        table.update_table(ReplicaUpdates=[{"Create": {"RegionName": SOUTH}}])
    with invalid(INVALID + "Disabling Stream is not allowed for a Global Table replica."):
        table.update_table(StreamSpecification={"StreamEnabled": False})
    current = TableFactory(clients)(stream="NEW_AND_OLD_IMAGES", replicas=[WEST])
    with invalid(containing("version 2019.11.21")):
        clients().create_global_table(GlobalTableName=current.name, ReplicationGroup=group(EAST, WEST))
    with not_there(current.name):
        clients().describe_global_table(GlobalTableName=current.name)
    current.put(p=S("a"))
    eventually(lambda: current.in_region(WEST).get(p=S("a")) == {"p": S("a")})


def test_indexes_and_tags_are_each_replicas_own(new_legacy):
    table = new_legacy()
    table.update(
        AttributeDefinitions=key_attributes("p:S", "g:S")[0],
        GlobalSecondaryIndexUpdates=[{"Create": index("byG", "g")}],
    )
    assert [found["IndexName"] for found in table.description()["GlobalSecondaryIndexes"]] == ["byG"]
    assert "GlobalSecondaryIndexes" not in table.in_region(WEST).description()
