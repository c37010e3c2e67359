"""Metrics: CloudWatch's data and lists, and Prometheus text at /metrics (global-tables.md 8)."""

import datetime
import http.client
import re
import time
import urllib.parse

import pytest

from harness import HOME, REGIONS
from harness.admin import admin
from harness.errors import rejected
from harness.tables import TableFactory
from harness.values import N, S, unique
from harness.waiting import eventually

EAST, WEST, _ = REGIONS
MINUTE = 60


@pytest.fixture(scope="module")
def watch(server, new_clients):
    """watch(region): boto3 for CloudWatch."""
    return new_clients(server.endpoint, "cloudwatch")


def time_of(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def lately():
    now = time.time()
    return {"StartTime": time_of(now - 10 * MINUTE), "EndTime": time_of(now + MINUTE)}


def dimensions(**values):
    return [{"Name": name, "Value": value} for name, value in values.items()]


def datapoints(client, name, statistics=("Sum",), namespace="AWS/DynamoDB", span=None, **where):
    answer = client.get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=dimensions(**where),
        Period=MINUTE,
        Statistics=list(statistics),
        **(span or lately()),
    )
    assert answer["Label"] == name
    return answer["Datapoints"]


def total(client, name, **where):
    return sum(point["Sum"] for point in datapoints(client, name, **where))


def highest(client, name, **where):
    """Of all minutes: the first may have been over before there was anything to see."""
    return max(point["Maximum"] for point in datapoints(client, name, ("Maximum",), **where))


# --- Samples of clients ---------------------------------------------------------------------------------------------


def test_put_samples_come_back_as_statistics(watch):
    client, namespace = watch(HOME), unique("app")
    at = time_of(time.time() // MINUTE * MINUTE - 2 * MINUTE)
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[
            {"MetricName": "size", "Timestamp": at, "Value": 2, "Unit": "Bytes"},
            {"MetricName": "size", "Timestamp": at, "Values": [1, 5], "Counts": [2, 1], "Unit": "Bytes"},
            {
                "MetricName": "size",
                "Timestamp": at,
                "StatisticValues": {"SampleCount": 2, "Sum": 20, "Minimum": 9.5, "Maximum": 10.5},
                "Unit": "Bytes",
            },
        ],
    )
    (point,) = datapoints(
        client, "size", ("SampleCount", "Average", "Sum", "Minimum", "Maximum"), namespace=namespace
    )
    assert point == {
        "Timestamp": at,
        "SampleCount": 6,
        "Average": 29 / 6,
        "Sum": 29,
        "Minimum": 1,
        "Maximum": 10.5,
        "Unit": "Bytes",
    }


def test_dimensions_tell_metrics_apart(watch):
    client, namespace = watch(HOME), unique("app")
    for color in ("red", "blue"):
        client.put_metric_data(
            Namespace=namespace,
            MetricData=[{"MetricName": "n", "Value": len(color), "Dimensions": dimensions(color=color, size="1")}],
        )
    assert total(client, "n", namespace=namespace, color="red", size="1") == 3
    assert total(client, "n", namespace=namespace, size="1", color="blue") == 4
    assert datapoints(client, "n", namespace=namespace) == []
    assert datapoints(client, "n", namespace=namespace, color="red") == []
    listed = client.list_metrics(Namespace=namespace, Dimensions=[{"Name": "color", "Value": "red"}])["Metrics"]
    assert listed == [{"Namespace": namespace, "MetricName": "n", "Dimensions": dimensions(color="red", size="1")}]
    assert len(client.list_metrics(Namespace=namespace, Dimensions=[{"Name": "size"}])["Metrics"]) == 2


def test_metrics_belong_to_their_region(watch):
    namespace = unique("app")
    watch(EAST).put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "n", "Value": 1}])
    assert watch(WEST).list_metrics(Namespace=namespace)["Metrics"] == []


