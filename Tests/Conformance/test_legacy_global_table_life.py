"""Global tables of version 2017.11.29 (global-tables.md 7, 8): settings, time to live, metrics, crashes, the AWS CLI."""

import datetime
import threading
import time

import pytest

from harness import REGIONS
from harness.admin import moved_clock
from harness.awscli import CommandLine
from harness.errors import invalid, rejected
from harness.legacy_global_tables import (  # noqa: F401 (fixtures)
    EAST,
    NOT_SUPPORTED,
    SOUTH,
    STAMP,
    WEST,
    LegacyTable,
    LegacyTables,
    clients,
    group,
    legacy,
    legacy_streams,
    new_legacy,
    plain,
    stamp,
    wait_item,
)
from harness.streamreader import reader
from harness.tables import index
from harness.values import N, S, unique
from harness.waiting import eventually

SWEEPER = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


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
