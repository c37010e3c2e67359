"""Parameters of before expressions (data-plane.md 6)."""

import botocore.exceptions
import pytest

from harness.errors import INVALID, containing, invalid, matching, starting
from harness.values import BOOL, L, M, N, NS, NULL, S, SS, B, comparable, unique

SUBJECT = {
    "p": S("subject"), "s": S("s"), "word": S("hello"), "n": N("5"), "bin": B(b"\x01\x02"), "nil": NULL, "yes": BOOL(True),
    "ss": SS("a", "b"), "ns": NS("1", "2"), "li": L(S("x"), N(1)), "mp": M(a=N(1)), "a.b": S("dotted"),
}  # fmt: skip
KEY = {"p": SUBJECT["p"], "s": SUBJECT["s"]}


@pytest.fixture(scope="module")
def table(new_table):
    table = new_table("p:S", "s:S")
    table.put_item(Item=SUBJECT)
    for sort_key in ("a", "ab", "b", "c"):
        table.put(p=S("many"), s=S(sort_key), n=N(len(sort_key)))
    return table


# --- Expected, QueryFilter, ScanFilter: one language ----------------------------------------------------------------


def compare(operator, *values):
    return {"ComparisonOperator": operator, **({"AttributeValueList": list(values)} if values else {})}


def expected_holds(table, conditions, operator=None, key=KEY):
    more = {"ConditionalOperator": operator} if operator else {}
    try:
        table.update_item(Key=key, Expected=conditions, **more)
        return True
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False


def query_filter_holds(table, conditions, operator=None):
    more = {"ConditionalOperator": operator} if operator else {}
    key = {"p": compare("EQ", KEY["p"]), "s": compare("EQ", KEY["s"])}
    return table.query(KeyConditions=key, QueryFilter=conditions, **more)["Count"] == 1


def scan_filter_holds(table, conditions, operator=None):
    more = {"ConditionalOperator": operator} if operator else {}
    items = table.scan(ScanFilter=conditions, ConsistentRead=True, **more)["Items"]
    return SUBJECT["p"] in [item["p"] for item in items]


CHANNELS = {"Expected": expected_holds, "QueryFilter": query_filter_holds, "ScanFilter": scan_filter_holds}
TRUTHS = [
    ("word", compare("EQ", S("hello")), True),
    ("word", compare("EQ", N(5)), False),
    ("ss", compare("EQ", SS("b", "a")), True),
    ("li", compare("EQ", L(S("x"), N("1.0"))), True),
    ("mp", compare("EQ", M(a=N(1))), True),
    ("nil", compare("EQ", NULL), True),
    ("gone", compare("EQ", S("x")), False),
    ("word", compare("NE", S("hello")), False),
    ("word", compare("NE", S("x")), True),
    ("word", compare("NE", N(5)), True),
    ("gone", compare("NE", S("x")), True),
    ("n", compare("LT", N(6)), True),
    ("n", compare("LT", N(5)), False),
    ("n", compare("LE", N(5)), True),
    ("n", compare("GT", N(-1)), True),
    ("n", compare("GE", N("5.0")), True),
    ("n", compare("GE", S("1")), False),
    ("gone", compare("GE", S("1")), False),
    ("n", compare("BETWEEN", N(5), N(9)), True),
    ("n", compare("BETWEEN", N(6), N(9)), False),
    ("word", compare("BETWEEN", S("a"), S("z")), True),
    ("n", compare("IN", N(1), N(5)), True),
    ("n", compare("IN", N(1)), False),
    ("word", compare("BEGINS_WITH", S("he")), True),
    ("word", compare("BEGINS_WITH", S("lo")), False),
    ("bin", compare("BEGINS_WITH", B(b"\x01")), True),
    ("word", compare("CONTAINS", S("ell")), True),
    ("ss", compare("CONTAINS", S("a")), True),
    ("ss", compare("CONTAINS", S("ab")), False),
    ("ns", compare("CONTAINS", N("2.0")), True),
    ("li", compare("CONTAINS", N(1)), True),
    ("gone", compare("CONTAINS", S("a")), False),
    ("word", compare("NOT_CONTAINS", S("xyz")), True),
    ("word", compare("NOT_CONTAINS", S("ell")), False),
    ("ss", compare("NOT_CONTAINS", S("c")), True),
    ("gone", compare("NOT_CONTAINS", S("a")), False),
    ("gone", compare("NULL"), True),
    ("word", compare("NULL"), False),
    ("nil", compare("NULL"), False),
    ("word", compare("NOT_NULL"), True),
    ("nil", compare("NOT_NULL"), True),
    ("gone", compare("NOT_NULL"), False),
    ("a.b", compare("EQ", S("dotted")), True),
    ("mp.a", compare("EQ", N(1)), False),
]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name, condition, holds", TRUTHS, ids=[f"{n} {c}"[:90] for n, c, _ in TRUTHS])
def test_truth(table, channel, name, condition, holds):
    assert CHANNELS[channel](table, {name: condition}) is holds


