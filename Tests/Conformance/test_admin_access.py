"""From where the server may be changed (issue 3, bad input): /_tributary/, functions, alarms and experiments are for its own machine."""

import http.client
import json
import socket
import subprocess

import botocore.exceptions
import pytest

from harness import HOME
from harness.server import tributary
from harness.wire import authorization, timestamp

SENTENCE = "is for requests from the server's own machine; start the server with --admin-from to allow others"


def own_address():
    """An address of this machine that is not loopback, as another machine would have."""
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    addresses = [address for address in found if ":" not in address and not address.startswith("127.")]
    if not addresses:
        pytest.skip("this machine has no address but loopback")
    return addresses[0]


def signed(service, **more):
    return {"X-Amz-Date": timestamp(), "Authorization": authorization().replace("/dynamodb/", f"/{service}/"), **more}


def ask(server, host, method, path, headers=None, body=b""):
    connection = http.client.HTTPConnection(host, server.port, timeout=30)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    found = (response.status, response.read())
    connection.close()
    return found


ALARM = {"X-Amz-Target": "GraniteServiceVersion20100801.PutMetricAlarm", "Content-Type": "application/x-amz-json-1.0"}
GUARDED = [
    ("GET", "/_tributary/status", {}, "/_tributary/"),
    ("GET", f"/_tributary/events?region={HOME}", {}, "/_tributary/"),
    ("PUT", f"/_tributary/regions/{HOME}", {}, "/_tributary/"),
    ("POST", "/2015-03-31/functions", signed("lambda"), "changing functions and event source mappings"),
    ("POST", "/2015-03-31/event-source-mappings/", signed("lambda"), "changing functions and event source mappings"),
    ("DELETE", "/2015-03-31/functions/f", signed("lambda"), "changing functions and event source mappings"),
    ("POST", "/", signed("monitoring", **ALARM), "changing alarms"),
    ("POST", "/experiments", signed("fis"), "changing experiments"),
]
OPEN = [
    ("GET", "/health", {}, 200),
    ("GET", "/metrics", {}, 200),
    ("GET", "/2015-03-31/functions", signed("lambda"), 200),
    ("POST", "/2015-03-31/functions/none/invocations", signed("lambda"), 404),
    ("GET", "/experimentTemplates", signed("fis"), 200),
]


def test_other_machines_use_tables_and_nothing_else(own_server):
    server, address = own_server("--host", "0.0.0.0"), own_address()
    for method, path, headers, what in GUARDED:
        status, body = ask(server, address, method, path, headers, b"{}" if method != "GET" else b"")
        assert status == 403, (method, path, body)
        document = json.loads(body)
        assert (document.get("message") or document.get("Message")) == f"{what} {SENTENCE}"
    for method, path, headers, expected in OPEN:
        assert ask(server, address, method, path, headers)[0] == expected, path
    target = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
    assert ask(server, address, "POST", "/", signed("dynamodb", **target), b"{}")[0] == 200
    assert ask(server, "127.0.0.1", "GET", "/_tributary/status")[0] == 200
    assert ask(server, "127.0.0.2", "GET", "/_tributary/status")[0] == 200


def test_sdks_show_the_sentence(own_server, new_clients):
    server, address = own_server("--host", "0.0.0.0"), own_address()
    endpoint = f"http://{address}:{server.port}"
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDeniedException.*--admin-from"):
        new_clients(endpoint, "lambda")(HOME).delete_function(FunctionName="f")
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDeniedException.*--admin-from"):
        new_clients(endpoint, "cloudwatch")(HOME).enable_alarm_actions(AlarmNames=["a"])
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDeniedException.*--admin-from"):
        new_clients(endpoint, "fis")(HOME).stop_experiment(id="x")


def test_others_are_allowed_by_option(own_server):
    address = own_address()
    for who in ("any", f"10.255.255.255,{address}/24", address, "::/0"):
        server = own_server("--host", "0.0.0.0", "--admin-from", who)
        assert ask(server, address, "GET", "/_tributary/status")[0] == 200, who
        assert ask(server, "127.0.0.1", "GET", "/_tributary/status")[0] == 200, who
        assert server.stop() == 0
    server = own_server("--host", "0.0.0.0", "--admin-from", "198.51.100.0/24,2001:db8::/32")
    assert ask(server, address, "GET", "/_tributary/status")[0] == 403
    assert ask(server, "127.0.0.1", "GET", "/_tributary/status")[0] == 200


def test_loopback_over_ipv6(own_server):
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    server = own_server("--host", "::")
    assert ask(server, "::1", "GET", "/_tributary/status")[0] == 200
    # Over a socket of IPv6, clients of IPv4 have mapped addresses.
    assert ask(server, "127.0.0.1", "GET", "/_tributary/status")[0] == 200
    assert ask(server, own_address(), "GET", "/_tributary/status")[0] == 403


@pytest.mark.parametrize("who", ["everybody", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.1,", "loopback,any", "1.2.3.4/-1"])
def test_faulty_option(who):
    done = tributary("serve", "--in-memory", f"--admin-from={who}")
    assert done.returncode == 64
    assert "--admin-from must be loopback, any, or addresses and CIDR blocks such as 10.0.0.0/8, not '" in done.stderr
