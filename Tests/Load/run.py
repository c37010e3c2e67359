"""A load of N minutes on the real program, with memory, open files and latency of each interval: are they flat?

    .venv/bin/python Tests/Load/run.py --minutes 30 [--interval 30] [--rate 300] [--output load.json]

Three regions on disk; writers put, update, delete and transact on a fixed set of keys, readers get, query and read streams. The rate is held, so
that latencies of intervals can be compared. The first half is the warm-up: memtables fill, up to some 80 MiB for each region, and are emptied for the first time. So a short run says
nothing about memory: at 200 requests a second half an hour does. Exit code 1 when something is not flat, or memory goes beyond its limit.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import time

import boto3

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "Conformance"))

from harness import REGIONS  # noqa: E402
from harness.server import Server  # noqa: E402
from harness.tables import TableFactory  # noqa: E402
from harness.values import N, S  # noqa: E402
from harness.wire import STREAMS_API, RawClient  # noqa: E402

KEYS = 2000
THREADS = 6
WARM_UP = 0.5
MEMORY_MEBIBYTES_MAX = 640
# What counts as flat, from the first intervals behind the warm-up to the last ones.
GROWTH_MEBIBYTES_MAX = 64
GROWTH_FILES_MAX = 40
LATENCY_RATIO_MAX = 2.0
LATENCY_MILLISECONDS_MIN = 20


class Worker(threading.Thread):
    def __init__(self, run, number):
        super().__init__(daemon=True)
        self.run_, self.number = run, number
        self.region = REGIONS[number % len(REGIONS)]
        self.chooser = random.Random(number)
        self.raw = RawClient(run.server.endpoint)

    def run(self):
        period = THREADS / self.run_.rate
        due = time.monotonic() + period * self.chooser.random()
        while not self.run_.stopping.is_set():
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            start = time.monotonic()
            try:
                self.once()
                # From when it was due: a server that stops is not excused.
                self.run_.note(self.region, time.monotonic() - min(start, due))
            except Exception as failure:
                self.run_.failures.append(repr(failure))
            due += period

    def call(self, operation, **request):
        answer = self.raw.call(operation, request, region=self.region)
        assert answer.status == 200, answer
        return answer.json

    def once(self):
        table = self.run_.table
        key = {"p": S(f"k-{self.chooser.randrange(KEYS)}")}
        match self.chooser.randrange(10):
            case 0 | 1 | 2:
                self.call("PutItem", TableName=table, Item={**key, "n": N(1), "x": S("x" * self.chooser.randrange(800))})
            case 3 | 4:
                self.call("UpdateItem", TableName=table, Key=key, UpdateExpression="ADD n :one",
                          ExpressionAttributeValues={":one": N(1)})  # fmt: skip
            case 5:
                self.call("DeleteItem", TableName=table, Key=key)
            case 6:
                puts = [{"Put": {"TableName": table, "Item": {"p": S(f"t-{place}-{self.number}"), "n": N(2)}}} for place in (1, 2)]
                self.call("TransactWriteItems", TransactItems=puts)
            case 7 | 8:
                self.call("GetItem", TableName=table, Key=key, ConsistentRead=True)
            case 9:
                self.run_.read_stream(self)


class Run:
    def __init__(self, server, table, arn, rate):
        self.server, self.table, self.arn, self.rate = server, table, arn, rate
        self.stopping = threading.Event()
        self.failures, self.lock = [], threading.Lock()
        self.seconds, self.total = [], 0
        self.iterators = {}

    def note(self, region, seconds):
        with self.lock:
            self.seconds.append(seconds)
            self.total += 1

    def read_stream(self, worker):
        region = worker.region
        iterator = self.iterators.get(worker.number)
        if iterator is None:
            arn = self.arn[region]
            shards = worker.raw.call("DescribeStream", {"StreamArn": arn}, region=region, api=STREAMS_API).json
            shard = shards["StreamDescription"]["Shards"][-1]["ShardId"]
            request = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "LATEST"}
            iterator = worker.raw.call("GetShardIterator", request, region=region, api=STREAMS_API).json["ShardIterator"]
        answer = worker.raw.call("GetRecords", {"ShardIterator": iterator, "Limit": 200}, region=region, api=STREAMS_API)
        assert answer.status == 200, answer
        self.iterators[worker.number] = answer.json.get("NextShardIterator")

    def sample(self, start):
        with self.lock:
            seconds, self.seconds = sorted(self.seconds), []
        pid = self.server.process.pid
        memory = next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmRSS"))

        def percentile(share):
            return round(1000 * seconds[min(len(seconds) - 1, int(share * len(seconds)))], 2) if seconds else 0

        return {
            "seconds": round(time.monotonic() - start),
            "requests": len(seconds),
            "p50": percentile(0.5),
            "p99": percentile(0.99),
            "mebibytes": round(memory / 1024, 1),
            "files": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": len(os.listdir(f"/proc/{pid}/task")),
            "load": os.getloadavg()[0],
        }


def judge(samples):
    """What is not flat, as sentences."""
    flat = samples[int(len(samples) * WARM_UP) :]
    if len(flat) < 4:
        return ["too few intervals to judge"]
    quarter = max(1, len(flat) // 4)

    def middle(name, part):
        return sorted(sample[name] for sample in part)[len(part) // 2]

    found = []
    if (largest := max(sample["mebibytes"] for sample in samples)) > MEMORY_MEBIBYTES_MAX:
        found.append(f"{largest} mebibytes of memory are more than {MEMORY_MEBIBYTES_MAX}")
    for name, growth in (("mebibytes", GROWTH_MEBIBYTES_MAX), ("files", GROWTH_FILES_MAX), ("threads", 4)):
        first, last = middle(name, flat[:quarter]), middle(name, flat[-quarter:])
        if last - first > growth:
            found.append(f"{name} grew from {first} to {last}")
    first, last = middle("p99", flat[:quarter]), middle("p99", flat[-quarter:])
    if last > max(first * LATENCY_RATIO_MAX, LATENCY_MILLISECONDS_MIN):
        found.append(f"p99 grew from {first} to {last} ms")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--interval", type=float, default=30, help="seconds")
    parser.add_argument("--rate", type=float, default=300, help="requests a second")
    parser.add_argument("--output", help="write the samples as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, "--no-handlers").start()
        clients = collections.defaultdict(dict)

        def client(region):
            if region not in clients:
                clients[region] = boto3.client("dynamodb", region_name=region, endpoint_url=server.endpoint,
                                               aws_access_key_id="test", aws_secret_access_key="test")  # fmt: skip
            return clients[region]

        try:
            table = TableFactory(client)("p:S", stream="NEW_AND_OLD_IMAGES", replicas=REGIONS[1:], prefix="load")
            arn = {region: table.in_region(region).description()["LatestStreamArn"] for region in REGIONS}
            run = Run(server, table.name, arn, options.rate)
            workers = [Worker(run, number) for number in range(THREADS)]
            for worker in workers:
                worker.start()
            samples, start = [], time.monotonic()
            while time.monotonic() - start < options.minutes * 60:
                time.sleep(options.interval)
                samples.append(run.sample(start))
                print(" ".join(f"{name} {value:g}" for name, value in samples[-1].items()), flush=True)
            run.stopping.set()
            for worker in workers:
                worker.join(10)
        finally:
            server.kill()
    found = judge(samples) + [f"a request failed: {failure}" for failure in run.failures[:3]]
    if options.output:
        pathlib.Path(options.output).write_text(json.dumps({"samples": samples, "found": found}, indent=1) + "\n")
    print(f"{run.total} requests in {options.minutes:g} minutes, {len(run.failures)} failures: " + ("; ".join(found) or "flat"))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
