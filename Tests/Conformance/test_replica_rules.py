"""Rules of global tables: what replicas share, what each has for itself, and what cannot be undone (3.2, 3.3, 3.5)."""

import pytest

from harness import REGIONS
from harness.admin import moved_clock
from harness.errors import INVALID, containing, invalid, rejected
from harness.tables import index, key_attributes, replica_states
from harness.values import S
from harness.waiting import eventually
from test_replica_auto_scaling import provisioned, register, settings, units

EAST, WEST, SOUTH = REGIONS


@pytest.fixture(scope="module")
def scaling(server, new_clients):
    return new_clients(server.endpoint, "application-autoscaling")


@pytest.fixture
def pair(new_table):
    """An on-demand table in EAST and WEST."""
    return new_table(replicas=[WEST])


@pytest.fixture
def scaled(new_table, scaling):
    """A provisioned table with an index in EAST and WEST."""
    gsi = [{**index("byCity", "city"), "ProvisionedThroughput": units(5, 5)}]
    table = new_table("p:S", attributes=["city:S"], gsi=gsi, **provisioned())
    register(scaling(EAST), table)
    register(scaling(EAST), table, index_name="byCity")
    table.add_replica(WEST)
    return table


# --- 3.5, row by row: a change, how it shows, and whether the other region shows it too --------------------------------


def throughput(table):
    shown = table.description()["ProvisionedThroughput"]
    return shown["ReadCapacityUnits"], shown["WriteCapacityUnits"]


