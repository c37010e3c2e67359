import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import Testing

@testable import Region

@Suite struct HousekeepingTests {
    private typealias Names = TestRegions
    private static let all = [TestRegions.us, TestRegions.eu, TestRegions.ap]
    private static let day: Int64 = 24 * 3_600_000

    private func housekeeping(_ world: TestRegions) -> Housekeeping {
        Housekeeping(regions: world.regions, logger: silentLogger)
    }

    @Test("tombstones go everywhere, once all replicas have heard from all others")
    func collects() throws {
        try withRegions { world in
            try world.createGlobalTable()
            try world[Names.us].put(item("a"))
            try world.waitUntilEqual()
            try world[Names.us].delete("a")
            let housekeeping = housekeeping(world)
            try eventually("the tombstones are gone") {
                for name in Self.all { housekeeping.trim(world[name]) }
                return try Self.all.allSatisfy { try world[$0].tombstoneCount() == 0 }
            }
            try world.waitUntilEqual()
            #expect(try world[Names.eu].changes().map(\.kind) == [.insert, .remove])
        }
    }

    @Test("a tombstone waits for the replica that may still send something older")
    func waitsForStragglers() throws {
        let slow = LinkName(from: Names.eu, to: Names.us)
        try withRegions(delaysMilliseconds: [slow: 1200]) { world in
            try world.createGlobalTable()
            try world[Names.eu].put(item("a", [("from", .string("eu"))]))
            try world[Names.eu].put(item("marker"))
            // In the United States the item is made and deleted before Europe's older one arrives.
            try world[Names.us].put(item("a", [("from", .string("us"))]))
            try world[Names.us].delete("a")
            let housekeeping = housekeeping(world)
            try eventually("the tombstones are gone") {
                for name in Self.all { housekeeping.trim(world[name]) }
                let isGone = try Self.all.contains { try world[$0].tombstoneCount() == 0 }
                if isGone {
                    #expect(try world[Names.us].storedItem("marker") != nil, "collected before the straggler had come")
                }
                return try Self.all.allSatisfy { try world[$0].tombstoneCount() == 0 }
            }
            #expect(try Self.all.allSatisfy { try world[$0].storedItem("a") == nil })
            try world.waitUntilEqual()
        }
    }

    @Test("a tombstone waits while the membership is unclear")
    func waitsForMembers() throws {
        try withRegions { world in
            try world.createGlobalTable()
            try world[Names.us].put(item("a"))
            try world.waitUntilEqual()
            try world.edit(in: Names.us) { $0.peers[0].status = .creating }
            try world[Names.us].delete("a")
            try eventually("the delete is everywhere") {
                try Self.all.allSatisfy { try world[$0].tombstoneCount() == 1 }
            }
            let housekeeping = housekeeping(world)
            for _ in 0..<30 { for name in Self.all { housekeeping.trim(world[name]) } }
            #expect(try Self.all.allSatisfy { try world[$0].tombstoneCount() == 1 })
            try world.edit(in: Names.us) { $0.peers[0].status = .active }
            try eventually("the tombstones are gone") {
                for name in Self.all { housekeeping.trim(world[name]) }
                return try Self.all.allSatisfy { try world[$0].tombstoneCount() == 0 }
            }
        }
    }

    @Test("tombstones go although other writes never pause")
    func underWrites() throws {
        try withRegions { world in
            try world.createGlobalTable()
            let writer = Writer(in: world[Names.us], keys: 20)
            try world[Names.eu].put(item("a"))
            try world[Names.eu].delete("a")
            let key = try #require(world.table(in: Names.eu)).keySchema.key(of: item("a")).bytes
            let housekeeping = housekeeping(world)
            try eventually("the tombstone is gone") {
                for name in Self.all { housekeeping.trim(world[name]) }
                return try Self.all.allSatisfy { try world[$0].states()[key] == nil }
            }
            writer.stop()
            try world.waitUntilEqual()
        }
    }

