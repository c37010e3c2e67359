"""One process per region, replicating over Kafka (issue 2). The cluster is the mock one of another process."""

import re
import signal
import threading

import botocore.exceptions
import pytest

from harness import HOME, REGIONS
from harness.admin import admin
from harness.server import Server, tributary
from harness.tables import key_attributes
from harness.topics import bootstrap_servers
from harness.waiting import eventually

WEST = REGIONS[1]
THERE = (HOME, WEST)


def get(server, path):
    status, answer = admin(server, f"/_tributary/{path}")
    assert status == 200, answer
    return answer


def put(server, path, document):
    status, answer = admin(server, f"/_tributary/{path}", "PUT", document)
    assert status == 200, answer


class Processes:
    """A cluster, and a process for each region. Each process has a data directory of its own."""

    def __init__(self, folder, new_clients):
        self.cluster = Server(
            folder, "--in-memory", "--regions", "us-west-2", "--kafka", "embedded", "--topic-prefix", "cluster",
            name="cluster",
        ).start()
        self.brokers = bootstrap_servers(self.cluster)
        clusters = [argument for region in THERE for argument in ("--kafka", f"{region}={self.brokers}")]
        self.servers = {
            region: Server(
                folder, "--regions", region, *clusters, name=region, data_directory=folder / f"data-{region}"
            ).start()
            for region in THERE
        }
        self.clients = {region: new_clients(server.endpoint)(region) for region, server in self.servers.items()}
        eventually(lambda: all(self.known(region) for region in THERE))

    def known(self, region):
        return all(other["known"] for other in get(self.servers[region], "regions")["otherProcesses"])

    def create_global_table(self, name):
        definitions, schema = key_attributes("id:S")
        self.clients[HOME].create_table(
            TableName=name, AttributeDefinitions=definitions, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
        )
        self.clients[HOME].put_item(TableName=name, Item={"id": {"S": "first"}, "n": {"N": "0"}})
        self.clients[HOME].update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
        eventually(lambda: all(self.replicas(name, region) == "ACTIVE" for region in THERE), within_seconds=60)

    def describe(self, name, region):
        return self.clients[region].describe_table(TableName=name)["Table"]

    def replicas(self, name, region):
        """The state of the table and of its one other replica, when they are the same."""
        table = self.describe(name, region)
        states = {table["TableStatus"], *(replica["ReplicaStatus"] for replica in table["Replicas"])}
        return states.pop() if len(states) == 1 and table["Replicas"] else False

    def items(self, name, region):
        pages = self.clients[region].get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        return sorted((item for page in pages for item in page["Items"]), key=lambda item: item["id"]["S"])

    def close(self):
        for server in [*self.servers.values(), self.cluster]:
            server.kill()


@pytest.fixture(scope="module")
def processes(tmp_path_factory, new_clients):
    running = Processes(tmp_path_factory.mktemp("processes"), new_clients)
    yield running
    running.close()


@pytest.fixture
def own_processes(tmp_path, new_clients):
    running = Processes(tmp_path, new_clients)
    yield running
    running.close()


def test_a_replica_in_another_process_and_writes_both_ways(processes):
    processes.create_global_table("Orders")
    assert processes.items("Orders", WEST) == [{"id": {"S": "first"}, "n": {"N": "0"}}]
    processes.clients[WEST].put_item(TableName="Orders", Item={"id": {"S": "west"}})
    processes.clients[HOME].put_item(TableName="Orders", Item={"id": {"S": "home"}})
    eventually(lambda: len(processes.items("Orders", HOME)) == 3)
    eventually(lambda: processes.items("Orders", WEST) == processes.items("Orders", HOME))


