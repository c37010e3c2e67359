import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import Testing

@testable import Region

/// Replicas that come and go while clients write.
@Suite struct ReplicaLifecycleTests {
    private typealias Names = TestRegions

    @Test("a replica that is added under writes misses nothing", arguments: TestRegions.Storage.allCases)
    func addUnderWrites(storage: TestRegions.Storage) throws {
        try withRegions(storage) { world in
            world.createTable(global: [.global("G", "g")])
            try world[Names.us].putAll((0..<2000).map { item("old \($0)", [("g", .string("x"))]) })
            let writer = Writer(in: world[Names.us], keys: 700) { [("g", "\($0 % 7)")] }
            try eventually("writes go on") { writer.count > 50 }

            world.addReplica(in: Names.eu)
            #expect(world.table(in: Names.us)?.peers.map(\.region) == [Names.eu])
            #expect(world.table(in: Names.us)?.peers.map(\.source) == [Names.us])
            try world.waitUntilActive(in: [Names.us, Names.eu])
            let before = writer.count
            try eventually("writes go on") { writer.count > before + 50 }

            // The second one while both of the others write.
            let second = Writer(in: world[Names.eu], keys: 700) { [("g", "\($0 % 7)")] }
            world.addReplica(in: Names.ap)
            try world.waitUntilActive(in: [Names.us, Names.eu, Names.ap])
            writer.stop()
            second.stop()
            try world.waitUntilEqual()
            #expect(try world[Names.ap].items().count >= 2000)
        }
    }

    @Test("a new replica has the source's settings, a stream of its own, and its own beginning")
    func definition() throws {
        try withRegions { world in
            world.createTable(global: [.global("G", "g")])
            try world[Names.us].put(item("a"))
            // As after a crash while an index was being filled.
            try world.edit(in: Names.us) { $0.globalIndexes[0].status = .creating }
            world.control { plane in
                plane.addReplica(of: "T", in: Names.eu, from: Names.us) { $0.tableClass = "STANDARD_INFREQUENT_ACCESS" }
            }
            try eventually("the replica is active") { world.table(in: Names.eu)?.status == .active }
            let source = try #require(world.table(in: Names.us))
            let replica = try #require(world.table(in: Names.eu))
            #expect(replica.tableClass == "STANDARD_INFREQUENT_ACCESS")
            #expect(replica.tableID != source.tableID)
            #expect(replica.keySchema == source.keySchema)
            #expect(replica.globalIndexes.map(\.name) == ["G"])
            #expect(replica.globalIndexes.map(\.status) == [.active], "nothing was there before this index")
            #expect(replica.nextIndexOrdinal == source.nextIndexOrdinal)
            #expect(replica.enabledStream?.viewType == .newAndOldImages)
            #expect(replica.peers.map(\.region) == [Names.us])
            #expect(try world[Names.eu].changes().isEmpty, "what a replica is filled with is no change")
            try world[Names.eu].expectConsistent()
        }
    }

    @Test("a table without a stream gets one, and keeps the one it has")
    func streams() throws {
        try withRegions { world in
            world.createTable("Without")
            try world.edit("Without", in: Names.us) { $0.streams = [] }
            world.createTable("With")
            let label = world.table("With", in: Names.us)?.enabledStream?.label
            for table in ["With", "Without"] {
                world.addReplica(table, in: Names.eu)
                try world.waitUntilActive(table, in: [Names.us, Names.eu])
            }
            #expect(world.table("With", in: Names.us)?.enabledStream?.label == label)
            #expect(world.table("Without", in: Names.us)?.enabledStream?.viewType == .newAndOldImages)
        }
    }

