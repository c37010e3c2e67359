"""Secondary indexes: making, filling and dropping them, what is in them (data-plane.md 12.3, 13)."""

import threading

import pytest

from harness.errors import INVALID, containing, invalid, matching, not_found, rejected
from harness.tables import index, key_attributes
from harness.values import BOOL, L, N, NULL, S, unique
from harness.waiting import eventually


def attribute_definitions(*names):
    return key_attributes(*names)[0]


def create_index(table, description, *definitions):
    """UpdateTable with one Create; does not wait."""
    return table.update_table(
        AttributeDefinitions=attribute_definitions(*definitions), GlobalSecondaryIndexUpdates=[{"Create": description}]
    )


def drop_index(table, name):
    return table.update_table(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])


def keys_in(table, name, **more):
    """The partition keys of all items of an index."""
    return sorted(item["p"]["S"] for item in table.all_items(IndexName=name, **more))


def eventually_in(table, name, *keys):
    def filled():
        assert keys_in(table, name) == sorted(keys)

    eventually(filled)


@pytest.fixture(scope="module")
def table(new_table):
    return new_table(
        "p:S", attributes=("g:S", "r:N"),
        gsi=[index("all", "g", "r"), index("hash", "g"), index("keys", "g", "r", projection="KEYS_ONLY"),
             index("some", "g", include=["a", "p", "missing"])],
    )  # fmt: skip


# --- What is in an index --------------------------------------------------------------------------------------------


def by_g(table, name, g):
    return table.query(IndexName=name, KeyConditionExpression="g = :g", ExpressionAttributeValues={":g": g})["Items"]


def test_projections(table):
    g = S(unique("g"))
    item = table.put(p=S(unique()), g=g, r=N(1), a=S("a"), b=S("b"))

    def projected():
        assert by_g(table, "all", g) == [item]
        assert by_g(table, "hash", g) == [item]
        assert by_g(table, "keys", g) == [{name: item[name] for name in ("p", "g", "r")}]
        assert by_g(table, "some", g) == [{name: item[name] for name in ("p", "g", "a")}]

    eventually(projected)


def test_index_is_sparse(table):
    g = S(unique("g"))
    full = table.put(p=S(unique()), g=g, r=N(1))
    half = table.put(p=S(unique()), g=g)
    table.put(p=S(unique()), r=N(1))

    def sparse():
        assert by_g(table, "all", g) == [full]
        assert sorted(item["p"]["S"] for item in by_g(table, "hash", g)) == sorted([full["p"]["S"], half["p"]["S"]])

    eventually(sparse)


