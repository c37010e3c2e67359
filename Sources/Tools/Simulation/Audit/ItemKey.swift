import Bytes

/// The stored key of an item, as it names the item in what the auditor remembers.
struct ItemKey: Hashable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    static func == (left: ItemKey, right: ItemKey) -> Bool {
        left.bytes.withUnsafeBytes { left in right.bytes.withUnsafeBytes { left.compare(with: $0) == 0 } }
    }

    /// In one go: hashing an array of bytes feeds them to the hasher one by one.
    func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