    @Test("the last writes of a removed replica reach the others, and its table goes")
    func remove() throws {
        let slow = LinkName(from: Names.ap, to: Names.eu)
        try withRegions(delaysMilliseconds: [slow: 500]) { world in
            try world.createGlobalTable()
            try world[Names.ap].putAll((0..<100).map { item("last \($0)") })
            world.control { $0.removeReplica(of: "T", in: Names.ap) }
            #expect(world.table(in: Names.ap)?.servesItems != true, "it takes no writes from now on")
            try eventually("the replica is gone") {
                world.table(in: Names.ap) == nil && world.table(in: Names.us)?.peers.map(\.region) == [Names.eu]
                    && world.table(in: Names.eu)?.peers.map(\.region) == [Names.us]
            }
            try world.waitUntilEqual(in: [Names.us, Names.eu])
            #expect(try world[Names.eu].items().count == 100)
            for name in [Names.us, Names.eu] {
                let number = try #require(world.table(in: name)).number
                #expect(world[name].head(number)?.cursors[Names.ap] == nil)
            }
            try world[Names.us].put(item("after"))
            try eventually("the others carry on") { try world[Names.eu].storedItem("after") != nil }
        }
    }

    @Test("deleting a replica's table removes that replica; the last one is simply dropped")
    func delete() throws {
        try withRegions { world in
            try world.createGlobalTable()
            for name in [Names.ap, Names.eu, Names.us] {
                let table = try #require(world.table(in: name))
                world.control { $0.delete(table) }
                try eventually("the table is gone") { world.table(in: name) == nil }
            }
        }
    }

    @Test("a replica that is removed and added again, over and over, is always complete")
    func removeAndAdd() throws {
        try withRegions { world in
            try world.createGlobalTable()
            let writer = Writer(in: world[Names.us], keys: 300)
            for round in 0..<6 {
                let other = Writer(in: world[Names.eu], keys: 50)
                try eventually("writes go on") { other.count > 40 }
                other.stop()
                world.control { $0.removeReplica(of: "T", in: Names.eu) }
                try eventually("the replica is gone, round \(round)") {
                    world.table(in: Names.eu) == nil
                        && world.table(in: Names.us)?.peers.map(\.region) == [Names.ap]
                        && world.table(in: Names.ap)?.peers.map(\.region) == [Names.us]
                }
                world.addReplica(in: Names.eu, from: round.isMultiple(of: 2) ? Names.us : Names.ap)
                try world.waitUntilActive(in: [Names.us, Names.eu, Names.ap])
            }
            writer.stop()
            try world.waitUntilEqual()
        }
    }

    @Test("a filling does not wait for a member that goes meanwhile")
    func dropWhileFilling() throws {
        try withRegions(delaysMilliseconds: Names.lateFromAsia) { world in
            try world.beginEndlessFilling()
            let replicas = ReplicaLifecycle(regions: world.regions, logger: silentLogger) { false }
            replicas.beginRemoval("T", of: Names.ap)
            replicas.drop("T", of: Names.ap)
            try world.waitUntilActive(in: [Names.us, Names.eu])
            #expect(world.table(in: Names.eu)?.peers.map(\.region) == [Names.us])
            try world.waitUntilEqual(in: [Names.us, Names.eu])
        }
    }

    @Test("a replica that is gone before it was filled is not made ACTIVE anywhere")
    func goneWhileFilling() throws {
        try withRegions(delaysMilliseconds: Names.lateFromAsia) { world in
            try world.beginEndlessFilling()
            let replicas = ReplicaLifecycle(regions: world.regions, logger: silentLogger) { false }
            replicas.beginRemoval("T", of: Names.eu)
            replicas.activate("T", in: Names.eu)
            #expect(world.table(in: Names.us)?.peers.map(\.status) == [.active, .deleting])
            #expect(world.table(in: Names.eu)?.status == .deleting)
            let number = try #require(world.table(in: Names.eu)).number
            _ = world[Names.eu].perform(.changeCatalogue(.drop(number)))
            replicas.activate("T", in: Names.eu)
            #expect(world.table(in: Names.us)?.peers.map(\.status) == [.active, .deleting])
        }
    }

    @Test("stopping does not wait for a link that is an hour late")
    func stopWhileFilling() throws {
        try withRegions(delaysMilliseconds: Names.lateFromAsia) { world in
            try world.beginEndlessFilling()
            let start = ContinuousClock.now
            world.stop()
            #expect(ContinuousClock.now - start < .seconds(60))
        }
    }
}

