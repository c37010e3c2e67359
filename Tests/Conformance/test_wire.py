"""The HTTP envelope: headers, checksums, error bodies, type binding, authentication (data-plane.md 1 and 2)."""

import datetime
import json
import re
import zlib

import pytest

from harness import REGIONS
from harness.errors import matching, starting
from harness.values import unique
from harness.wire import API, JSON_1_0, STREAMS_API, authorization, timestamp

BODY_LIMIT_BYTES = 16 * 1024 * 1024
NOT_FOUND_BODY = b"<UnknownOperationException/>\n"
CORAL = "com.amazon.coral.service#"
VALIDATION = "com.amazon.coral.validate#"
MODELLED = "com.amazonaws.dynamodb.v20120810#"


@pytest.fixture(scope="module")
def table(new_table):
    return new_table("p:S")


# --- Every answer ---------------------------------------------------------------------------------------------------

ANSWERS = {
    "success": lambda raw, table: raw.call("DescribeTable", {"TableName": table.name}),
    "success without output": lambda raw, table: raw.call(
        "TagResource",
        {"ResourceArn": table.description()["TableArn"], "Tags": [{"Key": "k", "Value": "v"}]},
    ),
    "validation error": lambda raw, table: raw.call("PutItem", {"TableName": table.name, "Item": {}}),
    "missing table": lambda raw, table: raw.call("DescribeTable", {"TableName": "no-such-table"}),
    "unknown operation": lambda raw, table: raw.call("Fly"),
    "broken JSON": lambda raw, table: raw.call("ListTables", body=b"{"),
    "no authentication": lambda raw, table: raw.call("ListTables", without=("Authorization",)),
    "wrong content type": lambda raw, table: raw.call("ListTables", headers={"Content-Type": "text/plain"}),
    "streams": lambda raw, table: raw.call("ListStreams", api=STREAMS_API),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_every_answer_carries_the_checksum_and_length_of_its_exact_body(raw, table, case):
    answer = ANSWERS[case](raw, table)
    assert answer.headers["x-amz-crc32"] == str(zlib.crc32(answer.body))
    assert answer.headers["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize("case", ANSWERS)
def test_every_answer_carries_a_request_id_of_its_own(raw, table, case):
    first, second = (ANSWERS[case](raw, table).headers["x-amzn-RequestId"] for _ in range(2))
    assert re.fullmatch("[A-Z0-9]{52}", first) and re.fullmatch("[A-Z0-9]{52}", second)
    assert first != second


def test_every_answer_names_server_and_date(raw):
    headers = raw.call("ListTables").headers
    assert headers["Server"] == "Server"
    sent = datetime.datetime.strptime(headers["Date"], "%a, %d %b %Y %H:%M:%S GMT")
    assert abs((sent - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)).total_seconds()) < 60


@pytest.mark.parametrize(
    "requested, answered",
    [
        ("application/x-amz-json-1.0", "application/x-amz-json-1.0"),
        ("application/x-amz-json-1.0; charset=utf-8", "application/x-amz-json-1.0"),
        ("application/json", "application/json"),
        ("application/json;charset=utf-8", "application/json"),
    ],
)
def test_content_type_is_answered_in_kind_and_parameters_are_ignored(raw, requested, answered):
    answer = raw.call("ListTables", headers={"Content-Type": requested})
    assert (answer.status, answer.headers["Content-Type"]) == (200, answered)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-amz-json", ""])
def test_other_content_types_are_not_found(raw, content_type):
    answer = raw.call("ListTables", headers={"Content-Type": content_type})
    assert (answer.status, answer.body) == (404, NOT_FOUND_BODY)
    assert answer.headers["x-amz-crc32"] == "3552371480"


def test_operations_without_output_answer_an_empty_body(raw, table):
    arn = table.description()["TableArn"]
    assert raw.call("TagResource", {"ResourceArn": arn, "Tags": [{"Key": "k", "Value": "v"}]}).body == b""
    assert raw.call("UntagResource", {"ResourceArn": arn, "TagKeys": ["k"]}).body == b""


def test_operations_with_empty_output_answer_an_empty_object(raw, table):
    answer = raw.call("PutItem", {"TableName": table.name, "Item": {"p": {"S": "x"}}})
    assert (answer.status, answer.body) == (200, b"{}")
    answer = raw.call("GetItem", {"TableName": table.name, "Key": {"p": {"S": unique()}}})
    assert (answer.status, answer.body) == (200, b"{}")


def test_connection_is_kept_alive(raw):
    raw.call("ListTables")
    connection = raw.connection.sock
    raw.call("Fly")
    raw.call("ListTables", body=b"{")
    assert raw.connection.sock is connection


def test_pipelined_requests_are_answered_in_order(raw):
    one, two = (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON_1_0}\r\nX-Amz-Target: {API}.{operation}\r\n"
        f"X-Amz-Date: {timestamp()}\r\nAuthorization: {authorization()}\r\nContent-Length: 2\r\n{more}\r\n{{}}"
        for operation, more in (("DescribeLimits", ""), ("Fly", "Connection: close\r\n"))
    )
    answers = raw.bytes_exchange((one + two).encode())
    assert answers.index(b"AccountMaxReadCapacityUnits") < answers.index(b"UnknownOperationException")


