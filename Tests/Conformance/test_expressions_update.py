"""UpdateExpression: what it does, what it refuses, and what ReturnValues show of it (data-plane.md 5, 7)."""

import pytest

from harness.errors import containing, invalid, starting
from harness.tables import index
from harness.values import BOOL, BS, L, M, N, NS, NULL, S, SS, B, comparable, unique

PREFIX = "Invalid UpdateExpression: "
NO_SUCH_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item"
INVALID_PATH = "The document path provided in the update expression is invalid for update"
WRONG_OPERAND = "An operand in the update expression has an incorrect data type"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S")


def update(table, key, expression, values=None, names=None, **more):
    if values:
        more["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
    if names:
        more["ExpressionAttributeNames"] = {f"#{name}": value for name, value in names.items()}
    return table.update_item(Key=key, UpdateExpression=expression, **more)


def new_item(table, attributes):
    """Puts an item with these attributes; None puts none. Returns its key."""
    key = {"p": S(unique())}
    if attributes is not None:
        table.put_item(Item={**key, **attributes})
    return key


def attributes(table, key):
    """What is stored beside the key, or None."""
    item = table.get(**key)
    return None if item is None else {name: value for name, value in item.items() if name != "p"}


# --- Effects (5.5) --------------------------------------------------------------------------------------------------
# (old attributes or None, expression, values for :a :b …, new attributes or None)

LIST = L(S("0"), S("1"), S("2"))
EFFECTS = {
    # SET
    "set new": ({}, "SET a = :a", [N(1)], {"a": N(1)}),
    "set replaces, others stay": ({"a": N(1), "b": N(2)}, "SET a = :a", [S("x")], {"a": S("x"), "b": N(2)}),
    "set several": ({}, "SET a = :a, b = :b", [N(1), N(2)], {"a": N(1), "b": N(2)}),
    "set on a missing item": (None, "SET a = :a", [N(1)], {"a": N(1)}),
    "set from a path": ({"a": S("x")}, "SET b = a", [], {"a": S("x"), "b": S("x")}),
    "right-hand sides read the old item": (
        {"a": N(1)}, "SET a = :a, b = a", [N(2)], {"a": N(2), "b": N(1)},
    ),
    "swap": ({"a": N(1), "b": N(2)}, "SET a = b, b = a", [], {"a": N(2), "b": N(1)}),
    "set to itself": ({"a": N(1)}, "SET a = a", [], {"a": N(1)}),
    "copy of a document": (
        {"a": M(x=L(N(1)))}, "SET b = a.x, c = a.x[0]", [], {"a": M(x=L(N(1))), "b": L(N(1)), "c": N(1)},
    ),
    "set nested": ({"a": M(x=N(1))}, "SET a.y = :a", [N(2)], {"a": M(x=N(1), y=N(2))}),
    "set deeply nested": ({"a": M(x=L(M(y=N(1))))}, "SET a.x[0].y = :a", [N(2)], {"a": M(x=L(M(y=N(2))))}),
    "set list element": ({"a": LIST}, "SET a[1] = :a", [S("x")], {"a": L(S("0"), S("x"), S("2"))}),
    "set beyond the end appends": ({"a": LIST}, "SET a[99] = :a", [S("x")], {"a": L(S("0"), S("1"), S("2"), S("x"))}),
    "appends are ordered by index": (
        {"a": L(S("0"))}, "SET a[9] = :a, a[5] = :b, a[7] = :c", [S("9"), S("5"), S("7")],
        {"a": L(S("0"), S("5"), S("7"), S("9"))},
    ),
    "key on the right": (None, "SET a = :a", [N(1)], {"a": N(1)}),
    "blanks and case": ({}, "  sEt\ta\n=\r:a  ", [N(1)], {"a": N(1)}),
    "parentheses": ({"a": N(1)}, "SET a = (a) + (:a)", [N(1)], {"a": N(2)}),
    # arithmetic
    "plus": ({"a": N(1)}, "SET a = a + :a", [N(2)], {"a": N(3)}),
    "minus": ({"a": N(1)}, "SET a = a - :a", [N("2.5")], {"a": N("-1.5")}),
    "value minus path": ({"a": N(1)}, "SET b = :a - a", [N(7)], {"a": N(1), "b": N(6)}),
    "two values": ({}, "SET a = :a + :b", [N(1), N(2)], {"a": N(3)}),
    "two paths": ({"a": N(1), "b": N(2)}, "SET c = a + b", [], {"a": N(1), "b": N(2), "c": N(3)}),
    "exact decimals": ({"a": N("0.1")}, "SET a = a + :a", [N("0.2")], {"a": N("0.3")}),
    "38 digits are exact": (
        {"a": N("9" * 37)}, "SET a = a + :a", [N(1)], {"a": N("1" + "0" * 37)},
    ),
    "far apart, still 38 digits": ({"a": N("1e37")}, "SET a = a + :a", [N(1)], {"a": N("1" + "0" * 36 + "1")}),
    "cancelling out": ({"a": N("1e125")}, "SET a = a - :a", [N("1e125")], {"a": N(0)}),
    "carry over the point": ({"a": N("0.99999")}, "SET a = a + :a", [N("0.00001")], {"a": N(1)}),
    "negative sum": ({"a": N("-5")}, "SET a = a + :a", [N("-0.5")], {"a": N("-5.5")}),
    # functions
    "if_not_exists, there": ({"a": N(1)}, "SET a = if_not_exists(a, :a)", [N(9)], {"a": N(1)}),
    "if_not_exists, absent": ({}, "SET a = if_not_exists(a, :a)", [N(9)], {"a": N(9)}),
    "if_not_exists of another path": ({"b": N(5)}, "SET a = if_not_exists(b, :a)", [N(9)], {"a": N(5), "b": N(5)}),
    "if_not_exists then plus": ({}, "SET a = if_not_exists(a, :a) + :b", [N(0), N(3)], {"a": N(3)}),
    "if_not_exists nested in itself": (
        {"c": N(7)}, "SET a = if_not_exists(a, if_not_exists(b, c))", [], {"a": N(7), "c": N(7)},
    ),
    "if_not_exists on a missing item": (None, "SET a = if_not_exists(a, :a)", [N(9)], {"a": N(9)}),
    "list_append": ({"a": L(N(1))}, "SET a = list_append(a, :a)", [L(N(2))], {"a": L(N(1), N(2))}),
    "list_append before": ({"a": L(N(1))}, "SET a = list_append(:a, a)", [L(N(2))], {"a": L(N(2), N(1))}),
    "list_append of two values": ({}, "SET a = list_append(:a, :b)", [L(N(1)), L(N(2))], {"a": L(N(1), N(2))}),
    "list_append to itself": ({"a": L(N(1)), "b": L()}, "SET b = list_append(a, b)", [], {"a": L(N(1)), "b": L(N(1))}),
    "if_not_exists inside list_append": (
        {}, "SET a = list_append(if_not_exists(a, :a), :b)", [L(), L(N(2))], {"a": L(N(2))},
    ),
    # REMOVE
    "remove": ({"a": N(1), "b": N(2)}, "REMOVE a", [], {"b": N(2)}),
    "remove several": ({"a": N(1), "b": N(2), "c": N(3)}, "REMOVE a, c", [], {"b": N(2)}),
    "remove an absent attribute": ({"b": N(2)}, "REMOVE a", [], {"b": N(2)}),
    "remove nested": ({"a": M(x=N(1), y=N(2))}, "REMOVE a.x", [], {"a": M(y=N(2))}),
    "remove an absent leaf": ({"a": M(x=N(1))}, "REMOVE a.y", [], {"a": M(x=N(1))}),
    "remove the last of a map": ({"a": M(x=N(1))}, "REMOVE a.x", [], {"a": M()}),
    "remove a list element": ({"a": LIST}, "REMOVE a[1]", [], {"a": L(S("0"), S("2"))}),
    "remove several list elements, by their old places": ({"a": LIST}, "REMOVE a[0], a[1]", [], {"a": L(S("2"))}),
    "remove beyond the end": ({"a": LIST}, "REMOVE a[9]", [], {"a": LIST}),
    "remove the last of a list": ({"a": L(N(1))}, "REMOVE a[0]", [], {"a": L()}),
    "remove, and set from it": ({"a": N(1)}, "REMOVE a SET b = a", [], {"b": N(1)}),
    "remove one element, set another": (
        {"a": LIST}, "SET a[2] = :a REMOVE a[0]", [S("x")], {"a": L(S("1"), S("x"))},
    ),
    "remove only, on a missing item": (None, "REMOVE a", [], None),
    "remove a nested path, on a missing item": (None, "REMOVE a.b[3].c", [], None),
    # ADD
    "add to a number": ({"a": N("1.5")}, "ADD a :a", [N(-2)], {"a": N("-0.5")}),
    "add to nothing": ({}, "ADD a :a", [N(5)], {"a": N(5)}),
    "add on a missing item": (None, "ADD a :a", [N(5)], {"a": N(5)}),
    "add members": ({"a": SS("x")}, "ADD a :a", [SS("x", "y")], {"a": SS("x", "y")}),
    "add numbers to a set": ({"a": NS("1")}, "ADD a :a", [NS("1.0", "2")], {"a": NS("1", "2")}),
    "add binaries to a set": ({"a": BS(b"x")}, "ADD a :a", [BS(b"y")], {"a": BS(b"x", b"y")}),
    "add a set to nothing": ({}, "ADD a :a", [SS("x")], {"a": SS("x")}),
    "add nested": ({"a": M(x=N(1))}, "ADD a.x :a, a.y :b", [N(1), N(7)], {"a": M(x=N(2), y=N(7))}),
    "add several": ({"a": N(1), "b": SS("x")}, "ADD a :a, b :b", [N(1), SS("y")], {"a": N(2), "b": SS("x", "y")}),
    # DELETE
    "delete members": ({"a": SS("x", "y", "z")}, "DELETE a :a", [SS("x", "q")], {"a": SS("y", "z")}),
    "delete by number": ({"a": NS("1", "2")}, "DELETE a :a", [NS("1.00")], {"a": NS("2")}),
    "delete the last member": ({"a": SS("x")}, "DELETE a :a", [SS("x")], {}),
    "delete from nothing": ({"b": N(1)}, "DELETE a :a", [SS("x")], {"b": N(1)}),
    "delete only, on a missing item": (None, "DELETE a :a", [SS("x")], None),
    "delete nested": ({"a": M(x=SS("x", "y"))}, "DELETE a.x :a", [SS("x")], {"a": M(x=SS("y"))}),
    # together
    "all sections, any order": (
        {"a": N(1), "b": N(2), "c": SS("x", "y"), "d": N(4)},
        "DELETE c :a ADD d :b REMOVE a SET b = :c",
        [SS("x"), N(1), S("new")],
        {"b": S("new"), "c": SS("y"), "d": N(5)},
    ),
    "remove with set, on a missing item": (None, "REMOVE a SET b = :a", [N(1)], {"b": N(1)}),
}  # fmt: skip


@pytest.mark.parametrize("case", EFFECTS)
def test_effect(table, case):
    old, expression, values, new = EFFECTS[case]
    key = new_item(table, old)
    update(table, key, expression, dict(zip("abc", values)))
    assert comparable(attributes(table, key)) == comparable(new)


def test_update_without_expression_creates_the_item(table):
    key = new_item(table, None)
    table.update_item(Key=key)
    assert table.get(**key) == key


def test_keys_may_be_read_on_the_right(table):
    key = new_item(table, {})
    update(table, key, "SET a = p")
    assert attributes(table, key) == {"a": key["p"]}


def test_names_hold_any_characters(table):
    key = new_item(table, {"a.b": M(**{"c d": N(1)})})
    names = {"x": "a.b", "y": "c d", "0": "\u00e9#:", "z": "SET"}
    update(table, key, "SET #x.#y = :a, #0 = :a, #z = :a", {"a": N(2)}, names)
    assert attributes(table, key) == {"a.b": M(**{"c d": N(2)}), "\u00e9#:": N(2), "SET": N(2)}


def test_atomic_counter(table):
    key = new_item(table, None)
    for expected in range(1, 6):
        answer = update(table, key, "ADD hits :one", {"one": N(1)}, ReturnValues="UPDATED_NEW")
        assert answer["Attributes"] == {"hits": N(expected)}


# --- Refused when it meets the item ---------------------------------------------------------------------------------

REFUSED_BY_ITEM = {
    "copy of what is not there": ({}, "SET b = a", [], NO_SUCH_ATTRIBUTE),
    "copy of what is set in the same expression": ({}, "SET x = :a, y = x", [N(1)], NO_SUCH_ATTRIBUTE),
    "copy on a missing item": (None, "SET b = a", [], NO_SUCH_ATTRIBUTE),
    "plus on an absent attribute": ({}, "SET a = a + :a", [N(1)], NO_SUCH_ATTRIBUTE),
    "list_append to nothing": ({}, "SET a = list_append(a, :a)", [L()], NO_SUCH_ATTRIBUTE),
    "if_not_exists of two absent paths": ({}, "SET a = if_not_exists(a, b)", [], NO_SUCH_ATTRIBUTE),
    "set under a missing parent": ({}, "SET a.b = :a", [N(1)], INVALID_PATH),
    "set under a missing item": (None, "SET a.b = :a", [N(1)], INVALID_PATH),
    "set under a scalar": ({"a": N(1)}, "SET a.b = :a", [N(1)], INVALID_PATH),
    "set under a list as if it were a map": ({"a": L()}, "SET a.b = :a", [N(1)], INVALID_PATH),
    "set in a map as if it were a list": ({"a": M()}, "SET a[0] = :a", [N(1)], INVALID_PATH),
    "set under a missing list": ({}, "SET a[0] = :a", [N(1)], INVALID_PATH),
    "remove under a missing parent": ({}, "REMOVE a.b", [], INVALID_PATH),
    "remove under a scalar": ({"a": N(1)}, "REMOVE a.b", [], INVALID_PATH),
    "plus with a string": ({"a": S("x")}, "SET a = a + :a", [N(1)], WRONG_OPERAND),
    "list_append to a string": ({"a": S("x")}, "SET a = list_append(a, :a)", [L()], WRONG_OPERAND),
    "add a number to a string": ({"a": S("x")}, "ADD a :a", [N(1)], WRONG_OPERAND),
    "add a number to a set": ({"a": NS(1)}, "ADD a :a", [N(1)], WRONG_OPERAND),
    "add a set to a number": ({"a": N(1)}, "ADD a :a", [NS(1)], WRONG_OPERAND),
    "add a set to a set of another type": ({"a": NS(1)}, "ADD a :a", [SS("1")], WRONG_OPERAND),
    "add a set to a list": ({"a": L()}, "ADD a :a", [SS("1")], WRONG_OPERAND),
    "delete from a number": ({"a": N(1)}, "DELETE a :a", [NS(1)], WRONG_OPERAND),
    "delete from a set of another type": ({"a": NS(1)}, "DELETE a :a", [SS("1")], WRONG_OPERAND),
    "overflow by plus": ({"a": N("9" + "0" * 125)}, "SET a = a + :a", [N("9e125")], OVERFLOW),
    "overflow by add": ({"a": N("9" + "0" * 125)}, "ADD a :a", [N("9e125")], OVERFLOW),
    "more than 38 digits by plus": ({"a": N("1" + "0" * 50)}, "SET a = a + :a", [N(1)], OVERFLOW),
    "more than 38 digits by add": ({"a": N("1" + "0" * 50)}, "ADD a :a", [N(1)], OVERFLOW),
    "more than 38 digits after the point": ({"a": N("1")}, "SET a = a + :a", [N("1e-38")], OVERFLOW),
}


@pytest.mark.parametrize("case", REFUSED_BY_ITEM)
def test_refused_by_the_item(table, case):
    old, expression, values, text = REFUSED_BY_ITEM[case]
    key = new_item(table, old)
    with invalid(containing(text)):
        update(table, key, expression, dict(zip("abc", values)))
    assert comparable(attributes(table, key)) == comparable(old)


def test_a_refused_action_undoes_the_others(table):
    key = new_item(table, {"a": N(1), "b": S("x")})
    with invalid(containing(WRONG_OPERAND)):
        update(table, key, "SET c = :a ADD a :a, b :a REMOVE d", {"a": N(1)})
    assert attributes(table, key) == {"a": N(1), "b": S("x")}


def test_condition_is_evaluated_before_the_update(table):
    key = new_item(table, {"a": S("x")})
    with invalid(containing(NO_SUCH_ATTRIBUTE)):
        update(table, key, "SET b = c")
    with pytest.raises(table.client.exceptions.ConditionalCheckFailedException):
        update(table, key, "SET b = c", {"a": S("y")}, ConditionExpression="a = :a")


def test_type_of_an_index_key_known_at_run_time_only(new_table):
    table = new_table("p:S", attributes=("g:S",), gsi=[index("global", "g")])
    key = {"p": S("x")}
    table.put_item(Item={**key, "number": N(1), "text": S("ok")})
    with invalid(containing("The update expression attempted to update the secondary index key to unsupported type")):
        update(table, key, "SET g = #n", names={"n": "number"})
    update(table, key, "SET g = #t", names={"t": "text"})
    assert table.get(**key)["g"] == S("ok")


# --- Refused as it stands (5.1 to 5.3) ------------------------------------------------------------------------------

NOT_ALLOWED = "The function is not allowed to be used this way in an expression; function: "
OPERANDS = "Incorrect number of operands for operator or function; operator or function: "
OPERAND_TYPE = "Incorrect operand type for operator or function; operator or function: "


def overlap(one, two):
    text = "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: {}, path two: {}"
    return PREFIX + text.format(one, two)


def conflict(one, two):
    text = "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: {}, path two: {}"
    return PREFIX + text.format(one, two)


def only_once(section):
    return PREFIX + f'The "{section}" section can only be used once in an update expression;'


def literal_type(operator, kind):
    # AWS has begun to append ", typeSet: ALLOWED_FOR_…".
    text = f"Incorrect operand type for operator or function; operator: {operator}, operand type: {kind}"
    return starting(PREFIX + text)


ERRORS = [
    ("", [], PREFIX + "The expression can not be empty;"),
    ("INVALID SYNTAX HERE", [], PREFIX + 'Syntax error; token: "INVALID", near: "INVALID SYNTAX"'),
    ("SET _123 = :a", [N(1)], PREFIX + 'Syntax error; token: "_", near: "SET _123"'),
    ("!!!", [], PREFIX + 'Syntax error; token: "!", near: "!!"'),
    ("SET name = :a", [N(1)], PREFIX + "Attribute name is a reserved keyword; reserved keyword: name"),
    ("SET a.Status = :a", [N(1)], PREFIX + "Attribute name is a reserved keyword; reserved keyword: Status"),
    ("SET a = values", [], PREFIX + "Attribute name is a reserved keyword; reserved keyword: values"),
    ("REMOVE year", [], PREFIX + "Attribute name is a reserved keyword; reserved keyword: year"),
    ("SET a = fly(:a)", [N(1)], PREFIX + "Invalid function name; function: fly"),
    ("SET a = If_Not_Exists(a, :a)", [N(1)], PREFIX + "Invalid function name; function: If_Not_Exists"),
    ("SET a = size(b)", [], PREFIX + NOT_ALLOWED + "size"),
    ("SET a = attribute_exists(b)", [], PREFIX + NOT_ALLOWED + "attribute_exists"),
    ("SET a = list_append(list_append(b, :a), :a)", [L()], PREFIX + NOT_ALLOWED + "list_append"),
    ("SET #x = :a", [N(1)], PREFIX + "An expression attribute name used in the document path is not defined; attribute name: #x"),
    ("SET a = :zz", [], PREFIX + "An expression attribute value used in expression is not defined; attribute value: :zz"),
    ("ADD a :zz", [], PREFIX + "An expression attribute value used in expression is not defined; attribute value: :zz"),
    ("SET a = :a SET b = :a", [N(1)], only_once("SET")),
    ("REMOVE a REMOVE b", [], only_once("REMOVE")),
    ("ADD a :a ADD b :a", [N(1)], only_once("ADD")),
    ("DELETE a :a DELETE b :a", [SS("x")], only_once("DELETE")),
    ("SET a = :a, a = :a", [N(1)], overlap("[a]", "[a]")),
    ("SET a = :a REMOVE a", [N(1)], overlap("[a]", "[a]")),
    ("SET a.b = :a, a.b[0] = :a", [N(1)], overlap("[a, b]", "[a, b, [0]]")),
    ("SET a = :a, a.b = :a", [N(1)], overlap("[a]", "[a, b]")),
    ("SET a[1] = :a ADD a[1] :a", [N(1)], overlap("[a, [1]]", "[a, [1]]")),
    ("SET a.b = :a, a[1] = :a", [N(1)], conflict("[a, b]", "[a, [1]]")),
    ("ADD a :a", [S("x")], literal_type("ADD", "STRING")),
    ("ADD a :a", [B(b"x")], literal_type("ADD", "BINARY")),
    ("ADD a :a", [NULL], literal_type("ADD", "NULL")),
    ("ADD a :a", [BOOL(True)], literal_type("ADD", "BOOLEAN")),
    ("ADD a :a", [L()], literal_type("ADD", "LIST")),
    ("ADD a :a", [M()], literal_type("ADD", "MAP")),
    ("DELETE a :a", [N(1)], literal_type("DELETE", "NUMBER")),
    ("DELETE a :a", [S("x")], literal_type("DELETE", "STRING")),
    ("SET a = if_not_exists(:a, :a)", [N(1)],
     PREFIX + "Operator or function requires a document path; operator or function: if_not_exists"),
    ("SET a = if_not_exists(a)", [], PREFIX + OPERANDS + "if_not_exists, number of operands: 1"),
    ("SET a = list_append(a)", [], PREFIX + OPERANDS + "list_append, number of operands: 1"),
    ("SET a = list_append(a, :a, :a)", [L()], PREFIX + OPERANDS + "list_append, number of operands: 3"),
    ("SET a = list_append(a, :a)", [S("x")], PREFIX + OPERAND_TYPE + "list_append, operand type: S"),
    ("SET a = a + :a", [S("x")], PREFIX + OPERAND_TYPE + "+, operand type: S"),
    ("SET a = a - :a", [L()], PREFIX + OPERAND_TYPE + "-, operand type: L"),
]  # fmt: skip


@pytest.mark.parametrize("expression, values, text", ERRORS, ids=[f"{e} {v}"[:80] for e, v, _ in ERRORS])
def test_error(table, expression, values, text):
    key = new_item(table, None)
    with invalid(text):
        update(table, key, expression, dict(zip("abc", values)))
    assert table.get(**key) is None


def test_overlap_is_computed_on_resolved_names(table):
    with invalid(overlap("[a]", "[a]")):
        update(table, {"p": S("x")}, "SET #x = :a, a = :a", {"a": N(1)}, {"x": "a"})
    # A dot in a name is no step of a path.
    update(table, new_item(table, {"a": M()}), "SET #x = :a, a.b = :a", {"a": N(1)}, {"x": "a.b"})


SYNTAX_ERRORS = [
    "SET", "SET a", "SET a =", "SET = :a", "SET a = :a,", "SET a = :a, b", "SET a = :a b = :a", "SET a == :a", "SET a = ",
    "SET a = :a + :a + :a", "SET a = :a + :a - :a", "SET a = :a * :a", "SET a = -:a", "SET a = 5", "SET a = 'x'",
    "SET a = :a, REMOVE b", "SET a = :a, SET b = :a", "REMOVE", "REMOVE a,", "REMOVE a b", "REMOVE a = :a", "REMOVE :a",
    "ADD", "ADD a", "ADD a :a,", "ADD a b", "ADD a = :a", "ADD a :a + :a", "DELETE a", "DELETE a b", "a = :a", "PUT a = :a",
    "SET a[] = :a", "SET a[-1] = :a", "SET a[:a] = :a", "SET a[#n] = :a", "SET a[1.0] = :a", "SET a. = :a", "SET .a = :a",
    "SET a..b = :a", "SET 9a = :a", "SET a-b = :a", 'SET "a" = :a', "SET $a = :a", "SET a! = :a", "SET # = :a", "SET a = :",
    "SET a = if_not_exists(a, :a", "SET a = if_not_exists a, :a", "SET a = :a)", "SET a = (:a", "SET a = if_not_exists(a, b + :a)",
    "SET a = list_append(a + :a, :a)", "SET if_not_exists(a, :a) = :a", "SET add = :a", "SET set = :a", "SET a = remove",
    "SET :a = :a", "SET a = :a;", "SET a = :a \x00", "SET \u00e9 = :a", "SET a = :a AND b = :a",
]  # fmt: skip


@pytest.mark.parametrize("expression", SYNTAX_ERRORS)
def test_syntax_error(table, expression):
    with invalid(starting(PREFIX + "Syntax error; token: ")):
        update(table, {"p": S("x")}, expression, {"a": N(1)})


# Each expression has two faults; the one whose text is given is reported, wherever it stands.
PRIORITIES = [
    ("SET a = fly(:a), name = :a", "Attribute name is a reserved keyword; reserved keyword: name"),
    ("SET a = :a SET b = fly(:a)", "Invalid function name; function: fly"),
    ("SET #zz = :a SET b = :a", 'The "SET" section can only be used once'),
    (
        "SET a = :zz, #zz = :a",
        "An expression attribute name used in the document path is not defined; attribute name: #zz",
    ),
    ("SET a = :a, a = :zz", "An expression attribute value used in expression is not defined; attribute value: :zz"),
    ("SET a.b = :a, a[0] = :a, c = :a, c = :a", "Two document paths overlap"),
    ("ADD a.b :t, a[0] :t", "Two document paths conflict"),
    ("SET a = list_append(a) ADD b :t", "Incorrect operand type for operator or function; operator: ADD"),
]


@pytest.mark.parametrize("expression, text", PRIORITIES)
def test_first_fault_is_reported(table, expression, text):
    values = {name: value for name, value in {"a": N(1), "t": S("x")}.items() if f":{name}" in expression}
    with invalid(starting(PREFIX + text)):
        update(table, {"p": S("x")}, expression, values)


def test_update_and_condition_are_named_when_both_are_missing(table):
    with invalid(
        "ExpressionAttributeValues can only be specified when using expressions: "
        "UpdateExpression and ConditionExpression are null"
    ):
        table.update_item(Key={"p": S("x")}, ExpressionAttributeValues={":a": N(1)})


def test_update_expression_is_reported_before_the_condition(table):
    with invalid(starting(PREFIX)):
        table.update_item(Key={"p": S("x")}, UpdateExpression="fly", ConditionExpression="fly(")


# --- ReturnValues (7) -----------------------------------------------------------------------------------------------

OLD = {"a": N(1), "b": M(c=L(S("0"), S("1"), S("2")), d=S("d")), "e": SS("x")}
RETURNED = {
    # expression, values, UPDATED_OLD, UPDATED_NEW
    "top level": ("SET a = :a", [N(2)], {"a": N(1)}, {"a": N(2)}),
    "an equal value counts as updated": ("SET a = :a", [N(1)], {"a": N(1)}, {"a": N(1)}),
    "new attribute": ("SET n = :a", [N(2)], None, {"n": N(2)}),
    "removed attribute": ("REMOVE a", [], {"a": N(1)}, None),
    "removed nothing": ("REMOVE zz", [], None, None),
    "nested in its hierarchy": ("SET b.c[1] = :a", [S("x")], {"b": M(c=L(S("1")))}, {"b": M(c=L(S("x")))}),
    "two nested": (
        "SET b.c[1] = :a, b.d = :b", [S("x"), S("y")], {"b": M(c=L(S("1")), d=S("d"))}, {"b": M(c=L(S("x")), d=S("y"))},
    ),
    "removed list element: the next has moved there": ("REMOVE b.c[1]", [], {"b": M(c=L(S("1")))}, {"b": M(c=L(S("2")))}),
    "appended beyond the end: nothing is there": ("SET b.c[100] = :a", [S("x")], None, None),
    "set members": ("ADD e :a", [SS("y")], {"e": SS("x")}, {"e": SS("x", "y")}),
    "several sections": ("SET a = :a REMOVE e", [N(2)], {"a": N(1), "e": SS("x")}, {"a": N(2)}),
}  # fmt: skip


@pytest.mark.parametrize("case", RETURNED)
@pytest.mark.parametrize("which", ["UPDATED_OLD", "UPDATED_NEW"])
def test_updated_attributes(table, case, which):
    expression, values, old, new = RETURNED[case]
    answer = update(table, new_item(table, OLD), expression, dict(zip("ab", values)), ReturnValues=which)
    expected = old if which == "UPDATED_OLD" else new
    assert comparable(answer.get("Attributes")) == comparable(expected)


def test_all_attributes(table):
    key = new_item(table, OLD)
    old = update(table, key, "SET a = :a", {"a": N(2)}, ReturnValues="ALL_OLD")["Attributes"]
    assert old == {**key, **OLD}
    new = update(table, key, "SET a = :a", {"a": N(3)}, ReturnValues="ALL_NEW")["Attributes"]
    assert new == {**key, **OLD, "a": N(3)}
    assert "Attributes" not in update(table, key, "SET a = :a", {"a": N(4)}, ReturnValues="NONE")
    assert "Attributes" not in update(table, key, "SET a = :a", {"a": N(5)})


def test_old_attributes_of_a_missing_item(table):
    for which in ("ALL_OLD", "UPDATED_OLD"):
        assert "Attributes" not in update(table, new_item(table, None), "SET a = :a", {"a": N(2)}, ReturnValues=which)


def test_all_new_of_an_item_that_was_not_created(table):
    key = new_item(table, None)
    assert "Attributes" not in update(table, key, "REMOVE a", ReturnValues="ALL_NEW")
    assert table.get(**key) is None


def test_all_new_of_an_empty_update(table):
    key = new_item(table, None)
    assert table.update_item(Key=key, ReturnValues="ALL_NEW")["Attributes"] == key


def test_unknown_return_values(table):
    order = "[ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]"
    with invalid(
        containing(f"at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: {order}")
    ):
        table.update_item(Key={"p": S("x")}, ReturnValues="SOME")
