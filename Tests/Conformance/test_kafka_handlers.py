"""Handlers over Kafka: consumer groups, workers in processes of their own, failed batches in topics (issue 4)."""

import collections
import json
import os
import signal
import subprocess
import sys
import threading

import confluent_kafka
import pytest

from harness import HOME, REGIONS
from harness.server import STOP_SECONDS, binary, tributary
from harness.tables import key_attributes, stream_of
from harness.topics import bootstrap_servers
from harness.values import unique
from harness.waiting import eventually

WEST = REGIONS[1]

HANDLER = """
import json, os

def handler(event, context):
    lines = ""
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        if "poison" in image:
            raise ValueError("poison")
        lines += json.dumps({
            "worker": os.getppid(), "region": os.environ["AWS_REGION"], "event": record["eventName"],
            "key": record["dynamodb"]["Keys"]["id"]["S"], "n": int(image.get("n", {"N": "-1"})["N"]),
            "arn": record["eventSourceARN"], "view": record["dynamodb"]["StreamViewType"],
            "images": sorted(name for name in record["dynamodb"] if name.endswith("Image")),
        }) + "\\n"
    file = os.open(os.environ["SEEN"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, lines.encode())
    os.close(file)
"""


class Worker:
    """One `tributary handlers`, with its output kept."""

    def __init__(self, folder, name, servers, regions, handlers, *arguments):
        self.output_path = folder / f"{name}.out"
        clusters = [argument for region in regions for argument in ("--kafka", f"{region}={servers}")]
        command = [str(binary()), "handlers", *clusters, "--handlers", str(handlers), *arguments]
        with open(self.output_path, "ab") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=folder, env=dict(os.environ)
            )
        eventually(lambda: "\nready" in self.output)

    @property
    def output(self):
        return self.output_path.read_text(errors="replace")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def new_worker(tmp_path):
    started = []

    def start(*arguments):
        worker = Worker(tmp_path, f"worker-{len(started)}", *arguments)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


def write_handler(folder, name, table, seen, *lines):
    handler = folder / "Handlers" / name
    handler.mkdir(parents=True)
    (handler / "seen.py").write_text(HANDLER)
    settings = [
        f"table: {table}", "runtime: python3", f"python: {sys.executable}", "handler: seen.handler",
        f"environment: {{ SEEN: {seen} }}", "startingPosition: TRIM_HORIZON", *lines,
    ]
    (handler / "handler.yaml").write_text("\n".join(settings) + "\n")
    return folder / "Handlers"


def create_table(client, name, view="NEW_AND_OLD_IMAGES"):
    definitions, schema = key_attributes("id:S")
    client.create_table(
        TableName=name, AttributeDefinitions=definitions, KeySchema=schema, BillingMode="PAY_PER_REQUEST",
        StreamSpecification=stream_of(view),
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})


