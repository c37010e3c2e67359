"""AWS FIS: experiments that pause the replication of a global table (aws:dynamodb:global-table-pause-replication)."""

import botocore.exceptions
import pytest

from harness import REGIONS
from harness.admin import admin
from harness.awscli import CommandLine
from harness.server import tributary
from harness.tables import TableFactory
from harness.values import S, unique
from harness.waiting import eventually

EAST, WEST, SOUTH = REGIONS
ACTION = "aws:dynamodb:global-table-pause-replication"
ROLE = "arn:aws:iam::000000000000:role/fis"


@pytest.fixture(scope="module")
def server(module_server):
    return module_server()


@pytest.fixture(scope="module")
def fis(server, new_clients):
    """fis(region): boto3 for FIS."""
    return new_clients(server.endpoint, "fis")


@pytest.fixture
def table(server, new_clients):
    factory = TableFactory(new_clients(server.endpoint))
    yield factory("p:S", replicas=[WEST, SOUTH])
    factory.close()


def arn(table, region=EAST):
    return f"arn:aws:dynamodb:{region}:000000000000:table/{table.name}"


def template(*arns, duration="PT10M", **changes):
    return {
        "clientToken": unique(),
        "description": "no replication",
        "roleArn": ROLE,
        "stopConditions": [{"source": "none"}],
        "targets": {
            "tables": {"resourceType": "aws:dynamodb:global-table", "resourceArns": list(arns), "selectionMode": "ALL"}
        },
        "actions": {"pause": {"actionId": ACTION, "parameters": {"duration": duration}, "targets": {"Tables": "tables"}}},
        "tags": {"team": "x"},
        **changes,
    }


def start(fis, *arns, region=EAST, **changes):
    """A new experiment of a new template."""
    made = fis(region).create_experiment_template(**template(*arns, **changes))["experimentTemplate"]
    return fis(region).start_experiment(clientToken=unique(), experimentTemplateId=made["id"])["experiment"]


def status(fis, experiment, region=EAST):
    return fis(region).get_experiment(id=experiment["id"])["experiment"]["state"]["status"]


def paused_by(server, table):
    """Who holds the table back, by link."""
    links = admin(server, "/_tributary/links")[1]["links"]
    return {
        (link["from"], link["to"]): found["pausedBy"]
        for link in links
        for found in link["tables"]
        if found["table"] == table.name
    }


def test_replication_from_and_to_the_region_stops_until_the_experiment_is_stopped(server, fis, table):
    other = TableFactory(lambda region=EAST: table.in_region(region).client)("p:S", replicas=[WEST])
    experiment = start(fis, arn(table))
    assert experiment["state"]["status"] == "running"
    assert experiment["actions"]["pause"]["state"] == {"status": "running"}
    keys = [unique() for _ in range(3)]
    for region, key in zip(REGIONS, keys):
        table.in_region(region).put(p=S(key))
    other.put(p=S(keys[0]))
    # The other regions go on between themselves, and so do other tables.
    eventually(lambda: table.in_region(SOUTH).get(p=S(keys[1])) and table.in_region(WEST).get(p=S(keys[2])))
    eventually(lambda: other.in_region(WEST).get(p=S(keys[0])))
    assert table.in_region(WEST).get(p=S(keys[0])) is None and table.get(p=S(keys[1])) is None
    holds = paused_by(server, table)
    assert {link for link, pausers in holds.items() if pausers == [experiment["id"]]} == {
        (EAST, WEST), (EAST, SOUTH), (WEST, EAST), (SOUTH, EAST)
    }  # fmt: skip
    assert f"paused by {experiment['id']}" in tributary("links", "--endpoint", server.endpoint).stdout
    stopped = fis(EAST).stop_experiment(id=experiment["id"])["experiment"]
    assert stopped["state"]["status"] == "stopped" and stopped["endTime"] >= stopped["startTime"]
    for region in REGIONS:
        eventually(lambda: all(table.in_region(region).get(p=S(key)) for key in keys))
    told = [
        (event["type"], event["data"]["by"])
        for event in admin(server, f"/_tributary/events?region={WEST}")[1]["events"]
        if event["data"].get("table") == table.name and event["type"].startswith("link.")
    ]
    assert told == [("link.paused", experiment["id"]), ("link.resumed", experiment["id"])]


def test_an_experiment_ends_by_itself(server, fis, table):
    experiment = start(fis, arn(table), duration="PT1S")
    table.put(p=S("a"))
    eventually(lambda: status(fis, experiment) == "completed")
    found = fis(EAST).get_experiment(id=experiment["id"])["experiment"]
    assert found["actions"]["pause"]["state"]["status"] == "completed"
    # Not before its time; after it as soon as the machine lets it.
    assert 0.9 < (found["endTime"] - found["startTime"]).total_seconds() < 30
    eventually(lambda: table.in_region(WEST).get(p=S("a")))
    with pytest.raises(botocore.exceptions.ClientError, match="has ended already"):
        fis(EAST).stop_experiment(id=experiment["id"])


