"""The pages below /_tributary/, and the clocks of regions."""

import contextlib
import http.client
import json
import urllib.parse

TIMEOUT_SECONDS = 30


def admin(server, path, method="GET", document=None, body=None):
    """Status and JSON of the answer. `document` is sent as JSON, `body` as it is."""
    parts = urllib.parse.urlsplit(server.endpoint)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body if document is None else json.dumps(document))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def set_clock(server, offset, *regions):
    for region in regions:
        status, answer = admin(server, f"/_tributary/regions/{region}", "PUT", {"clockOffset": offset})
        assert status == 200, answer


@contextlib.contextmanager
def moved_clock(server, offset, *regions):
    """The regions' clocks are off by so much while the block runs."""
    set_clock(server, offset, *regions)
    try:
        yield
    finally:
        set_clock(server, "0", *regions)