def index_throughput(table):
    shown = table.description()["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]
    return shown["ReadCapacityUnits"], shown["WriteCapacityUnits"]


def index_names(table):
    return [entry["IndexName"] for entry in table.description().get("GlobalSecondaryIndexes", [])]


def definitions(table):
    return sorted(entry["AttributeName"] for entry in table.description()["AttributeDefinitions"])


def time_to_live(table):
    return table.describe_time_to_live()["TimeToLiveDescription"].get("AttributeName")


def table_class(table):
    return table.description().get("TableClassSummary", {}).get("TableClass")


def tags(table):
    return table.client.list_tags_of_resource(ResourceArn=table.description()["TableArn"])["Tags"]


def recovery(table):
    description = table.describe_continuous_backups()["ContinuousBackupsDescription"]
    return description["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]


def write_maximum(table):
    replicas = table.describe_table_replica_auto_scaling()["TableAutoScalingDescription"]["Replicas"]
    [own] = [replica for replica in replicas if replica["RegionName"] == table.region]
    return own["ReplicaProvisionedWriteCapacityAutoScalingSettings"].get("MaximumUnits")


def create_index(table):
    table.update_table(
        AttributeDefinitions=key_attributes("late:S")[0],
        GlobalSecondaryIndexUpdates=[{"Create": index("late", "late")}],
    )


def index_update(read, write):
    return [{"Update": {"IndexName": "byCity", "ProvisionedThroughput": units(read, write)}}]


# name: (fixture, change, reading, value after it)
SHARED = {
    "billing mode": (
        "pair",
        lambda t: t.update_table(**provisioned(7, 8)),
        throughput,
        (7, 8),
    ),
    "write capacity": (
        "scaled",
        lambda t: t.update_table(ProvisionedThroughput=units(5, 9)),
        throughput,
        (5, 9),
    ),
    "read capacity": (
        "scaled",
        lambda t: t.update_table(ProvisionedThroughput=units(9, 5)),
        throughput,
        (9, 5),
    ),
    "write capacity of an index": (
        "scaled",
        lambda t: t.update_table(GlobalSecondaryIndexUpdates=index_update(5, 9)),
        index_throughput,
        (5, 9),
    ),
    "read capacity of an index": (
        "scaled",
        lambda t: t.update_table(GlobalSecondaryIndexUpdates=index_update(9, 5)),
        index_throughput,
        (9, 5),
    ),
    "write auto scaling": (
        "scaled",
        lambda t: t.update_table_replica_auto_scaling(ProvisionedWriteCapacityAutoScalingUpdate=settings(5, 55)),
        write_maximum,
        55,
    ),
    "a new index": ("pair", create_index, index_names, ["late"]),
    "definitions of its keys": ("pair", create_index, definitions, ["late", "p"]),
    "time to live": (
        "pair",
        lambda t: t.update_time_to_live(TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}),
        time_to_live,
        "ttl",
    ),
    "table class": (
        "pair",
        lambda t: t.update_table(TableClass="STANDARD_INFREQUENT_ACCESS"),
        table_class,
        "STANDARD_INFREQUENT_ACCESS",
    ),
}

OWN = {
    "deletion protection": (
        lambda t: t.update_table(DeletionProtectionEnabled=True),
        lambda t: t.description()["DeletionProtectionEnabled"],
        (True, False),
        lambda t: t.update_table(DeletionProtectionEnabled=False),
    ),
    "point-in-time recovery": (
        lambda t: t.update_continuous_backups(
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        ),
        recovery,
        ("ENABLED", "DISABLED"),
        None,
    ),
    "tags": (
        lambda t: t.client.tag_resource(
            ResourceArn=t.description()["TableArn"], Tags=[{"Key": "team", "Value": "a"}]
        ),
        tags,
        ([{"Key": "team", "Value": "a"}], []),
        None,
    ),
}


@pytest.mark.parametrize("changing", [EAST, WEST])
@pytest.mark.parametrize("row", SHARED.values(), ids=SHARED.keys())
def test_what_replicas_share(request, row, changing):
    fixture, change, read, expected = row
    table = request.getfixturevalue(fixture)
    assert read(table) != expected
    change(table.in_region(changing))
    for region in (EAST, WEST):
        eventually(lambda: read(table.in_region(region)) == expected)  # noqa: B023


@pytest.mark.parametrize("changing, other", [(EAST, WEST), (WEST, EAST)])
@pytest.mark.parametrize("row", OWN.values(), ids=OWN.keys())
def test_what_each_replica_has_for_itself(pair, row, changing, other):
    change, read, (here, there), undo = row
    change(pair.in_region(changing))
    assert read(pair.in_region(changing)) == here
    assert read(pair.in_region(other)) == there
    if undo:
        undo(pair.in_region(changing))


def test_a_new_replica_takes_over_what_is_shared_and_nothing_else(new_table):
    table = new_table(
        "p:S", attributes=["city:S"], gsi=[index("byCity", "city")], TableClass="STANDARD_INFREQUENT_ACCESS"
    )
    table.update_time_to_live(TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    for change, _, _, _ in OWN.values():
        change(table)
    table.wait_active()
    west = table.add_replica(WEST)
    assert (index_names(west), time_to_live(west), table_class(west)) == (
        ["byCity"],
        "ttl",
        "STANDARD_INFREQUENT_ACCESS",
    )
    for _, read, (_, there), _ in OWN.values():
        assert read(west) == there
    table.update_table(DeletionProtectionEnabled=False)


# --- Overrides ------------------------------------------------------------------------------------------------------


def override(region, units):
    return [{"Update": {"RegionName": region, "ProvisionedThroughputOverride": {"ReadCapacityUnits": units}}}]


def shown_override(table):
    [replica] = table.description()["Replicas"]
    return replica.get("ProvisionedThroughputOverride")


def test_read_capacity_of_one_replica(scaled):
    scaled.update(ReplicaUpdates=override(WEST, 11))
    assert throughput(scaled.in_region(WEST)) == (11, 5)
    assert throughput(scaled) == (5, 5)
    assert shown_override(scaled) == {"ReadCapacityUnits": 11}
    # A change of the write capacity alone leaves it.
    scaled.update(ProvisionedThroughput=units(5, 6))
    assert throughput(scaled.in_region(WEST)) == (11, 6)
    # A change of the base overwrites it.
    scaled.update(ProvisionedThroughput=units(12, 6))
    assert throughput(scaled.in_region(WEST)) == (12, 6)
    assert shown_override(scaled) is None


def test_an_override_goes_with_the_base_value(scaled):
    scaled.update(ReplicaUpdates=override(WEST, 11))
    scaled.update(ReplicaUpdates=override(WEST, 5))
    assert shown_override(scaled) is None


def test_read_capacity_of_an_index_of_one_replica(scaled):
    scaled.update(
        ReplicaUpdates=[
            {
                "Update": {
                    "RegionName": WEST,
                    "GlobalSecondaryIndexes": [
                        {"IndexName": "byCity", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 13}}
                    ],
                }
            }
        ]
    )
    assert index_throughput(scaled.in_region(WEST)) == (13, 5)
    assert index_throughput(scaled) == (5, 5)
    [replica] = scaled.description()["Replicas"]
    assert replica["GlobalSecondaryIndexes"][0]["ProvisionedThroughputOverride"] == {"ReadCapacityUnits": 13}
    scaled.update(GlobalSecondaryIndexUpdates=index_update(5, 7))
    assert index_throughput(scaled.in_region(WEST)) == (13, 7)


def test_table_class_of_one_replica(pair):
    pair.update(ReplicaUpdates=[{"Update": {"RegionName": WEST, "TableClassOverride": "STANDARD_INFREQUENT_ACCESS"}}])
    assert table_class(pair.in_region(WEST)) == "STANDARD_INFREQUENT_ACCESS"
    assert table_class(pair) is None
    [replica] = pair.description()["Replicas"]
    assert replica["ReplicaTableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}


@pytest.mark.parametrize("read", [0, -1])
def test_an_override_without_units_is_refused(scaled, read):
    with invalid(containing("Member must have value greater than or equal to 1")):
        scaled.update_table(ReplicaUpdates=override(WEST, read))


def test_an_override_in_an_unknown_region_is_refused(scaled):
    with invalid(containing("Region atlantis is not supported.")):
        scaled.update_table(ReplicaUpdates=override("atlantis", 5))


def test_limits_of_on_demand_contradict_provisioned_capacity(scaled):
    with invalid(
        INVALID + "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
    ):
        scaled.update_table(
            ReplicaUpdates=[
                {"Update": {"RegionName": WEST, "OnDemandThroughputOverride": {"MaxReadRequestUnits": 5}}}
            ]
        )


# --- The stream -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", [EAST, WEST])
def test_the_stream_of_a_replica_cannot_be_switched_off_or_on(pair, region):
    replica = pair.in_region(region)
    with invalid(INVALID + "Disabling Stream is not allowed for a Global Table replica."):
        replica.update_table(StreamSpecification={"StreamEnabled": False})
    with invalid(f"Table already has an enabled stream: TableName: {pair.name}"):
        replica.update_table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})


