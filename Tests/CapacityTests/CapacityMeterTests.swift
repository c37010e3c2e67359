import Capacity
import Testing

@Suite("The meter of a table's capacity")
struct CapacityMeterTests {
    private static func meter(table: Int?, index: Int?) -> CapacityMeter {
        var meter = CapacityMeter()
        meter.provision(unitsPerSecond: table, indexes: [("byCity", index)])
        return meter
    }

    @Test("what is not provisioned is counted and never refused")
    func whatIsNotProvisionedIsNeverRefused() {
        var meter = Self.meter(table: nil, index: nil)
        for _ in 0..<1000 {
            #expect(meter.admits(.table, atLeast: 1, nowMilliseconds: 0) == true)
            meter.charge(3, to: .table, nowMilliseconds: 0)
            meter.charge(1, to: .index("byCity"), nowMilliseconds: 0)
        }
        #expect(!meter.isEnforced)
        #expect(meter.use(of: .table).units == 3000)
        #expect(meter.use(of: .index("byCity")).requests == 1000)
        #expect(meter.use(of: .table).throttles == 0)
    }

    @Test("table and index have buckets and counts of their own")
    func tableAndIndexHaveBucketsOfTheirOwn() {
        var meter = Self.meter(table: 10, index: 1)
        meter.charge(1, to: .index("byCity"), nowMilliseconds: 0)
        #expect(meter.admits(.table, atLeast: 1, nowMilliseconds: 0) == true)
        #expect(meter.admits(.index("byCity"), atLeast: 1, nowMilliseconds: 0) == false)
        meter.countThrottle(of: .index("byCity"))
        #expect(meter.use(of: .table).throttles == 0)
        #expect(meter.use(of: .index("byCity")).throttles == 1)
    }

    @Test("replicated writes are never refused, and others pay for them")
    func replicatedWritesAreNeverRefused() {
        var meter = Self.meter(table: 1, index: nil)
        for _ in 0..<10 { meter.chargeReplicated(1, to: .table, nowMilliseconds: 0) }
        #expect(meter.use(of: .table).units == 10)
        #expect(meter.use(of: .table).replicatedUnits == 10)
        #expect(!meter.hasCapacity(nowMilliseconds: 9999))
        #expect(meter.admits(.table, atLeast: 1, nowMilliseconds: 9999) == false)
        #expect(meter.admits(.table, atLeast: 1, nowMilliseconds: 10_000) == true)
    }

    @Test("what was used stays when other capacity is provisioned; an index that goes is forgotten")
    func provisioningKeepsUses() {
        var meter = Self.meter(table: 1, index: 1)
        meter.charge(1, to: .table, nowMilliseconds: 0)
        meter.charge(1, to: .index("byCity"), nowMilliseconds: 0)
        meter.provision(unitsPerSecond: nil, indexes: [])
        #expect(meter.use(of: .table).units == 1)
        #expect(meter.use(of: .index("byCity")).units == 0)
        #expect(!meter.isEnforced)
        meter.charge(1, to: .index("byCity"), nowMilliseconds: 0)
        #expect(meter.admits(.index("byCity"), atLeast: 1, nowMilliseconds: 0) == true)
    }
}