def test_actions_follow_on_each_other_and_two_experiments_do_not_end_each_other(server, fis, table):
    wait = {"actionId": "aws:fis:wait", "parameters": {"duration": "PT1S"}}
    pause = template(arn(table))["actions"]["pause"]
    first = start(fis, arn(table), actions={"wait": wait, "pause": {**pause, "startAfter": ["wait"]}})
    assert first["actions"]["pause"]["state"]["status"] == "pending"
    second = start(fis, arn(table, WEST), region=WEST)
    eventually(lambda: paused_by(server, table)[EAST, WEST] == sorted([first["id"], second["id"]]))
    fis(EAST).stop_experiment(id=first["id"])
    assert paused_by(server, table)[EAST, WEST] == [second["id"]]
    fis(WEST).stop_experiment(id=second["id"])
    assert not any(paused_by(server, table).values())


def test_an_alarm_stops_an_experiment(server, fis, table, new_clients):
    watch, name = new_clients(server.endpoint, "cloudwatch")(EAST), unique("alarm")
    watch.put_metric_alarm(
        AlarmName=name, Namespace="n", MetricName="m", Statistic="Sum", Period=86400, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore",
    )
    alarm = f"arn:aws:cloudwatch:{EAST}:000000000000:alarm:{name}"
    experiment = start(fis, arn(table), stopConditions=[{"source": "aws:cloudwatch:alarm", "value": alarm}])
    assert status(fis, experiment) == "running"
    watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="now")
    eventually(lambda: status(fis, experiment) == "stopped")
    assert not any(paused_by(server, table).values())


def test_targets_that_are_none_fail_the_experiment(fis, table):
    for bad in (arn(table, WEST), "arn:aws:dynamodb:us-east-1:000000000000:table/nowhere"):
        experiment = start(fis, bad)
        assert experiment["state"]["status"] == "failed"
        assert "Target resolution returned empty set" in experiment["state"]["reason"]
        assert experiment["actions"]["pause"]["state"]["status"] == "cancelled"


def test_templates_are_listed_shown_deleted_and_kept(own_server, new_clients, tmp_path):
    server = own_server()
    client = new_clients(server.endpoint, "fis")(EAST)
    request = template("arn:aws:dynamodb:us-east-1:000000000000:table/t", experimentOptions={"emptyTargetResolutionMode": "fail"})
    made = client.create_experiment_template(**request)["experimentTemplate"]
    assert client.create_experiment_template(**request)["experimentTemplate"] == made, "the same token is the same template"
    with pytest.raises(botocore.exceptions.ClientError, match="ConflictException"):
        client.create_experiment_template(**{**request, "description": "other"})
    for member in ("description", "roleArn", "stopConditions", "targets", "actions", "tags"):
        assert made[member] == request[member]
    assert made["arn"] == f"arn:aws:fis:{EAST}:000000000000:experiment-template/{made['id']}"
    client.create_experiment_template(**template("arn:aws:dynamodb:us-east-1:000000000000:table/t"))
    page = client.list_experiment_templates(maxResults=1)
    rest = client.list_experiment_templates(maxResults=1, nextToken=page["nextToken"])
    assert "nextToken" not in rest
    assert made["id"] in {page["experimentTemplates"][0]["id"], rest["experimentTemplates"][0]["id"]}
    assert new_clients(server.endpoint, "fis")(WEST).list_experiment_templates()["experimentTemplates"] == []
    assert server.stop() == 0
    server.start()
    assert client.get_experiment_template(id=made["id"])["experimentTemplate"] == made
    client.delete_experiment_template(id=made["id"])
    with pytest.raises(botocore.exceptions.ClientError, match="ResourceNotFoundException"):
        client.get_experiment_template(id=made["id"])


def test_experiments_are_listed(fis, table):
    experiment = start(fis, arn(table))
    fis(EAST).stop_experiment(id=experiment["id"])
    listed = fis(EAST).list_experiments(experimentTemplateId=experiment["experimentTemplateId"])["experiments"]
    assert [(found["id"], found["state"]["status"]) for found in listed] == [(experiment["id"], "stopped")]
    assert experiment["id"] in {found["id"] for found in fis(EAST).list_experiments()["experiments"]}


