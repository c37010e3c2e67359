"""Attribute values, numbers, sizes and keys (data-plane.md 4)."""

import pytest

from harness.errors import INVALID, containing, invalid, matching
from harness.tables import index
from harness.values import BOOL, BS, L, M, N, NS, NULL, S, SS, B, comparable, nested, size_bytes, unique

ITEM_LIMIT_BYTES = 409_600
EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
TWO = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S")


@pytest.fixture(scope="module")
def sorted_by(new_table):
    """A table per sort key type."""
    return {kind: new_table("p:S", f"s:{kind}") for kind in "SNB"}


def key():
    return {"p": S(unique())}


def stored(table, value):
    """What comes back for an attribute value."""
    k = key()
    table.put_item(Item={**k, "a": value})
    return table.get(**k)["a"]


# --- Every type, there and back -------------------------------------------------------------------------------------

ROUND_TRIPS = {
    "string": S("hello"),
    "empty string": S(""),
    "NUL in a string": S("a\x00b"),
    "composed letter": S("\u00e9"),
    "decomposed letter": S("e\u0301"),
    "outside the basic plane": S("\U0001f600"),
    "not characters": S("\ufffe\uffff"),
    "control characters": S("".join(map(chr, range(1, 32))) + "\x7f"),
    "line separators": S("\u2028\u2029"),
    "JSON inside": S('{"S":"\\u0041"}'),
    "binary": B(bytes(range(256))),
    "empty binary": B(b""),
    "true": BOOL(True),
    "false": BOOL(False),
    "null": NULL,
    "string set": SS("a", "b", "B"),
    "set with an empty string": SS("", "a"),
    "set with both forms of a letter": SS("\u00e9", "e\u0301"),
    "number set": NS("1", "-2.5", "0"),
    "binary set": BS(b"\x00", b"\xff", b"ab"),
    "empty list": L(),
    "list of all types": L(S(""), N(1), B(b"x"), BOOL(False), NULL, L(L()), {"M": {}}, SS("x"), NS(1), BS(b"x")),
    "empty map": {"M": {}},
    "map": M(a=S("x"), b=M(c=L(N("1"), M(d=NULL)))),
    "names of a map": {"M": {"\u00e9": S("1"), "e\u0301": S("2"), "a.b": S("3"), " ": S("4"), "#x": S("5")}},
}


@pytest.mark.parametrize("case", ROUND_TRIPS)
def test_value_comes_back_as_it_was(table, case):
    assert comparable(stored(table, ROUND_TRIPS[case])) == comparable(ROUND_TRIPS[case])


def test_attribute_names_are_compared_by_their_bytes(table):
    item = table.put(
        **key(), **{"\u00e9": N(1), "e\u0301": N(2), "a.b": N(3), "A": N(4), "a": N(5), "\U0001f600": N(6)}
    )
    assert table.get(p=item["p"]) == item
    projected = table.get_item(
        Key={"p": item["p"]}, ProjectionExpression="#n", ExpressionAttributeNames={"#n": "e\u0301"}
    )
    assert projected["Item"] == {"e\u0301": N(2)}


def test_keys_are_compared_by_their_bytes(table):
    stem = unique()
    table.put(p=S(stem + "\u00e9"), n=N(1))
    table.put(p=S(stem + "e\u0301"), n=N(2))
    assert table.get(p=S(stem + "\u00e9"))["n"] == N(1)
    assert table.get(p=S(stem + "e\u0301"))["n"] == N(2)


# --- Values that are refused (4.1) ----------------------------------------------------------------------------------

