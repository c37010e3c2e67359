import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import Testing

@testable import Region

/// Time to live in running regions: settings that settle, sweeps, and clocks that are moved.
@Suite struct SweeperTests {
    private typealias Names = TestRegions
    private static let all = [TestRegions.us, TestRegions.eu, TestRegions.ap]
    private static let hour: Int64 = 3_600_000

    /// A sweeper that passes only when it is told to.
    private func sweeper(_ world: TestRegions, in name: RegionName = TestRegions.us) -> Sweeper {
        Sweeper(region: world[name], intervalMilliseconds: 3_600_000, logger: silentLogger)
    }

    /// Expires so many seconds from now, by the machine's clock.
    private func item(_ key: String, expiresIn seconds: Int) -> Item {
        let now = Int(WallClock.system.milliseconds / 1000)
        return RegionTests.item(key, [("ttl", number(now + seconds))])
    }

    private func set(_ status: TimeToLive.Status, on world: TestRegions, in names: [RegionName] = all) throws {
        let setting = TimeToLive(attributeName: "ttl", status: status, changedMilliseconds: 1)
        for name in names { try world.edit(in: name) { $0.timeToLive = setting } }
    }

    private func status(_ world: TestRegions, in name: RegionName = TestRegions.us) -> TimeToLive.Status? {
        world.table(in: name)?.timeToLive?.status
    }

    private func deletions(_ world: TestRegions, in name: RegionName) throws -> [ChangeRecord] {
        try world[name].changes().filter { $0.kind == .remove }
    }

    /// No control plane, and with it no sweep but the test's own; the table is in one region.
    private func withOneTable(
        _ storage: TestRegions.Storage = .memory, _ scenario: (TestRegions, Sweeper) throws -> Void
    ) throws {
        try withRegions(storage, withControlPlane: false) { world in
            world.createTable()
            try scenario(world, sweeper(world))
        }
    }

    @Test(
        "ENABLING lists what is there and becomes ENABLED, DISABLING becomes DISABLED",
        arguments: TestRegions.Storage.allCases)
    func settles(storage: TestRegions.Storage) throws {
        try withOneTable(storage) { world, sweeper in
            try world[Names.us].putAll((0..<600).map { item("\($0)", expiresIn: -1) })
            try set(.enabling, on: world, in: [Names.us])
            try world[Names.us].put(item("new", expiresIn: -1))
            sweeper.pass()
            #expect(status(world) == .enabled)
            #expect(try world[Names.us].items().count == 601, "expired items are there until the sweep comes")
            sweeper.pass()
            #expect(try world[Names.us].items().isEmpty)
            let number = try #require(world.table(in: Names.us)).number
            #expect(world[Names.us].expiredItems(of: number) == 601)
            try set(.disabling, on: world, in: [Names.us])
            try world[Names.us].put(item("late", expiresIn: -1))
            sweeper.pass()
            #expect(status(world) == .disabled)
            sweeper.pass()
            #expect(try world[Names.us].items().count == 1)
            try world[Names.us].expectConsistent()
        }
    }

    @Test("one pass deletes a limited number of items")
    func limited() throws {
        try withOneTable { world, sweeper in
            try set(.enabled, on: world, in: [Names.us])
            let count = Sweeper.itemsPerPassMax + 1
            try world[Names.us].putAll((0..<count).map { item("\($0)", expiresIn: -1) })
            sweeper.pass()
            #expect(try world[Names.us].items().count == 1)
            sweeper.pass()
            #expect(try world[Names.us].items().isEmpty)
        }
    }

    @Test("an hour of the region's clock lets an item expire, in that region alone")
    func movedClock() throws {
        try withOneTable { world, sweeper in
            try set(.enabled, on: world, in: [Names.us])
            try world[Names.us].put(item("a", expiresIn: 1800))
            sweeper.pass()
            #expect(try world[Names.us].storedItem("a") != nil)
            #expect(world[Names.us].wallClock.setOffset(milliseconds: Self.hour))
            let ahead = Int64(world[Names.us].wallClock.milliseconds) - Int64(world[Names.eu].wallClock.milliseconds)
            #expect((Self.hour - 1000...Self.hour + 1000).contains(ahead))
            sweeper.pass()
            #expect(try world[Names.us].storedItem("a") == nil)
            #expect(try world[Names.us].changes().last?.cause == .ttl)
        }
    }

    @Test("a clock moves ten years at the most, and not before 1970")
    func clockLimits() {
        let clock = MovableClock(WallClock { 1000 })
        #expect(clock.milliseconds == 1000)
        #expect(clock.setOffset(milliseconds: -1500))
        #expect(clock.milliseconds == 0)
        for sign: Int64 in [1, -1] {
            #expect(clock.setOffset(milliseconds: sign * MovableClock.offsetMillisecondsMax))
            #expect(!clock.setOffset(milliseconds: sign * (MovableClock.offsetMillisecondsMax + 1)))
            #expect(clock.offsetMilliseconds == sign * MovableClock.offsetMillisecondsMax, "a refusal changes nothing")
        }
    }

