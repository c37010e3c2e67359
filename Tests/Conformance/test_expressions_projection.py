"""ProjectionExpression, the same in every reading operation (data-plane.md 5.2, 5.3, 7)."""

import pytest

from harness.errors import containing, invalid, starting
from harness.values import L, M, N, S, unique

PREFIX = "Invalid ProjectionExpression: "
ITEM = {
    "p": S("projected"),
    "s": S("s"),
    "a": N(1),
    "b": M(c=S("c"), d=L(S("0"), S("1"), M(e=S("e"), f=S("f")), S("3")), g=M(h=N(1))),
    "li": L(S("0"), S("1"), S("2"), L(S("30"), S("31")), M(x=N(1), y=N(2))),
    "a.b": S("dotted"),
}


@pytest.fixture(scope="module")
def table(new_table):
    table = new_table("p:S", "s:S")
    table.put_item(Item=ITEM)
    return table


KEY = {"p": ITEM["p"], "s": ITEM["s"]}


def by_get(table, **projection):
    return table.get_item(Key=KEY, ConsistentRead=True, **projection)["Item"]


def by_query(table, **projection):
    (item,) = table.query(
        KeyConditionExpression="p = :p", ExpressionAttributeValues={":p": KEY["p"]}, ConsistentRead=True, **projection
    )["Items"]
    return item


def by_scan(table, **projection):
    (item,) = table.scan(ConsistentRead=True, **projection)["Items"]
    return item


def by_batch(table, **projection):
    request = {table.name: {"Keys": [KEY], "ConsistentRead": True, **projection}}
    (item,) = table.client.batch_get_item(RequestItems=request)["Responses"][table.name]
    return item


def by_transaction(table, **projection):
    get = {"Get": {"TableName": table.name, "Key": KEY, **projection}}
    return table.client.transact_get_items(TransactItems=[get])["Responses"][0]["Item"]


OPERATIONS = {"get": by_get, "query": by_query, "scan": by_scan, "batch": by_batch, "transaction": by_transaction}
PROJECTIONS = [
    ("a", {"a": N(1)}),
    ("p, a", {"p": ITEM["p"], "a": N(1)}),
    ("b.c", {"b": M(c=S("c"))}),
    ("b.c, b.g.h", {"b": M(c=S("c"), g=M(h=N(1)))}),
    ("b", {"b": ITEM["b"]}),
    ("li[1]", {"li": L(S("1"))}),
    ("li[2], li[0]", {"li": L(S("0"), S("2"))}),
    ("li[0], li[99]", {"li": L(S("0"))}),
    ("li[3][1]", {"li": L(L(S("31")))}),
    ("li[4].y, li[0]", {"li": L(S("0"), M(y=N(2)))}),
    ("b.d[2].e, b.d[0], b.d[2].f", {"b": M(d=L(S("0"), M(e=S("e"), f=S("f"))))}),
    ("zz", {}),
    ("b.zz", {}),
    ("a.zz", {}),
    ("a[0]", {}),
    ("b.c.zz, a", {"a": N(1)}),
    ("li[77]", {}),
    ("\t a \n,\r p ", {"p": ITEM["p"], "a": N(1)}),
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("expression, projected", PROJECTIONS, ids=[expression for expression, _ in PROJECTIONS])
def test_projection(table, operation, expression, projected):
    assert OPERATIONS[operation](table, ProjectionExpression=expression) == projected


@pytest.mark.parametrize("operation", OPERATIONS)
def test_names(table, operation):
    names = {"#x": "a.b", "#y": "b", "#z": "d"}
    item = OPERATIONS[operation](table, ProjectionExpression="#x, #y.#z[1]", ExpressionAttributeNames=names)
    assert item == {"a.b": S("dotted"), "b": M(d=L(S("1")))}


def test_missing_item_has_no_projection(table):
    assert "Item" not in table.get_item(Key={"p": S(unique()), "s": S("s")}, ProjectionExpression="a")


ERRORS = [
    ("", PREFIX + "The expression can not be empty;"),
    ("a, name", PREFIX + "Attribute name is a reserved keyword; reserved keyword: name"),
    ("b.status", PREFIX + "Attribute name is a reserved keyword; reserved keyword: status"),
    ("#x", PREFIX + "An expression attribute name used in the document path is not defined; attribute name: #x"),
    (
        "a, a",
        PREFIX + "Two document paths overlap with each other; must remove or rewrite one of these paths; "
        "path one: [a], path two: [a]",
    ),
    (
        "b.d, b.d[0]",
        PREFIX + "Two document paths overlap with each other; must remove or rewrite one of these paths; "
        "path one: [b, d], path two: [b, d, [0]]",
    ),
    (
        "b.c, b[1]",
        PREFIX + "Two document paths conflict with each other; must remove or rewrite one of these paths; "
        "path one: [b, c], path two: [b, [1]]",
    ),
    ("#x, name", PREFIX + "Attribute name is a reserved keyword; reserved keyword: name"),
    ("a, a, #x", PREFIX + "An expression attribute name used in the document path is not defined; attribute name: #x"),
    ("b.c, b[1], a, a", starting(PREFIX + "Two document paths overlap with each other")),
]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("expression, text", ERRORS, ids=[expression for expression, _ in ERRORS])
def test_error(table, operation, expression, text):
    with invalid(text):
        OPERATIONS[operation](table, ProjectionExpression=expression)


SYNTAX_ERRORS = [
    "a,", ",a", "a b", "a,,b", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[-1]", "a[1", "(a)", "a = b", ":a", "size(a)",
    "9a", "_a", "a-b", "*", "a, *", '"a"', "#", "a[1]b", "[0]", "\u00e9",
]  # fmt: skip


@pytest.mark.parametrize("expression", SYNTAX_ERRORS)
def test_syntax_error(table, expression):
    with invalid(starting(PREFIX + "Syntax error; token: ")):
        by_get(table, ProjectionExpression=expression)


def test_names_need_an_expression(table):
    with invalid("ExpressionAttributeNames can only be specified when using expressions"):
        by_get(table, ExpressionAttributeNames={"#a": "a"})
    with invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"):
        by_get(table, ProjectionExpression="b", ExpressionAttributeNames={"#a": "a"})


def test_size_of_the_expression(table):
    assert by_get(table, ProjectionExpression="a" + " " * 4095) == {"a": N(1)}
    text = PREFIX + "Expression size has exceeded the maximum allowed size; expression size: 4097"
    with invalid(text):
        by_get(table, ProjectionExpression="a" + " " * 4096)


def test_depth_of_a_path(table):
    assert by_get(table, ProjectionExpression="a" + ".x" * 31) == {}
    with invalid(containing("The document path has too many nesting levels; nesting levels: 33")):
        by_get(table, ProjectionExpression="a" + ".x" * 32)
