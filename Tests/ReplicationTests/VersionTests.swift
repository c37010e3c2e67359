import Bytes
import Replication
import TestSupport
import Testing

@Suite struct HybridTimestampTests {
    @Test("48 bits of milliseconds, then 16 bits of counter; a full counter carries")
    func layout() {
        let timestamp = at(0x1234_5678_9ABC, 0xDEF0)
        #expect(timestamp.rawValue == 0x1234_5678_9ABC_DEF0)
        #expect(timestamp.milliseconds == 0x1234_5678_9ABC)
        #expect(timestamp.counter == 0xDEF0)
        #expect(at(7, 65_535).successor == at(8, 0))
        #expect("\(at(7, 3))" == "7.3")
    }

    @Test("time first, then the counter")
    func order() {
        let ordered = [HybridTimestamp.zero, at(0, 1), at(1), at(1, 1), at(1, 65_535), at(2), at(1 << 40)]
        for (left, right) in zip(ordered, ordered.dropFirst()) {
            #expect(left < right)
            #expect(!(right < left))
        }
    }
}

@Suite struct VersionTests {
    @Test("the timestamp decides, then the bytes of the region's name")
    func order() {
        let ordered = [
            version(1, 0, "us-west-2"), version(1, 1, "ap-east-1"), version(1, 1, "ap-east-10"),
            version(1, 1, "eu-west-1"), version(1, 1, "us-east-1"), version(2, 0, "ap-east-1"),
        ]
        for (index, left) in ordered.enumerated() {
            for (other, right) in ordered.enumerated() {
                #expect((left < right) == (index < other), "\(left) and \(right)")
                #expect((left == right) == (index == other))
            }
        }
    }

    @Test("a newer write replaces, the same one changes nothing, an older one loses")
    func lastWriterWins() {
        let stored = version(5, 2, "eu-west-1")
        let table: [(arriving: Version, stored: Version?, outcome: LastWriterWins)] = [
            (version(1, 0, "eu-west-1"), nil, .replaces),
            (version(5, 2, "eu-west-1"), stored, .alreadyApplied),
            (version(5, 3, "ap-east-1"), stored, .replaces),
            (version(5, 1, "us-east-1"), stored, .loses),
            (version(6, 0, "ap-east-1"), stored, .replaces),
            (version(4, 9, "us-east-1"), stored, .loses),
            (version(5, 2, "us-east-1"), stored, .replaces),
            (version(5, 2, "ap-east-1"), stored, .loses),
        ]
        for row in table {
            #expect(LastWriterWins.decide(arriving: row.arriving, stored: row.stored) == row.outcome, "\(row)")
        }
    }

    @Test("whatever the order of arrival, the highest version stays", arguments: UInt64(1)...100)
    func ordersOfArrival(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let versions = (0..<6).map { _ in
            version(random.below(3), UInt16(random.below(2)), ["ap-east-1", "eu-west-1"][Int(random.below(2))])
        }
        var stored: Version?
        for arriving in versions.shuffled(using: &random) + versions.shuffled(using: &random) {
            if LastWriterWins.decide(arriving: arriving, stored: stored) == .replaces { stored = arriving }
        }
        #expect(stored == versions.max(), "seed \(seed)")
    }

    @Test("versions are stored as big-endian timestamp and length-prefixed region")
    func codec() throws {
        let original = version(0x1234, 0x5678, "us-east-1")
        var bytes: [UInt8] = []
        original.append(to: &bytes)
        #expect(bytes == [0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 9] + Array("us-east-1".utf8))
        try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            let decoded = try Version(decoding: &reader)
            #expect(decoded == original)
            #expect(reader.isAtEnd)
        }
    }

    @Test("a part of a stored version is damage")
    func truncatedVersions() {
        var bytes: [UInt8] = []
        version(7, 7, "us-east-1").append(to: &bytes)
        for count in 0..<bytes.count {
            bytes[..<count].withUnsafeBytes { buffer in
                var reader = ByteReader(buffer)
                #expect(throws: DamagedBytes.self, "\(count) bytes") { try Version(decoding: &reader) }
            }
        }
    }
}

@Suite struct LinkCursorTests {
    @Test("cursors come back as they were stored, and parts of them are damage")
    func codec() throws {
        let cursor = LinkCursor(next: 0x0102_0304, watermark: at(9, 1))
        let bytes = cursor.encoded
        #expect(bytes == [0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 9, 0, 1])
        try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            let decoded = try LinkCursor(decoding: &reader)
            #expect(decoded == cursor)
        }
        for count in 0..<bytes.count {
            bytes[..<count].withUnsafeBytes { buffer in
                var reader = ByteReader(buffer)
                #expect(throws: DamagedBytes.self) { try LinkCursor(decoding: &reader) }
            }
        }
    }

    @Test("what is applied ahead of the cursor is stored with it, and counts as covered")
    func ahead() throws {
        let cursor = LinkCursor(next: 5, watermark: at(9), ahead: [7, 8, 300])
        try cursor.encoded.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            let decoded = try LinkCursor(decoding: &reader)
            #expect(decoded == cursor)
        }
        #expect((1...301).filter { cursor.covers($0) } == [1, 2, 3, 4, 7, 8, 300])
        #expect(cursor.covered(from: 3, count: 6) == 4)
        #expect(cursor.covered(from: 1, count: 2) == 2)
        #expect(cursor.covered(from: 9, count: 100) == 0)
        #expect(cursor.covered(from: 6, count: 300) == 3)
    }
}

@Suite struct RegionNameTests {
    @Test(arguments: ["us-east-1", "eu-west-1", "ap-southeast-2", "us-gov-west-1", "a-b", "a--b", "9-9"])
    func accepts(_ name: String) {
        #expect(RegionName(name)?.name == name)
    }

    @Test(arguments: [
        "", "a", "ab", "useast", "-us-east", "us-east-", "US-EAST-1", "us_east_1", "us east-1", "us-east-1\n",
        "ü-west-1",
        "us-east-1\0", "../us-1", String(repeating: "a", count: 63) + "-1",
    ])
    func refuses(_ name: String) {
        #expect(RegionName(name) == nil)
    }

    @Test("the longest name has 64 characters")
    func longest() {
        #expect(RegionName(String(repeating: "a", count: 62) + "-1") != nil)
    }

    @Test("names order by bytes")
    func order() {
        let names = ["ap-east-1", "ap-east-10", "ap-east-2", "eu-west-1", "us-east-1"].map { RegionName(stored: $0) }
        #expect(names.shuffled().sorted() == names)
    }
}
