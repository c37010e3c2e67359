import AttributeModel
import Bytes
import ChangeStream
import Foundation
import JSONBytes
import KeyValueStore
import Partition
import Replication
import TestSupport
import Testing

/// Random histories of three regions with bad clocks and links that stop, delay and re-order. What must hold at every step and after healing are the invariants
/// of `reference/reliability.md` 1.3.
@Suite struct ConvergencePropertyTests {
    /// The first seed and how many: `PROPERTY_SEEDS=1000+500` runs seeds 1000 to 1499.
    private static let seeds: Range<UInt64> = {
        let words = ProcessInfo.processInfo.environment["PROPERTY_SEEDS"]?.split(separator: "+").compactMap {
            UInt64($0)
        }
        let (first, count) = words?.count == 2 ? (words?[0] ?? 1, words?[1] ?? 1) : (1, 12)
        return first..<first + count
    }()

    @Test("random histories converge", arguments: seeds)
    func converges(seed: UInt64) throws {
        print("ConvergencePropertyTests.converges seed \(seed)")
        var history = try RandomHistory(seed: seed)
        for _ in 0..<1000 { try history.step() }
        try history.heal()
        try history.checkConverged()
    }

    @Test("the checks can fail: a replica that missed a write is found out")
    func canFail() throws {
        var history = try RandomHistory(seed: 1)
        for _ in 0..<200 { try history.step() }
        try history.heal()
        #expect(try history.differences().isEmpty)
        try history.corrupt()
        #expect(try !history.differences().isEmpty)
    }
}

/// A seeded history: writes, deletes, expiries, transactions, deliveries with repeats, clocks that jump, collected tombstones, restarts,
/// replicas that are removed and filled anew.
private struct RandomHistory {
    private static let regions = ["ap-east-1", "eu-west-1", "us-east-1"].map { RegionName(stored: $0) }
    private static let keys = 6
    private static let table = "T"

    private let seed: UInt64
    private var random: SeededRandom
    private var world: TestWorld
    private var steps = 0
    private var transactions = 0
    /// All versions ever written by clients, with what they wrote, by key (nil: deleted).
    private var written: [EncodedKey: [Version: Item?]] = [:]
    /// The cursors that links never go back behind, by source and target.
    private var durable: [RegionName: [RegionName: UInt64]] = [:]
    /// The region whose replica was removed.
    private var absent: RegionName?
    private var filling: Filling?
    /// Regions whose log does not begin with their first item.
    private var refilled: Set<RegionName> = []

