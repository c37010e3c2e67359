"""Functions and event source mappings, made through the Lambda API and read through the files that they write.

A function's source is a piece of Python; `JOURNAL` stands in front of it. `journal(event, context)` appends a line to
`calls.jsonl` in the function's folder, which it knows from its environment, so that a test reads what the function was
given, in the order of the calls.
"""

import contextlib
import io
import json
import pathlib
import sys
import textwrap
import zipfile

import awslambdaric
import botocore.exceptions
import pytest

from . import HOME
from .errors import ANY_TEXT
from .values import unique
from .waiting import eventually

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda"
# Handlers of the working directory stay out.
SERVE_ARGUMENTS = ("--no-handlers",)

# Functions run in the Python of this version that the server finds, with the awslambdaric that requirements.txt names.
RUNTIME = f"python3.{sys.version_info.minor}"
PYTHON_PATH = str(pathlib.Path(awslambdaric.__file__).parents[1])

JOURNAL = """\
import json, os, pathlib, sys, time

FOLDER = pathlib.Path(os.environ["FOLDER"])

def journal(event, context=None, **more):
    line = {"event": event, "request": getattr(context, "aws_request_id", None), "process": os.getpid(), **more}
    with open(FOLDER / "calls.jsonl", "a") as file:
        file.write(json.dumps(line) + "\\n")

def said(name):
    # What a test has put into a file of the folder, or None.
    path = FOLDER / name
    return path.read_text() if path.exists() else None

def keys(event):
    return [record["dynamodb"]["Keys"]["p"]["S"] for record in event["Records"]]

"""

# Does nothing but write down what it gets.
RECORDER = """\
def handler(event, context):
    journal(event, context)
"""


