"""Alarms: what they are, how they change, whom they call (the CloudWatch API's alarm operations)."""

import contextlib
import datetime
import http.server
import json
import threading
import time

import pytest

from harness import HOME, REGIONS
from harness.errors import containing, rejected
from harness.lambda_fixtures import (  # noqa: F401
    cli,
    client,
    lambda_server,
    lambdas,
    new_function,
)
from harness.lambda_functions import SERVE_ARGUMENTS
from harness.server import Server
from harness.values import unique
from harness.waiting import eventually

ACCOUNT = "000000000000"
PERIOD = 10
OTHER = REGIONS[1]


@pytest.fixture(scope="module")
def watch(lambda_server, new_clients):  # noqa: F811
    """watch(region): boto3 for CloudWatch."""
    return new_clients(lambda_server.endpoint, "cloudwatch")


@contextlib.contextmanager
def receiver():
    """An address that keeps what is posted to it."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/alarms", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Watched:
    """A metric of its own, and an alarm on it."""

    def __init__(self, client, **settings):
        self.client, self.namespace, self.name = client, unique("app"), unique("alarm")
        self.request = {
            "AlarmName": self.name,
            "Namespace": self.namespace,
            "MetricName": "n",
            "Statistic": "Maximum",
            "Period": PERIOD,
            "EvaluationPeriods": 1,
            "Threshold": 10.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **settings,
        }

    def put(self):
        self.client.put_metric_alarm(**self.request)
        return self

    def sample(self, value):
        """A sample in the period that was over last."""
        at = datetime.datetime.fromtimestamp(time.time() - PERIOD, datetime.timezone.utc)
        self.client.put_metric_data(
            Namespace=self.namespace, MetricData=[{"MetricName": "n", "Value": value, "Timestamp": at}]
        )

    def describe(self):
        (alarm,) = self.client.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return alarm

    def until(self, state):
        return eventually(lambda: (alarm := self.describe())["StateValue"] == state and alarm)

    def set(self, state, reason="because"):
        self.client.set_alarm_state(AlarmName=self.name, StateValue=state, StateReason=reason)


# --- Definitions ----------------------------------------------------------------------------------------------------


def test_alarm_is_described_as_it_was_put(watch):
    settings = {
        "AlarmDescription": "too much ☂",
        "Dimensions": [{"Name": "a", "Value": "b"}],
        "DatapointsToAlarm": 2,
        "EvaluationPeriods": 3,
        "TreatMissingData": "notBreaching",
        "Unit": "Count",
        "OKActions": ["http://localhost:1/ok"],
        "AlarmActions": [f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:f"],
        "InsufficientDataActions": [],
        "ActionsEnabled": False,
    }
    watched = Watched(watch(HOME), **settings).put()
    alarm = watched.describe()
    assert {name: alarm[name] for name in watched.request} == watched.request
    assert alarm["AlarmArn"] == f"arn:aws:cloudwatch:{HOME}:{ACCOUNT}:alarm:{watched.name}"
    age = datetime.datetime.now(datetime.timezone.utc) - alarm["AlarmConfigurationUpdatedTimestamp"]
    assert abs(age.total_seconds()) < 60


def test_new_alarm_has_not_been_looked_at(watch):
    watched = Watched(watch(HOME), TreatMissingData="ignore").put()
    alarm = watched.describe()
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == "Unchecked: Initial alarm creation"


def test_other_settings_leave_the_state(watch):
    watched = Watched(watch(HOME), TreatMissingData="ignore", Period=60).put()
    watched.set("ALARM")
    watched.request["Threshold"] = 99.5
    alarm = watched.put().describe()
    assert (alarm["StateValue"], alarm["StateReason"], alarm["Threshold"]) == ("ALARM", "because", 99.5)


def test_list_by_prefix_state_and_page(watch):
    made = sorted(Watched(watch(OTHER), TreatMissingData="ignore").put().name for _ in range(3))
    alarm = watch(OTHER).describe_alarms
    assert [each["AlarmName"] for each in alarm()["MetricAlarms"]] == made
    assert [each["AlarmName"] for each in alarm(AlarmNamePrefix=made[1])["MetricAlarms"]] == made[1:2]
    assert alarm(StateValue="ALARM")["MetricAlarms"] == []
    first = alarm(MaxRecords=2)
    assert [each["AlarmName"] for each in first["MetricAlarms"]] == made[:2]
    second = alarm(MaxRecords=2, NextToken=first["NextToken"])
    assert [each["AlarmName"] for each in second["MetricAlarms"]] == made[2:]
    assert "NextToken" not in second
    watch(OTHER).delete_alarms(AlarmNames=made)
    assert alarm()["MetricAlarms"] == []


@pytest.mark.parametrize(
    "change, text",
    [
        ({"MetricName": None}, "nothing that it would watch"),
        ({"Threshold": None}, "Threshold"),
        ({"EvaluationPeriods": None}, "Value null at 'evaluationPeriods' failed to satisfy constraint"),
        ({"ComparisonOperator": "Near"}, "Value 'Near' at 'comparisonOperator' failed to satisfy constraint"),
        ({"Period": 7}, "Period must be 10, 20, 30 or a multiple of 60"),
        ({"Period": 86400, "EvaluationPeriods": 2}, "Metrics cannot be checked across more than a day"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
        ({"AlarmActions": [f"arn:aws:sns:{HOME}:{ACCOUNT}:topic"]}, "Invalid action"),
        ({"AlarmActions": [f"arn:aws:lambda:{OTHER}:{ACCOUNT}:function:f"]}, "Invalid action"),
    ],
)
def test_what_is_wrong_with_alarms(watch, change, text):
    request = {**Watched(watch(HOME)).request, **change}
    with rejected("ValidationError", containing(text)):
        watch(HOME).put_metric_alarm(**{name: value for name, value in request.items() if value is not None})


def test_alarms_that_are_not_there(watch):
    watched = Watched(watch(HOME)).put()
    for request in (
        lambda: watch(HOME).set_alarm_state(AlarmName="none", StateValue="OK", StateReason=""),
        lambda: watch(HOME).delete_alarms(AlarmNames=[watched.name, "none"]),
    ):
        with pytest.raises(watch(HOME).exceptions.ResourceNotFound) as caught:
            request()
        response = caught.value.response
        assert response["Error"]["Code"] == "ResourceNotFound"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert watched.describe()
    assert watch(HOME).describe_alarms(AlarmNames=["none"])["MetricAlarms"] == []


# --- States ---------------------------------------------------------------------------------------------------------


def test_state_follows_the_metric(watch):
    watched = Watched(watch(HOME))
    watched.sample(11)
    alarm = watched.put().until("ALARM")
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [11.0 (")
    assert json.loads(alarm["StateReasonData"])["recentDatapoints"] == [11.0]
    # One period later there is a new newest sample.
    time_of_alarm = alarm["StateTransitionedTimestamp"]

    def quiet():
        watched.sample(1)
        return watched.describe()["StateValue"] == "OK"

    eventually(quiet)
    assert watched.describe()["StateTransitionedTimestamp"] > time_of_alarm


def test_state_without_samples(watch):
    watched = Watched(watch(HOME), TreatMissingData="breaching").put()
    assert "treated as [Breaching]" in watched.until("ALARM")["StateReason"]


# --- Actions --------------------------------------------------------------------------------------------------------


def test_alarm_posts_its_event(watch):
    with receiver() as (url, got):
        watched = Watched(
            watch(HOME), AlarmActions=[url], AlarmDescription="d", Dimensions=[{"Name": "a", "Value": "b"}]
        )
        watched.put().set("ALARM", "by hand")
        (event,) = eventually(lambda: len(got) == 1 and got)
        assert event["source"] == "aws.cloudwatch"
        assert event["region"] == HOME
        assert event["alarmArn"] == watched.describe()["AlarmArn"]
        data = event["alarmData"]
        assert data["alarmName"] == watched.name
        assert (data["state"]["value"], data["state"]["reason"]) == ("ALARM", "by hand")
        assert data["previousState"]["value"] == "INSUFFICIENT_DATA"
        assert data["configuration"]["description"] == "d"
        metric = data["configuration"]["metrics"][0]["metricStat"]
        assert metric["metric"] == {"namespace": watched.namespace, "name": "n", "dimensions": {"a": "b"}}
        assert (metric["period"], metric["stat"]) == (PERIOD, "Maximum")


def test_alarm_calls_the_action_of_its_state_when_the_state_changes(watch):
    with receiver() as (alarm_url, alarms), receiver() as (ok_url, oks):
        watched = Watched(
            watch(HOME), AlarmActions=[alarm_url], OKActions=[ok_url], TreatMissingData="ignore", Period=60
        ).put()
        watched.set("ALARM")
        watched.set("ALARM", "again")
        watched.set("OK")
        eventually(lambda: len(oks) == 1)
        eventually(lambda: len(alarms) == 1)
        watch(HOME).disable_alarm_actions(AlarmNames=[watched.name])
        watched.set("ALARM")
        watch(HOME).enable_alarm_actions(AlarmNames=[watched.name])
        watched.set("OK")
        eventually(lambda: len(oks) == 2)
        assert len(alarms) == 1


def test_alarm_invokes_a_function(watch, new_function):  # noqa: F811
    function = new_function()
    watched = Watched(watch(HOME), AlarmActions=[function.arn], TreatMissingData="breaching").put()
    function.until(lambda function: len(function.calls()) >= 1)
    event = function.calls()[0]
    event = event.get("event", event)
    assert event["alarmData"]["alarmName"] == watched.name
    assert event["alarmData"]["state"]["value"] == "ALARM"


# --- Ends -----------------------------------------------------------------------------------------------------------


def test_alarms_outlive_the_process(tmp_path, new_clients):
    server = Server(tmp_path, *SERVE_ARGUMENTS).start()
    try:
        watched = Watched(new_clients(server.endpoint, "cloudwatch")(HOME), TreatMissingData="ignore", Period=60).put()
        watched.set("ALARM", "before")
        before = watched.describe()
        assert server.stop() == 0
        again = Server(tmp_path, *SERVE_ARGUMENTS, data_directory=server.data_directory, name="again").start()
        try:
            (after,) = new_clients(again.endpoint, "cloudwatch")(HOME).describe_alarms()["MetricAlarms"]
            assert after == before
        finally:
            again.kill()
    finally:
        server.kill()


def test_command_line(cli):  # noqa: F811
    name, region = unique("alarm"), ["--region", HOME]
    cli(
        *["cloudwatch", "put-metric-alarm", *region, "--alarm-name", name, "--namespace", "n", "--metric-name", "m"],
        *["--statistic", "Sum", "--period", "60", "--evaluation-periods", "2", "--threshold", "1"],
        *["--comparison-operator", "LessThanThreshold", "--dimensions", "Name=a,Value=b"],
        *["--treat-missing-data", "ignore"],
    )
    cli(
        *["cloudwatch", "set-alarm-state", *region, "--alarm-name", name],
        *["--state-value", "ALARM", "--state-reason", "by hand"],
    )
    (alarm,) = cli("cloudwatch", "describe-alarms", *region, "--alarm-names", name)["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "by hand")
    cli("cloudwatch", "delete-alarms", *region, "--alarm-names", name)
    assert cli("cloudwatch", "describe-alarms", *region, "--alarm-names", name)["MetricAlarms"] == []