@pytest.mark.parametrize("channel", CHANNELS)
def test_conditions_are_joined_by_and_or_by_or(table, channel):
    half = {"word": compare("EQ", S("hello")), "n": compare("EQ", N(6))}
    assert not CHANNELS[channel](table, half)
    assert not CHANNELS[channel](table, half, "AND")
    assert CHANNELS[channel](table, half, "OR")
    with invalid(containing("Member must satisfy enum value set: [OR, AND]")):
        CHANNELS[channel](table, half, "XOR")


VALUE_AND_EXISTS = [
    ({"word": {"Value": S("hello")}}, True),
    ({"word": {"Value": S("x")}}, False),
    ({"word": {"Value": S("hello"), "Exists": True}}, True),
    ({"word": {"Exists": False}}, False),
    ({"gone": {"Exists": False}}, True),
    ({"gone": {"Value": S("x")}}, False),
    ({"word": {"Value": S("hello"), "ComparisonOperator": "EQ"}}, True),
    ({"word": {"Value": S("x")}, "gone": {"Exists": False}}, False),
]


@pytest.mark.parametrize("conditions, holds", VALUE_AND_EXISTS)
def test_value_and_exists(table, conditions, holds):
    assert expected_holds(table, conditions) is holds


EXPECTED_ERRORS = [
    (
        {"Value": N(1), "AttributeValueList": [N(1)], "ComparisonOperator": "EQ"},
        INVALID + "Value and AttributeValueList cannot be used together for Attribute: a",
    ),
    (
        {"Value": N(1), "AttributeValueList": [N(1)]},
        INVALID + "Value and AttributeValueList cannot be used together for Attribute: a",
    ),
    (
        {"Exists": True, "ComparisonOperator": "EQ", "AttributeValueList": [N(1)]},
        INVALID + "Exists and ComparisonOperator cannot be used together for Attribute: a",
    ),
    (
        {"ComparisonOperator": "EQ"},
        INVALID + "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a",
    ),
    (
        {"AttributeValueList": [N(1)]},
        INVALID + "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
    ),
    ({"Exists": True}, INVALID + "Value must be provided when Exists is true for Attribute: a"),
    ({}, INVALID + "Value must be provided when Exists is null for Attribute: a"),
    ({"Exists": False, "Value": N(1)}, INVALID + "Value cannot be used when Exists is false for Attribute: a"),
]


@pytest.mark.parametrize("condition, text", EXPECTED_ERRORS, ids=[str(condition) for condition, _ in EXPECTED_ERRORS])
def test_faulty_expectation(table, condition, text):
    with invalid(text):
        table.update_item(Key=KEY, Expected={"a": condition})


ARGUMENTS = INVALID + "Invalid number of argument(s) for the {} ComparisonOperator"
COMPARISON_ERRORS = [
    (compare("EQ", N(1), N(2)), ARGUMENTS.format("EQ")),
    (compare("LT", N(1), N(2)), ARGUMENTS.format("LT")),
    (compare("CONTAINS", S("a"), S("b")), ARGUMENTS.format("CONTAINS")),
    (compare("BETWEEN", N(1)), ARGUMENTS.format("BETWEEN")),
    (compare("BETWEEN", N(1), N(2), N(3)), ARGUMENTS.format("BETWEEN")),
    (compare("NULL", N(1)), ARGUMENTS.format("NULL")),
    (compare("NOT_NULL", N(1)), ARGUMENTS.format("NOT_NULL")),
    (compare("IN", N(1), S("a")), INVALID + "AttributeValues inside AttributeValueList must be of same type"),
    (compare("BETWEEN", N(1), S("a")), INVALID + "AttributeValues inside AttributeValueList must be of same type"),
    (compare("LE", SS("a")), INVALID + "ComparisonOperator LE is not valid for SS AttributeValue type"),
    (compare("GT", L()), INVALID + "ComparisonOperator GT is not valid for L AttributeValue type"),
    (
        compare("BETWEEN", BOOL(True), BOOL(True)),
        INVALID + "ComparisonOperator BETWEEN is not valid for BOOL AttributeValue type",
    ),
    (compare("BEGINS_WITH", N(1)), INVALID + "ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type"),
    (compare("CONTAINS", SS("a")), INVALID + "ComparisonOperator CONTAINS is not valid for SS AttributeValue type"),
    (compare("IN", SS("a")), INVALID + "ComparisonOperator IN is not valid for SS AttributeValue type"),
    (
        compare("BETWEEN", N(2), N(1)),
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
    ),
    (
        compare("FLY", N(1)),
        containing(
            "Member must satisfy enum value set: "
            "[IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]"
        ),
    ),
    (compare("EQ", {}), starting("Supplied AttributeValue is empty")),
]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "condition, text", COMPARISON_ERRORS, ids=[str(condition)[:90] for condition, _ in COMPARISON_ERRORS]
)
def test_faulty_comparison(table, channel, condition, text):
    with invalid(text):
        CHANNELS[channel](table, {"a": condition})


