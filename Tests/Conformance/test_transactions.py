"""TransactWriteItems and TransactGetItems (data-plane.md 10)."""

import threading

import botocore.exceptions
import pytest

from harness.errors import INVALID, containing, invalid, matching, not_found, rejected
from harness.tables import index
from harness.values import M, N, S, SS, nested, unique

MISMATCH = "The provided key element does not match the schema"


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S", attributes=("g:S",), gsi=[index("global", "g")])


@pytest.fixture(scope="module")
def other(new_table):
    return new_table("p:S", "n:N")


def fresh(count=1):
    keys = [{"p": S(unique())} for _ in range(count)]
    return keys if count > 1 else keys[0]


def put(table, item, **more):
    return {"Put": {"TableName": table.name, "Item": item, **more}}


def delete(table, key, **more):
    return {"Delete": {"TableName": table.name, "Key": key, **more}}


def update(table, key, expression, values=None, **more):
    if values:
        more["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
    return {"Update": {"TableName": table.name, "Key": key, "UpdateExpression": expression, **more}}


def check(table, key, condition, **more):
    return {"ConditionCheck": {"TableName": table.name, "Key": key, "ConditionExpression": condition, **more}}


def get(table, key, **more):
    return {"Get": {"TableName": table.name, "Key": key, **more}}


def write(table, *actions, **more):
    return table.client.transact_write_items(TransactItems=list(actions), **more)


def read(table, *actions, **more):
    return table.client.transact_get_items(TransactItems=list(actions), **more)


class cancelled:
    """The block must be cancelled with these codes; the reasons are in `reasons` afterwards."""

    def __init__(self, *codes):
        self.codes = list(codes)

    def __enter__(self):
        text = (
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{', '.join(self.codes)}]"
        )
        self.context = rejected("TransactionCanceledException", text)
        self.caught = self.context.__enter__()
        return self

    def __exit__(self, *error):
        handled = self.context.__exit__(*error)
        self.reasons = self.caught.value.response["CancellationReasons"]
        assert [reason["Code"] for reason in self.reasons] == self.codes
        assert all("Message" not in reason for reason in self.reasons if reason["Code"] == "None")
        return handled


# --- All or nothing -------------------------------------------------------------------------------------------------


def test_all_actions_happen(table, other):
    new, changed, gone, checked = fresh(4)
    for key in (changed, gone, checked):
        table.put_item(Item={**key, "a": N(1)})
    far = {"p": S(unique()), "n": N(1)}
    write(
        table,
        put(table, {**new, "b": N(2)}),
        update(table, changed, "SET a = a + :one", {"one": N(1)}),
        delete(table, gone),
        check(table, checked, "attribute_exists(p)"),
        put(other, far),
    )
    assert table.get(**new) == {**new, "b": N(2)}
    assert table.get(**changed)["a"] == N(2)
    assert table.get(**gone) is None
    assert table.get(**checked) == {**checked, "a": N(1)}
    assert other.get(**far) == far


