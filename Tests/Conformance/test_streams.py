"""Change streams: enabling them, and the four operations (streams.md 2, 3); records are in test_stream_records.py."""

import re

import botocore.exceptions
import pytest

from harness import REGIONS
from harness.errors import INVALID, containing, invalid, not_found, rejected, starting
from harness.streamreader import reader
from harness.tables import index, stream_of
from harness.values import N, S, unique
from harness.waiting import eventually
from harness.wire import STREAMS_API

VIEWS = ["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
SHARD_ID = r"shardId-\d{20}-[0-9a-f]{8}"


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S", stream="NEW_AND_OLD_IMAGES")


@pytest.fixture(scope="module")
def arn(table):
    return table.description()["LatestStreamArn"]


@pytest.fixture(scope="module")
def shard(streams, arn):
    return streams().describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]


# --- Enabling and disabling (2) -------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_stream_made_with_the_table(new_table, view):
    table = new_table(stream=view)
    description = table.description()
    label = description["LatestStreamLabel"]
    assert description["StreamSpecification"] == stream_of(view)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", label)
    assert description["LatestStreamArn"] == f"{description['TableArn']}/stream/{label}"


def test_table_without_stream(new_table):
    description = new_table().description()
    assert not {"StreamSpecification", "LatestStreamArn", "LatestStreamLabel"} & set(description)


