import Bytes
import TestSupport
import Testing

struct UTF8CheckTests {
    /// Each edge of Unicode's table 3-7 of well-formed sequences.
    @Test(
        arguments: [
            [], [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xE1, 0x80, 0x80], [0xED, 0x9F, 0xBF],
            [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF3, 0xBF, 0xBF, 0xBF],
            [0xF4, 0x8F, 0xBF, 0xBF],
        ] as [[UInt8]])
    func accepts(bytes: [UInt8]) {
        #expect(isWellFormed(bytes))
        for padding in 1...9 {
            let letters = [UInt8](repeating: 0x61, count: padding)
            #expect(isWellFormed(letters + bytes + letters))
        }
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC2], [0xE0, 0x9F, 0xBF],
            [0xE0, 0xA0], [0xE1, 0x80, 0x41], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF0, 0x90, 0x80], [0xF1, 0x80, 0x41, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE],
            [0xFF],
        ] as [[UInt8]])
    func rejects(bytes: [UInt8]) {
        #expect(!isWellFormed(bytes))
        for padding in 1...9 {
            let letters = [UInt8](repeating: 0x61, count: padding)
            #expect(!isWellFormed(letters + bytes))
            #expect(!isWellFormed(letters + bytes + letters))
        }
    }

    @Test(arguments: seeds)
    func agreesWithTheStandardLibrary(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let favourites: [UInt8] = [0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4]
        for _ in 0..<20_000 {
            let bytes = random.bytes(countMax: 5, favourites: favourites)
            #expect(isWellFormed(bytes) == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
        }
    }

    private func isWellFormed(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { UTF8Check.isWellFormed($0) }
    }
}
