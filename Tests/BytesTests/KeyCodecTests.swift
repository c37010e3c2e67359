import Bytes
import TestSupport
import Testing

struct KeyCodecTests {
    @Test(
        arguments: [
            ([], [0x00, 0x01]),
            ([0x61], [0x61, 0x00, 0x01]),
            ([0x00], [0x00, 0xFF, 0x00, 0x01]),
            ([0x00, 0x01], [0x00, 0xFF, 0x01, 0x00, 0x01]),
            ([0x61, 0x00, 0x00, 0x62], [0x61, 0x00, 0xFF, 0x00, 0xFF, 0x62, 0x00, 0x01]),
            ([0xFF, 0x00], [0xFF, 0x00, 0xFF, 0x00, 0x01]),
        ] as [([UInt8], [UInt8])])
    func escapesZerosAndEndsEachComponent(content: [UInt8], encoding: [UInt8]) throws {
        #expect(encoded([content]) == encoding)
        #expect(try reading(encoding) { reader in try KeyCodec.read(from: &reader) } == content)
    }

    @Test(arguments: seeds)
    func roundTripsCompositeKeys(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let components = (0...random.below(4)).map { _ in random.bytes(countMax: 6) }
            let read = try reading(encoded(components)) { reader in
                var read: [[UInt8]] = []
                while !reader.isAtEnd { read.append(try KeyCodec.read(from: &reader)) }
                return read
            }
            #expect(read == components)
            let skipped = try reading(encoded(components)) { reader in
                var skipped = 0
                while !reader.isAtEnd {
                    try KeyCodec.skip(&reader)
                    skipped += 1
                }
                return skipped
            }
            #expect(skipped == components.count)
        }
    }

    /// Composite keys order component by component, each by its bytes with prefixes first.
    @Test(arguments: seeds)
    func keepsTheOrder(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let count = 1 + random.below(3)
            let left = (0..<count).map { _ in random.bytes(countMax: 3) }
            let right = (0..<count).map { _ in random.bytes(countMax: 3) }
            let isBefore = left.lexicographicallyPrecedes(right) { $0.lexicographicallyPrecedes($1) }
            #expect(encoded(left).precedes(encoded(right)) == isBefore, "\(left) and \(right)")
            #expect((encoded(left) == encoded(right)) == (left == right), "\(left) and \(right)")
        }
    }

    /// No component begins with another whole one, so a key is never taken for part of a longer one.
    @Test(arguments: seeds)
    func noEncodingBeginsAnother(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let left = random.bytes(countMax: 3)
            let right = left + random.bytes(countMax: 3)
            guard left != right else { continue }
            #expect(!encoded([right]).starts(with: encoded([left])), "\(left) and \(right)")
        }
    }

    /// `appendPrefix` gives the beginning of exactly the components that begin with those bytes.
    @Test(arguments: seeds)
    func prefixesMatchWhatBeginsWithThem(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let prefix = random.bytes(countMax: 2)
            let content = random.bytes(countMax: 4)
            var encodedPrefix: [UInt8] = []
            KeyCodec.appendPrefix(prefix, to: &encodedPrefix)
            #expect(
                encoded([content]).starts(with: encodedPrefix) == content.starts(with: prefix),
                "\(prefix) and \(content)")
        }
    }

    @Test(arguments: [[], [0x61], [0x00], [0x61, 0x00, 0x02], [0x00, 0x00], [0x61, 0x00, 0xFE]] as [[UInt8]])
    func damagedComponentsAreErrors(bytes: [UInt8]) {
        #expect(throws: DamagedBytes.self) {
            try reading(bytes) { reader in try KeyCodec.read(from: &reader) }
        }
        #expect(throws: DamagedBytes.self) {
            try reading(bytes) { reader in try KeyCodec.skip(&reader) }
        }
    }

    private func encoded(_ components: [[UInt8]]) -> [UInt8] {
        var key: [UInt8] = []
        for component in components { KeyCodec.append(component, to: &key) }
        return key
    }
}
