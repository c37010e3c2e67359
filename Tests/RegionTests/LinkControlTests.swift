import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import Testing

@testable import Region

/// Links that are delayed, re-ordered, paused and cut, and regions that are isolated, while they run.
@Suite struct LinkControlTests {
    private typealias Names = TestRegions
    private static let link = LinkName(from: TestRegions.us, to: TestRegions.eu)

    private func kinds(in region: Region) throws -> [String] {
        try ControlLog.entries(from: 1, limit: 1000, reading: region.store).map(\.kind.name)
            .filter { $0.hasPrefix("link.") || $0.hasPrefix("region.") }
    }

    private func status(_ world: TestRegions, _ name: LinkName = link) throws -> LinkStatus {
        try #require(world.regions.linkReport(name)?.tables.first)
    }

    @Test(
        "a paused link carries nothing until it is resumed; both are told once",
        arguments: [.paused, .cut] as [LinkSettings.State])
    func pause(state: LinkSettings.State) throws {
        try withRegions { world in
            try world.createGlobalTable()
            try world.waitUntilEqual()
            for _ in 0..<2 { #expect(world.regions.changeLink(Self.link) { $0.state = state }) }
            #expect(world.regions.linkReport(Self.link)?.isCarrying == false)
            try world[Names.us].putAll((0..<20).map { item("\($0)") })
            try eventually("the other link delivers") { try world[Names.ap].items().count == 20 }
            #expect(try world[Names.eu].items().isEmpty)
            world.clock.move(milliseconds: 5000)
            let held = try status(world)
            #expect(held.backlog == 20 && held.lagMilliseconds >= 5000)
            for _ in 0..<2 { #expect(world.regions.changeLink(Self.link) { $0.state = .running }) }
            try world.waitUntilEqual()
            try eventually("nothing waits") { try status(world).lagMilliseconds == 0 && status(world).backlog == 0 }
            #expect(try kinds(in: world[Names.eu]) == ["link.paused", "link.resumed"])
            #expect(try kinds(in: world[Names.us]).isEmpty)
        }
    }

    @Test("an isolated region and the others take writes; when it rejoins, all of them arrive")
    func isolation() throws {
        try withRegions(.rocksDB) { world in
            try world.createGlobalTable()
            for _ in 0..<2 { #expect(world.regions.setIsolated(true, Names.eu)) }
            for name in [Names.us, Names.eu, Names.ap] {
                try world[name].put(item("own \(name)"))
                try world[name].put(item("contended", [("v", number(1))]))
            }
            try eventually("the others exchange theirs") { try world[Names.us].items().count == 3 }
            #expect(try world[Names.eu].items().count == 2)
            #expect(try world[Names.ap].storedItem("own \(Names.eu)") == nil)
            #expect(world.regions.linkReports.count { $0.isCarrying } == 2)
            #expect(world.regions.setIsolated(false, Names.eu))
            try world.waitUntilEqual()
            #expect(try world[Names.us].items().count == 4)
            #expect(try kinds(in: world[Names.eu]) == ["region.isolated", "region.rejoined"])
        }
    }

    @Test("a log behind a cut link is not trimmed, however old it is")
    func untrimmed() throws {
        try withRegions { world in
            try world.createGlobalTable()
            #expect(world.regions.changeLink(Self.link) { $0.state = .cut })
            try world[Names.us].putAll((0..<10).map { item("\($0)") })
            try eventually("the other link delivers") { try world[Names.ap].items().count == 10 }
            world.clock.move(milliseconds: 3 * 24 * 60 * 60 * 1000)
            Housekeeping(regions: world.regions, logger: silentLogger).trim(world[Names.us])
            #expect(try world[Names.us].changes().count == 10)
            #expect(world.regions.changeLink(Self.link) { $0.state = .running })
            try world.waitUntilEqual()
        }
    }

    @Test("delays change while the link runs: what waited is due by the new delay")
    func newDelay() throws {
        try withRegions(delaysMilliseconds: [Self.link: 3_600_000]) { world in
            world.createTable()
            world.addReplica(in: Names.eu)
            try world.waitUntilActive(in: [Names.us, Names.eu])
            try world[Names.us].put(item("a"))
            #expect(try status(world).backlog == 1)
            #expect(world.regions.changeLink(Self.link) { $0.delay = .none })
            try eventually("it arrives") { try world[Names.eu].storedItem("a") != nil }
        }
    }

    @Test("a link that re-orders loses nothing and repeats nothing", arguments: TestRegions.Storage.allCases)
    func reordering(storage: TestRegions.Storage) throws {
        try withRegions(storage) { world in
            try world.createGlobalTable()
            for report in world.regions.linkReports {
                _ = world.regions.changeLink(report.name) { settings in
                    settings.delay = .uniform(lowest: 0, highest: 60)
                    settings.reorders = true
                    settings.seed = 7
                }
            }
            let names = [Names.us, Names.eu, Names.ap]
            let writers = names.map { Writer(in: world[$0], keys: 20, named: "contended") }
            try eventually("every writer has written") { writers.allSatisfy { $0.count > 150 } }
            writers.forEach { $0.stop() }
            try world.waitUntilEqual()
            try eventually("no backlog is left") { world.regions.linkStatuses.allSatisfy { $0.backlog == 0 } }
            var own = 0
            for name in names { own += try world[name].changes().count { $0.version.region == name } }
            let carried = world.regions.linkStatuses.reduce(0) { $0 + Int($1.applied + $1.lost) }
            #expect(carried == 2 * own, "every change travelled once to each of the others")
        }
    }

    @Test("what a re-ordering link has carried ahead is known after a restart")
    func reorderedRestart() throws {
        try withRegions(.rocksDB) { world in
            try world.createGlobalTable()
            let number = try #require(world.table(in: Names.eu)).number
            _ = world.regions.changeLink(Self.link) { settings in
                settings.delay = .uniform(lowest: 0, highest: LinkDelay.millisecondsMax)
                settings.reorders = true
            }
            try world[Names.us].putAll((0..<200).map { item("\($0)") })
            world.clock.move(milliseconds: 12 * 60 * 60 * 1000)
            _ = world.regions.changeLink(Self.link) { _ in }
            try eventually("about half has arrived") { (50...150).contains(try world[Names.eu].items().count) }
            // Once it is paused nothing more arrives.
            _ = world.regions.changeLink(Self.link) { $0.state = .paused }
            let early = try world[Names.eu].items().count
            world.stop()
            try world.reopen()
            #expect(world[Names.eu].head(number)?.cursors[Names.us]?.ahead.isEmpty == false)
            world.startControlPlane()
            try world.waitUntilEqual()
            try eventually("only the rest has travelled") { try status(world).applied == 200 - UInt64(early) }
            #expect(try status(world).lost == 0)
        }
    }

    @Test("a removed replica's last writes wait for its link")
    func removalWaits() throws {
        try withRegions { world in
            try world.createGlobalTable()
            #expect(world.regions.setIsolated(true, Names.eu))
            try world[Names.eu].put(item("last"))
            world.control { $0.removeReplica(of: "T", in: Names.eu) }
            #expect(try world[Names.us].storedItem("last") == nil)
            #expect(world.table(in: Names.eu)?.status == .deleting)
            #expect(world.regions.setIsolated(false, Names.eu))
            try eventually("it arrives") { try world[Names.us].storedItem("last") != nil }
            try eventually("the replica is gone") { world.table(in: Names.eu) == nil }
            #expect(try kinds(in: world[Names.eu]) == ["region.isolated", "region.rejoined"])
        }
    }

    @Test("there are no links to oneself or to other places")
    func unknown() throws {
        try withRegions(withControlPlane: false) { world in
            let mars = RegionName(stored: "mars-north-1")
            for name in [LinkName(from: Names.us, to: Names.us), LinkName(from: Names.us, to: mars)] {
                #expect(!world.regions.changeLink(name) { $0.state = .cut })
                #expect(world.regions.linkReport(name) == nil)
            }
            #expect(!world.regions.setIsolated(true, mars))
        }
    }
}
