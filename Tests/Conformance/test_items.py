"""PutItem, GetItem, UpdateItem, DeleteItem (data-plane.md 3, 7); update expressions are in test_expressions_update.py."""

import threading

import botocore.exceptions
import pytest

from harness.errors import ANY_TEXT, condition_failed, containing, invalid, matching, not_found, rejected
from harness.tables import index
from harness.values import L, M, N, S, SS, unique


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S")


@pytest.fixture(scope="module")
def indexed(new_table):
    return new_table(
        "p:S", "s:S", attributes=("g:S", "l:N"), gsi=[index("global", "g")], lsi=[index("local", "p", "l")]
    )


def item(**attributes):
    return {"p": S(unique()), **attributes}


def key_of(item):
    return {"p": item["p"]}


# --- Effects --------------------------------------------------------------------------------------------------------


def test_put_replaces_the_whole_item(table):
    old = item(a=N(1), b=N(2))
    table.put_item(Item=old)
    new = {**key_of(old), "c": N(3)}
    table.put_item(Item=new)
    assert table.get(**key_of(old)) == new


def test_get_of_a_missing_item_has_no_item(table):
    answer = table.get_item(Key=key_of(item()))
    assert "Item" not in answer


def test_delete_removes_and_missing_is_success(table):
    old = item()
    table.put_item(Item=old)
    for _ in range(2):
        table.delete_item(Key=key_of(old))
        assert table.get(**key_of(old)) is None


def test_writes_are_read_at_once_with_consistent_read(table):
    key = key_of(item())
    for number in range(50):
        table.put_item(Item={**key, "n": N(number)})
        assert table.get(**key)["n"] == N(number)


def test_an_item_may_consist_of_its_key_only(table):
    key = key_of(item())
    table.put_item(Item=key)
    assert table.get(**key) == key


# --- ReturnValues ---------------------------------------------------------------------------------------------------


def test_put_returns_the_old_item(table):
    old = item(a=N(1))
    assert "Attributes" not in table.put_item(Item=old, ReturnValues="ALL_OLD")
    new = {**key_of(old), "b": N(2)}
    assert table.put_item(Item=new, ReturnValues="ALL_OLD")["Attributes"] == old
    assert "Attributes" not in table.put_item(Item=new, ReturnValues="NONE")
    assert "Attributes" not in table.put_item(Item=new)


def test_delete_returns_the_old_item(table):
    old = item(a=N(1))
    assert "Attributes" not in table.delete_item(Key=key_of(old), ReturnValues="ALL_OLD")
    table.put_item(Item=old)
    assert table.delete_item(Key=key_of(old), ReturnValues="ALL_OLD")["Attributes"] == old


@pytest.mark.parametrize("which", ["ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"])
def test_put_and_delete_return_all_old_or_none(table, which):
    with invalid("ReturnValues can only be ALL_OLD or NONE"):
        table.put_item(Item=item(), ReturnValues=which)
    with invalid("ReturnValues can only be ALL_OLD or NONE"):
        table.delete_item(Key=key_of(item()), ReturnValues=which)


# --- Conditions -----------------------------------------------------------------------------------------------------

GUARDED = {
    "put_item": lambda key: {"Item": {**key, "a": N(9)}},
    "update_item": lambda key: {"Key": key, "UpdateExpression": "SET b = :b"},
    "delete_item": lambda key: {"Key": key},
}
RESULT = {
    "put_item": lambda old: {**key_of(old), "a": N(9)},
    "update_item": lambda old: {**old, "b": N(1)},
    "delete_item": lambda old: None,
}


def values_of(operation):
    return {":a": N(1), ":b": N(1)} if operation == "update_item" else {":a": N(1)}


@pytest.mark.parametrize("operation", GUARDED)
def test_condition_that_holds(table, operation):
    old = item(a=N(1))
    table.put_item(Item=old)
    getattr(table, operation)(
        **GUARDED[operation](key_of(old)), ConditionExpression="a = :a", ExpressionAttributeValues=values_of(operation)
    )
    assert table.get(**key_of(old)) == RESULT[operation](old)


