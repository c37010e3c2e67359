"""Functions of the Lambda API: making, reading, changing, deleting them (event-source-mapping.md 6)."""

import gzip
import json
import pathlib
import re
import sys

import botocore
import pytest

from harness import HOME
from harness.errors import ANY_TEXT, containing, starting
from harness.lambda_fixtures import (  # noqa: F401
    cli,
    lambda_server,
    lambdas,
    new_function,
    raw,
)
from harness.lambda_functions import (
    ACCOUNT,
    PYTHON_PATH,
    RECORDER,
    ROLE,
    RUNTIME,
    constraint,
    function_not_found,
    invalid_parameter,
    lambda_rejected,
    packed,
    python_package,
)
from harness.values import unique
from harness.waiting import eventually

HELLO = "def handler(event, context): return 'hello'\n"
# A runtime in a shell, for `provided.*`: answers every event with itself.
ECHO_BOOTSTRAP = """\
#!/bin/bash
api="http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation"
while true; do
  event=$(curl -s -D /tmp/headers.$$ "$api/next")
  id=$(tr -d '\\r' < /tmp/headers.$$ | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  curl -s -X POST "$api/$id/response" -d "{\\"echo\\":$event,\\"handler\\":\\"$_HANDLER\\"}" > /dev/null
done
"""


def request(**changes):
    """The members of a CreateFunction request that is in order; None leaves one out."""
    members = {
        "FunctionName": unique("f"),
        "Runtime": RUNTIME,
        "Handler": "app.handler",
        "Role": ROLE,
        "Code": {"ZipFile": python_package(HELLO)},
        "Environment": {"Variables": {"FOLDER": "/tmp"}},
    }
    members.update(changes)
    return {name: value for name, value in members.items() if value is not None}


@pytest.fixture(scope="module")
def function(new_function):
    return new_function(HELLO, Description="says hello", Timeout=7)


# --- Making and reading ---------------------------------------------------------------------------------------------


def test_new_function(lambdas, new_function):
    name = new_function.named(unique("f")).name
    answer = lambdas().create_function(**request(FunctionName=name, Environment=None))
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", answer.pop("LastModified"))
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.pop("RevisionId"))
    assert answer.pop("CodeSize") == len(python_package(HELLO))
    assert re.fullmatch(r"[A-Za-z0-9+/]{43}=", answer.pop("CodeSha256"))
    answer.pop("RuntimeVersionConfig", None)
    assert answer == {
        "FunctionName": name,
        "FunctionArn": f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:{name}",
        "Runtime": RUNTIME,
        "Handler": "app.handler",
        "Role": ROLE,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    }


def test_new_function_becomes_active(lambdas, new_function):
    name = new_function.named(unique("f")).name
    lambdas().create_function(**request(FunctionName=name))
    lambdas().get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    found = lambdas().get_function_configuration(FunctionName=name)
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    assert not {"StateReason", "StateReasonCode"} & set(found)


SETTINGS = {
    "Description": "does it",
    "Timeout": 900,
    "MemorySize": 256,
    "Environment": {"Variables": {"FOLDER": "/tmp", "A1": "x", "B_2": "é"}},
    "EphemeralStorage": {"Size": 1024},
    "Architectures": ["arm64"],
    "TracingConfig": {"Mode": "Active"},
    "LoggingConfig": {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "LogGroup": "/my/group"},
    "KMSKeyArn": f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1",
    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
}


def test_settings_are_shown_as_they_were_given(new_function):
    function = new_function(HELLO, **SETTINGS)
    found = function.configuration()
    assert {name: found[name] for name in SETTINGS} == SETTINGS


def test_get_function(lambdas, new_function):
    function = new_function(HELLO, Tags={"team": "a", "é": ""})
    found = function.get_function()
    assert found["Configuration"] == {
        name: value for name, value in function.configuration().items() if name != "ResponseMetadata"
    }
    assert found["Code"]["RepositoryType"] == "S3" and found["Code"]["Location"]
    assert found["Tags"] == {"team": "a", "é": ""}


