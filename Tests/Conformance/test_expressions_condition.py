"""Conditions and filters: grammar, errors and their order, and evaluation (data-plane.md 5.1 to 5.4)."""

import botocore.exceptions
import pytest

from harness.errors import ANY_TEXT, containing, invalid, starting
from harness.values import BOOL, BS, L, M, N, NS, NULL, S, SS, B, unique

# One item that all conditions of this module look at.
SUBJECT = {
    "p": S("subject"),
    "s": S("sort"),
    "word": S("hello"),
    "blank": S(""),
    "accent": S("\u00e9"),
    "n": N("5"),
    "m": N("7.5"),
    "bin": B(b"\x01\x02\x03"),
    "yes": BOOL(True),
    "nil": NULL,
    "ss": SS("a", "b"),
    "ns": NS("1", "2.5"),
    "bs": BS(b"x", b"yz"),
    "li": L(N("1"), S("a"), L(S("in")), SS("q", "r"), M(k=N("1"))),
    "mp": M(deep=M(leaf=S("x"), n=N("2")), li=L(S("zero"), S("one")), n=N("5")),
    "dotted.name": S("dot"),
    "\u00e9": N("1"),
}


@pytest.fixture(scope="module")
def table(new_table):
    table = new_table("p:S", "s:S")
    table.put_item(Item=SUBJECT)
    return table


