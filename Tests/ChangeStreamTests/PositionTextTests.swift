import Bytes
import ChangeStream
import Testing

/// Sequence numbers and iterators: places in a stream, as clients carry them.
@Suite struct PositionTextTests {
    @Test(
        "sequence numbers are 21 digits",
        arguments: [
            (0, "100000000000000000000"), (1, "100000000000000000001"), (42, "100000000000000000042"),
            (UInt64.max, "118446744073709551615"),
        ] as [(UInt64, String)])
    func sequenceTexts(sequence: UInt64, text: String) {
        #expect(SequenceNumber.text(of: sequence) == text)
        #expect(SequenceNumber.parse(text) == sequence)
    }

    @Test("texts order as the log does")
    func sequenceOrder() {
        let sequences: [UInt64] = [0, 1, 9, 10, 99, 100, 1 << 32, .max - 1, .max]
        let texts = sequences.map { SequenceNumber.text(of: $0) }
        #expect(texts.shuffled().sorted() == texts)
    }

    @Test(arguments: [
        "", "1", "000000000000000000001", "200000000000000000001", "10000000000000000000", "1000000000000000000011",
        "118446744073709551616", "199999999999999999999", "1000000000000000000+1", "1000000000000000000-1",
        "10000000000000000000 ", "10000000000000000000a", "1٠0000000000000000000", "700000000000888747038",
    ])
    func foreignSequenceTexts(_ text: String) {
        #expect(SequenceNumber.parse(text) == nil)
    }

    private static let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2015-05-11T21:21:33.291"

    @Test("an iterator's text carries the iterator")
    func iteratorRoundTrip() {
        for (next, issued) in [(0, 0), (1, 2), (.max, .max)] as [(UInt64, UInt64)] {
            let iterator = ShardIterator(
                streamARN: Self.arn, shardID: "shardId-00000001573689847184-864758bb", next: next,
                issuedMilliseconds: issued)
            #expect(iterator.text.hasPrefix(Self.arn + "|1|"))
            #expect(iterator.text.utf8.count <= 2048)
            #expect(ShardIterator(parsing: iterator.text) == iterator)
        }
    }

    @Test("what no iterator's text is")
    func foreignIteratorTexts() {
        let text = ShardIterator(streamARN: Self.arn, shardID: "shardId-1", next: 1, issuedMilliseconds: 1).text
        let payload = text.split(separator: "|")[2]
        var garbage = [
            "", "|", "||", "|||", "|1|", "x", Self.arn, "\(Self.arn)|1|", "\(Self.arn)|2|\(payload)",
            "\(Self.arn)|1|\(payload)|", "\(Self.arn)|1|\(payload)|x", "\(Self.arn)|1|\(payload)AAAA",
            "\(Self.arn)|1|\(payload)=", "\(Self.arn)|1|!!!!", "\(Self.arn)|1|é", "\(Self.arn)|1|////////////////",
        ]
        // A shard id that is no UTF-8 would come back changed.
        garbage.append("\(Self.arn)|1|" + Base64.encode([1, 0xFF, 1, 1]))
        // A number that is spelled longer than it need be.
        garbage.append("\(Self.arn)|1|" + Base64.encode([1, 0x61, 0x81, 0x00, 1]))
        for text in garbage {
            #expect(ShardIterator(parsing: text) == nil, "\(text)")
        }
        for count in 0..<text.utf8.count {
            #expect(ShardIterator(parsing: String(text.prefix(count))) == nil, "the first \(count) characters")
        }
    }

    @Test("an iterator expires when it is more than 15 minutes old")
    func expiry() {
        let issued: UInt64 = 1_700_000_000_000
        let iterator = ShardIterator(streamARN: Self.arn, shardID: "s", next: 1, issuedMilliseconds: issued)
        #expect(!iterator.isExpired(nowMilliseconds: issued))
        #expect(!iterator.isExpired(nowMilliseconds: issued + 900_000))
        #expect(iterator.isExpired(nowMilliseconds: issued + 900_001))
        #expect(!iterator.isExpired(nowMilliseconds: issued - 5_000), "the clock was moved back")
    }

    @Test("an iterator that a client made up, from the end of time, is no reason to stop")
    func farFuture() {
        let iterator = ShardIterator(streamARN: Self.arn, shardID: "s", next: .max, issuedMilliseconds: .max)
        #expect(ShardIterator(parsing: iterator.text)?.isExpired(nowMilliseconds: 1_700_000_000_000) == false)
    }
}