NAMES = ["{0}", "function:{0}", "{1}:function:{0}", "arn:aws:lambda:{2}:{1}:function:{0}"]


@pytest.mark.parametrize("form", NAMES)
@pytest.mark.parametrize("qualifier", ["", "$LATEST"])
def test_every_way_to_name_a_function(lambdas, function, form, qualifier):
    text = form.format(function.name, ACCOUNT, HOME)
    suffix = f":{qualifier}" if qualifier else ""
    expected = function.arn + suffix
    assert lambdas().get_function_configuration(FunctionName=text + suffix)["FunctionArn"] == expected
    options = {"Qualifier": qualifier} if qualifier else {}
    assert lambdas().get_function_configuration(FunctionName=text, **options)["FunctionArn"] == expected
    assert json.loads(lambdas().invoke(FunctionName=text + suffix)["Payload"].read()) == "hello"


def test_qualifiers_that_lead_nowhere(lambdas, function):
    with function_not_found(f"{function.arn}:7"):
        function.get_function(Qualifier="7")
    with function_not_found(f"{function.arn}:live"):
        function.invoke(Qualifier="live")
    with invalid_parameter("The derived qualifier from the function name does not match the specified qualifier."):
        lambdas().get_function(FunctionName=function.name + ":a", Qualifier="b")


def test_functions_of_another_region(lambdas, function):
    with lambda_rejected(
        "ResourceNotFoundException", f"Functions from '{HOME}' are not reachable in this region ('eu-west-1')", 404
    ):
        lambdas("eu-west-1").get_function(FunctionName=function.arn)
    with function_not_found(function.arn.replace(HOME, "eu-west-1")):
        lambdas("eu-west-1").get_function(FunctionName=function.name)


def test_every_operation_on_a_missing_function(lambdas):
    name = unique("missing")
    arn = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:{name}"
    for operation, arguments in [
        ("get_function", {}),
        ("get_function_configuration", {}),
        ("update_function_code", {"ZipFile": python_package(HELLO)}),
        ("update_function_configuration", {"Timeout": 5}),
        ("delete_function", {}),
        ("invoke", {}),
        ("put_function_concurrency", {"ReservedConcurrentExecutions": 1}),
        ("get_function_concurrency", {}),
    ]:
        with function_not_found(arn):
            getattr(lambdas(), operation)(FunctionName=name, **arguments)


def test_list_in_pages(lambdas, new_function):
    region = "ap-southeast-1"
    made = sorted(new_function(HELLO, region=region).name for _ in range(5))
    pages, marker = [], {}
    while True:
        page = lambdas(region).list_functions(MaxItems=2, **marker)
        pages.append([found["FunctionName"] for found in page["Functions"]])
        if "NextMarker" not in page:
            break
        marker = {"Marker": page["NextMarker"]}
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [name for page in pages for name in page] == made
    everything = lambdas(region).get_paginator("list_functions").paginate().build_full_result()["Functions"]
    assert [found["FunctionName"] for found in everything] == made
    assert all(found["State"] == "Active" for found in everything)


# --- Kinds of code --------------------------------------------------------------------------------------------------


def test_package_with_a_bootstrap(new_function):
    function = new_function(
        Runtime="provided.al2023", Handler="any.thing", Code={"ZipFile": packed(bootstrap=ECHO_BOOTSTRAP)}
    )
    assert function.call({"a": [1, None]}) == {"echo": {"a": [1, None]}, "handler": "any.thing"}
    assert function.call("again") == {"echo": "again", "handler": "any.thing"}


def test_package_with_python_modules(new_function):
    package = packed(app__py="import other\nhandler = other.twice\n", other__py="def twice(e, c): return e * 2\n")
    assert new_function(Code={"ZipFile": package}).call(21) == 42


