"""Stream records: their form, when there is none, their order (streams.md 4, 5)."""

import re

import pytest

from harness.errors import ANY_TEXT, rejected
from harness.streamreader import assert_chain, images, reader, records_of
from harness.values import BOOL, BS, L, M, N, NS, NULL, S, SS, B, comparable, size_bytes, unique
from harness.wire import STREAMS_API

VIEWS = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S", stream="NEW_AND_OLD_IMAGES")


def test_form_of_a_record(table, streams):
    p = S(unique())
    (insert,) = records_of(streams, table, lambda: table.put(p=p, a=N(1)))
    change = insert.pop("dynamodb")
    assert re.fullmatch("[0-9a-f]{32}", insert.pop("eventID"))
    assert insert == {
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
    }
    assert re.fullmatch(r"\d{21,40}", change.pop("SequenceNumber"))
    change.pop("ApproximateCreationDateTime")
    assert change == {
        "Keys": {"p": p},
        "NewImage": {"p": p, "a": N(1)},
        "SizeBytes": size_bytes({"p": p}) + size_bytes({"p": p, "a": N(1)}),
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }


def test_creation_time_is_in_whole_seconds(raw, table, streams):
    table.put(p=S(unique()))
    follow = reader(streams, table)
    follow.until_count(1)
    iterator = streams().get_shard_iterator(
        StreamArn=follow.arn, ShardId=follow.shards()[0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = raw.call("GetRecords", {"ShardIterator": iterator}, api=STREAMS_API).json["Records"]
    times = [record["dynamodb"]["ApproximateCreationDateTime"] for record in records]
    assert times and all(float(time).is_integer() and time > 1.7e9 for time in times)


VIEW_MEMBERS = {
    # view: (INSERT, MODIFY, REMOVE)
    "KEYS_ONLY": (set(), set(), set()),
    "NEW_IMAGE": ({"NewImage"}, {"NewImage"}, set()),
    "OLD_IMAGE": (set(), {"OldImage"}, {"OldImage"}),
    "NEW_AND_OLD_IMAGES": ({"NewImage"}, {"NewImage", "OldImage"}, {"OldImage"}),
}


@pytest.mark.parametrize("view", VIEWS)
def test_view_types_and_sizes(new_table, streams, view):
    table = new_table("id:S", stream=view)
    key, one = {"id": S("my-item-id")}, {"attr1": S("value1"), "attr2": S("value2")}
    table.put_item(Item={**key, **one})
    table.put_item(Item={**key, "attr1": S("value1"), "attr2": S("value3")})
    table.delete_item(Key=key)
    records = reader(streams, table).until_count(3)
    assert [r["eventName"] for r in records] == ["INSERT", "MODIFY", "REMOVE"]
    for record, members in zip(records, VIEW_MEMBERS[view]):
        change = record["dynamodb"]
        assert {name for name in change if name.endswith("Image")} == members
        assert change["Keys"] == key and change["StreamViewType"] == view
        assert change["SizeBytes"] == 12 + 34 * len(members)


def test_images_hold_the_whole_item_with_its_key(table, streams):
    p = S(unique())
    item = {
        "p": p, "s": S("\u00e9"), "n": N("10"), "b": B(b"\x00\xff"), "t": BOOL(True), "z": NULL, "l": L(N(1), M(a=L())),
        "ss": SS("a", "b"), "ns": NS("1", "2.5"), "bs": BS(b"x"), "m": M(x=M(y=S(""))),
    }  # fmt: skip
    insert, modify = records_of(
        streams,
        table,
        lambda: table.put_item(Item={**item, "n": N("1e1")}),
        lambda: table.update_item(Key={"p": p}, UpdateExpression="REMOVE m.x.y"),
    )
    assert comparable(insert["dynamodb"]["NewImage"]) == comparable(item)
    assert comparable(modify["dynamodb"]["OldImage"]) == comparable(item)
    assert comparable(modify["dynamodb"]["NewImage"]) == comparable({**item, "m": M(x=M())})


def test_sizes_count_attributes_by_the_item_size_rules(table, streams):
    items = [
        {"p": S(unique()), "a": value}
        for value in (S("\u00e9\u4e2d"), N("123456"), N("-3.14159"), N("0"), B(b"abc"), BOOL(False), NULL, L(), L(S("ab"), L()),
                      M(), M(k=S("v"), longer=M(x=NULL)), SS("a", "bc"), NS("1", "-22"), BS(b"x", b"yz"))
    ]  # fmt: skip
    records = records_of(streams, table, *(lambda item=item: table.put_item(Item=item) for item in items))
    sizes = [r["dynamodb"]["SizeBytes"] - size_bytes({"p": r["dynamodb"]["Keys"]["p"]}) for r in records]
    assert sizes == [size_bytes(item) for item in items]


def test_key_only_item_has_an_image(table, streams):
    p = S(unique())
    records = records_of(
        streams,
        table,
        lambda: table.put(p=p),
        lambda: table.put(p=p, a=N(1)),
        lambda: table.put(p=p),
        lambda: table.delete_item(Key={"p": p}),
    )
    assert images(records) == [
        ("INSERT", None, {"p": p}),
        ("MODIFY", {"p": p}, {"p": p, "a": N(1)}),
        ("MODIFY", {"p": p, "a": N(1)}, {"p": p}),
        ("REMOVE", {"p": p}, None),
    ]
    assert all("userIdentity" not in record for record in records)


def test_all_kinds_of_writes(table, streams):
    one, two, three = ({"p": S(unique())} for _ in range(3))
    records = records_of(
        streams,
        table,
        lambda: table.update_item(Key=one, UpdateExpression="SET a = :a", ExpressionAttributeValues={":a": N(1)}),
        lambda: table.client.batch_write_item(
            RequestItems={table.name: [{"PutRequest": {"Item": two}}, {"DeleteRequest": {"Key": one}}]}
        ),
        lambda: table.client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table.name, "Item": three}},
                {"Delete": {"TableName": table.name, "Key": two}},
                {
                    "ConditionCheck": {
                        "TableName": table.name,
                        "Key": one,
                        "ConditionExpression": "attribute_not_exists(p)",
                    }
                },
            ]
        ),
    )
    by_key = {}
    for record in records:
        by_key.setdefault(record["dynamodb"]["Keys"]["p"]["S"], []).append(record["eventName"])
    assert by_key == {
        one["p"]["S"]: ["INSERT", "REMOVE"],
        two["p"]["S"]: ["INSERT", "REMOVE"],
        three["p"]["S"]: ["INSERT"],
    }