@pytest.mark.parametrize("operation", GUARDED)
def test_condition_that_fails_changes_nothing(table, operation):
    old = item(a=N(2))
    table.put_item(Item=old)
    request = {
        **GUARDED[operation](key_of(old)),
        "ConditionExpression": "a = :a",
        "ExpressionAttributeValues": values_of(operation),
    }
    with condition_failed() as caught:
        getattr(table, operation)(**request)
    assert "Item" not in caught.value.response
    with condition_failed() as caught:
        getattr(table, operation)(**request, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert caught.value.response["Item"] == old
    with condition_failed() as caught:
        getattr(table, operation)(**request, ReturnValuesOnConditionCheckFailure="NONE")
    assert "Item" not in caught.value.response
    assert table.get(**key_of(old)) == old


@pytest.mark.parametrize("operation", GUARDED)
def test_condition_on_a_missing_item(table, operation):
    request = {
        **GUARDED[operation](key_of(item())),
        "ConditionExpression": "a = :a",
        "ExpressionAttributeValues": values_of(operation),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with condition_failed() as caught:
        getattr(table, operation)(**request)
    assert "Item" not in caught.value.response


def test_optimistic_locking_lets_one_of_many_through(table, client):
    key = key_of(item())
    table.put_item(Item={**key, "version": N(1), "winner": S("nobody")})
    outcomes = []

    def attempt(name):
        try:
            table.update_item(
                Key=key,
                UpdateExpression="SET version = version + :one, winner = :me",
                ConditionExpression="version = :old",
                ExpressionAttributeValues={":one": N(1), ":old": N(1), ":me": S(name)},
            )
            outcomes.append(name)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ConditionalCheckFailedException"

    run_all([lambda n=n: attempt(f"writer-{n}") for n in range(16)])
    assert len(outcomes) == 1
    assert table.get(**key) == {**key, "version": N(2), "winner": S(outcomes[0])}


def test_concurrent_counters_lose_nothing(table):
    key = key_of(item())

    def count():
        for _ in range(25):
            table.update_item(Key=key, UpdateExpression="ADD hits :one", ExpressionAttributeValues={":one": N(1)})

    run_all([count] * 8)
    assert table.get(**key)["hits"] == N(200)


def run_all(functions):
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# --- Capacity and metrics -------------------------------------------------------------------------------------------


def kilobytes(count):
    """A padding that brings an item of p, n and this attribute to just under `count` KiB."""
    return S("x" * (count * 1024 - 100))


def units(answer):
    return answer["ConsumedCapacity"]["CapacityUnits"]


def test_capacity_of_reads(table):
    big = item(padding=kilobytes(9))
    table.put_item(Item=big)
    read = {"Key": key_of(big), "ReturnConsumedCapacity": "TOTAL"}
    assert units(table.get_item(**read)) == 1.5
    assert units(table.get_item(**read, ConsistentRead=True)) == 3
    missing = {"Key": key_of(item()), "ReturnConsumedCapacity": "TOTAL"}
    assert units(table.get_item(**missing)) == 0.5
    assert units(table.get_item(**missing, ConsistentRead=True)) == 1


def test_capacity_of_writes(table):
    small, total = item(), {"ReturnConsumedCapacity": "TOTAL"}
    big = {**small, "padding": kilobytes(3)}
    assert units(table.put_item(Item=small, **total)) == 1
    assert units(table.put_item(Item=big, **total)) == 3
    assert units(table.put_item(Item=small, **total)) == 3  # the larger of old and new
    assert units(table.put_item(Item=small, **total)) == 1
    table.put_item(Item=big)
    update = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": N(1)}}
    assert units(table.update_item(Key=key_of(small), **update, **total)) == 3
    assert units(table.delete_item(Key=key_of(small), **total)) == 3
    assert units(table.delete_item(Key=key_of(small), **total)) == 1


def test_capacity_exactly_at_the_step(table):
    exact = item(padding=S(""))
    exact["padding"] = S("x" * (4096 - len("p") - len(exact["p"]["S"]) - len("padding")))
    table.put_item(Item=exact)
    read = {"Key": key_of(exact), "ReturnConsumedCapacity": "TOTAL", "ConsistentRead": True}
    assert units(table.get_item(**read)) == 1
    exact["padding"]["S"] += "x"
    table.put_item(Item=exact)
    assert units(table.get_item(**read)) == 2


def test_capacity_names_the_table_as_the_request_did(table):
    arn = table.description()["TableArn"]
    old = item()
    answer = table.put_item(Item=old, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == {"TableName": table.name, "CapacityUnits": 1.0}
    answer = table.client.put_item(TableName=arn, Item=old, ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == {"TableName": arn, "CapacityUnits": 1.0}
    assert "ConsumedCapacity" not in table.put_item(Item=old, ReturnConsumedCapacity="NONE")
    assert "ConsumedCapacity" not in table.put_item(Item=old)


def test_capacity_by_index(indexed):
    key = {"p": S(unique()), "s": S("s")}

    def consumed(**more):
        answer = indexed.put_item(Item={**key, **more}, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
        index_units = {}
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            index_units |= {name: entry["CapacityUnits"] for name, entry in answer.get(kind, {}).items()}
        assert answer["CapacityUnits"] == answer["Table"]["CapacityUnits"] + sum(index_units.values())
        return answer["Table"]["CapacityUnits"], index_units

    assert consumed() == (1, {})
    assert consumed(g=S("x")) == (1, {"global": 1})
    assert consumed(g=S("y")) == (1, {"global": 2})
    assert consumed(g=S("y"), l=N(1)) == (1, {"global": 1, "local": 1})
    assert consumed() == (1, {"global": 1, "local": 1})


def test_capacity_is_consumed_by_a_failed_condition_too(table):
    with condition_failed():
        table.put_item(Item=item(), ConditionExpression="attribute_exists(p)", ReturnConsumedCapacity="TOTAL")


def test_item_collection_metrics_only_with_local_indexes(table, indexed):
    assert "ItemCollectionMetrics" not in table.put_item(Item=item(), ReturnItemCollectionMetrics="SIZE")
    key = {"p": S(unique()), "s": S("s")}
    for answer in (
        indexed.put_item(Item=key, ReturnItemCollectionMetrics="SIZE"),
        indexed.update_item(Key=key, ReturnItemCollectionMetrics="SIZE"),
        indexed.delete_item(Key=key, ReturnItemCollectionMetrics="SIZE"),
    ):
        metrics = answer["ItemCollectionMetrics"]
        assert metrics["ItemCollectionKey"] == {"p": key["p"]}
        lower, upper = metrics["SizeEstimateRangeGB"]
        assert 0 <= lower <= upper <= 1
    assert "ItemCollectionMetrics" not in indexed.put_item(Item=key, ReturnItemCollectionMetrics="NONE")


# --- Order of the checks (3) ----------------------------------------------------------------------------------------

REQUESTS = {
    "put_item": {"Item": {"p": S("x")}},
    "get_item": {"Key": {"p": S("x")}},
    "update_item": {"Key": {"p": S("x")}},
    "delete_item": {"Key": {"p": S("x")}},
    "query": {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": S("x")}},
    "scan": {},
}
AT_TABLE_NAME = "1 validation error detected: Value {} at 'tableName' failed to satisfy constraint: Member must "


@pytest.mark.parametrize("operation", REQUESTS)
def test_table_name(client, operation):
    call, request = getattr(client(), operation), REQUESTS[operation]
    with invalid(AT_TABLE_NAME.format("null") + "not be null"):
        call(**request)
    with invalid(AT_TABLE_NAME.format("''") + "have length greater than or equal to 1"):
        call(TableName="", **request)
    with invalid(containing("Member must have length less than or equal to 255")):
        call(TableName="a" * 256, **request)
    with invalid(ANY_TEXT):
        call(TableName="not a name", **request)


def test_fault_of_the_table_name_hides_all_others(client):
    with invalid(AT_TABLE_NAME.format("null") + "not be null"):
        client().put_item(Item={"p": {}}, ReturnValues="SOME", ReturnConsumedCapacity="SOME")


def test_members_are_reported_together(client):
    with invalid(
        matching("^3 validation errors detected: .*returnConsumedCapacity.*returnItemCollectionMetrics.*returnValues")
    ):
        client().put_item(
            TableName="no-such-table",
            Item={"p": S("x")},
            ReturnValues="SOME",
            ReturnConsumedCapacity="SOME",
            ReturnItemCollectionMetrics="SOME",
        )


ENUMERATIONS = [
    ("put_item", "ReturnConsumedCapacity", "[INDEXES, TOTAL, NONE]"),
    ("get_item", "ReturnConsumedCapacity", "[INDEXES, TOTAL, NONE]"),
    ("put_item", "ReturnItemCollectionMetrics", "[SIZE, NONE]"),
    ("put_item", "ReturnValues", "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
    ("delete_item", "ReturnValues", "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"),
    ("query", "Select", "[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"),
    ("scan", "Select", "[SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]"),
]


@pytest.mark.parametrize("operation, member, order", ENUMERATIONS)
def test_enumerations(table, operation, member, order):
    name = member[0].lower() + member[1:]
    text = f"1 validation error detected: Value 'SOME' at '{name}' failed to satisfy constraint: Member must satisfy enum value set: {order}"
    with invalid(text):
        getattr(table, operation)(**REQUESTS[operation], **{member: "SOME"})


@pytest.mark.parametrize("operation", ["get_item", "update_item", "delete_item"])
def test_key_is_required(table, operation):
    with invalid(containing("at 'key' failed to satisfy constraint: Member must not be null")):
        getattr(table, operation)()


def test_item_is_required(table):
    with invalid(containing("at 'item' failed to satisfy constraint: Member must not be null")):
        table.put_item()


def test_request_faults_come_before_the_table_and_schema_faults_after_it(client, table):
    with invalid(containing("Supplied AttributeValue is empty")):
        client().put_item(TableName="no-such-table", Item={"p": {}})
    with invalid("ReturnValues can only be ALL_OLD or NONE"):
        client().put_item(TableName="no-such-table", Item={"p": S("x")}, ReturnValues="ALL_NEW")
    with invalid("Item size has exceeded the maximum allowed size"):
        client().put_item(TableName="no-such-table", Item={"p": S("x" * 409_600)})
    with not_found():
        client().put_item(TableName="no-such-table", Item={"p": S("")})
    with not_found():
        client().put_item(TableName="no-such-table", Item={"other": S("x")})


SEMANTIC_ORDER = [
    (
        "mixing before placeholders",
        {
            "Item": {"p": S("x")},
            "Expected": {"a": {"Exists": False}},
            "ConditionExpression": "a = b",
            "ExpressionAttributeNames": {},
        },
        "Can not use both expression and non-expression",
    ),
    (
        "placeholders without expressions before values",
        {"Item": {"p": {}}, "ExpressionAttributeNames": {"#a": "a"}},
        "can only be specified when using expressions",
    ),
    ("values before ReturnValues", {"Item": {"p": {}}, "ReturnValues": "ALL_NEW"}, "Supplied AttributeValue is empty"),
    (
        "ReturnValues before size",
        {"Item": {"p": S("x" * 409_600)}, "ReturnValues": "ALL_NEW"},
        "ReturnValues can only be ALL_OLD or NONE",
    ),
    (
        "size before expressions",
        {"Item": {"p": S("x" * 409_600)}, "ConditionExpression": "a ="},
        "Item size has exceeded the maximum allowed size",
    ),
    (
        "names before values",
        {
            "Item": {"p": S("x")},
            "ConditionExpression": "a = :a",
            "ExpressionAttributeNames": {"a": "x"},
            "ExpressionAttributeValues": {"a": S("x")},
        },
        "ExpressionAttributeNames contains invalid key",
    ),
    (
        "placeholder keys before expressions",
        {"Item": {"p": S("x")}, "ConditionExpression": "a =", "ExpressionAttributeValues": {"a": S("x")}},
        "ExpressionAttributeValues contains invalid key",
    ),
    (
        "expressions before unused placeholders",
        {"Item": {"p": S("x")}, "ConditionExpression": "a =", "ExpressionAttributeValues": {":a": S("x")}},
        "Invalid ConditionExpression",
    ),
    (
        "unused placeholders before the schema",
        {"Item": {"p": N(1)}, "ConditionExpression": "a = b", "ExpressionAttributeValues": {":a": S("x")}},
        "unused in expressions",
    ),
    (
        "schema before the condition",
        {"Item": {"p": N(1)}, "ConditionExpression": "attribute_exists(zz)"},
        "Type mismatch for key p expected: S actual: N",
    ),
]


@pytest.mark.parametrize("request_, text", [c[1:] for c in SEMANTIC_ORDER], ids=[c[0] for c in SEMANTIC_ORDER])
def test_first_fault_is_reported(table, request_, text):
    with invalid(containing(text)):
        table.put_item(**request_)


def test_nothing_of_a_rejected_request_is_stored(table):
    old = item(a=SS("x"), l=L(M(x=N(1))))
    table.put_item(Item=old)
    for attempt in (
        lambda: table.put_item(Item={**key_of(old), "a": {}}),
        lambda: table.put_item(Item={**key_of(old), "a": N("1e126")}),
        lambda: table.put_item(Item={**key_of(old), "b": N(1)}, ConditionExpression="fly(a)"),
        lambda: table.put_item(Item={**key_of(old), "b": N(1)}, ReturnValues="ALL_NEW"),
        lambda: table.update_item(
            Key=key_of(old), UpdateExpression="SET b = :b, l[0].x.y = :b", ExpressionAttributeValues={":b": N(1)}
        ),
        lambda: table.delete_item(Key=key_of(old), ConditionExpression="a ="),
        lambda: table.delete_item(Key=key_of(old), ReturnValues="ALL_NEW"),
    ):
        with rejected("ValidationException"):
            attempt()
    assert table.get(**key_of(old)) == old
