import AttributeModel
import Bytes
import Capacity
import ChangeStream
import KeyValueStore
import Partition
import Replication
import Testing

/// Writes on provisioned capacity: who waits, who does not, and who pays (reference `data-plane.md` 18, `global-tables.md` 7).
@Suite struct WriteCapacityTests {
    private static let peer = RegionName(stored: "eu-west-1")
    private static let byCity = IndexDefinition.global("byCity", "city=S")

    /// A region whose table `T` provides so many write units a second; nil for an on-demand table.
    private func region(
        units: Int?, indexUnits: Int = 1000, peers: [RegionName] = [], enforcing: Bool = true
    ) throws -> TestRegion {
        var region = TestRegion(enforcesThroughput: enforcing)
        var index = Self.byCity
        index.throughput = Throughput(readUnits: 1, writeUnits: indexUnits)
        var definition = region.definition("T", global: [index], peers: peers)
        if let units {
            definition.billing = Billing(
                mode: .provisioned, throughput: Throughput(readUnits: 1, writeUnits: units))
        }
        try region.create(definition)
        return region
    }

    private func json(_ key: String, bytes: Int = 1, city: Bool = false) -> String {
        let city = city ? #","city":{"S":"Oslo"}"# : ""
        return #"{"pk":{"S":"\#(key)"},"a":{"S":"\#(String(repeating: "x", count: bytes))"}\#(city)}"#
    }

    private func use(_ region: TestRegion, _ resource: CapacityMeter.Resource = .table) throws -> CapacityMeter.Use {
        try region.partition("T").writes.use(of: resource)
    }

    @Test("writes go until the capacity is used up, are refused then, and go again a second later")
    func writesAreRefused() throws {
        var region = try region(units: 2)
        #expect(try region.apply(.write(region.put(json("a")))).outcome != nil)
        #expect(try region.apply(.write(region.put(json("b")))).outcome != nil)
        let refusal = try region.apply(.write(region.put(json("c")))).failure
        #expect(refusal == .throttled(Throttling(.table, of: try region.table(), .write)))
        #expect(try region.item(#"{"pk":{"S":"c"}}"#) == nil)
        #expect(try use(region).throttles == 1)
        region.wallMilliseconds += 500
        #expect(try region.apply(.write(region.put(json("c")))).outcome != nil)
        #expect(try use(region).units == 3)
    }

    static let unrefused: [(units: Int?, enforcing: Bool)] = [(nil, true), (1, false), (nil, false)]

    @Test(
        "an on-demand table, and every table when it is so wished, is counted and never refused", arguments: unrefused)
    func neverRefused(units: Int?, enforcing: Bool) throws {
        var region = try region(units: units, enforcing: enforcing)
        for index in 0..<50 {
            #expect(try region.apply(.write(region.put(json("\(index)", bytes: 3000, city: true)))).outcome != nil)
        }
        #expect(try use(region).units == 150)
        #expect(try use(region, .index("byCity")).units == 150)
    }

    @Test("an index that is used up refuses the writes that touch it, and no others")
    func anIndexRefuses() throws {
        var region = try region(units: 1000, indexUnits: 1)
        #expect(try region.apply(.write(region.put(json("a", city: true)))).outcome != nil)
        let refusal = try region.apply(.write(region.put(json("b", city: true)))).failure
        #expect(refusal == .throttled(Throttling(.index("byCity"), of: try region.table(), .write)))
        #expect(try region.apply(.write(region.put(json("b")))).outcome != nil)
        #expect(try use(region).throttles == 0)
        #expect(try use(region, .index("byCity")).throttles == 1)
    }

    @Test("a refused condition and a write that changes nothing cost as much as the item")
    func whatChangesNothingCosts() throws {
        var region = try region(units: 100)
        try region.apply(.write(region.put(json("a", bytes: 2000))))
        let never = try condition("attribute_not_exists(pk)")
        #expect(try region.apply(.write(region.put(json("a"), if: never))).outcome == nil)
        try region.apply(.write(region.put(json("a", bytes: 2000))))
        #expect(try use(region).units == 6)
    }

