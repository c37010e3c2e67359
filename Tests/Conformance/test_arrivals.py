"""Transactions of other regions arrive item by item: what a reader sees, and what a region tells of it (DESIGN.md 5)."""

import os

import pytest

from harness import REGIONS
from harness.admin import admin
from harness.tables import TableFactory
from harness.values import S, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="changes the links of the server")


@pytest.fixture(scope="module")
def server(module_server):
    return module_server()


@pytest.fixture(scope="module")
def new_global_table(server, new_clients):
    factory = TableFactory(new_clients(server.endpoint))
    yield lambda *replicas: factory("p:S", replicas=list(replicas))
    factory.close()


def set_link(server, source, target, **settings):
    status, answer = admin(server, f"/_tributary/links/{source}/{target}", "PUT", settings)
    assert status == 200, answer


def half_visible(server, region):
    return admin(server, f"/_tributary/transactions?region={region}")[1]


def told(server, region):
    """Kind, k and n of what the region has told of transactions, oldest first."""
    found = admin(server, f"/_tributary/events?region={region}")[1]["events"]
    return [
        (event["type"].split(".")[1], event["data"]["arrived"], event["data"]["size"])
        for event in found
        if event["type"].startswith("transaction.")
    ]


def transact(*puts):
    """One transaction over (table, key) pairs."""
    puts[0][0].client.transact_write_items(
        TransactItems=[{"Put": {"TableName": table.name, "Item": {"p": S(key)}}} for table, key in puts]
    )


def test_a_reader_sees_the_half_state_behind_a_re_ordering_link(server, new_global_table):
    table = new_global_table(WEST)
    before = told(server, WEST)
    set_link(server, EAST, WEST, delay="uniform:0ms..10s", reorder=True, seed=5)
    try:
        keys = [unique() for _ in range(8)]
        transact(*((table, key) for key in keys))
        west = table.in_region(WEST)
        assert all(table.get(p=S(key)) for key in keys)

        def is_half():
            there = sum(west.get(p=S(key)) is not None for key in keys)
            return 0 < there < len(keys)

        eventually(is_half)
        # An item can be read a moment before the region tells of its transaction.
        eventually(lambda: half_visible(server, WEST)["halfVisible"] == 1)
        report = half_visible(server, WEST)
        arriving = report["transactions"][0]
        assert arriving["homeRegion"] == EAST and arriving["size"] == 8 and 0 < arriving["arrived"] < 8
        assert half_visible(server, EAST)["halfVisible"] == 0
        eventually(lambda: half_visible(server, WEST)["halfVisible"] == 0)
    finally:
        set_link(server, EAST, WEST, delay="0ms", reorder=False)
    events = told(server, WEST)[len(before) :]
    assert events[0][0] == "arriving" and events[-1] == ("arrived", 8, 8)
    assert [arrived for _, arrived, _ in events] == sorted({arrived for _, arrived, _ in events})
    assert all(west.get(p=S(key)) for key in keys)


def test_a_transaction_that_arrives_whole_is_told_of_once(server, new_global_table):
    table = new_global_table(WEST)
    before = told(server, WEST)
    set_link(server, EAST, WEST, state="paused")
    transact((table, unique()), (table, unique()))
    set_link(server, EAST, WEST, state="running")
    eventually(lambda: told(server, WEST)[len(before) :] == [("arrived", 2, 2)])


def test_tables_without_a_replica_are_not_waited_for(server, new_global_table):
    everywhere, elsewhere = new_global_table(WEST), new_global_table(SOUTH)
    before = {region: told(server, region) for region in (WEST, SOUTH)}
    transact((everywhere, unique()), (elsewhere, unique()), (everywhere, unique()))
    for region, size in ((WEST, 2), (SOUTH, 1)):
        eventually(lambda: told(server, region)[len(before[region]) :] == [("arrived", size, size)])
        assert half_visible(server, region)["halfVisible"] == 0


def test_the_page_wants_a_region(server):
    assert admin(server, "/_tributary/transactions")[0] == 400
    assert admin(server, "/_tributary/transactions?region=mars-north-1")[0] == 400
    assert admin(server, f"/_tributary/transactions?region={EAST}&limit=0")[0] == 400
