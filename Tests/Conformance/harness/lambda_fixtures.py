"""Fixtures of the tests of functions. A test file imports those that it uses; they stand in for the ones in conftest:
its tests talk to a server of their own, so that functions and mappings of another file are not in their way."""

import pytest

from .awscli import CommandLine
from .lambda_functions import SERVE_ARGUMENTS, FunctionFactory, MappingFactory
from .server import Server
from .tables import TableFactory
from .wire import RawClient


@pytest.fixture(scope="module")
def lambda_server(tmp_path_factory):
    """The running program; it must stop cleanly, and leave no process of a function behind."""
    server = Server(tmp_path_factory.mktemp("server"), *SERVE_ARGUMENTS).start()
    yield server
    assert server.running, f"the server died: {server.process.returncode}\n{server.output[-5000:]}"
    assert server.stop() == 0, server.output[-5000:]


@pytest.fixture(scope="module")
def client(lambda_server, new_clients):
    """client(region): boto3 for DynamoDB."""
    return new_clients(lambda_server.endpoint)


@pytest.fixture(scope="module")
def streams(lambda_server, new_clients):
    """streams(region): boto3 for DynamoDB Streams."""
    return new_clients(lambda_server.endpoint, "dynamodbstreams")


@pytest.fixture(scope="module")
def lambdas(lambda_server, new_clients):
    """lambdas(region): boto3 for Lambda."""
    return new_clients(lambda_server.endpoint, "lambda")


@pytest.fixture(scope="module")
def raw(lambda_server):
    """Hand-made HTTP requests."""
    client = RawClient(lambda_server.endpoint)
    yield client
    client.close()


@pytest.fixture(scope="module")
def cli(lambda_server, tmp_path_factory):
    """The AWS CLI against the server."""
    return CommandLine(lambda_server.endpoint, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def new_table(client):
    """new_table("p:S", stream="NEW_AND_OLD_IMAGES", replicas=…): an ACTIVE table that is deleted with its module."""
    factory = TableFactory(client)
    yield factory
    factory.close()


@pytest.fixture(scope="module")
def new_function(lambdas, tmp_path_factory):
    """new_function(source, region, Timeout=…): an Active function that is deleted with its module."""
    factory = FunctionFactory(lambdas, tmp_path_factory.mktemp("functions"))
    yield factory
    factory.close()


@pytest.fixture(scope="module")
def new_mapping(lambdas):
    """new_mapping(table, function, position, BatchSize=…): an Enabled mapping that is deleted with its module."""
    factory = MappingFactory(lambdas)
    yield factory
    factory.close()
