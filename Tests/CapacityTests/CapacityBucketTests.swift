import Capacity
import TestSupport
import Testing

@Suite("The token bucket of provisioned capacity")
struct CapacityBucketTests {
    @Test("a new bucket holds one second's worth, then a second brings the next")
    func aNewBucketHoldsOneSecond() {
        var bucket = CapacityBucket(unitsPerSecond: 2)
        #expect(bucket.takes(1, at: 0) == true)
        #expect(bucket.takes(1, at: 0) == true)
        #expect(bucket.takes(1, at: 0) == false)
        #expect(bucket.takes(1, at: 499) == false)
        #expect(bucket.takes(1, at: 500) == true)
        #expect(bucket.takes(1, at: 999) == false)
        #expect(bucket.takes(1, at: 1000) == true)
    }

    @Test("unused capacity is kept for 300 seconds, and no longer", arguments: [1, 5, 1000, 1_000_000_000_000])
    func unusedCapacityIsKept(units: Int) {
        var bucket = CapacityBucket(unitsPerSecond: units)
        bucket.charge(Double(units), nowMilliseconds: 0)
        #expect(bucket.available(atMilliseconds: 0) == 0)
        #expect(bucket.available(atMilliseconds: 10_000) == 10 * Double(units))
        #expect(bucket.available(atMilliseconds: 300_000) == 300 * Double(units))
        #expect(bucket.available(atMilliseconds: 86_400_000) == 300 * Double(units))
        #expect(bucket.available(atMilliseconds: .max) == 300 * Double(units))
    }

    @Test("a bucket that nobody used gathers from the time when it was provisioned")
    func anUnusedBucketGathers() {
        var bucket = CapacityBucket(unitsPerSecond: 2, nowMilliseconds: 1000)
        #expect(bucket.available(atMilliseconds: 61_000) == 122)
        bucket = CapacityBucket(unitsPerSecond: 2)
        #expect(bucket.available(atMilliseconds: 61_000) == 2)
    }

    @Test("a request that costs more than is there leaves a debt, which is paid off before the next is let in")
    func aLargeRequestLeavesADebt() {
        var bucket = CapacityBucket(unitsPerSecond: 1)
        #expect(bucket.takes(400, at: 0) == true)
        #expect(bucket.available(atMilliseconds: 0) == -399)
        #expect(bucket.takes(1, at: 399_999) == false)
        #expect(bucket.takes(1, at: 400_000) == true)
    }

    @Test("half units of eventual reads count as halves")
    func halfUnits() {
        var bucket = CapacityBucket(unitsPerSecond: 1)
        #expect(bucket.takes(0.5, at: 7) == true)
        #expect(bucket.takes(0.5, at: 7) == true)
        #expect(bucket.takes(0.5, at: 506) == false)
        #expect(bucket.takes(0.5, at: 507) == true)
    }

    @Test("more capacity is there at once, less cuts what was gathered")
    func provisioningAnew() {
        var bucket = CapacityBucket(unitsPerSecond: 10)
        bucket.charge(0, nowMilliseconds: 0)
        bucket.charge(10, nowMilliseconds: 0)
        bucket.provision(unitsPerSecond: 15)
        #expect(bucket.available(atMilliseconds: 0) == 5)
        #expect(bucket.available(atMilliseconds: 300_000) == 4500)
        bucket.charge(0, nowMilliseconds: 300_000)
        bucket.provision(unitsPerSecond: 2)
        #expect(bucket.available(atMilliseconds: 300_000) == 600)
        #expect(bucket.unitsPerSecond == 2)
    }

    @Test("a clock that is put back brings nothing and takes nothing")
    func aClockPutBack() {
        var bucket = CapacityBucket(unitsPerSecond: 1)
        bucket.charge(1, nowMilliseconds: 10_000)
        #expect(bucket.takes(1, at: 5000) == false)
        #expect(bucket.takes(1, at: 5999) == false)
        #expect(bucket.takes(1, at: 6000) == true)
    }

    /// Whatever the requests and their sizes: what was let in never exceeds one second and the time that passed, but for the last request.
    @Test("the average stays within what is provisioned", arguments: 0..<50 as Range<UInt64>)
    func theAverageStaysWithinWhatIsProvisioned(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let units = Int.random(in: 1...50, using: &random)
        var bucket = CapacityBucket(unitsPerSecond: units)
        bucket.charge(0, nowMilliseconds: 1000)
        var now: UInt64 = 1000
        var total = 0.0
        for _ in 0..<500 {
            now += UInt64.random(in: 0...300, using: &random)
            let cost = Double(Int.random(in: 1...20, using: &random))
            let allowance = Double(units) * (1 + Double(now - 1000) / 1000)
            if bucket.takes(cost, atLeast: 1, at: now) {
                #expect(total + 1 <= allowance + 0.001, "seed \(seed)")
                total += cost
            } else {
                #expect(total + 1 > allowance - 0.001, "seed \(seed): refused although there was capacity")
            }
        }
    }
}

extension CapacityBucket {
    fileprivate mutating func takes(_ units: Double, atLeast least: Double? = nil, at now: UInt64) -> Bool {
        guard admits(atLeast: least ?? min(units, 1), nowMilliseconds: now) else { return false }
        charge(units, nowMilliseconds: now)
        return true
    }
}