def test_get_metric_data_in_both_directions(watch):
    client, namespace = watch(HOME), unique("app")
    newest = time.time() // MINUTE * MINUTE - MINUTE
    times = [time_of(newest - MINUTE), time_of(newest)]
    client.put_metric_data(
        Namespace=namespace,
        MetricData=[{"MetricName": "n", "Timestamp": at, "Value": index + 1} for index, at in enumerate(times)],
    )
    metric = {"Metric": {"Namespace": namespace, "MetricName": "n"}, "Period": MINUTE, "Stat": "Sum"}
    queries = [
        {"Id": "a", "MetricStat": metric, "Label": "mine"},
        {"Id": "b", "MetricStat": metric, "ReturnData": False},
    ]
    for order, values in (("TimestampAscending", [1, 2]), ("TimestampDescending", [2, 1])):
        (result,) = client.get_metric_data(MetricDataQueries=queries, ScanBy=order, **lately())["MetricDataResults"]
        assert result["Values"] == values
        assert sorted(result["Timestamps"]) == times
        assert (result["Id"], result["Label"], result["StatusCode"]) == ("a", "mine", "Complete")


def test_what_is_wrong_with_requests(watch):
    client = watch(HOME)
    good = {"Namespace": "n", "MetricName": "m", "Period": MINUTE, "Statistics": ["Sum"], **lately()}
    with rejected("InvalidParameterValue"):
        client.get_metric_statistics(**{**good, "StartTime": good["EndTime"], "EndTime": good["StartTime"]})
    with rejected("InvalidParameterValue"):
        client.get_metric_statistics(**{**good, "Period": 61})
    with rejected("InvalidParameterValue"):
        client.get_metric_statistics(**{**good, "Statistics": ["Most"]})
    with rejected("MissingParameter"):
        client.get_metric_statistics(**{**good, "Statistics": []})
    with rejected("InvalidParameterCombination"):
        client.get_metric_statistics(**{**good, "StartTime": time_of(0)})
    with rejected("InvalidParameterCombination"):
        client.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m"}])
    with rejected("ValidationError"):
        client.get_metric_data(MetricDataQueries=[{"Id": "a", "Expression": "1 + 1"}], **lately())


def test_command_line(cli):
    namespace = unique("app")
    where = ["--namespace", namespace, "--region", WEST]
    put = ["cloudwatch", "put-metric-data", *where, "--metric-name", "n", "--value", "7", "--dimensions", "a=b"]
    assert cli(*put) is None
    (metric,) = cli("cloudwatch", "list-metrics", *where)["Metrics"]
    assert metric == {"Namespace": namespace, "MetricName": "n", "Dimensions": dimensions(a="b")}
    times = [moment.isoformat() for moment in lately().values()]
    answer = cli(
        *["cloudwatch", "get-metric-statistics", *where, "--metric-name", "n", "--dimensions", "Name=a,Value=b"],
        *["--period", "60", "--statistics", "Maximum", "--start-time", times[0], "--end-time", times[1]],
    )
    assert [point["Maximum"] for point in answer["Datapoints"]] == [7]


# --- Metrics of the server ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(new_table):
    """A global table that EAST and WEST hold."""
    return new_table("p:S", replicas=[WEST])


def test_replication_latency_of_what_arrived_elsewhere(watch, table):
    for index in range(5):
        table.put(p=S(f"latency {index}"))
    where = {"TableName": table.name, "ReceivingRegion": WEST}

    def counted():
        points = datapoints(watch(EAST), "ReplicationLatency", ("SampleCount", "Maximum"), **where)
        assert sum(point["SampleCount"] for point in points) >= 5
        assert all(0 <= point["Maximum"] < 60_000 for point in points)

    eventually(counted)
    assert datapoints(watch(WEST), "ReplicationLatency", **where) == []
    eventually(lambda: datapoints(watch(EAST), "PendingReplicationCount", **where))


