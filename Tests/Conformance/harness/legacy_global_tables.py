"""Global tables of version 2017.11.29, and a server that offers them. Test files import the fixtures that they use."""

import pytest

from . import REGIONS
from .errors import INVALID, rejected
from .tables import Table, TableFactory, key_attributes, stream_of
from .values import unique
from .waiting import eventually

EAST, WEST, SOUTH = REGIONS
NOT_SUPPORTED = INVALID + (
    "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
    "2019.11.21, instead of version 2017.11.29 (Legacy)."
)
UPDATE_TIME, UPDATE_REGION, DELETING = "aws:rep:updatetime", "aws:rep:updateregion", "aws:rep:deleting"
STAMP = {UPDATE_TIME, UPDATE_REGION, DELETING}


def not_there(name):
    return rejected("GlobalTableNotFoundException", f"Global table with name '{name}' does not exist.")


def group(*regions):
    return [{"RegionName": region} for region in regions]


def plain(item):
    """The item without its stamp; None for none."""
    return item and {name: value for name, value in item.items() if name not in STAMP}


def stamp(item):
    return {name: value for name, value in (item or {}).items() if name in STAMP}


class LegacyTable(Table):
    """The replica of a global table in one region."""

    def in_region(self, region):
        return LegacyTable(self.name, region, self._clients)

    def global_table(self):
        return self.client.describe_global_table(GlobalTableName=self.name)["GlobalTableDescription"]

    def members(self):
        return {replica["RegionName"] for replica in self.global_table()["ReplicationGroup"]}

    def wait_global(self, *regions):
        def settled():
            assert self.global_table()["GlobalTableStatus"] == "ACTIVE"
            assert self.members() == set(regions)

        eventually(settled)
        return self

    def wait_independent(self):
        """Until its region's replica stands alone: it may be joined to something else then."""

        def alone():
            names = self.client.list_global_tables(RegionName=self.region)["GlobalTables"]
            assert self.name not in [table["GlobalTableName"] for table in names]

        eventually(alone)

    def update_group(self, *updates):
        return self.client.update_global_table(GlobalTableName=self.name, ReplicaUpdates=list(updates))


class LegacyTables(TableFactory):
    """Equal tables in some regions, joined to a global table."""

    def alone(self, *keys, regions=REGIONS, name=None, **more):
        name = name or unique("legacy")
        definitions, schema = key_attributes(*(keys or ("p:S",)))
        request = {
            "AttributeDefinitions": definitions + more.pop("attributes", []),
            "KeySchema": schema,
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": stream_of(),
            **more,
        }
        for region in regions:
            self._clients(region).create_table(TableName=name, **request)
            Table(name, region, self._clients).wait_active()
        return LegacyTable(name, regions[0], self._clients)

    def __call__(self, *keys, regions=(EAST, WEST), **more):
        table = self.alone(*keys, regions=regions, **more)
        table.client.create_global_table(GlobalTableName=table.name, ReplicationGroup=group(*regions))
        return table.wait_global(*regions)


@pytest.fixture(scope="module")
def legacy(module_server):
    return module_server("--in-memory", "--legacy-global-tables")


@pytest.fixture(scope="module")
def clients(legacy, new_clients):
    return new_clients(legacy.endpoint)


@pytest.fixture(scope="module")
def legacy_streams(legacy, new_clients):
    return new_clients(legacy.endpoint, "dynamodbstreams")


@pytest.fixture(scope="module")
def new_legacy(clients):
    return LegacyTables(clients)


def wait_item(table, expected, **key):
    """Until the item is there with these attributes (None: gone), whatever its stamp."""

    def there():
        found = table.get(**key)
        assert plain(found) == expected
        return found if found is not None else True

    return eventually(there)
