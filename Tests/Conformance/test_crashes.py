"""Crashes of the real program under load: kill -9 and power cuts, over and over on the same directory.

CRASH_ROUNDS says how many rounds of each (default 15, 10 and 8; by hand: CRASH_ROUNDS=300), CRASH_SEED repeats a run's choices.
"""

import os
import random
import signal
import time

import pytest

from harness import HOME, REGIONS
from harness.crash_load import Load
from harness.disk_faults import DiskFaults
from harness.server import DidNotStart
from harness.tables import TableFactory
from harness.topic_audit import RepeatedRecord, TopicAudit
from harness.topics import bootstrap_servers, repeat
from harness.waiting import eventually

KILL_ROUNDS = int(os.environ.get("CRASH_ROUNDS", 15))
POWER_CUT_ROUNDS = int(os.environ.get("CRASH_ROUNDS", 10))
KAFKA_ROUNDS = int(os.environ.get("CRASH_ROUNDS", 8))
SEED = int(os.environ.get("CRASH_SEED", random.randrange(1 << 32)))
RESTART_SECONDS_MAX = 10

pytestmark = pytest.mark.skipif("TRIBUTARY_ENDPOINT" in os.environ, reason="needs the program itself")


def make_load(server, new_clients, seed):
    clients, streams = new_clients(server.endpoint), new_clients(server.endpoint, "dynamodbstreams")
    table = TableFactory(clients)("p:S", stream="NEW_AND_OLD_IMAGES", replicas=REGIONS[1:], prefix="crash")
    return Load(server, clients, streams, table.name, seed)


def restart(server):
    started = time.monotonic()
    server.start()
    seconds = time.monotonic() - started
    assert seconds < RESTART_SECONDS_MAX, seconds
    return seconds


def test_kill_9_again_and_again(own_server, new_clients, record_crashes):
    chooser = random.Random(SEED)
    print(f"seed {SEED}")
    server = own_server("--no-handlers")
    load = make_load(server, new_clients, SEED)
    slowest = 0
    for round_ in range(KILL_ROUNDS):
        load.start()
        wanted = chooser.randrange(1, 400)
        eventually(lambda: load.count >= wanted or not all(writer.is_alive() for writer in load.writers))
        server.kill()
        load.join()
        if chooser.randrange(3) == 0:
            # Once more, while it comes up.
            server.start_and_kill(after_seconds=chooser.uniform(0.01, 0.4))
        slowest = max(slowest, restart(server))
        load.audit()
    record_crashes("kill -9", KILL_ROUNDS, load.acknowledged, f"slowest restart {slowest:.2f} s, seed {SEED}")
    assert server.stop() == 0


def test_power_cut_again_and_again(own_server, new_clients, tmp_path, record_crashes):
    """In the middle of a write or before a sync, what was not synced is lost but for a random part of it."""
    chooser = random.Random(SEED + 1)
    print(f"seed {SEED}")
    faults = DiskFaults(tmp_path)
    server = own_server("--no-handlers", environment=faults.environment)
    load = make_load(server, new_clients, SEED + 1)
    for round_ in range(POWER_CUT_ROUNDS):
        load.start()
        wanted = chooser.randrange(1, 100)
        eventually(lambda: load.count >= wanted or not all(writer.is_alive() for writer in load.writers))
        faults.order("power-cut", chooser.randrange(1, 60))
        server.process.wait(60)
        load.join()
        faults.order(None)
        if chooser.randrange(3) == 0:
            # Again, while the log is being read back.
            faults.order("power-cut", chooser.randrange(1, 8))
            try:
                server.start()
            except DidNotStart:
                pass
            else:
                faults.order(None)
                server.kill()
            faults.order(None)
        restart(server)
        load.audit()
    record_crashes("power cut", POWER_CUT_ROUNDS, load.acknowledged, f"seed {SEED}")
    assert server.stop() == 0


def test_kill_9_while_topics_are_published(own_server, new_clients, record_crashes):
    """The cluster lives on in another process, in some rounds stopped: then the dead server's last messages come late."""
    chooser = random.Random(SEED + 2)
    print(f"seed {SEED}")
    cluster = own_server("--in-memory", "--no-handlers", "--kafka", "embedded", name="cluster")
    servers = bootstrap_servers(cluster)
    clusters = [argument for region in REGIONS for argument in ("--kafka", f"{region}={servers}")]
    server = own_server("--no-handlers", *clusters, "--topic-prefix", "crash", name="publisher")
    load = make_load(server, new_clients, SEED + 2)
    topics = TopicAudit(load, servers, "crash")
    stopped = 0
    for round_ in range(KAFKA_ROUNDS):
        load.start()
        wanted = chooser.randrange(1, 400)
        is_stopped = round_ % 3 == 2
        if is_stopped:
            stopped += 1
            some = chooser.randrange(wanted)
            eventually(lambda: load.count >= some or not all(writer.is_alive() for writer in load.writers), 60)
            cluster.process.send_signal(signal.SIGSTOP)
        eventually(lambda: load.count >= wanted or not all(writer.is_alive() for writer in load.writers), 60)
        server.kill()
        load.join()
        if chooser.randrange(3) == 0:
            server.start_and_kill(after_seconds=chooser.uniform(0.01, 0.6))
        # No region waits for the cluster.
        restart(server)
        if is_stopped:
            cluster.process.send_signal(signal.SIGCONT)
        load.audit()
        topics.audit()
    # If nobody noticed a record that is there twice, this would prove nothing.
    repeat(servers, topics.some_message)
    with pytest.raises(RepeatedRecord):
        topics.audit()
    topics.close()
    remark = f"cluster stopped in {stopped} of them, {topics.count} records of topics audited, seed {SEED}"
    record_crashes("kill -9 with topics", KAFKA_ROUNDS, load.acknowledged, remark)
    assert server.stop() == 0


def test_the_auditor_sees_a_disk_that_lies(own_server, new_clients, tmp_path):
    """A disk that says it has synced and has not loses acknowledged writes: if nobody noticed, these tests would prove nothing."""
    faults = DiskFaults(tmp_path, lies=True)
    server = own_server("--no-handlers", environment=faults.environment)
    load = make_load(server, new_clients, SEED)
    load.start()
    eventually(lambda: load.count >= 200)
    faults.order("power-cut", 1)
    server.process.wait(60)
    load.join()
    faults.order(None)
    try:
        server.start()
    except DidNotStart:
        return
    with pytest.raises(Exception):
        load.audit(within_seconds=3)
