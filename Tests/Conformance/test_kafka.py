"""Changes on Kafka, read by confluent-kafka, over the mock cluster that `--kafka embedded` offers (issue 2)."""

import json
import threading

import confluent_kafka
import pytest

from harness import HOME, REGIONS
from harness.server import tributary
from harness.tables import key_attributes, stream_of
from harness.topics import bootstrap_servers
from harness.values import unique
from harness.waiting import eventually

WEST = REGIONS[1]


def read_topic(servers, topic, until=lambda messages: True):
    """All messages of a topic, by topic partition in the order of offsets, once `until` holds for them."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": servers, "group.id": unique("reader"), "enable.auto.commit": False, "fetch.wait.max.ms": 10}
    )
    try:
        partitions = sorted(consumer.list_topics(timeout=10).topics[topic].partitions)
        ends = lambda: {
            p: consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, p), timeout=10)[1] for p in partitions
        }
        consumer.assign([confluent_kafka.TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING) for p in partitions])
        found = {p: [] for p in partitions}

        def complete():
            wanted = ends()
            while sum(map(len, found.values())) < sum(wanted.values()):
                message = consumer.poll(1)
                if message is None:
                    break
                assert message.error() is None, message.error()
                found[message.partition()].append(message)
            return until([message for messages in found.values() for message in messages])

        eventually(complete)
        return found
    finally:
        consumer.close()


def headers(message):
    return {name: value.decode() for name, value in message.headers()}


def sequence(message):
    return int(headers(message)["ce_sequencenumber"][1:])


def create_table(client, name, *keys):
    definitions, schema = key_attributes(*keys)
    client.create_table(
        TableName=name, AttributeDefinitions=definitions, KeySchema=schema, BillingMode="PAY_PER_REQUEST",
        StreamSpecification=stream_of("KEYS_ONLY"),
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})


def add_replica(client, name, region):
    client(HOME).update_table(TableName=name, ReplicaUpdates=[{"Create": {"RegionName": region}}])
    eventually(lambda: client(region).describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE")


@pytest.fixture(scope="module")
def kafka(module_server, new_clients):
    server = module_server("--in-memory", "--kafka", "embedded", name="kafka")
    server.clients = new_clients(server.endpoint)
    return server


def test_values_are_what_lambda_receives_and_headers_are_cloud_events(kafka):
    client = kafka.clients(HOME)
    create_table(client, "Orders", "id:S", "at:N")
    client.put_item(TableName="Orders", Item={"id": {"S": "o-1"}, "at": {"N": "1.0"}, "tags": {"SS": ["b", "a"]}})
    client.update_item(
        TableName="Orders", Key={"id": {"S": "o-1"}, "at": {"N": "1"}}, UpdateExpression="SET paid = :yes",
        ExpressionAttributeValues={":yes": {"BOOL": True}},
    )
    client.delete_item(TableName="Orders", Key={"id": {"S": "o-1"}, "at": {"N": "1"}})
    found = read_topic(
        bootstrap_servers(kafka), "tributary.us-east-1.Orders.changes", lambda messages: len(messages) == 3
    )
    [messages] = [messages for messages in found.values() if messages]
    assert {message.key() for message in messages} == {b'{"at":{"N":"1"},"id":{"S":"o-1"}}'}
    records = [json.loads(message.value()) for message in messages]
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    first, second, third = records
    assert set(first) == {
        "eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb", "eventSourceARN",
    }
    assert first["dynamodb"]["Keys"] == {"id": {"S": "o-1"}, "at": {"N": "1"}}
    assert first["dynamodb"]["NewImage"]["tags"] == {"SS": ["a", "b"]}
    # The table's view type is applied for streams and handlers, not here.
    assert second["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert second["dynamodb"]["OldImage"] == first["dynamodb"]["NewImage"]
    assert third["dynamodb"]["OldImage"] == second["dynamodb"]["NewImage"]
    arn = client.describe_table(TableName="Orders")["Table"]["LatestStreamArn"]
    assert {record["eventSourceARN"] for record in records} == {arn}
    described = headers(messages[1])
    assert described["ce_specversion"] == "1.0"
    assert described["ce_type"] == "item.modified"
    assert described["ce_source"] == "/tributary/regions/us-east-1"
    assert described["ce_subject"] == "Orders"
    assert described["content-type"] == "application/json"
    assert described["ce_originregion"] == "us-east-1"
    assert described["ce_replicated"] == "false"
    assert described["ce_cause"] == "user"
    assert described["ce_sequencenumber"] == second["dynamodb"]["SequenceNumber"]
    assert described["ce_baseversion"] == headers(messages[0])["ce_version"]
    assert described["ce_id"] != headers(messages[0])["ce_id"]


def test_a_key_is_where_kafkas_own_partitioner_would_put_it(kafka):
    client = kafka.clients(HOME)
    create_table(client, "Placed", "id:S")
    for number in range(40):
        client.put_item(TableName="Placed", Item={"id": {"S": f"k-{number}"}})
    servers = bootstrap_servers(kafka)
    found = read_topic(servers, "tributary.us-east-1.Placed.changes", lambda messages: len(messages) == 40)
    assert len([messages for messages in found.values() if messages]) > 1
    placed = {}
    producer = confluent_kafka.Producer({"bootstrap.servers": servers, "partitioner": "murmur2"})
    for messages in found.values():
        for message in messages:
            producer.produce(
                "tributary.us-east-1.Placed.changes", b"", message.key(),
                on_delivery=lambda error, sent: placed.__setitem__(sent.key(), sent.partition()),
            )
    producer.flush(10)
    assert placed == {message.key(): number for number, messages in found.items() for message in messages}


def test_state_and_control_topics(kafka):
    client = kafka.clients
    create_table(client(HOME), "Kept", "id:S")
    client(HOME).put_item(TableName="Kept", Item={"id": {"S": "a"}, "v": {"N": "1"}})
    client(HOME).put_item(TableName="Kept", Item={"id": {"S": "b"}})
    add_replica(client, "Kept", WEST)
    client(HOME).put_item(TableName="Kept", Item={"id": {"S": "a"}, "v": {"N": "2"}})
    client(HOME).delete_item(TableName="Kept", Key={"id": {"S": "b"}})
    servers = bootstrap_servers(kafka)

    def newest(messages):
        return {message.key(): message.value() for message in messages}

    expected = {b'{"id":{"S":"a"}}': b'{"id":{"S":"a"},"v":{"N":"2"}}', b'{"id":{"S":"b"}}': None}
    read_topic(servers, "tributary.us-east-1.Kept.state", lambda messages: newest(messages) == expected)
    # The replica had b in the snapshot that it was filled with.
    read_topic(servers, "tributary.eu-west-1.Kept.state", lambda messages: newest(messages) == expected)
    found = read_topic(
        servers, "tributary.eu-west-1.control",
        lambda messages: {b"replica.created", b"replica.caught-up"} <= {message.key() for message in messages},
    )
    events = [json.loads(message.value()) for messages in found.values() for message in messages]
    assert [event["type"] for event in events if event["subject"] == "Kept"] == ["replica.created", "replica.caught-up"]
    assert events[0]["specversion"] == "1.0"


def test_replicas_are_fed_from_the_topics_and_say_where_writes_come_from(kafka):
    client = kafka.clients
    create_table(client(HOME), "Both", "id:S")
    add_replica(client, "Both", WEST)
    for number in range(30):
        client(HOME).put_item(TableName="Both", Item={"id": {"S": f"east-{number}"}})
        client(WEST).put_item(TableName="Both", Item={"id": {"S": f"west-{number}"}})
    for region in (HOME, WEST):
        eventually(lambda: client(region).scan(TableName="Both")["Count"] == 60)
    found = read_topic(
        bootstrap_servers(kafka), "tributary.eu-west-1.Both.changes", lambda messages: len(messages) == 60
    )
    origins = [headers(message)["ce_originregion"] for messages in found.values() for message in messages]
    assert sorted(set(origins)) == [WEST, HOME] and origins.count(HOME) == 30

    def published():
        """The publisher hears of a message's delivery after readers may have had it."""
        listed = tributary("topics", "--endpoint", kafka.endpoint, "--output", "json")
        assert listed.returncode == 0, listed.stderr
        report = json.loads(listed.stdout)
        topics = {topic["topic"]: topic for topic in report["topics"]}
        changes = topics["tributary.eu-west-1.Both.changes"]
        assert changes["backlog"] == 0 and sum(p["end"] for p in changes["partitions"]) == 60
        return report

    report = eventually(published)
    assert {(link["from"], link["to"]) for link in report["links"] if link["table"] == "Both"} == {
        (HOME, WEST), (WEST, HOME),
    }
    text = tributary("topics", "--endpoint", kafka.endpoint)
    assert text.returncode == 0 and "tributary.eu-west-1.Both.changes" in text.stdout