# A program that runs a handler with awslambdaric, as anything else would that speaks the Runtime API.
PROGRAM = """\
import pathlib, sys
sys.path.insert(0, str(pathlib.Path(__file__).parent))
from awslambdaric.__main__ import main
main(sys.argv[:2])
"""


def test_command_of_this_machine(new_function, tmp_path):
    (tmp_path / "my program.py").write_text(PROGRAM)
    (tmp_path / "app.py").write_text("import sys\ndef handler(event, context): return [event, sys.argv[2:]]\n")
    line = f"{sys.executable} '{tmp_path}/my program.py' app.handler \"a b\" $HOME;"
    function = new_function(Runtime=None, Handler=None, Code={"S3Bucket": "command", "S3Key": line})
    assert function.call("x") == ["x", ["a b", "$HOME;"]]
    found = function.configuration()
    assert "Runtime" not in found and "Handler" not in found


def test_directory_that_is_used_as_it_is(new_function, tmp_path):
    (tmp_path / "app.py").write_text("def handler(event, context): return 'one'\n")
    function = new_function(Code={"S3Bucket": "hot-reload", "S3Key": str(tmp_path)})
    assert function.call() == "one"
    # Processes that start later see what has changed: any update starts new ones.
    (tmp_path / "app.py").write_text("def handler(event, context): return 'two, and longer'\n")
    function.update(Description="new")
    eventually(lambda: function.call() == "two, and longer")


CODE_FAULTS = [
    ({"ZipFile": b"this is no zip"}, starting("Could not unzip uploaded file.")),
    ({"ZipFile": b""}, "Uploaded file must be a non-empty zip"),
    ({}, "Please provide a source for function code."),
    ({"S3Bucket": "my-bucket", "S3Key": "f.zip"}, starting("There is no S3 here")),
    ({"S3Bucket": "hot-reload", "S3Key": "relative"}, containing("absolute directory")),
    ({"S3Bucket": "command", "S3Key": "'open"}, containing("no command line")),
    ({"ImageUri": "x/y:z"}, starting("ImageUri is not supported")),
    (
        {"ZipFile": b"x", "S3Bucket": "command", "S3Key": "x"},
        "Please do not provide other FunctionCode parameters when providing a ZipFile.",
    ),
]


@pytest.mark.parametrize("code, text", CODE_FAULTS, ids=[str(list(code)) for code, _ in CODE_FAULTS])
def test_code_that_is_none(lambdas, code, text):
    members = request(Code=code)
    with invalid_parameter(text):
        lambdas().create_function(**members)
    with lambda_rejected("ResourceNotFoundException", ANY_TEXT, 404):
        lambdas().get_function(FunctionName=members["FunctionName"])


@pytest.mark.parametrize("name", ["../escape.txt", "/tmp/escape.txt", "a/../../escape.txt", "a\\..\\..\\escape.txt"])
def test_packages_that_reach_out_of_their_folder(lambdas, lambda_server, name):
    with invalid_parameter(containing("escape.txt")):
        lambdas().create_function(**request(Code={"ZipFile": packed(app__py=HELLO, **{name: "evil"})}))
    assert not list(pathlib.Path(lambda_server.data_directory).parent.rglob("escape.txt"))
    assert not pathlib.Path("/tmp/escape.txt").exists()


# --- Faults of requests ---------------------------------------------------------------------------------------------

