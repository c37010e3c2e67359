"""Links that are delayed, re-ordered, paused and cut, and regions that are isolated (DESIGN.md 6)."""

import json
import os

import pytest

from harness import REGIONS
from harness.admin import admin
from harness.server import tributary
from harness.tables import TableFactory
from harness.values import N, S, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
HOUR = "60m"

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="changes the links of the server")


@pytest.fixture(scope="module")
def server(module_server):
    return module_server("--in-memory")


@pytest.fixture(scope="module")
def table(server, new_clients):
    factory = TableFactory(new_clients(server.endpoint))
    yield factory("p:S", replicas=[WEST, SOUTH])
    factory.close()


@pytest.fixture(autouse=True)
def healthy(server):
    """Every test leaves the links as they were."""
    yield
    for region in REGIONS:
        assert admin(server, f"/_tributary/regions/{region}", "PUT", {"isolated": False})[0] == 200
    for source in REGIONS:
        for target in REGIONS:
            if source != target:
                change(server, source, target, delay="0ms", state="running", reorder=False, seed=0)


def page(source, target):
    return f"/_tributary/links/{source}/{target}"


def change(server, source, target, **settings):
    status, answer = admin(server, page(source, target), "PUT", settings)
    assert status == 200, answer
    return answer


def lag_of(server, table, source, target):
    report = admin(server, page(source, target))[1]
    return next(status for status in report["tables"] if status["table"] == table.name)


def events(server, region, *kinds):
    found = admin(server, f"/_tributary/events?region={region}")[1]["events"]
    return [(event["type"], event["subject"]) for event in found if event["type"] in kinds]


# --- Pages ----------------------------------------------------------------------------------------------------------


def test_all_links_are_listed(server, table):
    status, answer = admin(server, "/_tributary/links")
    assert status == 200 and "until the process ends" in answer["note"]
    ends = [(link["from"], link["to"]) for link in answer["links"]]
    assert sorted(ends) == sorted((a, b) for a in REGIONS for b in REGIONS if a != b)
    for link in answer["links"]:
        assert (link["state"], link["carrying"], link["delay"], link["reorder"], link["seed"]) == (
            "running", True, "0ms", False, 0,
        )  # fmt: skip
        for status in link["tables"]:
            assert status.keys() == {
                "table", "pausedBy", "backlog", "applied", "lost", "conflicts", "lagMilliseconds",
            }  # fmt: skip


@pytest.mark.parametrize(
    "settings",
    [
        {"delay": "200ms"},
        {"delay": "uniform:100ms..300ms", "seed": 7},
        {"delay": "normal:200ms±50ms", "reorder": True},
        {"state": "paused"},
        {"state": "cut"},
    ],
    ids=str,
)
def test_a_link_shows_what_it_was_told(server, settings):
    assert settings.items() <= change(server, EAST, WEST, **settings).items()
    assert settings.items() <= admin(server, page(EAST, WEST))[1].items()
    assert admin(server, page(WEST, EAST))[1]["state"] == "running"


