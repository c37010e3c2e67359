import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import Testing

@testable import Region

/// Writes on their way from region to region.
@Suite struct LinkTests {
    private typealias Names = TestRegions

    @Test("writes of every region reach every other, once", arguments: TestRegions.Storage.allCases)
    func endToEnd(storage: TestRegions.Storage) throws {
        try withRegions(storage) { world in
            try world.createGlobalTable()
            let names = [Names.us, Names.eu, Names.ap]
            let writers = names.map { Writer(in: world[$0], keys: 40) }
            try eventually("every writer has written") { writers.allSatisfy { $0.count > 200 } }
            writers.forEach { $0.stop() }
            try world.waitUntilEqual()
            for name in names {
                let records = try world[name].changes()
                #expect(
                    Set(records.map(\.version.region)) == Set(names), "all writes are in the log, with their origin")
            }
            let written = writers.reduce(0) { $0 + $1.count }
            let applied = world.regions.linkStatuses.reduce(0) { $0 + Int($1.applied) }
            #expect(applied <= 2 * written, "each write is applied once in each other region")
            try eventually("no backlog is left") { world.regions.linkStatuses.allSatisfy { $0.backlog == 0 } }
        }
    }

    @Test("the same item written everywhere at once ends up the same everywhere")
    func contention() throws {
        try withRegions { world in
            try world.createGlobalTable()
            let writers = [Names.us, Names.eu, Names.ap].map { Writer(in: world[$0], keys: 1, named: "contended") }
            try eventually("every writer has written") { writers.allSatisfy { $0.count > 150 } }
            writers.forEach { $0.stop() }
            try world.waitUntilEqual()
            let lost = world.regions.linkStatuses.reduce(0) { $0 + $1.lost }
            #expect(lost > 0, "some writes met newer ones")
        }
    }

    @Test("a backlog of many batches is worked off without pauses")
    func backlog() throws {
        let slow = LinkName(from: Names.us, to: Names.eu)
        try withRegions(delaysMilliseconds: [slow: 700]) { world in
            world.createTable()
            world.addReplica(in: Names.eu)
            try world.waitUntilActive(in: [Names.us, Names.eu])
            let count = LinkBatch.changesMax * 8
            try world[Names.us].putAll((0..<count).map { item("\($0)") })
            let number = try #require(world.table(in: Names.eu)).number
            func arrived() -> UInt64 { world[Names.eu].counters(number).itemCount }
            try eventually("the first change has arrived") { arrived() > 0 }
            // One poll between two batches would make seven pauses. A busy machine makes some, too, but not so many.
            var pauses = 0
            while arrived() < count {
                let (before, start) = (arrived(), ContinuousClock.now)
                try eventually("more arrives") { arrived() > before }
                if ContinuousClock.now - start > .milliseconds(Link.pollMilliseconds * 9 / 10) { pauses += 1 }
            }
            #expect(pauses < 4)
            try world.waitUntilEqual(in: [Names.us, Names.eu])
        }
    }

    @Test("a delayed link delays, and the others do not wait for it")
    func delays() throws {
        let slow = LinkName(from: Names.us, to: Names.eu)
        try withRegions(delaysMilliseconds: [slow: 1500]) { world in
            try world.createGlobalTable()
            let start = ContinuousClock.now
            try world[Names.us].put(item("a"))
            try eventually("the fast link delivers") { try world[Names.ap].storedItem("a") != nil }
            let isEarly = ContinuousClock.now - start < .milliseconds(1400)
            #expect(try !isEarly || world[Names.eu].storedItem("a") == nil)
            try eventually("the slow link delivers") { try world[Names.eu].storedItem("a") != nil }
            #expect(ContinuousClock.now - start >= .milliseconds(1490))
            #expect(world.regions.linkStatuses.contains { $0.delayMilliseconds == 1500 })
        }
    }

    @Test("changes arrive although the wall clock was put back", arguments: [0, 200] as [UInt64])
    func clockPutBack(delayMilliseconds: UInt64) throws {
        let link = LinkName(from: Names.us, to: Names.eu)
        try withRegions(delaysMilliseconds: [link: delayMilliseconds]) { world in
            try world.createGlobalTable()
            try world[Names.us].put(item("before"))
            world.clock.move(milliseconds: -3_600_000)
            try world[Names.us].put(item("after"))
            for key in ["before", "after"] {
                try eventually("\(key) arrives") { try world[Names.eu].storedItem(key) != nil }
            }
            try world.waitUntilEqual()
        }
    }

    @Test("after a restart links go on where they were, and nothing is missing")
    func restart() throws {
        try withRegions(.rocksDB) { world in
            try world.createGlobalTable()
            try world[Names.us].putAll((0..<300).map { item("\($0)") })
            try world.waitUntilEqual()
            world.stop()

            try world.reopen()
            world.startControlPlane()
            try world[Names.us].putAll((300..<320).map { item("\($0)") })
            try world.waitUntilEqual()
            #expect(try world[Names.eu].items().count == 320)
            try eventually("no backlog is left") { world.regions.linkStatuses.allSatisfy { $0.backlog == 0 } }
            let status = try #require(
                world.regions.linkStatuses.first { $0.from == Names.us && $0.to == Names.eu })
            #expect(status.applied == 20)
            #expect(status.lost == 0)
        }
    }

    @Test("what was written while the other region was away arrives when it is back")
    func crash() throws {
        try withRegions(.rocksDB) { world in
            try world.createGlobalTable()
            let writer = Writer(in: world[Names.us], keys: 500)
            try eventually("some writes are made") { writer.count > 300 }
            // The regions stop under the writer's hands.
            world.abandon()
            writer.stop()
            try world.reopen()
            world.startControlPlane()
            try world.waitUntilEqual()
            let own = try world[Names.us].changes().count
            #expect(own > 0)
        }
    }

    @Test("a cursor is not saved behind records that the source might still lose")
    func savedCursors() throws {
        let slow = LinkName(from: Names.eu, to: Names.ap)
        try withRegions(delaysMilliseconds: [slow: 400]) { world in
            try world.createGlobalTable()
            let number = try #require(world.table(in: Names.ap)).number
            let link = try #require(world.regions.link(from: Names.eu, to: Names.ap))
            func saved() -> UInt64 { world[Names.ap].head(number)?.cursors[Names.eu]?.next ?? 0 }

            // An own record and foreign ones behind it, which the link reads in one go.
            let start = ContinuousClock.now
            try world[Names.eu].put(item("own"))
            let behindOwn = try #require(try world[Names.eu].changes().last).sequence + 1
            try world[Names.us].putAll((0..<20).map { item("foreign \($0)") })
            try eventually("Europe has them") { try world[Names.eu].items().count == 21 }
            try eventually("the link has read them") {
                link.position(of: number)?.cursor.next == behindOwn + 20
            }
            let position = try #require(link.position(of: number))
            let next = saved()
            // It was saved with the own record, which was late; from then on it has this long.
            let isDue = ContinuousClock.now - start > .milliseconds(390 + Link.cursorDelayMillisecondsMax)
            #expect(position.savedNext == behindOwn || isDue)
            #expect(next == behindOwn || isDue)
            // Once the source is durable the cursor follows, so that the source's log can be trimmed.
            try eventually("the cursor is saved") { saved() == behindOwn + 20 }
            #expect(try world[Names.ap].items().count == 21)
        }
    }

    @Test("a region that has failed does not hold up the others, and stops")
    func failedRegion() throws {
        try withRegions(.rocksDB) { world in
            try world.createGlobalTable()
            try world[Names.us].put(item("before"))
            try world.waitUntilEqual()
            // Its disk goes away.
            world[Names.eu].store.close()
            guard case .failed(.unknownOutcome) = world[Names.eu].perform(.flush) else {
                Issue.record("a commit without a store succeeded")
                return
            }
            #expect(world[Names.eu].failure != nil)
            #expect(world[Names.us].failure == nil)
            try world[Names.us].put(item("after"))
            try eventually("the others carry on") { try world[Names.ap].storedItem("after") != nil }
            guard case .failed(.unknownOutcome) = world[Names.eu].perform(.flush) else {
                Issue.record("a failed region writes")
                return
            }
        }
    }
}
