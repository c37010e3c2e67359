"""Table operations: life cycle, the checks of CreateTable and UpdateTable (data-plane.md 12)."""

import re
import threading

import botocore.exceptions
import pytest

from harness import HOME, REGIONS
from harness.errors import ANY_TEXT, INVALID, containing, invalid, matching, not_found, rejected, starting
from harness.tables import Table, index, key_attributes
from harness.values import S, unique

IN_USE = "ResourceInUseException"


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S")


# --- Life cycle -----------------------------------------------------------------------------------------------------


def create(client, name, *keys, **more):
    definitions, schema = key_attributes(*(keys or ("p:S",)))
    request = {"AttributeDefinitions": definitions, "KeySchema": schema, "BillingMode": "PAY_PER_REQUEST", **more}
    request = {member: value for member, value in request.items() if value is not None}
    return client().create_table(TableName=name, **request)["TableDescription"]


def test_create_describe_delete(client, new_table):
    table = new_table.adopt(Table(unique("life"), HOME, client))
    created = create(client, table.name, "p:S", "s:N")
    assert created["TableStatus"] == "CREATING"
    assert "WarmThroughput" not in created
    described = table.wait_active()
    assert {**described, "TableStatus": "CREATING"}.items() >= created.items()
    assert table.delete_table()["TableDescription"]["TableStatus"] == "DELETING"
    table.wait_gone()
    with not_found(f"Requested resource not found: Table: {table.name} not found"):
        table.describe_table()


def test_description_of_an_on_demand_table(new_table):
    table = new_table("p:S", "s:N")
    description = table.description()
    created, arn = description.pop("CreationDateTime"), description.pop("TableArn")
    billing, warm, table_id = (description.pop(name) for name in ("BillingModeSummary", "WarmThroughput", "TableId"))
    assert description == {
        "TableName": table.name,
        "AttributeDefinitions": [
            {"AttributeName": "p", "AttributeType": "S"},
            {"AttributeName": "s", "AttributeType": "N"},
        ],
        "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
        "TableStatus": "ACTIVE",
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "TableSizeBytes": 0,
        "ItemCount": 0,
        "DeletionProtectionEnabled": False,
    }
    assert re.fullmatch(rf"arn:aws:dynamodb:us-east-1:\d{{12}}:table/{table.name}", arn)
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", table_id)
    assert billing == {"BillingMode": "PAY_PER_REQUEST", "LastUpdateToPayPerRequestDateTime": created}
    assert warm == {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}


def test_description_of_a_provisioned_table(new_table):
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    description = new_table(BillingMode="PROVISIONED", ProvisionedThroughput=throughput).description()
    assert description["ProvisionedThroughput"] == {"NumberOfDecreasesToday": 0, **throughput}
    assert "BillingModeSummary" not in description


def test_table_may_be_named_by_its_arn(table):
    arn = table.description()["TableArn"]
    assert table.client.describe_table(TableName=arn)["Table"]["TableName"] == table.name
    key = {"p": S(unique())}
    table.client.put_item(TableName=arn, Item=key)
    assert table.client.get_item(TableName=arn, Key=key, ConsistentRead=True)["Item"] == key


def test_existing_name_is_refused(client, table):
    with rejected(IN_USE, f"Table already exists: {table.name}"):
        create(client, table.name)


def test_concurrent_creates_of_one_name_have_one_winner(client, new_table):
    name, outcomes = unique("race"), []
    new_table.adopt(Table(name, HOME, client))

    def attempt():
        try:
            outcomes.append(create(client, name)["TableStatus"])
        except botocore.exceptions.ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["CREATING"] + [IN_USE] * 5


def test_name_is_free_again_when_the_table_is_gone(client, new_table):
    table = new_table()
    first = table.description()
    table.put(p=S("old"))
    table.delete_table()
    table.wait_gone()
    second = create(client, table.name)
    table.wait_active()
    assert table.all_items() == []
    assert second["TableId"] != first["TableId"]
    assert second["TableArn"] == first["TableArn"]