def test_conditional_operator_needs_conditions(table):
    with invalid(containing("ConditionalOperator cannot be used without Filter or Expected")):
        table.update_item(Key=KEY, ConditionalOperator="AND")
    with invalid(containing("ConditionalOperator cannot be used without Filter or Expected")):
        table.scan(ConditionalOperator="AND")


@pytest.mark.parametrize("operation", ["put_item", "delete_item"])
def test_expected_guards_put_and_delete_too(table, operation):
    key = {"p": S(unique()), "s": S("s")}
    table.put_item(Item={**key, "n": N(1)})
    argument = {"Item": {**key, "n": N(2)}} if operation == "put_item" else {"Key": key}
    with pytest.raises(table.client.exceptions.ConditionalCheckFailedException):
        getattr(table, operation)(Expected={"n": {"Value": N(7)}}, **argument)
    assert table.get(**key)["n"] == N(1)
    getattr(table, operation)(Expected={"n": {"Value": N("1.0")}}, **argument)
    assert table.get(**key) == (argument["Item"] if operation == "put_item" else None)


# --- KeyConditions --------------------------------------------------------------------------------------------------

KEY_CONDITIONS = [
    ({}, ["a", "ab", "b", "c"]),
    ({"s": compare("EQ", S("ab"))}, ["ab"]),
    ({"s": compare("LT", S("b"))}, ["a", "ab"]),
    ({"s": compare("LE", S("b"))}, ["a", "ab", "b"]),
    ({"s": compare("GT", S("b"))}, ["c"]),
    ({"s": compare("GE", S("b"))}, ["b", "c"]),
    ({"s": compare("BEGINS_WITH", S("a"))}, ["a", "ab"]),
    ({"s": compare("BETWEEN", S("ab"), S("b"))}, ["ab", "b"]),
]


@pytest.mark.parametrize("condition, expected", KEY_CONDITIONS, ids=[str(condition) for condition, _ in KEY_CONDITIONS])
def test_key_conditions(table, condition, expected):
    answer = table.query(KeyConditions={"p": compare("EQ", S("many")), **condition})
    assert [item["s"]["S"] for item in answer["Items"]] == expected


@pytest.mark.parametrize("operator, values", [("NE", [S("a")]), ("CONTAINS", [S("a")]), ("IN", [S("a")]), ("NULL", [])])
def test_key_conditions_must_be_indexable(table, operator, values):
    with invalid(containing("Attempted conditional constraint is not an indexable operation")):
        table.query(KeyConditions={"p": compare("EQ", S("many")), "s": compare(operator, *values)})


def test_key_conditions_against_the_schema(table):
    with invalid("Query condition missed key schema element: p"):
        table.query(KeyConditions={"s": compare("EQ", S("a"))})
    with invalid("Query condition missed key schema element: s"):
        table.query(KeyConditions={"p": compare("EQ", S("a")), "n": compare("EQ", N(1))})
    with invalid("Query key condition not supported"):
        table.query(KeyConditions={"p": compare("GT", S("a"))})
    with invalid(INVALID + "Condition parameter type does not match schema type"):
        table.query(KeyConditions={"p": compare("EQ", N(1))})
    with invalid("Conditions can be of length 1 or 2 only"):
        table.query(KeyConditions={name: compare("EQ", S("a")) for name in ("p", "s", "n")})