def parameters(values, names):
    more = {}
    if values:
        more["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
    if names:
        more["ExpressionAttributeNames"] = {f"#{name}": value for name, value in names.items()}
    return more


def condition_holds(table, expression, values, names, key=None):
    """By an UpdateItem that changes nothing (on a missing item it would make one)."""
    more = parameters(values, names)
    try:
        table.update_item(Key=key or {"p": SUBJECT["p"], "s": SUBJECT["s"]}, ConditionExpression=expression, **more)
        return True
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False


def filter_holds(table, expression, values, names):
    more = parameters({**values, "subject": SUBJECT["p"]}, names)
    answer = table.query(
        KeyConditionExpression="p = :subject", FilterExpression=expression, ConsistentRead=True, **more
    )
    assert answer["ScannedCount"] == 1
    return answer["Count"] == 1


CHANNELS = {"condition": condition_holds, "filter": filter_holds}


# --- Evaluation (5.4) -----------------------------------------------------------------------------------------------
# (expression, values, holds). Values stand for :a, :b, :c.

TRUTHS = [
    # equality
    ("word = :a", [S("hello")], True),
    ("word = :a", [S("Hello")], False),
    (":a = word", [S("hello")], True),
    ("n = :a", [N("5.0")], True),
    ("n = :a", [N("50e-1")], True),
    ("n = :a", [S("5")], False),
    ("bin = :a", [B(b"\x01\x02\x03")], True),
    ("yes = :a", [BOOL(True)], True),
    ("yes = :a", [BOOL(False)], False),
    ("nil = :a", [NULL], True),
    ("blank = :a", [S("")], True),
    ("ss = :a", [SS("b", "a")], True),
    ("ss = :a", [SS("a")], False),
    ("ns = :a", [NS("2.50", "1")], True),
    ("bs = :a", [BS(b"yz", b"x")], True),
    ("li = :a", [SUBJECT["li"]], True),
    ("li = :a", [L(N("1.0"), S("a"), L(S("in")), SS("r", "q"), M(k=N("1e0")))], True),
    ("li = :a", [L(N("1"), S("a"))], False),
    ("mp = :a", [SUBJECT["mp"]], True),
    ("mp.deep = :a", [M(n=N("2.0"), leaf=S("x"))], True),
    ("accent = :a", [S("\u00e9")], True),
    ("accent = :a", [S("e\u0301")], False),
    ("n = mp.n", [], True),
    ("n = m", [], False),
    # inequality
    ("word <> :a", [S("hello")], False),
    ("word <> :a", [S("other")], True),
    ("word <> :a", [N("5")], True),
    ("n <> :a", [N("5.0")], False),
    ("ss <> :a", [SS("b", "a")], False),
    # what is not there
    ("gone = :a", [S("x")], False),
    ("gone <> :a", [S("x")], True),
    ("gone = gone2", [], False),
    ("gone <> gone2", [], True),
    ("gone < :a", [N("1")], False),
    ("gone >= :a", [N("1")], False),
    ("NOT gone < :a", [N("1")], True),
    ("gone BETWEEN :a AND :b", [N("1"), N("2")], False),
    ("gone IN (:a)", [N("1")], False),
    ("NOT gone IN (:a)", [N("1")], True),
    ("mp.deep.gone = :a", [S("x")], False),
    ("mp.gone.leaf <> :a", [S("x")], True),
    ("li[9] = :a", [S("x")], False),
    ("word[0] = :a", [S("h")], False),
    ("word.x = :a", [S("h")], False),
    ("li.x = :a", [S("h")], False),
    ("mp[0] = :a", [S("h")], False),
    # order
    ("n < :a", [N("5.1")], True),
    ("n < :a", [N("5")], False),
    ("n <= :a", [N("5")], True),
    ("n > :a", [N("-6")], True),
    ("n >= :a", [N("5")], True),
    ("n < :a", [N("10")], True),
    ("word < :a", [S("hellp")], True),
    ("word > :a", [S("Hello")], True),
    ("accent > :a", [S("z")], True),
    ("bin < :a", [B(b"\x01\x02\xff")], True),
    ("bin > :a", [B(b"\x01\x02")], True),
    ("n < :a", [S("9")], False),
    ("NOT n < :a", [S("9")], True),
    (":a < n", [N("4")], True),
    ("n < m", [], True),
    ("n < word", [], False),
    ("ss < :a", [S("z")], False),
    # BETWEEN and IN
    ("n BETWEEN :a AND :b", [N("5"), N("6")], True),
    ("n BETWEEN :a AND :b", [N("4"), N("5")], True),
    ("n BETWEEN :a AND :b", [N("6"), N("7")], False),
    ("word BETWEEN :a AND :b", [S("h"), S("i")], True),
    ("word BETWEEN :a AND :b", [N("1"), N("2")], False),
    (":a BETWEEN n AND m", [N("6")], True),
    ("n BETWEEN mp.n AND m", [], True),
    ("n BETWEEN m AND mp.n", [], False),
    ("n BETWEEN :a AND :b AND word = :c", [N("5"), N("5"), S("hello")], True),
    ("n IN (:a, :b)", [N("4"), N("5.0")], True),
    ("n IN (:a, :b)", [S("5"), SS("x")], False),
    ("word IN (:a, :b, blank)", [N("1"), S("hello")], True),
    (":a IN (n, word)", [S("hello")], True),
    # functions
    ("attribute_exists(word)", [], True),
    ("attribute_exists(nil)", [], True),
    ("attribute_exists(gone)", [], False),
    ("attribute_exists(mp.deep.leaf)", [], True),
    ("attribute_exists(mp.deep.gone)", [], False),
    ("attribute_exists(li[4].k)", [], True),
    ("attribute_exists(li[5])", [], False),
    ("attribute_exists(li[2][0])", [], True),
    ("attribute_not_exists(gone)", [], True),
    ("attribute_not_exists(word)", [], False),
    ("begins_with(word, :a)", [S("he")], True),
    ("begins_with(word, :a)", [S("el")], False),
    ("begins_with(bin, :a)", [B(b"\x01\x02")], True),
    ("begins_with(word, :a)", [B(b"he")], False),
    ("begins_with(n, :a)", [S("5")], False),
    ("begins_with(gone, :a)", [S("5")], False),
    ("begins_with(:a, word)", [S("hello world")], True),
    ("begins_with(word, mp.deep.leaf)", [], False),
    ("contains(word, :a)", [S("ell")], True),
    ("contains(word, :a)", [S("elL")], False),
    ("contains(bin, :a)", [B(b"\x02")], True),
    ("contains(word, :a)", [B(b"ell")], False),
    ("contains(ss, :a)", [S("a")], True),
    ("contains(ss, :a)", [S("ab")], False),
    ("contains(ss, :a)", [N("1")], False),
    ("contains(ns, :a)", [N("2.50")], True),
    ("contains(bs, :a)", [B(b"yz")], True),
    ("contains(li, :a)", [S("a")], True),
    ("contains(li, :a)", [N("1.0")], True),
    ("contains(li, :a)", [S("in")], False),
    ("contains(li, :a)", [L(S("in"))], True),
    ("contains(li, :a)", [SS("r", "q")], True),
    ("contains(li, :a)", [M(k=N("1"))], True),
    ("contains(mp, :a)", [S("deep")], False),
    ("contains(n, :a)", [N("5")], False),
    ("contains(gone, :a)", [S("x")], False),
    ("NOT contains(gone, :a)", [S("x")], True),
    ("contains(:a, word)", [S("say hello")], True),
    ("contains(ss, mp.deep.leaf)", [], False),
    ("size(word) = :a", [N("5")], True),
    ("size(blank) = :a", [N("0")], True),
    ("size(bin) = :a", [N("3")], True),
    ("size(ss) = :a", [N("2")], True),
    ("size(ns) < :a", [N("3")], True),
    ("size(li) >= :a", [N("5")], True),
    ("size(mp) = :a", [N("3")], True),
    ("size(mp.deep) = :a", [N("2")], True),
    ("size(n) = :a", [N("1")], False),
    ("size(yes) = :a", [N("1")], False),
    ("size(nil) = :a", [N("1")], False),
    ("size(gone) = :a", [N("0")], False),
    ("size(word) = n", [], True),
    ("size(word) BETWEEN :a AND :b", [N("1"), N("9")], True),
    ("size(word) IN (:a, :b)", [N("1"), N("5")], True),
    ("size(:a) = :b", [S("four"), N("4")], True),
    ("attribute_type(word, :a)", [S("S")], True),
    ("attribute_type(word, :a)", [S("N")], False),
    ("attribute_type(n, :a)", [S("N")], True),
    ("attribute_type(bin, :a)", [S("B")], True),
    ("attribute_type(yes, :a)", [S("BOOL")], True),
    ("attribute_type(nil, :a)", [S("NULL")], True),
    ("attribute_type(ss, :a)", [S("SS")], True),
    ("attribute_type(ns, :a)", [S("NS")], True),
    ("attribute_type(bs, :a)", [S("BS")], True),
    ("attribute_type(li, :a)", [S("L")], True),
    ("attribute_type(mp, :a)", [S("M")], True),
    ("attribute_type(mp.deep.n, :a)", [S("N")], True),
    ("attribute_type(gone, :a)", [S("S")], False),
    # logic, precedence, parentheses, keywords of any case, blanks
    ("word = :a AND n = :b", [S("hello"), N("5")], True),
    ("word = :a AND n = :b", [S("hello"), N("6")], False),
    ("word = :a OR n = :b", [S("x"), N("5")], True),
    ("n = :a OR n = :b AND n = :c", [N("5"), N("6"), N("7")], True),
    ("(n = :a OR n = :b) AND n = :c", [N("5"), N("6"), N("7")], False),
    ("NOT n = :a AND n = :b", [N("6"), N("5")], True),
    ("NOT (n = :a AND n = :b)", [N("6"), N("5")], True),
    ("NOT NOT n = :a", [N("5")], True),
    ("NOT n = :a OR n = :b", [N("5"), N("5")], True),
    ("((n = :a) AND n = :b)", [N("5"), N("5.0")], True),
    ("(n = :a)", [N("5")], True),
    ("(n) = (:a)", [N("5")], True),
    ("not n = :a Or word iN (:b)", [N("5"), S("hello")], True),
    ("n bEtWeEn :a aNd :b", [N("1"), N("9")], True),
    ("\t n\n=\r :a ", [N("5")], True),
    ("n=:a AND(word=:b)", [N("5"), S("hello")], True),
    ("mp . deep . leaf = :a", [S("x")], True),
    ("li [ 0 ] = :a", [N("1")], True),
    ("mp.li[1] = :a", [S("one")], True),
]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("expression, values, holds", TRUTHS, ids=[f"{e} {v}"[:80] for e, v, _ in TRUTHS])
def test_truth(table, channel, expression, values, holds):
    assert CHANNELS[channel](table, expression, dict(zip("abc", values)), {}) is holds


def test_conditions_may_name_the_key(table):
    assert condition_holds(table, "attribute_exists(p) AND s = :a", {"a": S("sort")}, {})
    assert not condition_holds(table, "attribute_not_exists(p)", {}, {})


NAMED = [
    ("#d = :a", {"d": "dotted.name"}, [S("dot")], True),
    ("#d.#e = :a", {"d": "dotted", "e": "name"}, [S("dot")], False),
    ("#e = :a", {"e": "\u00e9"}, [N("1")], True),
    ("#e = :a", {"e": "e\u0301"}, [N("1")], False),
    ("#m.#i.leaf = :a", {"m": "mp", "i": "deep"}, [S("x")], True),
    ("#0 = :a", {"0": "word"}, [S("hello")], True),
    ("#_x9 = :a", {"_x9": "word"}, [S("hello")], True),
    ("attribute_exists(#m.#l[0])", {"m": "mp", "l": "li"}, [], True),
]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("expression, names, values, holds", NAMED, ids=[f"{e} {n}" for e, n, *_ in NAMED])
def test_truth_with_names(table, channel, expression, names, values, holds):
    assert CHANNELS[channel](table, expression, dict(zip("abc", values)), names) is holds


MISSING_ITEM = [
    ("attribute_not_exists(p)", [], True),
    ("attribute_exists(p)", [], False),
    ("n <> :a", [N("1")], True),
    ("n = :a", [N("1")], False),
    ("NOT contains(ss, :a)", [S("x")], True),
    ("n <> m", [], True),
    ("size(word) < :a", [N("9")], False),
    ("attribute_not_exists(p) AND attribute_not_exists(s)", [], True),
    ("p = :a", [S("x")], False),
]


@pytest.mark.parametrize("expression, values, holds", MISSING_ITEM, ids=[e for e, *_ in MISSING_ITEM])
def test_a_missing_item_has_no_attributes(table, expression, values, holds):
    key = {"p": S(unique()), "s": S("s")}
    assert condition_holds(table, expression, dict(zip("abc", values)), {}, key) is holds


# --- Errors (5.1 to 5.3): the same for ConditionExpression and FilterExpression --------------------------------------

PREFIX = {"condition": "Invalid ConditionExpression: ", "filter": "Invalid FilterExpression: "}
NOT_ALLOWED = "The function is not allowed to be used this way in an expression; function: "
OPERAND_TYPE = "Incorrect operand type for operator or function; operator or function: "
OPERANDS = "Incorrect number of operands for operator or function; operator or function: "
TYPE_NAMES = "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
BETWEEN_TYPES = (
    "The BETWEEN operator requires same data type for lower and upper bounds; "
    "lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {N:1}"
)
BETWEEN_ORDER = (
    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
    "lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}"
)
ERRORS = [
    ("", [], "The expression can not be empty;"),
    ("attribute_not_exists(", [], 'Syntax error; token: "<EOF>", near: "("'),
    ("size = :a", [N("1")], "Attribute name is a reserved keyword; reserved keyword: size"),
    ("Name = :a", [S("x")], "Attribute name is a reserved keyword; reserved keyword: Name"),
    ("mp.status = :a", [S("x")], "Attribute name is a reserved keyword; reserved keyword: status"),
    ("attribute_exists(mp.deep.VALUES)", [], "Attribute name is a reserved keyword; reserved keyword: VALUES"),
    ("#x = :a", [S("x")], "An expression attribute name used in the document path is not defined; attribute name: #x"),
    ("n = :zz", [], "An expression attribute value used in expression is not defined; attribute value: :zz"),
    ("fly(n)", [], "Invalid function name; function: fly"),
    ("Attribute_Exists(n)", [], "Invalid function name; function: Attribute_Exists"),
    ("SIZE(n) = :a", [N("1")], "Invalid function name; function: SIZE"),
    ("size(n)", [], NOT_ALLOWED + "size"),
    ("attribute_exists(n) = :a", [BOOL(True)], NOT_ALLOWED + "attribute_exists"),
    ("contains(attribute_exists(n), :a)", [S("x")], NOT_ALLOWED + "attribute_exists"),
    ("if_not_exists(n, :a) = :a", [N("1")], NOT_ALLOWED + "if_not_exists"),
    ("list_append(n, :a) = :a", [L()], NOT_ALLOWED + "list_append"),
    ("attribute_exists(n, m)", [], OPERANDS + "attribute_exists, number of operands: 2"),
    ("begins_with(word)", [], OPERANDS + "begins_with, number of operands: 1"),
    ("contains(word, :a, :b)", [S("x"), S("y")], OPERANDS + "contains, number of operands: 3"),
    ("size(word, n) = :a", [N("1")], OPERANDS + "size, number of operands: 2"),
    (
        "attribute_exists(:a)",
        [S("x")],
        "Operator or function requires a document path; operator or function: attribute_exists",
    ),
    (
        "attribute_not_exists(:a)",
        [S("x")],
        "Operator or function requires a document path; operator or function: attribute_not_exists",
    ),
    ("begins_with(word, :a)", [N("1")], OPERAND_TYPE + "begins_with, operand type: N"),
    ("begins_with(:a, word)", [N("1")], OPERAND_TYPE + "begins_with, operand type: N"),
    ("size(:a) = :b", [N("1"), N("1")], OPERAND_TYPE + "size, operand type: N"),
    ("size(:a) = :b", [BOOL(True), N("1")], OPERAND_TYPE + "size, operand type: BOOL"),
    ("size(:a) = :b", [NULL, N("1")], OPERAND_TYPE + "size, operand type: NULL"),
    ("n < :a", [L()], OPERAND_TYPE + "<, operand type: L"),
    ("n >= :a", [M()], OPERAND_TYPE + ">=, operand type: M"),
    ("n > :a", [BOOL(True)], OPERAND_TYPE + ">, operand type: BOOL"),
    ("n <= :a", [NULL], OPERAND_TYPE + "<=, operand type: NULL"),
    ("n < :a", [SS("x")], OPERAND_TYPE + "<, operand type: SS"),
    (":a < n", [NS("1")], OPERAND_TYPE + "<, operand type: NS"),
    (
        "attribute_type(n, :a)",
        [S("DOG")],
        f"Invalid attribute type name found; type: DOG, valid types: {TYPE_NAMES}",
    ),
    ("attribute_type(n, :a)", [S("s")], f"Invalid attribute type name found; type: s, valid types: {TYPE_NAMES}"),
    (
        "n = n",
        [],
        "The first operand must be distinct from the remaining operands for this operator or function; "
        "operator: =, first operand: [n]",
    ),
    (
        "contains(ss, ss)",
        [],
        "The first operand must be distinct from the remaining operands for this operator or function; "
        "operator: contains, first operand: [ss]",
    ),
    ("n BETWEEN :a AND :b", [S("b"), N("1")], BETWEEN_TYPES),
    ("n BETWEEN :a AND :b", [N("2"), N("1")], BETWEEN_ORDER),
    ("((n = :a))", [N("1")], "The expression has redundant parentheses;"),
    ("n = ((:a))", [N("1")], "The expression has redundant parentheses;"),
    ("NOT ((n = :a))", [N("1")], "The expression has redundant parentheses;"),
    ("n = :a AND ((n = :b))", [N("1"), N("2")], "The expression has redundant parentheses;"),
]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("expression, values, text", ERRORS, ids=[f"{e} {v}"[:80] for e, v, _ in ERRORS])
def test_error(table, channel, expression, values, text):
    with invalid(PREFIX[channel] + text):
        CHANNELS[channel](table, expression, dict(zip("abc", values)), {})


WRONG_LITERALS = [
    ("n BETWEEN :a AND :b", [BOOL(True), BOOL(True)]),
    ("n BETWEEN :a AND m", [L()]),
    ("attribute_type(n, :a)", [N("1")]),
    ("attribute_type(n, word)", []),
]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("expression, values", WRONG_LITERALS, ids=[f"{e} {v}" for e, v in WRONG_LITERALS])
def test_wrong_literal(table, channel, expression, values):
    with invalid(starting(PREFIX[channel])):
        CHANNELS[channel](table, expression, dict(zip("abc", values)), {})


SYNTAX_ERRORS = [
    "n", "n =", "= :a", "n == :a", "n != :a", "n = :a AND", "n = :a n = :a", "AND", "NOT", "(n = :a", "n = :a)", "()",
    "n = :a,", "n IN ()", "n IN :a", "n IN (:a", "n IN (:a,)", "n BETWEEN :a", "n BETWEEN :a, :a", "attribute_exists n",
    "attribute_exists()", "n[ = :a", "n[] = :a", "n[-1] = :a", "n[:a] = :a", "n[#x] = :a", "n[1.5] = :a", "n. = :a",
    ".n = :a", "n..m = :a", "_n = :a", "9n = :a", "n-m = :a", "$n = :a", '"n" = :a', "n = 'x'", "n = 5", "n = :a + :a",
    "n + :a = :a", "# = :a", "n = :", "n = :a-b", "n <> > :a", "n => :a", "n = :a;", "!!!", "n = :a && n = :a", "[0] = :a",
    "n = :a \u00a0AND n = :a", "\u00e9 = :a", "SET n = :a", "n = :a -- x", "n = \x00:a",
]  # fmt: skip


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("expression", SYNTAX_ERRORS)
def test_syntax_error(table, channel, expression):
    with invalid(starting(PREFIX[channel])):
        CHANNELS[channel](table, expression, {"a": N("1")}, {})


# Each expression has two faults; the one whose text is given comes first, wherever it stands.
PRIORITIES = [
    ("fly(n) AND ((n = :zz))", "The expression has redundant parentheses;"),
    ("size(n) AND fly(n)", "Invalid function name; function: fly"),
    ("name = :zz AND size(n)", NOT_ALLOWED + "size"),
    ("n = :zz AND name = :zz", "Attribute name is a reserved keyword; reserved keyword: name"),
    ("n = n AND n = :zz", "The first operand must be distinct from the remaining operands"),
    ("n = :zz AND n = n", "An expression attribute value used in expression is not defined; attribute value: :zz"),
    ("#zz = :zz", "An expression attribute name used in the document path is not defined; attribute name: #zz"),
    ("begins_with(:zz)", "An expression attribute value used in expression is not defined; attribute value: :zz"),
    ("begins_with(:n)", OPERANDS + "begins_with"),
    ("fly(n", "Syntax error"),
]


@pytest.mark.parametrize("expression, text", PRIORITIES)
def test_first_fault_is_reported(table, expression, text):
    with invalid(starting(PREFIX["condition"] + text)):
        condition_holds(table, expression, {"n": N("1")}, {})


# --- Limits (4.5) ---------------------------------------------------------------------------------------------------


def test_300_operators_are_allowed_and_301_are_not(table):
    allowed = "NOT n = :a" + " OR n = :a" * 149
    assert condition_holds(table, allowed, {"a": N("5")}, {})
    with invalid(PREFIX["condition"] + "The expression contains too many operators; operator count: 301"):
        condition_holds(table, "n = :a" + " OR n = :a" * 150, {"a": N("5")}, {})


def test_expression_of_4096_bytes_is_allowed_and_4097_are_not(table):
    allowed = "n = :a" + " " * (4096 - 6)
    assert condition_holds(table, allowed, {"a": N("5")}, {})
    with invalid(PREFIX["condition"] + "Expression size has exceeded the maximum allowed size; expression size: 4097"):
        condition_holds(table, allowed + "!", {"a": N("5")}, {})


def test_in_takes_99_candidates_and_not_101(table):
    values = {f"v{n}": N(n) for n in range(101)}
    assert condition_holds(
        table, "n IN (" + ", ".join(f":v{n}" for n in range(99)) + ")", dict(list(values.items())[:99]), {}
    )
    with invalid():
        condition_holds(table, "n IN (" + ", ".join(f":v{n}" for n in range(101)) + ")", values, {})


def test_path_of_32_levels_is_allowed_and_33_are_not(table):
    path = "a" + ".a" * 31
    assert not condition_holds(table, f"attribute_exists({path})", {}, {})
    with invalid(PREFIX["condition"] + "The document path has too many nesting levels; nesting levels: 33"):
        condition_holds(table, f"attribute_exists({path}[0])", {}, {})


def test_list_index_must_be_an_int(table):
    assert not condition_holds(table, "attribute_exists(li[2147483647])", {}, {})
    with invalid(containing("List index is not within the allowable range; index: [99999999999999]")):
        condition_holds(table, "attribute_exists(li[99999999999999])", {}, {})


def test_placeholder_of_255_bytes_is_allowed_and_256_are_not(table):
    assert condition_holds(table, f"#{'n' * 254} = :{'v' * 254}", {"v" * 254: N("5")}, {"n" * 254: "n"})
    with invalid():
        condition_holds(table, f"n = :{'v' * 255}", {"v" * 255: N("5")}, {})
    with invalid():
        condition_holds(table, f"#{'n' * 255} = :a", {"a": N("5")}, {"n" * 255: "n"})


# --- Placeholders of the request ------------------------------------------------------------------------------------

PUT = {"Item": {"p": S("placeholders"), "s": S("s")}}
PLACEHOLDERS = {
    "names without expression": (
        {"ExpressionAttributeNames": {"#a": "a"}},
        "ExpressionAttributeNames can only be specified when using expressions",
    ),
    "values without expression": (
        {"ExpressionAttributeValues": {":a": N(1)}},
        "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
    ),
    "empty names": (
        {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeNames": {}},
        "ExpressionAttributeNames must not be empty",
    ),
    "empty values": (
        {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeValues": {}},
        "ExpressionAttributeValues must not be empty",
    ),
    "name without #": (
        {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeNames": {"a": "a"}},
        'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
    ),
    "bare #": (
        {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeNames": {"#": "a"}},
        'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"',
    ),
    "value without colon": (
        {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeValues": {"a": N(1)}},
        'ExpressionAttributeValues contains invalid key: Syntax error; key: "a"',
    ),
    "value with a hyphen": (
        {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeValues": {":a-b": N(1)}},
        'ExpressionAttributeValues contains invalid key: Syntax error; key: ":a-b"',
    ),
    "unused name": (
        {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeNames": {"#a": "a"}},
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}",
    ),
    "unused value": (
        {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeValues": {":a": N(1)}},
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}",
    ),
    "unused name comes before unused value": (
        {
            "ConditionExpression": "attribute_not_exists(a)",
            "ExpressionAttributeNames": {"#a": "a"},
            "ExpressionAttributeValues": {":a": N(1)},
        },
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}",
    ),
    "value unused though the condition stops before it could matter": (
        {
            "ConditionExpression": "attribute_not_exists(a) OR b = :b",
            "ExpressionAttributeValues": {":b": N(1), ":c": N(1)},
        },
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:c}",
    ),
    "undefined value though the condition stops before it could matter": (
        {"ConditionExpression": "attribute_not_exists(a) OR b = :b"},
        "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :b",
    ),
}


@pytest.mark.parametrize("case", PLACEHOLDERS)
def test_placeholders(table, case):
    more, text = PLACEHOLDERS[case]
    with invalid(text):
        table.put_item(**PUT, **more)


def test_two_unused_names_are_both_listed(table):
    more = {"ConditionExpression": "attribute_not_exists(a)", "ExpressionAttributeNames": {"#a": "a", "#b": "b"}}
    with invalid(starting("Value provided in ExpressionAttributeNames unused in expressions: keys: {")) as caught:
        table.put_item(**PUT, **more)
    listed = caught.value.response["Error"]["Message"].split("keys: ")[1]
    assert listed in ("{#a, #b}", "{#b, #a}")


def test_a_name_counts_as_used_wherever_it_occurs(table):
    table.query(
        KeyConditionExpression="#p = :p",
        FilterExpression="attribute_exists(#f)",
        ProjectionExpression="#f",
        ExpressionAttributeNames={"#p": "p", "#f": "f"},
        ExpressionAttributeValues={":p": S("x")},
    )


def test_bad_expression_is_found_before_the_table_is_looked_up(client):
    with invalid(ANY_TEXT):
        client().put_item(TableName="no-such-table", Item={"p": S("x")}, ConditionExpression="((a = b))")
