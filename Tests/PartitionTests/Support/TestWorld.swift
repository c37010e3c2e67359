import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication

/// Several regions with their tables, and the links between them, which move only when they are told to.
struct TestWorld {
    private(set) var regions: [RegionName: TestRegion] = [:]
    /// The true time; each region's wall clock is off by its skew.
    private(set) var nowMilliseconds = TestRegion.start
    private var skewMilliseconds: [RegionName: Int64] = [:]
    /// How links treat what they carry, by source and target; those that are not named carry everything at once.
    private var settings: [RegionName: [RegionName: LinkSettings]] = [:]

    init(_ names: [RegionName]) {
        for name in names { regions[name] = TestRegion(name.name) }
    }

    var names: [RegionName] { regions.keys.sorted() }

    subscript(_ name: RegionName) -> TestRegion {
        get { regions[name, default: TestRegion(name.name)] }
        _modify { yield &regions[name, default: TestRegion(name.name)] }
    }

    // MARK: Time

    mutating func wait(milliseconds: UInt64) {
        nowMilliseconds += milliseconds
        setClocks()
    }

    mutating func skew(_ name: RegionName, milliseconds: Int64) {
        skewMilliseconds[name] = milliseconds
        setClocks()
    }

    private mutating func setClocks() {
        for name in names {
            regions[name]?.wallMilliseconds = UInt64(Int64(nowMilliseconds) + (skewMilliseconds[name] ?? 0))
        }
    }

    // MARK: Tables

    /// Creates a table in some regions, as a global table when they are several.
    mutating func createTable(
        _ tableName: String, keys: String, global: [IndexDefinition] = [], stream: StreamViewType?,
        isLegacy: Bool = false, in members: [RegionName]
    ) throws {
        for member in members {
            let peers = members.filter { $0 != member }
            let definition = self[member].definition(
                tableName, keys: keys, global: global, peers: isLegacy ? [] : peers)
            try self[member].create(definition, stream: stream)
            let number = try self[member].table(tableName).number
            if isLegacy { try joinLegacy(number, in: member, peers: peers) }
            for peer in peers {
                try self[member].apply(.changeCatalogue(.setCursor(number, peer: peer, LinkCursor(next: 1))))
            }
        }
    }

    private mutating func joinLegacy(
        _ number: TableDefinition.Number, in member: RegionName, peers: [RegionName]
    ) throws {
        let membership = LegacyMembership(
            createdMilliseconds: nowMilliseconds, peers: peers, versionFloor: .zero)
        try self[member].apply([
            .changeCatalogue(.joinLegacyGlobalTable(number, membership)),
            .changeCatalogue(
                .edit(number) { definition in
                    definition.legacyGlobalTable?.status = .active
                    for index in definition.peers.indices { definition.peers[index].status = .active }
                }),
        ])
    }

    /// The regions that hold a replica.
    func members(_ tableName: String) -> [RegionName] {
        names.filter { (try? self[$0].table(tableName)) != nil }
    }

    /// Lets items of all replicas expire by an attribute.
    mutating func setTimeToLive(_ tableName: String, attribute: Text) throws {
        for member in members(tableName) { try self[member].setTimeToLive(tableName, attribute: attribute) }
    }

    // MARK: Links

    mutating func set(_ link: LinkSettings, from source: RegionName, to target: RegionName) {
        settings[source, default: [:]][target] = link
    }

    func settings(from source: RegionName, to target: RegionName) -> LinkSettings {
        settings[source]?[target] ?? LinkSettings()
    }

    /// What a link would read next: the source's own changes from the target's cursor on, at most `limit` of them.
    private func read(
        _ tableName: String, from source: RegionName, to target: RegionName, limit: Int
    ) throws -> (changes: [ReplicatedChange], cursor: LinkCursor)? {
        let sourcePartition = try self[source].partition(tableName)
        let link = settings(from: source, to: target)
        guard let cursor = try self[target].partition(tableName).cursors[source], link.state == .running else {
            return nil
        }
        var pass = LinkPass(
            link, table: tableName, from: source, to: target, cursor: cursor,
            nowMilliseconds: self[source].wallMilliseconds)
        var changes: [ReplicatedChange] = []
        for record in try self[source].changes(of: sourcePartition.definition.number, from: cursor.next) {
            guard changes.count < limit, !pass.isOver else { break }
            let change = try ReplicatedChange(record, of: sourcePartition.definition)
            let isLegacy = sourcePartition.definition.isLegacyGlobal
            guard record.version.region == source, !isLegacy || change.travelsFromLegacyGlobalTable else {
                pass.skip(record.sequence)
                continue
            }
            let decision = pass.decide(
                record.sequence, key: change.key, commitMilliseconds: record.commitMilliseconds)
            if decision == .travels { changes.append(change) }
        }
        var moved = pass.cursor(watermark: cursor.watermark)
        if moved.next >= sourcePartition.counters.nextSequence { moved.watermark = self[source].engine.clock.last }
        return (changes, moved)
    }

    /// Moves a link on by one command.
    @discardableResult
    mutating func deliver(
        _ tableName: String, from source: RegionName, to target: RegionName, limit: Int = .max
    ) throws -> (changes: [ReplicatedChange], outcome: ReplicationOutcome?) {
        guard let (changes, cursor) = try read(tableName, from: source, to: target, limit: limit) else {
            return ([], nil)
        }
        let number = try self[target].table(tableName).number
        let reply = try self[target].apply(
            .replicate(ReplicatedChanges(table: number, peer: source, changes: changes, cursor: cursor)))
        return (changes, reply.replication)
    }

