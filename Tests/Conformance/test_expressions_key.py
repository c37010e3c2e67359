"""KeyConditionExpression (data-plane.md 5.6)."""

import pytest

from harness.errors import INVALID, containing, invalid, starting
from harness.tables import index
from harness.values import BOOL, N, S, SS, B, unique

PREFIX = "Invalid KeyConditionExpression: "
SORT_KEYS = ["a", "ab", "abc", "b", "bc", "c"]


@pytest.fixture(scope="module")
def table(new_table):
    table = new_table(
        "p:S", "s:S", attributes=("g:S", "n:N"), gsi=[index("by-g", "g", "n"), index("hash-only", "g")],
        lsi=[index("by-n", "p", "n")],
    )  # fmt: skip
    for number, sort_key in enumerate(SORT_KEYS):
        table.put(p=S("x"), s=S(sort_key), g=S("g"), n=N(number), extra=S("o"))
    table.put(p=S("y"), s=S("a"), g=S("h"), n=N(0))
    return table


@pytest.fixture(scope="module")
def hash_only(new_table):
    table = new_table("p:S")
    table.put(p=S("x"))
    return table


def found(table, expression, values, names=None, **more):
    request = {"KeyConditionExpression": expression, **more}
    if values:
        request["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
    if names:
        request["ExpressionAttributeNames"] = names
    return [item["s"]["S"] for item in table.query(**request)["Items"]]


CONDITIONS = [
    ("p = :p", {}, SORT_KEYS),
    (":p = p", {}, SORT_KEYS),
    ("p = :p AND s = :a", {"a": S("ab")}, ["ab"]),
    ("s = :a AND p = :p", {"a": S("ab")}, ["ab"]),
    ("p = :p AND s = :a", {"a": S("zz")}, []),
    ("p = :p AND s < :a", {"a": S("b")}, ["a", "ab", "abc"]),
    ("p = :p AND s <= :a", {"a": S("b")}, ["a", "ab", "abc", "b"]),
    ("p = :p AND s > :a", {"a": S("b")}, ["bc", "c"]),
    ("p = :p AND s >= :a", {"a": S("b")}, ["b", "bc", "c"]),
    ("p = :p AND :a < s", {"a": S("b")}, ["bc", "c"]),
    (":a >= s AND :p = p", {"a": S("ab")}, ["a", "ab"]),
    ("p = :p AND s BETWEEN :a AND :b", {"a": S("ab"), "b": S("bc")}, ["ab", "abc", "b", "bc"]),
    ("p = :p AND s BETWEEN :a AND :b", {"a": S("b"), "b": S("b")}, ["b"]),
    ("p = :p AND begins_with(s, :a)", {"a": S("ab")}, ["ab", "abc"]),
    ("begins_with(s, :a) AND p = :p", {"a": S("c")}, ["c"]),
    ("(p = :p) AND (s = :a)", {"a": S("c")}, ["c"]),
    ("(p = :p AND s = :a)", {"a": S("c")}, ["c"]),
    ("p = :p aNd s bEtWeEn :a AnD :b", {"a": S("c"), "b": S("d")}, ["c"]),
]


@pytest.mark.parametrize("expression, values, expected", CONDITIONS, ids=[f"{e} {v}" for e, v, _ in CONDITIONS])
def test_condition(table, expression, values, expected):
    assert found(table, expression, {"p": S("x"), **values}) == expected
    assert found(table, expression, {"p": S("x"), **values}, ScanIndexForward=False) == expected[::-1]


def test_names(table):
    names = {"#p": "p", "#s": "s"}
    assert found(table, "#p = :p AND #s = :a", {"p": S("x"), "a": S("c")}, names) == ["c"]


def test_indexes_have_keys_of_their_own(table):
    assert found(table, "g = :g AND n > :n", {"g": S("g"), "n": N(3)}, IndexName="by-g") == ["bc", "c"]
    assert found(table, "g = :g", {"g": S("h")}, IndexName="hash-only") == ["a"]
    assert found(
        table, "p = :p AND n BETWEEN :a AND :b", {"p": S("x"), "a": N(1), "b": N("2e0")}, IndexName="by-n"
    ) == ["ab", "abc"]


def test_number_and_binary_ranges(new_table):
    table = new_table("p:S", "s:N")
    for number in ("-10", "-9.5", "0", "9", "10", "1e2"):
        table.put(p=S("x"), s=N(number))
    query = {"KeyConditionExpression": "p = :p AND s BETWEEN :a AND :b"}
    values = {":p": S("x"), ":a": N("-9.5"), ":b": N("10.0")}
    numbers = [item["s"]["N"] for item in table.query(**query, ExpressionAttributeValues=values)["Items"]]
    assert numbers == ["-9.5", "0", "9", "10"]
    table = new_table("p:B", "s:B")
    for sort_key in (b"\x00", b"\x7f", b"\x80", b"\x80\x00", b"\xff"):
        table.put(p=B(b"x"), s=B(sort_key))
    values = {":p": B(b"x"), ":a": B(b"\x80")}
    answer = table.query(KeyConditionExpression="p = :p AND begins_with(s, :a)", ExpressionAttributeValues=values)
    assert [item["s"]["B"] for item in answer["Items"]] == [b"\x80", b"\x80\x00"]


NESTED_OPERATIONS = "KeyConditionExpressions cannot contain nested operations"
NESTED_ATTRIBUTES = "KeyConditionExpressions cannot have conditions on nested attributes"
ONCE = "KeyConditionExpressions must only contain one condition per key"
OPERATOR = "Invalid operator used in KeyConditionExpression: "
FIRST_OPERAND = (
    "Invalid condition in KeyConditionExpression: {} operator must have the key attribute as its first operand"
)
NOT_SUPPORTED = "Query key condition not supported"
TYPE = INVALID + "Condition parameter type does not match schema type"
MISSED = "Query condition missed key schema element: "
ERRORS = [
    # by the parser
    ("", PREFIX + "The expression can not be empty;"),
    ("p = :p AND", starting(PREFIX + "Syntax error; token: ")),
    ("p = :p, s = :a", starting(PREFIX + "Syntax error; token: ")),
    ("p = :zz", PREFIX + "An expression attribute value used in expression is not defined; attribute value: :zz"),
    ("#zz = :p", PREFIX + "An expression attribute name used in the document path is not defined; attribute name: #zz"),
    ("name = :p", PREFIX + "Attribute name is a reserved keyword; reserved keyword: name"),
    ("((p = :p))", PREFIX + "The expression has redundant parentheses;"),
    ("p = :p AND fly(s)", PREFIX + "Invalid function name; function: fly"),
    # operators and shapes
    ("p = :p OR s = :a", OPERATOR + "OR"),
    ("p = :p AND NOT s = :a", OPERATOR + "NOT"),
    ("p = :p AND s IN (:a)", OPERATOR + "IN"),
    ("p = :p AND s <> :a", OPERATOR + "<>"),
    ("p = :p AND attribute_exists(s)", OPERATOR + "attribute_exists"),
    ("p = :p AND attribute_not_exists(s)", OPERATOR + "attribute_not_exists"),
    ("p = :p AND contains(s, :a)", OPERATOR + "contains"),
    ("p = :p AND size(s) = :n", NESTED_OPERATIONS),
    ("p = :p AND s.x = :a", NESTED_ATTRIBUTES),
    ("p = :p AND s[0] = :a", NESTED_ATTRIBUTES),
    ("p = :p AND :a BETWEEN s AND :b", FIRST_OPERAND.format("BETWEEN")),
    ("p = :p AND begins_with(:a, s)", FIRST_OPERAND.format("begins_with")),
    (
        "p = s",
        "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
    ),
    (":p = :a", "Invalid condition in KeyConditionExpression: No key attribute specified"),
    ("p = :p AND p = :p", ONCE),
    ("p = :p AND s > :a AND s < :b", ONCE),
    # against the schema
    ("p = :p AND s = :a AND extra = :b", "Conditions can be of length 1 or 2 only"),
    ("s = :a", MISSED + "p"),
    ("extra = :a", MISSED + "p"),
    ("p = :p AND extra = :a", MISSED + "s"),
    ("p > :p", NOT_SUPPORTED),
    ("p > :p AND s = :a", NOT_SUPPORTED),
    ("begins_with(p, :p)", NOT_SUPPORTED),
    ("p BETWEEN :a AND :b", NOT_SUPPORTED),
    ("p = :n", TYPE),
    ("p = :p AND s = :n", TYPE),
    ("p = :p AND s = :yes", TYPE),
    ("p = :p AND s = :set", TYPE),
    ("p = :p AND s BETWEEN :n AND :m", TYPE),
    ("p = :p AND begins_with(s, :bin)", TYPE),
]
VALUES = {
    "p": S("x"), "a": S("a"), "b": S("b"), "n": N(1), "m": N(2), "yes": BOOL(True), "set": SS("x"), "bin": B(b"x"),
}  # fmt: skip


@pytest.mark.parametrize("expression, text", ERRORS, ids=[expression for expression, _ in ERRORS])
def test_error(table, expression, text):
    words = expression.replace("(", " ").replace(")", " ").replace(",", " ").split()
    values = {name: value for name, value in VALUES.items() if f":{name}" in words}
    with invalid(text):
        found(table, expression, values)


def test_begins_with_a_number_is_a_wrong_operand(table):
    text = "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N"
    with invalid(PREFIX + text):
        found(table, "p = :p AND begins_with(s, :n)", {"p": S("x"), "n": N(1)})


def test_bounds_in_the_wrong_order(table):
    with invalid(containing("The BETWEEN operator requires upper bound to be greater than or equal to lower bound")):
        found(table, "p = :p AND s BETWEEN :b AND :a", {"p": S("x"), "a": S("a"), "b": S("b")})


def test_table_or_index_without_sort_key(table, hash_only):
    with invalid(NOT_SUPPORTED):
        found(hash_only, "p = :p AND s = :a", {"p": S("x"), "a": S("a")})
    with invalid(NOT_SUPPORTED):
        found(table, "g = :g AND n = :n", {"g": S("g"), "n": N(1)}, IndexName="hash-only")


def test_conditions_of_an_index_are_on_its_own_keys(table):
    with invalid(MISSED + "g"):
        found(table, "p = :p", {"p": S("x")}, IndexName="by-g")
    with invalid(MISSED + "n"):
        found(table, "p = :p AND s = :a", {"p": S("x"), "a": S("a")}, IndexName="by-n")
    with invalid(TYPE):
        found(table, "g = :g AND n = :n", {"g": S("g"), "n": S("1")}, IndexName="by-g")


def test_key_values_may_not_be_empty_or_too_long(table):
    for expression, values in (
        ("p = :p", {"p": S("")}),
        ("p = :p AND s = :a", {"p": S("x"), "a": S("")}),
        ("p = :p", {"p": S("x" * 2049)}),
        ("p = :p AND s = :a", {"p": S("x"), "a": S("x" * 1025)}),
    ):
        with invalid():
            found(table, expression, values)


def test_no_such_partition_is_empty(table):
    assert found(table, "p = :p", {"p": S(unique())}) == []