@pytest.mark.parametrize("record_format", ["debezium", "plain"])
def test_other_record_formats_replicate_as_well(module_server, new_clients, record_format):
    server = module_server("--in-memory", "--kafka", "embedded", "--record-format", record_format, name=record_format)
    client = new_clients(server.endpoint)
    create_table(client(HOME), "Formats", "id:S")
    add_replica(client, "Formats", WEST)
    item = {"id": {"S": "a"}, "set": {"NS": ["1", "2.5"]}, "raw": {"B": b"\x00\xff"}, "n": {"N": "1e2"}}
    client(HOME).put_item(TableName="Formats", Item=item)
    found = eventually(lambda: client(WEST).get_item(TableName="Formats", Key={"id": {"S": "a"}})["Item"])
    assert found["raw"] == {"B": b"\x00\xff"} and sorted(found["set"]["NS"]) == ["1", "2.5"]
    topics = read_topic(
        bootstrap_servers(server), "tributary.us-east-1.Formats.changes", lambda messages: len(messages) == 1
    )
    [value] = [json.loads(message.value()) for messages in topics.values() for message in messages]
    image = value["after"] if record_format == "debezium" else value["new"]
    assert image == {"id": "a", "set": [1, 2.5], "raw": "AP8=", "n": 100}


def test_nothing_is_missing_or_twice_after_kill_9(own_server, new_clients):
    """The cluster is another process, so that it outlives the publisher."""
    cluster = own_server("--in-memory", "--regions", "us-east-1", "--kafka", "embedded", "--topic-prefix", "cluster",
                         name="cluster")
    servers = bootstrap_servers(cluster)
    arguments = ["--kafka", f"us-east-1={servers}", "--kafka", f"eu-west-1={servers}", "--regions", "us-east-1,eu-west-1"]
    server = own_server(*arguments, name="publisher")
    client = new_clients(server.endpoint)
    create_table(client(HOME), "Killed", "id:S")
    add_replica(client, "Killed", WEST)
    stop = threading.Event()

    def write(thread):
        number = 0
        while not stop.is_set():
            try:
                item = {"id": {"S": f"{thread}-{number % 7}"}, "n": {"N": str(number)}}
                client((HOME, WEST)[thread % 2]).put_item(TableName="Killed", Item=item)
                number += 1
            except Exception:
                stop.wait(0.02)

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        stop.wait(1)
        server.kill()
        server.start()
    stop.wait(1)
    stop.set()
    for thread in threads:
        thread.join()

    def everything(region):
        return sorted(client(region).scan(TableName="Killed")["Items"], key=lambda item: item["id"]["S"])

    eventually(lambda: everything(HOME) == everything(WEST))
    for region in (HOME, WEST):
        report = eventually(lambda: backlog_free(server, region))
        found = read_topic(servers, f"tributary.{region}.Killed.changes")
        for messages in found.values():
            numbers = [sequence(message) for message in messages]
            assert numbers == sorted(numbers)
        numbers = sorted(sequence(message) for messages in found.values() for message in messages)
        assert numbers == list(range(1, len(numbers) + 1)), f"{region}: missing or twice"
        assert report["published"] > 0