def test_consumed_write_capacity_of_own_and_replicated_writes(watch, table):
    name = {"TableName": table.name}
    eventually(lambda: datapoints(watch(EAST), "ConsumedWriteCapacityUnits", **name))
    consumed = lambda: [total(watch(region), "ConsumedWriteCapacityUnits", **name) for region in (EAST, WEST)]  # noqa: E731
    # Replicated write units of the receiving region count there.
    eventually(lambda: len(set(consumed())) == 1)
    before = consumed()
    table.put(p=S("large"), a=S("x" * 2500))
    eventually(lambda: consumed() == [units + 3 for units in before])


def test_failed_conditions_and_user_errors(watch, table):
    with rejected("ConditionalCheckFailedException"):
        table.put_item(Item={"p": S("none")}, ConditionExpression="attribute_exists(p)")
    name = {"TableName": table.name}
    eventually(lambda: total(watch(EAST), "ConditionalCheckFailedRequests", **name) == 1)
    # A failed condition is none.
    # The span stays the same, or errors of earlier tests would leave it meanwhile.
    span = {**lately(), "EndTime": time_of(time.time() + 10 * MINUTE)}
    before = total(watch(EAST), "UserErrors", span=span)
    with rejected("ValidationException"):
        table.put_item(Item={"q": S("no key")})
    eventually(lambda: total(watch(EAST), "UserErrors", span=span) == before + 1)
    eventually(lambda: datapoints(watch(EAST), "SuccessfulRequestLatency", ("Average",), Operation="PutItem"))


