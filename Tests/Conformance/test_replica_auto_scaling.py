"""Auto scaling of tables and replicas: Application Auto Scaling, and the two operations of global tables (3.6)."""

import json

import pytest

from harness import REGIONS
from harness.admin import set_clock
from harness.errors import containing, invalid, not_found, rejected
from harness.tables import TableFactory, index
from harness.values import S
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
OFF = {"AutoScalingDisabled": True, "ScalingPolicies": []}


@pytest.fixture(scope="module")
def scaling(server, new_clients):
    """scaling(region): boto3 for Application Auto Scaling."""
    return new_clients(server.endpoint, "application-autoscaling")


def units(read, write):
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def provisioned(read=5, write=5):
    return {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(read, write)}


def target_of(table, access="Write", index_name=None):
    resource = f"table/{table.name}" + (f"/index/{index_name}" if index_name else "")
    return {
        "ServiceNamespace": "dynamodb",
        "ResourceId": resource,
        "ScalableDimension": f"dynamodb:{'index' if index_name else 'table'}:{access}CapacityUnits",
    }


def tracking(access="Write", target=70.0, **more):
    return {
        "TargetValue": target,
        "PredefinedMetricSpecification": {"PredefinedMetricType": f"DynamoDB{access}CapacityUtilization"},
        **more,
    }


def register(client, table, access="Write", index_name=None, minimum=5, maximum=100, policy=True):
    """As the console does it: a scalable target and a policy that follows it."""
    where = target_of(table, access, index_name)
    client.register_scalable_target(**where, MinCapacity=minimum, MaxCapacity=maximum)
    if policy:
        client.put_scaling_policy(
            **where,
            PolicyName="follow",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=tracking(access),
        )


