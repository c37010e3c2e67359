import Bytes
import Testing

@Suite("CRC-32")
struct CRC32Tests {
    @Test(
        "known checksums",
        arguments: [
            ("", 0), ("a", 0xE8B7_BE43), ("abc", 0x3524_41C2), ("123456789", 0xCBF4_3926),
            ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
            // From AWS itself, data-plane.md section 1.
            ("<UnknownOperationException/>\n", 3_552_371_480), ("{}", 2_745_614_147),
            ("healthy: dynamodb.us-east-1.amazonaws.com ", 3_128_867_991),
        ] as [(String, UInt32)])
    func known(text: String, checksum: UInt32) {
        #expect(CRC32.checksum(Array(text.utf8)) == checksum)
    }

    @Test("every length around the block size agrees with the definition, at every alignment")
    func definition() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        let bytes = (0..<200).map { _ -> UInt8 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        for start in 0..<17 {
            for end in start..<bytes.count {
                bytes[start..<end].withUnsafeBytes { slice in
                    #expect(CRC32.checksum(slice) == bitwise(slice), "seed \(seed), \(start)..<\(end)")
                }
            }
        }
    }

    private func bitwise(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var crc = ~UInt32(0)
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }
}