    @Test("of a batch the rest is left over; a batch of which nothing goes is refused")
    func batches() throws {
        var region = try region(units: 2)
        let writes = try ["a", "b", "c"].map { try region.put(json($0)) }
        guard case .writtenSome(let outcomes) = try region.apply(.writeEach(writes)) else {
            Issue.record("the batch was not made in part")
            return
        }
        #expect(outcomes.map { $0 == nil } == [false, false, true])
        #expect(try region.apply(.writeEach([writes[2]])).failure != nil)
        region.wallMilliseconds += 1000
        guard case .writtenEach = try region.apply(.writeEach([writes[2]])) else {
            Issue.record("the rest was not made")
            return
        }
    }

    @Test("a transaction costs twice, is made as a whole, and tells which actions found nothing left")
    func transactions() throws {
        var region = try region(units: 4)
        let writes = try ["a", "b", "c"].map { try region.put(json($0)) }
        let throttling = Throttling(.table, of: try region.table(), .write)
        #expect(
            try region.apply(.transact(Transaction(id: "1", writes: writes, token: nil))).cancellation
                == [.none, .none, .throttled(throttling)])
        #expect(try region.item(#"{"pk":{"S":"a"}}"#) == nil)
        #expect(try use(region).units == 0)
        let two = Transaction(id: "2", writes: Array(writes.prefix(2)), token: nil)
        guard case .transacted = try region.apply(.transact(two)) else {
            Issue.record("two actions were not made")
            return
        }
        #expect(try use(region).units == 4)
    }

    @Test("a write from another region is never refused; clients wait for it")
    func replicatedWrites() throws {
        var region = try region(units: 2, peers: [Self.peer])
        for index in 0..<5 {
            let outcome = try region.replicate(
                json("\(index)", city: true), from: Self.peer, at: at(TestRegion.start + UInt64(index)),
                next: UInt64(index) + 2)
            #expect(outcome.applied == 1)
        }
        #expect(try use(region).replicatedUnits == 5)
        #expect(try use(region, .index("byCity")).replicatedUnits == 5)
        #expect(try region.apply(.write(region.put(json("own")))).failure != nil)
        region.wallMilliseconds += 2000
        #expect(try region.apply(.write(region.put(json("own")))).outcome != nil)
    }

    @Test("what is expired waits while there is no capacity, and its deletion is free")
    func expiryWaits() throws {
        var region = try region(units: 1)
        try region.setTimeToLive(attribute: "ttl")
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"ttl":{"N":"\#(TestRegion.start / 1000 - 1)"}}"#)))
        #expect(try region.apply(region.sweepCommand()).swept == 0)
        region.wallMilliseconds += 1000
        #expect(try region.apply(region.sweepCommand()).swept == 1)
        #expect(try use(region).units == 1)
        #expect(try region.apply(.write(region.put(json("b")))).outcome != nil)
    }

    @Test("a table that changes to on-demand is free at once, one that changes back is not")
    func changingTheMode() throws {
        var region = try region(units: 1)
        try region.apply(.write(region.put(json("a"))))
        #expect(try region.apply(.write(region.put(json("b")))).failure != nil)
        try region.apply(.changeCatalogue(.edit(1) { $0.billing = Billing(mode: .payPerRequest, throughput: .none) }))
        for _ in 0..<10 { #expect(try region.apply(.write(region.put(json("b")))).outcome != nil) }
        try region.apply(
            .changeCatalogue(
                .edit(1) {
                    $0.billing = Billing(mode: .provisioned, throughput: Throughput(readUnits: 1, writeUnits: 1))
                }))
        #expect(try region.apply(.write(region.put(json("b")))).outcome != nil)
        #expect(try region.apply(.write(region.put(json("b")))).failure != nil)
        #expect(try use(region).units == 12)
    }
}
