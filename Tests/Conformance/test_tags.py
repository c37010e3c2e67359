"""Tags of tables (data-plane.md 15); that they stay in their region is in test_global_tables.py."""

import pytest

from harness.errors import ANY_TEXT, invalid, matching, not_found, rejected
from harness.waiting import eventually


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S")


def tag(**pairs):
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def tags_of(table):
    listed = table.client.list_tags_of_resource(ResourceArn=table.description()["TableArn"])["Tags"]
    return {entry["Key"]: entry["Value"] for entry in listed}


def eventually_tagged(table, **expected):
    def tagged():
        assert tags_of(table) == expected

    eventually(tagged)


def test_tags_come_with_the_table(new_table):
    eventually_tagged(new_table(Tags=tag(team="a", empty="")), team="a", empty="")


def test_tags_are_added_replaced_and_removed(new_table):
    table = new_table()
    arn = table.description()["TableArn"]
    assert tags_of(table) == {}
    table.client.tag_resource(ResourceArn=arn, Tags=tag(a="1", b="2"))
    eventually_tagged(table, a="1", b="2")
    table.client.tag_resource(ResourceArn=arn, Tags=tag(b="3", c="4"))
    eventually_tagged(table, a="1", b="3", c="4")
    table.client.untag_resource(ResourceArn=arn, TagKeys=["a", "unknown"])
    eventually_tagged(table, b="3", c="4")


def test_keys_and_values_of_tags_at_their_limits(new_table):
    table = new_table()
    tags = tag(**{"k" * 128: "v" * 256, "a b+-=._:/9": ""})
    table.client.tag_resource(ResourceArn=table.description()["TableArn"], Tags=tags)
    eventually_tagged(table, **{"k" * 128: "v" * 256, "a b+-=._:/9": ""})


BAD_TAGS = {
    "no tags": ([], "Atleast one Tag needs to be provided as Input."),
    "reserved prefix": (tag(**{"aws:x": "1"}), "Tag Key cannot be prefixed with aws:, Key: aws:x"),
    "character": (tag(**{"a?b": "1"}), "The Tag Key provided is invalid, Key: a?b"),
    "key of 129": (tag(**{"k" * 129: "1"}), ANY_TEXT),
    "empty key": (tag(**{"": "1"}), ANY_TEXT),
    "value of 257": (tag(k="v" * 257), ANY_TEXT),
    "no value": ([{"Key": "k"}], ANY_TEXT),
    "51 tags": (
        tag(**{f"k{n}": "v" for n in range(51)}),
        "Number of Tags exceed the current limit for the provided ResourceArn",
    ),
}


@pytest.mark.parametrize("case", BAD_TAGS)
def test_bad_tags(table, case):
    tags, text = BAD_TAGS[case]
    with invalid(text):
        table.client.tag_resource(ResourceArn=table.description()["TableArn"], Tags=tags)
    assert tags_of(table) == {}


def test_no_keys_to_untag(table):
    with invalid("Atleast one Tag Key needs to be provided as Input."):
        table.client.untag_resource(ResourceArn=table.description()["TableArn"], TagKeys=[])


TAG_OPERATIONS = {
    "tag_resource": {"Tags": tag(a="1")},
    "untag_resource": {"TagKeys": ["a"]},
    "list_tags_of_resource": {},
}


@pytest.mark.parametrize("operation", TAG_OPERATIONS)
def test_tagging_what_does_not_exist(table, operation):
    arn = table.description()["TableArn"].replace(table.name, "no-such-table")
    with not_found(f"Requested resource not found: ResourcArn: {arn} not found"):
        getattr(table.client, operation)(ResourceArn=arn, **TAG_OPERATIONS[operation])


@pytest.mark.parametrize("operation", TAG_OPERATIONS)
def test_tagging_something_that_is_no_arn(table, operation):
    with invalid(matching("Invalid ResourceArn provided as input not-an-arn|ARNs must start with 'arn:': not-an-arn")):
        getattr(table.client, operation)(ResourceArn="not-an-arn", **TAG_OPERATIONS[operation])


def test_tagging_in_another_account_is_denied(table):
    arn = table.description()["TableArn"]
    account = arn.split(":")[4]
    foreign = arn.replace(account, "210987654321" if account != "210987654321" else "123456789012")
    with rejected("AccessDeniedException"):
        table.client.list_tags_of_resource(ResourceArn=foreign)