REFUSED = {
    "no JSON": (b"delay=1s", "the body must be a JSON object"),
    "an empty object": (b"{}", "the body must have delay, state, reorder or seed"),
    "another member": (b'{"speed":1}', "there is no member 'speed'"),
    "a negative delay": (b'{"delay":"-1ms"}', "delay must be a time such as 200ms"),
    "a delay without unit": (b'{"delay":"200"}', "delay must be a time"),
    "a number": (b'{"delay":200}', "delay must be a time"),
    "two days": (b'{"delay":"2880m"}', "delay must be a time"),
    "an empty range": (b'{"delay":"uniform:3ms..1ms"}', "delay must be a time"),
    "another state": (b'{"state":"broken"}', "state must be running, paused or cut"),
    "no boolean": (b'{"reorder":"yes"}', "reorder must be true or false"),
    "a negative seed": (b'{"seed":-1}', "seed must be a whole number"),
    "one good and one bad": (b'{"state":"cut","seed":0.5}', "seed must be a whole number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_setting_is_refused_and_changes_nothing(server, case):
    body, text = REFUSED[case]
    before = admin(server, page(EAST, WEST))[1]
    status, answer = admin(server, page(EAST, WEST), "PUT", body=body)
    assert status == 400 and text in answer["message"]
    after = admin(server, page(EAST, WEST))[1]
    assert {**after, "tables": None} == {**before, "tables": None}


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_links_that_do_not_exist(server, method):
    def answer(path):
        return admin(server, path, method, body=b'{"state":"cut"}')

    status, body = answer(page("mars-north-1", EAST))
    assert status == 400 and body["message"].startswith("there is no region 'mars-north-1'; this process serves")
    status, body = answer(page(EAST, EAST))
    assert status == 400 and "itself" in body["message"]
    assert answer(f"/_tributary/links/{EAST}")[0] == 404


def test_isolated_is_true_or_false(server):
    status, answer = admin(server, f"/_tributary/regions/{WEST}", "PUT", {"isolated": "yes"})
    assert (status, answer["message"]) == (400, "isolated must be true or false")


# --- What they do ---------------------------------------------------------------------------------------------------


def test_a_cut_link_holds_everything_back_until_it_runs(server, table):
    before = len(events(server, WEST, "link.paused", "link.resumed"))
    change(server, EAST, WEST, state="cut")
    keys = [unique() for _ in range(5)]
    for key in keys:
        table.put(p=S(key))
    eventually(lambda: all(table.in_region(SOUTH).get(p=S(key)) for key in keys))
    assert not any(table.in_region(WEST).get(p=S(key)) for key in keys)
    assert lag_of(server, table, EAST, WEST)["backlog"] >= 5
    eventually(lambda: lag_of(server, table, EAST, WEST)["lagMilliseconds"] > 0)
    change(server, EAST, WEST, state="running")
    eventually(lambda: all(table.in_region(WEST).get(p=S(key)) for key in keys))
    eventually(lambda: lag_of(server, table, EAST, WEST)["lagMilliseconds"] == 0)
    told = events(server, WEST, "link.paused", "link.resumed")[before:]
    assert told == [("link.paused", f"{EAST}:{WEST}"), ("link.resumed", f"{EAST}:{WEST}")]


def test_an_isolated_region_goes_on_and_everything_arrives_afterwards(server, table):
    assert admin(server, f"/_tributary/regions/{WEST}", "PUT", {"isolated": True})[1]["isolated"] is True
    assert admin(server, page(EAST, WEST))[1]["carrying"] is False
    assert admin(server, page(EAST, SOUTH))[1]["carrying"] is True
    key, contended = unique(), unique()
    for region in (EAST, WEST):
        table.in_region(region).put(p=S(f"{key} {region}"))
        table.in_region(region).put(p=S(contended), by=S(region))
    eventually(lambda: table.in_region(SOUTH).get(p=S(f"{key} {EAST}")))
    assert table.in_region(WEST).get(p=S(f"{key} {EAST}")) is None
    assert table.get(p=S(f"{key} {WEST}")) is None
    assert table.in_region(WEST).get(p=S(contended))["by"] == S(WEST)
    admin(server, f"/_tributary/regions/{WEST}", "PUT", {"isolated": False})
    for region in REGIONS:
        side = table.in_region(region)
        eventually(lambda: all(side.get(p=S(f"{key} {writer}")) for writer in (EAST, WEST)))
        eventually(lambda: side.get(p=S(contended))["by"] == S(WEST))
    assert events(server, WEST, "region.isolated", "region.rejoined")[-2:] == [
        ("region.isolated", WEST), ("region.rejoined", WEST),
    ]  # fmt: skip


def test_a_re_ordering_link_lets_changes_overtake_and_converges(server, table):
    change(server, EAST, WEST, delay="uniform:0ms..3s", reorder=True, seed=11)
    keys = [f"{unique()} {number}" for number in range(20)]
    for count in (1, 2):
        for key in keys:
            table.put(p=S(key), n=N(count))
    west, orders = table.in_region(WEST), []

    def arrived():
        seen = {key: west.get(p=S(key)) for key in keys}
        orders.append([key for key in keys if seen[key]])
        return all(item and item["n"] == N(2) for item in seen.values())

    eventually(arrived)
    # At some moment a later item was there and an earlier one was not.
    assert any(order != keys[: len(order)] for order in orders)


def test_a_delayed_link_delays(server, table):
    change(server, EAST, WEST, delay=HOUR)
    key = unique()
    table.put(p=S(key))
    eventually(lambda: table.in_region(SOUTH).get(p=S(key)))
    assert table.in_region(WEST).get(p=S(key)) is None
    change(server, EAST, WEST, delay="0ms")
    eventually(lambda: table.in_region(WEST).get(p=S(key)))


# --- Flags and commands ---------------------------------------------------------------------------------------------


def test_links_begin_as_the_flags_say(own_server):
    server = own_server(
        "--in-memory", "--seed", "9", "--link", f"{EAST}:{WEST}=uniform:100ms..300ms", "--link", f"{EAST}:{WEST}=reorder",
        "--link", f"{WEST}:{EAST}=paused", "--link", f"{SOUTH}:{EAST}=normal:200ms±50ms",
    )  # fmt: skip
    assert {"delay": "uniform:100ms..300ms", "reorder": True, "state": "running", "seed": 9}.items() <= admin(
        server, page(EAST, WEST)
    )[1].items()
    assert admin(server, page(WEST, EAST))[1]["state"] == "paused"
    assert admin(server, page(SOUTH, EAST))[1]["delay"] == "normal:200ms±50ms"
    assert admin(server, page(SOUTH, WEST))[1]["seed"] == 9


@pytest.mark.parametrize("how", ["-5ms", "soon", "uniform:3ms..1ms", "2880m", ""])
def test_flags_that_mean_nothing(how):
    done = tributary("serve", "--port", "0", "--in-memory", "--link", f"{EAST}:{WEST}={how}")
    assert done.returncode == 64 and "--link" in done.stderr


@pytest.mark.parametrize(
    "link, reason",
    [
        (f"{EAST}:{EAST}=5ms", "leads from a region to itself"),
        (f"mars-north-1:{EAST}=5ms", "names a region that is not among"),
        (f"{EAST}=5ms", "is not of the form us-east-1:eu-west-1=200ms"),
    ],
)
def test_flags_that_name_no_link(link, reason):
    done = tributary("serve", "--port", "0", "--in-memory", "--link", link)
    assert done.returncode == 64 and f"--link: '{link}' {reason}" in done.stderr


def test_a_negative_delay_is_called_by_its_name(server):
    done = links_command(server, "set", EAST, WEST, "--delay", "-5ms")
    assert done.returncode == 64 and "--delay must be a time such as 200ms" in done.stderr and "'-5ms'" in done.stderr


def links_command(server, *arguments):
    return tributary("links", *arguments, "--endpoint", server.endpoint)


def test_the_command_shows_and_changes_links(server, table):
    lines = [line.split() for line in links_command(server).stdout.splitlines()]
    assert lines[0][:5] == ["FROM", "TO", "STATE", "DELAY", "TABLE"] and len(lines) >= 7
    for verb, state in (("pause", "paused"), ("cut", "cut"), ("resume", "running")):
        done = links_command(server, verb, EAST, WEST)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[1].split()[:3] == [EAST, WEST, state]
    done = links_command(server, "set", EAST, WEST, "--delay", "normal:1s±1ms", "--reorder", "--seed", "3",
                         "--output", "json")  # fmt: skip
    answer = json.loads(done.stdout)
    assert (answer["delay"], answer["reorder"], answer["seed"]) == ("normal:1000ms±1ms", True, 3)


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["pause", "mars-north-1", WEST], 1, "there is no region 'mars-north-1'"),
        (["pause", WEST, WEST], 1, "itself"),
        (["pause", "Mars North", WEST], 64, "is not a region name"),
        (["set", EAST, WEST], 64, "say what to change"),
        (["set", EAST, WEST, "--delay", "soon"], 64, "--delay must be"),
    ],
    ids=str,
)
def test_the_command_says_what_is_wrong(server, arguments, code, words):
    done = links_command(server, *arguments)
    assert done.returncode == code and words in done.stderr and done.stdout == ""


def test_the_command_isolates_and_rejoins(server):
    for verb, shown in (("isolate", "isolated"), ("rejoin", "joined")):
        done = tributary("regions", verb, WEST, "--endpoint", server.endpoint)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[1].split()[2] == shown
