public import AttributeModel
import Bytes
public import Expressions
public import KeyValueStore

/// One page of a Query or Scan over a table or an index (reference `data-plane.md` 8).
public struct RangeRead: Sendable {
    /// Bytes of items after which a page ends; the item that crosses the line is included.
    public static let pageBytesMax = 1_048_576

    public let table: TableDefinition
    /// Nil to read the table itself.
    public let index: IndexDefinition?
    private let range: KeyRange
    private let isReversed: Bool
    private let limit: Int?
    private let filter: ConditionExpression?
    /// Whether items are shown whole although the index does not project all attributes.
    private let fetchesWholeItems: Bool

    /// - Parameters:
    ///   - bounds: what is read; see `Bounds`.
    ///   - start: the last key of the page before, exclusive.
    ///   - limit: items to evaluate at most, before the filter.
    public init(
        table: TableDefinition, index: IndexDefinition?, bounds: Bounds, start: ReadPosition?, isReversed: Bool = false,
        limit: Int? = nil, filter: ConditionExpression? = nil, fetchesWholeItems: Bool = false
    ) {
        self.table = table
        self.index = index
        self.isReversed = isReversed
        self.limit = limit
        self.filter = filter
        self.fetchesWholeItems = fetchesWholeItems
        var range = bounds.range(table: table, index: index)
        if let start { range.begin(behind: start, isReversed: isReversed) }
        self.range = range
    }

    /// The keys that a read covers.
    public enum Bounds: Sendable {
        /// One partition key and a range of sort keys.
        case query(KeyCondition)
        /// Everything, or one of several equal parts of the hash space.
        case scan(segment: Int, totalSegments: Int)

        fileprivate func range(table: TableDefinition, index: IndexDefinition?) -> KeyRange {
            switch self {
            case .query(let condition):
                let whole = whole(table, index)
                return KeyRange(
                    lower: whole.lower + condition.lower, upper: condition.upper.map { whole.lower + $0 } ?? whole.upper
                )
            case .scan(let segment, let totalSegments):
                return slice(segment, of: totalSegments, in: whole(table, index))
            }
        }

        private func whole(_ table: TableDefinition, _ index: IndexDefinition?) -> KeyRange {
            if let index { return StorageKeys.indexEntries(table.number, index.ordinal) }
            return StorageKeys.items(table.number)
        }

        private func slice(_ segment: Int, of totalSegments: Int, in whole: KeyRange) -> KeyRange {
            var range = whole
            if segment > 0 { range.lower = whole.lower + Self.hashBytes(segment, of: totalSegments) }
            if segment + 1 < totalSegments {
                range.upper = whole.lower + Self.hashBytes(segment + 1, of: totalSegments)
            }
            return range
        }

        private static func hashBytes(_ segment: Int, of totalSegments: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.appendBigEndian(firstHash(ofSegment: segment, of: totalSegments))
            return bytes
        }

        /// The lowest hash that belongs to a segment of a parallel scan.
        static func firstHash(ofSegment segment: Int, of totalSegments: Int) -> UInt32 {
            UInt32((UInt64(segment) << 32) / UInt64(totalSegments))
        }
    }

    /// Whether a start key belongs to the segment that is being scanned.
    public static func segment(_ segment: Int, of totalSegments: Int, contains key: EncodedKey) -> Bool {
        let hash = UInt64(key.hash)
        let first = UInt64(Bounds.firstHash(ofSegment: segment, of: totalSegments))
        let end =
            segment + 1 == totalSegments ? 1 << 32 : UInt64(Bounds.firstHash(ofSegment: segment + 1, of: totalSegments))
        return hash >= first && hash < end
    }

    /// - Parameter snapshot: one consistent state; index entries and items must fit together.
    public func page(reading snapshot: some KeyValueReader) throws(StoreError) -> ReadPage {
        var page = ReadPage()
        var failure: StoreError?
        try snapshot.scan(range, in: index == nil ? .items : .indexes, reverse: isReversed) { key, value in
            do throws(StoreError) {
                guard let item = try item(at: value, reading: snapshot) else { return .next }
                return add(item, to: &page)
            } catch {
                failure = error
                return .stop
            }
        }
        if let failure { throw failure }
        return page
    }

    private func item(at value: UnsafeRawBufferPointer, reading snapshot: some KeyValueReader) throws(StoreError)
        -> Item?
    {
        guard index != nil else { return try StoredItem.read(Array(value)).item }
        let key = StorageKeys.item(table.number, Array(value)[...])
        guard let bytes = try snapshot.value(of: key, in: .items) else { return nil }
        return try StoredItem.read(bytes).item
    }

    private func add(_ item: Item, to page: inout ReadPage) -> ScanStep {
        let entry = shown(item)
        page.scannedCount += 1
        page.scannedBytes += entry.size
        if filter?.isSatisfied(by: entry) ?? true { page.items.append(entry) }
        guard page.scannedCount == limit || page.scannedBytes >= Self.pageBytesMax else { return .next }
        page.lastKey = item.projecting(positionNames)
        return .stop
    }

    private func shown(_ item: Item) -> Item {
        guard let index, !fetchesWholeItems, let names = index.projectedNames(of: table) else { return item }
        return item.projecting(names)
    }

    private var positionNames: [Text] {
        ((index?.keySchema.attributes ?? []) + table.keySchema.attributes).map(\.name)
    }
}

extension KeyRange {
    /// Takes away what a page that ended at `start` has shown. A start outside the range takes away nothing or all, and never adds.
    fileprivate mutating func begin(behind start: ReadPosition, isReversed: Bool) {
        if isReversed {
            if let upper, upper.lexicographicallyPrecedes(start.bytes) { return }
            upper = start.bytes
        } else if lower.lexicographicallyPrecedes(start.bytes + [0]) {
            lower = start.bytes + [0]
        }
    }
}

/// The place of an item in a table or index: what ExclusiveStartKey names. The item need not exist.
public struct ReadPosition: Sendable {
    fileprivate let bytes: [UInt8]

    /// - Parameter indexKey: the item's key in the index that is read; nil when the table itself is read.
    public init(table: TableDefinition, key: EncodedKey, index: IndexDefinition?, indexKey: EncodedKey?) {
        if let index, let indexKey {
            bytes = StorageKeys.indexEntry(table.number, index.ordinal, indexKey, of: key)
        } else {
            bytes = StorageKeys.item(table.number, key)
        }
    }
}

public struct ReadPage: Sendable {
    /// Those that passed the filter, as the table or index shows them.
    public var items: [Item] = []
    /// Items evaluated, before the filter.
    public var scannedCount = 0
    public var scannedBytes = 0
    /// The key attributes of the last item evaluated, when there may be more.
    public var lastKey: Item?

    public init() {}
}
