"""Records the scenarios of this folder anew, from the real server: `.venv/bin/python Tests/ReplayTests/Recordings/record.py`.

Each file is what `tributary tail --output json` printed for the table in all regions, after the scenario was over.
"""

import os
import pathlib
import sys
import tempfile
import time

import boto3

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "Conformance"))

from harness import REGIONS  # noqa: E402
from harness.admin import admin, set_clock  # noqa: E402
from harness.server import Server, tributary  # noqa: E402
from harness.tables import Table, stream_of  # noqa: E402
from harness.values import N, S  # noqa: E402
from harness.waiting import eventually  # noqa: E402

EAST, WEST, SOUTH = REGIONS


class Scenario:
    def __init__(self, server, name):
        self.server, self.clients = server, {}
        self.table = Table(name, EAST, self.client)
        self.table.create_table(
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=stream_of(),
        )
        self.table.wait_active()
        for region in (WEST, SOUTH):
            self.table.add_replica(region)

    def client(self, region):
        if region not in self.clients:
            self.clients[region] = boto3.client(
                "dynamodb",
                region_name=region,
                endpoint_url=self.server.endpoint,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self.clients[region]

    def write(self, region, **item):
        self.table.in_region(region).put(**item)

    def link(self, source, target, state):
        assert admin(self.server, f"/_tributary/links/{source}/{target}", "PUT", {"state": state})[0] == 200

    def converge(self):
        def equal():
            first, *others = (
                sorted(str(sorted(item.items())) for item in self.table.in_region(region).all_items())
                for region in REGIONS
            )
            return others == [first, first]

        eventually(equal, 30)

    def record(self, name):
        self.converge()
        lines = []
        for region in REGIONS:
            answer = tributary(
                *["tail", "--endpoint", self.server.endpoint, "--region", region, "--table", self.table.name],
                *["--no-follow", "--output", "json"],
            )
            assert answer.returncode == 0, answer.stderr
            lines.append(answer.stdout)
        (FOLDER / f"{name}.jsonl").write_text("".join(lines))


def conflict(scenario):
    """Two regions write the same item before either hears of the other."""
    scenario.write(EAST, id=S("o-1"), city=S("Porto"))
    scenario.converge()
    for source, target in ((EAST, WEST), (WEST, EAST)):
        scenario.link(source, target, "paused")
    scenario.write(EAST, id=S("o-1"), city=S("Lisbon"))
    scenario.write(WEST, id=S("o-1"), city=S("Oslo"))
    for source, target in ((EAST, WEST), (WEST, EAST)):
        scenario.link(source, target, "running")


def half_transaction(scenario):
    """A transaction of three items of which another region has only a part for a while."""
    for number in (1, 2, 3):
        scenario.write(EAST, id=S(f"account-{number}"), balance=N(100))
    scenario.converge()
    # A slow link lets a later write of one item in before the rest: what eu-west-1 wrote itself stays.
    scenario.link(EAST, WEST, "paused")
    moves = [("account-1", "70"), ("account-2", "115"), ("account-3", "115")]
    scenario.client(EAST).transact_write_items(
        TransactItems=[
            {"Put": {"TableName": scenario.table.name, "Item": {"id": S(name), "balance": N(balance)}}}
            for name, balance in moves
        ]
    )
    time.sleep(1.1)
    scenario.write(WEST, id=S("account-2"), balance=N(500))
    scenario.link(EAST, WEST, "running")


def time_to_live(scenario):
    """Items that expire: one is deleted by the sweeper of its region, one is renewed in time."""
    scenario.table.update_time_to_live(TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    soon = int(time.time()) + 1800
    scenario.write(EAST, id=S("session-1"), until=N(soon), user=S("ada"))
    scenario.write(EAST, id=S("session-2"), until=N(soon), user=S("bob"))
    scenario.write(EAST, id=S("session-2"), until=N(soon + 7200), user=S("bob"))
    scenario.converge()
    set_clock(scenario.server, "1h", *REGIONS)
    eventually(lambda: scenario.table.get(id=S("session-1")) is None, 30)
    scenario.converge()
    set_clock(scenario.server, "0", *REGIONS)


def isolation(scenario):
    """A region goes on alone and comes back; what was written on both sides arrives afterwards."""
    scenario.write(EAST, id=S("cart-1"), items=N(1))
    scenario.converge()
    assert admin(scenario.server, f"/_tributary/regions/{SOUTH}", "PUT", {"isolated": True})[0] == 200
    scenario.write(SOUTH, id=S("cart-1"), items=N(2))
    scenario.write(SOUTH, id=S("cart-2"), items=N(1))
    scenario.write(EAST, id=S("cart-3"), items=N(1))
    time.sleep(1.1)
    scenario.write(EAST, id=S("cart-1"), items=N(3))
    scenario.table.in_region(SOUTH).delete_item(Key={"id": S("cart-2")})
    assert admin(scenario.server, f"/_tributary/regions/{SOUTH}", "PUT", {"isolated": False})[0] == 200


def main():
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    for scenario in (conflict, half_transaction, time_to_live, isolation):
        name = scenario.__name__.replace("_", "-")
        with tempfile.TemporaryDirectory() as folder:
            server = Server(folder, "--no-handlers").start()
            try:
                run = Scenario(server, "Orders")
                scenario(run)
                run.record(name)
            finally:
                server.kill()
        print(name)


if __name__ == "__main__":
    main()
