import AttributeModel
import Bytes
import ChangeStream
import Dispatch
import KeyValueStore
import Partition
import Replication
import Synchronization
import Testing

@testable import Region

@Suite struct RegionSetTests {
    private typealias Names = TestRegions

    @Test("stopping finishes what was queued, and later commands are refused", arguments: TestRegions.Storage.allCases)
    func stopFinishes(storage: TestRegions.Storage) throws {
        try withRegions(storage, withControlPlane: false) { world in
            world.createTable()
            let region = world[Names.us]
            let written = Atomic<Int>(0)
            let count = 5000
            for number in 0..<count {
                region.submit(try region.putCommand(item("\(number)"))) { reply in
                    if case .written = reply { written.add(1, ordering: .relaxed) }
                }
            }
            let late = try region.putCommand(item("late"))
            world.stop()
            #expect(written.load(ordering: .relaxed) == count)
            guard case .failed(.unknownOutcome) = region.perform(late) else {
                Issue.record("a stopped region writes")
                return
            }
            guard storage == .rocksDB else { return }
            try world.reopen()
            #expect(try world[Names.us].items().count == count)
        }
    }

    @Test("stopping twice is stopping once")
    func stopTwice() throws {
        try withRegions { world in
            world.createTable()
            world.stop()
            world.regions.stop()
        }
    }

    @Test("a reply comes when its write can be read, and the catalogue is as new as the reply")
    func repliesAndReads() throws {
        try withRegions(withControlPlane: false) { world in
            for number in 0..<200 {
                world.createTable("T\(number)")
                #expect(world.table("T\(number)", in: Names.us) != nil)
                try world[Names.us].put(item("a"), in: "T\(number)")
                #expect(try world[Names.us].storedItem("a", of: "T\(number)") != nil)
                let table = try #require(world.table("T\(number)", in: Names.us))
                #expect(world[Names.us].counters(table.number).itemCount == 1)
            }
        }
    }

    @Test("a second process on the same directory is refused, and does not disturb the first")
    func lockedDirectory() throws {
        try withRegions(.rocksDB) { world in
            world.createTable()
            #expect {
                _ = try world.openAgain()
            } throws: { error in
                if case StoreError.locked? = error as? StoreError { true } else { false }
            }
            try world[Names.us].put(item("a"))
            world.stop()
            try world.reopen()
            #expect(try world[Names.us].storedItem("a") != nil)
        }
    }

    @Test("a region whose log lacks what a replica has seen is refused: its next records would be skipped in silence")
    func logThatHasLostItsEnd() throws {
        try withRegions(.rocksDB) { world in
            world.createTable()
            world.addReplica(in: Names.eu)
            try world.waitUntilActive(in: [Names.us, Names.eu])
            try world[Names.us].put(item("a"))
            try eventually("it arrives") { try world[Names.eu].storedItem("a") != nil }
            world.stop()
            try world.exchangeFiles(of: Names.us, with: "us-before", copying: true)
            try world.reopen()
            try world[Names.us].put(item("b"))
            try eventually("it arrives") { try world[Names.eu].storedItem("b") != nil }
            world.stop()
            try world.exchangeFiles(of: Names.us, with: "us-before")
            #expect {
                _ = try world.openAgain()
            } throws: { error in
                guard case StoreError.corrupted(let path, let reason)? = error as? StoreError else { return false }
                return path.hasSuffix("/us-east-1") && reason.contains("eu-west-1 has seen 2")
            }
            try world.exchangeFiles(of: Names.us, with: "us-before")
            try world.reopen()
            #expect(try world[Names.us].storedItem("b") != nil)
        }
    }

    @Test("a directory of another region is refused, and the regions opened before are closed again")
    func otherRegion() throws {
        let directory = temporaryPath()
        defer { removeFiles(directory) }
        func open(_ names: [String]) throws -> RegionSet {
            let regions = names.map { RegionName(stored: $0) }
            return try RegionSet(.init(regions: regions, dataDirectory: directory), logger: silentLogger)
        }
        let first = try open(["us-east-1", "eu-west-1"])
        for region in first.regions {
            let schema = KeySchema(partitionKeys: [KeyAttribute(name: "pk", type: .string)])
            _ = region.perform(
                .changeCatalogue(
                    .create(
                        TableDefinition(
                            number: 1, name: "T", region: region.name, tableID: "id", createdMilliseconds: 1,
                            status: .active, keySchema: schema, attributeDefinitions: schema.attributes,
                            billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: [],
                            globalIndexes: []))))
        }
        first.stop()
        try moveFile(directory + "/eu-west-1", to: directory + "/ap-east-1")
        #expect(throws: StoreError.self) { try open(["us-east-1", "ap-east-1"]) }
        try open(["us-east-1"]).stop()
    }

    @Test("commands of many threads are carried out once each, in each thread's order")
    func manyThreads() throws {
        try withRegions(withControlPlane: false) { world in
            world.createTable()
            let region = world[Names.us]
            let group = DispatchGroup()
            for thread in 0..<4 {
                group.enter()
                startThread(named: "client") {
                    for count in 1...300 { try? region.put(item("\(thread)", [("n", number(count))])) }
                    group.leave()
                }
            }
            group.wait()
            let records = try region.changes()
            #expect(records.count == 1200)
            for thread in 0..<4 {
                let own = records.filter { $0.newImage?.value(of: "pk") == .string(Text("\(thread)")) }
                #expect(own.compactMap { $0.newImage?.value(of: "n") } == (1...300).map { number($0) })
            }
            try region.expectConsistent()
        }
    }

    @Test("statuses tell how far behind a link is")
    func linkStatuses() throws {
        let slow = LinkName(from: Names.us, to: Names.eu)
        try withRegions(delaysMilliseconds: [slow: 3_600_000]) { world in
            world.createTable()
            world.addReplica(in: Names.eu)
            try world.waitUntilActive(in: [Names.us, Names.eu])
            try world[Names.us].putAll((0..<25).map { item("\($0)") })
            let status = try #require(world.regions.linkStatuses.first { $0.from == Names.us })
            #expect(status.to == Names.eu && status.table == "T")
            #expect(status.delayMilliseconds == 3_600_000)
            #expect(status.backlog == 25)
            #expect(status.applied == 0)
        }
    }
}
