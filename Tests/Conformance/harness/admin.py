"""The pages below /_tributary/, and the clocks of regions."""

import contextlib
import http.client
import itertools
import json
import urllib.parse

TIMEOUT_SECONDS = 60


def admin(server, path, method="GET", document=None, body=None):
    """Status and JSON of the answer of a server, or of an endpoint. `document` is sent as JSON, `body` as it is."""
    parts = urllib.parse.urlsplit(getattr(server, "endpoint", server))
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


@contextlib.contextmanager
def crossing(endpoint, *regions):
    """What is written in the body in several regions crosses on its way: nothing arrives before the end, however slow the test is."""

    def delay(text):
        for source, target in itertools.permutations(regions, 2):
            status, answer = admin(endpoint, f"/_tributary/links/{source}/{target}", "PUT", {"delay": text})
            assert status == 200, answer

    delay("60m")
    try:
        yield
    finally:
        delay("0ms")
