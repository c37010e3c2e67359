import KeyValueStore
import Partition
import Testing

/// Values that the shell keeps in a region.
@Suite struct KeptValueTests {
    @Test("come back by prefix, in the order of their names, and go when nothing is kept")
    func values() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        for (name, value) in [("mapping/b", 2), ("mapping/a", 1), ("function/a", 3), ("mappings", 4)]
            as [(String, UInt8)]
        {
            try region.apply(.keep(KeptValue(name: name, value: [value], isDurable: true)))
        }
        try region.restart()
        #expect(try kept("mapping/", in: region) == ["mapping/a=1", "mapping/b=2"])
        try region.apply(.keep(KeptValue(name: "mapping/a", value: nil, isDurable: false)))
        try region.apply(.keep(KeptValue(name: "mapping/b", value: [9], isDurable: false)))
        try region.restart()
        #expect(try kept("mapping/", in: region) == ["mapping/b=9"])
        #expect(try kept("", in: region) == ["function/a=3", "mapping/b=9", "mappings=4"])
        try region.expectConsistent()
    }

    @Test("only durable ones make a commit wait for the disk")
    func durability() throws {
        let store = MemoryStore()
        var engine = try RegionEngine(loading: store, as: TestRegion().engine.region)
        for isDurable in [false, true] {
            var group = WriteGroup(reading: store)
            _ = try engine.apply(
                .keep(KeptValue(name: "n", value: [1], isDurable: isDurable)), wallMilliseconds: 1, group: &group)
            #expect(group.needsSync == isDurable)
        }
    }

    private func kept(_ prefix: String, in region: TestRegion) throws -> [String] {
        try KeptValue.values(withPrefix: prefix, reading: region.store).map { "\($0.name)=\($0.value[0])" }
    }
}
