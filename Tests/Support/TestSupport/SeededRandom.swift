import Replication

/// SplitMix64: the same seed gives the same values on every machine.
public struct SeededRandom: RandomNumberGenerator {
    private var generator: SplitMix

    public init(seed: UInt64) {
        generator = SplitMix(seed: seed)
    }

    public mutating func next() -> UInt64 { generator.next() }

    public mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    public mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }

    /// Bytes of which many are from a few that matter to encodings.
    public mutating func bytes(countMax: Int, favourites: [UInt8] = [0x00, 0x01, 0xFE, 0xFF]) -> [UInt8] {
        (0..<below(countMax + 1)).map { _ in
            below(2) == 0 ? pick(favourites) : UInt8.random(in: 0...255, using: &self)
        }
    }
}

/// Seeds of property tests: two that never change and one of this run. A failing test shows its seed as its argument.
public let seeds: [UInt64] = [1, 20_121_008, UInt64.random(in: 0...UInt64.max)]
