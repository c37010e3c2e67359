public import KeyValueStore
public import Partition

/// Where a link gets the records of its source's change logs from. Used by the link's thread, except `wakeUp`.
///
/// Embedded, that is the source's store (`StoreLinkFeed`). Records come in the order of the log without gaps; those that have not come yet
/// are waited for, never passed over.
public protocol LinkFeed: AnyObject, Sendable {
    /// Returns when there may be something new, or at the latest after the time. It may return early.
    func wait(milliseconds: Int)

    /// Makes a `wait`, or the next one, return at once. From any thread.
    func wakeUp()

    /// Visits the records from `first` up to, not including, `end` that are there, in order, until the visitor stops.
    ///
    /// `first` never goes back, unless the target has lost its place.
    func visit(
        _ table: TableDefinition, from first: UInt64, until end: UInt64, _ body: (LinkRecord) -> ScanStep
    ) throws(StoreError)

    /// Frees what is kept for other tables than these.
    func keep(only tables: [TableDefinition])

    func close()
}

/// What carries changes between regions in place of their stores: Kafka.
public protocol LinkTransport: Sendable {
    func makeFeed(from source: Region, to target: Region) -> any LinkFeed

    /// The table's first record that others may still need from the store, because it is not yet carried off.
    func firstNeeded(of table: TableDefinition, in region: Region) -> UInt64

    /// The table's records that are not published; nil when the region publishes nothing.
    func unpublishedRecords(of table: TableDefinition, in region: Region) -> UInt64?
}