BAD_VALUES = {
    "no type": ({}, EMPTY),
    "two types": ({"S": "a", "N": "1"}, TWO),
    "two types, one of them bad": ({"S": "a", "N": "abc"}, "The parameter cannot be converted to a numeric value: abc"),
    "NULL false": ({"NULL": False}, INVALID + "Null attribute value types must have the value of true"),
    "empty SS": (SS(), INVALID + "An string set  may not be empty"),
    "empty NS": (NS(), INVALID + "An number set  may not be empty"),
    "empty BS": (BS(), INVALID + "Binary sets should not be empty"),
    "SS duplicates": (SS("b", "a", "b"), INVALID + "Input collection [b, a, b] contains duplicates."),
    "NS duplicates": (NS("1", "2", "1.0"), "Input collection contains duplicates"),
    "BS duplicates": (
        BS(b"\xff", b"\x00", b"\x00"),
        INVALID + "Input collection [/w==, AA==, AA==]of type BS contains duplicates.",
    ),
    "bad number in a set": (NS("1", "x"), "The parameter cannot be converted to a numeric value: x"),
    "inside a list": (L(S("ok"), {}), EMPTY),
    "inside a map": (M(a=M(b=N("abc"))), "The parameter cannot be converted to a numeric value: abc"),
    "set inside a list": (L(SS("a", "a")), INVALID + "Input collection [a, a] contains duplicates."),
}


@pytest.mark.parametrize("case", BAD_VALUES)
def test_bad_value_in_an_item(table, case):
    value, text = BAD_VALUES[case]
    k = key()
    with invalid(text):
        table.put_item(Item={**k, "a": value})
    assert table.get(**k) is None


@pytest.mark.parametrize("case", ["no type", "two types", "NULL false", "empty SS", "SS duplicates", "NS duplicates"])
def test_bad_value_in_an_expression_is_named(table, case):
    value, text = BAD_VALUES[case]
    with invalid(f"ExpressionAttributeValues contains invalid value: {text} for key :v"):
        table.update_item(Key=key(), UpdateExpression="SET a = :v", ExpressionAttributeValues={":v": value})


@pytest.mark.parametrize("case", ["no type", "two types", "empty NS"])
def test_bad_value_in_a_key(table, case):
    value, text = BAD_VALUES[case]
    with invalid(text):
        table.get_item(Key={"p": value})


def test_31_nested_maps_are_stored_and_32_are_not(table):
    assert stored(table, nested(31)) == nested(31)
    with invalid(TOO_DEEP):
        table.put_item(Item={**key(), "a": nested(32)})


def test_lists_count_as_levels_too(table):
    def nested_lists(levels):
        return S("x") if levels == 0 else L(nested_lists(levels - 1))

    assert stored(table, nested_lists(31)) == nested_lists(31)
    with invalid(TOO_DEEP):
        table.put_item(Item={**key(), "a": nested_lists(32)})


def test_nesting_of_expression_values(table):
    k = key()
    table.update_item(Key=k, UpdateExpression="SET a = :v", ExpressionAttributeValues={":v": nested(31)})
    with invalid(containing("Nesting Levels have exceeded supported limits")):
        table.update_item(Key=k, UpdateExpression="SET a = :v", ExpressionAttributeValues={":v": nested(32)})
    assert table.get(**k)["a"] == nested(31)


@pytest.mark.parametrize("levels", [100, 2000, 100_000])
def test_much_deeper_values_are_refused_too(raw, table, levels):
    body = '{"TableName":"%s","Item":{"p":{"S":"x"},"a":%s{"S":"x"}%s}}'
    text = body % (table.name, '{"M":{"k":' * levels, "}}" * levels)
    status, name, _ = raw.call("PutItem", body=text.encode()).error
    assert (status, name in ("ValidationException", "SerializationException")) == (400, True)


# --- Numbers (4.2) --------------------------------------------------------------------------------------------------

NORMAL_FORMS = {
    "0": "0",
    "-0": "0",
    "0.000": "0",
    "00": "0",
    "0.0e126": "0",
    "-0.0e-200": "0",
    "1": "1",
    "+1": "1",
    "0042.1200": "42.12",
    "1e3": "1000",
    "1E+3": "1000",
    "1.50": "1.5",
    ".5": "0.5",
    "-.5e1": "-5",
    "1e-3": "0.001",
    "12345e-2": "123.45",
    "100": "100",
    "1E125": "1" + "0" * 125,
    "-9.9999999999999999999999999999999999999E+125": "-" + "9" * 38 + "0" * 88,
    "1E-130": "0." + "0" * 129 + "1",
    "-1e-130": "-0." + "0" * 129 + "1",
    "0." + "0" * 129 + "1": "0." + "0" * 129 + "1",
    "0.1e-129": "0." + "0" * 129 + "1",
    "10e124": "1" + "0" * 125,
    "1" * 38: "1" * 38,
    "0." + "1" * 38: "0." + "1" * 38,
    "1" * 20 + "." + "1" * 18: "1" * 20 + "." + "1" * 18,
    "9" * 38 + "0" * 50: "9" * 38 + "0" * 50,
    "0" * 100 + "1": "1",
    "1." + "0" * 100: "1",
    "1" + "0" * 125: "1" + "0" * 125,
    "123456789012345678901234567890.12345678": "123456789012345678901234567890.12345678",
}


