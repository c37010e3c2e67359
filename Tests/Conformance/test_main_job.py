"""The main job, typed as a new user types it: the AWS CLI and boto3, three regions, one machine (issue 6, steps 1 to 7)."""

import itertools
import json
import random
import re
import shlex
import threading
import time

import boto3
import pytest
from boto3.dynamodb.conditions import Key

from harness import HOME, REGIONS
from harness.streamreader import StreamReader, assert_chain
from harness.values import comparable, unique
from harness.waiting import eventually
from harness.wire import RawClient

EAST, WEST, SOUTH = REGIONS

# --- Steps 1 to 6, in order, on one table ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def name(client):
    """UserProfiles, unless somebody's server has one already."""
    taken = [region for region in REGIONS if "UserProfiles" in client(region).list_tables()["TableNames"]]
    name = "UserProfiles" if not taken else unique("UserProfiles")
    yield name
    for region in (SOUTH, WEST, EAST):
        try:
            client(region).delete_table(TableName=name)
        except client(region).exceptions.ClientError:
            pass


@pytest.fixture(scope="module")
def aws(cli, name):
    """Runs a command line as it stands in the README."""

    def run(line):
        return cli(*shlex.split(line.replace("UserProfiles", name))[1:])

    return run


@pytest.fixture(scope="module")
def profiles(server, name):
    """profiles(region): the table as boto3's resource."""
    made = {}

    def table(region):
        if region not in made:
            session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=region)
            made[region] = session.resource("dynamodb", endpoint_url=server.endpoint).Table(name)
        return made[region]

    return table


def test_1_create_the_table(aws, name):
    answer = aws(
        "aws dynamodb create-table --table-name UserProfiles "
        "--attribute-definitions AttributeName=user_id,AttributeType=S --key-schema AttributeName=user_id,KeyType=HASH "
        "--billing-mode PAY_PER_REQUEST --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES "
        "--region us-east-1"
    )
    assert answer["TableDescription"]["TableStatus"] == "CREATING"
    assert answer["TableDescription"]["TableName"] == name
    assert aws("aws dynamodb wait table-exists --table-name UserProfiles --region us-east-1") is None


def test_2_add_replicas_while_the_table_holds_items_and_takes_writes(aws, profiles):
    for number in range(200):
        profiles(EAST).put_item(Item={"user_id": f"old-{number}", "n": number})
    written, failures, stop = [], [], threading.Event()

    def write():
        try:
            while not stop.is_set():
                profiles(EAST).put_item(Item={"user_id": f"new-{len(written)}", "n": len(written)})
                written.append(len(written))
        except Exception as failure:
            failures.append(failure)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for region in (WEST, SOUTH):
            updates = json.dumps([{"Create": {"RegionName": region}}])
            answer = aws(
                f"aws dynamodb update-table --table-name UserProfiles --replica-updates '{updates}' --region us-east-1"
            )
            assert answer["TableDescription"]["GlobalTableVersion"] == "2019.11.21"
            assert aws(f"aws dynamodb wait table-exists --table-name UserProfiles --region {region}") is None

            def active():
                replicas = profiles(EAST).meta.client.describe_table(TableName=profiles(EAST).name)["Table"]["Replicas"]
                assert {r["RegionName"]: r["ReplicaStatus"] for r in replicas}[region] == "ACTIVE"

            eventually(active)
    finally:
        stop.set()
        thread.join()
    assert failures == [] and len(written) > 0
    replicas = aws("aws dynamodb describe-table --table-name UserProfiles --query Table.Replicas --region us-east-1")
    assert {r["RegionName"]: r["ReplicaStatus"] for r in replicas} == {WEST: "ACTIVE", SOUTH: "ACTIVE"}
    expected = {f"old-{number}" for number in range(200)} | {f"new-{number}" for number in written}
    for region in REGIONS:

        def filled():
            scanned = profiles(region).meta.client.get_paginator("scan").paginate(TableName=profiles(region).name)
            assert {item["user_id"] for page in scanned for item in page["Items"]} == expected

        eventually(filled)