/// A process that ends in the middle takes up its work at the next start.
@Suite struct InterruptedLifecycleTests {
    typealias Names = TestRegions

    @Test("a filling that a crash interrupted is completed at the next start")
    func filling() throws {
        try withRegions(.rocksDB) { world in
            world.createTable(global: [.global("G", "g")])
            for part in 0..<10 {
                try world[Names.us].putAll((0..<2000).map { item("\(part) \($0)", [("g", string("\(part)"))]) })
            }
            world.addReplica(in: Names.eu)
            let number = try #require(world.table(in: Names.eu)).number
            try eventually("some items have arrived") { world[Names.eu].counters(number).itemCount > 0 }
            world.abandon()

            try world.reopen()
            #expect(world.table(in: Names.eu)?.status == .creating)
            #expect(world[Names.eu].counters(number).itemCount < 20_000)
            #expect(world.table(in: Names.us)?.peers.map(\.status) == [.creating])
            try world[Names.us].delete("0 0")
            try world[Names.us].put(item("new"))
            world.startControlPlane()
            try world.waitUntilActive(in: [Names.us, Names.eu])
            try world.waitUntilEqual(in: [Names.us, Names.eu])
            #expect(try world[Names.eu].items().count == 20_000)
        }
    }

    @Test("a stop that was asked for leaves a filling for the next start, too")
    func stop() throws {
        try withRegions(.rocksDB, delaysMilliseconds: Names.lateFromAsia) { world in
            try world.beginEndlessFilling()
            world.stop()
            try world.reopen(delaysMilliseconds: [:])
            #expect(world.table(in: Names.eu)?.status == .creating)
            world.startControlPlane()
            try world.waitUntilActive(in: [Names.us, Names.eu, Names.ap])
            try world.waitUntilEqual()
            #expect(try world[Names.eu].storedItem("late") != nil)
        }
    }