def put(client, table, key, n, **more):
    client.put_item(TableName=table, Item={"id": {"S": key}, "n": {"N": str(n)}, **more})


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def committed(servers, group, topic):
    """Committed offsets and ends of all partitions of a topic."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": servers, "group.id": group, "enable.auto.commit": False})
    try:
        partitions = [
            confluent_kafka.TopicPartition(topic, number)
            for number in consumer.list_topics(timeout=10).topics[topic].partitions
        ]
        return {
            place.partition: (place.offset, consumer.get_watermark_offsets(place, timeout=10)[1])
            for place in consumer.committed(partitions, timeout=10)
        }
    finally:
        consumer.close()


@pytest.fixture
def cluster(own_server, new_clients):
    server = own_server("--in-memory", "--no-handlers", "--kafka", "embedded", name="cluster")
    server.clients = new_clients(server.endpoint)
    return server


def test_two_workers_share_the_load_and_killing_one_loses_nothing(cluster, new_worker, tmp_path):
    client = cluster.clients(HOME)
    create_table(client, "Shared")
    seen = tmp_path / "seen.jsonl"
    handlers = write_handler(tmp_path, "seen", "Shared", seen, "batchSize: 5")
    servers = bootstrap_servers(cluster)
    workers = [new_worker(servers, [HOME], handlers, "--endpoint-url", cluster.endpoint) for _ in range(2)]
    written = collections.Counter()
    stop = threading.Event()

    def write():
        while not stop.is_set():
            for key in range(24):
                written[f"k{key}"] += 1
                put(client, "Shared", f"k{key}", written[f"k{key}"])
            stop.wait(0.05)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        pids = {worker.process.pid for worker in workers}
        eventually(lambda: {line["worker"] for line in lines(seen)} == pids)
        workers[0].kill()
        stop.wait(2)
    finally:
        stop.set()
        thread.join()
    expected = {(key, n) for key, count in written.items() for n in range(1, count + 1)}
    eventually(lambda: {(line["key"], line["n"]) for line in lines(seen)} == expected)
    firsts = collections.defaultdict(list)
    for line in lines(seen):
        if line["n"] not in firsts[line["key"]]:
            firsts[line["key"]].append(line["n"])
    for key, numbers in firsts.items():
        assert numbers == sorted(numbers), key
    assert workers[1].stop() == 0, workers[1].output
    offsets = committed(servers, f"tributary.handler.{HOME}.seen.Shared", f"tributary.{HOME}.Shared.changes")
    assert all(offset == end or end == 0 for offset, end in offsets.values()), offsets


def test_a_worker_takes_up_where_another_stopped_and_sees_what_lambda_sees(cluster, new_worker, tmp_path):
    client = cluster.clients
    create_table(client(HOME), "Views", view="NEW_IMAGE")
    seen = tmp_path / "seen.jsonl"
    handlers = write_handler(
        tmp_path, "seen", "Views", seen, "filters:", "  - tributary: { replicated: [false] }"
    )
    servers = bootstrap_servers(cluster)
    client(HOME).update_table(TableName="Views", ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    eventually(lambda: client(WEST).describe_table(TableName="Views")["Table"]["TableStatus"] == "ACTIVE")
    for n in range(5):
        put(client(HOME), "Views", "a", n)
    # Before the last one has arrived there may be nothing to delete.
    arrived = lambda: client(WEST).get_item(TableName="Views", Key={"id": {"S": "a"}}).get("Item", {}).get("n")  # noqa: E731
    eventually(lambda: arrived() == {"N": "4"})
    client(WEST).delete_item(TableName="Views", Key={"id": {"S": "a"}})
    worker = new_worker(servers, [HOME, WEST], handlers)
    eventually(lambda: len(lines(seen)) >= 6)
    # Lets the offsets be committed, as a clean stop does.
    assert worker.stop() == 0, worker.output
    first = lines(seen)
    assert [(line["event"], line["n"]) for line in first if line["region"] == HOME] == [
        ("INSERT", 0), ("MODIFY", 1), ("MODIFY", 2), ("MODIFY", 3), ("MODIFY", 4),
    ]
    assert [line["event"] for line in first if line["region"] == WEST] == ["REMOVE"]
    assert {line["view"] for line in first} == {"NEW_IMAGE"}
    assert {tuple(line["images"]) for line in first if line["region"] == HOME} == {("NewImage",)}
    assert {line["arn"] for line in first if line["region"] == HOME} == {
        client(HOME).describe_table(TableName="Views")["Table"]["LatestStreamArn"]
    }
    put(client(HOME), "Views", "b", 7)
    new_worker(servers, [HOME, WEST], handlers)
    eventually(lambda: len(lines(seen)) > len(first))
    assert [(line["key"], line["n"]) for line in lines(seen)[len(first):]] == [("b", 7)]


def test_failed_batches_go_to_a_topic(own_server, new_clients, tmp_path):
    topic = unique("failures")
    handlers = write_handler(
        tmp_path, "poisoned", "Poison", tmp_path / "seen.jsonl", f"onFailure: kafka:{topic}", "maximumRetryAttempts: 0",
        "bisectBatchOnFunctionError: true",
    )
    server = own_server("--in-memory", "--kafka", "embedded", "--handlers", str(handlers), name="failures")
    client = new_clients(server.endpoint)(HOME)
    create_table(client, "Poison")
    put(client, "Poison", "a", 1, poison={"BOOL": True})
    put(client, "Poison", "b", 2)
    servers = bootstrap_servers(server)
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": servers, "group.id": unique("reader"), "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        message = eventually(lambda: consumer.poll(1) or False)
    finally:
        consumer.close()
    assert message.error() is None and message.key() == b"poisoned"
    failure = json.loads(message.value())
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    info = failure["DDBStreamBatchInfo"]
    assert info["batchSize"] == 1
    assert info["streamArn"] == client.describe_table(TableName="Poison")["Table"]["LatestStreamArn"]
    assert info["shardId"].startswith(f"tributary.{HOME}.Poison.changes-")
    [record] = json.loads(failure["payload"])["Records"]
    assert record["dynamodb"]["Keys"] == {"id": {"S": "a"}}
    eventually(lambda: [line["key"] for line in lines(tmp_path / "seen.jsonl")] == ["b"])


def test_a_topic_as_destination_needs_kafka_and_is_none_of_tributarys_own(own_server, tmp_path):
    for topic, kafka, reason in [
        ("failures", [], "needs --kafka"),
        ("tributary.us-east-1.Refused.changes", ["--kafka", "embedded"], "a topic of Tributary's own"),
    ]:
        folder = tmp_path / unique("case")
        handlers = write_handler(folder, "refused", "Refused", folder / "seen.jsonl", f"onFailure: kafka:{topic}")
        server = own_server("--in-memory", "--handlers", str(handlers), *kafka, name=folder.name)
        eventually(lambda: reason in server.output)
        assert "a handler cannot be used" in server.output


def test_usage_errors_of_workers_say_what_to_give():
    for arguments, text in [
        ([], "--kafka must name the cluster of each region"),
        (["--kafka", "embedded"], "a cluster of the server's process"),
        (["--kafka", "nowhere"], "neither of the form"),
    ]:
        result = tributary("handlers", *arguments)
        assert result.returncode == 64 and text in result.stderr, result.stderr
    result = tributary("handlers", "--kafka", "us-east-1=127.0.0.1:1", "--handlers", "/nowhere")
    assert result.returncode == 1 and "there is no such folder" in result.stderr, result.stderr
