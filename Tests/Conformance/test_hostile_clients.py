"""Clients that mean harm by how they talk: slowly, in thousands, or with bombs. The server stays within its memory, answers as AWS does where
there is anything to answer, and others are served meanwhile. (Broken HTTP and documents: test_hostile.py; each limit of the endpoint: HTTPLimitsTests.)
"""

import asyncio
import json
import os
import resource
import threading
import time
import urllib.parse

import pytest

from harness.tables import TableFactory
from harness.values import N, S, unique
from harness.waiting import eventually
from harness.wire import API, JSON_1_0, RawClient, authorization, timestamp

# What the whole process may take while it is attacked, in MiB. It begins with about 40; a region's store may use up to 200.
MEMORY_MEBIBYTES_MAX = int(os.environ.get("MEMORY_MEBIBYTES_MAX", 768))
CONNECTIONS = 10_000
# How long another client's request may take meanwhile, at worst.
OTHERS_SECONDS_MAX = 5.0
HEAD_SECONDS = 10

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="needs the process itself")


@pytest.fixture(scope="module")
def victim(module_server):
    return module_server("--no-handlers")


@pytest.fixture(scope="module")
def table(victim, new_clients):
    return TableFactory(new_clients(victim.endpoint))("p:S", stream="NEW_AND_OLD_IMAGES")


class Witness(threading.Thread):
    """Another client, which writes and reads one item after the other and notes how long each takes."""

    def __init__(self, server, table):
        super().__init__()
        self.raw, self.table = RawClient(server.endpoint), table
        self.stopping, self.seconds, self.failure = threading.Event(), [], None

    def run(self):
        try:
            while not self.stopping.is_set():
                number = len(self.seconds)
                item = {"p": S("witness"), "n": N(number)}
                start = time.monotonic()
                put = self.raw.call("PutItem", {"TableName": self.table.name, "Item": item})
                got = self.raw.call(
                    "GetItem", {"TableName": self.table.name, "Key": {"p": S("witness")}, "ConsistentRead": True}
                )
                self.seconds.append(time.monotonic() - start)
                assert put.status == 200 and got.json["Item"] == item, (put, got)
                self.stopping.wait(0.02)
        except Exception as failure:
            self.failure = failure


def status_field(server, name):
    for line in open(f"/proc/{server.process.pid}/status"):
        if line.startswith(name):
            return int(line.split()[1])


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


@pytest.fixture(autouse=True)
def others_are_served(victim, table):
    """During every test of this module another client is served, and afterwards the process is as small as it may be."""
    witness = Witness(victim, table)
    witness.start()
    eventually(lambda: len(witness.seconds) >= 3 or witness.failure)
    yield
    before = len(witness.seconds)
    eventually(lambda: len(witness.seconds) > before or witness.failure)
    witness.stopping.set()
    witness.join()
    assert witness.failure is None, witness.failure
    assert max(witness.seconds) < OTHERS_SECONDS_MAX, max(witness.seconds)
    assert status_field(victim, "VmHWM") < MEMORY_MEBIBYTES_MAX * 1024, status_field(victim, "VmHWM") // 1024


def head(length, operation="PutItem", region="us-east-1"):
    return (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON_1_0}\r\nX-Amz-Target: {API}.{operation}\r\n"
        f"X-Amz-Date: {timestamp()}\r\nAuthorization: {authorization(region)}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def connect(server, count):
    """So many connections, opened a few hundred at a time."""
    made = []
    while len(made) < count:
        batch = min(200, count - len(made))
        made += await asyncio.gather(*(asyncio.open_connection("127.0.0.1", server.port) for _ in range(batch)))
    return made


async def close(connections):
    for _, writer in connections:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in connections), return_exceptions=True)


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CONNECTIONS + 1000:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- Slowly, and in thousands ---------------------------------------------------------------------------------------


