/// The hash of the tables of a `PatternSet`: eight bytes at a time, the same in every process.
enum ByteHash {
    private static let multiplier: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        hash(bytes, seed: seed) { $0 }
    }

    /// The hash of the bytes with ASCII letters in lower case.
    @inline(__always)
    static func hashLowercased(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        hash(bytes, seed: seed, lowercased)
    }

    @inline(__always)
    static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = (left ^ right).multipliedFullWidth(by: multiplier)
        return product.high ^ product.low
    }

    @inline(__always)
    static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        isEqual(left, right) { $0 }
    }

    /// Whether `left`, its ASCII letters in lower case, is `right`.
    @inline(__always)
    static func isEqualLowercased(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        isEqual(left, right, lowercased)
    }

    /// Whether the byte is among these.
    @inline(__always)
    static func contains(_ byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Bool {
        let pattern = ones &* UInt64(byte)
        if bytes.count <= 8 {
            // Bytes of a short word that are not there are zero.
            return hasZero(shortWord(bytes) ^ pattern)
        }
        var position = 0
        while position + 8 < bytes.count {
            if hasZero(bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self) ^ pattern) { return true }
            position += 8
        }
        return hasZero(bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self) ^ pattern)
    }

    @inline(__always)
    private static func hasZero(_ word: UInt64) -> Bool {
        (word &- ones) & ~word & highs != 0
    }

    @inline(__always)
    private static func hash(
        _ bytes: UnsafeRawBufferPointer, seed: UInt64, _ transform: (UInt64) -> UInt64
    ) -> UInt64 {
        let count = bytes.count
        var hash = mix(seed, UInt64(truncatingIfNeeded: count))
        guard count > 8 else { return mix(hash, transform(shortWord(bytes))) }
        var position = 0
        while position + 8 < count {
            hash = mix(hash, transform(bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
            position += 8
        }
        // The last eight bytes, some of them for the second time.
        return mix(hash, transform(bytes.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)))
    }

    @inline(__always)
    private static func isEqual(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer, _ transform: (UInt64) -> UInt64
    ) -> Bool {
        let count = left.count
        guard count == right.count else { return false }
        guard count > 8 else { return transform(shortWord(left)) == shortWord(right) }
        var position = 0
        while position + 8 < count {
            let word = transform(left.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            guard word == right.loadUnaligned(fromByteOffset: position, as: UInt64.self) else { return false }
            position += 8
        }
        let word = transform(left.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
        return word == right.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
    }

    /// At most eight bytes as one number, which is different for different bytes of the same count.
    @inline(__always)
    private static func shortWord(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let count = bytes.count
        if count == 8 { return bytes.loadUnaligned(as: UInt64.self) }
        if count >= 4 {
            let low = bytes.loadUnaligned(as: UInt32.self)
            let high = bytes.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
            return UInt64(low) | UInt64(high) << 32
        }
        guard count > 0 else { return 0 }
        return UInt64(bytes[0]) | UInt64(bytes[count >> 1]) << 8 | UInt64(bytes[count - 1]) << 16
    }

    /// Eight bytes with ASCII capitals in lower case; others stay as they are.
    @inline(__always)
    private static func lowercased(_ word: UInt64) -> UInt64 {
        let low = word & ~highs
        let aboveZ = low &+ ones &* (0x7F - UInt64(UInt8(ascii: "Z")))
        let fromA = low &+ ones &* (0x80 - UInt64(UInt8(ascii: "A")))
        let capitals = (fromA ^ aboveZ) & ~word & highs
        return word | capitals >> 2
    }
}