@pytest.mark.parametrize("written", NORMAL_FORMS)
def test_numbers_come_back_in_normal_form(table, written):
    normal = NORMAL_FORMS[written]
    assert stored(table, N(written)) == N(normal)
    assert stored(table, L(M(n=N(written)))) == L(M(n=N(normal)))
    assert stored(table, NS(written)) == NS(normal)


OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
TOO_LONG = "Attempting to store more than 38 significant digits in a Number"
NOT_A_NUMBER = "The parameter cannot be converted to a numeric value: "
BAD_NUMBERS = {
    "": "The parameter cannot be converted to a numeric value",
    **{
        text: NOT_A_NUMBER + text
        for text in (
            "abc",
            " 1",
            "1 ",
            "1 2",
            "0x10",
            "NaN",
            "Infinity",
            "-Infinity",
            "1e",
            "e1",
            "--1",
            "+-1",
            "1.2.3",
            ".",
            "+",
            "-",
            "1_000",
            "1,000",
            "1e1.5",
            "1e+",
            "\uff11",
            "1f",
            "1d",
            "1L",
            "1\n",
            "\u0661",
            "1e5e5",
        )
    },
    "1E126": OVERFLOW,
    "-1E126": OVERFLOW,
    "1" + "0" * 126: OVERFLOW,
    "10E125": OVERFLOW,
    "1e999999999": OVERFLOW,
    "1e99999999999999999999": OVERFLOW,
    "1E-131": UNDERFLOW,
    "-1E-131": UNDERFLOW,
    "0." + "0" * 130 + "1": UNDERFLOW,
    "1e-999999999": UNDERFLOW,
    "1e-99999999999999999999": UNDERFLOW,
    "1" * 39: TOO_LONG,
    "1" + "0" * 37 + "1": TOO_LONG,
    "0." + "1" * 39: TOO_LONG,
    "-1." + "0" * 37 + "1": TOO_LONG,
}


@pytest.mark.parametrize("text", BAD_NUMBERS)
def test_bad_numbers(table, text):
    k = key()
    with invalid(BAD_NUMBERS[text]):
        table.put_item(Item={**k, "a": N(text)})
    assert table.get(**k) is None


def test_bad_number_in_an_expression_is_wrapped(table):
    wrapped = "ExpressionAttributeValues contains invalid value: {} for key :v"
    for text in ("abc", "1E126", "1" * 39):
        with invalid(wrapped.format(BAD_NUMBERS[text])):
            table.scan(FilterExpression="a = :v", ExpressionAttributeValues={":v": N(text)})


def test_number_of_a_million_digits_is_refused(table):
    with invalid():
        table.put_item(Item={**key(), "a": N("1" * 300_000)})


def test_spellings_of_a_number_are_one_key(new_table):
    table = new_table("n:N")
    for count, spelling in enumerate(("1000", "1e3", "+1000", "1000.00", "0001000")):
        table.put(n=N(spelling), count=N(count))
    assert table.all_items() == [{"n": N(1000), "count": N(4)}]
    assert table.get(n=N("10e2"))["count"] == N(4)


NUMBERS_IN_ORDER = [
    "-9.9999999999999999999999999999999999999E+125", "-1e100", "-1000", "-999.9", "-10", "-9", "-1.5", "-1.25", "-1",
    "-0.1", "-1e-130", "0", "1e-130", "0.001", "0.01", "0.1", "0.12", "1", "1.25", "1.5", "2", "9", "10", "10.01",
    "99", "100", "101", "999.9", "1000", "12345678901234567890123456789012345678", "1e100", "1e125",
]  # fmt: skip
STRINGS_IN_ORDER = [
    "\x00", "\x00\x00", "\x01", " ", "0", "10", "9", "A", "Z", "a", "a\x00", "a\x01", "aa", "e\u0301", "z",
    "\u00e9", "\u4e2d", "\uff5e", "\U00010000", "\U0001f600",
]  # fmt: skip
BINARIES_IN_ORDER = [
    b"\x00",
    b"\x00\x00",
    b"\x00\x01",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xfe\xff",
    b"\xff",
    b"\xff\x00",
    b"\xff\xff",
]
ORDERS = {"N": NUMBERS_IN_ORDER, "S": STRINGS_IN_ORDER, "B": BINARIES_IN_ORDER}


