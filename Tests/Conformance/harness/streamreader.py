"""Reads a table's stream as a consumer must: every shard, parents before children, over and over."""

from .values import unique
from .waiting import eventually


class StreamReader:
    """Collects the records of one stream from its beginning; `poll` fetches what is new."""

    def __init__(self, client, arn, page_limit=None):
        self.client, self.arn, self.page_limit = client, arn, page_limit
        self.records = []
        self._iterators = {}
        self._finished = set()

    def shards(self):
        """All shards of the stream, all pages, in the order of the listing."""
        shards, request = [], {"StreamArn": self.arn}
        while True:
            page = self.client.describe_stream(**request)["StreamDescription"]
            shards += page["Shards"]
            if not page["Shards"] or "LastEvaluatedShardId" not in page:
                return shards
            request["ExclusiveStartShardId"] = page["LastEvaluatedShardId"]

    def poll(self):
        """One round over all shards; returns the records that it brought."""
        before = len(self.records)
        shards = self.shards()
        known = {shard["ShardId"] for shard in shards}
        for shard in shards:
            if shard["ShardId"] in self._finished:
                continue
            if shard.get("ParentShardId") in known - self._finished:
                continue
            self._drain(shard["ShardId"])
        return self.records[before:]

    def _drain(self, shard):
        if shard not in self._iterators:
            self._iterators[shard] = self.client.get_shard_iterator(
                StreamArn=self.arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
        limit = {"Limit": self.page_limit} if self.page_limit else {}
        while True:
            page = self.client.get_records(ShardIterator=self._iterators[shard], **limit)
            self.records += page["Records"]
            if "NextShardIterator" not in page:
                self._finished.add(shard)
                return
            self._iterators[shard] = page["NextShardIterator"]
            if not page["Records"]:
                return

    def until(self, found, within_seconds=60.0):
        """Polls until `found(records)` is true; returns all records."""

        def enough():
            self.poll()
            assert found(self.records), f"{len(self.records)} records so far"
            return self.records

        return eventually(enough, within_seconds)

    def until_count(self, count):
        return self.until(lambda records: len(records) >= count)


def reader(streams, table, **options):
    """A reader of the table's present stream; `streams` is the fixture."""
    return StreamReader(streams(table.region), table.description()["LatestStreamArn"], **options)


def records_of(streams, table, *actions):
    """What the actions bring to the stream of a table that nobody else writes to; marker items stand around them.

    The table's partition key is `p`, a string, and it has no sort key.
    """
    follow, markers = reader(streams, table), [{"S": unique("marker")} for _ in range(2)]

    def position(marker):
        keys = [record["dynamodb"]["Keys"]["p"] for record in follow.records]
        return keys.index(marker)

    table.put_item(Item={"p": markers[0]})
    for action in actions:
        action()
    table.put_item(Item={"p": markers[1]})
    follow.until(lambda records: any(record["dynamodb"]["Keys"]["p"] == markers[1] for record in records))
    return follow.records[position(markers[0]) + 1 : position(markers[1])]


def images(records):
    """Per record (event name, old image or None, new image or None)."""
    return [(r["eventName"], r["dynamodb"].get("OldImage"), r["dynamodb"].get("NewImage")) for r in records]


def assert_chain(records, key_names, final_items):
    """Every change exactly once, in order per key: each record's old image is its predecessor's new image,
    the first has none, the last is the stored item."""
    current, sequence_numbers = {}, []
    for record in records:
        change = record["dynamodb"]
        key = tuple(str(change["Keys"][name]) for name in key_names)
        assert change.get("OldImage") == current.get(key), (key, change)
        assert ("OldImage" in change, "NewImage" in change) == {
            "INSERT": (False, True),
            "MODIFY": (True, True),
            "REMOVE": (True, False),
        }[record["eventName"]]
        current[key] = change.get("NewImage")
        sequence_numbers.append(int(change["SequenceNumber"]))
    assert len(set(sequence_numbers)) == len(sequence_numbers)
    assert len({record["eventID"] for record in records}) == len(records)
    stored = {tuple(str(item[name]) for name in key_names): item for item in final_items}
    assert {key: image for key, image in current.items() if image is not None} == stored
