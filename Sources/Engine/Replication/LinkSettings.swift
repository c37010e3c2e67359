/// How a link treats the changes that it carries. They live as long as the process.
public struct LinkSettings: Hashable, Sendable {
    /// Whether anything moves. What waits behind a link that does not run stays in the source's log.
    public enum State: String, Hashable, Sendable, CaseIterable {
        case running
        case paused
        /// As paused; it says that the line is meant to be broken.
        case cut
    }

    /// A table that does not move over a link that runs, and who wants that: it moves again when nobody does.
    public struct TablePause: Hashable, Sendable {
        public var table: String
        /// An experiment's id, or `admin`.
        public var by: String

        public init(table: String, by: String) {
            self.table = table
            self.by = by
        }
    }

    public var delay: LinkDelay
    public var state: State
    public var tablePauses: Set<TablePause> = []
    /// Whether changes of different items may overtake each other. Those of one item never do.
    public var reorders: Bool
    /// What random delays are drawn from: with the same seed the same changes wait as long.
    public var seed: UInt64

    public init(
        delay: LinkDelay = .none, state: State = .running, reorders: Bool = false, seed: UInt64 = 0
    ) {
        self.delay = delay
        self.state = state
        self.reorders = reorders
        self.seed = seed
    }

    /// Who holds a table back, in order; empty when it moves.
    public func pausers(of table: String) -> [String] {
        tablePauses.filter { $0.table == table }.map(\.by).sorted()
    }

    /// The delay of one change, in milliseconds: a function of the seed, the link, the table and the change's place in the source's log.
    public func delayMilliseconds(
        ofSequence sequence: UInt64, table: String, from source: RegionName, to target: RegionName
    ) -> UInt64 {
        if case .fixed(let milliseconds) = delay { return milliseconds }
        // FNV-1a; a zero byte ends each name.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for name in [source.name, target.name, table] {
            for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash = hash &* 0x100_0000_01B3
        }
        var random = SplitMix(seed: seed)
        random = SplitMix(seed: random.next() ^ hash)
        random = SplitMix(seed: random.next() ^ sequence)
        return delay.draw(&random)
    }
}
