import Bytes
public import KeyValueStore

/// The writes that one commit of a region covers, with reads that see them before they are committed.
///
/// Commands of one group take effect in order; the store learns of all of them at once.
public struct WriteGroup {
    private let store: any KeyValueReader
    private var pendingItems: [ByteKey: StoredItem?] = [:]
    public private(set) var batch = WriteBatch()
    /// Whether a reply of this group promises durability.
    public private(set) var needsSync = false

    public init(reading store: any KeyValueReader) {
        self.store = store
    }

    /// The state under an item's storage key, this group's writes included.
    func storedItem(at key: [UInt8]) throws(StoreError) -> StoredItem? {
        if let pending = pendingItems[ByteKey(key)] { return pending }
        guard let bytes = try store.value(of: key, in: .items) else { return nil }
        return try StoredItem.read(bytes)
    }

    mutating func setItem(_ item: StoredItem?, at key: [UInt8]) {
        pendingItems.updateValue(item, forKey: ByteKey(key))
        if let item {
            batch.put(key, item.encoded, in: .items)
        } else {
            batch.delete(key, in: .items)
        }
    }

    mutating func put(_ key: [UInt8], _ value: [UInt8], in space: Space) {
        precondition(space != .items, "items are written through setItem")
        batch.put(key, value, in: space)
    }

    mutating func delete(_ key: [UInt8], in space: Space) {
        precondition(space != .items, "items are written through setItem")
        batch.delete(key, in: space)
    }

    /// Deletes a range of any space. The caller makes sure that no pending item of the range is read again.
    mutating func deleteRange(_ range: KeyRange, in space: Space) {
        guard let upper = range.upper else { preconditionFailure("ranges of tables always have an end") }
        batch.deleteRange(lower: range.lower, upper: upper, in: space)
    }

    mutating func requireSync() {
        needsSync = true
    }

    /// Empties the group for the next commit and keeps its memory.
    public mutating func removeAll() {
        pendingItems.removeAll(keepingCapacity: true)
        batch.removeAll()
        needsSync = false
    }
}

extension StoredItem {
    /// Decodes a value of the `items` space; damage is reported as such, never served.
    public static func read(_ bytes: [UInt8]) throws(StoreError) -> StoredItem {
        do {
            return try bytes.withUnsafeBytes { try StoredItem(decoding: $0) }
        } catch {
            throw .corrupted(path: "items", reason: "a stored item cannot be decoded (\(error))")
        }
    }
}