    @Test("the region that wrote an item deletes it; the others give it time to")
    func writerFirst() throws {
        try withRegions { world in
            try world.createGlobalTable()
            try set(.enabled, on: world)
            world.controlPlane?.stopSweeps()
            try world[Names.us].put(item("a", expiresIn: 1800))
            try world.waitUntilEqual()
            let sweepers = Self.all.map { sweeper(world, in: $0) }
            world.clock.move(milliseconds: Self.hour)
            let now = ContinuousClock.now
            sweepers[1].pass(at: now)
            sweepers[2].pass(at: now)
            for name in Self.all { #expect(try world[name].storedItem("a") != nil, "\(name)") }
            sweepers[0].pass(at: now)
            try eventually("the delete has arrived") {
                try Self.all.allSatisfy { try world[$0].storedItem("a") == nil }
            }
            for sweeper in sweepers { sweeper.pass(at: now + .milliseconds(SweepPatience.othersMillisecondsMin)) }
            for name in Self.all {
                let records = try deletions(world, in: name)
                #expect(records.map(\.cause) == [.ttl])
                #expect(records.map(\.version.region) == [Names.us], "\(name)")
            }
            try world.waitUntilEqual()
        }
    }

    @Test("a region whose clock alone is ahead deletes what others wrote, after a while")
    func patience() throws {
        try withRegions { world in
            try world.createGlobalTable()
            try set(.enabled, on: world)
            world.controlPlane?.stopSweeps()
            for key in ["a", "renewed"] { try world[Names.us].put(item(key, expiresIn: 1800)) }
            try world.waitUntilEqual()
            #expect(world[Names.eu].wallClock.setOffset(milliseconds: Self.hour))
            let sweeper = sweeper(world, in: Names.eu)
            let start = ContinuousClock.now
            let patience = Duration.milliseconds(SweepPatience.othersMillisecondsMin)
            sweeper.pass(at: start)
            try world[Names.eu].put(item("renewed", expiresIn: 7200))
            sweeper.pass(at: start + patience - .milliseconds(1))
            #expect(try world[Names.eu].storedItem("a") != nil)
            sweeper.pass(at: start + patience)
            #expect(try world[Names.eu].storedItem("a") == nil)
            try eventually("the delete has arrived") {
                try Self.all.allSatisfy { try world[$0].storedItem("a") == nil }
            }
            try world.waitUntilEqual()
            for name in Self.all {
                #expect(try deletions(world, in: name).map(\.version.region) == [Names.eu])
                #expect(try world[name].storedItem("renewed") != nil)
            }
        }
    }

    @Test("the running sweeps do all that, and a new replica has the setting", arguments: TestRegions.Storage.allCases)
    func running(storage: TestRegions.Storage) throws {
        try withRegions(storage) { world in
            world.createTable()
            try world[Names.us].put(item("old", expiresIn: 1800))
            try set(.enabling, on: world, in: [Names.us])
            try eventually("the setting is ENABLED") { status(world) == .enabled }
            world.addReplica(in: Names.eu)
            try world.waitUntilActive(in: [Names.us, Names.eu])
            #expect(status(world, in: Names.eu) == .enabled)
            #expect(world[Names.eu].wallClock.setOffset(milliseconds: Self.hour))
            try eventually("the item is gone") {
                try [Names.us, Names.eu].allSatisfy { try world[$0].storedItem("old") == nil }
            }
            #expect(try deletions(world, in: Names.us).map(\.version.region) == [Names.eu])
        }
    }

    @Test("a restart takes the setting up where it was")
    func restart() throws {
        try withRegions(.rocksDB) { world in
            world.createTable()
            try set(.enabled, on: world, in: [Names.us])
            try world[Names.us].put(item("a", expiresIn: 1800))
            try set(.enabling, on: world, in: [Names.us])
            world.stop()
            try world.reopen()
            world.startControlPlane()
            try eventually("the setting is ENABLED") { status(world) == .enabled }
            #expect(world[Names.us].wallClock.offsetMilliseconds == 0)
            #expect(world[Names.us].wallClock.setOffset(milliseconds: Self.hour))
            try eventually("the item is gone") { try world[Names.us].storedItem("a") == nil }
            try world[Names.us].expectConsistent()
        }
    }

    @Test("a client that changes its mind while the setting settles has the last word")
    func changedMeanwhile() throws {
        try withOneTable { world, sweeper in
            try set(.enabling, on: world, in: [Names.us])
            let table = try #require(world.table(in: Names.us))
            let setting = try #require(table.timeToLive)
            try set(.disabling, on: world, in: [Names.us])
            sweeper.settle(setting, as: .enabled, in: table)
            #expect(status(world) == .disabling)
        }
    }
}