@pytest.mark.parametrize("kind", ORDERS)
def test_sort_order(sorted_by, kind):
    table, p, expected = sorted_by[kind], S(unique()), ORDERS[kind]
    # Written in an order that is not the result's.
    for position in sorted(range(len(expected)), key=lambda n: (n * 7) % len(expected)):
        table.put(p=p, s={kind: expected[position]}, position=N(position))
    query = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": p}}
    positions = [int(item["position"]["N"]) for item in table.query(**query)["Items"]]
    assert positions == list(range(len(expected)))
    backward = [int(item["position"]["N"]) for item in table.query(**query, ScanIndexForward=False)["Items"]]
    assert backward == positions[::-1]


@pytest.mark.parametrize("kind", ORDERS)
def test_filters_compare_in_the_same_order(sorted_by, kind):
    table, p, expected = sorted_by[kind], S(unique()), ORDERS[kind]
    for value in expected:
        table.put(p=p, s={kind: value}, v={kind: value})
    middle = len(expected) // 2
    values = {":p": p, ":v": {kind: expected[middle]}}
    for operator, count in (("<", middle), ("<=", middle + 1), (">", len(expected) - middle - 1), ("=", 1)):
        answer = table.query(
            KeyConditionExpression="p = :p", FilterExpression=f"v {operator} :v", ExpressionAttributeValues=values
        )
        assert answer["Count"] == count, operator


# --- Sizes (4.3) ----------------------------------------------------------------------------------------------------

SIZED = {
    "string": S("x" * 100),
    "string of many bytes": S("\u00e9\u4e2d\U0001f600" * 10),
    "binary": B(b"x" * 33),
    "booleans and nulls": L(BOOL(True), BOOL(False), NULL),
    "small numbers": L(N("1"), N("123456"), N("3.14159"), N("1" + "0" * 125), N("0"), N("-1")),
    "sets": L(SS("a", "bcd"), NS("1", "-22"), BS(b"x", b"yz")),
    "list": L(S(""), S("a"), L(L(), L(S("abc")))),
    "map": M(a=S("x"), longer=M(b={"M": {}}, c=S("yy"))),
}


@pytest.mark.parametrize("case", SIZED)
def test_item_of_exactly_400_kb_is_stored_and_one_byte_more_is_not(table, case):
    item = {**key(), "value": SIZED[case], "padding": S("")}
    item["padding"] = S("x" * (ITEM_LIMIT_BYTES - size_bytes(item)))
    assert size_bytes(item) == ITEM_LIMIT_BYTES
    table.put_item(Item=item)
    table.delete_item(Key={"p": item["p"]})
    item["padding"]["S"] += "x"
    with invalid("Item size has exceeded the maximum allowed size"):
        table.put_item(Item=item)
    assert table.get(p=item["p"]) is None


def test_attribute_names_count_for_the_size(table):
    k = key()
    item = {**k, "n" * 60_000: S(""), "m" * 60_000: S(""), "padding": S("")}
    item["padding"] = S("x" * (ITEM_LIMIT_BYTES - size_bytes(item)))
    table.put_item(Item=item)
    with invalid("Item size has exceeded the maximum allowed size"):
        table.put_item(Item={**item, "o": S("")})


def test_update_up_to_exactly_400_kb(table):
    k = key()
    room = ITEM_LIMIT_BYTES - size_bytes({**k, "a": S("")})
    table.update_item(Key=k, UpdateExpression="SET a = :v", ExpressionAttributeValues={":v": S("x" * room)})
    with invalid("Item size to update has exceeded the maximum allowed size"):
        table.update_item(Key=k, UpdateExpression="SET a = :v", ExpressionAttributeValues={":v": S("x" * (room + 1))})
    with invalid("Item size to update has exceeded the maximum allowed size"):
        table.update_item(Key=k, UpdateExpression="SET b = :v", ExpressionAttributeValues={":v": S("")})
    assert len(table.get(**k)["a"]["S"]) == room


