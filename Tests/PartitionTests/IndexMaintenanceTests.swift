import AttributeModel
import Bytes
import KeyValueStore
import Partition
import Replication
import Testing

@Suite struct IndexMaintenanceTests {
    private static let tableNumber: TableDefinition.Number = 1

    /// A table with a local index (`created`), a sparse global one, and one of keys only.
    private func region() throws -> TestRegion {
        var region = TestRegion()
        let local = IndexDefinition.global("byCreated", "pk=S created=N", .include(["title"]), ordinal: 1)
        let global = [
            IndexDefinition.global("byOwner", "owner=S pk=S", ordinal: 2),
            IndexDefinition.global("keys", "kind=S", .keysOnly, ordinal: 3),
        ]
        try region.create(region.definition("T", keys: "pk=S sk=S", local: [local], global: global))
        return region
    }

    private func entries(_ ordinal: IndexDefinition.Ordinal, _ region: TestRegion) -> Int {
        region.rows(.indexes).keys.filter { $0.starts(with: StorageKeys.indexEntries(Self.tableNumber, ordinal).lower) }
            .count
    }

    private func put(_ json: String, _ region: inout TestRegion) throws -> WriteOutcome {
        let reply = try region.apply(.write(region.put(json)))
        try region.expectConsistent(json)
        return try #require(reply.outcome)
    }