def test_body_may_come_in_chunks(raw, table):
    body = json.dumps({"TableName": table.name}).encode()
    headers = {
        "Content-Type": JSON_1_0,
        "X-Amz-Target": f"{API}.DescribeTable",
        "X-Amz-Date": timestamp(),
        "Authorization": authorization(),
        "Transfer-Encoding": "chunked",
    }
    answer = raw.send(headers=headers, body=iter([body[:5], body[5:]]), chunked=True)
    assert (answer.status, answer.json["Table"]["TableName"]) == (200, table.name)


# --- Other methods and paths ----------------------------------------------------------------------------------------


def test_get_root_is_healthy_without_authentication(raw):
    answer = raw.send("GET", "/")
    assert answer.status == 200
    assert re.fullmatch(rb"healthy: dynamodb\.[a-z0-9-]+\.amazonaws\.com ", answer.body)


def test_get_health_answers_200(raw):
    assert raw.send("GET", "/health").status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_found(raw, method):
    answer = raw.send(method, "/", body=b"{}", headers={"Content-Type": JSON_1_0})
    assert (answer.status, answer.body) == (404, NOT_FOUND_BODY)


def test_cors_headers_only_with_an_origin(raw):
    assert raw.call("ListTables").headers["Access-Control-Allow-Origin"] is None
    answer = raw.call("ListTables", headers={"Origin": "https://example.com"})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_cors_preflight_echoes_what_is_asked_for(raw):
    asked = {
        "Origin": "https://example.com",
        "Access-Control-Request-Headers": "x-amz-target, content-type",
        "Access-Control-Request-Method": "POST",
    }
    answer = raw.send("OPTIONS", "/", headers=asked)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Headers"] == asked["Access-Control-Request-Headers"]
    assert answer.headers["Access-Control-Allow-Methods"] == asked["Access-Control-Request-Method"]
    assert answer.headers["Access-Control-Max-Age"] == "172800"


# --- Size limit -----------------------------------------------------------------------------------------------------


def test_body_of_exactly_16_mib_is_taken(raw):
    body = json.dumps({"Limit": 1, "padding": ""}).encode()
    body = body[:-2] + b"x" * (BODY_LIMIT_BYTES - len(body)) + body[-2:]
    assert len(body) == BODY_LIMIT_BYTES
    assert raw.call("ListTables", body=body).status == 200


def test_body_over_16_mib_is_too_large(raw):
    answer = raw.call("ListTables", body=b" " * BODY_LIMIT_BYTES + b"x")
    assert (answer.status, answer.body) == (413, b"")
    assert raw.call("ListTables").status == 200


def test_chunked_body_over_16_mib_is_too_large(raw):
    headers = {
        "Content-Type": JSON_1_0,
        "X-Amz-Target": f"{API}.ListTables",
        "X-Amz-Date": timestamp(),
        "Authorization": authorization(),
        "Transfer-Encoding": "chunked",
    }
    answer = raw.send(headers=headers, body=iter([b" " * (1 << 20)] * 17), chunked=True)
    assert (answer.status, answer.body) == (413, b"")
    assert raw.call("ListTables").status == 200


# --- Order of the first checks --------------------------------------------------------------------------------------


def test_body_that_is_not_json_is_a_serialization_exception_without_text(raw):
    for body in (b"hello", b"{", b'{"TableName":"x",}', b"{'a':1}", b'{"a":\x00}', b"\xff\xfe", b"{}}"):
        answer = raw.call("ListTables", body=body)
        assert (answer.status, answer.json) == (400, {"__type": CORAL + "SerializationException"}), body


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"true"])
def test_root_must_be_an_object(raw, body):
    assert raw.call("ListTables", body=body).error[:2] == (400, "SerializationException")