NULL = "failed to satisfy constraint: Member must not be null"
CONSTRAINTS = [
    ({"FunctionName": None}, f"Value null at 'functionName' {NULL}"),
    ({"Role": None}, f"Value null at 'role' {NULL}"),
    ({"Code": None}, f"Value null at 'code' {NULL}"),
    (
        {"Role": "r1"},
        "Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    ),
    (
        {"Timeout": 901},
        "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
    ),
    (
        {"MemorySize": 127},
        "Value '127' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
    ),
    (
        {"Architectures": ["riscv"]},
        "Value 'riscv' at 'architectures.1.member' failed to satisfy constraint: Member must satisfy enum value set: "
        "[x86_64, arm64]",
    ),
]


@pytest.mark.parametrize("changes, violation", CONSTRAINTS, ids=[str(changes) for changes, _ in CONSTRAINTS])
def test_constraints(lambdas, changes, violation):
    with constraint(violation):
        lambdas().create_function(**request(**changes))


MANDATORY = "Runtime and Handler are mandatory parameters for functions created with deployment packages."
VARIABLES = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided "
)
PARAMETERS = [
    ({"Runtime": None}, MANDATORY),
    ({"Handler": None}, MANDATORY),
    ({"Runtime": "cobol"}, starting("Value cobol at 'runtime' failed to satisfy constraint")),
    ({"Runtime": "nodejs22.x"}, starting("The runtime nodejs22.x is not supported")),
    ({"FunctionName": "n" * 65}, containing("Member must have length less than or equal to 64")),
    (
        {"Environment": {"Variables": {"AWS_REGION": "x"}}},
        VARIABLES + "contains reserved keys that are currently not supported for modification. "
        "Reserved keys used in this request: AWS_REGION",
    ),
    ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, starting(VARIABLES + "exceeded the 4KB limit.")),
    ({"Layers": [f"arn:aws:lambda:{HOME}:{ACCOUNT}:layer:l:1"]}, starting("Layers is not supported")),
    ({"PackageType": "Image"}, starting("PackageType Image is not supported")),
    ({"Publish": True}, starting("Publish is not supported")),
    ({"FileSystemConfigs": [{"Arn": "a", "LocalMountPath": "/mnt/a"}]}, starting("FileSystemConfigs is not supported")),
    ({"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:x:1:q"}}, starting("DeadLetterConfig is not supported")),
]


@pytest.mark.parametrize("changes, text", PARAMETERS, ids=[str(list(changes)) for changes, _ in PARAMETERS])
def test_parameters(lambdas, changes, text):
    with invalid_parameter(text):
        lambdas().create_function(**request(**changes))


def test_name_that_is_taken(lambdas, function):
    with lambda_rejected("ResourceConflictException", f"Function already exist: {function.name}", 409):
        lambdas().create_function(**request(FunctionName=function.name))


# --- Changing -------------------------------------------------------------------------------------------------------


def test_new_settings(new_function):
    function = new_function("def handler(event, context): return [os.environ.get('A1'), os.environ.get('B1')]\n")
    before = function.update(Environment=function.environment(A1="1"))
    assert function.call() == ["1", None]
    answer = function.update_function_configuration(
        Environment=function.environment(B1="2"), Timeout=20, Description="changed"
    )
    assert (answer["State"], answer["LastUpdateStatus"]) == ("Active", "InProgress")
    assert answer["LastUpdateStatusReason"] == "The function is being created."
    after = function.wait_active()
    assert function.call() == [None, "2"]
    assert (after["Timeout"], after["Description"], after["Handler"]) == (20, "changed", "app.handler")
    assert after["RevisionId"] != before["RevisionId"] and after["CodeSha256"] == before["CodeSha256"]


def test_new_code(new_function):
    function = new_function("def handler(event, context): return 'old'\n")
    assert function.call() == "old"
    before = function.configuration()
    after = function.replace("def handler(event, context): return 'new'\n")
    assert function.call() == "new"
    assert after["CodeSha256"] != before["CodeSha256"] and after["RevisionId"] != before["RevisionId"]


def test_dry_run_changes_nothing(new_function):
    function = new_function("def handler(event, context): return 'old'\n")
    before = function.configuration()
    function.update_function_code(ZipFile=python_package(HELLO), DryRun=True)
    assert function.configuration()["RevisionId"] == before["RevisionId"]
    assert function.call() == "old"