def test_3_write_in_one_region_and_read_in_the_others(profiles):
    alice = {"user_id": "alice", "name": "Alice", "visits": 0, "version": 1, "tags": {"a", "b"}}
    profiles(EAST).put_item(Item=alice)
    for region in (WEST, SOUTH):
        eventually(lambda: profiles(region).get_item(Key={"user_id": "alice"}).get("Item") == alice)
    for visit in (1, 2, 3):
        answer = profiles(EAST).update_item(
            Key={"user_id": "alice"},
            UpdateExpression="ADD visits :one",
            ExpressionAttributeValues={":one": 1},
            ReturnValues="UPDATED_NEW",
        )
        assert answer["Attributes"] == {"visits": visit}
    conditional = {
        "Key": {"user_id": "alice"},
        "UpdateExpression": "SET version = :new, #n = :name",
        "ConditionExpression": "version = :old",
        "ExpressionAttributeNames": {"#n": "name"},
        "ExpressionAttributeValues": {":old": 1, ":new": 2, ":name": "Alice Liddell"},
    }
    profiles(EAST).update_item(**conditional)
    with pytest.raises(profiles(EAST).meta.client.exceptions.ConditionalCheckFailedException) as caught:
        profiles(EAST).update_item(**conditional)
    assert caught.value.response["Error"]["Message"] == "The conditional request failed"
    expected = {**alice, "visits": 3, "version": 2, "name": "Alice Liddell"}
    for region in REGIONS:
        eventually(lambda: profiles(region).get_item(Key={"user_id": "alice"}).get("Item") == expected)
    found = profiles(WEST).query(KeyConditionExpression=Key("user_id").eq("alice"))
    assert found["Items"] == [expected]