BAD = [
    ({"description": ""}, "description is required."),
    ({"stopConditions": []}, "stopConditions is required; for no condition it is a source none."),
    ({"stopConditions": [{"source": "rain"}]}, "There is no stop condition source rain."),
    ({"actions": {}}, "An experiment template must have an action."),
    (
        {"actions": {"a": {"actionId": "aws:ec2:stop-instances"}}},
        f"The action a must be {ACTION} or aws:fis:wait: this server has no aws:ec2:stop-instances.",
    ),
    ({"actions": {"a": {"actionId": ACTION, "parameters": {"duration": "PT1M"}, "targets": {"Tables": "x"}}}},
     "The action a must have a target Tables that the template has, not 'x'."),
    ({"targets": {"t": {"resourceType": "aws:ec2:instance", "selectionMode": "ALL"}}},
     "The target t must have the resource type aws:dynamodb:global-table, not aws:ec2:instance."),
    ({"actions": {"a": {"actionId": "aws:fis:wait", "parameters": {"duration": "PT1M"}, "startAfter": ["a"]}}},
     "The action a can never start: look at its startAfter."),
    ({"roleArn": None}, "roleArn is required."),
]  # fmt: skip


@pytest.mark.parametrize("changes, message", BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_bad_templates(fis, changes, message):
    refused(fis, template("arn:aws:dynamodb:us-east-1:000000000000:table/t", **changes), message)


@pytest.mark.parametrize("duration", ["", "5", "PT", "PT0S", "PT13H", "-PT1M", "P1Y", "PT1M1H", "PT99999999999999999999S", "1M"])
def test_bad_durations(fis, duration):
    request = template("arn:aws:dynamodb:us-east-1:000000000000:table/t", duration=duration)
    refused(
        fis, request,
        f"The action pause must have a duration from 1 second to 12 hours such as PT5M, not '{duration}'.",
    )  # fmt: skip


def refused(fis, request, message):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        fis(EAST).create_experiment_template(**{name: value for name, value in request.items() if value is not None})
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("ValidationException", message)


@pytest.mark.parametrize("call", ["get_experiment", "stop_experiment", "get_experiment_template"])
def test_what_is_not_there(fis, call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(fis(EAST), call)(id="EXTnothing")
    response = caught.value.response
    assert response["Error"]["Code"] == "ResourceNotFoundException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_the_aws_cli(server, fis, table, tmp_path):
    cli = CommandLine(server.endpoint, tmp_path)
    shorthand = [
        "--description", "by hand", "--role-arn", ROLE, "--client-token", unique(), "--stop-conditions", "source=none",
        "--targets", f'{{"tables":{{"resourceType":"aws:dynamodb:global-table","resourceArns":["{arn(table)}"],"selectionMode":"ALL"}}}}',
        "--actions", f'{{"pause":{{"actionId":"{ACTION}","parameters":{{"duration":"PT5M"}},"targets":{{"Tables":"tables"}}}}}}',
    ]  # fmt: skip
    made = cli("fis", "create-experiment-template", *shorthand, "--region", EAST)["experimentTemplate"]
    begun = cli("fis", "start-experiment", "--experiment-template-id", made["id"], "--region", EAST)["experiment"]
    assert begun["state"]["status"] == "running"
    assert cli("fis", "stop-experiment", "--id", begun["id"], "--region", EAST)["experiment"]["state"]["status"] == "stopped"
    assert cli("fis", "get-experiment", "--id", begun["id"], "--region", EAST)["experiment"]["id"] == begun["id"]
    cli("fis", "delete-experiment-template", "--id", made["id"], "--region", EAST)


def test_a_table_can_be_paused_by_hand(server, table):
    path = f"/_tributary/links/{EAST}/{WEST}"
    done = tributary("links", "pause", EAST, WEST, "--table", table.name, "--endpoint", server.endpoint)
    assert done.returncode == 0 and "paused by admin" in done.stdout
    table.put(p=S("held"))
    eventually(lambda: table.in_region(SOUTH).get(p=S("held")))
    assert table.in_region(WEST).get(p=S("held")) is None
    done = tributary("links", "resume", EAST, WEST, "--table", table.name, "--endpoint", server.endpoint)
    assert done.returncode == 0 and "paused" not in done.stdout
    eventually(lambda: table.in_region(WEST).get(p=S("held")))
    for body, message in [
        ({"table": table.name}, "a table takes a state, running or paused, and nothing else"),
        ({"table": table.name, "state": "cut"}, "a table takes a state, running or paused, and nothing else"),
        ({"table": "none", "state": "paused"}, f"there is no global table 'none' between {EAST} and {WEST}"),
        ({"table": 1, "state": "paused"}, "table must be the name of a table"),
    ]:
        assert admin(server, path, "PUT", body) == (400, {"message": message})