def test_same_name_in_two_regions_are_two_tables(client, new_table):
    east = new_table()
    west = east.in_region(REGIONS[1])
    client(west.region).create_table(
        TableName=west.name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=key_attributes("other:N")[0],
        KeySchema=key_attributes("other:N")[1],
    )
    west.wait_active()
    east.put(p=S("only here"))
    assert west.all_items() == []
    assert west.description()["TableId"] != east.description()["TableId"]
    assert ":eu-west-1:" in west.description()["TableArn"]


@pytest.mark.parametrize("operation", ["describe_table", "delete_table"])
def test_table_operations_on_a_missing_table(client, operation):
    with not_found("Requested resource not found: Table: no-such-table not found"):
        getattr(client(), operation)(TableName="no-such-table")


ITEM_OPERATIONS = {
    "put_item": {"Item": {"p": S("x")}},
    "get_item": {"Key": {"p": S("x")}},
    "update_item": {"Key": {"p": S("x")}},
    "delete_item": {"Key": {"p": S("x")}},
    "scan": {},
    "query": {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": S("x")}},
}


@pytest.mark.parametrize("operation", ITEM_OPERATIONS)
def test_item_operations_on_a_missing_table(client, operation):
    with not_found():
        getattr(client(), operation)(TableName="no-such-table", **ITEM_OPERATIONS[operation])


def test_deletion_protection(new_table):
    table = new_table(DeletionProtectionEnabled=True)
    assert table.description()["DeletionProtectionEnabled"] is True
    protected = (
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )
    with invalid(protected):
        table.delete_table()
    assert table.description()["TableStatus"] == "ACTIVE"
    assert table.update(DeletionProtectionEnabled=False)["DeletionProtectionEnabled"] is False
    table.delete_table()
    table.wait_gone()


def test_item_count_and_size_are_counted_eventually_or_stay_zero(new_table):
    table = new_table()
    table.put(p=S("x"))
    assert table.description()["ItemCount"] in (0, 1)


# --- CreateTable: checks (12.2) -------------------------------------------------------------------------------------

THROUGHPUT = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}


def schema(*pairs):
    return [{"AttributeName": name, "KeyType": role} for name, role in pairs]


def definitions(*attributes):
    return key_attributes(*attributes)[0]


def two_keys(**more):
    return {
        "AttributeDefinitions": definitions("p:S", "s:S"),
        "KeySchema": schema(("p", "HASH"), ("s", "RANGE")),
        **more,
    }


def without_projection_type(name, *keys):
    return {**index(name, *keys), "Projection": {}}


def with_projection(name, *keys, **projection):
    return {**index(name, *keys), "Projection": projection}


