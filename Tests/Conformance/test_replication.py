"""What happens to items between regions: visibility, order, conflicts, filling of replicas (global-tables.md 3.3, 5, 6)."""

import random
import threading

import botocore.exceptions
import pytest

from harness import REGIONS
from harness.errors import condition_failed
from harness.streamreader import assert_chain, images, reader
from harness.tables import replica_states
from harness.values import BOOL, BS, L, M, N, NS, NULL, S, SS, B, comparable, nested, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS


@pytest.fixture(scope="module")
def table(new_table):
    """A table with replicas in all three regions."""
    return new_table("p:S", replicas=[WEST, SOUTH])


def everywhere(table, expected, **key):
    """All regions come to hold this item (None: no item)."""
    for region in REGIONS:
        eventually(lambda region=region: comparable(table.in_region(region).get(**key)) == comparable(expected))


def contents(table, region):
    return sorted((comparable_key(item) for item in table.in_region(region).all_items()), key=repr)


def comparable_key(item):
    return repr(sorted((name, repr(comparable(value))) for name, value in item.items()))


def eventually_equal(table, regions=REGIONS):
    """All replicas come to hold the same items; returns how many."""

    def equal():
        first, *others = (contents(table, region) for region in regions)
        assert all(other == first for other in others), [len(first), *map(len, others)]
        return first or [None]

    return len(eventually(equal))


class Background:
    """Threads that repeat a function until the block ends; a failure in one of them fails the block."""

    def __init__(self, *functions):
        self.functions, self.failures, self.stopping = functions, [], threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self._run, args=(function,)) for function in self.functions]
        for thread in self.threads:
            thread.start()
        return self

    def _run(self, function):
        try:
            while not self.stopping.is_set():
                function()
        except BaseException as failure:
            self.failures.append(failure)

    def __exit__(self, *error):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        assert self.failures == []


# --- Visibility -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("region", REGIONS)
def test_put_update_delete_are_seen_everywhere(table, region):
    side, key = table.in_region(region), {"p": S(unique())}
    side.put_item(Item={**key, "a": N(1)})
    everywhere(table, {**key, "a": N(1)}, **key)
    side.update_item(Key=key, UpdateExpression="SET b = :b ADD a :b", ExpressionAttributeValues={":b": N(2)})
    everywhere(table, {**key, "a": N(3), "b": N(2)}, **key)
    side.delete_item(Key=key)
    everywhere(table, None, **key)


def test_all_types_arrive_as_they_were(table):
    item = {
        "p": S(unique()), "s": S("caf\u00e9 \x00 \U0001f600"), "n": N("-12345678901234567890.123456789"), "b": B(bytes(range(256))),
        "t": BOOL(True), "z": NULL, "ss": SS("a", "\u00e9", "e\u0301"), "ns": NS("1", "2.5"), "bs": BS(b"x", b"\xff"),
        "l": L(N(1), L(), M(a=S(""))), "m": nested(31), "\u00e9": N(1), "e\u0301": N(2),
    }  # fmt: skip
    table.put_item(Item=item)
    everywhere(table, item, p=item["p"])


def test_large_items_arrive(table):
    item = {"p": S(unique()), "padding": S("x" * 400_000)}
    table.put_item(Item=item)
    everywhere(table, item, p=item["p"])


def test_batches_and_transactions_arrive(table):
    keys = [{"p": S(unique())} for _ in range(20)]
    west = table.in_region(WEST)
    west.client.batch_write_item(RequestItems={table.name: [{"PutRequest": {"Item": key}} for key in keys[:10]]})
    west.client.transact_write_items(
        TransactItems=[{"Put": {"TableName": table.name, "Item": key}} for key in keys[10:]]
        + [{"Update": {"TableName": table.name, "Key": {"p": S("counter")}, "UpdateExpression": "ADD n :n",
                       "ExpressionAttributeValues": {":n": N(1)}}}]
    )  # fmt: skip
    for key in keys:
        everywhere(table, key, **key)
    everywhere(table, {"p": S("counter"), "n": N(1)}, p=S("counter"))


