"""Server-sent events over a raw socket, so that a test decides when anything is read."""

import json
import os
import socket
import subprocess
import threading
import urllib.parse

from .server import binary
from .waiting import eventually

TIMEOUT_SECONDS = 60


class Refused(Exception):
    """(status, sentence)"""


class EventStream:
    """One answer of text/event-stream; `events` grows while a thread reads it."""

    def __init__(self, server, path, last_event_id=None, **parameters):
        parts = urllib.parse.urlsplit(server.endpoint)
        query = urllib.parse.urlencode(parameters, doseq=True)
        resume = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id is not None else ""
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=TIMEOUT_SECONDS)
        self.socket.sendall(
            f"GET {path}?{query} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{resume}\r\n".encode()
        )
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value
        if self.status != 200:
            message = json.loads(self.file.read(int(self.headers["content-length"])))["message"]
            self.file.close()
            self.socket.close()
            raise Refused(self.status, message)
        #: (id, event, JSON of the data)
        self.events = []
        self.comments = []
        self.has_ended, self.was_cut = False, False
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        rest = b""
        try:
            while size := int(self.file.readline() or b"x", 16):
                piece = self.file.read(size)
                self.file.readline()
                *blocks, rest = (rest + piece).split(b"\n\n")
                for block in blocks:
                    self._take(block.decode())
            self.has_ended = True
        except (OSError, ValueError):
            self.was_cut = True

    def _take(self, block):
        if block.startswith(":"):
            self.comments.append(block[1:].strip())
            return
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        self.events.append((fields["id"], fields["event"], json.loads(fields["data"])))

    def until(self, count, within_seconds=60.0):
        """The events, as soon as there are so many."""

        def enough():
            assert len(self.events) >= count, (self.events, self.comments)
            return self.events

        return eventually(enough, within_seconds)

    def until_live(self):
        """Returns when everything that was there has come."""
        eventually(lambda: "backlog 0" in self.comments)
        return self

    def to_its_end(self):
        """All events of a stream that ends by itself."""
        self.thread.join(TIMEOUT_SECONDS)
        assert self.has_ended, (self.was_cut, self.comments)
        return self.events

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(TIMEOUT_SECONDS)
        self.file.close()
        self.socket.close()


class FollowingCommand:
    """A verb of the command that goes on until it is stopped; its lines as they come."""

    def __init__(self, server, *arguments):
        self.process = subprocess.Popen(
            [str(binary()), *arguments, "--endpoint", server.endpoint],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        self.lines, self.errors = [], []
        self._threads = [
            threading.Thread(target=self._collect, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        ]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _collect(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def until(self, count, within_seconds=60.0):
        def enough():
            assert len(self.lines) >= count, (self.lines, self.errors, self.process.poll())
            return self.lines

        return eventually(enough, within_seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def stop(self, with_signal):
        self.process.send_signal(with_signal)
        return self.wait()

    def wait(self):
        """The exit code, when everything that it said is in `lines` and `errors`."""
        code = self.process.wait(TIMEOUT_SECONDS)
        for thread in self._threads:
            thread.join(10)
        return code
