public import AttributeModel
public import Bytes
public import Replication

/// The state of a key in a replica: an item or the tombstone of a deleted one, with the version that made it.
///
/// Layout: kind (1 item, 2 tombstone), version, the item's bytes.
public struct StoredItem: Sendable, Equatable {
    public let version: Version
    /// Nil for a tombstone.
    public let item: Item?

    private static let itemKind: UInt8 = 1
    private static let tombstoneKind: UInt8 = 2

    public init(version: Version, item: Item?) {
        self.version = version
        self.item = item
    }

    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32 + (item?.bytes.count ?? 0))
        bytes.append(item == nil ? Self.tombstoneKind : Self.itemKind)
        version.append(to: &bytes)
        if let item { bytes.append(contentsOf: item.bytes) }
        return bytes
    }

    public init(decoding bytes: UnsafeRawBufferPointer) throws(DamagedBytes) {
        var reader = ByteReader(bytes)
        let kind = try reader.readByte()
        version = try Version(decoding: &reader)
        switch kind {
        case Self.itemKind: item = Item(trusted: Array(try reader.readSlice(reader.remaining)))
        case Self.tombstoneKind: item = nil
        default: throw DamagedBytes(position: 0)
        }
    }
}