def test_time_to_live_and_indexes_are_taken_over(processes):
    processes.create_global_table("Settings")
    west, home = processes.clients[WEST], processes.clients[HOME]
    west.update_time_to_live(
        TableName="Settings", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    eventually(
        lambda: home.describe_time_to_live(TableName="Settings")["TimeToLiveDescription"]["AttributeName"] == "expires"
    )
    home.update_table(
        TableName="Settings",
        AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "byNumber",
                    "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    eventually(
        lambda: processes.describe("Settings", WEST)["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"
    )
    found = west.query(
        TableName="Settings", IndexName="byNumber", KeyConditionExpression="n = :n",
        ExpressionAttributeValues={":n": {"N": "0"}},
    )
    assert [item["id"]["S"] for item in found["Items"]] == ["first"]


def test_a_replica_is_removed_from_another_process_and_comes_back(processes):
    processes.create_global_table("Leaving")
    west, home = processes.clients[WEST], processes.clients[HOME]
    west.put_item(TableName="Leaving", Item={"id": {"S": "last"}})
    home.update_table(TableName="Leaving", ReplicaUpdates=[{"Delete": {"RegionName": WEST}}])
    eventually(lambda: "Leaving" not in west.list_tables()["TableNames"])
    eventually(lambda: not processes.describe("Leaving", HOME).get("Replicas"))
    assert [item["id"]["S"] for item in processes.items("Leaving", HOME)] == ["first", "last"]
    home.update_table(TableName="Leaving", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    eventually(lambda: processes.replicas("Leaving", WEST) == "ACTIVE", within_seconds=60)
    assert processes.items("Leaving", WEST) == processes.items("Leaving", HOME)


def test_what_only_the_other_process_can_do_is_refused_by_name(processes):
    processes.create_global_table("Refused")
    home = processes.clients[HOME]
    with pytest.raises(botocore.exceptions.ClientError, match=f"region {WEST} is served by another process"):
        home.update_table(
            TableName="Refused",
            ReplicaUpdates=[
                {"Update": {"RegionName": WEST, "TableClassOverride": "STANDARD_INFREQUENT_ACCESS"}}
            ],
        )
    with pytest.raises(botocore.exceptions.ClientError, match="already existed as tables"):
        home.update_table(TableName="Refused", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    answer = tributary("links", "pause", HOME, WEST, "--endpoint", processes.servers[HOME].endpoint)
    assert answer.returncode == 1 and f"in the process that serves {WEST}" in answer.stderr
    answer = tributary("regions", "isolate", WEST, "--endpoint", processes.servers[HOME].endpoint)
    assert answer.returncode == 1 and "is served by another process" in answer.stderr


def test_links_are_paused_where_they_end_and_show_what_waits(processes):
    processes.create_global_table("Paused")
    server = processes.servers[WEST]
    put(server, f"links/{HOME}/{WEST}", {"state": "paused"})
    processes.clients[HOME].put_item(TableName="Paused", Item={"id": {"S": "later"}})

    def waiting():
        [table] = [t for t in get(server, f"links/{HOME}/{WEST}")["tables"] if t["table"] == "Paused"]
        return table["backlog"] == 1 and table["lagMilliseconds"] > 0

    eventually(waiting)
    assert len(processes.items("Paused", WEST)) == 1
    put(server, f"links/{HOME}/{WEST}", {"state": "running"})
    eventually(lambda: len(processes.items("Paused", WEST)) == 2)


def test_status_and_regions_show_the_other_process(processes):
    for verb in ("status", "regions"):
        text = tributary(verb, "--endpoint", processes.servers[HOME].endpoint).stdout
        assert re.search(rf"OTHER PROCESSES +TABLES +STATE\n{WEST} +\d+ +ok", text), text


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--kafka", f"{WEST}=localhost:1"], f"name its cluster too, as in --kafka {HOME}=broker:9092"),
        (
            ["--kafka", f"{HOME}=localhost:1", "--kafka", f"{WEST}=localhost:1", "--link", f"{HOME}:{WEST}=1s"],
            "links are set where they end",
        ),
    ],
)
def test_options_that_cannot_be_are_refused(arguments, complaint):
    answer = tributary("serve", "--in-memory", "--port", "0", "--regions", HOME, *arguments)
    assert answer.returncode == 64
    assert complaint in answer.stderr


def test_a_region_that_was_never_started_cannot_have_a_replica(own_server, new_clients, processes):
    server = own_server(
        "--in-memory", "--regions", "us-west-1", "--kafka", f"us-west-1={processes.brokers}",
        "--kafka", f"eu-north-1={processes.brokers}", name="alone",
    )
    client = new_clients(server.endpoint)("us-west-1")
    definitions, schema = key_attributes("id:S")
    client.create_table(
        TableName="Alone", AttributeDefinitions=definitions, KeySchema=schema, BillingMode="PAY_PER_REQUEST"
    )
    with pytest.raises(botocore.exceptions.ClientError, match="eu-north-1 is served by another process"):
        client.update_table(TableName="Alone", ReplicaUpdates=[{"Create": {"RegionName": "eu-north-1"}}])


def test_killing_each_process_in_turn_under_load_loses_nothing(own_processes, record_crashes):
    world = own_processes
    world.create_global_table("Killed")
    stopping = threading.Event()
    acknowledged = [{} for _ in range(4)]

    def write(thread):
        """Keys of its own, so that the last acknowledged value of each must be there; one key for all, for conflicts."""
        region, number = THERE[thread % 2], 0
        while not stopping.is_set():
            number += 1
            key = f"{thread}-{number % 9}"
            try:
                world.clients[region].put_item(
                    TableName="Killed", Item={"id": {"S": key}, "n": {"N": str(number)}}
                )
                acknowledged[thread][key] = number
                world.clients[region].put_item(
                    TableName="Killed", Item={"id": {"S": "all"}, "n": {"N": f"{thread}{number}"}}
                )
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                stopping.wait(0.02)

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    kills = 0
    for region in (WEST, HOME, WEST, HOME):
        stopping.wait(1)
        world.servers[region].kill()
        stopping.wait(0.5)
        world.servers[region].start()
        kills += 1
    stopping.wait(1)
    stopping.set()
    for thread in threads:
        thread.join()
    eventually(lambda: world.items("Killed", HOME) == world.items("Killed", WEST), within_seconds=60)
    found = {item["id"]["S"]: int(item["n"]["N"]) for item in world.items("Killed", HOME)}
    for writes in acknowledged:
        for key, number in writes.items():
            # A later one may be there too, whose answer was lost.
            assert found[key] >= number, f"{key} has {found[key]}, and {number} was acknowledged"
    record_crashes("kill -9 of a region's process", kills, sum(map(len, acknowledged)))
    for server in world.servers.values():
        assert server.stop(signal.SIGTERM) == 0, server.output[-3000:]


def test_a_process_that_lost_its_data_is_rebuilt(own_processes):
    world = own_processes
    world.create_global_table("Lost")
    for number in range(30):
        world.clients[WEST].put_item(TableName="Lost", Item={"id": {"S": str(number)}})
    eventually(lambda: len(world.items("Lost", HOME)) == 31)
    server = world.servers[WEST]
    server.kill()
    server.data_directory.rename(server.data_directory.with_name("gone"))
    world.clients[HOME].delete_item(TableName="Lost", Key={"id": {"S": "first"}})
    server.start()
    eventually(lambda: world.replicas("Lost", WEST) == "ACTIVE", within_seconds=60)
    world.clients[WEST].put_item(TableName="Lost", Item={"id": {"S": "new"}})
    eventually(lambda: len(world.items("Lost", HOME)) == 31)
    eventually(lambda: world.items("Lost", WEST) == world.items("Lost", HOME))
    assert "the source has made its own anew" in world.servers[HOME].output
