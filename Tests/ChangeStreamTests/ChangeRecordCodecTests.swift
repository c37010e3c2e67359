import AttributeModel
import Bytes
import ChangeStream
import Replication
import Testing

@Suite struct ChangeRecordCodecTests {
    private static let old = item(#"{"pk":{"S":"a"},"v":{"N":"1"}}"#)
    private static let new = item(#"{"pk":{"S":"a"},"v":{"N":"2"},"l":{"L":[{"BOOL":true},{"NULL":true}]}}"#)

    static let records: [ChangeRecord] = {
        let changes: [ChangeRecord.Change] = [.insert(new), .modify(old: old, new: new), .remove(old), .insert(.empty)]
        let transactions: [ChangeRecord.Transaction?] = [
            nil, .init(id: "", index: 0, size: 1), .init(id: "t-1", index: 99, size: 100),
            .init(
                id: "t-2", index: 2, size: 3,
                shares: [.init(table: "T", first: 7, count: 2), .init(table: "U.é", first: .max, count: 1)]),
        ]
        let bases: [Version?] = [nil, version(1, "eu-west-1", counter: 9)]
        var records: [ChangeRecord] = []
        for change in changes {
            for transaction in transactions {
                for base in bases {
                    for cause in [ChangeRecord.Cause.user, .ttl, .restore] {
                        records.append(
                            record(
                                change, sequence: .max, version: version(2, "us-east-1", counter: 3), baseVersion: base,
                                commitMilliseconds: .max, cause: cause, transaction: transaction))
                    }
                }
            }
        }
        return records
    }()

    @Test("every record comes back as it was stored")
    func roundTrip() throws {
        for record in Self.records {
            let decoded = try record.encoded.withUnsafeBytes { try ChangeRecord(sequence: .max, decoding: $0) }
            #expect(decoded == record)
        }
    }

    @Test("the region that made a write is read without the rest")
    func originRegion() throws {
        for record in Self.records {
            for (name, isOrigin) in [("us-east-1", true), ("us-east-11", false), ("us-east", false)] {
                let named = RegionName(stored: name)
                let isMade = try record.encoded.withUnsafeBytes { try ChangeRecord.isMade(in: named, $0) }
                #expect(isMade == isOrigin)
            }
        }
    }

    @Test("no part of a record is taken for a record")
    func truncations() {
        for record in Self.records {
            let bytes = record.encoded
            for count in 0..<bytes.count {
                let part = Array(bytes[..<count])
                #expect(isDamaged(part) { _ = try ChangeRecord(sequence: 1, decoding: $0) })
                // Format, kind, cause and flags are 4 bytes, the timestamp 8, the region's name 1 and 9.
                guard count < 22 else { continue }
                #expect(isDamaged(part) { _ = try ChangeRecord.isMade(in: RegionName(stored: "us-east-1"), $0) })
            }
        }
    }

    @Test("bytes behind a record, and bytes that mean nothing, are damage")
    func foreignBytes() {
        let bytes = Self.records[0].encoded
        let damaged: [(String, [UInt8])] = [
            ("more behind the record", bytes + [0]),
            ("unknown format", [2] + bytes.dropFirst()),
            ("unknown kind", [bytes[0], 4] + bytes.dropFirst(2)),
            ("unknown cause", [bytes[0], bytes[1], 0] + bytes.dropFirst(3)),
            ("unknown flags", Array(bytes[..<3]) + [4] + bytes.dropFirst(4)),
        ]
        for (what, bytes) in damaged {
            #expect(isDamaged(bytes) { _ = try ChangeRecord(sequence: 1, decoding: $0) }, "\(what)")
        }
    }

    private func isDamaged(_ bytes: [UInt8], _ decode: (UnsafeRawBufferPointer) throws -> Void) -> Bool {
        do {
            try bytes.withUnsafeBytes(decode)
            return false
        } catch {
            return error is DamagedBytes
        }
    }

    @Test("the stored form stays as it is: logs outlive programs")
    func golden() {
        let record = record(
            .modify(old: item(#"{"a":{"S":"x"}}"#), new: item(#"{"a":{"S":"y"}}"#)),
            version: version(0x1234, "eu-west-1", counter: 5), baseVersion: version(0x1233, "us-east-1"),
            commitMilliseconds: 300, cause: .user, transaction: .init(id: "tx", index: 1, size: 2))
        let image = { (letter: Character) in [1, 1, UInt8(ascii: "a")] + stringValue("\(letter)") }
        var expected: [UInt8] = [1, 2, 1, 3]
        expected += [0, 0, 0, 0, 0x12, 0x34, 0, 5, 9] + Array("eu-west-1".utf8)
        expected += [0, 0, 0, 0, 0x12, 0x33, 0, 0, 9] + Array("us-east-1".utf8)
        expected += [0xAC, 0x02] + [2] + Array("tx".utf8) + [1, 2]
        expected.appendLengthPrefixed(image("y"))
        expected.appendLengthPrefixed(image("x"))
        #expect(record.encoded == expected)
    }

    /// The value part of the one attribute of an item.
    private func stringValue(_ text: String) -> [UInt8] {
        Array(item(#"{"a":{"S":"\#(text)"}}"#).bytes.dropFirst(3))
    }
}
