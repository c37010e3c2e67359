import AttributeModel
import Bytes
import ChangeStream
import Foundation
import KeyValueStore
import Partition
import Replication
import Synchronization
import Testing

@testable import Region

/// Global tables of version 2017.11.29: tables that join and leave, and what a crash leaves of that.
@Suite struct LegacyGlobalTableTests {
    private typealias Names = TestRegions
    private static let all = [Names.us, Names.eu, Names.ap]

    @Test(
        "tables join, their items are stamped and equal, and all of it survives a restart",
        arguments: TestRegions.Storage.allCases)
    func joinAndRestart(storage: TestRegions.Storage) throws {
        try withRegions(storage) { world in
            try world.createLegacyTable(in: Self.all)
            let writers = Self.all.map { Writer(in: world[$0], keys: 40, named: "shared") }
            try eventually("writes go on") { writers.allSatisfy { $0.count > 60 } }
            for writer in writers { writer.stop() }
            try world.waitUntilEqualLegacy(in: Self.all)
            let items = try world[Names.eu].items().values.compactMap(\.item)
            #expect(!items.isEmpty && items.allSatisfy { $0.contains("aws:rep:updatetime") })
            guard storage == .rocksDB else { return }
            world.stop()
            try world.reopen()
            world.startControlPlane()
            for name in Self.all {
                #expect(world.table(in: name)?.legacyGlobalTable?.status == .active)
                #expect(world.table(in: name)?.peers.count == 2)
            }
            try world[Names.ap].put(item("after"))
            try eventually("it goes on") { try world[Names.us].storedItem("after") != nil }
        }
    }

    @Test("a table that is written to while it joins is refused, or joins with all its items")
    func joinUnderWrites() throws {
        try withRegions { world in
            for round in 0..<12 {
                let table = "T\(round)"
                for name in [Names.us, Names.eu] { world.createTable(table, in: name) }
                let done = DispatchGroup()
                done.enter()
                startThread(named: "test writer") { [us = world[Names.us]] in
                    for count in 0..<20 { try? us.put(item("\(count)"), in: table) }
                    done.leave()
                }
                let full = world.join(table, in: [Names.eu, Names.us])
                done.wait()
                if full.isEmpty {
                    try eventually("all have arrived, round \(round)") {
                        try world[Names.eu].items(of: table).count == 20
                    }
                    #expect(try world[Names.us].items(of: table) == world[Names.eu].items(of: table))
                } else {
                    #expect(full == [Names.us])
                    for name in [Names.us, Names.eu] {
                        #expect(world.table(table, in: name)?.isLegacyGlobal == false)
                        #expect(world.table(table, in: name)?.peers.isEmpty == true)
                    }
                }
            }
        }
    }

    @Test("a replica that leaves has the others' last writes, they have its, and it lives on alone")
    func leave() throws {
        let slow = LinkName(from: Names.ap, to: Names.eu)
        // Late enough for a look at the table while it is leaving.
        try withRegions(delaysMilliseconds: [slow: 2000]) { world in
            try world.createLegacyTable(in: Self.all)
            try world[Names.ap].put(item("last"))
            world.control { $0.removeLegacyReplica(of: "T", in: Names.ap) }
            #expect(world.table(in: Names.ap)?.legacyGlobalTable?.status == .leaving)
            try eventually("the replica has left") { world.table(in: Names.ap)?.isLegacyGlobal == false }
            try eventually("its last write is there") { try world[Names.eu].storedItem("last") != nil }
            #expect(world.table(in: Names.us)?.peers.map(\.region) == [Names.eu])
            try world[Names.ap].put(item("alone"))
            try world[Names.us].put(item("together"))
            try eventually("the others carry on") { try world[Names.eu].storedItem("together") != nil }
            #expect(try world[Names.ap].storedItem("alone") == item("alone"))
            #expect(try world[Names.ap].storedItem("together") == nil)
            #expect(try world[Names.us].storedItem("alone") == nil)

            // With the last replica the global table is gone.
            for name in [Names.eu, Names.us] {
                world.control { $0.removeLegacyReplica(of: "T", in: name) }
                try eventually("the replica has left") { world.table(in: name)?.isLegacyGlobal == false }
            }
        }
    }

