"""BatchGetItem and BatchWriteItem (data-plane.md 9)."""

import pytest

from harness.errors import ANY_TEXT, INVALID, containing, invalid, matching, not_found
from harness.values import M, N, S, comparable, unique

DUPLICATES = "Provided list of item keys contains duplicates"


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S")


@pytest.fixture(scope="module")
def other(new_table):
    return new_table("p:S", "n:N")


def put(item):
    return {"PutRequest": {"Item": item}}


def delete(key):
    return {"DeleteRequest": {"Key": key}}


def write(table, *requests, **more):
    answer = table.client.batch_write_item(RequestItems={table.name: list(requests)}, **more)
    assert answer["UnprocessedItems"] == {}
    return answer


def read(table, *keys, **more):
    return table.client.batch_get_item(RequestItems={table.name: {"Keys": list(keys), **more}})


def fresh(count):
    return [{"p": S(unique())} for _ in range(count)]


# --- BatchWriteItem -------------------------------------------------------------------------------------------------


def test_puts_and_deletes_in_several_tables(table, other):
    old, new = fresh(2)
    table.put_item(Item=old)
    third = {"p": S(unique()), "n": N(1)}
    answer = table.client.batch_write_item(
        RequestItems={table.name: [delete(old), put({**new, "a": N(1)})], other.name: [put(third)]}
    )
    assert answer["UnprocessedItems"] == {}
    assert table.get(**old) is None
    assert table.get(**new) == {**new, "a": N(1)}
    assert other.get(**third) == third


def test_delete_of_a_missing_item_is_success(table):
    write(table, delete(fresh(1)[0]))


def test_25_requests_are_taken_and_26_are_not(table):
    keys = fresh(26)
    write(table, *map(put, keys[:25]))
    assert len(read(table, *keys)["Responses"][table.name]) == 25
    with invalid(
        matching(
            r"at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: \[Member must have "
            r"length less than or equal to 25, Member must have length greater than or equal to 1\]"
        )
    ):
        write(table, *map(put, fresh(26)))


def test_25_requests_over_all_tables(table, other):
    requests = {
        table.name: [put(key) for key in fresh(13)],
        other.name: [put({**key, "n": N(1)}) for key in fresh(13)],
    }
    with invalid():
        table.client.batch_write_item(RequestItems=requests)


def test_empty_list_for_a_table(table):
    with invalid(
        containing(
            "Member must have length less than or equal to 25, Member must have length greater than or equal to 1"
        )
    ):
        write(table)


def test_no_tables(client):
    with invalid("The requestItems parameter is required for BatchWriteItem"):
        client().batch_write_item(RequestItems={})


TWO = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
KEY = {"p": S("batch-error")}
WRITE_FAULTS = {
    "no action": ([{}], TWO),
    "both actions": ([{**put(KEY), **delete(KEY)}], TWO),
    "two puts": ([put(KEY), put({**KEY, "a": N(1)})], DUPLICATES),
    "put and delete": ([put(KEY), delete(KEY)], DUPLICATES),
    "two deletes": ([delete(KEY), delete(KEY)], DUPLICATES),
    "put without key": ([put({"a": N(1)})], "The provided key element does not match the schema"),
    "put of wrong type": ([put({"p": N(1)})], "The provided key element does not match the schema"),
    "delete with too much": ([delete({**KEY, "a": N(1)})], "The provided key element does not match the schema"),
    "empty key": ([put({"p": S("")})], containing("cannot contain an empty string value. Key: p")),
    "bad number": ([put({**KEY, "a": N("abc")})], "The parameter cannot be converted to a numeric value: abc"),
    "bad value": ([put({**KEY, "a": {}})], containing("Supplied AttributeValue is empty")),
    "too large": ([put({**KEY, "a": S("x" * 409_600)})], "Item size has exceeded the maximum allowed size"),
    "key too long": (
        [put({"p": S("x" * 2049)})],
        INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes",
    ),
}


@pytest.mark.parametrize("case", WRITE_FAULTS)
def test_one_fault_rejects_the_whole_batch_before_any_write(table, case):
    requests, text = WRITE_FAULTS[case]
    good = fresh(1)[0]
    with invalid(text):
        write(table, put(good), *requests)
    assert table.get(**good) is None and table.get(**KEY) is None


def test_duplicates_are_found_by_value_of_numbers(other):
    with invalid(DUPLICATES):
        write(other, put({"p": S("x"), "n": N("1")}), put({"p": S("x"), "n": N("1.0")}))


def test_one_unknown_table_fails_the_whole_write(table):
    good = fresh(1)[0]
    with not_found():
        table.client.batch_write_item(RequestItems={table.name: [put(good)], "no-such-table": [put(good)]})
    assert table.get(**good) is None


def test_write_of_nearly_sixteen_megabytes(table):
    items = [{**key, "padding": S("x" * 390_000)} for key in fresh(25)]
    write(table, *map(put, items))
    for item in items:
        assert len(table.get(p=item["p"])["padding"]["S"]) == 390_000
    write(table, *(delete({"p": item["p"]}) for item in items))


def test_capacity_of_a_write(table, other):
    one, two = fresh(2)
    answer = table.client.batch_write_item(
        RequestItems={table.name: [put(one), delete(two)], other.name: [put({**one, "n": N(1), "x": S("x" * 1500)})]},
        ReturnConsumedCapacity="TOTAL",
    )
    capacity = {entry["TableName"]: entry["CapacityUnits"] for entry in answer["ConsumedCapacity"]}
    assert capacity == {table.name: 2, other.name: 2}


