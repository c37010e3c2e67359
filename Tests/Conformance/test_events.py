"""Control events as they happen: server-sent events, pages, and the command `tributary events` (DESIGN.md 5 and 11)."""

import json
import os
import signal

import pytest

from harness import REGIONS
from harness.admin import admin, crossing
from harness.eventstream import TIMEOUT_SECONDS, EventStream, FollowingCommand, Refused
from harness.server import free_port, tributary
from harness.tables import TableFactory
from harness.values import N, S, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
PATH = "/_tributary/events"
CONFLICT = "conflict.resolved"

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="needs servers of its own")


@pytest.fixture(scope="module")
def quiet_server(module_server):
    """Its control events are those that these tests make."""
    return module_server("--in-memory", "--no-handlers")


@pytest.fixture(scope="module")
def table(quiet_server, new_clients):
    return TableFactory(new_clients(quiet_server.endpoint))("p:S", stream="NEW_AND_OLD_IMAGES", replicas=[WEST])


def follow(server, region=WEST, last_event_id=None, **parameters):
    return EventStream(server, PATH, last_event_id, region=region, follow="true", kind=CONFLICT, **parameters)


def collide(table, key=None):
    """Two writes to one item that cross on their way; returns its key. eu-west-1 wins."""
    key = key or unique()
    with crossing(table.client.meta.endpoint_url, EAST, WEST):
        table.put(p=S(key), city=S("Lisbon"), n=N(1))
        table.in_region(WEST).put(p=S(key), city=S("Oslo"))
    return key


def keys(events):
    return [data["data"]["key"]["p"]["S"] for _, _, data in events]


def page(server, region, **parameters):
    query = "&".join(f"{name}={value}" for name, value in {"region": region, "kind": CONFLICT, **parameters}.items())
    status, answer = admin(server, f"{PATH}?{query}")
    assert status == 200, answer
    return answer


def await_event(server, key, *regions):
    """Returns when these regions have told of the item's conflict."""
    eventually(lambda: all(key in json.dumps(page(server, region)) for region in regions))


# --- Streams --------------------------------------------------------------------------------------------------------


def test_a_conflict_appears_while_somebody_follows(quiet_server, table):
    with follow(quiet_server, after="latest").until_live() as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["transfer-encoding"] == "chunked"
        key = collide(table)
        number, kind, event = stream.until(1)[0]
    assert kind == event["type"] == CONFLICT
    assert event["id"] == f"{WEST}/{number}" and event["source"] == f"/tributary/regions/{WEST}"
    assert event["data"]["key"] == {"p": S(key)} and event["data"]["winner"]["region"] == WEST
    assert event in page(quiet_server, WEST)["events"]


def test_who_comes_back_goes_on_behind_the_last_event(quiet_server, table):
    with follow(quiet_server, after="latest").until_live() as stream:
        first = collide(table)
        last_id = stream.until(1)[-1][0]
    second = collide(table)
    with follow(quiet_server, last_event_id=last_id) as stream:
        assert keys(stream.until(1)) == [second]
    with follow(quiet_server, after=int(last_id) - 1) as stream:
        assert keys(stream.until(2)) == [first, second]
    # The place that the client remembers counts, not the one that it began at.
    with follow(quiet_server, last_event_id=last_id, after=0) as stream:
        assert keys(stream.until(1)) == [second]


def test_the_events_of_all_regions_come_in_the_order_of_their_times(quiet_server, table):
    with follow(quiet_server, "all", after="latest").until_live() as stream:
        first, second = collide(table), collide(table)
        events = stream.until(4)
    assert sorted(keys(events)) == sorted([first, second] * 2)
    listed = page(quiet_server, "all")
    times = [event["time"] for event in listed["events"]]
    assert times == sorted(times) and {event["source"].split("/")[-1] for event in listed["events"]} == {EAST, WEST}
    ids = [event["id"] for event in listed["events"]]
    for region in (EAST, WEST):
        alone = [event["id"] for event in page(quiet_server, region)["events"]]
        assert [id for id in ids if id.startswith(region)] == alone
    # Each event's id is a place in all regions' logs.
    with follow(quiet_server, "all", last_event_id=events[1][0]) as stream:
        # Who follows may get two that were made at the same time in the order in which the regions tell them.
        assert {data["id"] for _, _, data in stream.until(2)} == {data["id"] for _, _, data in events[2:]}
    assert page(quiet_server, "all", after=listed["next"])["events"] == []
    halves = page(quiet_server, "all", limit=3)
    rest = page(quiet_server, "all", after=halves["next"])
    assert [event["id"] for event in halves["events"] + rest["events"]] == ids