    struct Interruption: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// What the crash left, made from a table that is ACTIVE in all three regions.
        let leave: @Sendable (TestRegions) throws -> Void
        /// Where the table is at the end.
        let members: [RegionName]
    }

    private static func setPeer(
        _ peer: RegionName, _ status: Peer.Status, in name: RegionName, _ world: TestRegions
    ) throws {
        try world.edit(in: name) { definition in
            for index in definition.peers.indices where definition.peers[index].region == peer {
                definition.peers[index].status = status
            }
        }
    }

    private static func forget(_ peer: RegionName, in name: RegionName, _ world: TestRegions) throws {
        let number = try #require(world.table(in: name)).number
        try world.edit(in: name) { $0.peers.removeAll { $0.region == peer } }
        _ = world[name].perform(.changeCatalogue(.removeCursor(number, peer: peer)))
    }

    private static let interruptions: [Interruption] = [
        Interruption(
            testDescription: "removal: only the replica knows",
            leave: { world in
                try world.edit(in: Names.eu) { $0.status = .deleting }
            }, members: [Names.us, Names.ap]),
        Interruption(
            testDescription: "removal: one of the others knows",
            leave: { world in
                try world.edit(in: Names.eu) { $0.status = .deleting }
                try setPeer(Names.eu, .deleting, in: Names.us, world)
            }, members: [Names.us, Names.ap]),
        Interruption(
            testDescription: "removal: one of the others has forgotten it",
            leave: { world in
                try world.edit(in: Names.eu) { $0.status = .deleting }
                try setPeer(Names.eu, .deleting, in: Names.us, world)
                try forget(Names.eu, in: Names.ap, world)
            }, members: [Names.us, Names.ap]),
        Interruption(
            testDescription: "removal: all others have forgotten it",
            leave: { world in
                try world.edit(in: Names.eu) { $0.status = .deleting }
                try forget(Names.eu, in: Names.us, world)
                try forget(Names.eu, in: Names.ap, world)
            }, members: [Names.us, Names.ap]),
        Interruption(
            testDescription: "two removals at once",
            leave: { world in
                for name in [Names.eu, Names.ap] {
                    try world.edit(in: name) { $0.status = .deleting }
                    try setPeer(name, .deleting, in: Names.us, world)
                }
            }, members: [Names.us]),
        Interruption(
            testDescription: "creation: only the source knows",
            leave: { world in
                for name in [Names.us, Names.ap] { try forget(Names.eu, in: name, world) }
                let number = try #require(world.table(in: Names.eu)).number
                _ = world[Names.eu].perform(.changeCatalogue(.drop(number)))
                let peer = Peer(region: Names.eu, status: .creating, source: Names.us, addedMilliseconds: 1)
                let own = try #require(world.table(in: Names.us)).number
                _ = world[Names.us].perform(.changeCatalogue(.setCursor(own, peer: Names.eu, LinkCursor(next: 1))))
                try world.edit(in: Names.us) {
                    $0.peers.append(peer)
                    $0.status = .updating
                }
            }, members: [Names.us, Names.eu, Names.ap]),
        Interruption(
            testDescription: "creation: the replica is ACTIVE and the others do not know",
            leave: { world in
                for name in [Names.us, Names.ap] {
                    try setPeer(Names.eu, .creating, in: name, world)
                    try world.edit(in: name) { definition in
                        definition.peers = definition.peers.map { peer in
                            peer.region == Names.eu
                                ? Peer(region: peer.region, status: .creating, source: Names.us, addedMilliseconds: 1)
                                : peer
                        }
                        if definition.region == Names.us { definition.status = .updating }
                    }
                }
            }, members: [Names.us, Names.eu, Names.ap]),
        Interruption(
            testDescription: "UPDATING with nothing left to do",
            leave: { world in
                try world.edit(in: Names.us) { $0.status = .updating }
            }, members: [Names.us, Names.eu, Names.ap]),
    ]

    @Test("wherever a crash comes, the next start brings order", arguments: interruptions)
    func interrupted(_ interruption: Interruption) throws {
        try withRegions(.rocksDB) { world in
            try world.createGlobalTable()
            try world[Names.us].putAll((0..<50).map { item("\($0)") })
            try world.waitUntilEqual()
            try interruption.leave(world)
            world.stop()
            try world.reopen()
            world.startControlPlane()
            let others = [Names.us, Names.eu, Names.ap].filter { !interruption.members.contains($0) }
            try eventually("only the members hold the table") {
                others.allSatisfy { world.table(in: $0) == nil }
                    && interruption.members.allSatisfy { name in
                        world.table(in: name)?.peers.map(\.region).sorted()
                            == interruption.members.filter { $0 != name }.sorted()
                    }
            }
            try world.waitUntilActive(in: interruption.members)
            try world[Names.us].put(item("after"))
            try world.waitUntilEqual(in: interruption.members)
            #expect(try world[Names.us].items().count == 51)
        }
    }

    @Test(
        "an index whose making was interrupted is completed in all replicas, however many knew of it",
        arguments: [[Names.us, Names.eu, Names.ap], [Names.us], [Names.us, Names.ap]])
    func index(known: [RegionName]) throws {
        try withRegions(.rocksDB) { world in
            try world.createGlobalTable()
            try world[Names.us].putAll((0..<500).map { item("\($0)", [("g", string("\($0 % 3)"))]) })
            try world.waitUntilEqual()
            for name in known {
                try world.edit(in: name) {
                    $0.globalIndexes = [.global("G", "g", status: .creating)]
                    $0.nextIndexOrdinal = 2
                    $0.status = .updating
                }
            }
            world.stop()
            try world.reopen()
            world.startControlPlane()
            try eventually("all replicas have the index") {
                [Names.us, Names.eu, Names.ap].allSatisfy { world.table(in: $0)?.globalIndexes.map(\.name) == ["G"] }
            }
            try world.waitUntilActive(in: [Names.us, Names.eu, Names.ap])
            try world.waitUntilEqual()
        }
    }
}