    @Test("a new replica knows what was deleted before it came")
    func tombstones() throws {
        try withRegions { world in
            try world.createLegacyTable(in: [Names.us, Names.eu])
            // The others' clocks are an hour ahead of the new one's, and so are their deletions.
            for name in [Names.us, Names.eu] { _ = world[name].wallClock.setOffset(milliseconds: 3_600_000) }
            try world[Names.us].put(item("a"))
            try world[Names.us].delete("a")
            try eventually("it is deleted") { try world[Names.eu].tombstoneCount() == 1 }
            world.createTable(in: Names.ap)
            #expect(world.join("T", in: [Names.ap]).isEmpty)
            try world.waitUntilLegacyActive(in: Self.all)
            try world[Names.ap].put(item("a"))
            try world.waitUntilEqualLegacy(in: Self.all)
            #expect(try world[Names.us].storedItem("a") != nil, "a later write wins, whatever the clocks say")
        }
    }

    @Test("a crash while tables join: those that said so are completed at the next start")
    func resumeJoining() throws {
        try withRegions(.rocksDB, withControlPlane: false) { world in
            for name in Self.all { world.createTable(in: name) }
            // As far as the first region.
            let number = try #require(world.table(in: Names.us)).number
            let membership = LegacyMembership(
                createdMilliseconds: 7, peers: [Names.eu, Names.ap], versionFloor: .zero)
            _ = world[Names.us].perform(.changeCatalogue(.joinLegacyGlobalTable(number, membership)))
            try world[Names.us].put(item("early"))
            // One of the others has been written to meanwhile.
            try world[Names.ap].put(item("own"))
            world.stop()
            try world.reopen()
            world.startControlPlane()
            try world.waitUntilLegacyActive(in: [Names.us, Names.eu])
            #expect(world.table(in: Names.us)?.peers.map(\.region) == [Names.eu])
            #expect(world.table(in: Names.eu)?.legacyGlobalTable?.createdMilliseconds == 7)
            #expect(world.table(in: Names.ap)?.isLegacyGlobal == false)
            try eventually("what was written meanwhile arrives") { try world[Names.eu].storedItem("early") != nil }
        }
    }

    @Test("a crash while a replica leaves: it leaves at the next start, with its table")
    func resumeLeaving() throws {
        try withRegions(.rocksDB) { world in
            try world.createLegacyTable(in: Self.all)
            try world[Names.eu].put(item("a"))
            try world.waitUntilEqualLegacy(in: Self.all)
            try world.edit(in: Names.eu) { $0.legacyGlobalTable?.status = .leaving }
            try world.edit(in: Names.us) { definition in
                for index in definition.peers.indices where definition.peers[index].region == Names.eu {
                    definition.peers[index].status = .deleting
                }
            }
            world.stop()
            try world.reopen()
            world.startControlPlane()
            try eventually("the replica has left") { world.table(in: Names.eu)?.isLegacyGlobal == false }
            #expect(world.table(in: Names.us)?.peers.map(\.region) == [Names.ap])
            #expect(world.table(in: Names.ap)?.peers.map(\.region) == [Names.us])
            #expect(try world[Names.eu].storedItem("a") != nil)
        }
    }

    @Test("deleting a replica's table takes it out of its global table")
    func delete() throws {
        try withRegions { world in
            try world.createLegacyTable(in: Self.all)
            let table = try #require(world.table(in: Names.ap))
            world.control { $0.delete(table) }
            try eventually("the table is gone") { world.table(in: Names.ap) == nil }
            #expect(world.table(in: Names.us)?.peers.map(\.region) == [Names.eu])
        }
    }
}

extension TestRegions {
    /// Answers the regions that were refused.
    func join(_ table: String, in names: [RegionName]) -> [RegionName] {
        let full = RefusedRegions()
        control { plane in
            let refused = plane.addLegacyReplicas(of: table, in: names, createdMilliseconds: 1)
            full.names.withLock { $0 = refused }
        }
        return full.names.withLock { $0 }
    }

    /// A table in each of the regions, joined.
    func createLegacyTable(_ name: String = "T", in names: [RegionName]) throws {
        for region in names { createTable(name, in: region) }
        #expect(join(name, in: names).isEmpty)
        try waitUntilLegacyActive(name, in: names)
    }

    func waitUntilLegacyActive(_ name: String = "T", in names: [RegionName]) throws {
        try eventually("\(name) is a global table") {
            names.allSatisfy { self.table(name, in: $0)?.legacyGlobalTable?.status == .active }
        }
        try waitUntilActive(name, in: names)
    }

    /// Both steps of a write have one version, so `expectConsistent` does not fit here.
    func waitUntilEqualLegacy(_ table: String = "T", in names: [RegionName]) throws {
        try eventually("the replicas of \(table) are equal") {
            let states = try names.map { try self[$0].items(of: table) }
            let behind = self.regions.linkStatuses.contains { $0.table == table && $0.backlog > 0 }
            return !behind && states.allSatisfy { $0 == states[0] }
        }
    }
}

private final class RefusedRegions: Sendable {
    let names = Mutex<[RegionName]>([])
}