# --- BatchGetItem ---------------------------------------------------------------------------------------------------


def test_items_of_several_tables_missing_ones_absent(table, other):
    here, gone = fresh(2)
    item = {**here, "a": M(b=N(1))}
    table.put_item(Item=item)
    answer = table.client.batch_get_item(
        RequestItems={table.name: {"Keys": [gone, here]}, other.name: {"Keys": [{**gone, "n": N(1)}]}}
    )
    assert answer["Responses"] == {table.name: [item], other.name: []}
    assert answer["UnprocessedKeys"] == {}


def test_100_keys_are_taken_and_101_are_not(table):
    keys = fresh(101)
    for start in range(0, 100, 25):
        write(table, *map(put, keys[start : start + 25]))
    found = read(table, *keys[:100], ConsistentRead=True)["Responses"][table.name]
    assert sorted(item["p"]["S"] for item in found) == sorted(key["p"]["S"] for key in keys[:100])
    with invalid(
        f"1 validation error detected: Value at 'RequestItems.{table.name}.member.Keys' failed to satisfy constraint: "
        "Member must have length less than or equal to 100"
    ):
        read(table, *keys)


def test_100_keys_over_all_tables(table, other):
    requests = {
        table.name: {"Keys": fresh(51)},
        other.name: {"Keys": [{**key, "n": N(1)} for key in fresh(50)]},
    }
    with invalid("Too many items requested for the BatchGetItem call"):
        table.client.batch_get_item(RequestItems=requests)


def test_no_keys_and_no_tables(table, client):
    with invalid("The requestItems parameter is required for BatchGetItem"):
        client().batch_get_item(RequestItems={})
    with invalid(containing("Member must have length greater than or equal to 1")):
        read(table)
    with invalid(ANY_TEXT):
        client().batch_get_item(RequestItems={table.name: {}})


@pytest.mark.parametrize(
    "key, text",
    [
        ({}, "The provided key element does not match the schema"),
        ({"p": N(1)}, "The provided key element does not match the schema"),
        ({"p": S("x"), "a": S("y")}, "The provided key element does not match the schema"),
        ({"p": S("")}, containing("cannot contain an empty string value. Key: p")),
        ({"p": {}}, containing("Supplied AttributeValue is empty")),
    ],
)
def test_faulty_keys(table, key, text):
    with invalid(text):
        read(table, *fresh(1), key)


def test_duplicate_keys(table):
    (key,) = fresh(1)
    with invalid(DUPLICATES):
        read(table, key, key)


def test_one_unknown_table_fails_the_whole_read(table):
    with not_found():
        table.client.batch_get_item(RequestItems={table.name: {"Keys": fresh(1)}, "no-such-table": {"Keys": fresh(1)}})


def test_projection_per_table(table, other):
    (key,) = fresh(1)
    table.put_item(Item={**key, "a": N(1), "b": N(2)})
    other.put_item(Item={**key, "n": N(1), "a": N(3), "b": N(4)})
    answer = table.client.batch_get_item(
        RequestItems={
            table.name: {"Keys": [key], "ProjectionExpression": "#x", "ExpressionAttributeNames": {"#x": "a"}},
            other.name: {"Keys": [{**key, "n": N(1)}], "ProjectionExpression": "b, n"},
        }
    )
    assert answer["Responses"] == {table.name: [{"a": N(1)}], other.name: [{"b": N(4), "n": N(1)}]}


def test_read_stops_at_sixteen_megabytes_and_names_the_rest(table):
    keys = fresh(60)
    for key in keys:
        table.put_item(Item={**key, "padding": S("x" * 300_000)})
    found, request, rounds = [], {"Keys": keys, "ConsistentRead": True, "ProjectionExpression": "p, padding"}, 0
    while request:
        answer = table.client.batch_get_item(RequestItems={table.name: request})
        page = answer["Responses"][table.name]
        assert 0 < len(page) <= 56
        found += [item["p"]["S"] for item in page]
        rest = answer["UnprocessedKeys"].get(table.name)
        if rest:
            assert (rest["ConsistentRead"], rest["ProjectionExpression"]) == (True, "p, padding")
        request, rounds = rest, rounds + 1
    assert rounds >= 2
    assert sorted(found) == sorted(key["p"]["S"] for key in keys)
    for start in range(0, 60, 20):
        write(table, *map(delete, keys[start : start + 20]))


def test_capacity_of_a_read_is_rounded_per_item(table):
    keys = fresh(3)
    for key in keys[:2]:
        table.put_item(Item={**key, "a": S("x" * 100)})
    for consistent, expected in ((True, 3), (False, 1.5)):
        answer = table.client.batch_get_item(
            RequestItems={table.name: {"Keys": keys, "ConsistentRead": consistent}}, ReturnConsumedCapacity="TOTAL"
        )
        assert answer["ConsumedCapacity"] == [{"TableName": table.name, "CapacityUnits": expected}]


def test_table_may_be_named_by_its_arn(table):
    arn, (key,) = table.description()["TableArn"], fresh(1)
    answer = table.client.batch_write_item(RequestItems={arn: [put(key)]})
    assert answer["UnprocessedItems"] == {}
    answer = table.client.batch_get_item(RequestItems={arn: {"Keys": [key], "ConsistentRead": True}})
    assert [comparable(item) for items in answer["Responses"].values() for item in items] == [key]
