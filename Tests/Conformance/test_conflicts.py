"""Concurrent writes in two regions: what each region tells of them (DESIGN.md 5 and 6)."""

import json
import urllib.error
import urllib.request

import pytest

from harness import REGIONS
from harness.admin import crossing
from harness.tables import Table
from harness.values import S
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS


def page(server, path):
    with urllib.request.urlopen(server.endpoint + path) as answer:
        return json.load(answer)


def refusal(server, path):
    with pytest.raises(urllib.error.HTTPError) as caught:
        page(server, path)
    return caught.value.code, json.load(caught.value)["message"]


@pytest.fixture(scope="module")
def quiet_server(module_server):
    """Its conflicts are those that these tests make."""
    return module_server()


@pytest.fixture(scope="module")
def table(quiet_server, new_clients):
    clients = new_clients(quiet_server.endpoint)
    table = Table("orders", EAST, clients)
    table.create_table(
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.wait_active()
    for region in (WEST, SOUTH):
        table.add_replica(region)
    return table


def conflicts(server, region, more=""):
    return page(server, f"/_tributary/conflicts?region={region}{more}")


def test_both_writers_tell_of_the_lost_write(quiet_server, table):
    with crossing(quiet_server, EAST, WEST):
        table.put(p=S("a"), city=S("Lisbon"))
        table.in_region(WEST).put(p=S("a"), city=S("Oslo"))
    eventually(lambda: all(len(conflicts(quiet_server, region)["events"]) == 1 for region in (EAST, WEST)))
    for region, discarded in ((EAST, "stored"), (WEST, "arriving")):
        event = conflicts(quiet_server, region)["events"][0]
        assert event["type"] == "conflict.resolved" and event["subject"] == "orders"
        assert event["specversion"] == "1.0" and event["source"] == f"/tributary/regions/{region}"
        data = event["data"]
        assert data["key"] == {"p": S("a")} and data["discarded"] == discarded
        assert data["winner"]["region"] == WEST and data["winner"]["item"]["city"] == S("Oslo")
        assert data["loser"]["region"] == EAST and data["loser"]["item"]["city"] == S("Lisbon")
        assert data["winner"]["timeMilliseconds"] >= data["loser"]["timeMilliseconds"]
    # What was not held back may still be on its way to the third one.
    for region in REGIONS:
        eventually(lambda: table.in_region(region).get(p=S("a"))["city"] == S("Oslo"))
    assert conflicts(quiet_server, SOUTH)["events"] == []


def test_a_delete_against_a_put(quiet_server, table):
    table.put(p=S("b"), n=S("1"))
    eventually(lambda: table.in_region(WEST).get(p=S("b")) is not None)
    with crossing(quiet_server, EAST, WEST):
        table.delete_item(Key={"p": S("b")})
        table.in_region(WEST).put(p=S("b"), n=S("2"))
    eventually(lambda: table.get(p=S("b")) == {"p": S("b"), "n": S("2")})
    # An item can be read a moment before its conflict is told of, and the other region has one of its own.
    eventually(lambda: all(len(conflicts(quiet_server, region)["events"]) == 2 for region in (EAST, WEST)))
    newest = conflicts(quiet_server, EAST, "&limit=1")
    assert newest["events"][0]["data"]["loser"] == {
        **newest["events"][0]["data"]["loser"], "region": EAST, "item": None}
    older = conflicts(quiet_server, EAST, f"&limit=1&before={newest['next']}")
    assert older["events"][0]["data"]["key"] == {"p": S("a")}


def test_links_count_conflicts_and_events_come_in_pages(quiet_server, table):
    def counts():
        links = page(quiet_server, "/_tributary/status")["links"]
        return {(link["from"], link["to"]): link["conflicts"] for link in links}

    # A link counts a conflict when it has heard that the region took the change.
    eventually(lambda: counts()[EAST, WEST] == 2 and counts()[WEST, EAST] == 2)
    assert counts()[EAST, SOUTH] == 0
    first = page(quiet_server, f"/_tributary/events?region={WEST}&limit=1")
    second = page(quiet_server, f"/_tributary/events?region={WEST}&after={first['next']}")
    ids = [event["id"] for event in first["events"] + second["events"] if event["type"] == "conflict.resolved"]
    assert len(set(ids)) == 2
    assert page(quiet_server, f"/_tributary/events?region={WEST}&after={second['next']}")["events"] == []


@pytest.mark.parametrize(
    "query, message",
    [
        ("", "the parameter 'region' is missing"),
        ("?region=mars-1", "there is no region 'mars-1'; this process serves us-east-1"),
        (f"?region={EAST}&limit=0", "limit must be a whole number from 1 to 1000, not '0'"),
        (f"?region={EAST}&limit=ten", "limit must be a whole number from 1 to 1000, not 'ten'"),
        (f"?region={EAST}&befor=3", "there is no parameter 'befor'; there are region, before, limit"),
    ],
)
def test_bad_requests(quiet_server, query, message):
    code, text = refusal(quiet_server, "/_tributary/conflicts" + query)
    assert code == 400 and message in text