def backlog_free(server, region):
    listed = json.loads(tributary("topics", "--endpoint", server.endpoint, "--output", "json").stdout)
    [topic] = [topic for topic in listed["topics"] if topic["topic"] == f"tributary.{region}.Killed.changes"]
    return topic if topic["backlog"] == 0 else False


def test_a_cluster_that_is_down_stops_no_write_and_shows_its_backlog(own_server, new_clients):
    cluster = own_server("--in-memory", "--regions", "us-east-1", "--kafka", "embedded", "--topic-prefix", "cluster",
                         name="cluster")
    servers = bootstrap_servers(cluster)
    cluster.kill()
    server = own_server("--in-memory", "--regions", "us-east-1", "--kafka", f"us-east-1={servers}", name="publisher")
    client = new_clients(server.endpoint)(HOME)
    create_table(client, "Waiting", "id:S")
    for number in range(20):
        client.put_item(TableName="Waiting", Item={"id": {"S": str(number)}})

    def unpublished():
        status = json.loads(tributary("status", "--endpoint", server.endpoint, "--output", "json").stdout)
        return status["regions"][0]["tables"][0]["unpublished"]

    eventually(lambda: unpublished() == 20)
    text = tributary("status", "--endpoint", server.endpoint).stdout
    assert "UNPUBLISHED" in text


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["--kafka", "us-east-1"], "neither of the form"),
        (["--kafka", "eu-north-1=localhost:9092"], "eu-north-1 is a region of another process"),
        (["--kafka", "us-east-1=a:1", "--kafka", "us-east-1=b:1"], "us-east-1 is named twice"),
        (["--kafka", "embedded", "--kafka", "us-east-1=a:1"], "excludes other --kafka"),
        (["--kafka-property", "acks=1"], "need --kafka"),
        (["--kafka", "embedded", "--topic-retention", "1h"], "at least 24h"),
        (["--kafka", "embedded", "--topic-prefix", "a b"], "--topic-prefix"),
        (["--kafka", "embedded", "--topic-partitions", "0"], "between 1 and"),
        (["--kafka", "embedded", "--record-format", "avro"], "record-format"),
    ],
)
def test_options_that_cannot_be_are_refused(arguments, complaint):
    answer = tributary("serve", "--in-memory", "--port", "0", *arguments)
    assert answer.returncode == 64
    assert complaint in answer.stderr


def test_properties_that_librdkafka_refuses_are_named_without_their_secrets(tmp_path):
    answer = tributary(
        "serve", "--in-memory", "--port", "0", "--kafka", "us-east-1=localhost:1", "--kafka-property", "no.such=1"
    )
    assert answer.returncode == 1 and "no.such" in answer.stderr
    file = tmp_path / "kafka.properties"
    file.write_text("# credentials\nsasl.password=geheim\nacks=1\n")
    answer = tributary(
        "serve", "--in-memory", "--port", "0", "--kafka", "us-east-1=localhost:1", "--kafka-properties-file", str(file)
    )
    assert answer.returncode == 1 and "line 3" in answer.stderr and "geheim" not in answer.stderr
