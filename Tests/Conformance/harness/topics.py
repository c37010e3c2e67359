"""Kafka topics as any other program reads them: with confluent-kafka."""

import re

import confluent_kafka

from .values import unique


def bootstrap_servers(server):
    """Where the mock cluster of a server with `--kafka embedded` is found."""
    return re.search(r"kafka +(127\.0\.0\.1:\d+)", server.output)[1]


def headers(message):
    """The headers as texts."""
    return {name: value.decode(errors="replace") for name, value in message.headers()}


def sequence(message):
    """The message's place in its region's log, as stream records tell it."""
    return headers(message)["ce_sequencenumber"]


def repeat(servers, message):
    """Writes a message once more, as a producer does that does not know that it was written."""
    producer = confluent_kafka.Producer({"bootstrap.servers": servers})
    producer.produce(message.topic(), message.value(), message.key(), message.partition(), headers=message.headers())
    assert producer.flush(10) == 0


class TopicReader:
    """Reads a topic from its beginning, further with each call, and keeps nothing: a mock cluster forgets what is old."""

    def __init__(self, servers, topic):
        self.consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": servers, "group.id": unique("reader"), "enable.auto.commit": False,
                "fetch.wait.max.ms": 10,
            }
        )  # fmt: skip
        self.topic = topic
        self.offsets = {}

    def poll(self):
        """What has come since the last call, up to the present end; each topic partition in its order."""
        partitions = self.consumer.list_topics(self.topic, timeout=10).topics[self.topic].partitions
        ends = {number: self._end(number) for number in partitions}
        waiting = {number for number in partitions if self.offsets.setdefault(number, 0) < ends[number]}
        self.consumer.assign(
            [confluent_kafka.TopicPartition(self.topic, number, self.offsets[number]) for number in waiting]
        )
        messages = []
        while waiting:
            message = self.consumer.poll(10)
            assert message is not None, f"nothing more of {self.topic}: {waiting}"
            assert message.error() is None, message.error()
            messages.append(message)
            self.offsets[message.partition()] = message.offset() + 1
            if message.offset() + 1 >= ends[message.partition()]:
                waiting.discard(message.partition())
        return messages

    def _end(self, number):
        place = confluent_kafka.TopicPartition(self.topic, number)
        start, end = self.consumer.get_watermark_offsets(place, timeout=10)
        # Else the reader would be at fault for what it does not see.
        assert start <= self.offsets.get(number, 0), f"{self.topic}[{number}] has lost records up to {start}"
        return end

    def close(self):
        self.consumer.close()