CREATE_FAULTS = [
    ({"StreamEnabled": True}, INVALID + "Table is being created with a stream enabled, UpdateViewType is required"),
    (
        {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"},
        INVALID + "Table is being created with a stream disabled, UpdateViewType should not be specified",
    ),
    (stream_of("SOME"), containing("Member must satisfy enum value set")),
]


@pytest.mark.parametrize("specification, text", CREATE_FAULTS)
def test_faulty_stream_of_a_new_table(new_table, specification, text):
    with invalid(text):
        new_table(StreamSpecification=specification)


def test_stream_switched_on_off_and_on_again(new_table, streams):
    table = new_table()
    with invalid(INVALID + "If stream is being enabled then UpdateViewType is required"):
        table.update_table(StreamSpecification={"StreamEnabled": True})
    with invalid(f"Table has no stream to disable: TableName: {table.name}"):
        table.update_table(StreamSpecification={"StreamEnabled": False})
    first = table.update(StreamSpecification=stream_of("KEYS_ONLY"))
    for view in ("KEYS_ONLY", "NEW_IMAGE"):
        with invalid(f"Table already has an enabled stream: TableName: {table.name}"):
            table.update_table(StreamSpecification=stream_of(view))
    with invalid(INVALID + "If stream is being disabled, then UpdateViewType must not be specified"):
        table.update_table(StreamSpecification={"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"})
    off = table.update(StreamSpecification={"StreamEnabled": False})
    assert "StreamSpecification" not in off
    assert off["LatestStreamArn"] == first["LatestStreamArn"] and off["LatestStreamLabel"] == first["LatestStreamLabel"]
    second = table.update(StreamSpecification=stream_of("NEW_IMAGE"))
    assert second["LatestStreamArn"] != first["LatestStreamArn"]
    listed = {entry["StreamArn"] for entry in streams().list_streams(TableName=table.name)["Streams"]}
    assert listed == {first["LatestStreamArn"], second["LatestStreamArn"]}


def test_records_are_made_only_while_the_stream_is_on(new_table, streams):
    table = new_table()
    table.put(p=S("before"))
    table.update(StreamSpecification=stream_of())
    table.put(p=S("during"))
    first = reader(streams, table)
    table.update(StreamSpecification={"StreamEnabled": False})
    table.put(p=S("between"))
    table.update(StreamSpecification=stream_of())
    table.put(p=S("after"))
    assert [r["dynamodb"]["Keys"]["p"]["S"] for r in first.until_count(1)] == ["during"]
    assert [r["dynamodb"]["Keys"]["p"]["S"] for r in reader(streams, table).until_count(1)] == ["after"]
    assert first.poll() == []


def test_disabled_stream_is_closed_and_still_readable(new_table, streams):
    table = new_table(stream="NEW_IMAGE")
    table.put(p=S("one"))
    arn = table.description()["LatestStreamArn"]
    table.update(StreamSpecification={"StreamEnabled": False})
    assert_closed_and_readable(streams, arn, ["one"])


def test_stream_of_a_deleted_table_is_closed_and_still_readable(new_table, streams):
    table = new_table(stream="NEW_IMAGE")
    table.put(p=S("one"))
    arn = table.description()["LatestStreamArn"]
    table.delete_table()
    table.wait_gone()
    assert_closed_and_readable(streams, arn, ["one"])


def assert_closed_and_readable(streams, arn, keys):
    def disabled():
        description = streams().describe_stream(StreamArn=arn)["StreamDescription"]
        assert description["StreamStatus"] == "DISABLED"
        assert all("EndingSequenceNumber" in shard["SequenceNumberRange"] for shard in description["Shards"])
        return description

    (shard,) = eventually(disabled)["Shards"]
    iterator = streams().get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    found, token = [], iterator["ShardIterator"]
    while token is not None:
        page = streams().get_records(ShardIterator=token)
        found += [r["dynamodb"]["Keys"]["p"]["S"] for r in page["Records"]]
        # Absent, not null, when a closed shard has been read to its end.
        token = page.get("NextShardIterator")
    assert found == keys
    assert arn in {entry["StreamArn"] for entry in all_streams(streams)}


def all_streams(streams, **request):
    found = []
    while True:
        page = streams().list_streams(**request)
        found += page["Streams"]
        if "LastEvaluatedStreamArn" not in page:
            return found
        request["ExclusiveStartStreamArn"] = page["LastEvaluatedStreamArn"]


def test_stream_changes_come_alone(new_table):
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = new_table(BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    with invalid(INVALID + "You cannot modify stream status while updating table IOPS"):
        table.update_table(
            StreamSpecification=stream_of(), ProvisionedThroughput={"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}
        )
    with invalid(INVALID + "You cannot create or delete index while changing stream status"):
        table.update_table(
            StreamSpecification=stream_of(),
            AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": {**index("late", "p"), "ProvisionedThroughput": throughput}}],
        )


def test_arn_is_stable_under_other_changes(new_table):
    table = new_table(stream="NEW_IMAGE")
    arn = table.description()["LatestStreamArn"]
    assert table.update(DeletionProtectionEnabled=True)["LatestStreamArn"] == arn
    assert table.update(DeletionProtectionEnabled=False)["LatestStreamArn"] == arn


# --- ListStreams ----------------------------------------------------------------------------------------------------


def test_list_by_table(streams, table, arn):
    answer = streams().list_streams(TableName=table.name)
    assert answer["Streams"] == [{"StreamArn": arn, "TableName": table.name, "StreamLabel": arn.split("/stream/")[1]}]
    assert "LastEvaluatedStreamArn" not in answer


def test_list_in_pages(streams, new_table):
    arns = {new_table(stream="KEYS_ONLY").description()["LatestStreamArn"] for _ in range(3)}
    first = streams().list_streams(Limit=1)
    assert first["LastEvaluatedStreamArn"] == first["Streams"][0]["StreamArn"]
    paged = [entry["StreamArn"] for entry in all_streams(streams, Limit=2)]
    assert len(set(paged)) == len(paged) and arns <= set(paged)


def test_list_is_per_region(streams, table):
    for region in REGIONS[1:]:
        assert table.name not in {entry["TableName"] for entry in streams(region).list_streams()["Streams"]}


def test_list_of_an_unknown_table(streams):
    try:
        assert streams().list_streams(TableName="no-such-table")["Streams"] == []
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.mark.parametrize("limit", [0, -1, 101])
def test_list_limit_is_1_to_100(streams, limit):
    with invalid():
        streams().list_streams(Limit=limit)


# --- DescribeStream -------------------------------------------------------------------------------------------------


def test_description(streams, table, arn):
    description = streams().describe_stream(StreamArn=arn)["StreamDescription"]
    created, shards = description.pop("CreationRequestDateTime"), description.pop("Shards")
    description.pop("LastEvaluatedShardId", None)
    assert description == {
        "StreamArn": arn,
        "StreamLabel": arn.split("/stream/")[1],
        "StreamStatus": "ENABLED",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "TableName": table.name,
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}],
    }
    assert abs(created.timestamp() - table.description()["CreationDateTime"].timestamp()) < 60
    assert len(shards) >= 1
    for shard in shards:
        assert re.fullmatch(SHARD_ID, shard["ShardId"])
        assert re.fullmatch(r"\d{21,40}", shard["SequenceNumberRange"]["StartingSequenceNumber"])
        assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    assert [shard["ShardId"] for shard in shards] == sorted(shard["ShardId"] for shard in shards)


def test_shards_in_pages(streams, arn, shard):
    page = streams().describe_stream(StreamArn=arn, Limit=1)["StreamDescription"]
    assert [entry["ShardId"] for entry in page["Shards"]] == [shard]
    after = streams().describe_stream(StreamArn=arn, ExclusiveStartShardId=shard)["StreamDescription"]
    assert shard not in [entry["ShardId"] for entry in after["Shards"]]


def test_children_of_a_shard(streams, arn, shard):
    child_shards = {"Type": "CHILD_SHARDS", "ShardId": shard}
    assert streams().describe_stream(StreamArn=arn, ShardFilter=child_shards)["StreamDescription"]["Shards"] == []
    for incomplete in ({"Type": "CHILD_SHARDS"}, {"ShardId": shard}):
        with invalid():
            streams().describe_stream(StreamArn=arn, ShardFilter=incomplete)


def missing_arn(arn):
    return arn.replace(":table/", ":table/none-")


def test_missing_streams(streams, arn, shard):
    text = f"Requested resource not found: Stream: {missing_arn(arn)} not found"
    with not_found(text):
        streams().describe_stream(StreamArn=missing_arn(arn))
    with not_found(text):
        streams().get_shard_iterator(StreamArn=missing_arn(arn), ShardId=shard, ShardIteratorType="LATEST")
    other_label = re.sub(r"\d{4}-", "2001-", arn)
    with not_found(f"Requested resource not found: Stream: {other_label} not found"):
        streams().describe_stream(StreamArn=other_label)


@pytest.mark.parametrize(
    "arn_", ["x" * 40, "arn:aws:dynamodb:us-east-1", "arn:aws:s3:us-east-1:000000000000:table/t/stream/2020"]
)
def test_malformed_arn(streams, shard, arn_):
    with invalid():
        streams().describe_stream(StreamArn=arn_)
    with invalid():
        streams().get_shard_iterator(StreamArn=arn_, ShardId=shard, ShardIteratorType="LATEST")


@pytest.mark.parametrize("limit", [0, 101])
def test_describe_limit_is_1_to_100(streams, arn, limit):
    with invalid():
        streams().describe_stream(StreamArn=arn, Limit=limit)


# --- GetShardIterator and GetRecords --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ten(new_table, streams):
    """(streams client, ARN, shard, records) of ten puts."""
    table = new_table("p:S", stream="NEW_IMAGE")
    for number in range(10):
        table.put(p=S("x"), n=N(number))
    follow = reader(streams, table)
    records = follow.until_count(10)
    (shard,) = follow.shards()
    return streams(), follow.arn, shard["ShardId"], records


def numbers(records):
    return [int(record["dynamodb"]["NewImage"]["n"]["N"]) for record in records]


def read_from(ten, kind, sequence_number=None, **more):
    client, arn, shard, _ = ten
    position = {"SequenceNumber": sequence_number} if sequence_number else {}
    iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **position)[
        "ShardIterator"
    ]
    assert 1 <= len(iterator) <= 2048
    return client.get_records(ShardIterator=iterator, **more)


