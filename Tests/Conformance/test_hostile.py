"""Requests that mean harm or are merely broken: always an answer of the 4xx kind, and the server keeps serving."""

import http.client
import json
import random
import re
import socket

import pytest

from harness.values import S, nested
from harness.wire import API, JSON_1_0, authorization, timestamp

SECONDS = 20


@pytest.fixture(scope="module")
def table(new_table):
    table = new_table("p:S")
    table.put(p=S("witness"))
    return table


@pytest.fixture(autouse=True)
def still_serving(table, raw):
    """After every test of this module the server must be well, and what it held must be there."""
    yield
    assert raw.send("GET", "/health").status == 200
    assert table.get(p=S("witness")) == {"p": S("witness")}
    assert raw.call("ListTables").status == 200


def refused(answer):
    assert 400 <= answer.status < 500, answer
    return answer


# --- Broken HTTP ----------------------------------------------------------------------------------------------------

HEAD = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON_1_0}\r\nX-Amz-Target: {API}.ListTables\r\n"
BROKEN = {
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "text": b"hello, server\r\n\r\n",
    "nothing but line ends": b"\r\n" * 100,
    "no version": b"GET /\r\n\r\n",
    "version of the future": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "unknown method": b"FLY / HTTP/1.1\r\nHost: x\r\n\r\n",
    "header without colon": b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
    "negative length": HEAD.encode() + b"Content-Length: -5\r\n\r\n{}",
    "length that is no number": HEAD.encode() + b"Content-Length: many\r\n\r\n{}",
    "length beyond 64 bits": HEAD.encode() + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "two lengths": HEAD.encode() + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "bad chunk size": HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "endless chunk size": HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 10_000,
    "half a body": HEAD.encode() + b"Content-Length: 100\r\n\r\n{",
    "half a head": b"POST / HTTP/1.1\r\nHost: loc",
    "long request line": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 500_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(20_000)) + b"\r\n",
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_http(raw, case):
    # The server may answer or hang up; it may not be silent, and it may not call it its own fault.
    try:
        answer = raw.bytes_exchange(BROKEN[case])
    except ConnectionError:
        return
    assert not answer or re.match(rb"HTTP/1\.[01] (4\d\d|505) ", answer), answer[:200]


def test_connections_that_end_at_any_point(raw, table):
    body = json.dumps({"TableName": table.name, "Item": {"p": S("half")}}).encode()
    request = (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON_1_0}\r\nX-Amz-Target: {API}.PutItem\r\n"
        f"X-Amz-Date: {timestamp()}\r\nAuthorization: {authorization()}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    for length in range(0, len(request), 23):
        with socket.create_connection((raw.host, raw.port), timeout=SECONDS) as connection:
            connection.sendall(request[:length])
    assert table.get(p=S("half")) is None


def test_answers_that_nobody_reads(raw, table):
    for _ in range(50):
        connection = http.client.HTTPConnection(raw.host, raw.port, timeout=SECONDS)
        headers = {
            "Content-Type": JSON_1_0,
            "X-Amz-Target": f"{API}.Scan",
            "X-Amz-Date": timestamp(),
            "Authorization": authorization(),
        }
        connection.request("POST", "/", json.dumps({"TableName": table.name}), headers)
        connection.close()


def test_two_hundred_silent_connections(raw):
    silent = [socket.create_connection((raw.host, raw.port), timeout=SECONDS) for _ in range(200)]
    try:
        assert raw.call("ListTables").status == 200
    finally:
        for connection in silent:
            connection.close()


# --- Documents ------------------------------------------------------------------------------------------------------


def item(value):
    return b'{"TableName":"TABLE","Item":{"p":{"S":"x"},"a":' + value + b"}}"


