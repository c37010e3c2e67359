"""Calling functions: answers, errors, logs, and what a function finds around it (event-source-mapping.md 6, 7)."""

import base64
import concurrent.futures
import json
import os
import re
import time

import botocore.exceptions
import pytest

from harness import HOME
from harness.errors import starting
from harness.lambda_fixtures import lambda_server, lambdas, new_function  # noqa: F401
from harness.lambda_functions import RUNTIME, constraint, function_not_found, lambda_rejected, packed
from harness.waiting import eventually

ECHO = "def handler(event, context): return event\n"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def echo(new_function):
    return new_function(ECHO)


# --- Answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [None, 0, -1.5, "", "é€😀", [], {}, {"a": [{"b": None}, True]}], ids=repr)
def test_any_json_goes_in_and_comes_out(echo, event):
    assert echo.call(event) == event


def test_answer(echo):
    answer = echo.invoke(Payload=b"1")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer and "LogResult" not in answer


def test_no_payload_is_an_empty_object(echo):
    assert json.loads(echo.invoke()["Payload"].read()) == {}


def test_large_payloads(new_function):
    function = new_function("def handler(event, context): return event if event.get('back') else len(event['text'])\n")
    size = 6 * 1024 * 1024
    text = "x" * (size - len('{"text":""}'))
    assert json.loads(function.invoke(Payload=f'{{"text":"{text}"}}'.encode())["Payload"].read()) == len(text)
    with lambda_rejected(
        "RequestTooLargeException", f"Request must be smaller than {size} bytes for the InvokeFunction operation", 413
    ):
        function.invoke(Payload=f'{{"text":"{text}x"}}'.encode())


def test_dry_run_runs_nothing(new_function):
    function = new_function()
    answer = function.invoke(InvocationType="DryRun", Payload=b"1")
    assert answer["StatusCode"] == 204 and answer["Payload"].read() == b""
    # Had it run, its call would stand before this one.
    function.call("real")
    assert function.calls() == ["real"]


def test_asynchronous_call(new_function):
    function = new_function("def handler(event, context):\n    time.sleep(0.3)\n    journal(event, context)\n")
    answer = function.invoke(InvocationType="Event", Payload=b'{"n":1}')
    assert answer["StatusCode"] == 202 and answer["Payload"].read() == b""
    assert function.until_calls(1) == [{"n": 1}]
    with lambda_rejected("RequestTooLargeException", starting("Request must be smaller than 1048576 bytes"), 413):
        function.invoke(InvocationType="Event", Payload=json.dumps("x" * 1024 * 1024).encode())


def test_end_of_the_log(new_function):
    function = new_function("def handler(event, context):\n    print('said', event)\n    print('x' * int(event))\n")
    answer = function.invoke(LogType="Tail", Payload=b"3")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert re.search(rf"START RequestId: {UUID} Version: \$LATEST\n", log)
    assert "said 3\nxxx\n" in log
    assert re.search(rf"END RequestId: {UUID}\n", log)
    assert re.search(rf"REPORT RequestId: {UUID}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: ", log)
    long = base64.b64decode(function.invoke(LogType="Tail", Payload=b"10000")["LogResult"])
    assert len(long) == 4096 and b"REPORT" in long


# --- Failing functions ----------------------------------------------------------------------------------------------


def test_function_that_raises(new_function):
    function = new_function("class Odd(Exception): pass\ndef handler(event, context): raise Odd('because ' + event)\n")
    error = function.fail("of it")
    assert (error["errorMessage"], error["errorType"]) == ("because of it", "Odd")
    assert error["stackTrace"] and re.fullmatch(UUID, error["requestId"])
    # The process goes on.
    assert function.fail("this")["errorMessage"] == "because this"


def test_function_that_exits(new_function):
    source = "def handler(event, context):\n    if event == 'live': return 'alive'\n    os._exit(event)\n"
    function = new_function(source)
    assert function.call("live") == "alive"
    for code, text in [
        (0, "Runtime exited without providing a reason"),
        (7, "Runtime exited with error: exit status 7"),
    ]:
        error = function.fail(code)
        assert error["errorType"] == "Runtime.ExitError"
        assert re.fullmatch(rf"RequestId: {UUID} Error: {text}", error["errorMessage"])
        assert function.call("live") == "alive"