def test_iterator_types(ten):
    fourth = ten[3][4]["dynamodb"]["SequenceNumber"]
    assert numbers(read_from(ten, "TRIM_HORIZON")["Records"]) == list(range(10))
    assert numbers(read_from(ten, "AT_SEQUENCE_NUMBER", fourth)["Records"]) == [4, 5, 6, 7, 8, 9]
    assert numbers(read_from(ten, "AFTER_SEQUENCE_NUMBER", fourth)["Records"]) == [5, 6, 7, 8, 9]
    latest = read_from(ten, "LATEST")
    assert latest["Records"] == [] and latest["NextShardIterator"]


def test_latest_starts_with_the_next_record(table, streams, arn, shard):
    iterator = streams().get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    p, found = S(unique()), []
    table.put(p=p)

    def arrived():
        nonlocal iterator
        page = streams().get_records(ShardIterator=iterator)
        iterator = page["NextShardIterator"]
        found.extend(page["Records"])
        return p in [r["dynamodb"]["Keys"]["p"] for r in found]

    eventually(arrived)
    assert len(found) == 1


def test_records_in_pages(ten):
    client, found = ten[0], []
    page = read_from(ten, "TRIM_HORIZON", Limit=3)
    while page["Records"]:
        assert len(page["Records"]) <= 3
        found += numbers(page["Records"])
        page = client.get_records(ShardIterator=page["NextShardIterator"], Limit=3)
    assert found == list(range(10))


