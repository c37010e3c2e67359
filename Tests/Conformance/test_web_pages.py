"""What a page in the browser of somebody who runs the server may ask of it."""

import json
import urllib.error
import urllib.request

import pytest

from harness import HOME


def status_of(server, method, path, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    body = None if method in ("GET", "OPTIONS") else json.dumps({}).encode()
    request = urllib.request.Request(server.endpoint + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


PREFLIGHT = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "authorization"}


@pytest.mark.parametrize(
    "method, path",
    [
        ("OPTIONS", "/2015-03-31/functions"),
        ("POST", "/2015-03-31/functions"),
        ("POST", "/2015-03-31/functions/f/invocations"),
        ("OPTIONS", f"/_tributary/regions/{HOME}"),
        ("PUT", f"/_tributary/regions/{HOME}"),
    ],
)
def test_pages_may_not_run_programs_or_change_the_server(server, method, path):
    status, headers = status_of(server, method, path, Origin="https://example.com", **PREFLIGHT)
    assert status == 403
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_pages_may_not_make_alarms(server):
    status, _ = status_of(
        server, "POST", "/", Origin="https://example.com", Content_Type="application/x-amz-json-1.0",
        X_Amz_Target="GraniteServiceVersion20100801.PutMetricAlarm")
    assert status == 403


def test_pages_may_use_dynamodb_as_on_aws(server):
    status, headers = status_of(server, "OPTIONS", "/", Origin="https://example.com", **PREFLIGHT)
    assert status == 200 and headers["Access-Control-Allow-Origin"] == "*"


def test_programs_may(server):
    assert status_of(server, "PUT", f"/_tributary/regions/{HOME}")[0] == 400
    assert status_of(server, "GET", "/_tributary/status", Origin="https://example.com")[0] == 200