@pytest.mark.parametrize(
    "target", ["DynamoDB_20120810.Fly", "DynamoDB_20111205.ListTables", "ListTables", "DynamoDB_20120810.", "", "a.b.c"]
)
def test_unknown_target_is_an_unknown_operation_without_text(raw, target):
    answer = raw.call(None, target=target)
    assert (answer.status, answer.json) == (400, {"__type": CORAL + "UnknownOperationException"})


def test_missing_target_is_an_unknown_operation(raw):
    answer = raw.call("ListTables", without=("X-Amz-Target",))
    assert (answer.status, answer.json) == (400, {"__type": CORAL + "UnknownOperationException"})


def test_streams_operations_have_a_namespace_of_their_own(raw):
    assert raw.call("ListStreams", api=API).error[1] == "UnknownOperationException"
    assert raw.call("ListTables", api=STREAMS_API).error[1] == "UnknownOperationException"
    assert raw.call("ListStreams", api=STREAMS_API).status == 200


def test_json_is_checked_before_the_target_and_the_target_before_authentication(raw):
    assert raw.call("Fly", body=b"{").error[1] == "SerializationException"
    assert raw.call("Fly", without=("Authorization",)).error[1] == "UnknownOperationException"
    assert (
        raw.call("ListTables", {"Limit": []}, without=("Authorization",)).error[1]
        == "MissingAuthenticationTokenException"
    )


def test_empty_body_is_checked_after_authentication(raw):
    assert raw.call("ListTables", body=b"").error[1] == "SerializationException"
    assert (
        raw.call("ListTables", body=b"", without=("Authorization",)).error[1] == "MissingAuthenticationTokenException"
    )


def test_null_members_are_absent_and_unknown_members_are_ignored(raw, table):
    assert raw.call("ListTables", {"Limit": None, "ExclusiveStartTableName": None, "Colour": {"a": [1]}}).status == 200
    key = {"p": {"S": "nulls", "N": None}}
    assert raw.call("PutItem", {"TableName": table.name, "Item": key, "ConditionExpression": None}).status == 200
    answer = raw.call(
        "GetItem", {"TableName": table.name, "Key": key, "ProjectionExpression": None, "ConsistentRead": True}
    )
    assert answer.json == {"Item": {"p": {"S": "nulls"}}}


def test_escapes_and_unicode_of_json_are_understood(raw, table):
    body = (
        b'{"TableName":"%s","Item":{"p":{"S":"caf\\u00e9 \\ud83d\\ude00 \\n\\t\\"\\\\ \xc3\xa9"}}}'
        % table.name.encode()
    )
    assert raw.call("PutItem", body=body).status == 200
    assert table.get(p={"S": 'café \U0001f600 \n\t"\\ é'}) is not None


# --- Type binding (1.3) ---------------------------------------------------------------------------------------------

