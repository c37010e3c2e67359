public import ChangeStream
public import KeyValueStore

/// A region's log of control events: kept like a table's change log, in the batch of what the events tell of.
public struct ControlLog: Sendable, Equatable {
    /// Events that a region keeps; older ones go.
    public static let eventsMax: UInt64 = 100_000
    /// So many events go at a time.
    static let eventsPerTrim: UInt64 = 1024
    /// The change log's table number that no table has.
    static let tableNumber: TableDefinition.Number = 0

    /// The oldest event that is still there.
    public internal(set) var firstSequence: UInt64 = 1
    /// The number that the next event gets.
    public internal(set) var nextSequence: UInt64 = 1

    public init() {}

    /// An event as it was stored.
    public struct Entry: Sendable, Equatable {
        public let sequence: UInt64
        public let kind: ControlEvent.Kind
        /// CloudEvents JSON.
        public let json: [UInt8]
    }

    /// The events from `first` on, oldest first, at most `limit` of them.
    public static func entries(
        from first: UInt64, limit: Int, reading store: some KeyValueReader
    ) throws(StoreError) -> [Entry] {
        try entries(StorageKeys.changes(tableNumber, from: first), reverse: false, limit: limit, reading: store) {
            _ in true
        }
    }

    /// The newest events before `end` that `matches` takes, newest first, at most `limit` of them.
    public static func newestEntries(
        before end: UInt64, limit: Int, reading store: some KeyValueReader, where matches: (ControlEvent.Kind) -> Bool
    ) throws(StoreError) -> [Entry] {
        let range = KeyRange(
            lower: StorageKeys.change(tableNumber, 0), upper: StorageKeys.change(tableNumber, end))
        return try entries(range, reverse: true, limit: limit, reading: store, where: matches)
    }

    private static func entries(
        _ range: KeyRange, reverse: Bool, limit: Int, reading store: some KeyValueReader,
        where matches: (ControlEvent.Kind) -> Bool
    ) throws(StoreError) -> [Entry] {
        var found: [Entry] = []
        var failure: StoreError?
        try store.scan(range, in: .changes, reverse: reverse) { key, value in
            guard let sequence = try? StorageKeys.sequence(ofChange: key), let first = value.first,
                let kind = ControlEvent.Kind(rawValue: first)
            else {
                failure = .corrupted(path: "changes", reason: "a control event cannot be decoded")
                return .stop
            }
            if matches(kind) { found.append(Entry(sequence: sequence, kind: kind, json: Array(value.dropFirst()))) }
            return found.count < limit ? .next : .stop
        }
        if let failure { throw failure }
        return found
    }

    static func read(_ store: some KeyValueReader) throws(StoreError) -> ControlLog {
        var log = ControlLog()
        let all = StorageKeys.changes(tableNumber, from: 0)
        func sequence(atEnd: Bool) throws(StoreError) -> UInt64? {
            var found: UInt64?
            try store.scan(all, in: .changes, reverse: atEnd) { key, _ in
                found = try? StorageKeys.sequence(ofChange: key)
                return .stop
            }
            return found
        }
        if let first = try sequence(atEnd: false), let last = try sequence(atEnd: true) {
            log.firstSequence = first
            log.nextSequence = last + 1
        }
        return log
    }
}

extension RegionEngine {
    /// Adds an event to the group, and lets the oldest go when there are too many.
    mutating func emit(
        _ event: ControlEvent, wallMilliseconds: UInt64, group: inout WriteGroup
    ) {
        let sequence = controlLog.nextSequence
        let json = event.cloudEvent(region: region, sequence: sequence, timeMilliseconds: wallMilliseconds)
        group.put(StorageKeys.change(ControlLog.tableNumber, sequence), [event.kind.rawValue] + json, in: .changes)
        controlLog.nextSequence = sequence + 1
        let count = controlLog.nextSequence - controlLog.firstSequence
        guard count >= ControlLog.eventsMax + ControlLog.eventsPerTrim else { return }
        let first = controlLog.nextSequence - ControlLog.eventsMax
        let range = KeyRange(
            lower: StorageKeys.change(ControlLog.tableNumber, 0),
            upper: StorageKeys.change(ControlLog.tableNumber, first))
        group.deleteRange(range, in: .changes)
        controlLog.firstSequence = first
    }
}