def settings(minimum=5, maximum=100, target=70.0, **policy):
    return {
        "MinimumUnits": minimum,
        "MaximumUnits": maximum,
        "ScalingPolicyUpdate": {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": target, **policy}},
    }


def described(table):
    """By region."""
    description = table.describe_table_replica_auto_scaling()["TableAutoScalingDescription"]
    assert description["TableName"] == table.name and description["TableStatus"] == "ACTIVE"
    return {replica["RegionName"]: replica for replica in description["Replicas"]}


def write_settings(table, region):
    return described(table)[region]["ReplicaProvisionedWriteCapacityAutoScalingSettings"]


def read_settings(table, region):
    return described(table)[region]["ReplicaProvisionedReadCapacityAutoScalingSettings"]


@pytest.fixture(scope="module")
def group(new_table, scaling):
    """A provisioned table with an index in EAST and WEST, whose writes scale."""
    gsi = [{**index("byCity", "city"), "ProvisionedThroughput": units(5, 5)}]
    table = new_table("p:S", attributes=["city:S"], gsi=gsi, **provisioned())
    register(scaling(EAST), table)
    register(scaling(EAST), table, index_name="byCity")
    table.add_replica(WEST)
    return table


# --- Replicas of provisioned tables ---------------------------------------------------------------------------------


def test_a_provisioned_table_without_auto_scaling_gets_no_replica(new_table, scaling):
    table = new_table(**provisioned())
    with invalid("Table write capacity should either be Pay-Per-Request or AutoScaled."):
        table.update_table(ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    # A target alone scales nothing, and neither does a policy for reads.
    register(scaling(EAST), table, policy=False)
    register(scaling(EAST), table, "Read")
    with invalid("Table write capacity should either be Pay-Per-Request or AutoScaled."):
        table.update_table(ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    register(scaling(EAST), table)
    west = table.add_replica(WEST)
    table.put(p=S("a"))
    eventually(lambda: west.get(p=S("a")) is not None)
    assert west.description()["ProvisionedThroughput"]["WriteCapacityUnits"] == 5
    assert "BillingModeSummary" not in west.description()


def test_an_index_must_scale_too(new_table, scaling):
    gsi = [{**index("byCity", "city"), "ProvisionedThroughput": units(5, 5)}]
    table = new_table("p:S", attributes=["city:S"], gsi=gsi, **provisioned())
    register(scaling(EAST), table)
    with invalid("GSI write capacity should either be Pay-Per-Request or AutoScaled."):
        table.update_table(ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    register(scaling(EAST), table, index_name="byCity")
    table.add_replica(WEST)


def test_a_replica_may_begin_with_read_capacity_of_its_own(new_table, scaling):
    gsi = [{**index("byCity", "city"), "ProvisionedThroughput": units(5, 5)}]
    table = new_table("p:S", attributes=["city:S"], gsi=gsi, **provisioned())
    register(scaling(EAST), table)
    register(scaling(EAST), table, index_name="byCity")
    override = {"ProvisionedThroughputOverride": {"ReadCapacityUnits": 9}}
    table.update_table(
        ReplicaUpdates=[
            {
                "Create": {
                    "RegionName": WEST,
                    **override,
                    "GlobalSecondaryIndexes": [
                        {"IndexName": "byCity", "ProvisionedThroughputOverride": {"ReadCapacityUnits": 8}}
                    ],
                }
            }
        ]
    )
    table.wait_replica(WEST)
    west = table.in_region(WEST).description()
    assert west["ProvisionedThroughput"]["ReadCapacityUnits"] == 9
    assert west["ProvisionedThroughput"]["WriteCapacityUnits"] == 5
    assert west["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 8
    [replica] = table.description()["Replicas"]
    assert replica["ProvisionedThroughputOverride"] == {"ReadCapacityUnits": 9}
    assert replica["GlobalSecondaryIndexes"][0]["ProvisionedThroughputOverride"] == {"ReadCapacityUnits": 8}


# --- DescribeTableReplicaAutoScaling --------------------------------------------------------------------------------


def test_the_description_lists_all_regions_in_order(group):
    for region in (EAST, WEST):
        replicas = described(group.in_region(region))
        assert list(replicas) == sorted([EAST, WEST])
        for replica in replicas.values():
            assert replica["ReplicaStatus"] == "ACTIVE"
            assert replica["ReplicaProvisionedReadCapacityAutoScalingSettings"] == OFF
            [entry] = replica["GlobalSecondaryIndexes"]
            assert (entry["IndexName"], entry["IndexStatus"]) == ("byCity", "ACTIVE")
            assert entry["ProvisionedReadCapacityAutoScalingSettings"] == OFF


def test_the_description_shows_what_was_registered(group):
    for region in (EAST, WEST):
        shown = write_settings(group, region)
        assert shown.pop("AutoScalingRoleArn").endswith("/AWSServiceRoleForApplicationAutoScaling_DynamoDBTable")
        assert shown == {
            "MinimumUnits": 5,
            "MaximumUnits": 100,
            "ScalingPolicies": [
                {"PolicyName": "follow", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0}}
            ],
        }


NO_GLOBAL_TABLE = "Global table with name: '{}' does not exist."


def test_tables_of_one_region_are_none(new_table):
    table = new_table()
    with not_found(NO_GLOBAL_TABLE.format(table.name)):
        table.describe_table_replica_auto_scaling()
    with not_found(NO_GLOBAL_TABLE.format(table.name)):
        table.update_table_replica_auto_scaling(ProvisionedWriteCapacityAutoScalingUpdate=settings())


def test_missing_tables_are_none(client):
    with not_found(NO_GLOBAL_TABLE.format("no-such-table")):
        client(EAST).describe_table_replica_auto_scaling(TableName="no-such-table")


# --- UpdateTableReplicaAutoScaling ----------------------------------------------------------------------------------


def test_write_settings_change_everywhere_from_anywhere(group):
    answer = group.in_region(WEST).update_table_replica_auto_scaling(
        ProvisionedWriteCapacityAutoScalingUpdate=settings(6, 60, 50.5, DisableScaleIn=True, ScaleInCooldown=30),
        GlobalSecondaryIndexUpdates=[
            {"IndexName": "byCity", "ProvisionedWriteCapacityAutoScalingUpdate": settings(7, 70)}
        ],
    )
    # The answer shows what was before.
    before = answer["TableAutoScalingDescription"]["Replicas"][0]
    assert before["ReplicaProvisionedWriteCapacityAutoScalingSettings"]["MinimumUnits"] == 5
    for region in (EAST, WEST):
        shown = write_settings(group, region)
        assert (shown["MinimumUnits"], shown["MaximumUnits"]) == (6, 60)
        [policy] = shown["ScalingPolicies"]
        assert policy == {
            "PolicyName": "follow",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 50.5,
                "DisableScaleIn": True,
                "ScaleInCooldown": 30,
            },
        }
        [entry] = described(group)[region]["GlobalSecondaryIndexes"]
        assert entry["ProvisionedWriteCapacityAutoScalingSettings"]["MaximumUnits"] == 70


def test_read_settings_belong_to_one_replica(group):
    group.update_table_replica_auto_scaling(
        ReplicaUpdates=[
            {
                "RegionName": WEST,
                "ReplicaProvisionedReadCapacityAutoScalingUpdate": settings(3, 30),
                "ReplicaGlobalSecondaryIndexUpdates": [
                    {"IndexName": "byCity", "ProvisionedReadCapacityAutoScalingUpdate": settings(4, 40)}
                ],
            }
        ]
    )
    assert read_settings(group, EAST) == OFF
    assert read_settings(group, WEST)["MaximumUnits"] == 30
    assert read_settings(group, WEST)["ScalingPolicies"][0]["PolicyName"] == (
        f"DynamoDBReadCapacityUtilization:table/{group.name}"
    )
    [entry] = described(group)[WEST]["GlobalSecondaryIndexes"]
    assert entry["ProvisionedReadCapacityAutoScalingSettings"]["MaximumUnits"] == 40
    # What is not mentioned stays.
    group.update_table_replica_auto_scaling(
        ReplicaUpdates=[
            {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": {"MaximumUnits": 33}}
        ]
    )
    assert read_settings(group, WEST)["MinimumUnits"] == 3
    assert read_settings(group, WEST)["MaximumUnits"] == 33
    group.update_table_replica_auto_scaling(
        ReplicaUpdates=[
            {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": {"AutoScalingDisabled": True}}
        ]
    )
    assert read_settings(group, WEST) == OFF


FAILED = "Failed to update settings for global table with name: ‘{}’"
REFUSED = {
    "nothing": ({}, FAILED + " because at least one update parameter must be specified."),
    "nothing for a replica": (
        {"ReplicaUpdates": [{"RegionName": WEST}]},
        FAILED + " because at least one update parameter must be specified.",
    ),
    "one region twice": (
        {
            "ReplicaUpdates": [
                {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": settings()},
                {"RegionName": WEST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": settings()},
            ]
        },
        FAILED + f" because the regions: ‘[{WEST}]’ were specified more than once.",
    ),
    "a region without replica": (
        {
            "ReplicaUpdates": [
                {"RegionName": SOUTH, "ReplicaProvisionedReadCapacityAutoScalingUpdate": settings()}
            ]
        },
        "Update global table operation failed because one or more replicas were not part of the global table. "
        f"Please retry the request without these replicas: [{SOUTH}].",
    ),
    "an unknown region": (
        {
            "ReplicaUpdates": [
                {"RegionName": "atlantis", "ReplicaProvisionedReadCapacityAutoScalingUpdate": settings()}
            ]
        },
        containing("without these replicas: [atlantis]"),
    ),
    "a first setting without its parts": (
        {
            "ReplicaUpdates": [
                {"RegionName": EAST, "ReplicaProvisionedReadCapacityAutoScalingUpdate": {"MinimumUnits": 5}}
            ]
        },
        FAILED
        + ": Parameters 'MaximumUnits, ScalingPolicyUpdate' are required unless auto scaling is being disabled.",
    ),
    "off and on at once": (
        {"ProvisionedWriteCapacityAutoScalingUpdate": {"AutoScalingDisabled": True, "MinimumUnits": 5}},
        FAILED + " because auto scaling cannot be disabled and given settings at the same time.",
    ),
    "more at least than at most": (
        {"ProvisionedWriteCapacityAutoScalingUpdate": settings(10, 9)},
        FAILED + " because MinimumUnits (10) must not be greater than MaximumUnits (9).",
    ),
    "no units": (
        {"ProvisionedWriteCapacityAutoScalingUpdate": settings(0, 9)},
        "1 validation error detected: Value '0' at 'provisionedWriteCapacityAutoScalingUpdate.minimumUnits' failed to "
        "satisfy constraint: Member must have value greater than or equal to 1",
    ),
    "a target that cannot be met": (
        {"ProvisionedWriteCapacityAutoScalingUpdate": settings(target=95.0)},
        containing("Member must have value less than or equal to 90.0"),
    ),
    "a target that is too low": (
        {"ProvisionedWriteCapacityAutoScalingUpdate": settings(target=9.5)},
        containing("Member must have value greater than or equal to 10.0"),
    ),
    "an empty list": (
        {"ReplicaUpdates": []},
        containing("at 'replicaUpdates' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ),
}


@pytest.mark.parametrize("request_and_text", REFUSED.values(), ids=REFUSED.keys())
def test_refused_updates(group, request_and_text):
    request, text = request_and_text
    before = described(group)
    with invalid(text.format(group.name) if isinstance(text, str) else text):
        group.update_table_replica_auto_scaling(**request)
    assert described(group) == before


def test_an_unknown_index_is_refused(group):
    with not_found(f"Requested resource not found: Index none for table {group.name}"):
        group.update_table_replica_auto_scaling(
            GlobalSecondaryIndexUpdates=[
                {"IndexName": "none", "ProvisionedWriteCapacityAutoScalingUpdate": settings()}
            ]
        )


def test_an_on_demand_table_cannot_scale(new_table):
    table = new_table(replicas=[WEST])
    with invalid(
        containing(
            "BillingMode is PayPerRequest. You must convert table's BillingMode to PROVISIONED to set parameters: "
            "'ProvisionedWriteCapacityAutoScalingUpdate'."
        )
    ):
        table.update_table_replica_auto_scaling(ProvisionedWriteCapacityAutoScalingUpdate=settings())


def test_the_command_line_client(group, cli):
    shown = cli(
        "dynamodb", "describe-table-replica-auto-scaling", "--region", WEST, "--table-name", group.name
    )["TableAutoScalingDescription"]
    assert {replica["RegionName"] for replica in shown["Replicas"]} == {EAST, WEST}
    cli(
        *["dynamodb", "update-table-replica-auto-scaling", "--region", EAST, "--table-name", group.name],
        *["--provisioned-write-capacity-auto-scaling-update", json.dumps(settings(8, 88))],
    )
    assert write_settings(group, WEST)["MaximumUnits"] == 88
    done = cli.run(
        *["dynamodb", "update-table-replica-auto-scaling", "--region", EAST, "--table-name", group.name],
    )
    assert done.returncode != 0 and "at least one update parameter must be specified" in done.stderr


# --- Application Auto Scaling ---------------------------------------------------------------------------------------


def test_targets_and_policies_are_listed(new_table, scaling):
    client, table = scaling(EAST), new_table(**provisioned())
    register(client, table)
    register(client, table, "Read", minimum=2, maximum=20, policy=False)
    ids = {"ServiceNamespace": "dynamodb", "ResourceIds": [f"table/{table.name}"]}
    targets = client.describe_scalable_targets(**ids)["ScalableTargets"]
    assert {(t["ScalableDimension"], t["MinCapacity"], t["MaxCapacity"]) for t in targets} == {
        ("dynamodb:table:WriteCapacityUnits", 5, 100),
        ("dynamodb:table:ReadCapacityUnits", 2, 20),
    }
    [policy] = client.describe_scaling_policies(ServiceNamespace="dynamodb", ResourceId=f"table/{table.name}")[
        "ScalingPolicies"
    ]
    assert policy["PolicyName"] == "follow" and policy["PolicyType"] == "TargetTrackingScaling"
    assert policy["TargetTrackingScalingPolicyConfiguration"] == tracking()
    assert policy["PolicyARN"].startswith(f"arn:aws:autoscaling:{EAST}:")


def test_targets_and_policies_go(new_table, scaling):
    client, table = scaling(EAST), new_table(**provisioned())
    register(client, table)
    where = target_of(table)
    client.delete_scaling_policy(**where, PolicyName="follow")
    missing = f"service namespace: dynamodb, resource ID: table/{table.name}, scalable dimension: dynamodb:table:WriteCapacityUnits"
    with rejected("ObjectNotFoundException", f"No scaling policy found for {missing}: follow"):
        client.delete_scaling_policy(**where, PolicyName="follow")
    client.deregister_scalable_target(**where)
    with rejected("ObjectNotFoundException", f"No scalable target registered for {missing}"):
        client.deregister_scalable_target(**where)
    with rejected("ObjectNotFoundException", f"No scalable target registered for {missing}"):
        client.put_scaling_policy(
            **where, PolicyName="follow", TargetTrackingScalingPolicyConfiguration=tracking()
        )


BAD_TARGETS = {
    "a table that is not there": ({"ResourceId": "table/none-such"}, "DynamoDB table does not exist: table/none-such"),
    "an unknown namespace": ({"ServiceNamespace": "ec2"}, containing("[dynamodb]")),
    "an unknown dimension": ({"ScalableDimension": "dynamodb:table:Size"}, containing("scalableDimension")),
    "a resource of another kind": ({"ResourceId": "service/x/y"}, containing("Unsupported service namespace")),
    "more at least than at most": ({"MinCapacity": 9, "MaxCapacity": 8}, containing("cannot be less than minimum")),
    "no capacity": ({"MinCapacity": 0}, containing("must be at least 1")),
    "no bounds": ({"MinCapacity": None, "MaxCapacity": None}, containing("are required to register")),
}


@pytest.mark.parametrize("change_and_text", BAD_TARGETS.values(), ids=BAD_TARGETS.keys())
def test_bad_targets(new_table, scaling, change_and_text):
    change, text = change_and_text
    request = {**target_of(new_table(**provisioned())), "MinCapacity": 1, "MaxCapacity": 2, **change}
    with invalid(text):
        scaling(EAST).register_scalable_target(**{k: v for k, v in request.items() if v is not None})


BAD_POLICIES = {
    "of another kind": ({"PolicyType": "StepScaling"}, containing("no policies of the type StepScaling")),
    "for the other direction": (
        {"TargetTrackingScalingPolicyConfiguration": tracking("Read")},
        containing("must be DynamoDBWriteCapacityUtilization"),
    ),
    "without target": (
        {"TargetTrackingScalingPolicyConfiguration": {}},
        containing("targetTrackingScalingPolicyConfiguration.targetValue"),
    ),
    "a second one": ({"PolicyName": "another"}, containing("follow is there already")),
}


@pytest.mark.parametrize("change_and_text", BAD_POLICIES.values(), ids=BAD_POLICIES.keys())
def test_bad_policies(new_table, scaling, change_and_text):
    change, text = change_and_text
    table = new_table(**provisioned())
    register(scaling(EAST), table)
    request = {
        **target_of(table),
        "PolicyName": "follow",
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": tracking(),
    }
    with invalid(text):
        scaling(EAST).put_scaling_policy(**{**request, **change})


# --- Scaling --------------------------------------------------------------------------------------------------------


def write_units(table):
    return table.description()["ProvisionedThroughput"]["WriteCapacityUnits"]


def test_capacity_outside_its_bounds_comes_in_at_once(new_table, scaling):
    table = new_table(**provisioned(5, 5))
    register(scaling(EAST), table, minimum=11, maximum=20, policy=False)
    eventually(lambda: write_units(table) == 11)
    register(scaling(EAST), table, minimum=2, maximum=7, policy=False)
    eventually(lambda: write_units(table) == 7)
    register(scaling(EAST), table, minimum=2, maximum=20, policy=False)
    assert write_units(table) == 7


def test_capacity_follows_its_use(own_server, new_clients):
    server = own_server("--in-memory")
    factory = TableFactory(new_clients(server.endpoint))
    table = factory("p:S", **provisioned(5, 5))
    register(new_clients(server.endpoint, "application-autoscaling")(EAST), table, minimum=5, maximum=12)
    west = table.add_replica(WEST)
    minutes = 0

    def busy_minute_passes():
        # 390 units a minute are 6.4 a second: at 70 percent that wants 10.
        nonlocal minutes
        minutes += 1
        table.put(p=S(str(minutes)), a=S("x" * 390_000))
        set_clock(server, f"{61 * minutes}s", EAST, WEST)

    def grown():
        busy_minute_passes()
        return write_units(table) > 5

    eventually(grown)
    assert 5 < write_units(table) <= 12
    eventually(lambda: write_units(west) == write_units(table))
    assert "LastIncreaseDateTime" in table.description()["ProvisionedThroughput"]


def test_settings_survive_a_restart(own_server, new_clients):
    server = own_server()
    client = new_clients(server.endpoint)(EAST)
    client.create_table(
        TableName="kept",
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        **provisioned(),
    )
    where = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/kept",
        "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
    }
    new_clients(server.endpoint, "application-autoscaling")(EAST).register_scalable_target(
        **where, MinCapacity=3, MaxCapacity=33
    )
    server.stop()
    again = own_server(data_directory=server.data_directory)
    [target] = new_clients(again.endpoint, "application-autoscaling")(EAST).describe_scalable_targets(
        ServiceNamespace="dynamodb"
    )["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 33)