def test_query_filter_may_not_name_the_key(table):
    with invalid("QueryFilter can only contain non-primary key attributes: Primary key attribute: s"):
        table.query(KeyConditions={"p": compare("EQ", S("many"))}, QueryFilter={"s": compare("EQ", S("a"))})


# --- AttributesToGet ------------------------------------------------------------------------------------------------


def test_attributes_to_get(table):
    assert table.get_item(Key=KEY, AttributesToGet=["word", "zz", "p"])["Item"] == {"word": S("hello"), "p": KEY["p"]}
    # A dot is part of the name here.
    assert table.get_item(Key=KEY, AttributesToGet=["a.b", "mp.a"])["Item"] == {"a.b": S("dotted")}
    scanned = table.scan(AttributesToGet=["word"], ScanFilter={"word": compare("NOT_NULL")}, ConsistentRead=True)
    assert scanned["Items"] == [{"word": S("hello")}]
    request = {table.name: {"Keys": [KEY], "AttributesToGet": ["n"], "ConsistentRead": True}}
    assert table.client.batch_get_item(RequestItems=request)["Responses"][table.name] == [{"n": N(5)}]


def test_attributes_to_get_are_1_to_255_different_names(table):
    with invalid(INVALID + "Duplicate value in attribute name: a"):
        table.get_item(Key=KEY, AttributesToGet=["a", "b", "a"])
    with invalid(containing("Member must have length greater than or equal to 1")):
        table.get_item(Key=KEY, AttributesToGet=[])
    table.get_item(Key=KEY, AttributesToGet=[f"a{n}" for n in range(255)])
    with invalid(containing("Member must have length less than or equal to 255")):
        table.get_item(Key=KEY, AttributesToGet=[f"a{n}" for n in range(256)])


# --- AttributeUpdates -----------------------------------------------------------------------------------------------


def action(kind, value=None):
    return {"Action": kind, **({"Value": value} if value is not None else {})}


UPDATES = {
    "PUT": ({"a": N(1)}, {"a": action("PUT", N(2))}, {"a": N(2)}),
    "PUT is the default": ({"a": N(1)}, {"a": {"Value": N(2)}}, {"a": N(2)}),
    "PUT on a missing item": (None, {"a": action("PUT", N(2))}, {"a": N(2)}),
    "ADD number": ({"a": N(1)}, {"a": action("ADD", N(2))}, {"a": N(3)}),
    "ADD number to nothing": ({}, {"a": action("ADD", N(2))}, {"a": N(2)}),
    "ADD on a missing item": (None, {"a": action("ADD", N(2))}, {"a": N(2)}),
    "ADD members": ({"a": SS("x")}, {"a": action("ADD", SS("y"))}, {"a": SS("x", "y")}),
    "ADD to a list": ({"a": L(N(1))}, {"a": action("ADD", L(N(2)))}, {"a": L(N(1), N(2))}),
    "DELETE": ({"a": N(1), "b": N(2)}, {"a": action("DELETE")}, {"b": N(2)}),
    "DELETE members": ({"a": SS("x", "y")}, {"a": action("DELETE", SS("x"))}, {"a": SS("y")}),
    "DELETE the last member": ({"a": SS("x"), "b": N(1)}, {"a": action("DELETE", SS("x"))}, {"b": N(1)}),
    "DELETE of nothing": ({"b": N(1)}, {"a": action("DELETE")}, {"b": N(1)}),
    "DELETE on a missing item": (None, {"a": action("DELETE")}, None),
    "nothing, on a missing item": (None, {}, {}),
    "several": ({"a": N(1), "b": N(1)}, {"a": action("DELETE"), "b": action("ADD", N(1)), "c": action("PUT", S("x"))},
                {"b": N(2), "c": S("x")}),
    "a dot is part of the name": ({}, {"a.b": action("PUT", N(1))}, {"a.b": N(1)}),
}  # fmt: skip


@pytest.mark.parametrize("case", UPDATES)
def test_attribute_updates(table, case):
    old, updates, new = UPDATES[case]
    key = {"p": S(unique()), "s": S("s")}
    if old is not None:
        table.put_item(Item={**key, **old})
    table.update_item(Key=key, AttributeUpdates=updates)
    assert comparable(table.get(**key)) == comparable(None if new is None else {**key, **new})


