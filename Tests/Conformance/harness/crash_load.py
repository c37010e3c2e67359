"""A load whose every outcome is remembered, and the auditor that compares it with what a server has after a crash.

Outcomes are three: acknowledged, refused, and unknown (the connection broke, or the answer was 5xx). An unknown write
may be there or not, once. Writers stop at their first unknown outcome, so that at most one write each is unknown.
"""

import itertools
import random
import threading

from . import HOME, REGIONS
from .streamreader import StreamReader
from .waiting import eventually
from .wire import RawClient

KEYS_PER_WRITER = 6
ACCOUNTS = 4
START_BALANCE = 1000


class Journal:
    """What was attempted on each key of one writer, in order: [value, acknowledged or unknown]."""

    def __init__(self):
        self.attempts = {}

    def attempt(self, key, value):
        entry = [value, False]
        self.attempts.setdefault(key, []).append(entry)
        return entry


class Writer(threading.Thread):
    """Writes in one region until told to stop, or until an outcome is unknown."""

    def __init__(self, load, region, name):
        super().__init__(name=f"{region}-{name}")
        self.load, self.region = load, region
        self.raw = RawClient(load.server.endpoint)
        self.chooser = random.Random(f"{load.seed}-{self.name}")
        self.count, self.failure = 0, None

    def run(self):
        try:
            while not self.load.stopping.is_set() and self.write():
                self.count += 1
        except OSError:
            pass  # Gone in the middle of a request: unknown.
        except Exception as failure:
            self.failure = failure
        finally:
            self.raw.close()

    def call(self, operation, request):
        """The answer; nil when the server said that it does not know."""
        answer = self.raw.call(operation, request, region=self.region)
        return None if answer.status >= 500 else answer


class UniqueWriter(Writer):
    """Writes unique values to keys of its own."""

    def __init__(self, load, region, name):
        super().__init__(load, region, name)
        self.journal = load.journals.setdefault(self.name, Journal())

    def write(self):
        key = f"{self.name}-{self.chooser.randrange(KEYS_PER_WRITER)}"
        value = next(self.load.values)
        entry = self.journal.attempt(key, value)
        request = {
            "TableName": self.load.table,
            "Item": {"p": {"S": key}, "v": {"N": str(value)}, "x": {"S": "x" * self.chooser.randrange(400)}},
        }
        answer = self.call("PutItem", request)
        if answer is None:
            return False
        assert answer.status == 200, answer
        entry[1] = True
        return True


class CounterWriter(Writer):
    """Counts a key of its region up under a condition, against others of its kind: each number is given out once."""

    def __init__(self, load, region, name):
        super().__init__(load, region, name)
        self.key = f"counter-{region}"
        self.given = load.counters.setdefault(self.key, {"acknowledged": set(), "unknown": 0})

    def write(self):
        read = self.call("GetItem", {"TableName": self.load.table, "Key": {"p": {"S": self.key}}, "ConsistentRead": True})
        if read is None:
            return False
        seen = int(read.json.get("Item", {}).get("n", {}).get("N", 0))
        request = {
            "TableName": self.load.table,
            "Key": {"p": {"S": self.key}},
            "UpdateExpression": "SET n = :next",
            "ConditionExpression": "attribute_not_exists(n) OR n = :seen",
            "ExpressionAttributeValues": {":seen": {"N": str(seen)}, ":next": {"N": str(seen + 1)}},
        }
        if seen:
            request["ConditionExpression"] = "n = :seen"
        else:
            request["ConditionExpression"] = "attribute_not_exists(n)"
            del request["ExpressionAttributeValues"][":seen"]
        self.given["unknown"] += 1
        answer = self.call("UpdateItem", request)
        if answer is None:
            return False
        self.given["unknown"] -= 1
        if answer.status == 200:
            assert seen + 1 not in self.given["acknowledged"], f"{self.key}: {seen + 1} was given out twice"
            self.given["acknowledged"].add(seen + 1)
        else:
            assert answer.error[1] == "ConditionalCheckFailedException", answer
        return True


class Banker(Writer):
    """Moves money between the accounts of its region, a transaction each with a client token and a receipt."""

    def write(self):
        number = next(self.load.values)
        return self.transfer(number, f"{self.load.table[-8:]}-{number}")

    def transfer(self, number, token):
        chooser = random.Random(number)
        source, target = chooser.sample(range(ACCOUNTS), 2)
        amount = chooser.randrange(1, 50)
        transfer = (self.region, number, token)
        self.load.unknown_transfers.add(transfer)
        update = {"TableName": self.load.table, "UpdateExpression": "ADD balance :amount"}
        request = {
            "ClientRequestToken": token,
            "TransactItems": [
                {"Update": {**update, "Key": {"p": {"S": account(self.region, place)}},
                            "ExpressionAttributeValues": {":amount": {"N": str(change)}}}}
                for place, change in ((source, -amount), (target, amount))
            ]
            + [{"Put": {"TableName": self.load.table, "Item": {"p": {"S": f"receipt-{self.region}-{number % 50}"},
                                                             "v": {"N": str(number)}}}}],
        }  # fmt: skip
        answer = self.call("TransactWriteItems", request)
        if answer is None:
            return False
        assert answer.status == 200, answer
        self.load.unknown_transfers.discard(transfer)
        moved = self.load.moved.setdefault(self.region, [0] * ACCOUNTS)
        moved[source] -= amount
        moved[target] += amount
        return True


def account(region, place):
    return f"account-{region}-{place}"