def test_conditions_look_at_the_local_replica(table):
    key = {"p": S(unique())}
    table.put_item(Item={**key, "version": N(1)})
    everywhere(table, {**key, "version": N(1)}, **key)
    west = table.in_region(WEST)
    update = {
        "Key": key,
        "UpdateExpression": "SET version = :new",
        "ConditionExpression": "version = :old",
        "ExpressionAttributeValues": {":old": N(1), ":new": N(2)},
    }
    west.update_item(**update)
    with condition_failed():
        west.update_item(**update)
    everywhere(table, {**key, "version": N(2)}, **key)


def test_no_attributes_are_added(table):
    item = table.put(p=S(unique()), a=N(1))
    everywhere(table, item, p=item["p"])
    for region in REGIONS:
        assert set(table.in_region(region).get(p=item["p"])) == {"p", "a"}


# --- Streams of the replicas ----------------------------------------------------------------------------------------


def test_each_stream_holds_each_write_once(new_table, streams):
    table = new_table("p:S", replicas=[WEST, SOUTH])
    items = {}
    for number in range(12):
        region = REGIONS[number % 3]
        item = items[region, number] = table.in_region(region).put(p=S(f"{region}-{number}"), n=N(number))
        everywhere(table, item, p=item["p"])
        table.in_region(region).delete_item(Key={"p": item["p"]})
        everywhere(table, None, p=item["p"])
    for region in REGIONS:
        follow = reader(streams, table.in_region(region))
        records = follow.until_count(24)
        by_key = {}
        for record in records:
            assert record["awsRegion"] == region and "userIdentity" not in record
            assert record["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
            by_key.setdefault(record["dynamodb"]["Keys"]["p"]["S"], []).append(record)
        for item in items.values():
            assert images(by_key.pop(item["p"]["S"])) == [("INSERT", None, item), ("REMOVE", item, None)]
        assert by_key == {}
    # Nothing travels in circles: the writes that come later are the next records.
    for region in REGIONS:
        end = table.in_region(region).put(p=S(f"end-{region}"))
        everywhere(table, end, p=end["p"])
    for region in REGIONS:
        assert len(reader(streams, table.in_region(region)).until_count(27)) == 27


def test_each_stream_is_in_order_per_key(new_table, streams):
    table = new_table("p:S", replicas=[WEST, SOUTH])
    for number in range(60):
        table.in_region(EAST).update_item(
            Key={"p": S(f"k{number % 3}")}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": N(number)}
        )
    assert eventually_equal(table) == 3
    for region in REGIONS:
        side = table.in_region(region)
        follow = reader(streams, side)
        follow.until(lambda records: {int(r["dynamodb"]["NewImage"]["n"]["N"]) for r in records} >= {57, 58, 59})
        assert_chain(follow.records, ["p"], side.all_items())
        numbers = [int(r["dynamodb"]["NewImage"]["n"]["N"]) for r in follow.records]
        for residue in range(3):
            own = [number for number in numbers if number % 3 == residue]
            assert own == sorted(set(own))


# --- Conflicts ------------------------------------------------------------------------------------------------------


def test_a_write_wins_over_what_its_region_had_seen(table):
    """However the clocks stand: what overwrites a seen version is the newer one."""
    key, chooser = {"p": S(unique())}, random.Random(7)
    for number in range(30):
        side = table.in_region(chooser.choice(REGIONS))
        if number:
            eventually(lambda: side.get(**key)["n"] == N(number - 1))
        side.put_item(Item={**key, "n": N(number)})
    everywhere(table, {**key, "n": N(29)}, **key)


def race(*functions):
    """Runs the functions at the same moment."""
    barrier, failures = threading.Barrier(len(functions)), []

    def run(function):
        try:
            barrier.wait()
            function()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_concurrent_writes_end_on_one_winner_everywhere(table):
    keys = [{"p": S(unique())} for _ in range(25)]
    for key in keys:
        race(*(
            lambda region=region: table.in_region(region).put_item(Item={**key, "by": S(region), region: N(1)})
            for region in REGIONS
        ))  # fmt: skip
    for key in keys:

        def settled():
            first, *others = (table.in_region(region).get(**key) for region in REGIONS)
            assert first == others[0] == others[1]
            return first

        winner = eventually(settled)
        # Whole items: nothing of the losers is left.
        assert winner == {**key, "by": winner["by"], winner["by"]["S"]: N(1)}


def test_concurrent_puts_and_deletes_converge(table):
    keys = [{"p": S(unique())} for _ in range(25)]
    for key in keys:
        table.put_item(Item={**key, "n": N(0)})
        everywhere(table, {**key, "n": N(0)}, **key)
        race(
            lambda: table.in_region(EAST).put_item(Item={**key, "n": N(1)}),
            lambda: table.in_region(WEST).delete_item(Key=key),
            lambda: table.in_region(SOUTH).update_item(
                Key=key, UpdateExpression="SET m = :m", ExpressionAttributeValues={":m": N(2)}
            ),
        )
    for key in keys:

        def settled():
            first, *others = (table.in_region(region).get(**key) for region in REGIONS)
            assert first == others[0] == others[1]
            return [first]

        (winner,) = eventually(settled)
        outcomes = [
            None,
            {**key, "n": N(1)},
            {**key, "n": N(0), "m": N(2)},
            {**key, "n": N(1), "m": N(2)},
            {**key, "m": N(2)},
        ]
        assert winner in outcomes


def test_deleted_items_do_not_return(table):
    key = {"p": S(unique())}
    for _ in range(10):
        table.put_item(Item={**key, "n": N(1)})
        everywhere(table, {**key, "n": N(1)}, **key)
        table.in_region(WEST).delete_item(Key=key)
        everywhere(table, None, **key)


def test_storm_of_writes_from_all_regions_converges(new_table, streams):
    table = new_table("p:S", replicas=[WEST, SOUTH])
    counts = dict.fromkeys(REGIONS, 0)

    def writer(region):
        side, chooser = table.in_region(region), random.Random(region)

        def write():
            key, number = {"p": S(f"k{chooser.randrange(8)}")}, counts[region]
            counts[region] += 1
            match chooser.randrange(4):
                case 0:
                    side.delete_item(Key=key)
                case 1:
                    side.put_item(Item={**key, "by": S(region), "n": N(number)})
                case _:
                    side.update_item(
                        Key=key, UpdateExpression="SET #r = :n", ExpressionAttributeNames={"#r": region},
                        ExpressionAttributeValues={":n": N(number)},
                    )  # fmt: skip

        return write

    with Background(*(writer(region) for region in REGIONS)):
        eventually(lambda: min(counts.values()) >= 150)
    for number in range(8):
        table.put(p=S(f"k{number}"), last=N(number))
    eventually(lambda: all(
        comparable(side.get(p=S(f"k{number}"))) == {"p": S(f"k{number}"), "last": N(number)}
        for side in map(table.in_region, REGIONS) for number in range(8)
    ))  # fmt: skip
    assert eventually_equal(table) == 8
    for region in REGIONS:
        side = table.in_region(region)
        follow = reader(streams, side)
        follow.until(lambda records: sum("last" in r["dynamodb"].get("NewImage", {}) for r in records) == 8)
        assert_chain(follow.records, ["p"], side.all_items())


# --- Transactions ---------------------------------------------------------------------------------------------------


def test_transactions_are_atomic_at_home_and_complete_everywhere_in_the_end(table):
    pairs = [({"p": S(unique())}, {"p": S(unique())}) for _ in range(20)]
    for number, (one, two) in enumerate(pairs):
        side = table.in_region(REGIONS[number % 3])
        side.client.transact_write_items(
            TransactItems=[{"Put": {"TableName": table.name, "Item": {**key, "n": N(number)}}} for key in (one, two)]
        )
    for number, (one, two) in enumerate(pairs):
        everywhere(table, {**one, "n": N(number)}, **one)
        everywhere(table, {**two, "n": N(number)}, **two)


# --- Filling a new replica ------------------------------------------------------------------------------------------


def load(table, count):
    for start in range(0, count, 25):
        puts = [{"PutRequest": {"Item": {"p": S(f"old-{n}"), "n": N(n)}}} for n in range(start, start + 25)]
        assert table.client.batch_write_item(RequestItems={table.name: puts})["UnprocessedItems"] == {}


def test_new_replica_is_filled_while_writes_go_on_and_misses_nothing(new_table):
    table = new_table("p:S", stream="NEW_AND_OLD_IMAGES")
    load(table, 1000)
    chooser, written = random.Random(3), []

    def write():
        number = len(written)
        table.put(p=S(f"new-{number}"), n=N(number))
        table.update_item(
            Key={"p": S(f"old-{chooser.randrange(1000)}")}, UpdateExpression="SET m = :m",
            ExpressionAttributeValues={":m": N(number)},
        )  # fmt: skip
        table.delete_item(Key={"p": S(f"old-{chooser.randrange(1000)}")})
        written.append(number)

    with Background(write):
        eventually(lambda: len(written) > 5)
        table.add_replica(WEST)
        west = table.in_region(WEST)
        # The new replica takes writes of its own from the moment it is ACTIVE.
        west.put(p=S("from west"))
        count = len(written)
        eventually(lambda: len(written) > count + 20)
        west.add_replica(SOUTH)
        count = len(written)
        eventually(lambda: len(written) > count + 20)
    assert eventually_equal(table) > 300
    for region in REGIONS:
        assert table.in_region(region).get(p=S("from west"))
        assert table.in_region(region).get(p=S(f"new-{written[-1]}"))


def test_new_replica_serves_no_data_before_it_is_active(new_table):
    table = new_table("p:S")
    load(table, 500)
    table.update_table(ReplicaUpdates=[{"Create": {"RegionName": WEST}}])
    west = table.in_region(WEST)

    def served():
        try:
            found = west.get(p=S("old-499"))
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ResourceNotFoundException"
            return False
        return found

    # From the first answer on, the snapshot is complete.
    assert eventually(served, unless=AssertionError) == {"p": S("old-499"), "n": N(499)}
    assert len(west.all_items()) == 500


def test_replica_is_removed_while_writes_go_on(new_table):
    table = new_table("p:S", replicas=[WEST, SOUTH])
    counts = {EAST: 0, WEST: 0}

    def writer(region):
        def write():
            table.in_region(region).put(p=S(f"{region}-{counts[region]}"))
            counts[region] += 1

        return write

    with Background(writer(EAST), writer(WEST)):
        eventually(lambda: min(counts.values()) > 20)
        table.update_table(ReplicaUpdates=[{"Delete": {"RegionName": SOUTH}}])
        table.in_region(SOUTH).wait_gone()
        before = dict(counts)
        eventually(lambda: all(counts[region] > before[region] + 20 for region in counts))
    assert eventually_equal(table, (EAST, WEST)) == sum(counts.values())
    assert replica_states(table.wait_active()) == {WEST: "ACTIVE"}


def test_stream_of_a_filled_replica_agrees_with_its_items(new_table, streams):
    table = new_table("p:S")
    load(table, 100)
    west = table.add_replica(WEST)
    for number in range(30):
        table.put(p=S(f"old-{number}"), n=N(-1 - number))
    eventually_equal(table, (EAST, WEST))
    follow = reader(streams, west)
    follow.until(lambda records: sum(int(r["dynamodb"]["NewImage"]["n"]["N"]) < 0 for r in records) == 30)
    latest = {}
    for record in follow.records:
        latest[record["dynamodb"]["Keys"]["p"]["S"]] = record["dynamodb"]["NewImage"]
    assert all(latest[key] == west.get(p=S(key)) for key in latest)
