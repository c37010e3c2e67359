"""Fixtures of the conformance suite; README.md says how to run it."""

import os

import boto3
import botocore.config
import pytest

from harness import HOME
from harness.awscli import CommandLine
from harness.server import Server
from harness.tables import TableFactory
from harness.wire import RawClient

os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")


class Endpoint:
    """A server that somebody else started (TRIBUTARY_ENDPOINT)."""

    def __init__(self, endpoint):
        self.endpoint = endpoint


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The running program; at the end of the session it must stop cleanly."""
    if endpoint := os.environ.get("TRIBUTARY_ENDPOINT"):
        yield Endpoint(endpoint)
        return
    server = Server(tmp_path_factory.mktemp("server")).start()
    yield server
    assert server.running, f"the server died: {server.process.returncode}\n{server.output[-5000:]}"
    assert server.stop() == 0, server.output[-5000:]


@pytest.fixture(scope="session")
def new_clients():
    """Makes a function (region → client) for a service of some endpoint; clients are kept."""

    def clients_of(endpoint, service="dynamodb"):
        made = {}
        # Retries would hide faults, and the SDK's own checks would keep bad input from the server.
        config = botocore.config.Config(
            retries={"total_max_attempts": 1}, parameter_validation=False, max_pool_connections=32, read_timeout=60
        )

        def client(region=HOME):
            if region not in made:
                made[region] = boto3.client(
                    service,
                    region_name=region,
                    endpoint_url=endpoint,
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                    config=config,
                )
            return made[region]

        return client

    return clients_of


@pytest.fixture(scope="session")
def client(server, new_clients):
    """client(region): boto3 for DynamoDB."""
    return new_clients(server.endpoint)


@pytest.fixture(scope="session")
def streams(server, new_clients):
    """streams(region): boto3 for DynamoDB Streams."""
    return new_clients(server.endpoint, "dynamodbstreams")


@pytest.fixture(scope="module")
def new_table(client):
    """new_table("p:S", "s:N", gsi=…, stream=…, replicas=…): an ACTIVE table that is deleted with its module."""
    factory = TableFactory(client)
    yield factory
    factory.close()


@pytest.fixture(scope="module")
def raw(server):
    """Hand-made HTTP requests."""
    client = RawClient(server.endpoint)
    yield client
    client.close()


@pytest.fixture(scope="session")
def cli(server, tmp_path_factory):
    """The AWS CLI against the server."""
    return CommandLine(server.endpoint, tmp_path_factory.mktemp("home"))


@pytest.fixture
def own_server(tmp_path):
    """own_server(arguments…): another server of the test's own, killed afterwards if it still runs."""
    yield from servers(tmp_path)


@pytest.fixture(scope="module")
def module_server(tmp_path_factory):
    """module_server(arguments…): another server for the tests of one file."""
    yield from servers(tmp_path_factory.mktemp("module-server"))


def servers(folder):
    if "TRIBUTARY_ENDPOINT" in os.environ:
        pytest.skip("needs the program itself, and TRIBUTARY_ENDPOINT names a server that runs already")
    started = []

    def start(*arguments, **options):
        server = Server(folder, *arguments, **options)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.kill()


# --- What faults were tried -------------------------------------------------------------------------------------------

tried = []


@pytest.fixture
def record_crashes():
    """record_crashes(kind, count, writes, remark): shown at the end of the run."""
    return lambda kind, count, writes, remark="": tried.append((kind, count, writes, remark))


def pytest_sessionfinish(session):
    """With `-n` the tests run in processes of their own, which hand over what they tried."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["tried"] = tried


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    tried.extend(tuple(fault) for fault in getattr(node, "workeroutput", {}).get("tried", []))


def pytest_terminal_summary(terminalreporter):
    if tried:
        terminalreporter.section("faults that were tried")
        for kind, count, writes, remark in tried:
            terminalreporter.write_line(f"{kind}: {count}, {writes} acknowledged writes audited; {remark}")