MAP_CLASS = "java.util.Map<java.lang.String, com.amazonaws.dynamodb.v20120810.AttributeValue>"
STRUCT = "Unrecognized collection type class com.amazonaws.dynamodb.v20120810."
TYPE_BINDING = [
    ("DescribeTable", {"TableName": 1}, "NUMBER_VALUE cannot be converted to String"),
    ("DescribeTable", {"TableName": 1.5}, "DECIMAL_VALUE cannot be converted to String"),
    ("DescribeTable", {"TableName": True}, "TRUE_VALUE cannot be converted to String"),
    ("DescribeTable", {"TableName": False}, "FALSE_VALUE cannot be converted to String"),
    ("DescribeTable", {"TableName": {}}, "Start of structure or map found where not expected"),
    ("DescribeTable", {"TableName": []}, "Unrecognized collection type class java.lang.String"),
    ("ListTables", {"Limit": "1"}, "STRING_VALUE cannot be converted to Integer"),
    ("ListTables", {"Limit": {}}, "Start of structure or map found where not expected"),
    ("ListTables", {"Limit": []}, "Unrecognized collection type class java.lang.Integer"),
    (
        "CreateTable",
        {"ProvisionedThroughput": {"ReadCapacityUnits": "1"}},
        "STRING_VALUE cannot be converted to Long",
    ),
    (
        "CreateTable",
        {"ProvisionedThroughput": {"ReadCapacityUnits": []}},
        "Unrecognized collection type class java.lang.Long",
    ),
    ("CreateTable", {"ProvisionedThroughput": []}, STRUCT + "ProvisionedThroughput"),
    ("CreateTable", {"ProvisionedThroughput": "x"}, "Unexpected field type"),
    ("CreateTable", {"KeySchema": "x"}, "Unexpected field type"),
    ("CreateTable", {"KeySchema": {}}, "Start of structure or map found where not expected"),
    ("GetItem", {"ConsistentRead": "maybe"}, "Unexpected token received from parser"),
    ("GetItem", {"ConsistentRead": []}, "Unrecognized collection type class java.lang.Boolean"),
    ("GetItem", {"ConsistentRead": {}}, "Start of structure or map found where not expected"),
    ("GetItem", {"Key": "x"}, "Unexpected field type"),
    ("GetItem", {"Key": 1}, "Unexpected field type"),
    ("GetItem", {"Key": []}, "Unrecognized collection type " + MAP_CLASS),
    ("GetItem", {"Key": {"p": "x"}}, "Unexpected value type in payload"),
    ("GetItem", {"Key": {"p": []}}, STRUCT + "AttributeValue"),
    ("GetItem", {"Key": {"p": {"S": 1}}}, "NUMBER_VALUE cannot be converted to String"),
    ("GetItem", {"Key": {"p": {"S": []}}}, "Unrecognized collection type class java.lang.String"),
    ("GetItem", {"Key": {"p": {"S": {}}}}, "Start of structure or map found where not expected"),
    ("GetItem", {"Key": {"p": {"N": 3}}}, "NUMBER_VALUE cannot be converted to String"),
    ("GetItem", {"Key": {"p": {"B": 3}}}, "only base-64-encoded strings are convertible to bytes"),
    ("GetItem", {"Key": {"p": {"BOOL": "maybe"}}}, "Unexpected token received from parser"),
    (
        "GetItem",
        {"Key": {"p": {"B": "abc"}}},
        "Base64 encoded length is expected a multiple of 4 bytes but found: 3",
    ),
    ("GetItem", {"Key": {"p": {"B": "AB=="}}}, "Invalid last non-pad Base64 character dectected"),
    ("GetItem", {"Key": {"p": {"SS": "x"}}}, "Unexpected field type"),
    ("GetItem", {"Key": {"p": {"SS": {}}}}, "Start of structure or map found where not expected"),
    ("GetItem", {"Key": {"p": {"SS": [1]}}}, "NUMBER_VALUE cannot be converted to String"),
    ("GetItem", {"Key": {"p": {"M": []}}}, "Unrecognized collection type " + MAP_CLASS),
    ("GetItem", {"Key": {"p": {"M": {"a": {"L": [{"N": 1}]}}}}}, "NUMBER_VALUE cannot be converted to String"),
    ("Query", {"Limit": "x"}, "STRING_VALUE cannot be converted to Integer"),
    ("Query", {"AttributesToGet": {}}, "Start of structure or map found where not expected"),
]


@pytest.mark.parametrize(
    "operation, members, text", TYPE_BINDING, ids=[f"{case[0]}-{json.dumps(case[1])}" for case in TYPE_BINDING]
)
def test_wrong_json_type(raw, operation, members, text):
    answer = raw.call(operation, {"TableName": "abc", **members})
    assert (answer.status, answer.json) == (400, {"__type": CORAL + "SerializationException", "Message": text})


def test_base64_with_a_foreign_character_is_a_serialization_exception(raw):
    answer = raw.call("GetItem", {"TableName": "abc", "Key": {"p": {"B": "a!=="}}})
    assert answer.error[:2] == (400, "SerializationException")


def test_number_with_a_fraction_is_cut_where_an_integer_is_expected(raw, table):
    assert len(raw.call("ListTables", {"Limit": 1.9}).json["TableNames"]) == 1


@pytest.mark.parametrize("truth", ["true", "TRUE", "yes", "Yes", "1", "false", "NO", "0"])
def test_some_strings_are_booleans(raw, table, truth):
    request = {"TableName": table.name, "Key": {"p": {"S": "none"}}, "ConsistentRead": truth}
    assert raw.call("GetItem", request).status == 200


