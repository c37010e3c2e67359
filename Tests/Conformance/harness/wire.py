"""Requests by hand over http.client, where an SDK would hide or repair something."""

import base64
import datetime
import http.client
import json
import socket
import urllib.parse
import zlib

from . import HOME

TIMEOUT_SECONDS = 60
API = "DynamoDB_20120810"
STREAMS_API = "DynamoDBStreams_20120810"
JSON_1_0 = "application/x-amz-json-1.0"


def timestamp(moment=None):
    return (moment or datetime.datetime.now(datetime.timezone.utc)).strftime("%Y%m%dT%H%M%SZ")


def authorization(region=HOME, date=None, access_key="test"):
    """A well-formed SigV4 header with a made-up signature (the server does not check signatures by default)."""
    day = (date or timestamp())[:8]
    return (
        f"AWS4-HMAC-SHA256 Credential={access_key}/{day}/{region}/dynamodb/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={'0' * 64}"
    )


class Answer:
    """Status, headers (case-insensitive) and body as they came over the wire."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """(HTTP status, error name without namespace, text or None)."""
        document = self.json
        return (self.status, document["__type"].split("#")[-1], document.get("message", document.get("Message")))

    @property
    def crc32(self):
        return zlib.crc32(self.body)

    def __repr__(self):
        return f"HTTP {self.status} {self.body[:300]!r}"


class RawClient:
    """One kept-alive connection; not for use by several threads."""

    def __init__(self, endpoint):
        parts = urllib.parse.urlsplit(endpoint)
        self.host, self.port = parts.hostname, parts.port
        self.connection = None

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def send(self, method="POST", path="/", headers=None, body=b"", chunked=False):
        """Exactly this request; http.client adds Host, Accept-Encoding and Content-Length only."""
        reused = self.connection is not None
        if not reused:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            try:
                self.connection.request(method, path, body, headers or {}, encode_chunked=chunked)
            except (BrokenPipeError, ConnectionResetError):
                # The server may answer an over-long body before it has read all of it.
                if self.connection.sock is None:
                    raise
            response = self.connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except (http.client.RemoteDisconnected, ConnectionError):
            self.close()
            if not reused:
                raise
            return self.send(method, path, headers, body, chunked)
        if response.will_close:
            self.close()
        return answer

    def call(self, operation, document=None, *, body=None, region=HOME, api=API, target=None, headers=None, without=()):
        """An operation with a well-formed envelope; `headers` replaces single headers, `without` leaves some out."""
        if body is None:
            body = json.dumps(document if document is not None else {}, default=_bytes_as_base64).encode()
        date = timestamp()
        all_headers = {
            "Content-Type": JSON_1_0,
            "X-Amz-Target": target if target is not None else f"{api}.{operation}",
            "X-Amz-Date": date,
            "Authorization": authorization(region, date),
        }
        all_headers.update(headers or {})
        return self.send(headers={k: v for k, v in all_headers.items() if k not in without}, body=body)

    def bytes_exchange(self, data):
        """Sends bytes on a fresh connection, and returns everything the server says until it closes."""
        with socket.create_connection((self.host, self.port), timeout=TIMEOUT_SECONDS) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while piece := connection.recv(65536):
                received += piece
            return received


def _bytes_as_base64(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value))