UPDATE_ERRORS = {
    "PUT without value": (
        {"a": {"Action": "PUT"}},
        INVALID + "Only DELETE action is allowed when no attribute value is specified",
    ),
    "ADD without value": (
        {"a": {"Action": "ADD"}},
        INVALID + "Only DELETE action is allowed when no attribute value is specified",
    ),
    "DELETE a string": (
        {"a": action("DELETE", S("x"))},
        INVALID + "DELETE action with value is not supported for the type S",
    ),
    "DELETE a number": (
        {"a": action("DELETE", N(1))},
        INVALID + "DELETE action with value is not supported for the type N",
    ),
    "ADD a string": ({"a": action("ADD", S("x"))}, INVALID + "ADD action is not supported for the type S"),
    "ADD a map": ({"a": action("ADD", M())}, INVALID + "ADD action is not supported for the type M"),
    "ADD to another type": ({"word": action("ADD", N(1))}, containing("Type mismatch for attribute to update")),
    "DELETE from another type": (
        {"word": action("DELETE", SS("x"))},
        containing("Type mismatch for attribute to update"),
    ),
    "the key": ({"s": action("PUT", S("x"))}, INVALID + "Cannot update attribute s. This attribute is part of the key"),
    "action": (
        {"a": action("FLY", N(1))},
        matching("failed to satisfy constraint: Member must satisfy enum value set"),
    ),
}


@pytest.mark.parametrize("case", UPDATE_ERRORS)
def test_faulty_attribute_updates(table, case):
    updates, text = UPDATE_ERRORS[case]
    with invalid(text):
        table.update_item(Key=KEY, AttributeUpdates=updates)
    assert comparable(table.get(**KEY)) == comparable(SUBJECT)


# --- Old and new in one request -------------------------------------------------------------------------------------

MIXED = "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{}}} Expression parameters: {{{}}}"
EQ = compare("EQ", S("x"))
MIXTURES = [
    (
        "get_item",
        {"Key": KEY, "AttributesToGet": ["a"], "ProjectionExpression": "a"},
        "AttributesToGet",
        "ProjectionExpression",
    ),
    (
        "put_item",
        {"Item": KEY, "Expected": {"a": EQ}, "ConditionExpression": "a = b"},
        "Expected",
        "ConditionExpression",
    ),
    (
        "delete_item",
        {"Key": KEY, "Expected": {"a": EQ}, "ConditionExpression": "a = b"},
        "Expected",
        "ConditionExpression",
    ),
    (
        "update_item",
        {"Key": KEY, "AttributeUpdates": {"a": {"Value": N(1)}}, "Expected": {"a": EQ}, "UpdateExpression": "REMOVE a"},
        "AttributeUpdates, Expected",
        "UpdateExpression",
    ),
    (
        "update_item",
        {"Key": KEY, "AttributeUpdates": {"a": {"Value": N(1)}}, "ConditionExpression": "a = b"},
        "AttributeUpdates",
        "ConditionExpression",
    ),
    (
        "query",
        {"KeyConditions": {"p": EQ}, "KeyConditionExpression": "p = :p"},
        "KeyConditions",
        "KeyConditionExpression",
    ),
    (
        "query",
        {"AttributesToGet": ["a"], "QueryFilter": {"a": EQ}, "KeyConditionExpression": "p = :p"},
        "AttributesToGet, QueryFilter",
        "KeyConditionExpression",
    ),
    (
        "query",
        {
            "KeyConditions": {"p": EQ},
            "QueryFilter": {"a": EQ},
            "ConditionalOperator": "AND",
            "FilterExpression": "a = b",
        },
        starting("Can not use both expression and non-expression parameters in the same request: "),
        None,
    ),
    ("scan", {"ScanFilter": {"a": EQ}, "FilterExpression": "a = b"}, "ScanFilter", "FilterExpression"),
    ("scan", {"AttributesToGet": ["a"], "FilterExpression": "a = b"}, "AttributesToGet", "FilterExpression"),
]


@pytest.mark.parametrize("operation, request_, old, new", MIXTURES, ids=[f"{m[0]} {list(m[1])}" for m in MIXTURES])
def test_old_and_new_parameters_exclude_each_other(table, operation, request_, old, new):
    with invalid(old if new is None else MIXED.format(old, new)):
        getattr(table, operation)(**request_)


def test_key_conditions_may_accompany_new_filters_and_projections(table):
    answer = table.query(
        KeyConditions={"p": compare("EQ", S("many"))},
        FilterExpression="n = :n",
        ProjectionExpression="s",
        ExpressionAttributeValues={":n": N(2)},
    )
    assert answer["Items"] == [{"s": S("ab")}]
