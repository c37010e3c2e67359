import Bytes

/// Where a member of a map or set lies among the encoded bytes, with what decides its order.
struct EncodedMember {
    let start: Int
    let end: Int
    private let key: Range<Int>
    /// The first eight bytes of the key, so that most comparisons are one of two numbers.
    private let keyPrefix: UInt64

    init(start: Int, key: Range<Int>, end: Int, in written: UnsafeRawBufferPointer) {
        self.start = start
        self.end = end
        self.key = key
        if key.count >= 8 {
            keyPrefix = written.loadUnaligned(fromByteOffset: key.lowerBound, as: UInt64.self).bigEndian
        } else {
            var prefix: UInt64 = 0
            for position in key { prefix = prefix << 8 | UInt64(written[position]) }
            keyPrefix = key.isEmpty ? 0 : prefix << UInt64(64 - 8 * key.count)
        }
    }

    /// Whether this member's key orders before the other's.
    func isBefore(_ other: EncodedMember, in written: UnsafeRawBufferPointer) -> Bool {
        if keyPrefix != other.keyPrefix { return keyPrefix < other.keyPrefix }
        let left = UnsafeRawBufferPointer(rebasing: written[key])
        return left.compare(with: UnsafeRawBufferPointer(rebasing: written[other.key])) < 0
    }
}
