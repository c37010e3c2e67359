/// The 32-bit hash that Kafka's default partitioner uses (seed 0x9747b28c); it also spreads partition keys over a table's key space.
public enum Murmur2 {
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        let count = bytes.count
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: count)
        var index = 0
        while index + 4 <= count {
            var word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
            word &*= multiplier
            word ^= word >> 24
            word &*= multiplier
            hash = hash &* multiplier ^ word
            index += 4
        }
        if count - index >= 3 { hash ^= UInt32(bytes[index + 2]) << 16 }
        if count - index >= 2 { hash ^= UInt32(bytes[index + 1]) << 8 }
        if count - index >= 1 {
            hash ^= UInt32(bytes[index])
            hash &*= multiplier
        }
        hash ^= hash >> 13
        hash &*= multiplier
        hash ^= hash >> 15
        return hash
    }

    public static func hash(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { hash($0) }
    }
}
