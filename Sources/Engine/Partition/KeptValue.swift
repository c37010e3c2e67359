public import KeyValueStore

/// A small value that the shell keeps with a region's data, by name: functions, event source mappings, checkpoints.
///
/// It lies in the region's store, so that it lives and dies with what it speaks of; the engine does not look into it.
public struct KeptValue: Sendable, Equatable {
    /// The longest name, in UTF-8 bytes.
    public static let nameBytesMax = 1024
    /// The largest value, in bytes: a checkpoint with the state of a window is the largest there is.
    public static let valueBytesMax = 4 << 20

    public let name: String
    /// Nil removes the value.
    public let value: [UInt8]?
    /// Whether the reply waits until the value survives a power loss. A checkpoint need not: a lost one repeats deliveries.
    public let isDurable: Bool

    public init(name: String, value: [UInt8]?, isDurable: Bool) {
        precondition(name.utf8.count <= Self.nameBytesMax && (value?.count ?? 0) <= Self.valueBytesMax)
        self.name = name
        self.value = value
        self.isDurable = isDurable
    }

    /// The values whose names begin with `prefix`, in the order of their names.
    public static func values(
        withPrefix prefix: String, reading store: some KeyValueReader
    ) throws(StoreError) -> [(name: String, value: [UInt8])] {
        var found: [(name: String, value: [UInt8])] = []
        try store.scan(KeyRange(prefix: StorageKeys.keptValue(prefix)), in: .metadata, reverse: false) { key, value in
            found.append((String(decoding: key.dropFirst(), as: UTF8.self), Array(value)))
            return .next
        }
        return found
    }
}

extension RegionEngine {
    func applyKeptValue(_ kept: KeptValue, group: inout WriteGroup) {
        if kept.isDurable { group.requireSync() }
        let key = StorageKeys.keptValue(kept.name)
        if let value = kept.value {
            group.put(key, value, in: .metadata)
        } else {
            group.delete(key, in: .metadata)
        }
    }
}
