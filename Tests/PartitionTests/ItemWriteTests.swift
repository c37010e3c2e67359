import AttributeModel
import Bytes
import ChangeStream
import Expressions
import KeyValueStore
import Partition
import Replication
import Testing

@Suite struct ItemWriteTests {
    private func region() throws -> TestRegion {
        var region = TestRegion()
        try region.create(region.definition("T"))
        return region
    }

    @Test("put, update and delete leave item, record and counters that belong together")
    func lifeOfAnItem() throws {
        var region = try region()
        let first = item(#"{"pk":{"S":"a"},"n":{"N":"1"}}"#)
        let inserted = try #require(try region.apply(.write(region.put(text(first)))).outcome)
        #expect(inserted.oldItem == nil)
        #expect(inserted.newItem == first)
        #expect(try region.item(#"{"pk":{"S":"a"}}"#) == first)
        #expect(try region.counters().itemCount == 1)
        #expect(try region.counters().itemBytes == UInt64(first.size))

        region.wallMilliseconds += 1
        let add = try update("SET n = n + :one", [(":one", number(1))])
        let updated = try #require(
            try region.apply(.write(region.write(.update(add), #"{"pk":{"S":"a"}}"#))).outcome)
        let second = item(#"{"pk":{"S":"a"},"n":{"N":"2"}}"#)
        #expect(updated.oldItem == first)
        #expect(updated.newItem == second)

        region.wallMilliseconds += 1
        let deleted = try #require(try region.apply(.write(region.write(.delete, #"{"pk":{"S":"a"}}"#))).outcome)
        #expect(deleted.oldItem == second)
        #expect(deleted.newItem == nil)
        #expect(try region.state(#"{"pk":{"S":"a"}}"#) == nil, "nobody needs a tombstone in a table of one region")
        #expect(try region.counters().itemCount == 0)
        #expect(try region.counters().itemBytes == 0)

        let changes = try region.changes()
        #expect(changes.map(\.change) == [.insert(first), .modify(old: first, new: second), .remove(second)])
        #expect(changes.map(\.sequence) == [1, 2, 3])
        #expect(changes.map(\.commitMilliseconds) == [0, 1, 2].map { TestRegion.start + $0 })
        #expect(changes.map(\.baseVersion) == [nil, changes[0].version, changes[1].version])
        #expect(changes.allSatisfy { $0.version.region == region.name && $0.cause == .user && $0.transaction == nil })
        try region.expectConsistent()
    }

    @Test("a put over an item is a MODIFY, and replaces the whole item")
    func putReplaces() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"x":{"S":"1"}}"#)))
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"y":{"S":"2"}}"#)))
        #expect(try region.item(#"{"pk":{"S":"a"}}"#) == item(#"{"pk":{"S":"a"},"y":{"S":"2"}}"#))
        #expect(try region.changes().map(\.kind) == [.insert, .modify])
    }

    @Test("an update without an expression, or with SET, creates a missing item")
    func updateCreates() throws {
        var region = try region()
        try region.apply(.write(region.write(.update(.none), #"{"pk":{"S":"a"}}"#)))
        let set = try update("SET v = :v", [(":v", .string("x"))])
        try region.apply(.write(region.write(.update(set), #"{"pk":{"S":"b"}}"#)))
        #expect(try region.item(#"{"pk":{"S":"a"}}"#) == item(#"{"pk":{"S":"a"}}"#))
        #expect(try region.item(#"{"pk":{"S":"b"}}"#) == item(#"{"pk":{"S":"b"},"v":{"S":"x"}}"#))
        #expect(try region.changes().map(\.kind) == [.insert, .insert])
    }

    @Test("a condition decides on the item as it is, and hands it back when it fails")
    func conditions() throws {
        var region = try region()
        let isNew = try condition("attribute_not_exists(pk)")
        let stored = item(#"{"pk":{"S":"a"},"v":{"N":"1"}}"#)
        #expect(try region.apply(.write(region.put(text(stored), if: isNew))).outcome != nil)
        let again = try region.apply(.write(region.put(#"{"pk":{"S":"a"}}"#, if: isNew)))
        #expect(again.failure == .conditionFailed(stored))
        let versioned = try condition("v = :v", [(":v", number(2))])
        let deletion = try region.apply(.write(region.write(.delete, #"{"pk":{"S":"a"}}"#, if: versioned)))
        #expect(deletion.failure == .conditionFailed(stored))
        let missing = try region.apply(.write(region.write(.delete, #"{"pk":{"S":"b"}}"#, if: versioned)))
        #expect(missing.failure == .conditionFailed(nil))
        #expect(try region.item(#"{"pk":{"S":"a"}}"#) == stored)
        #expect(try region.changes().count == 1)
    }

    @Test("a write that the item or a limit forbids is refused, and leaves nothing")
    func invalidWrites() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"v":{"S":"text"}}"#)))
        let before = region.rows(.items)
        let add = try update("SET v = v + :one", [(":one", number(1))])
        let wrongType = try region.apply(.write(region.write(.update(add), #"{"pk":{"S":"a"}}"#)))
        #expect(
            wrongType.failure
                == .invalid("An operand in the update expression has an incorrect data type"))

        // "pk" and "b" are 3 bytes, "v" is 1.
        let longest = String(repeating: "x", count: Item.sizeMax - 4)
        let tooLarge = try region.apply(.write(region.put(#"{"pk":{"S":"b"},"v":{"S":"\#(longest)x"}}"#)))
        #expect(tooLarge.failure == .invalid("Item size has exceeded the maximum allowed size"))
        let grow = try update("SET w = :w", [(":w", .string(Text(longest)))])
        let tooLargeUpdate = try region.apply(.write(region.write(.update(grow), #"{"pk":{"S":"a"}}"#)))
        #expect(
            tooLargeUpdate.failure == .invalid("Item size to update has exceeded the maximum allowed size"))
        #expect(region.rows(.items) == before)
        #expect(try region.changes().count == 1)

        let largest = try region.apply(.write(region.put(#"{"pk":{"S":"b"},"v":{"S":"\#(longest)"}}"#)))
        #expect(largest.outcome?.newItem?.size == Item.sizeMax)
    }

    @Test("tables that are missing, being created or being deleted take no writes")
    func unservedTables() throws {
        for status in [TableStatus.creating, .deleting] {
            var region = TestRegion()
            try region.create(region.definition("T", status: status))
            #expect(try region.apply(.write(region.put(#"{"pk":{"S":"a"}}"#))).failure == .tableNotFound)
            #expect(region.rows(.items).isEmpty)
        }
        var region = try region()
        let write = try region.put(#"{"pk":{"S":"a"}}"#)
        try region.apply(.changeCatalogue(.drop(write.table)))
        #expect(try region.apply(.write(write)).failure == .tableNotFound)
        guard case .eachFailed(index: 0, .tableNotFound) = try region.apply(.writeEach([write])) else {
            Issue.record("a batch for a table that is gone")
            return
        }
    }

    @Test("a table that is being updated goes on serving")
    func updatingTable() throws {
        var region = TestRegion()
        try region.create(region.definition("T", status: .updating))
        #expect(try region.apply(.write(region.put(#"{"pk":{"S":"a"}}"#))).outcome != nil)
    }

    @Test("of a batch either all writes are made or none")
    func batches() throws {
        var region = TestRegion()
        try region.create(region.definition("T", global: [.global("G", "g=S")]))
        let good = try ["a", "b"].map { try region.put(#"{"pk":{"S":"\#($0)"}}"#) }
        let bad = try region.put(#"{"pk":{"S":"c"},"g":{"N":"1"}}"#)
        guard case .eachFailed(index: 2, .invalid) = try region.apply(.writeEach(good + [bad])) else {
            Issue.record("the third write has an index key of the wrong type")
            return
        }
        #expect(region.rows(.items).isEmpty)
        guard case .writtenEach(let outcomes) = try region.apply(.writeEach(good)) else {
            Issue.record("both writes are sound")
            return
        }
        #expect(outcomes.map(\.newItem) == [item(#"{"pk":{"S":"a"}}"#), item(#"{"pk":{"S":"b"}}"#)])
        #expect(try region.changes().count == 2)
        try region.expectConsistent()
    }

    @Test("changes are logged only where somebody reads them")
    func unloggedTables() throws {
        var region = TestRegion()
        try region.create(region.definition("Silent"), stream: nil)
        try region.create(
            region.definition("Global", peers: [RegionName(stored: "eu-west-1")]), stream: nil)
        for table in ["Silent", "Global"] { try region.apply(.write(region.put(#"{"pk":{"S":"a"}}"#, in: table))) }
        #expect(try region.changes(of: "Silent").isEmpty)
        #expect(try region.changes(of: "Global").count == 1, "links read the log of a global table")
    }

    @Test("a local write is later than what it replaces, whatever the wall says")
    func versionsGrow() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"v":{"N":"1"}}"#)))
        region.wallMilliseconds -= 3_600_000
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"v":{"N":"2"}}"#)))
        region.wallMilliseconds += 7_200_000
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"v":{"N":"3"}}"#)))
        let timestamps = try region.changes().map(\.version.timestamp)
        // The clock stood at the wall since the table was made.
        #expect(timestamps == [at(TestRegion.start, 1), at(TestRegion.start, 2), at(TestRegion.start + 3_600_000)])
    }
}

/// `reference/streams.md` 4, "When nothing is written".
@Suite struct UnchangedWriteTests {
    private static let stored =
        #"{"pk":{"S":"a"},"n":{"N":"10"},"s":{"SS":["x","y"]},"m":{"M":{"k":{"S":"1"},"l":{"S":"2"}}}}"#
    private static let key = #"{"pk":{"S":"a"}}"#

    private func region() throws -> TestRegion {
        var region = TestRegion()
        try region.create(region.definition("T", peers: [RegionName(stored: "eu-west-1")]))
        try region.apply(.write(region.put(Self.stored)))
        try region.apply(.write(region.put(#"{"pk":{"S":"keyOnly"}}"#)))
        return region
    }

    private func expectNothingWritten(
        _ what: String, _ region: inout TestRegion, _ command: Command,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let before = [Space.items, .indexes, .changes].map { region.rows($0) }
        let counters = try region.counters()
        region.wallMilliseconds += 10
        try region.apply(command)
        let after = [Space.items, .indexes, .changes].map { region.rows($0) }
        #expect(after == before, "\(what)", sourceLocation: sourceLocation)
        #expect(try region.counters() == counters, "\(what)", sourceLocation: sourceLocation)
    }

    @Test("puts of an equal item, however it is spelled")
    func equalPuts() throws {
        var region = try region()
        let spellings = [
            Self.stored,
            #"{"m":{"M":{"l":{"S":"2"},"k":{"S":"1"}}},"s":{"SS":["y","x"]},"n":{"N":"1e1"},"pk":{"S":"a"}}"#,
            #"{"pk":{"S":"a"},"n":{"N":"10.00"},"s":{"SS":["x","y"]},"m":{"M":{"k":{"S":"1"},"l":{"S":"2"}}}}"#,
        ]
        for json in spellings {
            try expectNothingWritten("put \(json)", &region, .write(region.put(json)))
            try expectNothingWritten("batch put \(json)", &region, .writeEach([region.put(json)]))
        }
        try expectNothingWritten("key-only put", &region, .write(region.put(#"{"pk":{"S":"keyOnly"}}"#)))
    }

    @Test("updates that leave the item equal, or that have nothing to take away")
    func equalUpdates() throws {
        var region = try region()
        let updates: [(String, String)] = [
            ("SET n = :v", #"{":v":{"N":"10.0"}}"#), ("SET n = n", "{}"), ("ADD n :v", #"{":v":{"N":"0"}}"#),
            ("ADD s :v", #"{":v":{"SS":["y"]}}"#), ("REMOVE gone", "{}"), ("DELETE gone :v", #"{":v":{"SS":["y"]}}"#),
            ("DELETE s :v", #"{":v":{"SS":["z"]}}"#), ("SET m.k = :v REMOVE m.gone", #"{":v":{"S":"1"}}"#),
        ]
        for (expression, values) in updates {
            let values = try placeholderValues(values)
            let change = ItemWrite.Change.update(try update(expression, values.isEmpty ? nil : values))
            try expectNothingWritten(expression, &region, .write(region.write(change, Self.key)))
        }
        try expectNothingWritten("no expression", &region, .write(region.write(.update(.none), Self.key)))
    }

    @Test("writes that find no item")
    func missingItems() throws {
        var region = try region()
        let missing = #"{"pk":{"S":"missing"}}"#
        try expectNothingWritten("delete", &region, .write(region.write(.delete, missing)))
        try expectNothingWritten("batch delete", &region, .writeEach([region.write(.delete, missing)]))
        let remove = ItemWrite.Change.update(try update("REMOVE v"))
        try expectNothingWritten("REMOVE", &region, .write(region.write(remove, missing)))
        let delete = ItemWrite.Change.update(try update("DELETE v :v", try placeholderValues(#"{":v":{"SS":["y"]}}"#)))
        try expectNothingWritten("DELETE", &region, .write(region.write(delete, missing)))
    }

    @Test("failed conditions, condition checks and cancelled transactions")
    func refusals() throws {
        var region = try region()
        let isNew = try condition("attribute_not_exists(pk)")
        let exists = try condition("attribute_exists(pk)")
        try expectNothingWritten("condition", &region, .write(region.put(#"{"pk":{"S":"a"}}"#, if: isNew)))
        let check = try region.write(.check, Self.key, if: exists)
        try expectNothingWritten("check", &region, .transact(Transaction(id: "t", writes: [check], token: nil)))
        let writes = [
            try region.put(#"{"pk":{"S":"b"}}"#), try region.put(#"{"pk":{"S":"a"}}"#, if: isNew),
        ]
        try expectNothingWritten(
            "cancelled", &region, .transact(Transaction(id: "t", writes: writes, token: nil)))
    }

    @Test("an unchanged write tells what is there, as any write does")
    func outcome() throws {
        var region = try region()
        let outcome = try #require(try region.apply(.write(region.put(Self.stored))).outcome)
        #expect(outcome.oldItem == item(Self.stored))
        #expect(outcome.newItem == item(Self.stored))
        #expect(outcome.indexWrites.isEmpty)
    }
}