def test_4_two_regions_write_the_same_item_at_the_same_time(profiles):
    for attempt in range(20):
        key, barrier = {"user_id": f"contested-{attempt}"}, threading.Barrier(2)

        def write(region):
            barrier.wait()
            profiles(region).put_item(Item={**key, "by": region, region: attempt})

        threads = [threading.Thread(target=write, args=(region,)) for region in (EAST, WEST)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        def same():
            items = [profiles(region).get_item(Key=key).get("Item") for region in REGIONS]
            assert items[0] == items[1] == items[2] and items[0] is not None
            return items[0]

        winner = eventually(same)
        assert winner == {**key, "by": winner["by"], winner["by"]: attempt}


def test_5_remove_a_replica(aws, profiles, name):
    updates = json.dumps([{"Delete": {"RegionName": SOUTH}}])
    aws(f"aws dynamodb update-table --table-name UserProfiles --replica-updates '{updates}' --region us-east-1")
    aws(f"aws dynamodb wait table-not-exists --table-name UserProfiles --region {SOUTH}")

    def removed():
        description = profiles(EAST).meta.client.describe_table(TableName=name)["Table"]
        assert {r["RegionName"] for r in description["Replicas"]} == {WEST}
        assert description["TableStatus"] == "ACTIVE"

    eventually(removed)
    profiles(WEST).put_item(Item={"user_id": "bob", "n": 1})
    eventually(lambda: profiles(EAST).get_item(Key={"user_id": "bob"}).get("Item") == {"user_id": "bob", "n": 1})


def test_6_each_replica_has_a_stream_of_its_own(aws, name, client, streams):
    arns = {}
    for region in (EAST, WEST):
        (entry,) = aws(f"aws dynamodbstreams list-streams --table-name UserProfiles --region {region}")["Streams"]
        arn = arns[region] = entry["StreamArn"]
        assert entry["TableName"] == name and f":{region}:" in arn
        description = aws(f"aws dynamodbstreams describe-stream --stream-arn {arn} --region {region}")[
            "StreamDescription"
        ]
        assert (description["StreamStatus"], description["StreamViewType"]) == ("ENABLED", "NEW_AND_OLD_IMAGES")
        shard = description["Shards"][0]["ShardId"]
        iterator = aws(
            f"aws dynamodbstreams get-shard-iterator --stream-arn {arn} --shard-id {shard} "
            f"--shard-iterator-type TRIM_HORIZON --region {region}"
        )["ShardIterator"]
        page = aws(f"aws dynamodbstreams get-records --shard-iterator {shlex.quote(iterator)} --region {region}")
        assert len(page["Records"]) > 200 and page["NextShardIterator"]
        assert {record["awsRegion"] for record in page["Records"]} == {region}
    assert arns[EAST] != arns[WEST]
    for region in (EAST, WEST):
        follow = StreamReader(streams(region), arns[region])
        follow.until(lambda records: any(r["dynamodb"]["Keys"]["user_id"] == {"S": "bob"} for r in records))
        if region == EAST:
            scanned = client(region).get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
            assert_chain(follow.records, ["user_id"], [item for page in scanned for item in page["Items"]])
        alice = [r["dynamodb"] for r in follow.records if r["dynamodb"]["Keys"]["user_id"] == {"S": "alice"}]
        assert [change["NewImage"]["visits"]["N"] for change in alice] == ["0", "1", "2", "3", "3"]
        for older, newer in itertools.pairwise(alice):
            assert comparable(newer["OldImage"]) == comparable(older["NewImage"])


# --- Step 7: kill -9 ------------------------------------------------------------------------------------------------

WRITERS_PER_REGION = 2
KEYS_PER_WRITER = 8
ACKNOWLEDGED_BEFORE_THE_KILL = 600


class Writer(threading.Thread):
    """Counts up its own keys in one region as fast as it can, and remembers what was acknowledged."""

    def __init__(self, endpoint, region, table, number):
        super().__init__()
        self.region, self.table, self.prefix = region, table, f"{region}-{number}"
        self.raw = RawClient(endpoint)
        self.acknowledged, self.attempted = {}, {}
        self.count, self.failure = 0, None

    def run(self):
        chooser = random.Random(self.prefix)
        try:
            while self._write(f"{self.prefix}-{chooser.randrange(KEYS_PER_WRITER)}"):
                self.count += 1
        except OSError:
            pass  # The server is gone, as it was meant to.
        except Exception as failure:
            self.failure = failure

    def _write(self, key):
        number = self.acknowledged.get(key, 0) + 1
        self.attempted[key] = number
        request = {
            "TableName": self.table,
            "Key": {"p": {"S": key}},
            "UpdateExpression": "SET n = :n, padding = :padding",
            "ExpressionAttributeValues": {":n": {"N": str(number)}, ":padding": {"S": "x" * (number % 300)}},
        }
        answer = self.raw.call("UpdateItem", request, region=self.region)
        if answer.status != 200:
            raise AssertionError(f"{answer}")
        self.acknowledged[key] = number
        return True


def scan(client, table):
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {item["p"]["S"]: item for page in pages for item in page["Items"]}


@pytest.mark.parametrize("load", ["light", "heavy"])
def test_7_kill_9_under_load_and_start_again(own_server, new_clients, load):
    server = own_server()
    client = new_clients(server.endpoint)
    table = make_global_table(client)
    regions = (EAST, WEST) if load == "light" else REGIONS
    writers = [
        Writer(server.endpoint, region, table, number) for region in regions for number in range(WRITERS_PER_REGION)
    ]
    for writer in writers:
        writer.start()
    target = ACKNOWLEDGED_BEFORE_THE_KILL * (1 if load == "light" else 3)
    eventually(lambda: sum(writer.count for writer in writers) >= target or not all(w.is_alive() for w in writers))
    server.kill()
    for writer in writers:
        writer.join()
    assert [writer.failure for writer in writers if writer.failure] == []
    assert sum(writer.count for writer in writers) >= target

    server.start()
    # The table is there, ACTIVE, with its replicas, and no acknowledged write is gone in its home region.
    for region in REGIONS:
        description = client(region).describe_table(TableName=table)["Table"]
        assert description["TableStatus"] == "ACTIVE"
        assert {r["RegionName"]: r["ReplicaStatus"] for r in description["Replicas"]} == {
            other: "ACTIVE" for other in REGIONS if other != region
        }
    for writer in writers:
        stored = scan(client(writer.region), table)
        for key, number in writer.acknowledged.items():
            assert number <= int(stored[key]["n"]["N"]) <= writer.attempted[key], key

    # Replication goes on where it stopped, and all replicas become equal.
    def equal():
        first, *others = (scan(client(region), table) for region in REGIONS)
        assert others[0] == first and others[1] == first
        assert set(first) >= {key for writer in writers for key in writer.acknowledged}
        return first

    final = eventually(equal)

    # Each stream holds each change of its replica exactly once, in order per key.
    streams = new_clients(server.endpoint, "dynamodbstreams")
    for region in REGIONS:
        arn = client(region).describe_table(TableName=table)["Table"]["LatestStreamArn"]
        follow = StreamReader(streams(region), arn)
        latest = {}

        def complete(records):
            latest.update({r["dynamodb"]["Keys"]["p"]["S"]: r["dynamodb"]["NewImage"] for r in records})
            return latest == final

        follow.until(complete)
        assert_chain(follow.records, ["p"], final.values())
        for writer in writers:
            if writer.region == region:
                for key in writer.acknowledged:
                    changes = [
                        r["dynamodb"]["NewImage"] for r in follow.records if r["dynamodb"]["Keys"]["p"]["S"] == key
                    ]
                    assert [int(image["n"]["N"]) for image in changes] == list(range(1, int(final[key]["n"]["N"]) + 1))

    # And life goes on.
    client(SOUTH).put_item(TableName=table, Item={"p": {"S": "after"}})
    for region in REGIONS:
        eventually(lambda: "Item" in client(region).get_item(TableName=table, Key={"p": {"S": "after"}}))
    assert server.stop() == 0, server.output[-3000:]


def make_global_table(client):
    name = unique("crash")
    client(HOME).create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )

    def active():
        description = client(HOME).describe_table(TableName=name)["Table"]
        states = [description["TableStatus"]] + [r["ReplicaStatus"] for r in description.get("Replicas", [])]
        assert set(states) == {"ACTIVE"}
        return description.get("Replicas", [])

    eventually(active)
    for count, region in enumerate(REGIONS[1:], start=1):
        client(HOME).update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": region}}])
        eventually(lambda: len(active()) == count)
        eventually(lambda: client(region).describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE")
    return name


def test_7_again_and_again(own_server, new_clients):
    """Five kills in a row on one data directory, each soon after the start."""
    server = own_server()
    client = new_clients(server.endpoint)
    table = make_global_table(client)
    acknowledged = {}
    for round_ in range(5):
        writers = [Writer(server.endpoint, region, table, f"round-{round_}") for region in REGIONS]
        for writer in writers:
            writer.start()
        eventually(lambda: sum(writer.count for writer in writers) >= 60)
        server.kill()
        for writer in writers:
            writer.join()
            assert writer.failure is None
            acknowledged.update({key: (writer.region, number) for key, number in writer.acknowledged.items()})
        started = time.monotonic()
        server.start()
        assert time.monotonic() - started < 15
        for key, (region, number) in acknowledged.items():
            item = client(region).get_item(TableName=table, Key={"p": {"S": key}}, ConsistentRead=True)["Item"]
            assert int(item["n"]["N"]) >= number

    def equal():
        first, *others = (scan(client(region), table) for region in REGIONS)
        return others == [first, first] and set(first) >= set(acknowledged)

    eventually(equal)
    assert re.search(r"ready", server.output)
    assert server.stop() == 0
