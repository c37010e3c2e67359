"""The program under test as a process."""

import http.client
import os
import pathlib
import signal
import socket
import subprocess
import time

from .waiting import eventually

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
START_SECONDS = 60
STOP_SECONDS = 30


class DidNotStart(Exception):
    """The process ended before it served."""


def binary():
    """TRIBUTARY_BINARY, else the release build, else the debug build."""
    if named := os.environ.get("TRIBUTARY_BINARY"):
        return pathlib.Path(named).resolve()
    for configuration in ("release", "debug"):
        path = REPOSITORY / ".build" / configuration / "tributary"
        if path.exists():
            return path
    raise FileNotFoundError(f"no tributary in {REPOSITORY}/.build: build it, or set TRIBUTARY_BINARY")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tributary(*arguments, timeout_seconds=30, environment=None):
    """Runs a verb of the command to its end."""
    return subprocess.run(
        [str(binary()), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
    )


class Server:
    """One `tributary serve`, with its output kept in `<name>.out` and `<name>.log`."""

    def __init__(self, folder, *arguments, data_directory=None, port=None, name="server", environment=None):
        self.folder = pathlib.Path(folder)
        self.port = port or free_port()
        self.data_directory = data_directory or pathlib.Path(folder) / "data"
        self.stdout_path = pathlib.Path(folder) / f"{name}.out"
        self.stderr_path = pathlib.Path(folder) / f"{name}.log"
        storage = [] if "--in-memory" in arguments else ["--data-directory", str(self.data_directory)]
        self.command = [str(binary()), "serve", "--port", str(self.port), *storage, *arguments]
        self.environment = {**os.environ, **(environment or {})}
        self.process = None

    @property
    def endpoint(self):
        return f"http://localhost:{self.port}"

    @property
    def output(self):
        """What it has said so far, standard output first."""
        texts = [path.read_text(errors="replace") for path in (self.stdout_path, self.stderr_path) if path.exists()]
        return "".join(texts)

    def start(self):
        """Starts it and waits until it serves."""
        self._launch()
        try:
            eventually(self._answers, START_SECONDS, unless=DidNotStart)
        except BaseException:
            self.kill()
            raise
        return self

    def run_to_its_end(self):
        """Starts one that is expected to refuse, and returns its exit code. (Its port may be another server's.)"""
        self._launch()
        try:
            return self.process.wait(START_SECONDS)
        finally:
            self.kill()

    def start_and_kill(self, after_seconds):
        """kill -9 while it comes up, or soon after."""
        self._launch()
        time.sleep(after_seconds)
        self.kill()

    def _launch(self):
        with open(self.stdout_path, "ab") as out, open(self.stderr_path, "ab") as log:
            self.process = subprocess.Popen(
                # Not in the project's folder, whose handlers would run along.
                self.command, stdout=out, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, env=self.environment
            )

    def _answers(self):
        if self.process.poll() is not None:
            raise DidNotStart(f"exit code {self.process.returncode}\n{self.output[-3000:]}")
        connection = http.client.HTTPConnection("localhost", self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        finally:
            connection.close()

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, with_signal=signal.SIGTERM):
        """Asks it to stop, and returns its exit code."""
        if self.running:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running {STOP_SECONDS} s after {with_signal.name}\n{self.output[-3000:]}")

    def kill(self):
        """kill -9, and wait until it is dead."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