def test_item_with_local_indexes_must_fit_with_all_its_projections(new_table):
    table = new_table("p:S", "s:S", attributes=("x:S",), lsi=[index("local", "p", "x")])
    half = {**key(), "s": S("s"), "x": S("x"), "padding": S("y" * 190_000)}
    table.put_item(Item=half)
    with invalid(containing("exceeded")):
        table.put_item(Item={**half, "padding": S("y" * 220_000)})
    del half["x"]
    table.put_item(Item={**half, "padding": S("y" * 220_000)})


# --- Keys (4.4) -----------------------------------------------------------------------------------------------------

MISMATCH = "The provided key element does not match the schema"
HASH_TOO_LONG = INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"
RANGE_TOO_LONG = INVALID + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
EMPTY_KEY = matching(
    r"^One or more parameter values (are not valid\.|were invalid:) The AttributeValue for a key attribute "
    r"cannot contain an empty string value\. Key: p$"
)


@pytest.fixture(scope="module")
def two_keys(sorted_by):
    return sorted_by["S"]


READ_OR_WRITE = ["get_item", "delete_item", "update_item"]
BAD_KEYS = {
    "missing": {"p": S("x")},
    "extra": {"p": S("x"), "s": S("y"), "z": S("z")},
    "other name": {"p": S("x"), "z": S("z")},
    "wrong type": {"p": S("x"), "s": N(1)},
    "empty": {},
    "null": {"p": S("x"), "s": NULL},
    "set": {"p": SS("x"), "s": S("y")},
}


@pytest.mark.parametrize("operation", READ_OR_WRITE)
@pytest.mark.parametrize("case", BAD_KEYS)
def test_key_that_does_not_fit_the_schema(two_keys, operation, case):
    with invalid(MISMATCH):
        getattr(two_keys, operation)(Key=BAD_KEYS[case])


def test_put_names_the_missing_or_mistyped_key(two_keys):
    with invalid(INVALID + "Missing the key s in the item"):
        two_keys.put_item(Item={"p": S("x")})
    with invalid(INVALID + "Missing the key p in the item"):
        two_keys.put_item(Item={"s": S("x")})
    with invalid(INVALID + "Type mismatch for key s expected: S actual: N"):
        two_keys.put_item(Item={"p": S("x"), "s": N(1)})
    with invalid(INVALID + "Type mismatch for key p expected: S actual: NULL"):
        two_keys.put_item(Item={"p": NULL, "s": S("x")})


def test_put_with_an_empty_key(table, sorted_by):
    text = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {} value. Key: {}"
    with invalid(text.format("string", "p")):
        table.put_item(Item={"p": S("")})
    with invalid(text.format("string", "s")):
        sorted_by["S"].put_item(Item={"p": S("x"), "s": S("")})
    with invalid(text.format("binary", "s")):
        sorted_by["B"].put_item(Item={"p": S("x"), "s": B(b"")})


@pytest.mark.parametrize("operation", READ_OR_WRITE)
def test_other_operations_with_an_empty_key(table, operation):
    with invalid(EMPTY_KEY):
        getattr(table, operation)(Key={"p": S("")})


def test_partition_key_of_2048_bytes_is_the_longest(table):
    longest, longer = S("\u00e9" * 1024), S("\u00e9" * 1024 + "x")
    table.put(p=longest)
    assert table.get(p=longest) == {"p": longest}
    table.delete_item(Key={"p": longest})
    with invalid(HASH_TOO_LONG):
        table.put(p=longer)
    for operation in READ_OR_WRITE:
        with invalid(HASH_TOO_LONG):
            getattr(table, operation)(Key={"p": longer})