def test_the_stream_stays_when_the_last_replica_leaves_and_may_go_then(pair):
    pair.remove_replica(WEST)
    description = pair.description()
    assert "Replicas" not in description and "GlobalTableVersion" not in description
    assert description["StreamSpecification"]["StreamEnabled"]
    pair.update(StreamSpecification={"StreamEnabled": False})


# --- The 24-hour rule -----------------------------------------------------------------------------------------------

RECENT_SOURCE = (
    "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in "
    "the last 24 hours."
)


@pytest.fixture
def chain(new_table):
    """EAST made WEST, and WEST made SOUTH."""
    table = new_table(replicas=[WEST])
    table.in_region(WEST).add_replica(SOUTH)
    eventually(lambda: set(replica_states(table.wait_active())) == {WEST, SOUTH})
    return table


def test_a_source_cannot_be_removed_for_a_day(chain):
    for remove in (
        lambda: chain.update_table(ReplicaUpdates=[{"Delete": {"RegionName": WEST}}]),
        lambda: chain.in_region(SOUTH).update_table(ReplicaUpdates=[{"Delete": {"RegionName": WEST}}]),
        lambda: chain.in_region(SOUTH).update_table(ReplicaUpdates=[{"Delete": {"RegionName": EAST}}]),
        lambda: chain.in_region(WEST).delete_table(),
        lambda: chain.delete_table(),
    ):
        with invalid(RECENT_SOURCE):
            remove()
    assert set(replica_states(chain.description())) == {WEST, SOUTH}


def test_a_source_can_be_removed_once_its_replica_is_gone(chain):
    chain.remove_replica(SOUTH)
    chain.remove_replica(WEST)
    chain.delete_table()


def test_a_source_can_be_removed_after_a_day(chain, server):
    with moved_clock(server, "23h", *REGIONS), invalid(RECENT_SOURCE):
        chain.update_table(ReplicaUpdates=[{"Delete": {"RegionName": WEST}}])
    with moved_clock(server, "25h", *REGIONS):
        chain.update_table(ReplicaUpdates=[{"Delete": {"RegionName": WEST}}])
        eventually(lambda: set(replica_states(chain.wait_active())) == {SOUTH})


def test_a_removed_and_added_replica_is_a_new_one(chain):
    chain.remove_replica(SOUTH)
    chain.remove_replica(WEST)
    chain.put(p=S("a"))
    west = chain.add_replica(WEST)
    eventually(lambda: west.get(p=S("a")) is not None)
    with invalid(RECENT_SOURCE):
        chain.delete_table()


# --- Point-in-time recovery -----------------------------------------------------------------------------------------


def test_recovery_is_described_with_its_period(pair):
    answer = pair.update_continuous_backups(
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}
    )
    assert answer["ContinuousBackupsDescription"] == pair.describe_continuous_backups()["ContinuousBackupsDescription"]
    shown = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert shown == {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7}
    pair.update_continuous_backups(PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False})
    assert recovery(pair) == "DISABLED"


BAD_RECOVERY = {
    "a period that is too long": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 36},
    "no period": {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 0},
    "a period of nothing": {"PointInTimeRecoveryEnabled": False, "RecoveryPeriodInDays": 7},
    "nothing": {},
}


@pytest.mark.parametrize("specification", BAD_RECOVERY.values(), ids=BAD_RECOVERY.keys())
def test_bad_recovery(pair, specification):
    with invalid():
        pair.update_continuous_backups(PointInTimeRecoverySpecification=specification)


def test_recovery_of_a_missing_table(client):
    with rejected("TableNotFoundException", "Table not found: no-such-table"):
        client(EAST).update_continuous_backups(
            TableName="no-such-table", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
