"""What belongs to an account and a region: ListTables, limits, endpoints, identity (data-plane.md 12.1)."""

import re

import boto3
import pytest

from harness import HOME, REGIONS
from harness.errors import containing, invalid
from harness.values import unique


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S")


# --- ListTables -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listed(new_table):
    """Five names that sort after all others, in the order of their bytes."""
    prefix = unique("zzzz")
    return sorted(new_table(prefix=f"{prefix}{letter}").name for letter in "bAa_9")


def test_list_is_ordered_by_bytes(client, listed):
    names = client().list_tables(ExclusiveStartTableName=listed[0][:-20])["TableNames"]
    everything = [name for page in client().get_paginator("list_tables").paginate() for name in page["TableNames"]]
    assert everything == sorted(everything, key=str.encode)
    assert set(listed) <= set(everything)
    assert names == [name for name in everything if name > listed[0][:-20]][: len(names)]


def test_list_in_pages(client, listed):
    before_first = listed[0][:-1]
    first = client().list_tables(ExclusiveStartTableName=before_first, Limit=2)
    assert (first["TableNames"], first["LastEvaluatedTableName"]) == (listed[:2], listed[1])
    second = client().list_tables(ExclusiveStartTableName=listed[1], Limit=2)
    assert second["TableNames"] == listed[2:4]


def test_last_page_has_no_last_evaluated_name(client, listed):
    whole = client().list_tables(ExclusiveStartTableName=listed[-2], Limit=1)
    assert whole["TableNames"] == listed[-1:] and "LastEvaluatedTableName" not in whole
    assert client().list_tables(ExclusiveStartTableName=listed[-1])["TableNames"] == []


def test_list_has_at_most_100_names(client):
    assert len(client().list_tables(Limit=100)["TableNames"]) <= 100


@pytest.mark.parametrize(
    "limit, text",
    [
        (0, "Member must have value greater than or equal to 1"),
        (-1, "Member must have value greater than or equal to 1"),
        (101, "Member must have value less than or equal to 100"),
    ],
)
def test_list_limit_is_1_to_100(client, limit, text):
    with invalid(containing(text)):
        client().list_tables(Limit=limit)


def test_list_is_per_region(client, listed):
    for region in REGIONS[1:]:
        assert not set(listed) & set(client(region).list_tables(ExclusiveStartTableName=listed[0][:-1])["TableNames"])


# --- Limits, endpoints, identity ------------------------------------------------------------------------------------


def test_describe_limits(client):
    answer = client().describe_limits()
    del answer["ResponseMetadata"]
    assert answer == {
        "AccountMaxReadCapacityUnits": 80000,
        "AccountMaxWriteCapacityUnits": 80000,
        "TableMaxReadCapacityUnits": 40000,
        "TableMaxWriteCapacityUnits": 40000,
    }


@pytest.mark.parametrize("region", REGIONS)
def test_describe_endpoints(client, region):
    endpoints = client(region).describe_endpoints()["Endpoints"]
    assert endpoints == [{"Address": f"dynamodb.{region}.amazonaws.com", "CachePeriodInMinutes": 1440}]


def test_caller_identity_is_the_account_of_the_tables(server, table):
    sts = boto3.client(
        "sts", region_name=HOME, endpoint_url=server.endpoint, aws_access_key_id="test", aws_secret_access_key="test"
    )
    identity = sts.get_caller_identity()
    assert re.fullmatch(r"\d{12}", identity["Account"])
    assert table.description()["TableArn"].split(":")[4] == identity["Account"]
    assert identity["Arn"].startswith("arn:aws:") and f":{identity['Account']}:" in identity["Arn"]
    assert identity["UserId"]