# --- When nothing is written ----------------------------------------------------------------------------------------


def update(table, key, expression, **values):
    more = {"ExpressionAttributeValues": {f":{n}": v for n, v in values.items()}} if values else {}
    return lambda: table.update_item(Key=key, UpdateExpression=expression, **more)


def swallowing(code, call):
    def attempt():
        with rejected(code, ANY_TEXT):
            call()

    return attempt


def test_no_record_when_nothing_changes(table, streams):
    client = table.client
    key, missing, bare = ({"p": S(unique())} for _ in range(3))
    item = {**key, "n": N("1"), "ss": SS("a", "b"), "m": M(x=N("1"), y=S("2"))}
    same = {"m": {"M": {"y": S("2"), "x": N("1.0")}}, "ss": SS("b", "a"), "n": N("10e-1"), **key}
    table.put_item(Item=item)
    table.put_item(Item=bare)
    token = unique()

    def transaction(*actions, **more):
        return lambda: client.transact_write_items(TransactItems=list(actions), **more)

    put_token = transaction({"Put": {"TableName": table.name, "Item": {**bare, "t": N(1)}}}, ClientRequestToken=token)
    put_token()
    table.put_item(Item=bare)
    nothing = [
        lambda: table.put_item(Item=item),
        lambda: table.put_item(Item=same),
        lambda: table.put_item(Item=bare),
        lambda: client.batch_write_item(RequestItems={table.name: [{"PutRequest": {"Item": same}}]}),
        lambda: client.batch_write_item(RequestItems={table.name: [{"DeleteRequest": {"Key": missing}}]}),
        transaction({"Put": {"TableName": table.name, "Item": item}}),
        lambda: table.delete_item(Key=missing),
        lambda: table.update_item(Key=key),
        update(table, key, "SET n = :n", n=N("1.00")),
        update(table, key, "SET n = n"),
        update(table, key, "ADD n :zero", zero=N(0)),
        update(table, key, "ADD ss :a", a=SS("a")),
        update(table, key, "DELETE ss :z", z=SS("z")),
        update(table, key, "REMOVE zz"),
        update(table, missing, "REMOVE zz"),
        update(table, missing, "DELETE zz :z", z=SS("z")),
        swallowing(
            "ConditionalCheckFailedException",
            lambda: table.put_item(Item=key, ConditionExpression="attribute_not_exists(p)"),
        ),
        swallowing("ValidationException", update(table, key, "SET q = :q, z = zz", q=N(1))),
        transaction(
            {"ConditionCheck": {"TableName": table.name, "Key": key, "ConditionExpression": "attribute_exists(p)"}}
        ),
        swallowing(
            "TransactionCanceledException",
            transaction(
                {"Put": {"TableName": table.name, "Item": missing}},
                {
                    "ConditionCheck": {
                        "TableName": table.name,
                        "Key": key,
                        "ConditionExpression": "attribute_not_exists(p)",
                    }
                },
            ),
        ),
        put_token,
    ]
    assert images(records_of(streams, table, *nothing)) == []
    assert comparable(table.get(**key)) == comparable(item)


def test_empty_update_of_a_missing_item_is_an_insert(table, streams):
    one, two = ({"p": S(unique())} for _ in range(2))
    records = records_of(
        streams,
        table,
        lambda: table.update_item(Key=one),
        update(table, two, "SET a = :a REMOVE b", a=N(1)),
    )
    assert images(records) == [("INSERT", None, one), ("INSERT", None, {**two, "a": N(1)})]


# --- Order ----------------------------------------------------------------------------------------------------------


def test_every_change_once_and_in_order_per_key(new_table, streams):
    table = new_table("p:S", "s:N", stream="NEW_AND_OLD_IMAGES")
    for round_ in range(40):
        for number in range(3):
            key = {"p": S("x"), "s": N(number)}
            if round_ % 7 == 6:
                table.delete_item(Key=key)
            else:
                table.update_item(Key=key, UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": N(1)})
    records = reader(streams, table, page_limit=17).until_count(120)
    assert_chain(records, ("p", "s"), table.all_items())
    sequence = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert sequence == sorted(set(sequence))


def test_two_readers_see_the_same(table, streams):
    table.put(p=S(unique()))
    first, second = reader(streams, table), reader(streams, table, page_limit=3)
    count = len(first.until_count(1))
    assert second.until_count(count)[:count] == first.records[:count]