    /// A replica on its way back.
    private struct Filling {
        let name: RegionName
        let source: RegionName
        /// What is left of the source's snapshot; nil until it is taken.
        var states: [(key: EncodedKey, state: StoredItem)]?
    }

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededRandom(seed: seed)
        world = TestWorld(Self.regions)
        try world.createTable(
            Self.table, keys: "pk=S", global: [.global("G", "g=S n=N", .include(["v"]))], stream: .newAndOldImages,
            in: Self.regions)
        try world.setTimeToLive(Self.table, attribute: "t")
    }

    private var comment: Comment { "seed \(seed), step \(steps)" }
    private var members: [RegionName] { Self.regions.filter { $0 != absent } }

    private mutating func member() -> RegionName {
        let members = members
        return members[random.below(members.count)]
    }

    /// A region that takes writes.
    private mutating func writer() -> RegionName {
        let writers = members.filter { $0 != filling?.name }
        return writers[random.below(writers.count)]
    }

    mutating func step() throws {
        steps += 1
        world.wait(milliseconds: UInt64(random.below(4)))
        switch random.below(100) {
        case ..<41: try write(in: writer())
        case ..<45: try sweep(in: writer())
        case ..<51: try transact(in: writer())
        case ..<54: tune()
        case ..<79: try deliver()
        case ..<85: try redeliver()
        case ..<89: jump(member())
        case ..<93: try collect()
        case ..<95: try world[member()].restart()
        case ..<98: try changeMembers()
        default: try world[member()].expectConsistent("\(comment)")
        }
    }

    // MARK: Writes

    private mutating func randomWrite(in name: RegionName, key: Int) throws -> ItemWrite {
        let pk = #""pk":{"S":"\#(key)"}"#
        if random.isTrue(1, in: 4) { return try world[name].write(.delete, "{\(pk)}") }
        let expiry = TestRegion.start / 1000 + [1, 60, 1800, 7200][random.below(4)]
        let expires = random.isTrue(1, in: 2) ? #","t":{"N":"\#(expiry)"}"# : ""
        let indexed = random.isTrue(1, in: 2) ? #","g":{"S":"\#(random.below(2))"}"# : ""
        let json = #"{\#(pk),"n":{"N":"\#(random.below(3))"},"v":{"N":"\#(random.below(5))"}\#(indexed)\#(expires)}"#
        return try world[name].put(json)
    }

    private mutating func write(in name: RegionName) throws {
        let write = try randomWrite(in: name, key: random.below(Self.keys))
        try apply(.write(write), in: name)
    }

    /// What is expired by the region's clock, one look late: as the shell does it.
    private mutating func sweep(in name: RegionName) throws {
        let sweep = try world[name].sweepCommand(Self.table, limit: 1 + random.below(3))
        if random.isTrue(1, in: 3) { try write(in: name) }
        try apply(sweep, in: name)
    }

    private mutating func transact(in name: RegionName) throws {
        transactions += 1
        let keys = (0..<Self.keys).shuffled(using: &random).prefix(2 + random.below(2))
        let writes = try keys.map { try randomWrite(in: name, key: $0) }
        try apply(.transact(Transaction(id: "t\(transactions)", writes: writes, token: nil)), in: name)
    }

    /// Makes a client's write and notes it. I11: its version exceeds the one that it replaced.
    private mutating func apply(_ command: Command, in name: RegionName) throws {
        let number = try world[name].table(Self.table).number
        let head = try world[name].counters(Self.table).nextSequence
        let before = try versions(in: name)
        try world[name].apply(command)
        let schema = try world[name].table(Self.table).keySchema
        for record in try world[name].changes(of: number, from: head) {
            let key = try schema.key(of: record.newImage ?? record.oldImage ?? .empty)
            #expect(record.version.region == name, comment)
            #expect(record.baseVersion == before[key], comment)
            if let base = before[key] { #expect(record.version > base, comment) }
            #expect(written[key]?[record.version] == nil, "a version was given out twice; \(comment)")
            written[key, default: [:]][record.version] = .some(record.newImage)
        }
    }

    private func versions(in name: RegionName) throws -> [EncodedKey: Version] {
        Dictionary(uniqueKeysWithValues: try world.snapshot(Self.table, name).map { ($0.key, $0.state.version) })
    }

    // MARK: Links and clocks

    private mutating func link() -> (RegionName, RegionName) {
        let source = member()
        let targets = members.filter { $0 != source }
        return (source, targets[random.below(targets.count)])
    }

    private mutating func deliver() throws {
        let (source, target) = link()
        let limit = random.isTrue(1, in: 3) ? Int.max : 1 + random.below(4)
        let before = try world[target].partition(Self.table).cursors[source]
        let (changes, _) = try world.deliver(Self.table, from: source, to: target, limit: limit)
        #expect(changes.allSatisfy { $0.version.region == source }, "I12: only own changes travel; \(comment)")
        #expect(!changes.contains { before?.covers($0.sequence) ?? false }, "each change travels once; \(comment)")
        if random.isTrue(1, in: 8) { try checkCursor(from: source, to: target) }
    }

    /// The cursor never passes a change that is not applied, and changes of one item never overtake each other.
    private func checkCursor(from source: RegionName, to target: RegionName) throws {
        guard let cursor = try world[target].partition(Self.table).cursors[source] else { return }
        let schema = try world[source].table(Self.table).keySchema
        let versions = try versions(in: target)
        var waiting: Set<EncodedKey> = []
        for record in try world[source].changes(of: Self.table) where record.version.region == source {
            let key = try schema.key(of: record.newImage ?? record.oldImage ?? .empty)
            guard cursor.covers(record.sequence) else {
                waiting.insert(key)
                continue
            }
            #expect(!waiting.contains(key), "a change was overtaken by a later one of its item; \(comment)")
            guard record.sequence >= cursor.next, let version = versions[key] else { continue }
            #expect(version >= record.version, "what is ahead of the cursor is applied; \(comment)")
        }
    }

    /// A link stops, goes on, delays or re-orders from now on.
    private mutating func tune() {
        let (source, target) = link()
        var settings = LinkSettings(seed: UInt64(random.below(1000)))
        settings.state = random.isTrue(1, in: 4) ? .paused : .running
        settings.reorders = random.isTrue(1, in: 2)
        settings.delay = [.none, .uniform(lowest: 0, highest: 40), .normal(mean: 10, deviation: 10)][random.below(3)]
        world.set(settings, from: source, to: target)
    }

    /// Whatever held it back, it arrives.
    private mutating func release(from source: RegionName, to target: RegionName) throws {
        world.set(LinkSettings(), from: source, to: target)
        try world.deliver(Self.table, from: source, to: target)
    }

    /// I8: what was delivered is delivered again, and nothing changes.
    private mutating func redeliver() throws {
        let (source, target) = link()
        let partition = try world[target].partition(Self.table)
        let first = durable[source]?[target] ?? 1
        guard let next = partition.cursors[source]?.next, next > first else { return }
        let last = first + UInt64(random.below(Int(next - first)))
        let before = [Space.items, .indexes].map { world[target].rows($0) }
        let counters = partition.counters
        let outcome = try world.redeliver(Self.table, from: source, to: target, sequences: first...last)
        #expect(outcome?.applied == 0, comment)
        #expect([Space.items, .indexes].map { world[target].rows($0) } == before, comment)
        #expect(try world[target].counters(Self.table) == counters, comment)
    }

    private mutating func jump(_ name: RegionName) {
        let magnitude = [0, 3, 400, 60_000, 3_600_000][random.below(5)]
        world.skew(name, milliseconds: Int64(magnitude) * (random.isTrue(1, in: 2) ? 1 : -1))
    }

    /// Collects tombstones. What the watermarks cover is durable before: no link ever goes back behind its cursor of now.
    private mutating func collect() throws {
        let name = member()
        for target in members {
            for (source, cursor) in try world[target].partition(Self.table).cursors {
                durable[source, default: [:]][target] = cursor.next
            }
        }
        _ = try world.collectTombstones(Self.table, in: name)
        try world[name].expectConsistent("\(comment)")
    }

    // MARK: Replicas that come and go

    private mutating func changeMembers() throws {
        if filling != nil {
            try fill()
        } else if let name = absent {
            try join(name)
        } else if random.isTrue(1, in: 8) {
            try leave(member())
        }
    }

    /// The others get the replica's last writes before it goes.
    private mutating func leave(_ name: RegionName) throws {
        for target in members where target != name { try release(from: name, to: target) }
        try world.leave(Self.table, name)
        absent = name
        durable[name] = nil
        for source in Self.regions { durable[source]?[name] = nil }
    }

    private mutating func join(_ name: RegionName) throws {
        let source = member()
        try world.join(Self.table, name, from: source)
        for (peer, cursor) in try world[name].partition(Self.table).cursors {
            durable[peer, default: [:]][name] = cursor.next
        }
        absent = nil
        filling = Filling(name: name, source: source)
        refilled.insert(name)
    }

    private mutating func fill() throws {
        guard var filling else { return }
        if let states = filling.states {
            let count = min(states.count, 1 + random.below(3))
            _ = try world.backfill(Self.table, filling.name, Array(states[..<count]))
            filling.states = Array(states[count...])
        } else {
            filling.states = try world.snapshot(Self.table, filling.source)
        }
        self.filling = filling
        guard filling.states?.isEmpty == true else { return }
        for source in members where source != filling.name {
            try release(from: source, to: filling.name)
        }
        try world.activate(Self.table, filling.name)
        self.filling = nil
    }

    mutating func heal() throws {
        for name in Self.regions { world.skew(name, milliseconds: 0) }
        while filling != nil { try fill() }
        try world.heal(Self.table)
    }

    /// Undoes a write in one replica, as a link that skipped it would.
    mutating func corrupt() throws {
        let name = members[0]
        let table = try world[name].table(Self.table)
        let key = try #require(try world.snapshot(Self.table, name).first { $0.state.item != nil }).key
        var batch = WriteBatch()
        batch.delete(StorageKeys.item(table.number, key), in: .items)
        world[name].store.commit(batch, durability: .synced)
    }
}

