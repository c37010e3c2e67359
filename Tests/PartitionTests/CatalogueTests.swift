import AttributeModel
import ChangeStream
import Foundation
import KeyValueStore
import Partition
import Replication
import Testing

@Suite struct CatalogueTests {
    @Test("a table's stream is enabled once, and disabled once")
    func streams() throws {
        var region = TestRegion()
        try region.create(region.definition("T"), stream: nil)
        #expect(try region.table().streams.isEmpty)
        for _ in 0..<2 { try region.apply(.changeCatalogue(.disableStream(1))) }
        for viewType in [StreamViewType.keysOnly, .newImage] {
            try region.apply(.changeCatalogue(.enableStream(1, viewType)))
        }
        #expect(try region.table().streams.map(\.viewType) == [.keysOnly])
        try region.apply(.write(region.put(#"{"pk":{"S":"a"}}"#)))
        try region.apply(.changeCatalogue(.disableStream(1)))
        try region.apply(.write(region.put(#"{"pk":{"S":"b"}}"#)))
        try region.apply(.changeCatalogue(.enableStream(1, .newImage)))
        try region.apply(.write(region.put(#"{"pk":{"S":"c"}}"#)))
        let streams = try region.table().streams
        #expect(streams.map(\.isEnabled) == [false, true])
        #expect(streams[0].label != streams[1].label, "labels differ, although not a millisecond has passed")
        #expect(streams.flatMap(\.shards).map(\.first) == [1, 2])
        #expect(streams.flatMap(\.shards).map(\.end) == [2, nil])
        #expect(
            try region.table().streamARN(streams[1])
                == "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/\(streams[1].label)")
    }

    @Test("a definition is stored as JSONEncoder writes it")
    func storedForm() throws {
        var region = TestRegion()
        try region.create(region.definition("T"), stream: .newImage)
        try region.apply(
            .changeCatalogue(
                .edit(1) { definition in
                    definition.tags = [Tag(key: "a/\"b\"\n", value: "é 🌊 \u{1}"), Tag(key: "", value: "\\")]
                    definition.tableClass = "STANDARD"
                    let peer = RegionName(stored: "eu-west-1")
                    definition.peers = [Peer(region: peer, status: .active, source: nil, addedMilliseconds: 7)]
                    definition.proposedReplicas = [definition]
                }))
        let definition = try region.table()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let expected = String(decoding: try encoder.encode(definition), as: UTF8.self)
        #expect(String(decoding: CatalogueCodec.encodeJSON(definition), as: UTF8.self) == expected)
    }

    @Test("an edit changes the definition as it is by then, and an edit of a table that is gone changes nothing")
    func edits() throws {
        var region = TestRegion()
        try region.create(region.definition("T"), stream: nil)
        try region.apply([
            .changeCatalogue(.edit(1) { $0.tags.append(Tag(key: "a", value: "1")) }),
            .changeCatalogue(.edit(1) { $0.tags.append(Tag(key: "b", value: "\($0.tags.count)")) }),
        ])
        #expect(try region.table().tags == [Tag(key: "a", value: "1"), Tag(key: "b", value: "1")])
        try region.apply([.changeCatalogue(.drop(1)), .changeCatalogue(.edit(1) { $0.status = .active })])
        #expect(region.engine.tables.isEmpty)
        #expect(region.rows(.metadata).keys.allSatisfy { [UInt8(ascii: "r"), UInt8(ascii: "h")].contains($0.first) })
    }

    @Test("who shows the catalogue learns of every change, once")
    func notice() throws {
        let region = TestRegion()
        var engine = region.engine
        func isChanged(after command: Command?) throws -> Bool {
            if let command {
                var group = WriteGroup(reading: region.store)
                _ = try engine.apply(command, wallMilliseconds: TestRegion.start, group: &group)
            }
            return engine.takeCatalogueChange()
        }
        #expect(try isChanged(after: nil), "a new engine has all to show")
        #expect(try !isChanged(after: nil))
        #expect(try isChanged(after: .changeCatalogue(.create(region.definition("T")))))
        #expect(try isChanged(after: .changeCatalogue(.enableStream(1, .keysOnly))))
        #expect(try !isChanged(after: .flush))
        #expect(try !isChanged(after: .expire(.rollShards)), "no shard is old enough")
        #expect(try isChanged(after: .changeCatalogue(.drop(1))))
    }

    @Test("dropping a table removes all its rows and no others")
    func drop() throws {
        var region = TestRegion()
        let peer = RegionName(stored: "eu-west-1")
        for name in ["S", "T", "U"] {
            try region.create(region.definition(name, global: [.global("G", "g=S")], peers: [peer]), stream: nil)
            for key in ["a", "b"] {
                try region.apply(.write(region.put(#"{"pk":{"S":"\#(key)"},"g":{"S":"g"}}"#, in: name)))
            }
            try region.apply(.write(region.write(.delete, #"{"pk":{"S":"a"}}"#, in: name)))
            let number = try region.table(name).number
            try region.apply(.changeCatalogue(.setCursor(number, peer: peer, LinkCursor(next: 3))))
        }
        let counts = Space.allCases.map { region.rows($0).count }
        try region.apply(.changeCatalogue(.drop(2)))
        #expect(region.rows(.items).count == counts[1] / 3 * 2)
        #expect(region.rows(.indexes).count == counts[2] / 3 * 2)
        #expect(region.rows(.changes).count == counts[3] / 3 * 2 + 1, "and one event: the replica is removed")
        #expect(region.rows(.metadata).count == counts[0] - 3, "definition, counters and cursor")
        try region.expectConsistent()
        try region.restart()
        try region.expectConsistent()
        #expect(try region.counters("U").itemCount == 1)
    }

    @Test("the records of a dropped table's streams stay readable for a day, and nothing brings the table back")
    func dropWithStream() throws {
        var region = TestRegion()
        let peer = RegionName(stored: "eu-west-1")
        try region.create(region.definition("T", global: [.global("G", "g=S")], peers: [peer]))
        let write = try region.put(#"{"pk":{"S":"a"},"g":{"S":"g"}}"#)
        try region.apply(.write(write))
        let key = try region.table().keySchema.key(of: item(#"{"pk":{"S":"a"}}"#))
        let state = try #require(try region.state(#"{"pk":{"S":"a"}}"#))
        // The jobs of the shell may still be at work when the table goes.
        let late: [Command] = [
            .write(write), .backfill(BackfillChunk(table: 1, states: [(key, state)])),
            .replicate(ReplicatedChanges(table: 1, peer: peer, changes: [], cursor: LinkCursor(next: 2))),
            .indexItems(table: 1, ordinal: 1, keys: [key]), .changeCatalogue(.edit(1) { $0.status = .active }),
            .changeCatalogue(.enableStream(1, .keysOnly)),
            .changeCatalogue(.setCursor(1, peer: peer, LinkCursor(next: 2))),
            .expire(.tombstones(table: 1, keys: [])),
        ]
        for isOneGroup in [true, false] {
            let commands = [Command.changeCatalogue(.drop(1))] + late
            if isOneGroup { try region.apply(commands) } else { for command in commands { try region.apply(command) } }
            let partition = try #require(region.engine.tables[1])
            #expect(partition.definition.deletedMilliseconds == TestRegion.start)
            #expect(partition.definition.status == .deleting)
            #expect(partition.definition.streams.map(\.isEnabled) == [false])
            #expect(partition.cursors.isEmpty)
            #expect(region.rows(.items).isEmpty)
            #expect(region.rows(.indexes).isEmpty)
            #expect(try region.changes(of: 1).count == 1)
            try region.expectConsistent()
            try region.restart()
            try region.expectConsistent()
        }
        let catalogue = Catalogue(region.engine.tables.values.map(\.definition))
        #expect(catalogue.table(named: "T") == nil)
        #expect(catalogue.deletedTables.map(\.number) == [1])

        region.wallMilliseconds += Stream.retentionMilliseconds
        try region.apply(.expire(.deletedTables))
        #expect(region.engine.tables.count == 1)
        region.wallMilliseconds += 1
        try region.apply(.expire(.deletedTables))
        #expect(region.engine.tables.isEmpty)
        #expect(region.rows(.changes).count == 1, "the event that the replica is removed")
        #expect(region.rows(.metadata).count == 2, "the region and its clock")
    }

    @Test("cursors are set and removed with their peers")
    func cursors() throws {
        var region = TestRegion()
        let peer = RegionName(stored: "eu-west-1")
        try region.create(region.definition("T", peers: [peer]))
        let cursor = LinkCursor(next: 9, watermark: at(4))
        try region.apply(.changeCatalogue(.setCursor(1, peer: peer, cursor)))
        #expect(try region.partition("T").cursors == [peer: cursor])
        try region.restart()
        #expect(try region.partition("T").cursors == [peer: cursor])
        try region.apply(.changeCatalogue(.removeCursor(1, peer: peer)))
        #expect(try region.partition("T").cursors.isEmpty)
        try region.restart()
        #expect(try region.partition("T").cursors.isEmpty)
    }

    @Test("readers find tables by name and number, in byte order of the names")
    func catalogue() throws {
        var region = TestRegion()
        for name in ["b", "B", "a.1", "a-1"] { try region.create(region.definition(name), stream: nil) }
        let catalogue = Catalogue(region.engine.tables.values.map(\.definition))
        #expect(catalogue.tables.map(\.name) == ["B", "a-1", "a.1", "b"])
        #expect(catalogue.table(named: "B")?.number == 2)
        #expect(catalogue.table(number: 3)?.name == "a.1")
        #expect(catalogue.table(named: "c") == nil)
        #expect(catalogue.table(number: 9) == nil)
    }
}