def test_expired_items_are_counted(watch, new_table):
    table = new_table("p:S")
    table.update_time_to_live(TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    for index in range(3):
        table.put(p=S(str(index)), ttl=N(int(time.time()) - 60))
    deleted = lambda: total(watch(table.region), "TimeToLiveDeletedItemCount", TableName=table.name)  # noqa: E731
    eventually(lambda: deleted() == 3)


# --- Prometheus -----------------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$')


def scrape(server):
    """Families by name: (kind, {sample name and labels: value})."""
    parts = urllib.parse.urlsplit(server.endpoint)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.request("GET", "/metrics")
    response = connection.getresponse()
    assert response.status == 200
    assert response.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    text = response.read().decode()
    connection.close()
    families, current = {}, None
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in families
            current = families[name] = (kind, {})
        elif not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match, line
            name, labels, value = match.groups()
            labels = frozenset(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', labels or ""))
            assert (name, labels) not in current[1], f"twice: {line}"
            current[1][name, labels] = float(value)
    return families


def value(families, name, **labels):
    family = re.sub(r"_(bucket|sum|count)$", "", name)
    samples = families.get(name, families.get(family))[1]
    found = [value for (key, have), value in samples.items() if key == name and have >= set(labels.items())]
    return sum(found)


def test_exposition_names_what_there_is(server, table):
    families = scrape(server)
    kinds = {name: kind for name, (kind, _) in families.items()}
    for name, kind in {
        "tributary_http_requests_total": "counter",
        "tributary_http_request_duration_seconds": "histogram",
        "tributary_table_items": "gauge",
        "tributary_replication_lag_seconds": "gauge",
        "tributary_replication_conflicts_total": "counter",
        "tributary_handler_failures_total": "counter",
        "tributary_transactions_half_visible": "gauge",
        "tributary_transactions_half_visible_oldest_seconds": "gauge",
        "tributary_transactions_arrived_total": "counter",
        "kafka_consumergroup_lag": "gauge",
        "process_resident_memory_bytes": "gauge",
        "process_start_time_seconds": "gauge",
    }.items():
        assert kinds[name] == kind
    assert value(families, "process_resident_memory_bytes") > 1_000_000
    assert abs(value(families, "process_start_time_seconds") - time.time()) < 24 * 3600


def test_requests_are_counted_and_timed(server, table):
    before = scrape(server)
    table.put(p=S("counted"))
    table.put(p=S("counted again"))
    with rejected("ValidationException"):
        table.put_item(Item={})
    after = scrape(server)
    labels = {"operation": "PutItem", "region": table.region}

    def grown(name, **more):
        return value(after, name, **labels, **more) - value(before, name, **labels, **more)

    assert grown("tributary_http_requests_total", result="success") == 2
    assert grown("tributary_http_requests_total", result="client_error") == 1
    assert grown("tributary_http_request_duration_seconds_count") == 3
    assert grown("tributary_http_request_duration_seconds_bucket", le="+Inf") == 3
    assert grown("tributary_http_request_duration_seconds_sum") > 0


def test_tables_and_links_are_shown(server, table):
    table.put(p=S("shown"))
    link = {"from": EAST, "to": WEST, "table": table.name}

    def caught_up():
        families = scrape(server)
        assert value(families, "tributary_table_items", region=WEST, table=table.name) == len(table.all_items())
        assert value(families, "tributary_replication_backlog_records", **link) == 0
        assert value(families, "tributary_replication_lag_seconds", **link) == 0
        assert value(families, "tributary_replication_applied_total", **link) >= 1
        assert value(families, "tributary_replication_latency_seconds_count", **link) >= 1

    eventually(caught_up)


def test_lag_is_the_age_of_what_has_not_arrived(own_server, new_clients):
    from harness.tables import TableFactory

    server = own_server("--in-memory", "--link", f"{EAST}:{WEST}=600s")
    factory = TableFactory(new_clients(server.endpoint))
    table = factory("p:S", replicas=[WEST])
    table.put(p=S("late"))
    link = {"from": EAST, "to": WEST, "table": table.name}
    eventually(lambda: value(scrape(server), "tributary_replication_lag_seconds", **link) > 1)
    assert value(scrape(server), "tributary_replication_backlog_records", **link) == 1


def test_half_visible_transactions_and_conflicts(own_server, new_clients):
    server = own_server("--link", f"{EAST}:{WEST}=uniform:0ms..20s", "--link", f"{EAST}:{WEST}=reorder", "--seed", "5")
    clients = new_clients(server.endpoint)
    factory = TableFactory(clients)
    table = factory("p:S", replicas=[WEST])
    keys = [unique() for _ in range(8)]
    table.client.transact_write_items(
        TransactItems=[{"Put": {"TableName": table.name, "Item": {"p": S(key)}}} for key in keys]
    )
    eventually(lambda: value(scrape(server), "tributary_transactions_half_visible", region=WEST) == 1)
    eventually(lambda: value(scrape(server), "tributary_transactions_half_visible_oldest_seconds", region=WEST) > 0.5)
    assert value(scrape(server), "tributary_transactions_half_visible", region=EAST) == 0
    lag = {"consumergroup": f"link.{WEST}", "topic": f"tributary.{EAST}.{table.name}.changes", "partition": "0"}
    assert value(scrape(server), "kafka_consumergroup_lag", **lag) > 0
    watch = new_clients(server.endpoint, "cloudwatch")
    eventually(lambda: highest(watch(WEST), "HalfVisibleTransactionCount", namespace="Tributary") == 1)
    eventually(lambda: highest(watch(WEST), "OldestHalfVisibleTransactionAge", namespace="Tributary") > 500)
    # Both regions write an item while neither has heard of the other's write.
    west = table.in_region(WEST)
    admin(server, f"/_tributary/links/{WEST}/{EAST}", "PUT", {"state": "paused"})
    west.put(p=S("both"), a=S(WEST))
    table.put(p=S("both"), a=S(EAST))
    admin(server, f"/_tributary/links/{EAST}/{WEST}", "PUT", {"delay": "0ms", "reorder": False})
    counted = {"from": EAST, "to": WEST, "table": table.name}
    eventually(lambda: value(scrape(server), "tributary_replication_conflicts_total", **counted) == 1)
    where = {"TableName": table.name, "SourceRegion": EAST}
    eventually(lambda: total(watch(WEST), "ConflictCount", namespace="Tributary", **where) == 1)
    eventually(lambda: value(scrape(server), "tributary_transactions_arrived_total", region=WEST) == 1)