    @Test("a table whose replicas are all gone keeps no tombstones")
    func singleRegion() throws {
        try withRegions { world in
            world.createTable()
            world.addReplica(in: Names.eu)
            try world.waitUntilActive(in: [Names.us, Names.eu])
            try world[Names.us].put(item("a"))
            try world[Names.us].delete("a")
            #expect(try world[Names.us].tombstoneCount() == 1)
            world.control { $0.removeReplica(of: "T", in: Names.eu) }
            try eventually("the replica is gone") { world.table(in: Names.us)?.isGlobal == false }
            housekeeping(world).trim(world[Names.us])
            #expect(try world[Names.us].tombstoneCount() == 0)
        }
    }

    @Test("change records go when they are a day old and all replicas have them")
    func trimsChanges() throws {
        let slow = LinkName(from: Names.us, to: Names.ap)
        try withRegions(delaysMilliseconds: [slow: UInt64(2 * Self.day)]) { world in
            world.createTable()
            world.addReplica(in: Names.eu)
            world.addReplica(in: Names.ap)
            try world.waitUntilActive(in: [Names.us, Names.eu, Names.ap])
            let housekeeping = housekeeping(world)
            let number = try #require(world.table(in: Names.us)).number
            try world[Names.us].putAll((0..<10).map { item("\($0)") })
            try eventually("Europe has them") { try world[Names.eu].items().count == 10 }
            housekeeping.trim(world[Names.us])
            #expect(world[Names.us].counters(number).firstSequence == 1)

            world.clock.move(milliseconds: Self.day + 1000)
            housekeeping.trim(world[Names.us])
            #expect(world[Names.us].counters(number).firstSequence == 1, "Asia has not read them")

            world.clock.move(milliseconds: Self.day)
            try eventually("Asia has them") { try world[Names.ap].items().count == 10 }
            try world[Names.us].put(item("new"))
            try eventually("the old records are gone, the new one is not") {
                housekeeping.trim(world[Names.us])
                return world[Names.us].counters(number).firstSequence == 11
            }
            #expect(try world[Names.us].changes().map(\.sequence) == [11])
            try world[Names.us].expectConsistent()
        }
    }

    @Test("a log of records that came from elsewhere is trimmed, too")
    func trimsForeignChanges() throws {
        try withRegions { world in
            try world.createGlobalTable()
            try world[Names.us].putAll((0..<10).map { item("\($0)") })
            try world.waitUntilEqual()
            world.clock.move(milliseconds: Self.day + 1000)
            let housekeeping = housekeeping(world)
            let number = try #require(world.table(in: Names.eu)).number
            try eventually("nothing is left of Europe's log") {
                housekeeping.trim(world[Names.eu])
                return try world[Names.eu].changes().isEmpty
            }
            #expect(world[Names.eu].counters(number).firstSequence == 11)
            try world[Names.eu].put(item("new"))
            try world.waitUntilEqual()
        }
    }

    @Test("a disabled stream is forgotten after a day, with or without records")
    func disabledStreams() throws {
        try withRegions { world in
            world.createTable("Empty")
            world.createTable("Full")
            try world[Names.us].put(item("a"), in: "Full")
            for table in ["Empty", "Full"] {
                let definition = try #require(world.table(table, in: Names.us))
                world.control { $0.disableStream(of: definition) }
            }
            let housekeeping = housekeeping(world)
            housekeeping.trim(world[Names.us])
            #expect(world.table("Empty", in: Names.us)?.streams.count == 1)
            world.clock.move(milliseconds: Self.day + 1000)
            housekeeping.trim(world[Names.us])
            for table in ["Empty", "Full"] { #expect(world.table(table, in: Names.us)?.streams.isEmpty == true) }
        }
    }

    @Test("shards roll over by themselves")
    func shards() throws {
        try withRegions { world in
            world.createTable()
            world.clock.move(milliseconds: Int64(Stream.shardAgeMilliseconds))
            try eventually("the shard has a child") {
                world.table(in: Names.us)?.enabledStream?.shards.count == 2
            }
        }
    }
}