def test_only_the_revision_that_the_client_knows(new_function):
    function = new_function(HELLO)
    text = containing("does not match the latest Revision Id")
    for change in (
        lambda revision: function.update_function_configuration(Timeout=9, RevisionId=revision),
        lambda revision: function.update_function_code(ZipFile=python_package(RECORDER), RevisionId=revision),
    ):
        with lambda_rejected("PreconditionFailedException", text, 412):
            change("11111111-2222-4333-8444-555555555555")
        change(function.wait_active()["RevisionId"])


def test_faulty_changes_change_nothing(function):
    before = function.configuration()
    with constraint(
        "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"
    ):
        function.update_function_configuration(Timeout=0, Description="no")
    with invalid_parameter(starting("Could not unzip uploaded file.")):
        function.update_function_code(ZipFile=b"no zip")
    assert function.configuration()["RevisionId"] == before["RevisionId"]


def test_delete(lambdas, new_function):
    function = new_function(HELLO)
    assert function.call() == "hello"
    with invalid_parameter("$LATEST version cannot be deleted without deleting the function."):
        function.delete_function(Qualifier="$LATEST")
    assert function.delete_function()["ResponseMetadata"]["HTTPStatusCode"] == 204
    with function_not_found(function.arn):
        function.invoke()
    with function_not_found(function.arn):
        function.delete_function()
    again = new_function("def handler(event, context): return 'anew'\n", name=function.name)
    assert again.call() == "anew"


# --- Tags, concurrency, account -------------------------------------------------------------------------------------


def test_tags(lambdas, new_function):
    function = new_function(HELLO, Tags={"a": "1"})
    arn = function.arn
    lambdas().tag_resource(Resource=arn, Tags={"b": "2", "a": "9"})
    assert lambdas().list_tags(Resource=arn)["Tags"] == {"a": "9", "b": "2"}
    lambdas().untag_resource(Resource=arn, TagKeys=["a", "none"])
    assert lambdas().list_tags(Resource=arn)["Tags"] == {"b": "2"}
    with invalid_parameter("Number of tags exceeds resource tag limit."):
        lambdas().tag_resource(Resource=arn, Tags={f"k{n}": "" for n in range(50)})
    with invalid_parameter("Tags on function aliases and versions are not supported. Please specify a function ARN."):
        lambdas().list_tags(Resource=f"{arn}:live")
    with function_not_found(f"{arn}x"):
        lambdas().list_tags(Resource=f"{arn}x")


def test_reserved_concurrency(new_function):
    function = new_function(HELLO)
    assert "ReservedConcurrentExecutions" not in function.get_function_concurrency()
    assert function.put_function_concurrency(ReservedConcurrentExecutions=0)["ReservedConcurrentExecutions"] == 0
    assert function.get_function_concurrency()["ReservedConcurrentExecutions"] == 0
    assert function.get_function()["Concurrency"] == {"ReservedConcurrentExecutions": 0}
    with lambda_rejected("TooManyRequestsException", "Rate Exceeded.", 429):
        function.invoke()
    function.delete_function_concurrency()
    assert function.call() == "hello"
    with invalid_parameter(containing("below its minimum value of [100]")):
        function.put_function_concurrency(ReservedConcurrentExecutions=901)


def test_account_settings(lambdas, function):
    settings = lambdas().get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountUsage"]["FunctionCount"] == len(
        lambdas().get_paginator("list_functions").paginate().build_full_result()["Functions"]
    )


# --- The wire -------------------------------------------------------------------------------------------------------


def send(raw, method, path, body=b"", region=HOME):
    """A request as a REST client sends it."""
    credential = f"AWS4-HMAC-SHA256 Credential=test/20300101/{region}/lambda/aws4_request, "
    headers = {
        "Authorization": credential + f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}",
        "X-Amz-Date": "20300101T000000Z",
        "Content-Type": "application/json",
    }
    return raw.send(method, path, headers, body)


