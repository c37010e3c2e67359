import AttributeModel
import Bytes
import Partition
import Replication
import Testing

@testable import Region

@Suite struct IndexLifecycleTests {
    private typealias Names = TestRegions

    @Test(
        "an index that is made under writes holds every item, in every replica", arguments: TestRegions.Storage.allCases
    )
    func createUnderWrites(storage: TestRegions.Storage) throws {
        try withRegions(storage) { world in
            try world.createGlobalTable()
            try world[Names.us].putAll((0..<3000).map { item("old \($0)", [("g", string("\($0 % 5)"))]) })
            let writers = [Names.us, Names.eu].map { Writer(in: world[$0], keys: 400) { [("g", "\($0 % 5)")] } }
            try eventually("writes go on") { writers.allSatisfy { $0.count > 30 } }
            let table = try #require(world.table(in: Names.us))
            world.control { plane in
                plane.createIndex(.global("G", "g"), attributeDefinitions: table.attributeDefinitions, on: table)
            }
            #expect(world.table(in: Names.ap)?.index(named: "G") != nil)
            try world.waitUntilActive(in: [Names.us, Names.eu, Names.ap])
            writers.forEach { $0.stop() }
            try world.waitUntilEqual()
            #expect(try world[Names.ap].items().count >= 3000)
        }
    }

    @Test("an index that is deleted while it is being filled leaves a table that is ACTIVE, without the index")
    func deleteWhileFilling() throws {
        try withRegions { world in
            try world.createGlobalTable()
            try world[Names.us].putAll((0..<4000).map { item("\($0)", [("g", .string("x"))]) })
            try world.waitUntilEqual()
            let table = try #require(world.table(in: Names.us))
            world.control { plane in
                plane.createIndex(.global("G", "g"), attributeDefinitions: table.attributeDefinitions, on: table)
                plane.deleteIndex("G", on: table)
            }
            try world.waitUntilActive(in: [Names.us, Names.eu, Names.ap])
            for name in [Names.us, Names.eu, Names.ap] {
                #expect(world.table(in: name)?.globalIndexes.isEmpty == true)
                #expect(world.table(in: name)?.nextIndexOrdinal == 2, "ordinals are not used again")
            }
            // The same name again: entries of the first one must not show.
            world.control { plane in
                plane.createIndex(.global("G", "g"), attributeDefinitions: table.attributeDefinitions, on: table)
            }
            try world.waitUntilActive(in: [Names.us, Names.eu, Names.ap])
            try world.waitUntilEqual()
        }
    }

    @Test("a table stays UPDATING while a replica is being made from it, whatever becomes of its indexes")
    func updatingForAReplica() throws {
        try withRegions(delaysMilliseconds: Names.lateFromAsia) { world in
            try world.beginEndlessFilling()
            let table = try #require(world.table(in: Names.us))
            world.control { plane in
                plane.createIndex(.global("G", "g"), attributeDefinitions: table.attributeDefinitions, on: table)
            }
            try eventually("the indexes are active") {
                [Names.us, Names.eu].allSatisfy { world.table(in: $0)?.globalIndexes.map(\.status) == [.active] }
            }
            #expect(world.table(in: Names.us)?.status == .updating)
            #expect(world.table(in: Names.eu)?.status == .creating, "a replica that is being filled serves nobody")
        }
    }
}