def test_ten_thousand_idle_connections(victim, table, many_files):
    """Each has asked once, and stays."""
    before = open_files(victim)

    async def ask(connection):
        reader, writer = connection
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return await reader.readline()

    async def attack():
        connections, answers = [], set()
        while len(connections) < CONNECTIONS:
            batch = await connect(victim, 200)
            answers |= set(await asyncio.gather(*map(ask, batch)))
            connections += batch
        held = open_files(victim) - before
        # A new client comes while they are all there.
        raw = RawClient(victim.endpoint)
        answer = await asyncio.to_thread(raw.call, "ListTables")
        raw.close()
        await close(connections)
        return answers, held, answer.status

    answers, held, status = asyncio.run(attack())
    assert (answers, status) == ({b"HTTP/1.1 200 OK\r\n"}, 200)
    assert held >= CONNECTIONS
    eventually(lambda: open_files(victim) < before + 50)


def test_connections_that_never_ask_are_let_go(victim, table):
    async def attack():
        connections = await connect(victim, 1000)
        start = time.monotonic()
        ends = await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in connections)), 6 * HEAD_SECONDS)
        await close(connections)
        return set(ends), time.monotonic() - start

    ends, seconds = asyncio.run(attack())
    assert ends == {b""} and seconds < 2 * HEAD_SECONDS


def test_a_thousand_slow_heads_and_half_bodies(victim, table):
    """A byte a second, for ever: cut off at the deadline, with 408 as far as there is anybody to tell."""

    async def drip(connection, first, rest):
        reader, writer = connection
        writer.write(first)
        answer = asyncio.ensure_future(reader.read())
        try:
            for byte in rest:
                await asyncio.wait({answer}, timeout=1)
                if answer.done():
                    break
                writer.write(bytes([byte]))
            return await asyncio.wait_for(answer, 30)
        except ConnectionError:
            return b""

    async def attack():
        connections = await connect(victim, 1000)
        slow_head = head(10)
        half_body = head(5000) + b'{"TableName":'
        tasks = [
            drip(connection, slow_head[:40], slow_head[40:])
            if number % 2
            else drip(connection, half_body, b" " * 60)
            for number, connection in enumerate(connections)
        ]
        answers = await asyncio.wait_for(asyncio.gather(*tasks), 60)
        await close(connections)
        return answers

    answers = asyncio.run(attack())
    told = [answer for answer in answers if answer]
    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in told), {answer[:40] for answer in told}
    assert len(told) > 900


def test_flood_of_requests(victim, table):
    """As many requests as one process can send, pipelined, none of which anybody waits for."""
    body = json.dumps({"TableName": table.name, "Item": {"p": S("flood"), "x": S("x" * 1000)}}).encode()
    request = head(len(body)) + body

    async def one(connection):
        reader, writer = connection
        answers = 0
        for _ in range(10):
            writer.write(request * 10)
            await writer.drain()
        writer.write_eof()
        data = await asyncio.wait_for(reader.read(), 60)
        answers = data.count(b"HTTP/1.1 200 ")
        return answers, data.count(b"HTTP/1.1 5")

    async def attack():
        connections = await connect(victim, 40)
        results = await asyncio.gather(*(one(connection) for connection in connections))
        await close(connections)
        return results

    results = asyncio.run(attack())
    assert sum(served for served, _ in results) == 40 * 100, results
    assert sum(failed for _, failed in results) == 0


