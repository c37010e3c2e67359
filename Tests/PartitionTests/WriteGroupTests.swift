import AttributeModel
import Bytes
import ChangeStream
import Expressions
import KeyValueStore
import Partition
import Replication
import Testing

/// Commands of one group take effect in order, and the store learns of all of them at once.
@Suite struct WriteGroupTests {
    private func region() throws -> TestRegion {
        var region = TestRegion()
        try region.create(
            region.definition("T", global: [.global("G", "g=S")], peers: [RegionName(stored: "eu-west-1")]),
            stream: nil)
        return region
    }

    @Test("a command sees what the commands before it in the group did")
    func order() throws {
        var region = try region()
        let isNew = try condition("attribute_not_exists(pk)")
        let add = try update("ADD n :v", [(":v", number(1))])
        let replies = try region.apply([
            .write(region.put(#"{"pk":{"S":"a"},"g":{"S":"1"}}"#, if: isNew)),
            .write(region.put(#"{"pk":{"S":"a"}}"#, if: isNew)),
            .write(region.write(.update(add), #"{"pk":{"S":"a"}}"#)),
            .write(region.write(.update(add), #"{"pk":{"S":"a"}}"#)),
            .write(region.write(.delete, #"{"pk":{"S":"a"}}"#)),
            .write(region.put(#"{"pk":{"S":"a"},"g":{"S":"2"}}"#, if: isNew)),
        ])
        #expect(replies[1].failure == .conditionFailed(item(#"{"pk":{"S":"a"},"g":{"S":"1"}}"#)))
        #expect(replies[3].outcome?.newItem == item(#"{"pk":{"S":"a"},"g":{"S":"1"},"n":{"N":"2"}}"#))
        #expect(replies[5].outcome?.newItem == item(#"{"pk":{"S":"a"},"g":{"S":"2"}}"#))
        #expect(try region.changes().map(\.kind) == [.insert, .modify, .modify, .remove, .insert])
        let records = try region.changes()
        for (earlier, later) in zip(records, records.dropFirst()) {
            #expect(later.baseVersion == earlier.version)
            #expect(later.version > earlier.version)
        }
        try region.expectConsistent()
    }

    @Test("nothing is in the store before the commit")
    func isolation() throws {
        let region = try region()
        var engine = region.engine
        let before = Space.allCases.map { region.rows($0) }
        var group = WriteGroup(reading: region.store)
        let write = try region.put(#"{"pk":{"S":"a"},"g":{"S":"1"}}"#)
        let token = IdempotencyToken(token: "token", digest: [1])
        let commands: [Command] = [
            .write(write), .transact(Transaction(id: "t", writes: [write], token: token)),
            .changeCatalogue(.enableStream(write.table, .keysOnly)), .changeCatalogue(.create(region.definition("U"))),
            .changeCatalogue(.drop(write.table)),
        ]
        for command in commands {
            _ = try engine.apply(command, wallMilliseconds: region.wallMilliseconds, group: &group)
        }
        _ = engine.finish(&group)
        #expect(Space.allCases.map { region.rows($0) } == before)
        #expect(!group.batch.isEmpty)
    }

    @Test("a group that drops a table and makes it anew leaves nothing of the old one")
    func dropAndCreate() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"g":{"S":"1"}}"#)))
        let old = try region.table()
        let oldWrite = try region.put(#"{"pk":{"S":"b"},"g":{"S":"1"}}"#)
        var new = region.definition("T")
        new.streams = []
        let newWrite = ItemWrite(
            table: new.number, key: oldWrite.key, keyItem: oldWrite.keyItem, change: oldWrite.change,
            condition: try condition("attribute_not_exists(pk)"))
        let replies = try region.apply([
            .write(oldWrite), .changeCatalogue(.drop(old.number)), .write(oldWrite), .changeCatalogue(.create(new)),
            .write(newWrite),
        ])
        #expect(replies[0].outcome != nil)
        #expect(replies[2].failure == .tableNotFound)
        #expect(replies[4].outcome != nil)
        #expect(try region.counters().itemCount == 1)
        try region.expectConsistent()
        try region.restart()
        #expect(region.engine.tables.keys.sorted() == [new.number])
        try region.expectConsistent()
        #expect(
            region.rows(.metadata).keys.filter { $0.first == UInt8(ascii: "c") }.count == 1, "counters of one table")
    }

    @Test("what a reply promises is synced, and other groups need not be")
    func durability() throws {
        var region = try region()
        let write = try region.put(#"{"pk":{"S":"a"}}"#)
        let synced: [Command] = [
            .write(write), .writeEach([write]), .transact(Transaction(id: "t", writes: [write], token: nil)),
            .changeCatalogue(.enableStream(write.table, .keysOnly)), .flush,
        ]
        for command in synced {
            try region.apply(command)
            #expect(region.lastGroupNeededSync, "\(command)")
        }
        try region.replicate(
            #"{"pk":{"S":"b"}}"#, from: RegionName(stored: "eu-west-1"), at: at(TestRegion.start), next: 2)
        #expect(!region.lastGroupNeededSync, "a replicated write can be fetched again")
        try region.apply(.expire(.idempotencyTokens))
        #expect(!region.lastGroupNeededSync)
    }
}