// MARK: - After healing

extension RandomHistory {
    func checkConverged() throws {
        #expect(try differences().isEmpty, "I9: replicas differ; \(comment)")
        for name in members {
            try world[name].expectConsistent("\(comment)")
            try checkWinners(in: name)
            try checkStream(of: name)
            try checkArrivals(in: name)
        }
    }

    /// Each transaction has arrived whole, and was told of once.
    private func checkArrivals(in name: RegionName) throws {
        #expect(world[name].engine.arrivals.count == 0, comment)
        let entries = try ControlLog.entries(from: 1, limit: .max, reading: world[name].store)
        guard !refilled.contains(name) else { return }
        let arrived = try entries.filter { $0.kind == .transactionArrived }.map { entry in
            let event = try JSONDocument(parsing: entry.json)
            return event.string(try #require(event.member("subject", of: event.root)))
        }
        #expect(Set(arrived).count == arrived.count, comment)
        let own = Set(
            try world[name].changes(of: Self.table).compactMap { record in
                record.version.region == name ? nil : record.transaction?.id
            })
        #expect(own.isSubset(of: arrived), comment)
    }

    /// Keys whose state is not the same everywhere. A tombstone counts as nothing where it was collected.
    func differences() throws -> [EncodedKey] {
        let states = try members.map { name in
            Dictionary(uniqueKeysWithValues: try world.snapshot(Self.table, name).map { ($0.key, $0.state) })
        }
        return Set(states.flatMap(\.keys)).filter { key in
            let found = states.map { $0[key] }
            if found.allSatisfy({ $0 == found[0] }) { return false }
            return found.contains { $0?.item != nil } || Set(found.compactMap { $0?.version }).count > 1
        }
    }

    /// I10: the state is that of the highest version ever written.
    private func checkWinners(in name: RegionName) throws {
        let states = Dictionary(
            uniqueKeysWithValues: try world.snapshot(Self.table, name).map { ($0.key, $0.state) })
        #expect(Set(states.keys).isSubset(of: written.keys), comment)
        for (key, versions) in written {
            guard let winner = versions.max(by: { $0.key < $1.key }) else { continue }
            guard let state = states[key] else {
                #expect(winner.value == nil, "an item is gone; \(comment)")
                continue
            }
            #expect(state == StoredItem(version: winner.key, item: winner.value), comment)
        }
    }

    /// I6 and I7: the stream tells the whole story of each key in order, each change once.
    private func checkStream(of name: RegionName) throws {
        let schema = try world[name].table(Self.table).keySchema
        var images: [EncodedKey: Item] = [:]
        var seen: [EncodedKey: Set<Version>] = [:]
        var last: [EncodedKey: Version] = [:]
        for record in try world[name].changes(of: Self.table) {
            let key = try schema.key(of: record.newImage ?? record.oldImage ?? .empty)
            if last[key] != nil || !refilled.contains(name) {
                #expect(images[key] == record.oldImage, "each record begins where the one before it ended; \(comment)")
            }
            #expect(record.oldImage != record.newImage, "a record tells of a change; \(comment)")
            let isNew = seen[key, default: []].insert(record.version).inserted
            #expect(isNew, "I7: one record for one change; \(comment)")
            if let before = last[key] { #expect(record.version > before, "versions of a key grow; \(comment)") }
            #expect(written[key]?[record.version] == .some(record.newImage), "what was never written; \(comment)")
            images[key] = record.newImage
            last[key] = record.version
        }
        let isWhole = !refilled.contains(name)
        let items = try world.snapshot(Self.table, name).filter {
            $0.state.item != nil && (isWhole || last[$0.key] != nil)
        }
        #expect(images == Dictionary(uniqueKeysWithValues: items.map { ($0.key, $0.state.item ?? .empty) }), comment)
    }
}