class SharedWriter(Writer):
    """Writes keys that all regions write: which write wins is theirs to agree on."""

    def write(self):
        item = {"p": {"S": f"shared-{self.chooser.randrange(3)}"}, "v": {"N": str(next(self.load.values))}}
        answer = self.call("PutItem", {"TableName": self.load.table, "Item": item})
        assert answer is None or answer.status == 200, answer
        return answer is not None


KINDS = (UniqueWriter, UniqueWriter, CounterWriter, CounterWriter, Banker, SharedWriter)


class Load:
    """One table in three regions, what was done to it, and what must be there."""

    def __init__(self, server, clients, streams, table, seed):
        self.server, self.clients, self.streams, self.table, self.seed = server, clients, streams, table, seed
        self.values = itertools.count(1)
        self.journals, self.counters, self.moved = {}, {}, {}
        self.unknown_transfers = set()
        self.stopping = threading.Event()
        self.writers = []
        self.acknowledged = 0
        self.readers = {}
        self.histories = {region: {} for region in REGIONS}
        for region in REGIONS:
            for place in range(ACCOUNTS):
                item = {"p": {"S": account(region, place)}, "balance": {"N": str(START_BALANCE)}}
                clients(region).put_item(TableName=table, Item=item)
        eventually(self._equal, 30)

    # --- While it runs ---

    def start(self):
        self.stopping.clear()
        self.writers = [kind(self, region, number) for region in REGIONS for number, kind in enumerate(KINDS)]
        for writer in self.writers:
            writer.start()

    @property
    def count(self):
        return sum(writer.count for writer in self.writers)

    def join(self):
        self.stopping.set()
        for writer in self.writers:
            writer.join()
        failures = [(writer.name, writer.failure) for writer in self.writers if writer.failure]
        assert failures == [], failures
        self.acknowledged += self.count

    # --- Afterwards ---

    def audit(self, within_seconds=60):
        """Everything that was acknowledged is there, in items, streams and all regions. Call it when the server is back."""
        self._repeat_transfers()
        final = eventually(self._equal, within_seconds)
        self._audit_streams(final, within_seconds)
        self._audit_unique(final)
        self._audit_counters(final)
        self._audit_accounts(final)

    def _repeat_transfers(self):
        """A transaction of unknown outcome is sent again with its token: it happens once, whichever it was."""
        for region, number, token in sorted(self.unknown_transfers):
            banker = Banker(self, region, "again")
            try:
                assert banker.transfer(number, token), (region, number)
            finally:
                banker.raw.close()
        assert self.unknown_transfers == set()

    def _equal(self):
        first, *others = (self._scan(region) for region in REGIONS)
        assert others == [first, first], [
            (key, [other.get(key) for other in (first, *others)])
            for key in sorted(set(first) | set(others[0]) | set(others[1]))
            if len({str(other.get(key)) for other in (first, *others)}) > 1
        ][:3]
        return first

    def _scan(self, region):
        pages = self.clients(region).get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        return {item["p"]["S"]: item for page in pages for item in page["Items"]}

    def _audit_streams(self, final, within_seconds):
        for region in REGIONS:
            if region not in self.readers:
                arn = self.clients(region).describe_table(TableName=self.table)["Table"]["LatestStreamArn"]
                self.readers[region] = StreamReader(self.streams(region), arn)
            reader, history = self.readers[region], self.histories[region]

            def complete():
                # Only what is new is looked at.
                for record in reader.poll():
                    change = record["dynamodb"]
                    images = history.setdefault(change["Keys"]["p"]["S"], [])
                    assert change.get("OldImage") == (images[-1] if images else None), (region, change)
                    images.append(change["NewImage"])
                assert {key: images[-1] for key, images in history.items()} == final
                assert len(reader.records) == sum(map(len, history.values()))

            eventually(complete, within_seconds)
            numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in reader.records]
            assert numbers == sorted(set(numbers)), region
        for key, images in self.histories[HOME].items():
            if not key.startswith("shared-"):
                for region in REGIONS:
                    assert self.histories[region][key] == images, (region, key)

    def _audit_unique(self, final):
        for journal in self.journals.values():
            for key, attempts in journal.attempts.items():
                stored = [int(image["v"]["N"]) for image in self.histories[HOME].get(key, [])]
                # What is there, in order, is what was attempted, without some that were never acknowledged.
                acknowledged = [value for value, is_acknowledged in attempts if is_acknowledged]
                attempted = [value for value, _ in attempts]
                assert len(set(stored)) == len(stored), (key, stored)
                assert [value for value in attempted if value in set(stored)] == stored, (key, stored)
                assert set(acknowledged) <= set(stored), (key, set(acknowledged) - set(stored))
                # An unknown write that was found missing once stays missing.
                journal.attempts[key] = [entry for entry in attempts if entry[0] in set(stored)]

    def _audit_counters(self, final):
        for key, given in self.counters.items():
            numbers = [int(image["n"]["N"]) for image in self.histories[HOME].get(key, [])]
            assert numbers == list(range(1, len(numbers) + 1)), (key, numbers)
            assert given["acknowledged"] <= set(numbers), key
            assert len(numbers) <= len(given["acknowledged"]) + given["unknown"], key

    def _audit_accounts(self, final):
        for region in REGIONS:
            moved = self.moved.get(region, [0] * ACCOUNTS)
            balances = [int(final[account(region, place)]["balance"]["N"]) for place in range(ACCOUNTS)]
            assert balances == [START_BALANCE + change for change in moved], region
