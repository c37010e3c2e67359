"""Global tables of version 2017.11.29 (global-tables.md 1, 2, 5, 7, 8, 9), which `serve --legacy-global-tables` offers."""

import datetime
import re
import threading
import time

import pytest

from harness import REGIONS
from harness.admin import admin, moved_clock
from harness.awscli import CommandLine
from harness.errors import ANY_TEXT, INVALID, containing, invalid, rejected
from harness.streamreader import images, reader, records_of
from harness.tables import Table, TableFactory, index, key_attributes, stream_of
from harness.values import BOOL, N, S, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
NOT_SUPPORTED = INVALID + (
    "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
    "2019.11.21, instead of version 2017.11.29 (Legacy)."
)
UPDATE_TIME, UPDATE_REGION, DELETING = "aws:rep:updatetime", "aws:rep:updateregion", "aws:rep:deleting"
STAMP = {UPDATE_TIME, UPDATE_REGION, DELETING}
SWEEPER = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def not_there(name):
    return rejected("GlobalTableNotFoundException", f"Global table with name '{name}' does not exist.")


def group(*regions):
    return [{"RegionName": region} for region in regions]


def plain(item):
    """The item without its stamp; None for none."""
    return item and {name: value for name, value in item.items() if name not in STAMP}


def stamp(item):
    return {name: value for name, value in (item or {}).items() if name in STAMP}


class LegacyTable(Table):
    """The replica of a global table in one region."""

    def in_region(self, region):
        return LegacyTable(self.name, region, self._clients)

    def global_table(self):
        return self.client.describe_global_table(GlobalTableName=self.name)["GlobalTableDescription"]

    def members(self):
        return {replica["RegionName"] for replica in self.global_table()["ReplicationGroup"]}

    def wait_global(self, *regions):
        def settled():
            assert self.global_table()["GlobalTableStatus"] == "ACTIVE"
            assert self.members() == set(regions)

        eventually(settled)
        return self

    def wait_independent(self):
        """Until its region's replica stands alone: it may be joined to something else then."""

        def alone():
            names = self.client.list_global_tables(RegionName=self.region)["GlobalTables"]
            assert self.name not in [table["GlobalTableName"] for table in names]

        eventually(alone)

    def update_group(self, *updates):
        return self.client.update_global_table(GlobalTableName=self.name, ReplicaUpdates=list(updates))


class LegacyTables(TableFactory):
    """Equal tables in some regions, joined to a global table."""

    def alone(self, *keys, regions=REGIONS, name=None, **more):
        name = name or unique("legacy")
        definitions, schema = key_attributes(*(keys or ("p:S",)))
        request = {
            "AttributeDefinitions": definitions + more.pop("attributes", []),
            "KeySchema": schema,
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": stream_of(),
            **more,
        }
        for region in regions:
            self._clients(region).create_table(TableName=name, **request)
            Table(name, region, self._clients).wait_active()
        return LegacyTable(name, regions[0], self._clients)

    def __call__(self, *keys, regions=(EAST, WEST), **more):
        table = self.alone(*keys, regions=regions, **more)
        table.client.create_global_table(GlobalTableName=table.name, ReplicationGroup=group(*regions))
        return table.wait_global(*regions)


@pytest.fixture(scope="module")
def legacy(module_server):
    return module_server("--in-memory", "--legacy-global-tables")


@pytest.fixture(scope="module")
def clients(legacy, new_clients):
    return new_clients(legacy.endpoint)


@pytest.fixture(scope="module")
def legacy_streams(legacy, new_clients):
    return new_clients(legacy.endpoint, "dynamodbstreams")


@pytest.fixture(scope="module")
def new_legacy(clients):
    return LegacyTables(clients)


def wait_item(table, expected, **key):
    """Until the item is there with these attributes (None: gone), whatever its stamp."""

    def there():
        found = table.get(**key)
        assert plain(found) == expected
        return found if found is not None else True

    return eventually(there)


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


# Settings


def provisioned(new_legacy, **more):
    return new_legacy(
        BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 5}, **more
    )


def settings_of(table):
    answer = table.client.describe_global_table_settings(GlobalTableName=table.name)
    assert answer["GlobalTableName"] == table.name
    return {replica["RegionName"]: replica for replica in answer["ReplicaSettings"]}