def test_large_bodies_all_at_once(victim, table):
    """Sixteen megabytes each that end in nonsense, on thirty connections."""
    body = b'{"TableName":"' + b"x" * (16 * 1024 * 1024 - 100) + b'"'

    def send(results, number):
        raw = RawClient(victim.endpoint)
        results[number] = raw.call("PutItem", body=body).status
        raw.close()

    results = {}
    threads = [threading.Thread(target=send, args=(results, number)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results.values()) <= {400, 503} and len(results) == 30, results


# --- Bombs ----------------------------------------------------------------------------------------------------------


def filters(*patterns):
    return {"Filters": [{"Pattern": pattern} for pattern in patterns]}


FILTER_BOMBS = {
    "wildcards": [json.dumps({"a": [{"wildcard": "*" + "a*" * 200}] * 8})] * 5,
    "consecutive wildcards": [json.dumps({"a": [{"wildcard": "*" * 1000}]})],
    "or of ors": [json.dumps({"$or": [{"$or": [{f"f{n}-{m}": ["x"]} for m in range(20)]} for n in range(20)]})],
    "ors beside ors": [json.dumps({f"k{k}": {"$or": [{"x": [n]} for n in range(10)]} for k in range(12)})],
    "deep": ["{" + '"a":{' * 600 + '"b":["x"]' + "}" * 600 + "}"],
    "long": [json.dumps({"a": ["x" * 5000]})],
    "anything-but of everything": [json.dumps({"a": [{"anything-but": [f"v{n}" for n in range(500)]}]})],
    "nonsense": ['{"a":[{"' + "numeric" * 500 + '":[]}]}'],
}


@pytest.mark.parametrize("case", FILTER_BOMBS)
def test_filter_bomb(victim, table, case):
    """Refused with Lambda's error, or harmless; at once."""
    raw = RawClient(victim.endpoint)
    body = {
        "FunctionName": "nobody",
        "EventSourceArn": table.description()["LatestStreamArn"],
        "StartingPosition": "LATEST",
        "FilterCriteria": filters(*FILTER_BOMBS[case]),
    }
    headers = {"Authorization": authorization().replace("/dynamodb/", "/lambda/"), "X-Amz-Date": timestamp()}
    start = time.monotonic()
    answer = raw.send("POST", "/2015-03-31/event-source-mappings/", headers, json.dumps(body).encode())
    assert answer.status in (400, 404), answer
    assert time.monotonic() - start < OTHERS_SECONDS_MAX
    raw.close()


def test_wildcards_over_a_long_value_stay_linear(victim, table):
    """A pattern that makes backtracking matchers take for ever, on a value that is made for it."""
    table.put(p=S(unique("wild")), a=S("a" * 200_000 + "b"))
    raw = RawClient(victim.endpoint)
    pattern = json.dumps({"dynamodb": {"NewImage": {"a": {"S": [{"wildcard": "*a*a*a*a*a*a*a*a*a*a*c"}]}}}})
    start = time.monotonic()
    answer = raw.send("GET", f"/_tributary/tail?region=us-east-1&table={table.name}&filter={urllib.parse.quote(pattern)}")
    assert answer.status == 200 and b"aaa" not in answer.body, answer
    assert time.monotonic() - start < 5
    raw.close()


def test_expressions_that_multiply(victim, table):
    """An update that would double a list with each action, and conditions over the largest item, again and again."""
    key = {"p": S(unique("large"))}
    values = {":l": {"L": [N(n) for n in range(1000)]}}
    table.put_item(Item={**key, "l": values[":l"]})
    expression = "SET " + ", ".join(f"a{n} = list_append(l, l)" for n in range(60))
    answer = RawClient(victim.endpoint).call(
        "UpdateItem", {"TableName": table.name, "Key": key, "UpdateExpression": expression}
    )
    assert answer.error[:2] == (400, "ValidationException"), answer
    assert "400" in answer.error[2] or "size" in answer.error[2], answer
    # What is looked for is almost there, at each of three hundred thousand places, a hundred times.
    table.put_item(Item={**key, "s": S("x" * 300_000)})
    condition = " OR ".join(["contains(s, :v)"] * 100)
    start = time.monotonic()
    answer = RawClient(victim.endpoint).call(
        "PutItem",
        {
            "TableName": table.name,
            "Item": key,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {":v": S("x" * 2000 + "y")},
        },
    )
    assert answer.error[1] == "ConditionalCheckFailedException"
    assert time.monotonic() - start < 5
