/// The CRC-32 of zlib, gzip and Ethernet (IEEE 802.3, reflected polynomial 0xEDB88320), as DynamoDB sends it in
/// `x-amz-crc32` and as SDKs check it.
///
/// Computed sixteen bytes at a time ("slicing by 16"): one table look-up per byte, but the sixteen look-ups do not
/// wait for each other.
public enum CRC32 {
    /// The checksum of `bytes`; 0 for no bytes.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }

    /// The checksum of `bytes`; 0 for no bytes.
    public static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var crc = ~UInt32(0)
            var offset = 0
            while bytes.count - offset >= 16 {
                crc = advance(crc, over16: bytes, at: offset, tables)
                offset += 16
            }
            while offset < bytes.count {
                crc = tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[offset])] ^ (crc >> 8)
                offset += 1
            }
            return ~crc
        }
    }

    @inline(__always)
    private static func advance(
        _ crc: UInt32, over16 bytes: UnsafeRawBufferPointer, at offset: Int, _ tables: UnsafeBufferPointer<UInt32>
    ) -> UInt32 {
        let first = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) ^ crc
        let second = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
        let third = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt32.self))
        let fourth = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
        return lookUp(first, 15, tables) ^ lookUp(second, 11, tables) ^ lookUp(third, 7, tables)
            ^ lookUp(fourth, 3, tables)
    }

    /// The four bytes of `word`, the first of them `table + 1` bytes before the end of the block of sixteen.
    @inline(__always)
    private static func lookUp(_ word: UInt32, _ table: Int, _ tables: UnsafeBufferPointer<UInt32>) -> UInt32 {
        tables[table << 8 | Int(word & 0xff)] ^ tables[(table - 1) << 8 | Int(word >> 8 & 0xff)]
            ^ tables[(table - 2) << 8 | Int(word >> 16 & 0xff)] ^ tables[(table - 3) << 8 | Int(word >> 24)]
    }

    /// Table `k` at `k * 256`: the effect of a byte that is followed by `k` zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 {
                crc = crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1
            }
            tables[byte] = crc
        }
        for index in 256..<tables.count {
            let previous = tables[index - 256]
            tables[index] = tables[Int(previous & 0xff)] ^ (previous >> 8)
        }
        return tables
    }()
}
