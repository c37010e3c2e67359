import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import Testing

/// What time takes away: shards, change records, tombstones, tokens.
@Suite struct ExpiryTests {
    private static let peer = RegionName(stored: "eu-west-1")

    private func region(changes: Int = 0) throws -> TestRegion {
        var region = TestRegion()
        try region.create(region.definition("T", peers: [Self.peer]))
        for number in 0..<changes { try region.apply(.write(region.put(#"{"pk":{"S":"\#(number)"}}"#))) }
        return region
    }

    @Test("old shards are followed by new ones, in all tables at once")
    func shards() throws {
        var region = try region(changes: 3)
        try region.create(region.definition("Silent"), stream: nil)
        region.wallMilliseconds += Stream.shardAgeMilliseconds - 1
        try region.apply(.expire(.rollShards))
        #expect(try region.table().streams[0].shards.count == 1)
        region.wallMilliseconds += 1
        try region.apply(.expire(.rollShards))
        let shards = try region.table().streams[0].shards
        #expect(shards.map(\.first) == [1, 4])
        #expect(shards.map(\.end) == [4, nil])
        try region.restart()
        #expect(try region.table().streams[0].shards == shards)
    }

    @Test("trimming takes the oldest records, and the shards that held nothing else")
    func trims() throws {
        var region = try region(changes: 3)
        region.wallMilliseconds += Stream.shardAgeMilliseconds
        try region.apply(.expire(.rollShards))
        for number in 3..<6 { try region.apply(.write(region.put(#"{"pk":{"S":"\#(number)"}}"#))) }

        try region.apply(.expire(.changes(table: 1, before: 3)))
        #expect(try region.changes().map(\.sequence) == [3, 4, 5, 6])
        #expect(try region.table().streams[0].shards.count == 2)
        try region.apply(.expire(.changes(table: 1, before: 2)))
        #expect(try region.changes().map(\.sequence) == [3, 4, 5, 6], "trimming never goes back")
        try region.apply(.expire(.changes(table: 1, before: 4)))
        #expect(try region.table().streams[0].shards.map(\.first) == [4])
        try region.apply(.expire(.changes(table: 1, before: 7)))
        #expect(try region.changes().isEmpty)
        #expect(try region.counters().firstSequence == 7)
        try region.apply(.write(region.put(#"{"pk":{"S":"x"}}"#)))
        #expect(try region.changes().map(\.sequence) == [7], "numbers go on")
        try region.expectConsistent()
        try region.restart()
        try region.expectConsistent()
    }

    @Test("a disabled stream is listed for a day, whether or not it ever held a record")
    func disabledStreams() throws {
        for changes in [0, 2] {
            var region = try region(changes: changes)
            try region.apply(.changeCatalogue(.disableStream(1)))
            region.wallMilliseconds += Stream.retentionMilliseconds
            let trim = Command.expire(.changes(table: 1, before: try region.counters().nextSequence))
            try region.apply(trim)
            #expect(try region.table().streams.count == 1, "\(changes) changes")
            region.wallMilliseconds += 1
            try region.apply(trim)
            #expect(try region.table().streams.isEmpty, "\(changes) changes")
        }
    }

    @Test("an enabled stream stays, however old")
    func enabledStreams() throws {
        var region = try region(changes: 2)
        region.wallMilliseconds += 10 * Stream.retentionMilliseconds
        try region.apply(.expire(.changes(table: 1, before: 3)))
        #expect(try region.table().enabledStream != nil)
        #expect(try region.table().streams[0].shards.count == 1)
    }

    @Test("tombstones are listed by age, and those that are collected leave nothing")
    func tombstones() throws {
        var region = try region(changes: 5)
        var timestamps: [HybridTimestamp] = []
        for number in [3, 1, 4] {
            region.wallMilliseconds += 10
            try region.apply(.write(region.write(.delete, #"{"pk":{"S":"\#(number)"}}"#)))
            timestamps.append(try region.version(#"{"pk":{"S":"\#(number)"}}"#).timestamp)
        }
        try region.expectConsistent()
        let table = try region.table()
        func listed(_ horizon: HybridTimestamp, limit: Int = 10) throws -> [(
            timestamp: HybridTimestamp, key: EncodedKey
        )] {
            try StorageKeys.tombstones(of: table, upTo: horizon, limit: limit, reading: region.store)
        }
        #expect(try listed(timestamps[1]).map(\.timestamp) == Array(timestamps[...1]), "the horizon is included")
        #expect(try listed(.zero).isEmpty)
        #expect(try listed(timestamps[2], limit: 1).map(\.timestamp) == [timestamps[0]])

        try region.apply(.expire(.tombstones(table: 1, keys: try listed(timestamps[1]))))
        #expect(try region.state(#"{"pk":{"S":"3"}}"#) == nil)
        #expect(try region.state(#"{"pk":{"S":"1"}}"#) == nil)
        #expect(try region.state(#"{"pk":{"S":"4"}}"#) != nil)
        try region.expectConsistent()
    }

    @Test("a tombstone that gave way to an item is not collected with it")
    func overwrittenTombstones() throws {
        var region = try region(changes: 2)
        try region.apply(.write(region.write(.delete, #"{"pk":{"S":"0"}}"#)))
        try region.apply(.write(region.write(.delete, #"{"pk":{"S":"1"}}"#)))
        let found = try StorageKeys.tombstones(
            of: try region.table(), upTo: region.engine.clock.last, limit: 10, reading: region.store)
        #expect(found.count == 2)
        // Both keys move on between the look and the command.
        try region.apply(.write(region.put(#"{"pk":{"S":"0"},"new":{"BOOL":true}}"#)))
        try region.apply(.write(region.put(#"{"pk":{"S":"1"}}"#)))
        try region.apply(.write(region.write(.delete, #"{"pk":{"S":"1"}}"#)))
        try region.apply(.expire(.tombstones(table: 1, keys: found)))
        #expect(try region.item(#"{"pk":{"S":"0"}}"#) != nil)
        #expect(try region.state(#"{"pk":{"S":"1"}}"#) != nil, "the newer tombstone stays")
        try region.expectConsistent()
    }

    @Test("expiries for a table that is gone do nothing")
    func droppedTable() throws {
        var region = try region(changes: 2)
        try region.apply(.write(region.write(.delete, #"{"pk":{"S":"0"}}"#)))
        let found = try StorageKeys.tombstones(
            of: try region.table(), upTo: region.engine.clock.last, limit: 10, reading: region.store)
        try region.apply([
            .write(region.write(.delete, #"{"pk":{"S":"1"}}"#)), .changeCatalogue(.drop(1)),
            .expire(.tombstones(table: 1, keys: found)), .expire(.changes(table: 1, before: 3)), .expire(.rollShards),
        ])
        #expect(region.rows(.items).isEmpty)
        #expect(region.rows(.indexes).isEmpty)
        try region.restart()
        try region.expectConsistent()
    }

    @Test("tokens go when their ten minutes are over")
    func tokens() throws {
        var region = try region()
        func tokens() -> Int { region.rows(.metadata).keys.filter { $0.first == UInt8(ascii: "k") }.count }
        for name in ["one", "two"] {
            let write = try region.put(#"{"pk":{"S":"\#(name)"}}"#)
            let token = IdempotencyToken(token: name, digest: [1])
            try region.apply(.transact(Transaction(id: name, writes: [write], token: token)))
            region.wallMilliseconds += 1000
        }
        region.wallMilliseconds += IdempotencyToken.lifetimeMilliseconds - 2000
        try region.apply(.expire(.idempotencyTokens))
        #expect(tokens() == 2)
        region.wallMilliseconds += 1
        try region.apply(.expire(.idempotencyTokens))
        #expect(tokens() == 1)
        region.wallMilliseconds += 1000
        try region.apply(.expire(.idempotencyTokens))
        #expect(tokens() == 0)
    }
}
