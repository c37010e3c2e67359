import JSONBytes
import TestSupport
import Testing

struct JSONRoundTripTests {
    @Test(arguments: seeds)
    func whatIsWrittenIsReadBack(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<1_000 {
            let value = JSONValue.random(&random)
            var writer = JSONWriter()
            value.write(to: &writer)
            let document = try JSONDocument(parsing: writer.bytes)
            #expect(JSONValue(document, document.root) == value)
        }
    }

    /// The parser and the grammar of the RFC agree on texts that were damaged in a few places.
    @Test(arguments: seeds)
    func damagedTextsAreJudgedAsTheGrammarDoes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let favourites = Array(#"{}[]:,"\/ue0123.-+tfn "#.utf8) + [0x00, 0x0A, 0x1F, 0x80, 0xC3, 0xA9, 0xFF]
        var accepted = 0
        for _ in 0..<5_000 {
            var writer = JSONWriter()
            JSONValue.random(&random).write(to: &writer)
            var bytes = writer.bytes
            for _ in 0..<random.below(4) { Self.damage(&bytes, &random, favourites) }
            let document = try? JSONDocument(parsing: bytes)
            #expect(
                (document != nil) == JSONGrammar.accepts(bytes), "\(String(decoding: bytes, as: UTF8.self)) \(bytes)")
            if let document {
                accepted += 1
                _ = JSONValue(document, document.root)
            }
        }
        #expect(accepted > 1_000)
        #expect(accepted < 4_900)
    }

    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom, _ favourites: [UInt8]) {
        guard !bytes.isEmpty else { return }
        switch random.below(4) {
        case 0: bytes[random.below(bytes.count)] = random.pick(favourites)
        case 1: bytes.insert(random.pick(favourites), at: random.below(bytes.count + 1))
        case 2: bytes.remove(at: random.below(bytes.count))
        default: bytes.removeLast(random.below(bytes.count))
        }
    }
}
