"""The auditor of topics: what the regions published, against the streams that the load's own auditor has checked."""

import json

from . import REGIONS
from .topics import TopicReader, sequence
from .waiting import eventually


class RepeatedRecord(AssertionError):
    """A record that a topic holds twice: no waiting mends it."""


class TopicAudit:
    """Follows `.changes` and `.state` of a load's table in all regions, over all crashes."""

    def __init__(self, load, servers, prefix):
        self.load = load
        self.changes = {
            region: TopicReader(servers, f"{prefix}.{region}.{load.table}.changes") for region in REGIONS
        }
        self.states = {region: TopicReader(servers, f"{prefix}.{region}.{load.table}.state") for region in REGIONS}
        self.published = {region: {} for region in REGIONS}
        self.last = {region: {} for region in REGIONS}
        self.newest = {region: {} for region in REGIONS}
        self.some_message = None

    def close(self):
        for reader in (*self.changes.values(), *self.states.values()):
            reader.close()

    @property
    def count(self):
        return sum(map(len, self.published.values()))

    def audit(self, within_seconds=60):
        """Every stream record is in the topic of its region once, and no other. Call it after the load's own audit."""
        for region in REGIONS:
            eventually(lambda: self._audit_changes(region), within_seconds, unless=RepeatedRecord)
            eventually(lambda: self._audit_state(region), within_seconds)

    def _audit_changes(self, region):
        published, last = self.published[region], self.last[region]
        for message in self.changes[region].poll():
            number = sequence(message)
            if number in published:
                raise RepeatedRecord(f"{region}: {number} at offset {message.offset()} is {published[number]} again")
            if last.get(message.partition(), "") > number:
                raise RepeatedRecord(f"{region}: {number} comes after {last[message.partition()]}")
            last[message.partition()] = number
            self.some_message = message
            published[number] = json.loads(message.value())["dynamodb"]
        streamed = {record["dynamodb"]["SequenceNumber"]: record for record in self.load.readers[region].records}
        missing, foreign = set(streamed) - set(published), set(published) - set(streamed)
        assert not missing and not foreign, (region, sorted(missing)[:3], sorted(foreign)[:3])
        for number, change in published.items():
            for part in ("Keys", "OldImage", "NewImage"):
                assert change.get(part) == streamed[number]["dynamodb"].get(part), (region, number, part)

    def _audit_state(self, region):
        newest = self.newest[region]
        for message in self.states[region].poll():
            newest[message.key()] = message.value()
        items = [json.loads(value) for value in newest.values() if value is not None]
        assert {item["p"]["S"]: item for item in items} == {
            key: images[-1] for key, images in self.load.histories[region].items()
        }, region
