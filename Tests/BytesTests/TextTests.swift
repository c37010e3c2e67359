import Bytes
import Foundation
import TestSupport
import Testing

struct TextTests {
    /// Swift's `String` holds the two spellings of é equal; DynamoDB does not.
    @Test
    func comparesBytesAndNotCharacters() {
        let composed: Text = "\u{E9}"
        let decomposed: Text = "e\u{301}"
        #expect(composed.description == decomposed.description)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(decomposed < composed)
    }

    @Test(arguments: [
        ["", "\u{0}", "A", "B", "a", "aa", "ab", "b", "é", "zz\u{0}"].sorted {
            Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
        },
        ["\u{FF5E}", "\u{10000}", "\u{10FFFF}"],
    ])
    func ordersByUnsignedBytesWithPrefixesFirst(sorted: [String]) {
        for (left, right) in zip(sorted, sorted.dropFirst()) {
            #expect(Text(left) < Text(right))
            #expect(!(Text(right) < Text(left)))
        }
    }

    @Test(arguments: seeds)
    func bytesCompareAsLexicographically(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let shared = random.bytes(countMax: 20)
            let left = shared + random.bytes(countMax: 10)
            let right = shared + random.bytes(countMax: 10)
            let order = left.withUnsafeBytes { left in right.withUnsafeBytes { left.compare(with: $0) } }
            #expect(left.precedes(right) == left.lexicographicallyPrecedes(right), "\(left) and \(right)")
            #expect((order < 0) == left.lexicographicallyPrecedes(right), "\(left) and \(right)")
            #expect((order == 0) == (left == right), "\(left) and \(right)")
        }
    }

    @Test
    func isCodedAsAString() throws {
        let coded = try JSONEncoder().encode(["é" as Text])
        #expect(String(decoding: coded, as: UTF8.self) == #"["é"]"#)
        #expect(try JSONDecoder().decode([Text].self, from: coded) == ["é"])
    }

    @Test
    func countsBytes() {
        #expect(("é" as Text).count == 2)
        #expect(("" as Text).isEmpty)
        #expect(!("\u{0}" as Text).isEmpty)
    }
}
