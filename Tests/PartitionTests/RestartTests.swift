import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Replication
import Testing

@testable import Partition

/// A region that is read back from its store is the one that wrote it.
@Suite struct RestartTests {
    private static let peer = RegionName(stored: "eu-west-1")

    @Test("definitions, counters, cursors, clock and table numbers come back")
    func equality() throws {
        var region = TestRegion()
        let local = IndexDefinition.global("L", "pk=S l=B", .include(["x", "é"]), ordinal: 1)
        var definition = region.definition(
            "T", keys: "pk=S sk=N", local: [local], global: [.global("G", "g=N", .keysOnly, ordinal: 2)],
            peers: [Self.peer])
        definition.tags = [Tag(key: "k", value: "\"v\"/ü")]
        definition.tableClass = "STANDARD"
        definition.isProtectedFromDeletion = true
        definition.peers[0].status = .creating
        definition.billing = Billing(
            mode: .provisioned, throughput: Throughput(readUnits: 1, writeUnits: 2), payPerRequestMilliseconds: 3)
        try region.create(definition, stream: .keysOnly)
        try region.create(region.definition("Gone"), stream: nil)
        try region.create(region.definition("U"), stream: nil)
        try region.apply(.changeCatalogue(.drop(2)))
        for number in 0..<20 {
            region.wallMilliseconds += 7
            try region.apply(
                .write(region.put(#"{"pk":{"S":"a"},"sk":{"N":"\#(number % 6)"},"v":{"N":"\#(number)"}}"#)))
        }
        try region.replicate(
            #"{"pk":{"S":"r"},"sk":{"N":"1"}}"#, from: Self.peer, at: at(region.wallMilliseconds + 400, 3), next: 17)
        try region.apply(.changeCatalogue(.disableStream(1)))
        region.wallMilliseconds += 1
        try region.apply(.changeCatalogue(.enableStream(1, .newImage)))
        region.wallMilliseconds += Stream.shardAgeMilliseconds
        try region.apply(.expire(.rollShards))
        try region.apply(.expire(.changes(table: 1, before: 5)))

        let before = region.engine
        try region.restart()
        let after = region.engine
        #expect(after.tables.keys.sorted() == [1, 3])
        for (number, partition) in before.tables {
            #expect(after.tables[number]?.definition == partition.definition)
            #expect(after.tables[number]?.counters == partition.counters)
            #expect(after.tables[number]?.cursors == partition.cursors)
        }
        #expect(after.clock.last == before.clock.last)
        #expect(after.nextTableNumber == 4, "numbers of dropped tables are not used again")
        #expect(after.tables[1]?.cursors[Self.peer]?.next == 17)
        try region.expectConsistent()
    }

    @Test("an empty store is an empty region")
    func empty() {
        let engine = TestRegion().engine
        #expect(engine.tables.isEmpty)
        #expect(engine.nextTableNumber == 1)
        #expect(engine.clock.last == .zero)
    }

    @Test("the clock goes on from where it was, although the wall was put back")
    func clock() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        try region.apply(.write(region.put(#"{"pk":{"S":"a"}}"#)))
        let first = try region.version(#"{"pk":{"S":"a"}}"#)
        try region.restart()
        region.wallMilliseconds = 5
        try region.apply(.write(region.put(#"{"pk":{"S":"b"}}"#)))
        #expect(try region.version(#"{"pk":{"S":"b"}}"#) > first)
    }

    @Test("remembered definitions are those that are stored")
    func remembersDefinitions() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        let memory = DefinitionMemory()
        for peers in [[], [], [Self.peer]] {
            if !peers.isEmpty { try region.create(region.definition("U", peers: peers)) }
            let fresh = try RegionEngine(loading: region.store, as: region.name)
            let read = try RegionEngine(loading: region.store, as: region.name, remembering: memory)
            #expect(read.tables.mapValues(\.definition) == fresh.tables.mapValues(\.definition))
            #expect(read.tables.count == (peers.isEmpty ? 1 : 2))
        }
    }

    @Test("definitions that were noted when they were written are those that are stored")
    func notesDefinitions() throws {
        var region = TestRegion()
        let memory = DefinitionMemory()
        let table = region.definition("T", peers: [Self.peer])
        let enabled = TimeToLive(attributeName: "t", status: .enabled, changedMilliseconds: region.wallMilliseconds)
        let groups: [[CatalogueChange]] = [
            [.create(table), .enableStream(table.number, .newAndOldImages)],
            [.edit(table.number) { $0.timeToLive = enabled }, .edit(table.number) { $0.peers[0].status = .deleting }],
            [.disableStream(table.number)],
            [.edit(table.number) { $0.status = .updating }, .enableStream(table.number, .keysOnly)],
            [.edit(table.number) { $0.peers = [] }],
            [.drop(table.number)],
        ]
        for changes in groups {
            try region.apply(changes.map { .changeCatalogue($0) })
            memory.note(region.lastBatch, of: region.engine)
            for (key, stored) in region.rows(.metadata) where key.first == UInt8(ascii: "t") {
                let noted = try #require(memory[stored])
                let fresh = try RegionEngine(loading: region.store, as: region.name)
                #expect(noted == fresh.tables[table.number]?.definition)
            }
        }
    }

    @Test("the store of another region is not opened")
    func otherRegion() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        #expect(throws: StoreError.self) {
            try RegionEngine(loading: region.store, as: RegionName(stored: "eu-west-1"))
        }
    }

    @Test("damaged rows are reported, never served", arguments: ["r", "h", "t", "c", "l", "k"])
    func damage(kind: String) throws {
        var region = TestRegion()
        try region.create(region.definition("T", peers: [Self.peer]))
        let token = IdempotencyToken(token: "token", digest: [1])
        let write = try region.put(#"{"pk":{"S":"a"}}"#)
        try region.apply(.transact(Transaction(id: "t", writes: [write], token: token)))
        try region.replicate(#"{"pk":{"S":"b"}}"#, from: Self.peer, at: at(TestRegion.start), next: 2)

        let key = try #require(region.rows(.metadata).keys.first { $0.first == Array(kind.utf8)[0] })
        var batch = WriteBatch()
        batch.put(key, [0xFF], in: .metadata)
        region.store.commit(batch, durability: .synced)
        #expect(throws: StoreError.self) { try RegionEngine(loading: region.store, as: region.name) }
    }

    @Test("a damaged item stops the command that meets it")
    func damagedItem() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        let write = try region.put(#"{"pk":{"S":"a"}}"#)
        var batch = WriteBatch()
        batch.put(StorageKeys.item(write.table, write.key), [9, 9, 9], in: .items)
        region.store.commit(batch, durability: .synced)
        #expect(throws: StoreError.self) { try region.apply(.write(write)) }
    }
}