def test_unknown_type_key_counts_as_an_empty_value(raw, table):
    answer = raw.call("PutItem", {"TableName": table.name, "Item": {"p": {"S": "x"}, "a": {"dog": "cat"}}})
    assert answer.json == {
        "__type": VALIDATION + "ValidationException",
        "message": "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    }


# --- Error bodies (1.1) ---------------------------------------------------------------------------------------------


def test_names_and_members_of_error_bodies(raw, table):
    key = {"p": {"S": unique()}}
    item = {**key, "a": {"N": "1"}}
    put = {"TableName": table.name, "Item": item}
    assert raw.call("PutItem", put).status == 200

    failed = raw.call("PutItem", {**put, "ConditionExpression": "attribute_not_exists(p)"})
    assert (failed.status, failed.json) == (
        400,
        {"__type": MODELLED + "ConditionalCheckFailedException", "message": "The conditional request failed"},
    )

    with_item = {"ConditionExpression": "attribute_not_exists(p)", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    assert raw.call("PutItem", {**put, **with_item}).json == {
        "__type": MODELLED + "ConditionalCheckFailedException",
        "Message": "The conditional request failed",
        "Item": item,
    }

    action = {"Put": {**put, "ConditionExpression": "attribute_not_exists(p)"}}
    assert raw.call("TransactWriteItems", {"TransactItems": [action]}).json == {
        "__type": MODELLED + "TransactionCanceledException",
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons [ConditionalCheckFailed]",
        "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}],
    }

    missing = raw.call("GetItem", {"TableName": "no-such-table", "Key": key})
    assert missing.json == {"__type": MODELLED + "ResourceNotFoundException", "message": "Requested resource not found"}


def test_reused_token_error_has_a_capital_message(raw, table):
    def call(item):
        action = {"Put": {"TableName": table.name, "Item": {"p": {"S": item}}}}
        return raw.call("TransactWriteItems", {"TransactItems": [action], "ClientRequestToken": token})

    token = unique()
    assert call("token-1").status == 200
    body = call("token-2").json
    assert body["__type"] == MODELLED + "IdempotentParameterMismatchException"
    assert "Message" in body and "message" not in body


# --- Authentication (2), as far as it does not need the signature ---------------------------------------------------


def _header(**changes):
    """A complete Authorization header with single parts replaced; None leaves the part out."""
    date = timestamp()
    parts = {
        "Credential": f"test/{date[:8]}/us-east-1/dynamodb/aws4_request",
        "SignedHeaders": "host;x-amz-date;x-amz-target",
        "Signature": "0" * 64,
    }
    algorithm = changes.pop("algorithm", "AWS4-HMAC-SHA256")
    parts.update(changes)
    return f"{algorithm} " + ", ".join(f"{name}={value}" for name, value in parts.items() if value is not None)


def _scope(region="us-east-1", service="dynamodb", terminator="aws4_request", day=None):
    return _header(Credential=f"test/{day or timestamp()[:8]}/{region}/{service}/{terminator}")


NO_CREDENTIAL = "Authorization header requires 'Credential' parameter. "
NO_SIGNATURE = "Authorization header requires 'Signature' parameter. "
NO_SIGNED_HEADERS = "Authorization header requires 'SignedHeaders' parameter. "
AUTHENTICATION = [
    ("not AWS4", "Basic dGVzdDp0ZXN0", "MissingAuthenticationToken", "Request is missing Authentication Token"),
    ("empty", "", "MissingAuthenticationToken", "Request is missing Authentication Token"),
    ("no credential", _header(Credential=None), "IncompleteSignature", starting(NO_CREDENTIAL + "Authorization=")),
    ("no signature", _header(Signature=None), "IncompleteSignature", starting(NO_SIGNATURE + "Authorization=")),
    ("no headers", _header(SignedHeaders=None), "IncompleteSignature", starting(NO_SIGNED_HEADERS + "Authorization=")),
    (
        "nothing",
        "AWS4-HMAC-SHA256 ",
        "IncompleteSignature",
        starting(NO_CREDENTIAL + NO_SIGNATURE + NO_SIGNED_HEADERS + "Authorization="),
    ),
    (
        "host not signed",
        _header(SignedHeaders="x-amz-date"),
        "InvalidSignature",
        "'Host' must be a 'SignedHeader' in the AWS Authorization.",
    ),
    (
        "algorithm",
        _header(algorithm="AWS4-HMAC-SHA512"),
        "IncompleteSignature",
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512' (only AWS4-HMAC-SHA256 for now). ",
    ),
    (
        "scope shape",
        _header(Credential="test/us-east-1"),
        "IncompleteSignature",
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'test/us-east-1'",
    ),
    (
        "unknown region",
        _scope(region="mars-north-1"),
        "InvalidSignature",
        "Credential should be scoped to a valid region, not 'mars-north-1'. ",
    ),
    (
        "region that is not served",
        _scope(region="us-west-2"),
        "InvalidSignature",
        "Credential should be scoped to a valid region, not 'us-west-2'. ",
    ),
    (
        "service",
        _scope(service="s4"),
        "InvalidSignature",
        "Credential should be scoped to correct service: 'dynamodb'. ",
    ),
    (
        "terminator",
        _scope(terminator="aws5_request"),
        "InvalidSignature",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
    ),
    (
        "scope date",
        _scope(day="20200101"),
        "InvalidSignature",
        matching(
            r"^Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            r"'20200101' != '\d{8}', from '\d{8}T\d{6}Z'\.$"
        ),
    ),
    (
        "all of the scope",
        _scope("mars-north-1", "s4", "x", "20200101"),
        "InvalidSignature",
        starting(
            "Credential should be scoped to a valid region, not 'mars-north-1'. "
            "Credential should be scoped to correct service: 'dynamodb'. "
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'x'. "
            "Date in Credential scope does not match YYYYMMDD"
        ),
    ),
]


@pytest.mark.parametrize(
    "header, name, text", [case[1:] for case in AUTHENTICATION], ids=[case[0] for case in AUTHENTICATION]
)
def test_faulty_authorization_header(raw, header, name, text):
    answer = raw.call("ListTables", headers={"Authorization": header})
    assert answer.error == (400, name + "Exception", text)
    assert answer.json["__type"].startswith(CORAL)


def test_missing_authorization(raw):
    answer = raw.call("ListTables", without=("Authorization",))
    assert answer.error == (400, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
    assert answer.json["__type"].startswith(CORAL)


def test_missing_date(raw):
    header = _header()
    answer = raw.call("ListTables", headers={"Authorization": header}, without=("X-Amz-Date",))
    text = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization="
    assert answer.error == (400, "IncompleteSignatureException", text + header)


def test_malformed_date(raw):
    answer = raw.call("ListTables", headers={"X-Amz-Date": "yesterday"})
    text = "Date must be in ISO-8601 'basic format'. Got 'yesterday'. " "See http://en.wikipedia.org/wiki/ISO_8601"
    assert answer.error == (400, "IncompleteSignatureException", text)


def test_old_and_future_dates_are_accepted(raw):
    """A deliberate difference: AWS refuses dates more than 15 minutes off, but our signatures are not checked and clocks can be moved."""
    for minutes in (-20, 20):
        date = timestamp(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes))
        headers = {"X-Amz-Date": date, "Authorization": authorization(date=date)}
        assert raw.call("ListTables", headers=headers).status == 200


def test_header_and_query_authentication_exclude_each_other(raw):
    headers = {
        "Content-Type": JSON_1_0,
        "X-Amz-Target": f"{API}.ListTables",
        "X-Amz-Date": timestamp(),
        "Authorization": authorization(),
    }
    answer = raw.send(path="/?X-Amz-Algorithm=AWS4-HMAC-SHA256", headers=headers, body=b"{}")
    text = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
    assert answer.error == (400, "InvalidSignatureException", text)


def test_incomplete_query_authentication(raw):
    headers = {"Content-Type": JSON_1_0, "X-Amz-Target": f"{API}.ListTables"}
    answer = raw.send(path="/?X-Amz-Algorithm=AWS4-HMAC-SHA256", headers=headers, body=b"{}")
    members = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    text = "".join(f"AWS query-string parameters must include '{name}'. " for name in members)
    text += "Re-examine the query-string parameters."
    assert answer.error == (400, "IncompleteSignatureException", text)


def test_parts_of_the_header_may_be_separated_by_commas_alone(raw):
    header = authorization().replace(", ", ",")
    assert raw.call("ListTables", headers={"Authorization": header}).status == 200


@pytest.mark.parametrize("region", REGIONS)
def test_region_comes_from_the_credential_scope(raw, region):
    address = raw.call("DescribeEndpoints", region=region).json["Endpoints"][0]["Address"]
    assert address == f"dynamodb.{region}.amazonaws.com"