def test_settings_are_described(new_legacy):
    settings = settings_of(provisioned(new_legacy))
    assert settings.keys() == {EAST, WEST}
    assert settings[EAST] == {
        "RegionName": EAST,
        "ReplicaStatus": "ACTIVE",
        "ReplicaProvisionedReadCapacityUnits": 10,
        "ReplicaProvisionedReadCapacityAutoScalingSettings": {"AutoScalingDisabled": True},
        "ReplicaProvisionedWriteCapacityUnits": 5,
        "ReplicaProvisionedWriteCapacityAutoScalingSettings": {"AutoScalingDisabled": True},
    }


def test_settings_are_updated(new_legacy):
    table = provisioned(new_legacy)
    answer = table.client.update_global_table_settings(
        GlobalTableName=table.name,
        GlobalTableProvisionedWriteCapacityUnits=15,
        ReplicaSettingsUpdate=[{"RegionName": WEST, "ReplicaProvisionedReadCapacityUnits": 20}],
    )
    assert {replica["ReplicaStatus"] for replica in answer["ReplicaSettings"]} == {"UPDATING"}

    def updated():
        units = {
            region: (
                replica["ReplicaProvisionedReadCapacityUnits"],
                replica["ReplicaProvisionedWriteCapacityUnits"],
            )
            for region, replica in settings_of(table).items()
        }
        assert units == {EAST: (10, 15), WEST: (20, 15)}

    eventually(updated)
    assert table.in_region(WEST).description()["ProvisionedThroughput"]["ReadCapacityUnits"] == 20


BAD_SETTINGS = {
    "nothing": ({}, "ValidationException"),
    "a stranger": (
        {"ReplicaSettingsUpdate": [{"RegionName": SOUTH, "ReplicaProvisionedReadCapacityUnits": 1}]},
        "ReplicaNotFoundException",
    ),
    "no such index": (
        {
            "GlobalTableGlobalSecondaryIndexSettingsUpdate": [
                {"IndexName": "none", "ProvisionedWriteCapacityUnits": 1}
            ]
        },
        "IndexNotFoundException",
    ),
    "contradiction": (
        {"GlobalTableBillingMode": "PAY_PER_REQUEST", "GlobalTableProvisionedWriteCapacityUnits": 1},
        "ValidationException",
    ),
    "a region twice": (
        {"ReplicaSettingsUpdate": [{"RegionName": EAST, "ReplicaProvisionedReadCapacityUnits": 1}] * 2},
        "ValidationException",
    ),
    "no units": ({"GlobalTableProvisionedWriteCapacityUnits": 0}, "ValidationException"),
}


