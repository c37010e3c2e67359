import Foundation
import FuzzTargets
import TestSupport
import Testing

/// The kept corpus, and mutations of it, through every fuzz target: nothing traps. Without coverage; `Tests/Fuzzing/run.sh` does that with
/// libFuzzer.
@Suite struct CorpusTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fuzzing/corpus")
    /// By hand: `FUZZ_MUTATIONS=100000 swift test --filter CorpusTests`.
    static let mutationsPerInput =
        ProcessInfo.processInfo.environment["FUZZ_MUTATIONS"].flatMap { Int($0) } ?? 20
    static let bytesMax = 4096

    static func inputs(of target: FuzzTarget) throws -> [[UInt8]] {
        let files = try FileManager.default.contentsOfDirectory(
            at: folder.appendingPathComponent(target.rawValue), includingPropertiesForKeys: nil)
        return try files.sorted { $0.path < $1.path }.map { Array(try Data(contentsOf: $0)) }
    }

    @Test("every target has a corpus, and takes it and its mutations", arguments: FuzzTarget.allCases)
    func corpusAndMutations(target: FuzzTarget) throws {
        let inputs = try Self.inputs(of: target)
        try #require(!inputs.isEmpty, "\(target.rawValue) has no corpus")
        for input in inputs { target.run(input) }
        let seed = seeds[2]
        // A trap ends the process: the seed must be out before.
        print("fuzzing \(target.rawValue) with seed \(seed)")
        var random = SeededRandom(seed: seed)
        for input in inputs {
            for _ in 0..<Self.mutationsPerInput {
                target.run(Mutation.mutate(input, inputs, bytesMax: Self.bytesMax, &random))
            }
        }
        print("fuzzed \(target.rawValue): \(inputs.count * (1 + Self.mutationsPerInput)) inputs")
    }
}

enum Mutation {
    static func mutate(
        _ input: [UInt8], _ others: [[UInt8]], bytesMax: Int, _ random: inout SeededRandom
    ) -> [UInt8] {
        var bytes = Array(input.prefix(bytesMax))
        for _ in 0..<(1 + random.below(4)) { step(&bytes, others, &random) }
        return bytes
    }

    private static func step(_ bytes: inout [UInt8], _ others: [[UInt8]], _ random: inout SeededRandom) {
        guard !bytes.isEmpty else { return bytes = random.bytes(countMax: 16) }
        let place = random.below(bytes.count)
        switch random.below(6) {
        case 0: bytes[place] ^= 1 << UInt8(random.below(8))
        case 1: bytes[place] = random.pick(Array(#"{}[]",:\()#<>=+-.0eE"#.utf8) + [0, 0x7F, 0x80, 0xC0, 0xFF])
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.below(8)))
        case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 1 + random.below(32))], at: place)
        case 4:
            let other = random.pick(others)
            guard !other.isEmpty else { return }
            let start = random.below(other.count)
            bytes.insert(contentsOf: other[start..<min(other.count, start + 1 + random.below(32))], at: place)
        default: bytes.removeSubrange(place...)
        }
    }
}