def packed(**files):
    """A zip archive of text files; `bootstrap` is executable. Names are written with `__` for a dot."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name.replace("__", "."))
            entry.external_attr = (0o755 if name == "bootstrap" else 0o644) << 16
            package.writestr(entry, text)
    return archive.getvalue()


def python_package(source):
    """A package whose handler is `app.handler`."""
    return packed(app__py=JOURNAL + textwrap.dedent(source))


class Function:
    """A function in one region: `function.invoke(…)` is the client's call with FunctionName filled in."""

    def __init__(self, name, region, clients, folder):
        self.name, self.region, self._clients, self.folder = name, region, clients, folder

    def __getattr__(self, operation):
        method = getattr(self._clients(self.region), operation)
        return lambda **arguments: method(FunctionName=self.name, **arguments)

    @property
    def arn(self):
        return f"arn:aws:lambda:{self.region}:{ACCOUNT}:function:{self.name}"

    def environment(self, **variables):
        """The member Environment: what every function needs, and these."""
        return {"Variables": {"FOLDER": str(self.folder), "PYTHONPATH": PYTHON_PATH, **variables}}

    def configuration(self):
        return self.get_function_configuration()

    def call(self, event=None, **arguments):
        """The answer of a synchronous call that must succeed."""
        answer = self.invoke(Payload=json.dumps(event).encode(), **arguments)
        payload = answer["Payload"].read()
        assert "FunctionError" not in answer, payload
        return json.loads(payload)

    def fail(self, event=None, **arguments):
        """The error object of a synchronous call that must fail."""
        answer = self.invoke(Payload=json.dumps(event).encode(), **arguments)
        assert (answer["StatusCode"], answer.get("FunctionError")) == (200, "Unhandled")
        return json.loads(answer["Payload"].read())

    def update(self, **changes):
        """UpdateFunctionConfiguration, and wait until it has happened."""
        self.update_function_configuration(**changes)
        return self.wait_active()

    def replace(self, source):
        """New source, and wait until it is in place."""
        self.update_function_code(ZipFile=python_package(source))
        return self.wait_active()

    def wait_active(self):
        def active():
            found = self.configuration()
            assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful"), found
            return found

        return eventually(active)

    # What the function wrote

    def tell(self, name, text):
        """Puts a file into the folder, which the function reads with `said`."""
        (self.folder / name).write_text(text)

    def lines(self, file="calls.jsonl"):
        path = self.folder / file
        # The last line may still be on its way.
        return [json.loads(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []

    def calls(self):
        """The events, in the order of the calls."""
        return [line["event"] for line in self.lines()]

    def records(self):
        """The stream records of all calls."""
        return [record for event in self.calls() for record in event["Records"]]

    def batches(self):
        """Per call the keys of its records."""
        return [[record["dynamodb"]["Keys"]["p"]["S"] for record in event["Records"]] for event in self.calls()]

    def keys(self):
        return [key for batch in self.batches() for key in batch]

    def until(self, enough, within_seconds=60.0):
        """Waits until `enough(self)` is true."""

        def check():
            assert enough(self), f"{self.name} was called with {self.batches_or_calls()}"
            return self

        return eventually(check, within_seconds)

    def batches_or_calls(self):
        try:
            return self.batches()
        except (KeyError, TypeError):
            return self.calls()

    def until_keys(self, *keys, **options):
        """Waits until all these keys have come, and returns all that came, in order."""
        return self.until(lambda function: set(keys) <= set(function.keys()), **options).keys()

    def until_calls(self, count, **options):
        return self.until(lambda function: len(function.calls()) >= count, **options).calls()


class FunctionFactory:
    """Makes ACTIVE functions from Python source; `close` deletes them."""

    def __init__(self, clients, folder):
        self._clients, self._folder, self._made = clients, folder, []

    def __call__(self, source=RECORDER, region=HOME, name=None, environment=None, **configuration):
        name = name or unique("f")
        function = self.adopt(Function(name, region, self._clients, self._folder / f"{region}-{name}"))
        function.folder.mkdir(parents=True, exist_ok=True)
        request = {
            "Runtime": RUNTIME,
            "Handler": "app.handler",
            "Role": ROLE,
            "Code": {"ZipFile": python_package(source)},
            # Starting an interpreter on a busy machine takes its time.
            "Timeout": 30,
            "Environment": function.environment(**(environment or {})),
        }
        request.update(configuration)
        function.create_function(**{name: value for name, value in request.items() if value is not None})
        function.wait_active()
        return function

    def named(self, name, region=HOME):
        """A function that a test makes itself, or that is not there."""
        return self.adopt(Function(name, region, self._clients, self._folder / f"{region}-{name}"))

    def adopt(self, function):
        self._made.append(function)
        return function

    def close(self):
        for function in self._made:
            with contextlib.suppress(botocore.exceptions.ClientError):
                function.delete_function()


class Mapping:
    """An event source mapping."""

    def __init__(self, uuid, region, clients):
        self.uuid, self.region, self._clients = uuid, region, clients

    @property
    def client(self):
        return self._clients(self.region)

    def get(self):
        return answer_of(self.client.get_event_source_mapping(UUID=self.uuid))

    def update(self, **changes):
        """The answer of UpdateEventSourceMapping."""
        return answer_of(self.client.update_event_source_mapping(UUID=self.uuid, **changes))

    def change(self, **changes):
        """UpdateEventSourceMapping, and wait until it has happened."""
        self.update(**changes)
        return self.wait("Enabled", "Disabled")

    def disable(self):
        self.update(Enabled=False)
        return self.wait("Disabled")

    def enable(self):
        self.update(Enabled=True)
        return self.wait("Enabled")

    def delete(self):
        return answer_of(self.client.delete_event_source_mapping(UUID=self.uuid))

    def wait(self, *states):
        def there():
            found = self.get()
            assert found["State"] in states, found["State"]
            return found

        return eventually(there)

    def wait_gone(self):
        def gone():
            with lambda_rejected("ResourceNotFoundException", ANY_TEXT, 404):
                self.get()

        eventually(gone)


class MappingFactory:
    """Makes mappings from a table's stream to a function, and waits until they are Enabled; `close` deletes them."""

    def __init__(self, clients):
        self._clients, self._made = clients, []

    def __call__(self, table, function, position="TRIM_HORIZON", **settings):
        answer = self.create(table, function, position, **settings)
        mapping = self.adopt(answer["UUID"], function.region)
        mapping.wait("Enabled" if settings.get("Enabled", True) else "Disabled")
        return mapping

    def create(self, table, function, position="TRIM_HORIZON", **settings):
        """The answer of CreateEventSourceMapping."""
        request = {
            "EventSourceArn": stream_arn(table),
            "FunctionName": function.name,
            "StartingPosition": position,
            **settings,
        }
        answer = answer_of(self._clients(function.region).create_event_source_mapping(**without_none(request)))
        self.adopt(answer["UUID"], function.region)
        return answer

    def adopt(self, uuid, region=HOME):
        mapping = Mapping(uuid, region, self._clients)
        self._made.append(mapping)
        return mapping

    def close(self):
        for mapping in self._made:
            with contextlib.suppress(botocore.exceptions.ClientError):
                mapping.delete()


def stream_arn(table):
    return table.description()["LatestStreamArn"]


def filters(*patterns):
    """FilterCriteria of patterns written as Python values."""
    return {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}


def on_failure(destination):
    return {"OnFailure": {"Destination": destination}}


def without_none(members):
    return {name: value for name, value in members.items() if value is not None}


def answer_of(response):
    """An answer without what boto3 adds; its HTTP status is kept as `status`."""
    members = dict(response)
    members["status"] = members.pop("ResponseMetadata")["HTTPStatusCode"]
    return members


@contextlib.contextmanager
def lambda_rejected(code, message=ANY_TEXT, status=400):
    """The block must be refused with this error and this HTTP status."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield caught
    response = caught.value.response
    found = (response["Error"]["Code"], response["Error"].get("Message", ""))
    assert found == (code, message)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status


def invalid_parameter(message=ANY_TEXT):
    return lambda_rejected("InvalidParameterValueException", message)


def constraint(violation):
    """The front end's refusal for one member."""
    return lambda_rejected("ValidationException", f"1 validation error detected: {violation}")


def function_not_found(arn):
    return lambda_rejected("ResourceNotFoundException", f"Function not found: {arn}", 404)