DOCUMENTS = {
    "a hundred thousand arrays": b"[" * 100_000 + b"]" * 100_000,
    "five million open arrays": b"[" * 5_000_000,
    "objects in objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep in an unknown member": b'{"TableName":"TABLE","x":' + b"[" * 50_000 + b"]" * 50_000 + b',"Item":{}}',
    "maps in maps": item(b'{"M":{"k":' * 20_000 + b'{"S":"x"}' + b"}}" * 20_000),
    "lists in lists": item(b'{"L":[' * 20_000 + b'{"S":"x"}' + b"]}" * 20_000),
    "a million attributes": b'{"TableName":"TABLE","Item":{'
    + b",".join(b'"a%d":{}' % n for n in range(500_000))
    + b"}}",
    "a long number": item(b'{"N":"' + b"9" * 10_000_000 + b'"}'),
    "a long exponent": item(b'{"N":"1e' + b"9" * 1_000_000 + b'"}'),
    "a long JSON number": b'{"Limit":' + b"9" * 1_000_000 + b"}",
    "a large JSON exponent": b'{"TableName":"TABLE","Item":{"p":{"S":1e999999999}}}',
    "a long string": item(b'{"S":"' + b"x" * 15_000_000 + b'"}'),
    "a million escapes": item(b'{"S":"' + b"\\u0041" * 1_000_000 + b'"}'),
    "a long set": item(b'{"NS":[' + b",".join(b'"%d"' % n for n in range(200_000)) + b"]}"),
    "a long set of one member": item(b'{"SS":[' + b",".join([b'"same"'] * 200_000) + b"]}"),
    "half an escape": item(b'{"S":"\\u00'),
    "unknown escape": item(b'{"S":"\\q"}'),
    "control character": item(b'{"S":"a\nb"}'),
    "bytes that are not UTF-8": item(b'{"S":"\xff\xfe\xc0\x80"}'),
    "overlong UTF-8": item(b'{"S":"\xc0\xaf"}'),
    "surrogate in UTF-8": item(b'{"S":"\xed\xa0\x80"}'),
    "byte order mark": b"\xef\xbb\xbf" + item(b'{"X":1}'),
    "trailing comma": b'{"TableName":"TABLE",}',
    "two documents": b"{}{}",
    "comment": b"{/* */}",
    "single quotes": b"{'TableName':'TABLE'}",
    "NaN": b'{"Limit":NaN}',
    "leading zero": b'{"TableName":"TABLE","Item":{"p":{"S":"x"}},"x":01}',
    "bare minus": b'{"x":-}',
    "only blanks": b" " * 1_000_000,
    "UTF-16": '{"TableName":"x"}'.encode("utf-16"),
    "not base64": item(b'{"B":"' + b"*" * 1000 + b'"}'),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_document(raw, table, case):
    refused(raw.call("PutItem", body=DOCUMENTS[case].replace(b"TABLE", table.name.encode())))
    assert table.get(p=S("x")) is None


def test_member_given_twice_is_no_way_around_a_check(raw, table):
    body = b'{"TableName":"TABLE","Item":{"p":{"S":"x"},"p":{"N":"1"}},"Item":{"p":{"S":""}}}'
    refused(raw.call("PutItem", body=body.replace(b"TABLE", table.name.encode())))


def test_lone_surrogate_escapes_do_no_harm(raw, table):
    for text in (b"\\ud800", b"\\udc00", b"\\ud800\\ud800", b"\\ud800x"):
        answer = raw.call("PutItem", body=item(b'{"S":"' + text + b'"}').replace(b"TABLE", table.name.encode()))
        assert answer.status in (200, 400)
    table.delete_item(Key={"p": S("x")})


@pytest.mark.parametrize("seed", range(4))
def test_mutated_requests(raw, table, seed):
    """Bytes of good requests changed at random; the seed is the test's name."""
    chooser = random.Random(seed)
    request = {
        "TableName": table.name,
        "Key": {"p": S("mutated")},
        "UpdateExpression": "SET a.b[0] = if_not_exists(c, :v) + :w, d = list_append(d, :l) REMOVE #e ADD f :v DELETE g :s",
        "ConditionExpression": "attribute_exists(p) AND (size(a) > :v OR NOT contains(h, :v) AND i BETWEEN :v AND :w)",
        "ExpressionAttributeNames": {"#e": "e"},
        "ExpressionAttributeValues": {
            ":v": {"N": "1.5e3"},
            ":w": {"N": "2"},
            ":l": {"L": [nested(3)]},
            ":s": {"SS": ["a", "b"]},
        },
    }
    original = json.dumps(request).encode()
    assert raw.call("UpdateItem", body=original).status == 400
    for _ in range(400):
        body = bytearray(original)
        for _ in range(chooser.randrange(1, 4)):
            position = chooser.randrange(len(body))
            match chooser.randrange(3):
                case 0:
                    body[position] = chooser.randrange(256)
                case 1:
                    del body[position : position + chooser.randrange(1, 8)]
                case 2:
                    body[position:position] = body[
                        (start := chooser.randrange(len(body))) : start + chooser.randrange(1, 30)
                    ]
        answer = raw.call("UpdateItem", body=bytes(body))
        assert answer.status in (200, 400), (seed, bytes(body))


# --- Expressions ----------------------------------------------------------------------------------------------------

OPEN = 4000
BOMBS = {
    "parentheses": "(" * OPEN,
    "balanced parentheses": "(" * 1300 + "a = :v" + ")" * 1300,
    "NOT": "NOT " * 1000 + "a = :v",
    "functions in functions": "size(" * 800,
    "brackets": "a" + "[0]" * 1300 + " = :v",
    "dots": "a" + ".a" * 2000 + " = :v",
    "IN": "a IN (" + ",".join([":v"] * 1300) + ")",
    "ORs": " OR ".join(["a=:v"] * 500),
    "blanks": " " * 100_000,
    "a megabyte": "a = :v OR " * 100_000,
    "ten megabytes": "a" * 10_000_000,
    "one character": "\u00e9" * 2000,
    "NULs": "\x00" * 4000,
    "placeholders": "#" * 4000,
    "colons": ":" * 4000,
    "an index beyond all": f"a[{'9' * 4000}] = :v",
}


@pytest.mark.parametrize("case", BOMBS)
@pytest.mark.parametrize(
    "member",
    ["ConditionExpression", "UpdateExpression", "ProjectionExpression", "FilterExpression", "KeyConditionExpression"],
)
def test_expression_bomb(raw, table, member, case):
    operation = {"ConditionExpression": "UpdateItem", "UpdateExpression": "UpdateItem", "ProjectionExpression": "GetItem",
                 "FilterExpression": "Scan", "KeyConditionExpression": "Query"}[member]  # fmt: skip
    request = {"TableName": table.name, member: BOMBS[case]}
    if operation in ("UpdateItem", "GetItem"):
        request["Key"] = {"p": S("bomb")}
    if operation != "GetItem":
        request["ExpressionAttributeValues"] = {":v": {"N": "1"}}
    answer = refused(raw.call(operation, request))
    assert answer.error[1] == "ValidationException"


def test_update_bombs(raw, table):
    for expression in (
        "SET a = " + "if_not_exists(a, " * 230 + ":v" + ")" * 230 + "!",
        "SET a = " + "(" * 1500 + ":v" + ")" * 1500,
        "SET a = " + " + ".join([":v"] * 600),
        "REMOVE " + ", ".join(["a"] * 1300),
        "SET " + "SET " * 1000,
    ):
        request = {
            "TableName": table.name,
            "Key": {"p": S("bomb")},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        }
        refused(raw.call("UpdateItem", request))


def test_too_many_placeholders(raw, table):
    many = {f":v{n}": {"N": "1"} for n in range(100_000)}
    request = {
        "TableName": table.name,
        "Key": {"p": S("bomb")},
        "ConditionExpression": "a = :v0",
        "ExpressionAttributeValues": many,
    }
    refused(raw.call("UpdateItem", request))
    request["ExpressionAttributeValues"] = {":v0": {"S": "x" * 3_000_000}}
    refused(raw.call("UpdateItem", request))


# --- Members of extreme values --------------------------------------------------------------------------------------

EXTREMES = [
    ("ListTables", {"Limit": 2**31}),
    ("ListTables", {"Limit": -(2**63)}),
    ("ListTables", {"Limit": 2**70}),
    ("ListTables", {"Limit": 1e300}),
    ("ListTables", {"ExclusiveStartTableName": "x" * 1_000_000}),
    ("DescribeTable", {"TableName": "x" * 1_000_000}),
    ("DescribeTable", {"TableName": "../../../etc/passwd"}),
    ("DescribeTable", {"TableName": "arn:aws:dynamodb:us-east-1:000000000000:table/" + "x" * 2000}),
    ("DescribeTable", {"TableName": "arn:aws:dynamodb:::table/"}),
    ("DescribeTable", {"TableName": "\x00"}),
    ("CreateTable", {"TableName": "..%2f..", "AttributeDefinitions": [], "KeySchema": []}),
    ("CreateTable", {"TableName": "wide", "AttributeDefinitions": [{}] * 10_000, "KeySchema": [{}] * 10_000}),
    ("BatchGetItem", {"RequestItems": {f"t{n}": {"Keys": [{}] * 50} for n in range(2000)}}),
    ("BatchWriteItem", {"RequestItems": {f"t{n}": [{}] * 20 for n in range(2000)}}),
    ("TransactWriteItems", {"TransactItems": [{}] * 10_000}),
    ("TransactGetItems", {"TransactItems": [{"Get": {}}] * 10_000}),
    ("TagResource", {"ResourceArn": "x" * 100_000, "Tags": [{"Key": "k", "Value": "v"}] * 10_000}),
    ("UpdateTable", {"TableName": "none", "ReplicaUpdates": [{"Create": {"RegionName": "x" * 100_000}}]}),
    ("UpdateTable", {"TableName": "none", "ReplicaUpdates": [{}] * 10_000}),
]


@pytest.mark.parametrize("operation, request_", EXTREMES, ids=[f"{op}-{str(r)[:40]}" for op, r in EXTREMES])
def test_extreme_members(raw, operation, request_):
    refused(raw.call(operation, request_))


@pytest.mark.parametrize(
    "members",
    [
        {"Limit": 2**31},
        {"Limit": 2**63},
        {"Limit": 2**70},
        {"Segment": 2**40, "TotalSegments": 2**41},
        {"Segment": 2**70, "TotalSegments": 2**71},
    ],
)
def test_integers_beyond_their_range(raw, table, members):
    # What AWS makes of a number beyond 32 bits is not known; a server's fault it is not.
    assert raw.call("Scan", {"TableName": table.name, **members}).status in (200, 400)


def test_every_operation_with_nothing_at_all(raw):
    for operation in (
        "CreateTable", "DescribeTable", "UpdateTable", "DeleteTable", "PutItem", "GetItem", "UpdateItem", "DeleteItem",
        "Query", "Scan", "BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems", "TagResource",
        "UntagResource", "ListTagsOfResource",
    ):  # fmt: skip
        for body in (b"{}", b'{"TableName":null}', b'{"TableName":""}'):
            status, name, _ = raw.call(operation, body=body).error
            assert (status, name) == (400, "ValidationException"), operation
