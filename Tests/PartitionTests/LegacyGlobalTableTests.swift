import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import TestSupport
import Testing

/// Tables of global tables of version 2017.11.29 in one region: stamps, sizes, indexes, membership. `Tests/Scripts/legacy-global-table.txt` has the
/// conversations between regions.
@Suite struct LegacyGlobalTableTests {
    private static let eu = RegionName(stored: "eu-west-1")

    private func legacyRegion(global: [IndexDefinition] = []) throws -> TestRegion {
        var region = TestRegion()
        try region.create(region.definition("T", global: global))
        try join(&region)
        return region
    }

    private func join(_ region: inout TestRegion) throws {
        let number = try region.table().number
        let membership = LegacyMembership(createdMilliseconds: 5, peers: [Self.eu], versionFloor: .zero)
        try region.apply(.changeCatalogue(.joinLegacyGlobalTable(number, membership)))
    }

    @Test("the stamp has the time in seconds with six decimals that end in 001, and the region")
    func stamp() throws {
        var region = try legacyRegion()
        region.wallMilliseconds = 1_727_476_226_835
        try region.apply(.write(try region.put(#"{"pk":{"S":"a"}}"#)))
        let stored = try #require(try region.item(#"{"pk":{"S":"a"}}"#))
        #expect(stored.value(of: "aws:rep:updatetime") == .number(try DecimalNumber("1727476226.835001")))
        #expect(stored.value(of: "aws:rep:updateregion") == .string("us-east-1"))
        #expect(stored.value(of: "aws:rep:deleting") == .boolean(false))
    }

    @Test("a client is answered with what it wrote")
    func outcome() throws {
        var region = try legacyRegion()
        let outcome = try #require(try region.apply(.write(try region.put(#"{"pk":{"S":"a"}}"#))).outcome)
        #expect(outcome.newItem == (try readItem(#"{"pk":{"S":"a"}}"#)))
        let again = try #require(try region.apply(.write(try region.put(#"{"pk":{"S":"a"}}"#))).outcome)
        #expect(again.oldItem?.contains("aws:rep:updatetime") == true)
    }

    @Test("each write of an item shows another time, however fast they come")
    func times() throws {
        var region = try legacyRegion()
        for count in 0..<5 {
            try region.apply(.write(try region.put(#"{"pk":{"S":"a"},"n":{"N":"\#(count)"}}"#)))
        }
        let records = try region.changes()
        #expect(records.count == 10)
        let times = records.compactMap { $0.newImage?.value(of: "aws:rep:updatetime") }
        #expect(times.count == 5 && Set(times).count == 5)
        let table = try region.table()
        let travel = try records.map { try ReplicatedChange($0, of: table).travelsFromLegacyGlobalTable }
        #expect(travel == (0..<10).map { $0 % 2 == 1 })
    }

    @Test("an item must have room for its stamp")
    func size() throws {
        var region = try legacyRegion()
        func put(_ count: Int) throws -> Reply {
            let text = String(repeating: "x", count: count)
            return try region.apply(.write(try region.put(#"{"pk":{"S":"a"},"b":{"S":"\#(text)"}}"#)))
        }
        let free = Item.sizeMax - "pka".count - "b".count
        #expect(try put(free).failure == .invalid("Item size has exceeded the maximum allowed size"))
        #expect(try put(free - 100).outcome != nil)
        let stored = try #require(try region.item(#"{"pk":{"S":"a"}}"#))
        #expect(stored.size <= Item.sizeMax)
    }

    @Test("an index may have the stamp as its key")
    func index() throws {
        let byRegion = IndexDefinition.global("R", "aws:rep:updateregion=S", .all)
        var region = try legacyRegion(global: [byRegion])
        try region.apply(.write(try region.put(#"{"pk":{"S":"a"}}"#)))
        try region.apply(.write(try region.put(#"{"pk":{"S":"a"},"n":{"N":"1"}}"#)))
        try region.expectConsistent()
        #expect(region.rows(.indexes).count == 1)
        try region.apply(.write(try region.write(.delete, #"{"pk":{"S":"a"}}"#)))
        try region.expectConsistent()
    }

    @Test("a table that holds items by then does not join")
    func notEmpty() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        try region.apply(.write(try region.put(#"{"pk":{"S":"a"}}"#)))
        try join(&region)
        #expect(try !region.table().isLegacyGlobal)
        #expect(try region.table().peers.isEmpty)
    }

    @Test("what was logged before a table joined is not for the others; a restart knows")
    func firstSequence() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        try region.apply(.write(try region.put(#"{"pk":{"S":"a"}}"#)))
        try region.apply(.write(try region.write(.delete, #"{"pk":{"S":"a"}}"#)))
        try join(&region)
        try region.restart()
        let membership = try #require(try region.table().legacyGlobalTable)
        #expect(membership.firstSequence == 3)
        #expect(membership.status == .joining)
        #expect(membership.createdMilliseconds == 5)
        #expect(try region.table().peers.map(\.region) == [Self.eu])
    }

    @Test("a table that has left keeps its items and their stamps, and is stamped no more")
    func leave() throws {
        var region = try legacyRegion()
        let number = try region.table().number
        try region.apply(.changeCatalogue(.setCursor(number, peer: Self.eu, LinkCursor(next: 4))))
        try region.apply(.write(try region.put(#"{"pk":{"S":"a"}}"#)))
        try region.apply(.changeCatalogue(.leaveLegacyGlobalTable(number)))
        try region.restart()
        #expect(try region.table().peers.isEmpty)
        #expect(try region.partition("T").cursors.isEmpty)
        #expect(try region.item(#"{"pk":{"S":"a"}}"#)?.contains("aws:rep:updatetime") == true)
        let before = try region.counters().nextSequence
        try region.apply(.write(try region.put(#"{"pk":{"S":"a"}}"#)))
        #expect(try region.counters().nextSequence == before + 1)
        #expect(try region.item(#"{"pk":{"S":"a"}}"#) == readItem(#"{"pk":{"S":"a"}}"#))
        try region.expectConsistent()
    }

    @Test("a definition from before there were such tables is read as it was")
    func oldDefinition() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        let bytes = try #require(region.store.value(of: StorageKeys.table(1), in: .metadata))
        #expect(!String(decoding: bytes, as: UTF8.self).contains("legacy"), "such a table is stored as before")
        try region.restart()
        #expect(try !region.table().isLegacyGlobal)
    }
}
