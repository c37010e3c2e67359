import Bytes
import TestSupport
import Testing

struct VarintTests {
    @Test(
        arguments: [
            (0, [0x00]), (1, [0x01]), (127, [0x7F]), (128, [0x80, 0x01]), (300, [0xAC, 0x02]),
            (16383, [0xFF, 0x7F]), (16384, [0x80, 0x80, 0x01]),
            (UInt64.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        ] as [(UInt64, [UInt8])])
    func isSevenBitsAByteLowestFirst(value: UInt64, encoding: [UInt8]) throws {
        var bytes: [UInt8] = []
        Varint.append(value, to: &bytes)
        #expect(bytes == encoding)
        #expect(try reading(encoding) { reader in try reader.readVarint() } == value)
    }

    @Test(arguments: seeds)
    func roundTrips(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<10_000 {
            let value = random.next() >> UInt64(random.below(64))
            var bytes: [UInt8] = []
            Varint.append(value, to: &bytes)
            #expect(bytes.count <= Varint.bytesMax)
            let (read, rest) = try reading(bytes + [0xAA]) { reader in
                (try reader.readVarint(), reader.remaining)
            }
            #expect(read == value)
            #expect(rest == 1)
        }
    }

    @Test(
        arguments: [
            [], [0x80], [0xFF, 0xFF],
            // More bits than 64.
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
            // Longer than needed: 0 and 1 in two bytes.
            [0x80, 0x00], [0x81, 0x00],
        ] as [[UInt8]])
    func damagedEncodingsAreErrors(bytes: [UInt8]) {
        #expect(throws: DamagedBytes.self) {
            try reading(bytes) { reader in try reader.readVarint() }
        }
    }

    @Test
    func bigEndianIntegersOrderAsTheirBytes() throws {
        let values: [UInt32] = [0, 1, 255, 256, 65535, 65536, 0x0102_0304, .max]
        var previous: [UInt8]?
        for value in values {
            var bytes: [UInt8] = []
            bytes.appendBigEndian(value)
            #expect(bytes.count == 4)
            if let previous { #expect(previous.precedes(bytes)) }
            previous = bytes
            #expect(
                try reading(bytes) { reader in try reader.readBigEndian(UInt32.self) } == value)
        }
        var bytes: [UInt8] = []
        bytes.appendBigEndian(UInt64(0x0102_0304_0506_0708))
        bytes.appendBigEndian(UInt8(9))
        #expect(bytes == [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
}

func reading<Result>(_ bytes: [UInt8], _ body: (inout ByteReader) throws -> Result) throws -> Result {
    try bytes.withUnsafeBytes { buffer in
        var reader = ByteReader(buffer)
        return try body(&reader)
    }
}