def test_iterator_may_be_used_again_and_records_stay_the_same(ten):
    client, arn, shard, records = ten
    iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    for _ in range(2):
        assert client.get_records(ShardIterator=iterator)["Records"] == records


def test_sequence_number_belongs_to_two_types_only(ten):
    number = ten[3][0]["dynamodb"]["SequenceNumber"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        with invalid():
            read_from(ten, kind)
    for kind in ("TRIM_HORIZON", "LATEST"):
        with invalid():
            read_from(ten, kind, number)


def test_unknown_iterator_type(ten):
    with invalid(
        starting(
            "1 validation error detected: Value 'AT_TIMESTAMP' at 'shardIteratorType' failed to satisfy constraint: "
            "Member must satisfy enum value set: "
        )
    ):
        read_from(ten, "AT_TIMESTAMP")


def test_unknown_and_malformed_shards(ten):
    client, arn, shard, _ = ten
    with rejected("ResourceNotFoundException", containing("Requested resource not found")):
        client.get_shard_iterator(
            StreamArn=arn, ShardId="shardId-00000000000000000001-00000000", ShardIteratorType="LATEST"
        )
    with invalid():
        client.get_shard_iterator(StreamArn=arn, ShardId="short", ShardIteratorType="LATEST")


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_records_limit_is_1_to_1000(ten, limit):
    with invalid():
        read_from(ten, "TRIM_HORIZON", Limit=limit)
    assert numbers(read_from(ten, "TRIM_HORIZON", Limit=1000)["Records"]) == list(range(10))


@pytest.mark.parametrize("change", [lambda i: "x", lambda i: "", lambda i: i[: len(i) // 2], lambda i: "x" * 2049])
def test_malformed_iterators(ten, change):
    client, arn, shard, _ = ten
    iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")["ShardIterator"]
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        client.get_records(ShardIterator=change(iterator))
    assert caught.value.response["Error"]["Code"] in (
        "ValidationException",
        "ExpiredIteratorException",
        "TrimmedDataAccessException",
    )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    "operation, members", [("DescribeStream", {}), ("GetShardIterator", {"StreamArn": "x" * 40}), ("GetRecords", {})]
)
def test_required_members(raw, operation, members):
    assert raw.call(operation, members, api=STREAMS_API).error[:2] == (400, "ValidationException")


def test_page_has_at_most_1000_records(new_table, streams):
    table = new_table("p:S", stream="KEYS_ONLY")
    for start in range(0, 1100, 25):
        puts = [{"PutRequest": {"Item": {"p": S(f"k{n}")}}} for n in range(start, start + 25)]
        table.client.batch_write_item(RequestItems={table.name: puts})
    follow = reader(streams, table)
    follow.until_count(1100)
    client, shard = streams(), follow.shards()[0]["ShardId"]
    iterator = client.get_shard_iterator(StreamArn=follow.arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    first = client.get_records(ShardIterator=iterator)
    assert len(first["Records"]) <= 1000
    keys = [r["dynamodb"]["Keys"]["p"]["S"] for r in follow.records]
    assert sorted(keys) == sorted(f"k{n}" for n in range(1100))


def test_page_has_at_most_one_megabyte(new_table, streams):
    table = new_table("p:S", stream="NEW_AND_OLD_IMAGES")
    for number in range(6):
        table.put(p=S("x"), n=N(number), padding=S("x" * 350_000))
    follow = reader(streams, table)
    records = follow.until_count(6)
    assert numbers(records) == list(range(6))
    client, shard = streams(), follow.shards()[0]["ShardId"]
    token = client.get_shard_iterator(StreamArn=follow.arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    pages = []
    while sum(map(len, pages)) < 6:
        page = client.get_records(ShardIterator=token)
        token = page["NextShardIterator"]
        pages.append([r["dynamodb"]["SizeBytes"] for r in page["Records"]])
    # A record never splits, so that the last of a page may cross the line.
    assert len(pages) > 1 and all(sum(sizes[:-1]) <= 1 << 20 for sizes in pages)
