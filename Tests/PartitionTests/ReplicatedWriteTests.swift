import AttributeModel
import Bytes
import ChangeStream
import Expressions
import KeyValueStore
import Partition
import Replication
import Testing

/// Writes that come from other replicas (`DESIGN.md` 6).
@Suite struct ReplicatedWriteTests {
    private static let europe = RegionName(stored: "eu-west-1")
    private static let asia = RegionName(stored: "ap-east-1")
    private static let key = #"{"pk":{"S":"a"}}"#

    private func region() throws -> TestRegion {
        var region = TestRegion()
        try region.create(
            region.definition("T", global: [.global("G", "g=S")], peers: [Self.europe, Self.asia]))
        return region
    }

    private func arriving(
        _ json: String, _ timestamp: HybridTimestamp, _ region: TestRegion, base: Version? = nil,
        transaction: ChangeRecord.Transaction? = nil, cause: ChangeRecord.Cause = .user
    ) throws -> ReplicatedChange {
        ReplicatedChange(
            sequence: 7, key: try region.table().keySchema.key(of: item(json)),
            version: Version(timestamp: timestamp, region: Self.europe), baseVersion: base, item: item(json),
            cause: cause, transaction: transaction)
    }

    @Test("an arriving write keeps its version, cause, base and transaction in this region's log")
    func record() throws {
        var region = try region()
        let base = Version(timestamp: at(3), region: Self.asia)
        let transaction = ChangeRecord.Transaction(id: "t", index: 1, size: 2)
        let change = try arriving(
            #"{"pk":{"S":"a"},"g":{"S":"g"}}"#, at(TestRegion.start - 5), region, base: base, transaction: transaction,
            cause: .ttl)
        let cursor = LinkCursor(next: 8, watermark: at(7))
        let reply = try region.apply(
            .replicate(ReplicatedChanges(table: 1, peer: Self.europe, changes: [change], cursor: cursor)))
        #expect(reply.replication?.applied == 1)
        let record = try #require(try region.changes().first)
        #expect(record.version == change.version)
        #expect(record.baseVersion == base)
        #expect(record.transaction == transaction)
        #expect(record.cause == .ttl)
        #expect(record.commitMilliseconds == TestRegion.start, "the commit of this region")
        #expect(try region.partition("T").cursors[Self.europe] == cursor)
        try region.expectConsistent()
    }

