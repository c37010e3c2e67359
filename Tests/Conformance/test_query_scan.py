"""Query and Scan: paging, filters, Select, indexes, segments (data-plane.md 8); key conditions have their own file."""

import pytest

from harness.errors import INVALID, containing, invalid, matching, not_found
from harness.tables import index
from harness.values import N, S, unique
from harness.waiting import eventually

ITEMS = 20


@pytest.fixture(scope="module")
def table(new_table):
    """One partition of 20 items; odd ones are red and carry the index keys."""
    table = new_table(
        "p:S", "s:N", attributes=("g:S", "l:N"),
        gsi=[index("all", "g", "s"), index("keys", "g", "s", projection="KEYS_ONLY"), index("some", "g", "s", include=["colour"])],
        lsi=[index("local", "p", "l"), index("local-keys", "p", "l", projection="KEYS_ONLY")],
    )  # fmt: skip
    for number in range(ITEMS):
        odd = {"g": S("g"), "l": N(-number), "colour": S("red")} if number % 2 else {"colour": S("blue")}
        table.put(p=S("x"), s=N(number), n=N(number), note=S("note"), **odd)

    def indexed():
        count = table.query(IndexName="all", KeyConditionExpression="g = :g", ExpressionAttributeValues={":g": S("g")})[
            "Count"
        ]
        assert count == ITEMS / 2

    eventually(indexed)
    return table


PARTITION = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": S("x")}}
BY_G = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": S("g")}}


def with_values(request, **values):
    values = {f":{name}": value for name, value in values.items()}
    return {**request, "ExpressionAttributeValues": {**request["ExpressionAttributeValues"], **values}}


def numbers(answer):
    return [int(item["s"]["N"]) for item in answer["Items"]]


# --- Pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 3, 7, 19, 20, 21])
@pytest.mark.parametrize("forward", [True, False])
def test_query_in_pages(table, limit, forward):
    pages = table.query_pages(**PARTITION, Limit=limit, ScanIndexForward=forward)
    expected = list(range(ITEMS)) if forward else list(range(ITEMS))[::-1]
    assert [number for page in pages for number in numbers(page)] == expected
    assert all(page["Count"] == page["ScannedCount"] == limit for page in pages[:-1])


def test_last_evaluated_key_is_the_last_items_key(table):
    answer = table.query(**PARTITION, Limit=3)
    assert answer["LastEvaluatedKey"] == {"p": S("x"), "s": N(2)}


def test_limit_reached_with_the_last_item_still_gives_a_key(table):
    answer = table.query(**PARTITION, Limit=ITEMS)
    assert answer["LastEvaluatedKey"] == {"p": S("x"), "s": N(ITEMS - 1)}
    rest = table.query(**PARTITION, Limit=ITEMS, ExclusiveStartKey=answer["LastEvaluatedKey"])
    assert rest["Items"] == [] and "LastEvaluatedKey" not in rest
    assert "LastEvaluatedKey" not in table.query(**PARTITION, Limit=ITEMS + 1)


def test_start_key_need_not_exist_and_is_exclusive(table):
    assert numbers(table.query(**PARTITION, ExclusiveStartKey={"p": S("x"), "s": N("16.5")})) == [17, 18, 19]
    assert numbers(table.query(**PARTITION, ExclusiveStartKey={"p": S("x"), "s": N("17.0")})) == [18, 19]
    backward = table.query(**PARTITION, ExclusiveStartKey={"p": S("x"), "s": N("2.5")}, ScanIndexForward=False)
    assert numbers(backward) == [2, 1, 0]


def test_page_ends_at_one_megabyte(new_table):
    table = new_table("p:S", "s:N")
    for number in range(7):
        table.put(p=S("x"), s=N(number), padding=S("x" * 300_000))
    pages = table.query_pages(**PARTITION)
    # The item that crosses the limit is included.
    assert [page["Count"] for page in pages] == [4, 3] or [page["Count"] for page in pages] == [4, 3, 0]
    assert [number for page in pages for number in numbers(page)] == list(range(7))
    filtered = table.query(**with_values(PARTITION, n=N(99)), FilterExpression="n = :n")
    assert (filtered["Count"], filtered["ScannedCount"]) == (0, 4) and "LastEvaluatedKey" in filtered
    assert table.query(**PARTITION, ProjectionExpression="s")["Count"] == 4
    assert table.scan()["Count"] == 4