    /// Sends changes that were sent before once more; the cursor stays where it is.
    mutating func redeliver(
        _ tableName: String, from source: RegionName, to target: RegionName, sequences: ClosedRange<UInt64>
    ) throws -> ReplicationOutcome? {
        let sourceTable = try self[source].table(tableName)
        let targetPartition = try self[target].partition(tableName)
        guard let cursor = targetPartition.cursors[source] else { return nil }
        let changes = try self[source].changes(of: sourceTable.number)
            .filter { sequences.contains($0.sequence) && $0.version.region == source }
            .map { try ReplicatedChange($0, of: sourceTable) }
            .filter { !sourceTable.isLegacyGlobal || $0.travelsFromLegacyGlobalTable }
        return try self[target].apply(
            .replicate(
                ReplicatedChanges(
                    table: targetPartition.definition.number, peer: source, changes: changes, cursor: cursor))
        ).replication
    }

    /// Delivers everything, whatever holds it back, until nothing is under way any more.
    mutating func heal(_ tableName: String) throws {
        settings = [:]
        let members = members(tableName)
        // Own changes make one trip each; the second round carries the clocks that have seen them.
        for _ in 0..<2 {
            for source in members {
                for target in members where target != source {
                    try deliver(tableName, from: source, to: target)
                }
            }
        }
    }

    // MARK: Tombstones

    /// The lowest watermark of all links, as housekeeping computes it; nil while the membership is unclear.
    func tombstoneHorizon(_ tableName: String, in name: RegionName) throws -> HybridTimestamp? {
        let replicas = try members(tableName).map { member in
            let partition = try self[member].partition(tableName)
            return LogRetention.Replica(
                definition: partition.definition, watermarks: partition.cursors.mapValues(\.watermark))
        }
        return LogRetention.tombstoneHorizon(of: replicas, clock: self[name].engine.clock.last)
    }

    /// Collects what may go in one region; answers how much that was.
    mutating func collectTombstones(_ tableName: String, in name: RegionName) throws -> Int {
        guard let horizon = try tombstoneHorizon(tableName, in: name) else { return 0 }
        let table = try self[name].table(tableName)
        let keys = try StorageKeys.tombstones(
            of: table, upTo: horizon, limit: 10_000, reading: self[name].store)
        try self[name].apply(.expire(.tombstones(table: table.number, keys: keys)))
        return keys.count
    }
}

// MARK: - Replicas that come and go

extension TestWorld {
    /// Makes a new replica known to all members, and its links begin where the source stands.
    mutating func join(_ tableName: String, _ name: RegionName, from source: RegionName) throws {
        let members = members(tableName)
        for member in members {
            let number = try self[member].table(tableName).number
            let peer = Peer(region: name, status: .creating, source: source, addedMilliseconds: nowMilliseconds)
            try self[member].apply([
                .changeCatalogue(.setCursor(number, peer: name, LinkCursor(next: 1))),
                .changeCatalogue(.edit(number) { $0.peers.append(peer) }),
            ])
        }
        let definition = try self[source].table(tableName).replica(
            number: self[name].engine.nextTableNumber, in: name, tableID: "id-\(tableName)-\(name)",
            members: [source] + members.filter { $0 != source }, nowMilliseconds: nowMilliseconds)
        try self[name].create(definition)
        let head = try self[source].partition(tableName)
        for member in members {
            let next = member == source ? head.counters.nextSequence : head.cursors[member]?.next ?? 1
            try self[name].apply(
                .changeCatalogue(.setCursor(definition.number, peer: member, LinkCursor(next: next))))
        }
    }

    /// All states of a table, tombstones included.
    func snapshot(_ tableName: String, _ name: RegionName) throws -> [(key: EncodedKey, state: StoredItem)] {
        try self[name].states(of: try self[name].table(tableName))
    }

    mutating func backfill(
        _ tableName: String, _ name: RegionName, _ states: [(key: EncodedKey, state: StoredItem)]
    ) throws -> ReplicationOutcome? {
        let number = try self[name].table(tableName).number
        return try self[name].apply(.backfill(BackfillChunk(table: number, states: states))).replication
    }

    mutating func activate(_ tableName: String, _ name: RegionName) throws {
        for member in members(tableName) {
            let number = try self[member].table(tableName).number
            try self[member].apply(
                .changeCatalogue(
                    .edit(number) { definition in
                        if definition.region == name { definition.status = .active }
                        for index in definition.peers.indices where definition.peers[index].region == name {
                            definition.peers[index].status = .active
                        }
                    }))
        }
    }

    /// Removes a replica; what it has not handed over is lost.
    mutating func leave(_ tableName: String, _ name: RegionName) throws {
        for member in members(tableName) {
            let number = try self[member].table(tableName).number
            if member == name {
                try self[member].apply(.changeCatalogue(.drop(number)))
            } else {
                try self[member].apply([
                    .changeCatalogue(.edit(number) { $0.peers.removeAll { $0.region == name } }),
                    .changeCatalogue(.removeCursor(number, peer: name)),
                ])
            }
        }
    }
}
