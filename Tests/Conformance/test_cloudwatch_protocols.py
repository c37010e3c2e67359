"""CloudWatch over each protocol that its service model lists: JSON (boto3 today), CBOR (many other SDKs), query (boto3 before 2025)."""

import datetime

import boto3
import botocore.config
import botocore.exceptions
import botocore.model
import pytest

from harness import HOME
from harness.values import unique
from harness.waiting import eventually
from harness.wire import authorization, timestamp

PROTOCOLS = ["json", "smithy-rpc-v2-cbor", "query"]
CONTENT_TYPES = {"json": "application/x-amz-json-1.0", "smithy-rpc-v2-cbor": "application/cbor", "query": "text/xml"}


@pytest.fixture(params=PROTOCOLS)
def watch(request, server, monkeypatch):
    """boto3 for CloudWatch, made to speak one protocol."""
    monkeypatch.setattr(botocore.model, "PRIORITY_ORDERED_SUPPORTED_PROTOCOLS", (request.param,))
    config = botocore.config.Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    client = boto3.session.Session().client(
        "cloudwatch", region_name=HOME, endpoint_url=server.endpoint, aws_access_key_id="test",
        aws_secret_access_key="test", config=config,
    )
    assert client.meta.service_model.resolved_protocol == request.param
    client.expected_content_type = CONTENT_TYPES[request.param]
    return client


def test_installed_botocore_lists_these_protocols():
    model = boto3.session.Session().client("cloudwatch", region_name=HOME).meta.service_model
    assert set(model.metadata["protocols"]) == set(PROTOCOLS)
    assert boto3.session.Session().client("fis", region_name=HOME).meta.service_model.metadata["protocols"] == ["rest-json"]


def test_samples_and_statistics(watch):
    namespace, now = unique("ns"), datetime.datetime.now(datetime.timezone.utc)
    answer = watch.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": "m", "Value": 1.5, "Unit": "Count", "Dimensions": [{"Name": "d", "Value": "a & <b>"}]},
            {"MetricName": "m", "Values": [3.0, 4.0], "Counts": [2, 1], "Timestamp": now, "Unit": "Count",
             "Dimensions": [{"Name": "d", "Value": "a & <b>"}]},
        ],
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == watch.expected_content_type
    metrics = watch.list_metrics(Namespace=namespace)["Metrics"]
    assert metrics == [
        {"Namespace": namespace, "MetricName": "m", "Dimensions": [{"Name": "d", "Value": "a & <b>"}]}
    ]
    where = {"StartTime": now - datetime.timedelta(minutes=5), "EndTime": now + datetime.timedelta(minutes=5)}
    points = watch.get_metric_statistics(
        Namespace=namespace, MetricName="m", Dimensions=metrics[0]["Dimensions"], Period=3600,
        Statistics=["Sum", "SampleCount", "Maximum"], **where,
    )
    assert points["Label"] == "m"
    assert sum(point["Sum"] for point in points["Datapoints"]) == 11.5
    point = points["Datapoints"][0]
    assert isinstance(point["Sum"], float) and point["Unit"] == "Count"
    assert isinstance(point["Timestamp"], datetime.datetime) and abs(point["Timestamp"] - now).total_seconds() <= 3600
    data = watch.get_metric_data(
        MetricDataQueries=[
            {"Id": "q", "MetricStat": {"Metric": metrics[0], "Period": 3600, "Stat": "Sum"}, "ReturnData": True}
        ],
        ScanBy="TimestampAscending", **where,
    )["MetricDataResults"]
    assert sum(data[0]["Values"]) == 11.5 and data[0]["StatusCode"] == "Complete"
    assert all(isinstance(time, datetime.datetime) for time in data[0]["Timestamps"])


def test_alarms(watch):
    name, namespace = unique("alarm"), unique("ns")
    watch.put_metric_alarm(
        AlarmName=name, Namespace=namespace, MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=3,
        DatapointsToAlarm=2, Threshold=1.5, ComparisonOperator="GreaterThanThreshold", ActionsEnabled=False,
        TreatMissingData="ignore", AlarmDescription="a <b> & ü", Dimensions=[{"Name": "d", "Value": "1"}],
    )
    alarm = watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 3, 2)
    assert (alarm["Threshold"], alarm["ActionsEnabled"], alarm["AlarmDescription"]) == (1.5, False, "a <b> & ü")
    assert isinstance(alarm["StateUpdatedTimestamp"], datetime.datetime)
    watch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="said so")
    found = eventually(lambda: watch.describe_alarms(AlarmNamePrefix=name, MaxRecords=1)["MetricAlarms"][0])
    assert (found["StateValue"], found["StateReason"]) == ("OK", "said so")
    watch.enable_alarm_actions(AlarmNames=[name])
    assert watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["ActionsEnabled"] is True
    watch.delete_alarms(AlarmNames=[name])
    assert watch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


@pytest.mark.parametrize(
    "operation, arguments, code",
    [
        ("put_metric_data", {"Namespace": "n"}, "MissingParameter"),
        ("delete_alarms", {"AlarmNames": ["is not there"]}, "ResourceNotFound"),
        ("get_metric_statistics", {"Namespace": "n", "MetricName": "m"}, "MissingParameter"),
        ("put_metric_alarm", {"AlarmName": "a", "EvaluationPeriods": 0, "ComparisonOperator": "x"}, "ValidationError"),
        ("list_dashboards", {}, "UnknownOperationException"),
    ],
)
def test_errors(watch, operation, arguments, code):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(watch, operation)(**arguments)
    response = caught.value.response
    assert response["Error"]["Code"] == code and response["Error"]["Message"]
    assert response["ResponseMetadata"]["HTTPStatusCode"] == (404 if code == "ResourceNotFound" else 400)
    assert response["ResponseMetadata"]["HTTPHeaders"]["content-type"] == watch.expected_content_type


def test_bytes_that_are_not_cbor(raw):
    headers = {
        "smithy-protocol": "rpc-v2-cbor",
        "Content-Type": "application/cbor",
        "X-Amz-Date": timestamp(),
        "Authorization": authorization().replace("/dynamodb/", "/monitoring/"),
    }
    answer = raw.send(path="/service/GraniteServiceVersion20100801/operation/ListMetrics", headers=headers, body=b"\xa1\x01")
    assert (answer.status, answer.headers["smithy-protocol"]) == (400, "rpc-v2-cbor")
    assert b"SerializationException" in answer.body
