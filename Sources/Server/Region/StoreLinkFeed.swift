public import KeyValueStore
public import Partition

/// Reads the source's change logs in its store.
public final class StoreLinkFeed: LinkFeed {
    private let source: Region
    private let committed: Signal

    public init(source: Region, observer: String) {
        self.source = source
        committed = source.observe(as: observer)
    }

    public func wait(milliseconds: Int) { committed.wait(milliseconds: milliseconds) }

    public func wakeUp() { committed.signal() }

    public func keep(only tables: [TableDefinition]) {}

    public func close() {}

    public func visit(
        _ table: TableDefinition, from first: UInt64, until end: UInt64, _ body: (LinkRecord) -> ScanStep
    ) throws(StoreError) {
        try LinkRecord.visit(of: LinkedTable(table), from: first, until: end, reading: source.store, body)
    }
}