@pytest.mark.parametrize("members, code", BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_bad_settings_are_refused(new_legacy, members, code):
    table = provisioned(new_legacy)
    before = settings_of(table)
    with rejected(code):
        table.client.update_global_table_settings(GlobalTableName=table.name, **members)
    assert settings_of(table) == before


# Time to live


def enable_ttl(table):
    table.update_time_to_live(TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})

    def enabled():
        assert table.describe_time_to_live()["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"

    eventually(enabled)


def test_each_region_has_its_own_setting_and_sweeps_for_itself(new_legacy, legacy, legacy_streams):
    table = new_legacy()
    west = table.in_region(WEST)
    enable_ttl(table)
    assert west.describe_time_to_live()["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    follow = {region: reader(legacy_streams, table.in_region(region)) for region in (EAST, WEST)}
    item = {"p": S("a"), "ttl": N(int(time.time()) + 3000)}
    table.put(**item)
    wait_item(west, item, p=S("a"))

    def removals(region):
        def removed(records):
            return [record for record in records if record["eventName"] == "REMOVE"]

        return removed(follow[region].until(lambda records: removed(records)))

    with moved_clock(legacy, "1h", EAST, WEST):
        wait_item(table, None, p=S("a"))
        # What comes after the deletion in the stream has arrived, so that the deletion would have.
        table.put(p=S("after"))
        wait_item(west, {"p": S("after")}, p=S("after"))
        assert plain(west.get(p=S("a"))) == item, "the deletion is not replicated"
        assert removals(EAST)[0]["userIdentity"] == SWEEPER
        enable_ttl(west)
        wait_item(west, None, p=S("a"))
        record = removals(WEST)[0]
        assert record["userIdentity"] == SWEEPER, "its own sweep, so its own record of one"
        names = [r["eventName"] for r in follow[WEST].records if r["dynamodb"]["Keys"]["p"] == S("a")]
        assert names == ["INSERT", "REMOVE"]


def test_an_update_where_the_item_still_is_brings_it_back(new_legacy, legacy):
    table = new_legacy()
    west = table.in_region(WEST)
    enable_ttl(table)
    item = {"p": S("a"), "ttl": N(int(time.time()) + 3000)}
    table.put(**item)
    wait_item(west, item, p=S("a"))
    with moved_clock(legacy, "1h", EAST):
        wait_item(table, None, p=S("a"))
        west.update_item(Key={"p": S("a")}, UpdateExpression="REMOVE #t", ExpressionAttributeNames={"#t": "ttl"})
        wait_item(table, {"p": S("a")}, p=S("a"))


# Metrics


def test_latency_and_pending_changes_are_measured(new_legacy, legacy, new_clients):
    table = new_legacy()
    cloudwatch = new_clients(legacy.endpoint, "cloudwatch")(EAST)
    for n in range(20):
        table.put(p=S(f"k{n}"))

    def measured():
        for metric in ("ReplicationLatency", "PendingReplicationCount"):
            now = datetime.datetime.now(datetime.timezone.utc)
            points = cloudwatch.get_metric_statistics(
                Namespace="AWS/DynamoDB",
                MetricName=metric,
                Dimensions=[
                    {"Name": "TableName", "Value": table.name},
                    {"Name": "ReceivingRegion", "Value": WEST},
                ],
                StartTime=now - datetime.timedelta(minutes=5),
                EndTime=now + datetime.timedelta(minutes=2),
                Period=60,
                Statistics=["SampleCount", "Average"],
            )["Datapoints"]
            assert points, metric

    eventually(measured)


# Restarts


def test_everything_survives_kill_minus_nine(own_server, new_clients, tmp_path):
    server = own_server("--legacy-global-tables", data_directory=tmp_path / "kept")
    clients = new_clients(server.endpoint)
    tables = LegacyTables(clients)
    table = tables(regions=REGIONS)
    created = table.global_table()["CreationDateTime"]
    acknowledged = {}
    stopping = threading.Event()

    def write(region):
        replica, n = table.in_region(region), 0
        while not stopping.is_set():
            n += 1
            try:
                replica.put(p=S(f"{region}-{n % 50}"), n=N(n))
            except Exception:
                return
            acknowledged[f"{region}-{n % 50}"] = n

    threads = [threading.Thread(target=write, args=(region,)) for region in REGIONS]
    for thread in threads:
        thread.start()
    eventually(lambda: len(acknowledged) > 100)
    table.update_group({"Delete": {"RegionName": SOUTH}})
    server.kill()
    stopping.set()
    for thread in threads:
        thread.join()

    # Without the flag, too, what is there goes on.
    again = own_server(data_directory=tmp_path / "kept")
    clients = new_clients(again.endpoint)
    table = LegacyTable(table.name, EAST, clients).wait_global(EAST, WEST)
    assert table.global_table()["CreationDateTime"] == created
    table.in_region(SOUTH).wait_independent()
    with invalid(NOT_SUPPORTED):
        clients().create_global_table(GlobalTableName=unique("new"), ReplicationGroup=group(EAST))

    def equal():
        states = [{i["p"]["S"]: i for i in table.in_region(r).all_items()} for r in (EAST, WEST)]
        assert states[0] == states[1]
        assert all(set(stamp(item)) == STAMP for item in states[0].values())
        for key, n in acknowledged.items():
            if not key.startswith(SOUTH):
                assert int(states[0][key]["n"]["N"]) >= n, key
        return True

    eventually(equal)
    mine = {item["p"]["S"]: int(item["n"]["N"]) for item in table.in_region(SOUTH).all_items()}
    assert all(mine[key] >= n for key, n in acknowledged.items() if key.startswith(SOUTH))
    table.in_region(WEST).put(p=S("after"))
    wait_item(table, {"p": S("after")}, p=S("after"))


# The AWS CLI


def test_the_aws_cli_makes_and_describes_one(new_legacy, legacy, tmp_path):
    table = new_legacy.alone(regions=(EAST, WEST))
    cli = CommandLine(legacy.endpoint, tmp_path)
    made = cli(
        *"dynamodb create-global-table --region us-east-1 --global-table-name".split(), table.name,
        "--replication-group", "RegionName=us-east-1", "RegionName=eu-west-1",
    )
    assert made["GlobalTableDescription"]["GlobalTableName"] == table.name
    table.wait_global(EAST, WEST)
    listed = cli(*"dynamodb list-global-tables --region eu-west-1".split())["GlobalTables"]
    assert table.name in [found["GlobalTableName"] for found in listed]
    settings = cli(*"dynamodb describe-global-table-settings --region eu-west-1 --global-table-name".split(), table.name)
    assert len(settings["ReplicaSettings"]) == 2
