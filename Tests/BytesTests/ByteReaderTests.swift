import Bytes
import Testing

struct ByteReaderTests {
    @Test
    func readsInOrderAndKnowsWhereItIs() throws {
        var bytes: [UInt8] = [7]
        bytes.appendBigEndian(UInt32(0xDEAD_BEEF))
        bytes.appendLengthPrefixed([1, 2, 3])
        bytes += [9]
        try reading(bytes) { reader in
            let byte = try reader.readByte()
            #expect(byte == 7)
            #expect(reader.position == 1)
            let integer = try reader.readBigEndian(UInt32.self)
            #expect(integer == 0xDEAD_BEEF)
            let content = Array(try reader.readLengthPrefixed())
            #expect(content == [1, 2, 3])
            #expect(reader.remaining == 1)
            #expect(!reader.isAtEnd)
            let slice = Array(try reader.readSlice(1))
            #expect(slice == [9])
            #expect(reader.isAtEnd)
        }
    }

    @Test
    func beginsWhereItIsTold() throws {
        let bytes: [UInt8] = [1, 2, 3]
        try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer, at: 2)
            #expect(reader.position == 2)
            let byte = try reader.readByte()
            #expect(byte == 3)
            #expect(reader.isAtEnd)
        }
    }

    /// Every read of a record that was cut off anywhere is an error, never a trap.
    @Test
    func everyTruncationIsAnError() throws {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(UInt64(1))
        bytes.appendBigEndian(UInt16(2))
        Varint.append(300, to: &bytes)
        bytes.appendLengthPrefixed([UInt8](repeating: 5, count: 200))
        bytes.append(1)
        func readAll(_ bytes: [UInt8]) throws {
            try reading(bytes) { reader in
                _ = try reader.readBigEndian(UInt64.self)
                _ = try reader.readBigEndian(UInt16.self)
                _ = try reader.readVarint()
                _ = try reader.readLengthPrefixed()
                _ = try reader.readByte()
            }
        }
        try readAll(bytes)
        for count in 0..<bytes.count {
            #expect(throws: DamagedBytes.self, "cut to \(count) bytes") { try readAll(Array(bytes.prefix(count))) }
        }
    }

    @Test(arguments: [-1, 4, Int.max, Int.min])
    func slicesOutsideTheBufferAreErrors(count: Int) {
        #expect(throws: DamagedBytes(position: 0)) {
            _ = try reading([1, 2, 3]) { reader in try reader.readSlice(count).count }
        }
    }

    /// A count that is larger than what is left would make its reader reserve memory for nothing.
    @Test(arguments: [4, 1 << 40, UInt64.max])
    func countsBeyondTheBufferAreErrors(count: UInt64) {
        var bytes: [UInt8] = []
        Varint.append(count, to: &bytes)
        bytes += [1, 2, 3]
        #expect(throws: DamagedBytes.self) {
            try reading(bytes) { reader in try reader.readCount() }
        }
    }

    @Test
    func errorsTellThePlace() {
        #expect(throws: DamagedBytes(position: 2)) {
            try reading([1, 2]) { reader in
                _ = try reader.readByte()
                _ = try reader.readByte()
                _ = try reader.readByte()
            }
        }
        #expect(DamagedBytes(position: 2).description == "damaged bytes at offset 2")
    }
}