def test_one_failing_condition_undoes_all(table, other):
    new, changed, gone = fresh(3)
    for key in (changed, gone):
        table.put_item(Item={**key, "a": N(1)})
    far = {"p": S(unique()), "n": N(1)}
    with cancelled("None", "None", "None", "ConditionalCheckFailed") as outcome:
        write(
            table,
            put(table, new),
            update(table, changed, "SET a = :a", {"a": N(2)}),
            delete(table, gone),
            put(other, far, ConditionExpression="attribute_exists(p)"),
        )
    assert outcome.reasons[3] == {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    assert table.get(**new) is None and other.get(**far) is None
    assert table.get(**changed)["a"] == N(1) and table.get(**gone)["a"] == N(1)


def test_all_failing_conditions_are_reported(table):
    first, second, third, fourth = fresh(4)
    table.put_item(Item={**first, "a": N(1)})
    with cancelled("ConditionalCheckFailed", "None", "ConditionalCheckFailed", "ConditionalCheckFailed"):
        write(
            table,
            put(table, first, ConditionExpression="attribute_not_exists(p)"),
            put(table, second, ConditionExpression="attribute_not_exists(p)"),
            delete(table, third, ConditionExpression="attribute_exists(p)"),
            check(table, fourth, "attribute_exists(p)"),
        )


def test_failing_condition_returns_the_item_if_asked(table):
    first, second, missing = fresh(3)
    table.put_item(Item={**first, "a": N(1)})
    table.put_item(Item={**second, "a": N(2)})
    all_old = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    with cancelled("ConditionalCheckFailed", "ConditionalCheckFailed", "ConditionalCheckFailed") as outcome:
        write(
            table,
            put(table, first, ConditionExpression="attribute_not_exists(p)", **all_old),
            delete(table, second, ConditionExpression="attribute_not_exists(p)"),
            check(table, missing, "attribute_exists(p)", **all_old),
        )
    assert outcome.reasons[0]["Item"] == {**first, "a": N(1)}
    assert "Item" not in outcome.reasons[1] and "Item" not in outcome.reasons[2]


def test_condition_checks_write_nothing(table):
    key = fresh()
    write(table, check(table, key, "attribute_not_exists(p)"))
    assert table.get(**key) is None


def test_update_creates_and_remove_only_does_not(table):
    one, two = fresh(2)
    write(table, update(table, one, "SET a = :a", {"a": N(1)}), update(table, two, "REMOVE a"))
    assert table.get(**one) == {**one, "a": N(1)}
    assert table.get(**two) is None


def test_reads_in_the_order_of_the_request(table, other):
    one, missing = fresh(2)
    table.put_item(Item={**one, "a": M(b=N(1)), "c": N(2)})
    far = {"p": S(unique()), "n": N(1)}
    other.put_item(Item=far)
    answer = read(table, get(other, far), get(table, missing), get(table, one, ProjectionExpression="a.b"))
    assert answer["Responses"] == [{"Item": far}, {}, {"Item": {"a": M(b=N(1))}}]


def test_transfers_under_concurrency_keep_the_sum(table):
    """Serializable: money moves between accounts, every transactional read sees the same total."""
    accounts = fresh(4)
    for key in accounts:
        table.put_item(Item={**key, "balance": N(100)})
    failures, stop = [], threading.Event()

    def transfer(source, target):
        for _ in range(30):
            try:
                write(
                    table,
                    update(
                        table, source, "SET balance = balance - :n", {"n": N(1)}, ConditionExpression="balance >= :n"
                    ),
                    update(table, target, "SET balance = balance + :n", {"n": N(1)}),
                )
            except botocore.exceptions.ClientError as error:
                reasons = {reason["Code"] for reason in error.response.get("CancellationReasons", [])}
                if not reasons <= {"None", "TransactionConflict"} or not reasons:
                    failures.append(error)

    def watch():
        while not stop.is_set():
            try:
                responses = read(table, *(get(table, key) for key in accounts))["Responses"]
            except botocore.exceptions.ClientError as error:
                if error.response["Error"]["Code"] != "TransactionCanceledException":
                    failures.append(error)
                continue
            total = sum(int(response["Item"]["balance"]["N"]) for response in responses)
            if total != 400:
                failures.append(AssertionError(f"total {total}"))

    threads = [threading.Thread(target=transfer, args=(accounts[n], accounts[(n + 1) % 4])) for n in range(4)]
    watcher = threading.Thread(target=watch)
    for thread in [*threads, watcher]:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    watcher.join()
    assert failures == []
    assert sum(int(table.get(**key)["balance"]["N"]) for key in accounts) == 400


# --- The request as a whole -----------------------------------------------------------------------------------------

AT_ITEMS = "1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1"
ONE_KIND = "TransactItems can only contain one of Check, Put, Update or Delete"
ONE_ITEM = "Transaction request cannot include multiple operations on one item"


def test_100_actions_are_taken_and_101_are_not(table):
    keys = fresh(101)
    write(table, *(put(table, key) for key in keys[:100]))
    assert len(read(table, *(get(table, key) for key in keys[:100]))["Responses"]) == 100
    for call, action in ((write, put), (read, get)):
        with invalid(
            containing(
                "at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100"
            )
        ):
            call(table, *(action(table, key) for key in keys))


def test_no_actions(table):
    with invalid(AT_ITEMS):
        write(table)
    with invalid(AT_ITEMS):
        read(table)


def test_members_are_reported_together_token_first(table):
    with invalid(
        matching(
            "^3 validation errors detected: .*clientRequestToken.*returnConsumedCapacity.*returnItemCollectionMetrics"
        )
    ):
        write(
            table,
            put(table, fresh()),
            ClientRequestToken="x" * 37,
            ReturnConsumedCapacity="SOME",
            ReturnItemCollectionMetrics="SOME",
        )


def test_each_element_is_exactly_one_action(table):
    key = fresh()
    with invalid(ONE_KIND):
        write(table, {**put(table, key), **delete(table, key)})
    with invalid(ONE_KIND):
        write(table, {})
    assert table.get(**key) is None


def test_one_item_may_occur_only_once(table):
    key = fresh()
    for second in (
        delete(table, key),
        update(table, key, "SET a = :a", {"a": N(1)}),
        check(table, key, "attribute_exists(p)"),
    ):
        with invalid(ONE_ITEM):
            write(table, put(table, key), second)
    with invalid(ONE_ITEM):
        read(table, get(table, key), get(table, key))
    assert table.get(**key) is None


def test_items_are_compared_by_value_and_by_table(table, other):
    with invalid(ONE_ITEM):
        write(other, put(other, {"p": S("x"), "n": N("1")}), delete(other, {"p": S("x"), "n": N("1.0")}))
    p = S(unique())
    write(table, put(table, {"p": p}), put(other, {"p": p, "n": N(1)}), put(other, {"p": p, "n": N(2)}))


def test_condition_check_needs_a_condition(table):
    with invalid():
        write(table, {"ConditionCheck": {"TableName": table.name, "Key": fresh()}})


def test_unknown_table(table):
    key = fresh()
    with not_found():
        write(table, put(table, key), {"Put": {"TableName": "no-such-table", "Item": key}})
    assert table.get(**key) is None
    with not_found():
        read(table, {"Get": {"TableName": "no-such-table", "Key": key}})


# --- Two error channels ---------------------------------------------------------------------------------------------

X = {"p": S("transaction-error")}
TOP_LEVEL = {
    "syntax": (lambda t: update(t, X, "SET a ="), containing("Invalid UpdateExpression: Syntax error")),
    "condition syntax": (
        lambda t: put(t, X, ConditionExpression="a ="),
        containing("Invalid ConditionExpression: Syntax error"),
    ),
    "undefined value": (lambda t: update(t, X, "SET a = :zz"), containing("attribute value: :zz")),
    "unused name": (
        lambda t: put(t, X, ConditionExpression="attribute_exists(p)", ExpressionAttributeNames={"#a": "a"}),
        containing("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"),
    ),
    "unused value": (
        lambda t: update(t, X, "REMOVE a", {"zz": N(1)}),
        containing("Value provided in ExpressionAttributeValues unused in expressions: keys: {:zz}"),
    ),
    "bad number": (
        lambda t: put(t, {**X, "a": N("abc")}),
        containing("The parameter cannot be converted to a numeric value: abc"),
    ),
    "bad set": (lambda t: put(t, {**X, "a": SS("a", "a")}), containing("Input collection [a, a] contains duplicates.")),
    "bad expression value": (
        lambda t: update(t, X, "SET a = :a", {"a": N("abc")}),
        containing("The parameter cannot be converted to a numeric value: abc"),
    ),
    "empty key in a put": (lambda t: put(t, {"p": S("")}), containing("cannot contain an empty string value. Key: p")),
    "empty key in a delete": (
        lambda t: delete(t, {"p": S("")}),
        containing("cannot contain an empty string value. Key: p"),
    ),
    "too deep": (lambda t: put(t, {**X, "a": nested(32)}), containing("Nesting Levels have exceeded supported limits")),
}


@pytest.mark.parametrize("case", TOP_LEVEL)
def test_refused_as_a_whole(table, case):
    action, text = TOP_LEVEL[case]
    key = fresh()
    with invalid(text):
        write(table, put(table, key), action(table))
    assert table.get(**key) is None


OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
CANCELLING = {
    "wrong key type in a put": (
        lambda t: put(t, {"p": N(1)}),
        containing("Type mismatch for key p expected: S actual: N"),
    ),
    "wrong key type in a delete": (lambda t: delete(t, {"p": N(1)}), MISMATCH),
    "wrong key type in an update": (lambda t: update(t, {"p": N(1)}, "REMOVE a"), MISMATCH),
    "wrong key type in a check": (lambda t: check(t, {"p": N(1)}, "attribute_exists(p)"), MISMATCH),
    "extra key attribute": (lambda t: delete(t, {**X, "a": N(1)}), MISMATCH),
    "key too long": (
        lambda t: delete(t, {"p": S("x" * 2049)}),
        INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes",
    ),
    "wrong index key type": (
        lambda t: put(t, {**X, "g": N(1)}),
        INVALID + "Type mismatch for Index Key g Expected: S Actual: N IndexName: global",
    ),
    "absent attribute": (
        lambda t: update(t, X, "SET a = b"),
        containing("The provided expression refers to an attribute that does not exist in the item"),
    ),
    "invalid path": (
        lambda t: update(t, X, "SET a.b.c = :a", {"a": N(1)}),
        containing("The document path provided in the update expression is invalid for update"),
    ),
    "number overflow at run time": (
        lambda t: update(t, X, "SET n = :a + :b", {"a": N("9e125"), "b": N("9e125")}),
        containing(OVERFLOW),
    ),
}


@pytest.mark.parametrize("case", CANCELLING)
def test_cancelled_by_a_validation_error(table, case):
    action, text = CANCELLING[case]
    before, after = fresh(2)
    with cancelled("None", "ValidationError", "None") as outcome:
        # The last action's condition fails, but it is not evaluated any more.
        write(table, put(table, before), action(table), put(table, after, ConditionExpression="attribute_exists(p)"))
    assert outcome.reasons[1]["Message"] == text
    assert table.get(**before) is None


def test_first_validation_error_hides_the_second(table):
    with cancelled("ValidationError", "None"):
        write(table, delete(table, {"p": N(1)}), delete(table, {"p": N(2)}))


def test_too_deep_update_is_refused_in_one_of_the_two_ways(table):
    key = fresh()
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        write(table, update(table, key, "SET a = :a", {"a": nested(32)}))
    response = caught.value.response
    if response["Error"]["Code"] == "TransactionCanceledException":
        assert [reason["Code"] for reason in response["CancellationReasons"]] == ["ValidationError"]
    else:
        assert response["Error"]["Code"] == "ValidationException"
    assert table.get(**key) is None


def test_update_that_grows_too_large_cancels(table):
    key = fresh()
    table.put_item(Item={**key, "a": S("x" * 300_000)})
    with cancelled("ValidationError") as outcome:
        write(table, update(table, key, "SET b = :b", {"b": S("x" * 200_000)}))
    assert outcome.reasons[0]["Message"] == "Item size to update has exceeded the maximum allowed size"


def test_actions_are_checked_in_order_before_any_table_is_looked_up(table):
    missing = {"Put": {"TableName": "no-such-table", "Item": X}}
    with invalid(containing("Invalid UpdateExpression")):
        write(table, missing, update(table, X, "SET a ="))
    with invalid(containing("numeric value: abc")):
        write(table, put(table, {**X, "a": N("abc")}), update(table, fresh(), "SET a ="))
    with invalid(containing("Invalid UpdateExpression")):
        write(table, update(table, fresh(), "SET a ="), put(table, {**X, "a": N("abc")}))


def test_reads_have_two_channels_too(table):
    with invalid(containing("Invalid ProjectionExpression")):
        read(table, get(table, fresh(), ProjectionExpression="a,"))
    with invalid(containing("cannot contain an empty string value. Key: p")):
        read(table, get(table, {"p": S("")}))
    for key in ({"p": N(1)}, {}, {**X, "a": N(1)}):
        with cancelled("None", "ValidationError") as outcome:
            read(table, get(table, fresh()), get(table, key))
        assert outcome.reasons[1]["Message"] == MISMATCH


# --- Sizes ----------------------------------------------------------------------------------------------------------


def test_payload_of_more_than_four_megabytes(table):
    keys = fresh(12)
    with invalid(containing("size cannot exceed")):
        write(table, *(put(table, {**key, "a": S("x" * 380_000)}) for key in keys))
    assert all(table.get(**key) is None for key in keys[:2])


def test_deleting_five_megabytes_of_stored_items(table):
    keys = fresh(15)
    for key in keys:
        table.put_item(Item={**key, "a": S("x" * 380_000)})
    write(table, *(delete(table, key) for key in keys))
    assert all(table.get(**key) is None for key in keys)


def test_reading_more_than_four_megabytes(table):
    keys = fresh(12)
    for key in keys:
        table.put_item(Item={**key, "a": S("x" * 380_000)})
    with pytest.raises(botocore.exceptions.ClientError):
        read(table, *(get(table, key) for key in keys))
    assert len(read(table, *(get(table, key) for key in keys[:10]))["Responses"]) == 10
    write(table, *(delete(table, key) for key in keys))


# --- Client request tokens ------------------------------------------------------------------------------------------


def test_replay_of_a_token_writes_nothing(table):
    key, token = fresh(), unique()
    actions = [update(table, key, "ADD n :one", {"one": N(1)})]
    first = write(table, *actions, ClientRequestToken=token, ReturnConsumedCapacity="TOTAL")
    assert first["ConsumedCapacity"] == [{"TableName": table.name, "CapacityUnits": 2.0, "WriteCapacityUnits": 2.0}]
    again = write(table, *actions, ClientRequestToken=token, ReturnConsumedCapacity="TOTAL")
    assert again["ConsumedCapacity"] == [{"TableName": table.name, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}]
    table.delete_item(Key=key)
    write(table, *actions, ClientRequestToken=token)
    assert table.get(**key) is None


def test_token_with_another_request(table):
    key, token = fresh(), unique()
    write(table, update(table, key, "ADD n :one", {"one": N(1)}), ClientRequestToken=token)
    with rejected("IdempotentParameterMismatchException"):
        write(table, update(table, key, "ADD n :one", {"one": N(2)}), ClientRequestToken=token)
    assert table.get(**key)["n"] == N(1)


def test_without_a_token_nothing_is_deduplicated(raw, table):
    # The SDK would add a token of its own.
    key = fresh()
    request = {"TransactItems": [update(table, key, "ADD n :one", {"one": N(1)})]}
    assert [raw.call("TransactWriteItems", request).status for _ in range(2)] == [200, 200]
    assert table.get(**key)["n"] == N(2)


def test_failed_transactions_are_not_remembered(table):
    key, token = fresh(), unique()
    action = put(table, {**key, "done": N(1)}, ConditionExpression="attribute_exists(p)")
    with cancelled("ConditionalCheckFailed"):
        write(table, action, ClientRequestToken=token)
    table.put_item(Item=key)
    write(table, action, ClientRequestToken=token)
    assert table.get(**key)["done"] == N(1)


def test_concurrent_use_of_one_token_writes_once(table):
    key, token = fresh(), unique()
    outcomes = []

    def attempt():
        try:
            write(table, update(table, key, "ADD n :one", {"one": N(1)}), ClientRequestToken=token)
            outcomes.append("done")
        except botocore.exceptions.ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outcomes) <= {"done", "TransactionInProgressException"} and "done" in outcomes
    assert table.get(**key)["n"] == N(1)


@pytest.mark.parametrize("token", ["", "x" * 37])
def test_token_has_1_to_36_characters(table, token):
    with invalid(containing("clientRequestToken")):
        write(table, put(table, fresh()), ClientRequestToken=token)


# --- Capacity -------------------------------------------------------------------------------------------------------


def test_capacity_is_doubled(table, other):
    big, small = fresh(2)
    answer = write(
        table,
        put(table, {**big, "a": S("x" * 1500)}),
        put(table, small),
        put(other, {"p": S(unique()), "n": N(1)}),
        ReturnConsumedCapacity="TOTAL",
    )
    capacity = {entry["TableName"]: entry for entry in answer["ConsumedCapacity"]}
    assert capacity[table.name] == {"TableName": table.name, "CapacityUnits": 6.0, "WriteCapacityUnits": 6.0}
    assert capacity[other.name] == {"TableName": other.name, "CapacityUnits": 2.0, "WriteCapacityUnits": 2.0}
    answer = read(table, get(table, big), get(table, small), ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"] == [{"TableName": table.name, "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}]
