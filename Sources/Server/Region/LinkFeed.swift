public import AttributeModel
public import KeyValueStore
public import Partition

/// Where a link gets the records of its source's change logs from. Used by the link's thread, except `wakeUp`.
///
/// Embedded, that is the source's store (`StoreLinkFeed`). Records come in the order of the log without gaps; those that have not come yet
/// are waited for, never passed over.
public protocol LinkFeed: AnyObject, Sendable {
    /// Returns when there may be something new, or at the latest after the time. It may return early.
    func wait(milliseconds: Int)

    /// Fetches some of what comes next, while the target applies what came before. Does not wait; answers whether there is more.
    func readAhead() -> Bool

    /// Makes a `wait`, or the next one, return at once. From any thread.
    func wakeUp()

    /// Visits the records from `first` up to, not including, `end` that are there, in order, until the visitor stops.
    ///
    /// `first` never goes back, unless the target has lost its place.
    func visit(
        _ table: TableDefinition, from first: UInt64, until end: UInt64, _ body: (LinkRecord) -> ScanStep
    ) throws(StoreError)

    /// The first record that has not come, where records come ahead of what the source tells about its head; else nil.
    func end(of table: TableDefinition) -> UInt64?

    /// Frees what is kept for other tables than these.
    func keep(only tables: [TableDefinition])

    func close()
}

extension LinkFeed {
    public func readAhead() -> Bool { false }

    public func end(of table: TableDefinition) -> UInt64? { nil }
}

/// What carries changes between regions in place of their stores: Kafka.
public protocol LinkTransport: Sendable {
    func makeFeed(from source: Region, to target: Region) -> any LinkFeed

    /// - Parameter onLost: is called, from any thread, when records that the link wants can no longer be had: the replica must be rebuilt.
    func makeFeed(
        from source: RemoteRegion, to target: Region, onLost: @escaping @Sendable (_ tableName: String) -> Void
    ) -> any LinkFeed

    /// Reads the state of all items of a table of another process. States come in no order, some several times; those that come include
    /// every change before `PublishedTable.stateEnd` as it was when the call was made.
    ///
    /// - Parameters:
    ///   - isStopping: is asked now and then whether to give up.
    ///   - consume: takes a number of states; answers false to stop.
    /// - Returns: whether everything was read and taken.
    func readStates(
        of table: TableDefinition, in source: RemoteRegion, isStopping: @Sendable () -> Bool,
        _ consume: ([(key: EncodedKey, state: StoredItem)]) -> Bool
    ) throws(TransportError) -> Bool

    /// The table's first record that others may still need from the store, because it is not yet carried off.
    func firstNeeded(of table: TableDefinition, in region: Region) -> UInt64

    /// The table's records that are not published; nil when the region publishes nothing.
    func unpublishedRecords(of table: TableDefinition, in region: Region) -> UInt64?
}

/// Why the transport cannot be read now. It may go by itself.
public struct TransportError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