    @Test("an item is in those indexes whose key attributes it has")
    func sparse() throws {
        var region = try region()
        let plain = try put(#"{"pk":{"S":"a"},"sk":{"S":"1"}}"#, &region)
        #expect(plain.indexWrites.isEmpty)
        let owned = try put(#"{"pk":{"S":"a"},"sk":{"S":"2"},"owner":{"S":"o"}}"#, &region)
        #expect(owned.indexWrites.map(\.index) == ["byOwner"])
        let all = try put(
            #"{"pk":{"S":"a"},"sk":{"S":"3"},"owner":{"S":"o"},"created":{"N":"1"},"kind":{"S":"k"}}"#, &region)
        #expect(all.indexWrites.map(\.index) == ["byCreated", "byOwner", "keys"])
        #expect(all.indexWrites.map(\.isLocal) == [true, false, false])
        #expect([1, 2, 3].map { entries($0, region) } == [1, 2, 1])
    }

    @Test("an item that changes its index key moves, and one that loses it leaves")
    func moves() throws {
        var region = try region()
        _ = try put(#"{"pk":{"S":"a"},"sk":{"S":"1"},"owner":{"S":"o"},"kind":{"S":"k"}}"#, &region)
        let before = region.rows(.indexes)
        let moved = try put(#"{"pk":{"S":"a"},"sk":{"S":"1"},"owner":{"S":"p"},"kind":{"S":"k"}}"#, &region)
        #expect(moved.indexWrites.map(\.index) == ["byOwner", "byOwner"], "deleted there and put here")
        #expect(region.rows(.indexes) != before)
        #expect([2, 3].map { entries($0, region) } == [1, 1])
        _ = try put(#"{"pk":{"S":"a"},"sk":{"S":"1"}}"#, &region)
        #expect(region.rows(.indexes).isEmpty)
    }

    @Test("equal index keys of different items are different entries")
    func equalKeys() throws {
        var region = try region()
        for sortKey in ["1", "2", "3"] {
            _ = try put(#"{"pk":{"S":"a"},"sk":{"S":"\#(sortKey)"},"kind":{"S":"k"}}"#, &region)
        }
        #expect(entries(3, region) == 3)
        try region.apply(.write(region.write(.delete, #"{"pk":{"S":"a"},"sk":{"S":"2"}}"#)))
        #expect(entries(3, region) == 2)
        try region.expectConsistent()
    }

    @Test("a change costs an index write only where the index shows it")
    func projections() throws {
        var region = try region()
        let base = #""pk":{"S":"a"},"sk":{"S":"1"},"owner":{"S":"o"},"kind":{"S":"k"},"created":{"N":"1"}"#
        _ = try put("{\(base)}", &region)
        let titled = try put(#"{\#(base),"title":{"S":"t"}}"#, &region)
        #expect(titled.indexWrites.map(\.index) == ["byCreated", "byOwner"], "the index of keys shows no title")
        let other = try put(#"{\#(base),"title":{"S":"t"},"other":{"S":"long enough to see it"}}"#, &region)
        #expect(other.indexWrites.map(\.index) == ["byOwner"])
        let size = item(#"{\#(base),"title":{"S":"t"},"other":{"S":"long enough to see it"}}"#).size
        #expect(other.indexWrites.map(\.entryBytes) == [size], "the larger of the entries before and after")
        let smaller = try put(#"{\#(base),"title":{"S":"t"}}"#, &region)
        #expect(smaller.indexWrites.map(\.entryBytes) == [size])
    }

    @Test("an item that an index cannot hold is refused")
    func refusals() throws {
        let long = String(repeating: "x", count: 1025)
        let wrong = "One or more parameter values were invalid: "
        let cases: [(attributes: String, message: String)] = [
            (
                #""owner":{"N":"1"}"#,
                wrong + "Type mismatch for Index Key owner Expected: S Actual: N IndexName: byOwner"
            ),
            (
                #""owner":{"NULL":true}"#,
                wrong + "Type mismatch for Index Key owner Expected: S Actual: NULL IndexName: byOwner"
            ),
            (
                #""created":{"S":"1"}"#,
                wrong + "Type mismatch for Index Key created Expected: N Actual: S IndexName: byCreated"
            ),
            (
                #""kind":{"S":""}"#,
                "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
                    + "The AttributeValue for a key attribute cannot contain an empty string value. "
                    + "IndexName: keys, IndexKey: kind"
            ),
            (
                #""kind":{"S":"\#(long)\#(long)"}"#,
                wrong + "Size of hashkey has exceeded the maximum size limit of2048 bytes"
            ),
        ]
        var region = try region()
        for (attributes, message) in cases {
            let reply = try region.apply(.write(region.put(#"{"pk":{"S":"a"},"sk":{"S":"1"},\#(attributes)}"#)))
            #expect(reply.failure == .invalid(message), "\(attributes)")
        }
        let update = try update("SET kind = :v", [(":v", number(1))])
        let reply = try region.apply(.write(region.write(.update(update), #"{"pk":{"S":"a"},"sk":{"S":"1"}}"#)))
        #expect(
            reply.failure
                == .invalid("The update expression attempted to update the secondary index key to unsupported type"))
        #expect(region.rows(.items).isEmpty)
        #expect(region.rows(.indexes).isEmpty)
    }

    @Test("a wrong index key is refused although another key attribute of the index is missing")
    func wrongAndMissing() throws {
        var region = TestRegion()
        try region.create(region.definition("T", global: [.global("G", "a=S b=N")]))
        let reply = try region.apply(.write(region.put(#"{"pk":{"S":"x"},"b":{"S":"1"}}"#)))
        guard case .invalid? = reply.failure else {
            Issue.record("\(reply)")
            return
        }
    }

    @Test("a replicated item that an index cannot hold is stored, and left out of that index")
    func replicatedUnfit() throws {
        let peer = RegionName(stored: "eu-west-1")
        var region = TestRegion()
        try region.create(
            region.definition("T", global: [.global("G", "g=S"), .global("H", "h=S", ordinal: 2)], peers: [peer]))
        try region.replicate(
            #"{"pk":{"S":"a"},"g":{"N":"1"},"h":{"S":"h"}}"#, from: peer, at: at(TestRegion.start), next: 2)
        #expect(try region.item(#"{"pk":{"S":"a"}}"#) != nil)
        #expect([1, 2].map { entries($0, region) } == [0, 1])
        try region.expectConsistent()
        try region.replicate(
            #"{"pk":{"S":"a"},"g":{"S":"g"},"h":{"S":"h"}}"#, from: peer, at: at(TestRegion.start + 1), next: 3)
        #expect([1, 2].map { entries($0, region) } == [1, 1])
        try region.expectConsistent()
    }

    @Test("an item must fit its limit together with its projections into local indexes")
    func localIndexSize() throws {
        var region = try region()
        func put(_ bytes: Int, _ region: inout TestRegion) throws -> Reply {
            let title = String(repeating: "x", count: bytes)
            return try region.apply(
                .write(region.put(#"{"pk":{"S":"a"},"sk":{"S":"1"},"created":{"N":"1"},"title":{"S":"\#(title)"}}"#)))
        }
        // Table and index both hold the item's 5 + "title" + its value + pk 3 + sk 3 + created 9 bytes.
        let fitting = (Item.sizeMax - 2 * (3 + 3 + 9 + 5)) / 2
        #expect(try put(fitting + 1, &region).failure == .invalid("Item size has exceeded the maximum allowed size"))
        #expect(try put(fitting, &region).outcome != nil)
    }

    @Test("an index under construction takes writes at once, and older items when they are handed in")
    func construction() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        for key in ["a", "b", "c"] {
            try region.apply(.write(region.put(#"{"pk":{"S":"\#(key)"},"g":{"S":"\#(key)"}}"#)))
        }
        let table = try region.table()
        let keys = try ["a", "b", "c", "gone"].map { try table.keySchema.key(of: item(#"{"pk":{"S":"\#($0)"}}"#)) }
        try region.apply(
            .changeCatalogue(
                .edit(table.number) { $0.globalIndexes = [.global("G", "g=S", status: .creating)] }))
        // Changed, deleted, and unfit since the keys were collected.
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"g":{"S":"z"}}"#)))
        try region.apply(.write(region.write(.delete, #"{"pk":{"S":"b"}}"#)))
        try region.apply(.write(region.put(#"{"pk":{"S":"d"},"g":{"S":"d"}}"#)))
        #expect(entries(1, region) == 2)
        #expect(try region.apply(.indexItems(table: table.number, ordinal: 1, keys: keys)).isDone)
        try region.expectConsistent()
        #expect(try region.apply(.indexItems(table: table.number, ordinal: 1, keys: keys)).isDone, "twice is as once")
        try region.expectConsistent()
        #expect(entries(1, region) == 3)
    }

    @Test("a dropped index leaves nothing, and its ordinal is not used again")
    func drop() throws {
        var region = try region()
        _ = try put(#"{"pk":{"S":"a"},"sk":{"S":"1"},"owner":{"S":"o"},"kind":{"S":"k"}}"#, &region)
        let table = try region.table()
        #expect(table.nextIndexOrdinal == 4)
        try region.apply(.changeCatalogue(.dropIndex(table.number, 2)))
        #expect([2, 3].map { entries($0, region) } == [0, 1])
        #expect(try region.table().index(named: "byOwner") == nil)
        #expect(try region.table().nextIndexOrdinal == 4)
        _ = try put(#"{"pk":{"S":"a"},"sk":{"S":"1"},"owner":{"S":"p"},"kind":{"S":"k"}}"#, &region)
        let reply = try region.apply(.indexItems(table: table.number, ordinal: 2, keys: []))
        #expect(reply.failure == .tableNotFound, "whoever fills the index learns that it is gone")
    }
}