LSI, GSI = "LocalSecondaryIndexes", "GlobalSecondaryIndexes"
CREATE_CHECKS = {
    "throughput with on-demand": (
        {"ProvisionedThroughput": THROUGHPUT},
        INVALID
        + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    ),
    "provisioned without throughput": (
        {"BillingMode": "PROVISIONED"},
        INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
    "provisioned is the default": (
        {"BillingMode": None},
        INVALID + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
    "throughput out of bounds": (
        {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": {"ReadCapacityUnits": 10**12 + 1, "WriteCapacityUnits": 1},
        },
        containing("Given value 1000000000001 for ReadCapacityUnits is out of bounds"),
    ),
    "more keys than definitions": (
        {"KeySchema": schema(("p", "HASH"), ("s", "RANGE"))},
        "Invalid KeySchema: Some index key attribute have no definition",
    ),
    "repeated key with one definition": (
        {"KeySchema": schema(("p", "HASH"), ("p", "RANGE"))},
        "Invalid KeySchema: Some index key attribute have no definition",
    ),
    "key without definition": (
        {"AttributeDefinitions": definitions("b:S")},
        INVALID
        + "Some index key attributes are not defined in AttributeDefinitions. Keys: [p], AttributeDefinitions: [b]",
    ),
    "hash and range key of one name": (
        {"AttributeDefinitions": definitions("p:S", "s:S"), "KeySchema": schema(("p", "HASH"), ("p", "RANGE"))},
        "Both the Hash Key and the Range Key element in the KeySchema have the same name",
    ),
    "first key not HASH": (
        {"KeySchema": schema(("p", "RANGE"))},
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    ),
    "second key not RANGE": (
        two_keys(KeySchema=schema(("p", "HASH"), ("s", "HASH"))),
        "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
    ),
    "unused definition": (
        {"AttributeDefinitions": definitions("p:S", "s:S")},
        INVALID
        + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
    ),
    "unused definition beside an index": (
        {"AttributeDefinitions": definitions("p:S", "s:S", "x:S"), GSI: [index("one", "s")]},
        starting(INVALID + "Some AttributeDefinitions are not used. AttributeDefinitions: ["),
    ),
    "empty list of LSIs": (two_keys(**{LSI: []}), INVALID + "List of LocalSecondaryIndexes is empty"),
    "LSI on a table without range key": (
        {"AttributeDefinitions": definitions("p:S", "x:S"), LSI: [index("one", "p", "x")]},
        INVALID + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    ),
    "LSI without range key": (
        two_keys(**{LSI: [index("one", "p")]}),
        INVALID + "Index KeySchema does not have a range key for index: one",
    ),
    "LSI with another hash key": (
        two_keys(**{LSI: [index("one", "s", "p")]}),
        INVALID
        + "Index KeySchema does not have the same leading hash key as table KeySchema for index: one. "
        + "index hash key: s, table hash key: p",
    ),
    "six LSIs": (
        two_keys(**{LSI: [index(f"one{n}", "p", "s") for n in range(6)]}),
        INVALID + "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
    ),
    "empty list of GSIs": ({GSI: []}, INVALID + "List of GlobalSecondaryIndexes is empty"),
    "GSI throughput with on-demand": (
        {GSI: [{**index("one", "p"), "ProvisionedThroughput": THROUGHPUT}]},
        INVALID + "ProvisionedThroughput should not be specified for index: one when BillingMode is PAY_PER_REQUEST",
    ),
    "provisioned GSI without throughput": (
        {"BillingMode": "PROVISIONED", "ProvisionedThroughput": THROUGHPUT, GSI: [index("one", "p")]},
        INVALID + "ProvisionedThroughput is not specified for index: one",
    ),
    "21 GSIs": (
        {GSI: [index(f"one{n}", "p") for n in range(21)]},
        INVALID + "GlobalSecondaryIndex count exceeds the per-table limit of 20",
    ),
    "index key without definition": (
        {GSI: [index("one", "x")]},
        INVALID
        + "Some index key attributes are not defined in AttributeDefinitions. Keys: [x], AttributeDefinitions: [p]",
    ),
    "no projection type": (
        {GSI: [without_projection_type("one", "p")]},
        INVALID + "Unknown ProjectionType: null",
    ),
    "LSI without projection type": (
        two_keys(**{LSI: [without_projection_type("one", "p", "s")]}),
        INVALID + "Unknown ProjectionType: null",
    ),
    "ALL with names": (
        {GSI: [with_projection("one", "p", ProjectionType="ALL", NonKeyAttributes=["x"])]},
        INVALID + "ProjectionType is ALL, but NonKeyAttributes is specified",
    ),
    "KEYS_ONLY with names": (
        {GSI: [with_projection("one", "p", ProjectionType="KEYS_ONLY", NonKeyAttributes=["x"])]},
        INVALID + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
    ),
    "INCLUDE without names": (
        {GSI: [with_projection("one", "p", ProjectionType="INCLUDE")]},
        INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
    ),
    "two GSIs of one name": (
        {GSI: [index("one", "p"), index("one", "p")]},
        INVALID + "Duplicate index name: one",
    ),
    "GSI and LSI of one name": (
        two_keys(**{LSI: [index("one", "p", "s")], GSI: [index("one", "s")]}),
        INVALID + "Duplicate index name: one",
    ),
    "repeated definition": (
        {"AttributeDefinitions": definitions("p:S", "p:S")},
        matching("uplicate.*p"),
    ),
    "three key elements": (
        {"KeySchema": schema(("p", "HASH"), ("s", "RANGE"), ("x", "RANGE"))},
        containing("Member must have length less than or equal to 2"),
    ),
    "no key elements": ({"KeySchema": []}, containing("Member must have length greater than or equal to 1")),
    "no key schema": ({"KeySchema": None}, ANY_TEXT),
    "no definitions": ({"AttributeDefinitions": None}, ANY_TEXT),
    "key type": (
        {"KeySchema": schema(("p", "SORT"))},
        containing(
            "Value 'SORT' at 'keySchema.1.member.keyType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [HASH, RANGE]"
        ),
    ),
    "attribute type": (
        {"AttributeDefinitions": definitions("p:BOOL")},
        containing(
            "at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [B, N, S]"
        ),
    ),
    "billing mode": (
        {"BillingMode": "FREE"},
        containing(
            "at 'billingMode' failed to satisfy constraint: "
            "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"
        ),
    ),
    "projection type": (
        {GSI: [index("one", "p", projection="SOME")]},
        containing("Member must satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]"),
    ),
    "two faulty members in one text": (
        {"KeySchema": schema(("p", "SORT")), "BillingMode": "FREE"},
        matching("^2 validation errors detected: Value '.*; Value '"),
    ),
    "index name of 2 characters": (
        {GSI: [index("in", "p")]},
        containing("Member must have length greater than or equal to 3"),
    ),
    "key name of 256 characters": (
        {"AttributeDefinitions": definitions("p" * 256 + ":S"), "KeySchema": schema(("p" * 256, "HASH"))},
        containing("255"),
    ),
    "zero throughput": (
        {"BillingMode": "PROVISIONED", "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 1}},
        containing("Member must have value greater than or equal to 1"),
    ),
    "51 tags": ({"Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(51)]}, ANY_TEXT),
}


@pytest.mark.parametrize("case", CREATE_CHECKS)
def test_create_table_checks(client, case):
    changes, text = CREATE_CHECKS[case]
    name = unique("refused")
    with invalid(text):
        create(client, name, **changes)
    with not_found(f"Requested resource not found: Table: {name} not found"):
        client().describe_table(TableName=name)


CREATE_ORDER = [
    (
        "billing before keys",
        {"ProvisionedThroughput": THROUGHPUT, "KeySchema": schema(("x", "HASH"))},
        "Neither ReadCapacity",
    ),
    ("definitions before order", {"KeySchema": schema(("x", "RANGE"))}, "Some index key attributes are not defined"),
    ("keys before indexes", {"KeySchema": schema(("p", "RANGE")), GSI: []}, "The first KeySchemaElement"),
    ("LSIs before GSIs", two_keys(**{LSI: [], GSI: []}), "List of LocalSecondaryIndexes is empty"),
]


@pytest.mark.parametrize("changes, text", [case[1:] for case in CREATE_ORDER], ids=[case[0] for case in CREATE_ORDER])
def test_create_table_reports_the_first_fault(client, changes, text):
    with invalid(containing(text)):
        create(client, unique("refused"), **changes)


NAME_CHECKS = [
    (None, "The parameter 'TableName' is required but was not present in the request"),
    (
        "ab",
        "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 3",
    ),
    ("a" * 256, containing("Member must have length less than or equal to 255")),
    ("with space", containing("Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")),
    ("tür", containing("Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")),
]


@pytest.mark.parametrize("name, text", NAME_CHECKS)
def test_table_names(client, name, text):
    with invalid(text):
        create(client, name)


def test_fault_of_the_table_name_hides_all_others(client):
    with invalid(matching("^1 validation error detected: Value 'ab' at 'tableName'")):
        create(client, "ab", BillingMode="FREE", KeySchema=schema(("p", "SORT")))


@pytest.mark.parametrize("name", ["abc", "a" * 255, "A-b_c.9"])
def test_names_at_the_limits(client, new_table, name):
    table = new_table.adopt(Table(name, REGIONS[2], client))
    table.client.create_table(
        TableName=name,
        AttributeDefinitions=definitions("p:S"),
        KeySchema=schema(("p", "HASH")),
        BillingMode="PAY_PER_REQUEST",
    )
    table.wait_active()
    table.put(p=S("x"))
    assert table.get(p=S("x"))


def test_twenty_gsis_and_five_lsis_are_accepted(new_table):
    table = new_table(
        "p:S",
        "s:S",
        gsi=[index(f"global-{n}", "s") for n in range(20)],
        lsi=[index(f"local-{n}", "p", "s") for n in range(5)],
    )
    description = table.description()
    assert {i["IndexName"] for i in description["GlobalSecondaryIndexes"]} == {f"global-{n}" for n in range(20)}
    assert {i["IndexName"] for i in description["LocalSecondaryIndexes"]} == {f"local-{n}" for n in range(5)}


# --- UpdateTable (12.3; indexes in test_indexes.py, streams in test_streams.py, replicas in test_global_tables.py) --

NOTHING_TO_DO = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, "
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, "
    "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required"
)


@pytest.mark.parametrize("request_", [{}, {"GlobalSecondaryIndexUpdates": []}], ids=["nothing", "empty list"])
def test_update_table_with_nothing_to_do(table, request_):
    with invalid(NOTHING_TO_DO):
        table.update_table(**request_)


def test_update_of_a_missing_table(client):
    with not_found("Requested resource not found: Table: no-such-table not found"):
        client().update_table(TableName="no-such-table", DeletionProtectionEnabled=True)


def test_deletion_protection_must_be_changed_alone(table):
    with invalid(INVALID + "DeletionProtection modification must be the only operation in the request"):
        table.update_table(DeletionProtectionEnabled=True, BillingMode="PAY_PER_REQUEST")


def test_throughput_is_changed(new_table):
    table = new_table(
        BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    )
    raised = table.update(ProvisionedThroughput={"ReadCapacityUnits": 7, "WriteCapacityUnits": 5})[
        "ProvisionedThroughput"
    ]
    assert (raised["ReadCapacityUnits"], raised["WriteCapacityUnits"]) == (7, 5)
    assert raised["NumberOfDecreasesToday"] == 0 and "LastIncreaseDateTime" in raised
    lowered = table.update(ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5})[
        "ProvisionedThroughput"
    ]
    assert lowered["NumberOfDecreasesToday"] == 1 and "LastDecreaseDateTime" in lowered


def test_the_same_throughput_again_is_refused(new_table):
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    table = new_table(BillingMode="PROVISIONED", ProvisionedThroughput=throughput)
    text = (
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        "Current ReadCapacityUnits provisioned for the table: 5. Requested ReadCapacityUnits: 5. "
        "Current WriteCapacityUnits provisioned for the table: 5. Requested WriteCapacityUnits: 5. "
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )
    with invalid(text):
        table.update_table(ProvisionedThroughput=throughput)


def test_billing_mode_there_and_back(new_table):
    table = new_table()
    assert table.update(BillingMode="PAY_PER_REQUEST")["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    with invalid(INVALID + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"):
        table.update_table(BillingMode="PROVISIONED")
    provisioned = table.update(BillingMode="PROVISIONED", ProvisionedThroughput=THROUGHPUT)
    assert provisioned["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    assert provisioned["ProvisionedThroughput"]["ReadCapacityUnits"] == 1
    on_demand = table.update(BillingMode="PAY_PER_REQUEST")
    assert on_demand["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert on_demand["ProvisionedThroughput"]["ReadCapacityUnits"] == 0


def test_on_demand_table_takes_no_throughput(table):
    with invalid(
        containing(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
    ):
        table.update_table(BillingMode="PAY_PER_REQUEST", ProvisionedThroughput=THROUGHPUT)


def test_going_provisioned_needs_throughput_for_each_index(new_table):
    table = new_table(gsi=[index("one", "p")])
    with invalid(INVALID + "ProvisionedThroughput must be specified for index: one"):
        table.update_table(BillingMode="PROVISIONED", ProvisionedThroughput=THROUGHPUT)
    updates = [{"Update": {"IndexName": "one", "ProvisionedThroughput": THROUGHPUT}}]
    description = table.update(
        BillingMode="PROVISIONED", ProvisionedThroughput=THROUGHPUT, GlobalSecondaryIndexUpdates=updates
    )
    assert description["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 1