    @Test("a link saves no promise of a clock that only another region's write has moved")
    func promises() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"b"}}"#)))
        let durable = region.engine.durableClock
        #expect(durable == region.engine.clock.last)
        let change = try arriving(Self.key, at(TestRegion.start + 100), region)
        let changes = ReplicatedChanges(table: 1, peer: Self.europe, changes: [change], cursor: LinkCursor(next: 8))
        try region.apply(.replicate(changes))
        let moved = region.engine.clock.last
        #expect(moved > durable && region.engine.durableClock == durable)
        func batch() throws -> LinkBatch? {
            try LinkBatch(
                of: LinkedTable(try region.table()), to: Self.asia, from: LinkCursor(next: 1), LinkSettings(),
                counters: region.partition("T").counters, clock: region.engine.clock.last,
                durableClock: region.engine.durableClock, nowMilliseconds: TestRegion.start + 200,
                reading: region.store)
        }
        let before = try #require(try batch())
        #expect(before.changes.count == 1)
        #expect(before.cursor.watermark == moved && before.savedCursor.watermark == durable)
        try region.apply(.flush)
        #expect(try batch()?.savedCursor.watermark == region.engine.clock.last)
    }

    @Test("what a new replica was filled with meets a later write, and is no conflict")
    func noConflictOfWhatWasRestored() throws {
        for (cause, conflicts) in [(ChangeRecord.Cause.user, 1), (.restore, 0)] {
            var region = try region()
            try region.apply(.write(region.put(#"{"pk":{"S":"a"},"v":{"N":"1"}}"#)))
            let older = try arriving(
                #"{"pk":{"S":"a"},"v":{"N":"0"}}"#, at(TestRegion.start - 1), region, cause: cause)
            let changes = ReplicatedChanges(table: 1, peer: Self.europe, changes: [older], cursor: LinkCursor(next: 8))
            let outcome = try #require(try region.apply(.replicate(changes)).replication)
            #expect((outcome.lost, outcome.conflicts) == (1, conflicts))
        }
    }

    @Test("a replica that is being filled promises nothing: a write of its region's earlier life may come yet")
    func noPromiseWhileFilled() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"b"}}"#)))
        var table = try region.table()
        for (status, promise) in [(TableStatus.creating, HybridTimestamp.zero), (.active, region.engine.clock.last)] {
            table.status = status
            for next: UInt64 in [1, 2] {
                let batch = try LinkBatch(
                    of: LinkedTable(table), to: Self.asia, from: LinkCursor(next: next), LinkSettings(),
                    counters: region.partition("T").counters, clock: region.engine.clock.last,
                    durableClock: region.engine.durableClock, nowMilliseconds: TestRegion.start + 200,
                    reading: region.store)
                #expect(batch?.cursor == LinkCursor(next: 2, watermark: promise))
            }
        }
    }

    @Test("the newer state wins, and a write that loses or was there leaves no record")
    func lastWriterWins() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"v":{"N":"1"}}"#)))
        let version = try region.version(Self.key)
        let older = try region.replicate(
            #"{"pk":{"S":"a"},"v":{"N":"0"}}"#, from: Self.europe, at: at(TestRegion.start - 1), next: 2)
        #expect(older.lost == 1)
        #expect(try region.version(Self.key) == version)
        let newer = HybridTimestamp(rawValue: version.timestamp.rawValue + 1)
        for expected in ["applied", "alreadyApplied"] {
            let outcome = try region.replicate(
                #"{"pk":{"S":"a"},"v":{"N":"2"}}"#, from: Self.europe, at: newer, next: 3)
            #expect((outcome.applied, outcome.alreadyApplied) == (expected == "applied" ? (1, 0) : (0, 1)))
        }
        #expect(try region.item(Self.key) == item(#"{"pk":{"S":"a"},"v":{"N":"2"}}"#))
        #expect(try region.changes().map(\.kind) == [.insert, .modify])
        #expect(try region.partition("T").cursors[Self.europe]?.next == 3, "the cursor moves over what loses, too")
        try region.expectConsistent()
    }

    @Test("a newer write of an equal item brings its version, but no record")
    func equalItem() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"a"}}"#)))
        let outcome = try region.replicate(
            #"{"pk":{"S":"a"}}"#, from: Self.europe, at: at(TestRegion.start + 100), next: 2)
        #expect(outcome.applied == 1)
        #expect(try region.version(Self.key) == Version(timestamp: at(TestRegion.start + 100), region: Self.europe))
        #expect(try region.changes().count == 1)
    }

    @Test("a deletion leaves a tombstone, also of an item that never was here, and holds against older puts")
    func tombstones() throws {
        var region = try region()
        let deletion = at(TestRegion.start + 10)
        try region.replicate(Self.key, isDeletion: true, from: Self.europe, at: deletion, next: 2)
        #expect(
            try region.state(Self.key)
                == StoredItem(version: Version(timestamp: deletion, region: Self.europe), item: nil))
        #expect(try region.changes().isEmpty, "nothing was there to be removed")
        let straggler = try region.replicate(Self.key, from: Self.asia, at: at(TestRegion.start + 9), next: 2)
        #expect(straggler.lost == 1)
        #expect(try region.item(Self.key) == nil)
        try region.expectConsistent()

        let later = try region.replicate(Self.key, from: Self.asia, at: at(TestRegion.start + 11), next: 3)
        #expect(later.applied == 1)
        #expect(try region.changes().map(\.kind) == [.insert])
        try region.expectConsistent()
    }

    @Test("a local delete in a global table leaves a tombstone")
    func localTombstone() throws {
        var region = try region()
        try region.apply(.write(region.put(Self.key)))
        try region.apply(.write(region.write(.delete, Self.key)))
        let state = try #require(try region.state(Self.key))
        #expect(state.item == nil)
        #expect(try state.version == region.changes().last?.version)
        #expect(try region.counters().itemCount == 0)
        try region.expectConsistent()
    }

    @Test("a write that has seen a version from a clock far ahead still wins, and the clock is not dragged along")
    func skew() throws {
        var region = try region()
        let hour: UInt64 = 3_600_000
        let outcome = try region.replicate(
            #"{"pk":{"S":"a"},"v":{"N":"1"}}"#, from: Self.europe, at: at(TestRegion.start + hour), next: 2)
        #expect(outcome.skewMilliseconds == hour)
        #expect(region.engine.clock.last.milliseconds == TestRegion.start)
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"v":{"N":"2"}}"#)))
        #expect(try region.version(Self.key) == Version(timestamp: at(TestRegion.start + hour, 1), region: region.name))
        try region.apply(.write(region.put(#"{"pk":{"S":"b"}}"#)))
        #expect(try region.version(#"{"pk":{"S":"b"}}"#).timestamp.milliseconds == TestRegion.start)
    }

    @Test("only peers are listened to")
    func strangers() throws {
        var region = try region()
        let change = try arriving(Self.key, at(5), region)
        try region.apply(.changeCatalogue(.edit(1) { $0.peers.removeAll { $0.region == Self.europe } }))
        let reply = try region.apply(
            .replicate(ReplicatedChanges(table: 1, peer: Self.europe, changes: [change], cursor: LinkCursor(next: 2))))
        #expect(reply.failure == .tableNotFound)
        #expect(region.rows(.items).isEmpty)
        #expect(try region.partition("T").cursors.isEmpty)
    }

    @Test("a snapshot that replaces what a link was faster with is in the log, once")
    func backfillBehindLink() throws {
        var region = try region()
        let times = [2, 3].map { at(TestRegion.start + $0) }
        try region.replicate(#"{"pk":{"S":"a"},"v":{"N":"2"}}"#, from: Self.europe, at: times[0], next: 2)
        let last = StoredItem(
            version: Version(timestamp: times[1], region: Self.europe), item: item(#"{"pk":{"S":"a"},"v":{"N":"3"}}"#))
        let key = try region.table().keySchema.key(of: item(Self.key))
        try region.apply(.backfill(BackfillChunk(table: 1, states: [(key, last)])))
        #expect(region.lastGroupNeededSync, "it may be of a region whose links take its own records for durable")
        try region.apply(.backfill(BackfillChunk(table: 1, states: [(key, last)])))
        #expect(!region.lastGroupNeededSync)
        try region.replicate(#"{"pk":{"S":"a"},"v":{"N":"3"}}"#, from: Self.europe, at: times[1], next: 3)
        let records = try region.changes()
        #expect(records.map(\.kind) == [.insert, .modify])
        #expect(records.last?.newImage == last.item)
        #expect(records.map(\.cause) == [.user, .restore])
        try region.expectConsistent()
    }

    @Test(
        "a replica that is being filled takes replicated writes and snapshot states, in any order, and logs only the former"
    )
    func backfill() throws {
        var region = try region()
        try region.apply(.changeCatalogue(.edit(1) { $0.status = .creating }))
        try region.replicate(
            #"{"pk":{"S":"a"},"v":{"S":"live"}}"#, from: Self.europe, at: at(TestRegion.start + 5), next: 2)
        let table = try region.table()
        func state(_ json: String, _ milliseconds: UInt64, isDeleted: Bool = false) throws -> (EncodedKey, StoredItem) {
            (
                try table.keySchema.key(of: item(json)),
                StoredItem(
                    version: Version(timestamp: at(milliseconds), region: Self.asia), item: isDeleted ? nil : item(json)
                )
            )
        }
        let states = [
            try state(#"{"pk":{"S":"a"},"v":{"S":"old"}}"#, TestRegion.start),
            try state(#"{"pk":{"S":"b"},"g":{"S":"g"}}"#, TestRegion.start),
            try state(#"{"pk":{"S":"c"}}"#, TestRegion.start, isDeleted: true),
        ]
        for expected in [2, 0] {
            let reply = try region.apply(.backfill(BackfillChunk(table: 1, states: states)))
            #expect(reply.replication?.applied == expected)
        }
        try region.replicate(#"{"pk":{"S":"c"}}"#, from: Self.europe, at: at(TestRegion.start - 1), next: 3)
        #expect(try region.item(#"{"pk":{"S":"a"}}"#) == item(#"{"pk":{"S":"a"},"v":{"S":"live"}}"#))
        #expect(try region.item(#"{"pk":{"S":"b"}}"#) != nil)
        #expect(try region.item(#"{"pk":{"S":"c"}}"#) == nil)
        #expect(try region.changes().count == 1)
        #expect(try region.counters().itemCount == 2)
        try region.expectConsistent()
        #expect(
            try region.apply(.backfill(BackfillChunk(table: 9, states: states))).failure == .tableNotFound)
    }
}