# --- Filters --------------------------------------------------------------------------------------------------------


def test_filter_works_after_the_limit(table):
    answer = table.query(**with_values(PARTITION, c=S("red")), FilterExpression="colour = :c", Limit=2)
    assert (answer["Count"], answer["ScannedCount"]) == (1, 2)
    assert answer["LastEvaluatedKey"] == {"p": S("x"), "s": N(1)}


def test_page_may_be_empty_and_not_the_last(table):
    answer = table.query(**with_values(PARTITION, n=N(19)), FilterExpression="n = :n", Limit=5)
    assert (answer["Items"], answer["Count"], answer["ScannedCount"]) == ([], 0, 5)
    pages = table.query_pages(**with_values(PARTITION, n=N(19)), FilterExpression="n = :n", Limit=5)
    assert [number for page in pages for number in numbers(page)] == [19]


@pytest.mark.parametrize(
    "expression, key", [("p = :p", "p"), ("s > :s", "s"), ("attribute_exists(s) OR n = :s", "s"), ("size(p) > :s", "p")]
)
def test_query_filter_may_not_name_a_key(table, expression, key):
    values = {name: value for name, value in {"s": N(1)}.items() if f":{name}" in expression}
    with invalid(f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {key}"):
        table.query(**with_values(PARTITION, **values), FilterExpression=expression)


def test_filter_on_an_index_may_name_the_tables_key(table):
    answer = table.query(**with_values(BY_G, p=S("x")), IndexName="all", FilterExpression="p = :p")
    assert answer["Count"] == ITEMS / 2
    with invalid("Filter Expression can only contain non-primary key attributes: Primary key attribute: g"):
        table.query(**BY_G, IndexName="all", FilterExpression="g = :g")


def test_scan_filter_may_name_a_key(table):
    answer = table.scan(FilterExpression="s < :s", ExpressionAttributeValues={":s": N(3)}, ConsistentRead=True)
    assert sorted(numbers(answer)) == [0, 1, 2] and answer["ScannedCount"] == ITEMS


# --- Select ---------------------------------------------------------------------------------------------------------


def test_count(table):
    answer = table.query(**PARTITION, Select="COUNT", Limit=5)
    assert (answer["Count"], answer["ScannedCount"]) == (5, 5)
    assert "Items" not in answer and "LastEvaluatedKey" in answer
    assert table.scan(Select="COUNT", ConsistentRead=True)["Count"] == ITEMS


def names(answer):
    return {name for item in answer["Items"] for name in item}


ALL_NAMES = {"p", "s", "n", "note", "colour", "g", "l"}


def test_selected_attributes(table):
    assert names(table.query(**PARTITION)) == ALL_NAMES
    assert names(table.query(**PARTITION, Select="ALL_ATTRIBUTES")) == ALL_NAMES
    assert names(table.query(**PARTITION, Select="SPECIFIC_ATTRIBUTES", ProjectionExpression="note")) == {"note"}
    assert names(table.query(**BY_G, IndexName="keys")) == {"p", "s", "g"}
    assert names(table.query(**BY_G, IndexName="some")) == {"p", "s", "g", "colour"}
    assert names(table.query(**BY_G, IndexName="all")) == ALL_NAMES
    assert names(table.query(**BY_G, IndexName="some", Select="ALL_PROJECTED_ATTRIBUTES")) == {"p", "s", "g", "colour"}
    assert names(table.query(**BY_G, IndexName="all", Select="ALL_ATTRIBUTES")) == ALL_NAMES


def test_local_index_fetches_what_it_does_not_project(table):
    assert names(table.query(**PARTITION, IndexName="local-keys")) == {"p", "s", "l"}
    assert names(table.query(**PARTITION, IndexName="local-keys", Select="ALL_ATTRIBUTES")) == ALL_NAMES
    assert names(table.query(**PARTITION, IndexName="local-keys", ProjectionExpression="note, l")) == {"note", "l"}


SPECIFIC = "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
SELECT_ERRORS = [
    ("query", {"Select": "SPECIFIC_ATTRIBUTES"}, matching(f"^(1 validation error detected: )?{SPECIFIC}$")),
    ("scan", {"Select": "SPECIFIC_ATTRIBUTES"}, SPECIFIC),
    ("query", {"Select": "ALL_PROJECTED_ATTRIBUTES"}, containing("ALL_PROJECTED_ATTRIBUTES can be used only when")),
    ("scan", {"Select": "ALL_PROJECTED_ATTRIBUTES"}, containing("ALL_PROJECTED_ATTRIBUTES can be used only when")),
    ("query", {"Select": "ALL_ATTRIBUTES", "ProjectionExpression": "n"}, containing("ALL_ATTRIBUTES")),
    ("query", {"Select": "COUNT", "ProjectionExpression": "n"}, containing("COUNT")),
    (
        "query",
        {"Select": "ALL_ATTRIBUTES", "AttributesToGet": ["n"]},
        matching("AttributesToGet|Can not use both expression"),
    ),
    ("scan", {"Select": "COUNT", "ProjectionExpression": "n"}, containing("COUNT")),
]


@pytest.mark.parametrize("operation, more, text", SELECT_ERRORS, ids=[f"{op} {more}" for op, more, _ in SELECT_ERRORS])
def test_select_errors(table, operation, more, text):
    with invalid(text):
        getattr(table, operation)(**(PARTITION if operation == "query" else {}), **more)


def test_partial_global_index_cannot_give_all_attributes(table):
    for name in ("keys", "some"):
        with invalid(
            INVALID + f"Select type ALL_ATTRIBUTES is not supported for global secondary index {name} "
            "because its projection type is not ALL"
        ):
            table.query(**BY_G, IndexName=name, Select="ALL_ATTRIBUTES")
    with invalid(INVALID + "Global secondary index keys does not project [note]"):
        table.query(**BY_G, IndexName="keys", ProjectionExpression="note")


# --- Indexes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forward", [True, False])
def test_global_index_in_pages(table, forward):
    pages = table.query_pages(**BY_G, IndexName="all", Limit=3, ScanIndexForward=forward)
    expected = list(range(1, ITEMS, 2))
    assert [number for page in pages for number in numbers(page)] == (expected if forward else expected[::-1])
    assert set(pages[0]["LastEvaluatedKey"]) == {"p", "s", "g"}


def test_local_index_in_pages(table):
    pages = table.query_pages(**PARTITION, IndexName="local", Limit=4, ConsistentRead=True)
    assert [number for page in pages for number in numbers(page)] == list(range(ITEMS - 1, 0, -2))
    assert set(pages[0]["LastEvaluatedKey"]) == {"p", "s", "l"}


def test_scan_of_an_index(table):
    pages = table.scan_pages(IndexName="some", Limit=3)
    items = [item for page in pages for item in page["Items"]]
    assert sorted(int(item["s"]["N"]) for item in items) == list(range(1, ITEMS, 2))
    assert all(set(item) == {"p", "s", "g", "colour"} for item in items)
    assert sorted(numbers(table.scan(IndexName="local", ConsistentRead=True))) == list(range(1, ITEMS, 2))


def test_items_with_equal_index_keys_all_come_and_page(new_table):
    table = new_table("p:S", attributes=("g:S", "r:N"), gsi=[index("global", "g", "r")])
    expected = sorted(table.put(p=S(unique()), g=S("g"), r=N(1))["p"]["S"] for _ in range(10))

    def paged(limit, forward):
        pages = table.query_pages(**BY_G, IndexName="global", Limit=limit, ScanIndexForward=forward)
        return [item["p"]["S"] for page in pages for item in page["Items"]]

    eventually(lambda: sorted(paged(100, True)) == expected)
    assert sorted(paged(3, True)) == expected
    assert paged(3, False) == paged(100, True)[::-1]


def test_unknown_index(table, client):
    with invalid("The table does not have the specified index: nope"):
        table.query(**BY_G, IndexName="nope")
    with invalid("The table does not have the specified index: nope"):
        table.scan(IndexName="nope")
    with not_found():
        client().query(TableName="no-such-table", IndexName="nope", **BY_G)


def test_global_index_reads_are_never_consistent(table):
    with invalid("Consistent reads are not supported on global secondary indexes"):
        table.query(**BY_G, IndexName="all", ConsistentRead=True)
    with invalid("Consistent reads are not supported on global secondary indexes"):
        table.scan(IndexName="all", ConsistentRead=True)


# --- Faulty requests ------------------------------------------------------------------------------------------------


def test_key_condition_is_required(table):
    with invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."):
        table.query()


def test_limit_must_be_positive(table):
    with invalid(
        "1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
    ):
        table.query(**PARTITION, Limit=0)
    with invalid(
        "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
    ):
        table.scan(Limit=0)
    with invalid():
        table.scan(Limit=-5)


START = "The provided starting key is invalid"
MISMATCH = "The provided key element does not match the schema"
START_KEYS = [
    ("query", {}, {"p": S("x")}, START),
    ("query", {}, {"p": S("x"), "s": N(1), "z": N(1)}, START),
    ("query", {}, {"p": S("x"), "z": N(1)}, START),
    ("query", {}, {"p": S("x"), "s": S("1")}, MISMATCH),
    ("query", {}, {"p": S("other"), "s": N(1)}, "The provided starting key is outside query boundaries based on provided conditions"),
    ("query", {"IndexName": "all"}, {"p": S("x"), "s": N(1)}, START),
    ("query", {"IndexName": "all"}, {"g": S("g"), "s": N(1)}, START),
    ("query", {"IndexName": "all"}, {"g": S("other"), "p": S("x"), "s": N(1)},
     "The provided starting key is outside query boundaries based on provided conditions"),
    ("scan", {}, {"p": S("x")}, f"{START}: {MISMATCH}"),
    ("scan", {}, {"p": S("x"), "s": N(1), "z": N(1)}, f"{START}: {MISMATCH}"),
    ("scan", {}, {"p": S("x"), "s": S("1")}, f"{START}: {MISMATCH}"),
    ("scan", {"IndexName": "all"}, {"p": S("x"), "s": N(1)}, START),
]  # fmt: skip


@pytest.mark.parametrize("operation, more, key, text", START_KEYS, ids=[f"{c[0]} {c[1]} {c[2]}" for c in START_KEYS])
def test_faulty_start_keys(table, operation, more, key, text):
    base = {} if operation == "scan" else BY_G if "IndexName" in more else PARTITION
    with invalid(text):
        getattr(table, operation)(**base, **more, ExclusiveStartKey=key)


def test_start_key_must_fit_the_sort_condition(table):
    request = {**with_values(PARTITION, s=N(5)), "KeyConditionExpression": "p = :p AND s > :s"}
    assert numbers(table.query(**request, ExclusiveStartKey={"p": S("x"), "s": N(17)})) == [18, 19]
    with invalid("The provided starting key does not match the range key predicate"):
        table.query(**request, ExclusiveStartKey={"p": S("x"), "s": N(3)})


def test_start_key_on_a_query_of_a_hash_only_table(new_table):
    table = new_table("p:S")
    table.put(p=S("x"))
    with invalid(containing("The provided exclusive start key is invalid")):
        table.query(**PARTITION, ExclusiveStartKey={"p": S("x")})


def test_bad_value_in_a_start_key(table):
    with invalid(containing("Supplied AttributeValue is empty")):
        table.scan(ExclusiveStartKey={"p": {}, "s": N(1)})


# --- Scan in segments -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide(new_table):
    table = new_table("p:S")
    requests = [{"PutRequest": {"Item": {"p": S(f"key-{n}"), "n": N(n)}}} for n in range(200)]
    for start in range(0, 200, 25):
        answer = table.client.batch_write_item(RequestItems={table.name: requests[start : start + 25]})
        assert answer["UnprocessedItems"] == {}
    return table


@pytest.mark.parametrize("segments", [1, 2, 3, 16])
@pytest.mark.parametrize("limit", [None, 7])
def test_segments_are_disjoint_and_cover_the_table(wide, segments, limit):
    more = {"Limit": limit} if limit else {}
    found = [
        [item["n"]["N"] for item in wide.all_items(Segment=segment, TotalSegments=segments, **more)]
        for segment in range(segments)
    ]
    assert sorted((int(n) for part in found for n in part)) == list(range(200))
    if segments in (2, 3):
        assert all(len(part) > 200 / segments / 4 for part in found), "the hash space is not split evenly"


def test_a_million_segments(wide):
    assert wide.scan(Segment=999_999, TotalSegments=1_000_000)["Count"] <= 200
    with invalid(containing("Member must have value less than or equal to 1000000")):
        wide.scan(Segment=0, TotalSegments=1_000_001)


def test_scan_order_is_stable_and_pages_join(wide):
    whole = [item["p"] for item in wide.all_items()]
    assert [item["p"] for item in wide.all_items(Limit=17)] == whole
    assert len(whole) == 200


SEGMENT_ERRORS = [
    (
        {"Segment": 0},
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    ),
    (
        {"TotalSegments": 2},
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
    ),
    (
        {"Segment": 5, "TotalSegments": 5},
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 5 is not less than TotalSegments: 5",
    ),
    ({"Segment": -1, "TotalSegments": 5}, containing("Member must have value greater than or equal to 0")),
    ({"Segment": 0, "TotalSegments": 0}, containing("Member must have value greater than or equal to 1")),
]


@pytest.mark.parametrize("request_, text", SEGMENT_ERRORS, ids=[str(request) for request, _ in SEGMENT_ERRORS])
def test_segment_errors(wide, request_, text):
    with invalid(text):
        wide.scan(**request_)


def test_start_key_of_another_segment(wide):
    own = {int(item["n"]["N"]) for item in wide.all_items(Segment=0, TotalSegments=2)}
    foreign = next(n for n in range(200) if n not in own)
    with invalid(
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct "
        "Segment. TotalSegments: 2 Segment: 0"
    ):
        wide.scan(Segment=0, TotalSegments=2, ExclusiveStartKey={"p": S(f"key-{foreign}")})


# --- Capacity -------------------------------------------------------------------------------------------------------


def test_capacity_of_a_query_is_rounded_once(new_table):
    table = new_table("p:S", "s:N")
    for number in range(10):
        table.put(p=S("x"), s=N(number), padding=S("x" * 1000))
    total = {"ReturnConsumedCapacity": "TOTAL"}
    assert table.query(**PARTITION, **total)["ConsumedCapacity"]["CapacityUnits"] == 1.5
    assert table.query(**PARTITION, **total, ConsistentRead=True)["ConsumedCapacity"]["CapacityUnits"] == 3
    empty = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": S("none")}}
    assert table.query(**empty, **total, ConsistentRead=True)["ConsumedCapacity"]["CapacityUnits"] == 1
    answer = table.query(**PARTITION, ReturnConsumedCapacity="INDEXES", ConsistentRead=True)["ConsumedCapacity"]
    assert answer == {"TableName": table.name, "CapacityUnits": 3.0, "Table": {"CapacityUnits": 3.0}}


def test_capacity_of_an_index_query(table):
    answer = table.query(**BY_G, IndexName="keys", ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert answer["GlobalSecondaryIndexes"] == {"keys": {"CapacityUnits": 0.5}}
    assert answer["Table"] == {"CapacityUnits": 0.0} and answer["CapacityUnits"] == 0.5