def test_index_follows_the_item(table):
    p, one, two = S(unique()), S(unique("g")), S(unique("g"))

    def expect(in_one, in_two):
        def moved():
            assert (by_g(table, "all", one), by_g(table, "all", two)) == (in_one, in_two)

        eventually(moved)

    table.put(p=p, g=one, r=N(1))
    expect([{"p": p, "g": one, "r": N(1)}], [])
    table.put(p=p, g=two, r=N(1))
    expect([], [{"p": p, "g": two, "r": N(1)}])
    table.update_item(Key={"p": p}, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": S("x")})
    expect([], [{"p": p, "g": two, "r": N(1), "a": S("x")}])
    table.update_item(Key={"p": p}, UpdateExpression="REMOVE r")
    expect([], [])
    table.update_item(
        Key={"p": p}, UpdateExpression="SET r = :r, g = :g", ExpressionAttributeValues={":r": N(2), ":g": one}
    )
    expect([{"p": p, "g": one, "r": N(2), "a": S("x")}], [])
    table.delete_item(Key={"p": p})
    expect([], [])


def test_index_keys_need_not_be_unique(table):
    g = S(unique("g"))
    keys = sorted(table.put(p=S(unique()), g=g, r=N(7))["p"]["S"] for _ in range(5))
    eventually(lambda: sorted(item["p"]["S"] for item in by_g(table, "all", g)) == keys)


def test_index_orders_by_its_sort_key(table):
    g = S(unique("g"))
    for number in (3, -1, 20, 0, 100):
        table.put(p=S(unique()), g=g, r=N(number))
    eventually(lambda: [item["r"] for item in by_g(table, "all", g)] == [N(-1), N(0), N(3), N(20), N(100)])


def test_batches_and_transactions_reach_the_index(table):
    g = S(unique("g"))
    one, two = S(unique()), S(unique())
    table.client.batch_write_item(RequestItems={table.name: [{"PutRequest": {"Item": {"p": one, "g": g}}}]})
    table.client.transact_write_items(TransactItems=[{"Put": {"TableName": table.name, "Item": {"p": two, "g": g}}}])
    eventually(lambda: sorted(i["p"]["S"] for i in by_g(table, "hash", g)) == sorted([one["S"], two["S"]]))
    table.client.transact_write_items(TransactItems=[{"Delete": {"TableName": table.name, "Key": {"p": two}}}])
    eventually(lambda: [i["p"] for i in by_g(table, "hash", g)] == [one])


# --- Descriptions ---------------------------------------------------------------------------------------------------


def test_description_of_a_global_index(table):
    described = {entry["IndexName"]: entry for entry in table.description()["GlobalSecondaryIndexes"]}
    assert set(described) == {"all", "hash", "keys", "some"}
    entry = described["all"]
    assert entry["IndexArn"] == table.description()["TableArn"] + "/index/all"
    assert entry["IndexStatus"] == "ACTIVE"
    assert entry["KeySchema"] == [{"AttributeName": "g", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}]
    assert entry["Projection"] == {"ProjectionType": "ALL"}
    assert entry["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert "ItemCount" in entry and "IndexSizeBytes" in entry
    assert described["keys"]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert described["some"]["Projection"]["ProjectionType"] == "INCLUDE"
    assert sorted(described["some"]["Projection"]["NonKeyAttributes"]) == ["a", "missing", "p"]


def test_description_of_a_local_index(new_table):
    table = new_table("p:S", "s:S", attributes=("l:N",), lsi=[index("local", "p", "l", include=["a"])])
    (entry,) = table.description()["LocalSecondaryIndexes"]
    assert entry["IndexName"] == "local"
    assert entry["IndexArn"] == table.description()["TableArn"] + "/index/local"
    assert "IndexStatus" not in entry and "ProvisionedThroughput" not in entry
    assert entry["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a"]}
    assert "GlobalSecondaryIndexes" not in table.description()


def test_local_index_is_read_consistently(new_table):
    table = new_table("p:S", "s:S", attributes=("l:N",), lsi=[index("local", "p", "l")])
    query = {
        "IndexName": "local",
        "ConsistentRead": True,
        "KeyConditionExpression": "p = :p",
        "ExpressionAttributeValues": {":p": S("x")},
    }
    for number in range(30):
        item = table.put(p=S("x"), s=S("s"), l=N(number))
        assert table.query(**query)["Items"] == [item]
    table.delete_item(Key={"p": S("x"), "s": S("s")})
    assert table.query(**query)["Items"] == []


def test_local_index_orders_within_a_partition(new_table):
    table = new_table("p:S", "s:S", attributes=("l:N",), lsi=[index("local", "p", "l")])
    for sort_key, number in (("a", 3), ("b", 1), ("c", 2)):
        table.put(p=S("x"), s=S(sort_key), l=N(number))
    table.put(p=S("x"), s=S("d"))
    table.put(p=S("y"), s=S("e"), l=N(0))
    answer = table.query(
        IndexName="local",
        KeyConditionExpression="p = :p AND l >= :l",
        ExpressionAttributeValues={":p": S("x"), ":l": N(2)},
        ConsistentRead=True,
    )
    assert [item["s"]["S"] for item in answer["Items"]] == ["c", "a"]


# --- Adding and dropping --------------------------------------------------------------------------------------------


def test_new_index_is_filled_and_dropped(new_table):
    table = new_table("p:S")
    for number in range(60):
        table.put(p=S(f"k{number:02}"), g=S("even" if number % 2 == 0 else "odd"), n=N(number))
    answer = create_index(table, index("late", "g"), "p:S", "g:S")["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    assert [entry["IndexStatus"] for entry in answer["GlobalSecondaryIndexes"]] == ["CREATING"]
    description = table.wait_active()
    assert {"AttributeName": "g", "AttributeType": "S"} in description["AttributeDefinitions"]
    assert len(by_g(table, "late", S("even"))) == 30
    assert len(keys_in(table, "late")) == 60
    drop_index(table, "late")
    eventually(lambda: "GlobalSecondaryIndexes" not in table.wait_active())
    with invalid("The table does not have the specified index: late"):
        table.scan(IndexName="late")
    assert len(table.all_items()) == 60


def test_index_made_while_writes_go_on_misses_nothing(new_table):
    table = new_table("p:S")
    for number in range(100):
        table.put(p=S(f"before-{number}"), g=S("g"))
    written, stop = [], threading.Event()

    def write():
        while not stop.is_set():
            name = f"during-{len(written)}"
            table.put(p=S(name), g=S("g"))
            written.append(name)
            table.delete_item(Key={"p": S(f"before-{len(written) % 50}")})

    thread = threading.Thread(target=write)
    thread.start()
    try:
        eventually(lambda: len(written) > 10)
        create_index(table, index("late", "g"), "p:S", "g:S")
        table.wait_active()
        count = len(written)
        eventually(lambda: len(written) > count + 10)
    finally:
        stop.set()
        thread.join()
    eventually_in(table, "late", *(item["p"]["S"] for item in table.all_items()))
    assert set(written) <= set(keys_in(table, "late"))


BAD_INDEX_KEYS = {
    "number": N(1),
    "null": NULL,
    "list": L(),
    "bool": BOOL(True),
    "empty": S(""),
    "too-long": S("x" * 2049),
}


def test_backfill_skips_items_with_unfit_keys_and_later_writes_of_them_are_refused(new_table):
    table = new_table("p:S")
    table.put(p=S("good"), g=S("g"))
    for name, value in BAD_INDEX_KEYS.items():
        table.put(p=S(name), g=value)
    create_index(table, index("late", "g"), "p:S", "g:S")
    table.wait_active()
    eventually_in(table, "late", "good")
    assert len(table.all_items()) == 1 + len(BAD_INDEX_KEYS)
    for value in BAD_INDEX_KEYS.values():
        with invalid():
            table.put(p=S("later"), g=value)
    # An unfit item that is there may be changed elsewhere, and mended.
    table.put(p=S("number"), g=S("mended"))
    eventually_in(table, "late", "good", "number")
    drop_index(table, "late")
    eventually(lambda: "GlobalSecondaryIndexes" not in table.wait_active())
    table.put(p=S("later"), g=N(1))


def test_index_may_be_made_again_with_another_type(new_table):
    table = new_table("p:S", attributes=("g:S",), gsi=[index("global", "g")])
    table.put(p=S("text"), g=S("g"))
    drop_index(table, "global")
    eventually(lambda: "GlobalSecondaryIndexes" not in table.wait_active())
    table.put(p=S("number"), g=N(1))
    create_index(table, index("global", "g"), "p:S", "g:N")
    table.wait_active()
    eventually_in(table, "global", "number")


THROUGHPUT = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


def test_index_throughput(new_table):
    table = new_table(
        "p:S",
        attributes=("g:S",),
        BillingMode="PROVISIONED",
        ProvisionedThroughput=THROUGHPUT,
        gsi=[{**index("global", "g"), "ProvisionedThroughput": THROUGHPUT}],
    )
    update = {
        "Update": {"IndexName": "global", "ProvisionedThroughput": {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}}
    }
    (entry,) = table.update(GlobalSecondaryIndexUpdates=[update])["GlobalSecondaryIndexes"]
    assert (
        entry["ProvisionedThroughput"]["ReadCapacityUnits"],
        entry["ProvisionedThroughput"]["WriteCapacityUnits"],
    ) == (3, 4)


# --- Refused updates (12.3) -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def subject(new_table):
    return new_table(
        "p:S", "s:S", attributes=("g:S", "l:N"), gsi=[index("global", "g")], lsi=[index("local", "p", "l")]
    )


def create(name="fresh", *keys, **more):
    return {"Create": {**index(name, *(keys or ("g",))), **more}}


REFUSED = {
    "no action": (
        [{}],
        INVALID + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
        "GlobalSecondaryIndexUpdate.Delete must not be null",
    ),
    "one index twice": (
        [create(), {"Delete": {"IndexName": "fresh"}}],
        INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: fresh",
    ),
    "existing name": ([create("global")], "Attempting to create an index which already exists"),
    "name of a local index": ([create("local")], matching("already exists|Duplicate index name")),
    "local index deleted": (
        [{"Delete": {"IndexName": "local"}}],
        "Cannot delete an index that is not a GlobalSecondaryIndex: local",
    ),
    "no definition of the key": (
        [create("fresh", "undefined")],
        matching("AttributeDefinitions is not specified for index: fresh|not defined in AttributeDefinitions"),
    ),
    "no projection type": (
        [{"Create": {**index("fresh", "g"), "Projection": {}}}],
        INVALID + "Unknown ProjectionType: null",
    ),
    "INCLUDE without names": (
        [{"Create": index("fresh", "g", projection="INCLUDE")}],
        INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
    ),
    "throughput of an on-demand index": ([create(ProvisionedThroughput=THROUGHPUT)], containing("PAY_PER_REQUEST")),
    "name of two characters": ([create("in")], containing("Member must have length greater than or equal to 3")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_updates(subject, case):
    updates, text = REFUSED[case]
    with invalid(text):
        subject.update_table(AttributeDefinitions=attribute_definitions("g:S"), GlobalSecondaryIndexUpdates=updates)
    description = subject.description()
    assert description["TableStatus"] == "ACTIVE"
    assert [entry["IndexName"] for entry in description["GlobalSecondaryIndexes"]] == ["global"]


def test_delete_of_an_unknown_index(subject):
    with rejected("ResourceNotFoundException"):
        drop_index(subject, "nope")


def test_only_one_index_at_a_time(subject):
    text = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    with rejected("LimitExceededException", text):
        subject.update_table(
            AttributeDefinitions=attribute_definitions("g:S"),
            GlobalSecondaryIndexUpdates=[create("fresh-1"), create("fresh-2")],
        )
    with rejected("LimitExceededException", text):
        subject.update_table(
            AttributeDefinitions=attribute_definitions("g:S"),
            GlobalSecondaryIndexUpdates=[create(), {"Delete": {"IndexName": "global"}}],
        )


def test_a_21st_index(new_table):
    table = new_table("p:S", gsi=[index(f"global-{n}", "p") for n in range(20)])
    with rejected("LimitExceededException"):
        create_index(table, index("global-20", "p"), "p:S")


def test_attributes_in_use_keep_their_type(subject):
    with invalid(
        matching(
            "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined."
        )
    ):
        subject.update_table(
            AttributeDefinitions=attribute_definitions("g:N", "x:S"), GlobalSecondaryIndexUpdates=[create("fresh", "x")]
        )


def test_unused_definitions_are_ignored_here(new_table):
    table = new_table("p:S")
    create_index(table, index("late", "g"), "p:S", "g:S", "unused:N")
    table.wait_active()
    assert {d["AttributeName"] for d in table.description()["AttributeDefinitions"]} >= {"p", "g"}


def test_index_and_throughput_cannot_change_together(new_table):
    table = new_table(BillingMode="PROVISIONED", ProvisionedThroughput=THROUGHPUT)
    with invalid(INVALID + "You cannot create or delete index while updating table IOPS"):
        table.update_table(
            AttributeDefinitions=attribute_definitions("p:S"),
            ProvisionedThroughput={"ReadCapacityUnits": 2, "WriteCapacityUnits": 2},
            GlobalSecondaryIndexUpdates=[create("late", "p", ProvisionedThroughput=THROUGHPUT)],
        )


def test_more_than_twenty_or_hundred_projected_attributes(new_table, client):
    with invalid():
        new_table("p:S", gsi=[index("wide", "p", include=[f"a{n}" for n in range(21)])])
    names = [[f"a{i}-{n}" for n in range(20)] for i in range(6)]
    with invalid():
        new_table("p:S", gsi=[index(f"wide{i}", "p", include=names[i]) for i in range(6)])
    table = new_table("p:S", gsi=[index(f"wide{i}", "p", include=names[i]) for i in range(5)])
    assert len(table.description()["GlobalSecondaryIndexes"]) == 5


# --- Several key attributes (13) ------------------------------------------------------------------------------------


def test_global_index_of_several_key_attributes(new_table):
    description = {
        "IndexName": "wide",
        "KeySchema": [
            {"AttributeName": "h1", "KeyType": "HASH"},
            {"AttributeName": "h2", "KeyType": "HASH"},
            {"AttributeName": "r1", "KeyType": "RANGE"},
            {"AttributeName": "r2", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "ALL"},
    }
    table = new_table("p:S", attributes=("h1:S", "h2:N", "r1:S", "r2:N"), gsi=[description])
    for name, r1, r2 in (("a", "x", 1), ("b", "x", 10), ("c", "x", 9), ("d", "y", 1)):
        table.put(p=S(name), h1=S("h"), h2=N(1), r1=S(r1), r2=N(r2))
    table.put(p=S("e"), h1=S("h"), h2=N(2), r1=S("x"), r2=N(1))
    table.put(p=S("f"), h1=S("h"), h2=N(1), r1=S("x"))

    def found(condition, **more):
        values = {":h1": S("h"), ":h2": N(1), **{f":{name}": value for name, value in more.items()}}
        answer = table.query(IndexName="wide", KeyConditionExpression=condition, ExpressionAttributeValues=values)
        return [item["p"]["S"] for item in answer["Items"]]

    both = "h1 = :h1 AND h2 = :h2"
    eventually(lambda: found(both) == ["a", "c", "b", "d"])
    assert found(f"{both} AND r1 = :r1", r1=S("x")) == ["a", "c", "b"]
    assert found(f"{both} AND r1 = :r1 AND r2 > :r2", r1=S("x"), r2=N(1)) == ["c", "b"]
    assert found(f"{both} AND r1 > :r1", r1=S("x")) == ["d"]
    for bad, values in (
        ("h1 = :h1", {}),
        (f"{both} AND r2 = :r2", {"r2": N(1)}),
        (f"{both} AND r1 > :r1 AND r2 = :r2", {"r1": S("x"), "r2": N(1)}),
    ):
        used = {":h1": S("h"), **({":h2": N(1)} if ":h2" in bad else {}), **{f":{k}": v for k, v in values.items()}}
        with invalid():
            table.query(IndexName="wide", KeyConditionExpression=bad, ExpressionAttributeValues=used)


def test_hash_attributes_come_before_range_attributes(new_table):
    schema = [{"AttributeName": name, "KeyType": role} for name, role in (("a", "HASH"), ("b", "RANGE"), ("c", "HASH"))]
    description = {"IndexName": "wide", "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}
    with invalid(containing("All HASH key attributes must precede RANGE key attributes in the KeySchema")):
        new_table("p:S", attributes=("a:S", "b:S", "c:S"), gsi=[description])


def test_missing_table(client):
    with not_found("Requested resource not found: Table: no-such-table not found"):
        client().update_table(
            TableName="no-such-table", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "global"}}]
        )