def test_sort_key_of_1024_bytes_is_the_longest(two_keys):
    longest, longer = S("x" * 1024), S("x" * 1025)
    two_keys.put(p=S("x"), s=longest)
    assert two_keys.get(p=S("x"), s=longest)
    with invalid(RANGE_TOO_LONG):
        two_keys.put(p=S("x"), s=longer)
    for operation in READ_OR_WRITE:
        with invalid(RANGE_TOO_LONG):
            getattr(two_keys, operation)(Key={"p": S("x"), "s": longer})


@pytest.fixture(scope="module")
def indexed(new_table):
    return new_table(
        "p:S", "s:S", attributes=("g:S", "l:N"), gsi=[index("global", "g")], lsi=[index("local", "p", "l")]
    )


def test_index_key_of_the_wrong_type(indexed):
    for name, wrong, index_name, expected, actual in (
        ("g", N(1), "global", "S", "N"),
        ("g", NULL, "global", "S", "NULL"),
        ("l", S("x"), "local", "N", "S"),
    ):
        text = f"Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index_name}"
        with invalid(INVALID + text):
            indexed.put_item(Item={**key(), "s": S("s"), name: wrong})
        with invalid():
            indexed.update_item(
                Key={**key(), "s": S("s")}, UpdateExpression=f"SET {name} = :v", ExpressionAttributeValues={":v": wrong}
            )


def test_index_key_that_is_empty(indexed):
    with invalid(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
        "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: global, IndexKey: g"
    ):
        indexed.put_item(Item={**key(), "s": S("s"), "g": S("")})
    with invalid(
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key "
        "to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value."
    ):
        indexed.update_item(
            Key={**key(), "s": S("s")}, UpdateExpression="SET g = :v", ExpressionAttributeValues={":v": S("")}
        )


def test_index_key_that_is_too_long(indexed):
    indexed.put_item(Item={**key(), "s": S("s"), "g": S("x" * 2048)})
    with invalid(containing("2048")):
        indexed.put_item(Item={**key(), "s": S("s"), "g": S("x" * 2049)})


@pytest.mark.parametrize("expression", ["SET s = :v", "REMOVE s", "ADD s :v", "SET p = :v", "SET a = :v, s = :v"])
def test_update_may_not_touch_the_key(two_keys, expression):
    name = "p" if expression.startswith("SET p") else "s"
    values = (
        {"ExpressionAttributeValues": {":v": NS(1) if "ADD" in expression else S("y")}} if ":v" in expression else {}
    )
    with invalid(INVALID + f"Cannot update attribute {name}. This attribute is part of the key"):
        two_keys.update_item(Key={"p": S("x"), "s": S("y")}, UpdateExpression=expression, **values)


def test_key_as_a_document_path(indexed):
    text = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: {}"
    k = {"p": S("x"), "s": S("y")}
    for path, named in (("p.a", "Key: p"), ("s[0]", "Key: s"), ("g.a", "IndexKey: g"), ("l[1]", "IndexKey: l")):
        with invalid(text.format(named)):
            indexed.put_item(Item=k, ConditionExpression=f"attribute_exists({path})")
        with invalid(text.format(named)):
            indexed.get_item(Key=k, ProjectionExpression=path)
        with invalid(text.format(named)):
            indexed.scan(FilterExpression=f"attribute_exists({path})")
    for path in ("g.a", "g[0]"):
        with invalid(text.format("IndexKey: g")):
            indexed.update_item(Key=k, UpdateExpression=f"SET {path} = :v", ExpressionAttributeValues={":v": S("x")})
    with invalid(INVALID + "Cannot update attribute p. This attribute is part of the key"):
        indexed.update_item(Key=k, UpdateExpression="SET p.a = :v", ExpressionAttributeValues={":v": S("x")})


# --- Names (4.5) ----------------------------------------------------------------------------------------------------


def test_attribute_name_may_not_be_empty(table):
    with invalid(containing("Empty attribute name")):
        table.put_item(Item={**key(), "": S("x")})
    with invalid(containing("Empty attribute name")):
        table.put_item(Item={**key(), "a": {"M": {"": S("x")}}})


def test_attribute_name_has_at_most_65535_bytes(table):
    item = {**key(), "n" * 65_535: S("x")}
    table.put_item(Item=item)
    assert table.get(p=item["p"]) == item
    with invalid():
        table.put_item(Item={**key(), "n" * 65_536: S("x")})