def test_function_that_takes_too_long(new_function):
    function = new_function(
        "def handler(event, context):\n    if event == 'live': return 'alive'\n    time.sleep(60)\n", Timeout=2
    )
    assert function.call("live") == "alive"
    started = time.monotonic()
    error = function.fail("wait")
    assert error["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(rf"RequestId: {UUID} Error: Task timed out after 2.00 seconds", error["errorMessage"])
    assert time.monotonic() - started < 20
    assert function.call("live") == "alive"


def test_answer_that_is_too_large(new_function):
    function = new_function("def handler(event, context): return 'x' * event\n")
    assert len(function.call(5_000_000)) == 5_000_000
    error = function.fail(10_000_000)
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert "exceeded maximum allowed payload size" in error["errorMessage"]
    assert function.call(3) == "xxx"


INIT_FAULTS = [
    ("def handler(:\n", "app.handler", "Runtime.UserCodeSyntaxError"),
    ("raise ValueError('at start')\n", "app.handler", "ValueError"),
    ("other = 1\n", "app.handler", "Runtime.HandlerNotFound"),
    ("", "missing.handler", "Runtime.ImportModuleError"),
    ("", "nodot", "Runtime.MalformedHandlerName"),
]


@pytest.mark.parametrize("source, handler, error_type", INIT_FAULTS, ids=[fault[2] for fault in INIT_FAULTS])
def test_function_that_cannot_start(new_function, source, handler, error_type):
    function = new_function(source, Handler=handler)
    assert function.fail()["errorType"] == error_type


def test_package_without_bootstrap(new_function):
    function = new_function(Runtime="provided.al2023", Code={"ZipFile": packed(readme="nothing")})
    assert function.fail()["errorType"] == "Runtime.InvalidEntrypoint"


def test_bootstrap_that_ends_at_once(new_function):
    function = new_function(Runtime="provided.al2023", Code={"ZipFile": packed(bootstrap="#!/bin/sh\nexit 127\n")})
    error = function.fail()
    assert error["errorType"] == "Runtime.ExitError"
    assert "Runtime exited with error: exit status 127" in error["errorMessage"]


def test_children_do_not_outlive_their_function(new_function):
    source = "import subprocess\ndef handler(event, context): return subprocess.Popen(['sleep', '600']).pid\n"
    function = new_function(source)
    child = function.call()
    assert os.path.exists(f"/proc/{child}")
    function.delete_function()
    eventually(lambda: not os.path.exists(f"/proc/{child}"))


def test_noisy_function_harms_nobody(new_function, echo):
    source = "def handler(event, context):\n    for _ in range(20): print('y' * 1_000_000)\n    return 'done'\n"
    noisy = new_function(source)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        loud = pool.submit(noisy.call)
        assert [echo.call(n) for n in range(20)] == list(range(20))
        assert loud.result() == "done"


# --- Faulty calls ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"{", b"nope", b"\xff", b'{"a":1,}', b"1 2"])
def test_payload_that_is_no_json(echo, payload):
    text = starting("Could not parse request body into json: Could not parse payload into json: ")
    with lambda_rejected("InvalidRequestContentException", text):
        echo.invoke(Payload=payload)


def test_faulty_headers(echo):
    with constraint(
        "Value 'Soon' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: "
        "[Event, RequestResponse, DryRun]"
    ):
        echo.invoke(InvocationType="Soon")
    text = "Client context must be a valid Base64-encoded JSON object."
    with lambda_rejected("InvalidRequestContentException", text):
        echo.invoke(ClientContext="?")


@pytest.mark.parametrize("kind", ["RequestResponse", "Event", "DryRun"])
def test_call_of_a_missing_function(lambdas, echo, kind):
    with function_not_found(f"{echo.arn}-missing"):
        lambdas().invoke(FunctionName=f"{echo.name}-missing", InvocationType=kind)


# --- Around the function --------------------------------------------------------------------------------------------


def test_context(new_function):
    source = """\
    def handler(event, context):
        return {
            "request": context.aws_request_id, "name": context.function_name, "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb, "version": context.function_version,
            "left": context.get_remaining_time_in_millis(),
            "custom": context.client_context.custom if context.client_context else None,
        }
    """
    function = new_function(source, MemorySize=256, Timeout=20)
    context = base64.b64encode('{\n"custom": {"k": "é"}}'.encode()).decode()
    found = function.call(ClientContext=context)
    assert re.fullmatch(UUID, found["request"])
    assert (found["name"], found["arn"], found["version"]) == (function.name, function.arn, "$LATEST")
    assert str(found["memory"]) == "256" and found["custom"] == {"k": "é"}
    assert 0 < found["left"] <= 20_000
    assert function.call()["custom"] is None


@pytest.mark.parametrize("region", [HOME, "eu-west-1"])
def test_environment(new_function, lambda_server, region):
    source = "def handler(event, context): return dict(os.environ)\n"
    function = new_function(source, region, environment={"MINE": "x é"})
    found = function.call()
    assert found["MINE"] == "x é"
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == region
    assert (found["AWS_LAMBDA_FUNCTION_NAME"], found["_HANDLER"]) == (function.name, "app.handler")
    assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST" and found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert found["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{RUNTIME}"
    assert found["AWS_ACCESS_KEY_ID"] and found["AWS_SECRET_ACCESS_KEY"]
    assert os.path.isdir(found["LAMBDA_TASK_ROOT"])
    assert found["AWS_ENDPOINT_URL"].endswith(f":{lambda_server.port}")
    # Nothing of the server's own environment.
    assert "PYTEST_CURRENT_TEST" in os.environ and "PYTEST_CURRENT_TEST" not in found
    assert found.get("HOME") != os.environ.get("HOME", "unset")


def test_function_that_calls_the_server(new_function):
    source = """\
    import urllib.request
    def handler(event, context):
        with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/health") as answer:
            return answer.status
    """
    assert new_function(source).call() == 200


def test_process_is_kept_warm(new_function):
    source = "started = time.time()\ndef handler(event, context): return [os.getpid(), started]\n"
    function = new_function(source)
    # In place of a process that is slow to come back for more, another one is started; then both are warm.
    eventually(lambda: function.call() == function.call())


def test_calls_at_the_same_time_run_at_the_same_time(new_function):
    # Each call waits until the other one has come.
    source = """\
    def handler(event, context):
        (FOLDER / f"came-{event}").touch()
        deadline = time.monotonic() + 20
        while not (FOLDER / f"came-{1 - event}").exists():
            assert time.monotonic() < deadline, "alone"
            time.sleep(0.005)
        return event
    """
    function = new_function(source)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert sorted(pool.map(function.call, [0, 1])) == [0, 1]


def test_reserved_concurrency_of_one_runs_calls_one_by_one(new_function):
    source = """\
    def handler(event, context):
        busy = FOLDER / "busy"
        assert not busy.exists(), "not alone"
        busy.touch()
        time.sleep(0.05)
        busy.unlink()
        return event
    """
    function = new_function(source)
    function.put_function_concurrency(ReservedConcurrentExecutions=1)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        # A call that finds the function busy may wait or be throttled; none may run beside another.
        results = list(pool.map(lambda n: outcome(function, n), range(8)))
    assert set(results) <= {"ok", "TooManyRequestsException"} and "ok" in results


def outcome(function, event):
    try:
        answer = function.invoke(Payload=json.dumps(event).encode())
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return answer["Payload"].read().decode() if "FunctionError" in answer else "ok"


def test_log_lines_carry_function_and_request(new_function, lambda_server):
    function = new_function("def handler(event, context): print('a line of its own', event)\n")
    function.call("zzz")

    def logged():
        lines = [line for line in lambda_server.output.splitlines() if "a line of its own zzz" in line]
        # The beginning of the request's id is enough to tell calls apart.
        assert lines and re.search(rf"\b{function.name} [0-9a-f]{{8}}", lines[0]), lines

    eventually(logged)
