import AttributeModel
import Capacity
public import Partition

/// What the reads of one request are paid with.
public struct ReadAccount: Sendable {
    private let capacity: ReadCapacity
    private let nowMilliseconds: UInt64

    public init(_ capacity: ReadCapacity, nowMilliseconds: UInt64) {
        self.capacity = capacity
        self.nowMilliseconds = nowMilliseconds
    }

    /// Nil when a read may be done. The least that it can cost is one item's worth.
    func throttling(_ read: CapacityUnits.Read, of table: CatalogueTable) -> Throttling? {
        admits(read, .table, of: table.definition.number) ? nil : Throttling(.table, of: table.definition, .read)
    }

    func throttling(
        _ read: CapacityUnits.Read, _ resource: CapacityMeter.Resource, of table: TableDefinition
    ) -> Throttling? {
        admits(read, resource, of: table.number) ? nil : Throttling(resource, of: table, .read)
    }

    private func admits(
        _ read: CapacityUnits.Read, _ resource: CapacityMeter.Resource, of number: TableDefinition.Number
    ) -> Bool {
        capacity.admits(resource, of: number, atLeast: read.factor, nowMilliseconds: nowMilliseconds)
    }

    func charge(_ item: Item?, _ read: CapacityUnits.Read, of table: CatalogueTable) {
        charge(CapacityUnits.read(bytes: item?.readBytes ?? 0, read), to: .table, of: table.definition.number)
    }

    func charge(_ units: Double, to resource: CapacityMeter.Resource, of number: TableDefinition.Number) {
        capacity.charge(units, to: resource, of: number, nowMilliseconds: nowMilliseconds)
    }
}

extension Item {
    /// How much larger the size that counts can be than the stored form: an empty list within a list counts 4 bytes and is stored in 2.
    private static let sizePerStoredByteMax = 4

    /// The item's size as far as read units tell it apart. Finding the size out walks the item, which small ones do not need.
    var readBytes: Int {
        bytes.count <= CapacityUnits.readUnitBytes / Self.sizePerStoredByteMax ? bytes.count : size
    }
}

extension WireError {
    /// Provisioned capacity is used up; clients try again (reference `data-plane.md` 18).
    init(_ throttling: Throttling) {
        let reason =
            (throttling.isIndex ? "Index" : "Table") + throttling.access.rawValue + "ProvisionedThroughputExceeded"
        self.init(
            .provisionedThroughputExceeded, Self.throttledMessage(throttling),
            members: [("ThrottlingReasons", Self.throttlingReasons(reason, throttling.resourceARN))])
    }

    static func throttledMessage(_ throttling: Throttling) -> String {
        throttling.isIndex
            ? "The level of configured provisioned throughput for one or more global secondary indexes of the table was "
                + "exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes "
                + "with the UpdateTable API."
            : "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
                + "provisioning level with the UpdateTable API."
    }

    private static func throttlingReasons(_ reason: String, _ resource: String) -> [UInt8] {
        Array(#"[{"reason":"\#(reason)","resource":"\#(resource)"}]"#.utf8)
    }
}