def test_who_does_not_follow_gets_what_is_there(quiet_server, table):
    await_event(quiet_server, collide(table), WEST)
    events = EventStream(quiet_server, PATH, region=WEST, kind=CONFLICT).to_its_end()
    assert [data for _, _, data in events] == page(quiet_server, WEST)["events"]


def test_kinds(quiet_server, table):
    await_event(quiet_server, collide(table), EAST)
    everything = admin(quiet_server, f"{PATH}?region={EAST}")[1]
    conflicts = [event for event in everything["events"] if event["type"] == CONFLICT]
    assert page(quiet_server, EAST)["events"] == conflicts
    assert admin(quiet_server, f"{PATH}?region={EAST}&kind=link.paused&kind={CONFLICT}")[1]["events"] == [
        event for event in everything["events"] if event["type"] in (CONFLICT, "link.paused")
    ]
    assert admin(quiet_server, f"{PATH}?region={EAST}&kind=link.resumed")[1]["next"] == everything["next"]


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({}, "the parameter 'region' is missing; this process serves us-east-1, eu-west-1, ap-southeast-1"),
        ({"region": "mars-1"}, "there is no region 'mars-1'; this process serves us-east-1"),
        ({"region": EAST, "kind": "conflict"}, "there is no kind of event 'conflict'; there are conflict.resolved, "),
        ({"region": EAST, "after": "noon"}, "after must be the number of an event, or latest, not 'noon'"),
        ({"region": "all", "after": "7"}, "after must be as in us-east-1:12, or latest, not '7'"),
        ({"region": "all", "after": "mars-1:7"}, "not 'mars-1:7'"),
        ({"region": EAST, "follow": "yes"}, "follow must be true or false, not 'yes'"),
        ({"region": EAST, "kinds": CONFLICT}, "there is no parameter 'kinds'; there are region, after, "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_bad_requests(quiet_server, parameters, message):
    with pytest.raises(Refused) as caught:
        EventStream(quiet_server, PATH, **{"follow": "true", **parameters})
    assert caught.value.args[0] == 400 and message in caught.value.args[1]


def test_a_place_that_is_not_there_any_more(own_server, new_clients):
    """A server in memory begins anew; whoever comes back with an old place gets the new log from its beginning."""
    server = own_server("--in-memory", "--no-handlers")
    table = TableFactory(new_clients(server.endpoint))("p:S", replicas=[WEST])
    key = collide(table)
    with follow(server, last_event_id=5000) as stream:
        assert keys(stream.until(1)) == [key]


def test_the_shutdown_does_not_wait_for_followers(own_server):
    server = own_server("--no-handlers")
    streams = [EventStream(server, PATH, region=region, follow="true").until_live() for region in (*REGIONS, "all")]
    # The server cuts them off at once: it would wait 10 s for requests that are under way.
    assert server.stop() == 0
    for stream in streams:
        stream.thread.join(TIMEOUT_SECONDS)
        assert stream.was_cut and not stream.has_ended


def test_there_may_be_so_many_followers(own_server):
    server = own_server("--in-memory", "--no-handlers")
    streams = [EventStream(server, PATH, region=EAST, follow="true") for _ in range(64)]
    with pytest.raises(Refused, match="64 clients follow something"):
        EventStream(server, PATH, region=EAST, follow="true")
    for stream in streams:
        stream.close()

    def again():
        with EventStream(server, PATH, region=EAST, follow="true") as stream:
            stream.until_live()

    eventually(again)
    assert server.stop() == 0


# --- Command --------------------------------------------------------------------------------------------------------


def test_the_command_shows_events_as_text(quiet_server, table):
    key = collide(table)
    await_event(quiet_server, key, EAST, WEST)
    done = tributary("events", "--endpoint", quiet_server.endpoint)
    assert done.returncode == 0 and done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if f'"{key}"' in line]
    assert len(lines) == 2 and {line.split()[1] for line in lines} == {EAST, WEST}
    for line in lines:
        time, _, kind, gist = line.split(maxsplit=3)
        assert time.endswith("Z") and kind == CONFLICT
        assert gist == f'{table.name} {{p: "{key}"}}  {WEST} won over {EAST}: city: "Lisbon" → "Oslo", -n: 1'