def test_errors_on_the_wire(raw):
    answer = send(raw, "GET", "/2015-03-31/functions/missing")
    assert answer.status == 404 and answer.headers["x-amzn-ErrorType"] == "ResourceNotFoundException"
    arn = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:missing"
    assert answer.json == {"Type": "User", "Message": f"Function not found: {arn}"}
    answer = send(raw, "POST", "/2015-03-31/functions", b"{}")
    assert answer.status == 400 and answer.headers["x-amzn-ErrorType"] == "ValidationException"
    assert list(answer.json) == ["message"]
    answer = send(raw, "POST", "/2015-03-31/functions", b"{")
    assert answer.status == 400 and answer.headers["x-amzn-ErrorType"] == "InvalidRequestContentException"
    assert answer.headers["Content-Type"] == "application/json" and "x-amzn-RequestId" in answer.headers
    assert "x-amz-crc32" not in answer.headers


@pytest.mark.parametrize(
    "method, path",
    [("GET", "/2015-03-31/things"), ("PATCH", "/2015-03-31/functions"), ("GET", "/2099-01-01/functions/f/x/y")],
)
def test_unknown_paths(raw, method, path):
    answer = send(raw, method, path)
    assert answer.status == 404 and answer.headers["x-amzn-ErrorType"] == "UnknownOperationException"


def test_requests_must_be_signed(raw):
    answer = raw.send("GET", "/2015-03-31/functions/")
    assert answer.status == 403 and "x-amzn-ErrorType" in answer.headers


def operations():
    """(name, method, path) of every operation in botocore's service model."""
    path = pathlib.Path(botocore.__file__).parent / "data/lambda/2015-03-31/service-2.json.gz"
    model = json.loads(gzip.decompress(path.read_bytes()))
    for name, operation in sorted(model["operations"].items()):
        yield name, operation["http"]["method"], re.sub(r"\{\w+\}", "x", operation["http"]["requestUri"])


@pytest.mark.parametrize("name, method, path", operations(), ids=[name for name, _, _ in operations()])
def test_every_operation_of_the_service_model_is_known(raw, name, method, path):
    answer = send(raw, method, path)
    assert answer.headers.get("x-amzn-ErrorType") != "UnknownOperationException"
    assert answer.status in (200, 400, 404)


# --- The AWS CLI ----------------------------------------------------------------------------------------------------


def test_command_line(cli, new_function, tmp_path):
    name = new_function.named(unique("cli")).name
    package, output = tmp_path / "code.zip", tmp_path / "out.json"
    package.write_bytes(packed(app__py="def handler(event, context): return {'got': event}\n"))
    options = ("--function-name", name, "--region", HOME)
    made = cli(
        "lambda", "create-function", *options, "--runtime", RUNTIME, "--handler", "app.handler", "--role", ROLE,
        "--zip-file", f"fileb://{package}", "--timeout", "30",
        "--environment", f"Variables={{PYTHONPATH={PYTHON_PATH}}}",
    )  # fmt: skip
    assert made["State"] == "Pending"
    cli("lambda", "wait", "function-active-v2", *options)
    answer = cli("lambda", "invoke", *options, "--payload", '{"a":1}', str(output))
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads(output.read_text()) == {"got": {"a": 1}}
    assert cli("lambda", "update-function-configuration", *options, "--timeout", "9")["Timeout"] == 9
    cli("lambda", "wait", "function-updated-v2", *options)
    package.write_bytes(packed(app__py="def handler(event, context): return 'second'\n"))
    cli("lambda", "update-function-code", *options, "--zip-file", f"fileb://{package}")
    cli("lambda", "invoke", *options, str(output))
    assert json.loads(output.read_text()) == "second"
    assert name in [found["FunctionName"] for found in cli("lambda", "list-functions", "--region", HOME)["Functions"]]
    cli("lambda", "delete-function", *options)
    assert "ResourceNotFoundException" in cli.run("lambda", "get-function", *options).stderr
