import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import TestSupport
import Testing

/// Random histories of three replicas of version 2017.11.29: bad clocks, links that stop and re-order, repeats, restarts, and sweeps that each region
/// makes for itself.
@Suite struct LegacyConvergenceTests {
    @Test("random histories converge", arguments: 1...12 as ClosedRange<UInt64>)
    func converges(seed: UInt64) throws {
        print("LegacyConvergenceTests.converges seed \(seed)")
        var history = try LegacyHistory(seed: seed)
        for _ in 0..<600 { try history.step() }
        try history.finish()
        try history.check()
    }
}

private struct LegacyHistory {
    private static let regions = ["ap-east-1", "eu-west-1", "us-east-1"].map { RegionName(stored: $0) }
    private static let keys = 5
    private static let table = "T"

    private let seed: UInt64
    private var random: SeededRandom
    private var world: TestWorld
    private var transactions = 0
    private var steps = 0
    /// What clients left, by key and version (nil: deleted).
    private var written: [EncodedKey: [Version: Item?]] = [:]
    /// The cursors that links never go back behind, by source and target.
    private var durable: [RegionName: [RegionName: UInt64]] = [:]

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededRandom(seed: seed)
        world = TestWorld(Self.regions)
        try world.createTable(
            Self.table, keys: "pk=S", global: [.global("R", "aws:rep:updateregion=S", .all)],
            stream: .newAndOldImages, isLegacy: true, in: Self.regions)
        try world.setTimeToLive(Self.table, attribute: "t")
    }

    private var comment: Comment { "seed \(seed), step \(steps)" }

    private mutating func region() -> RegionName { Self.regions[random.below(Self.regions.count)] }

    mutating func step() throws {
        steps += 1
        world.wait(milliseconds: UInt64(random.below(3)))
        let name = region()
        switch random.below(100) {
        case ..<40: try apply(.write(try randomWrite(in: name, key: random.below(Self.keys))), in: name)
        case ..<48: try transact(in: name)
        case ..<53: try world[name].apply(try world[name].sweepCommand(Self.table, limit: 2))
        case ..<80: try deliver(limit: random.isTrue(1, in: 3) ? Int.max : 1 + random.below(3))
        case ..<85: try redeliver()
        case ..<88: world.skew(name, milliseconds: Int64([0, 3, 400, 3_600_000][random.below(4)]) - 200)
        case ..<91: tune()
        case ..<95: try collect(in: name)
        case ..<97: try world[name].restart()
        default: try world[name].expectConsistent("\(comment)")
        }
    }

    private mutating func randomWrite(in name: RegionName, key: Int) throws -> ItemWrite {
        let pk = #""pk":{"S":"\#(key)"}"#
        if random.isTrue(1, in: 4) { return try world[name].write(.delete, "{\(pk)}") }
        let expiry = TestRegion.start / 1000 + [1, 2000, 9000][random.below(3)]
        let expires = random.isTrue(1, in: 2) ? #","t":{"N":"\#(expiry)"}"# : ""
        return try world[name].put(#"{\#(pk),"v":{"N":"\#(random.below(4))"}\#(expires)}"#)
    }

    private mutating func transact(in name: RegionName) throws {
        transactions += 1
        let keys = (0..<Self.keys).shuffled(using: &random).prefix(2 + random.below(2))
        let writes = try keys.map { try randomWrite(in: name, key: $0) }
        try apply(.transact(Transaction(id: "t\(transactions)", writes: writes, token: nil)), in: name)
    }

    /// A put leaves two records, the second of which travels; a delete leaves one.
    private mutating func apply(_ command: Command, in name: RegionName) throws {
        let table = try world[name].table(Self.table)
        let head = try world[name].counters(Self.table).nextSequence
        try world[name].apply(command)
        var steps: [EncodedKey: [ChangeRecord]] = [:]
        for record in try world[name].changes(of: table.number, from: head) {
            let key = try table.keySchema.key(of: record.newImage ?? record.oldImage ?? .empty)
            steps[key, default: []].append(record)
        }
        for (key, records) in steps {
            let last = try #require(records.last)
            let expected = last.newImage == nil ? [true] : [false, true]
            let travel = try records.map { try ReplicatedChange($0, of: table).travelsFromLegacyGlobalTable }
            #expect(travel == expected, comment)
            #expect(records.allSatisfy { $0.version == last.version }, comment)
            #expect(written[key]?[last.version] == nil, "a version was given out twice; \(comment)")
            written[key, default: [:]][last.version] = .some(last.newImage)
        }
    }

    // MARK: Links

    private mutating func link() -> (RegionName, RegionName) {
        let source = region()
        let targets = Self.regions.filter { $0 != source }
        return (source, targets[random.below(targets.count)])
    }

    private mutating func deliver(limit: Int) throws {
        let (source, target) = link()
        try world.deliver(Self.table, from: source, to: target, limit: limit)
    }

    private mutating func tune() {
        let (source, target) = link()
        var settings = LinkSettings(seed: UInt64(random.below(1000)))
        settings.state = random.isTrue(1, in: 4) ? .paused : .running
        settings.reorders = random.isTrue(1, in: 2)
        settings.delay = random.isTrue(1, in: 2) ? .none : .uniform(lowest: 0, highest: 30)
        world.set(settings, from: source, to: target)
    }

    /// What has expired here is not there again because a link repeats it.
    private mutating func redeliver() throws {
        let (source, target) = link()
        guard let next = try world[target].partition(Self.table).cursors[source]?.next else { return }
        let first = durable[source]?[target] ?? 1
        guard next > first else { return }
        let before = world[target].rows(.items)
        let outcome = try world.redeliver(Self.table, from: source, to: target, sequences: first...next - 1)
        #expect(outcome?.applied == 0, comment)
        #expect(world[target].rows(.items) == before, comment)
    }

    /// No link ever goes back behind what it had applied when a tombstone was collected.
    private mutating func collect(in name: RegionName) throws {
        for target in Self.regions {
            for (source, cursor) in try world[target].partition(Self.table).cursors {
                durable[source, default: [:]][target] = cursor.next
            }
        }
        _ = try world.collectTombstones(Self.table, in: name)
    }

    // MARK: The end

    /// Everything arrives, and every region looks for what has expired.
    mutating func finish() throws {
        for name in Self.regions { world.skew(name, milliseconds: 0) }
        try world.heal(Self.table)
        world.wait(milliseconds: 10_000_000)
        for name in Self.regions { try world[name].apply(try world[name].sweepCommand(Self.table)) }
    }

    func check() throws {
        let states = try Self.regions.map { name in
            try world.snapshot(Self.table, name).filter { $0.state.item != nil }
        }
        for state in states.dropFirst() {
            #expect(state.elementsEqual(states[0]) { $0.key == $1.key && $0.state == $1.state }, comment)
        }
        for (key, state) in states[0] {
            let winner = try #require(written[key]?.max { $0.key < $1.key })
            #expect(state == StoredItem(version: winner.key, item: winner.value), comment)
        }
        for name in Self.regions {
            try world[name].expectConsistent("\(comment)")
            #expect(world[name].engine.arrivals.count == 0, comment)
            try checkStream(of: name)
        }
    }

    /// Each record begins where the one before it of its item ended, and only the own sweep says that it was one.
    private func checkStream(of name: RegionName) throws {
        let schema = try world[name].table(Self.table).keySchema
        var images: [EncodedKey: Item] = [:]
        for record in try world[name].changes(of: Self.table) {
            let key = try schema.key(of: record.newImage ?? record.oldImage ?? .empty)
            #expect(images[key] == record.oldImage, comment)
            #expect(record.oldImage != record.newImage, comment)
            if record.cause == .ttl { #expect(record.version.region == name, comment) }
            images[key] = record.newImage
        }
    }
}