def test_the_command_shows_events_as_json(quiet_server, table):
    for _ in range(2):
        await_event(quiet_server, collide(table), WEST)
    arguments = ["--endpoint", quiet_server.endpoint, "--region", WEST, "--output", "json", "--kind", CONFLICT]
    done = tributary("events", *arguments)
    assert done.returncode == 0 and done.stderr == ""
    shown, listed = [json.loads(line) for line in done.stdout.splitlines()], page(quiet_server, WEST)["events"]
    assert shown == listed
    first = listed[0]["id"].split("/")[-1]
    since = tributary("events", *arguments, "--since", first).stdout
    assert [json.loads(line) for line in since.splitlines()] == listed[1:]
    assert tributary("events", *arguments, "--since", "latest").stdout == ""


def test_a_delete_in_a_conflict(quiet_server, table):
    key = unique()
    table.put(p=S(key), n=N(1))
    eventually(lambda: table.in_region(WEST).get(p=S(key)) is not None)
    with follow(quiet_server, after="latest").until_live() as stream:
        with crossing(quiet_server, EAST, WEST):
            table.put(p=S(key), n=N(2))
            table.in_region(WEST).delete_item(Key={"p": S(key)})
        stream.until(1)
    shown = tributary("events", "--endpoint", quiet_server.endpoint, "--region", WEST).stdout
    assert f'{{p: "{key}"}}  the delete in {WEST} won over {EAST}: lost {{n: 2}}' in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_the_command_follows_until_it_is_interrupted(quiet_server, table, number):
    arguments = ["events", "--follow", "--region", WEST, "--since", "latest", "--kind", CONFLICT, "--output", "json"]
    with FollowingCommand(quiet_server, *arguments) as command:
        shown = []

        def something():
            shown.append(collide(table))
            command.until(1, within_seconds=2)

        # The command may begin to follow after the first conflict.
        eventually(something)
        assert json.loads(command.lines[0])["data"]["key"]["p"]["S"] in shown
        assert command.stop(number) == 0
        assert command.errors == []


def test_the_command_goes_on_after_a_restart(own_server, new_clients):
    server = own_server("--no-handlers")
    table = TableFactory(new_clients(server.endpoint))("p:S", replicas=[WEST])
    with FollowingCommand(server, "events", "--follow", "--kind", CONFLICT, "--output", "json") as command:
        first = collide(table)
        command.until(2)
        server.kill()
        eventually(lambda: len(command.errors) == 1)
        server.start()
        table.wait_active()
        second = collide(table)
        events = [json.loads(line) for line in command.until(4)]
        assert sorted(event["data"]["key"]["p"]["S"] for event in events) == sorted([first, second] * 2)
        assert len({event["id"] for event in events}) == 4
        assert command.stop(signal.SIGINT) == 0
        assert command.errors == [
            f"tributary: lost the connection to {server.endpoint}, trying again", "tributary: connected again",
        ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        (["--region", "mars-1"], 1, "there is no region 'mars-1'; this process serves us-east-1"),
        (["--kind", "joy"], 1, "there is no kind of event 'joy'"),
        (["--since", "noon"], 1, "after must be as in us-east-1:12, or latest, not 'noon'"),
        (["--follow", "--region", "mars-1"], 1, "there is no region 'mars-1'"),
        (["--output", "poem"], 64, "--output"),
        (["--since"], 64, "--since"),
        (["now"], 64, "now"),
    ],
    ids=str,
)
def test_the_command_says_what_is_wrong(quiet_server, arguments, code, words):
    done = tributary("events", "--endpoint", quiet_server.endpoint, *arguments)
    assert done.returncode == code and words in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    "endpoint, code, words",
    [
        (f"http://localhost:{free_port()}", 1, "start one with: tributary serve"),
        ("localhost:8000", 64, "is not an address such as http://localhost:8000"),
    ],
    ids=["nobody", "no address"],
)
def test_the_command_needs_a_server(endpoint, code, words):
    for more in ([], ["--follow"]):
        done = tributary("events", "--endpoint", endpoint, *more)
        assert done.returncode == code and words in done.stderr and done.stdout == ""
