"""Tables with unique names, removed again when their module is done."""

import botocore.exceptions

from . import HOME, REGIONS
from .values import unique
from .waiting import eventually


def key_attributes(*keys):
    """From "p:S", "s:N" to (AttributeDefinitions, KeySchema)."""
    pairs = [key.split(":") for key in keys]
    definitions = [{"AttributeName": name, "AttributeType": kind} for name, kind in pairs]
    schema = [{"AttributeName": name, "KeyType": role} for (name, _), role in zip(pairs, ("HASH", "RANGE"))]
    return definitions, schema


def index(name, *keys, projection="ALL", include=None):
    """An index as CreateTable takes it; `keys` are names, hash key first."""
    description = {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": role} for key, role in zip(keys, ("HASH", "RANGE"))],
        "Projection": {"ProjectionType": projection},
    }
    if include is not None:
        description["Projection"] = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(include)}
    return description


def stream_of(view="NEW_AND_OLD_IMAGES"):
    return {"StreamEnabled": True, "StreamViewType": view}


class Table:
    """A table in one region: `table.put_item(Item=…)` is the client's call with TableName filled in."""

    def __init__(self, name, region, clients):
        self.name, self.region, self._clients = name, region, clients

    def __getattr__(self, operation):
        method = getattr(self._clients(self.region), operation)
        return lambda **arguments: method(TableName=self.name, **arguments)

    @property
    def client(self):
        return self._clients(self.region)

    def in_region(self, region):
        return Table(self.name, region, self._clients)

    def description(self):
        return self.describe_table()["Table"]

    def put(self, **attributes):
        self.put_item(Item=attributes)
        return attributes

    def get(self, **key):
        """The item, or None; strongly consistent."""
        return self.get_item(Key=key, ConsistentRead=True).get("Item")

    def all_items(self, **arguments):
        """Every item by Scan, all pages."""
        arguments.setdefault("ConsistentRead", "IndexName" not in arguments)
        return [item for page in self.scan_pages(**arguments) for item in page["Items"]]

    def scan_pages(self, **arguments):
        return self._pages(self.scan, arguments)

    def query_pages(self, **arguments):
        return self._pages(self.query, arguments)

    def _pages(self, operation, arguments):
        pages = []
        while True:
            pages.append(operation(**arguments))
            if "LastEvaluatedKey" not in pages[-1]:
                return pages
            arguments["ExclusiveStartKey"] = pages[-1]["LastEvaluatedKey"]

    def wait_active(self):
        """Until the table, its indexes and its replicas are all ACTIVE; returns the description."""

        def settled():
            description = self.description()
            states = [description["TableStatus"]]
            states += [i["IndexStatus"] for i in description.get("GlobalSecondaryIndexes", [])]
            states += [r["ReplicaStatus"] for r in description.get("Replicas", [])]
            assert set(states) == {"ACTIVE"}, states
            return description

        return eventually(settled)

    def wait_gone(self):
        def gone():
            try:
                self.describe_table()
            except botocore.exceptions.ClientError as error:
                return error.response["Error"]["Code"] == "ResourceNotFoundException"
            return False

        eventually(gone)

    def update(self, **arguments):
        """UpdateTable, and wait until it has happened."""
        self.update_table(**arguments)
        return self.wait_active()

    def add_replica(self, region):
        self.update_table(ReplicaUpdates=[{"Create": {"RegionName": region}}])
        self.wait_replica(region)
        return self.in_region(region)

    def wait_replica(self, region):
        def there():
            return region in replica_states(self.wait_active())

        eventually(there)
        self.in_region(region).wait_active()

    def remove_replica(self, region):
        self.update_table(ReplicaUpdates=[{"Delete": {"RegionName": region}}])
        self.in_region(region).wait_gone()
        eventually(lambda: region not in replica_states(self.wait_active()))


def replica_states(description):
    return {replica["RegionName"]: replica["ReplicaStatus"] for replica in description.get("Replicas", [])}


class TableFactory:
    """Makes ACTIVE tables; `close` deletes them and their replicas."""

    def __init__(self, clients):
        self._clients, self._made = clients, []

    def __call__(self, *keys, region=HOME, replicas=(), gsi=(), lsi=(), attributes=(), stream=None, prefix="t", **more):
        definitions, schema = key_attributes(*(keys or ("p:S",)))
        definitions += key_attributes(*attributes)[0]
        request = {
            "TableName": unique(prefix),
            "AttributeDefinitions": definitions,
            "KeySchema": schema,
            "BillingMode": "PAY_PER_REQUEST",
        }
        if gsi:
            request["GlobalSecondaryIndexes"] = list(gsi)
        if lsi:
            request["LocalSecondaryIndexes"] = list(lsi)
        if stream:
            request["StreamSpecification"] = stream_of(stream)
        request.update(more)
        table = self.adopt(Table(request["TableName"], region, self._clients))
        table.client.create_table(**request)
        table.wait_active()
        for replica in replicas:
            table.add_replica(replica)
        return table

    def adopt(self, table):
        """Takes care of a table that a test made itself."""
        self._made.append(table)
        return table

    def close(self):
        """Deletes all tables in all regions, as far as they can be: this is tidiness, not a test."""
        left = [table.in_region(region) for table in self._made for region in REGIONS]
        # A replica that was the source of another one goes after it, hence the rounds.
        for _ in range(3):
            left = [table for table in left if not self._remove(table)]

    def _remove(self, table):
        try:
            table.delete_table()
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"] == "ResourceNotFoundException"
        return True
