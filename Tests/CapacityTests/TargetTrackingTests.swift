import Capacity
import Testing

@Suite("Capacity that follows its use")
struct TargetTrackingTests {
    private static func settings(
        _ bounds: ClosedRange<Int> = 5...100, target: Double? = 50, in scaleIn: Bool = true, cooldown: UInt64 = 0
    ) -> TargetTracking.Settings {
        TargetTracking.Settings(
            minimumUnits: bounds.lowerBound, maximumUnits: bounds.upperBound, targetPercent: target,
            isScaleInDisabled: !scaleIn, scaleInCooldownMilliseconds: cooldown, scaleOutCooldownMilliseconds: cooldown)
    }

    /// A table of which so many units a second are used, minute by minute.
    private struct Table {
        var tracking = TargetTracking()
        var provisioned: Int
        var units = 0.0
        var now: UInt64 = 1_000_000

        mutating func pass(minutes: Int, using rate: Double, _ settings: TargetTracking.Settings) {
            for _ in 0..<minutes * 6 {
                if let wanted = tracking.look(
                    units: units, provisioned: provisioned, settings, nowMilliseconds: now)
                {
                    provisioned = wanted
                }
                units += rate * 10
                now += 10_000
            }
        }
    }

    @Test("two minutes above the target make it grow to where the target is met")
    func growing() {
        var table = Table(provisioned: 10)
        table.pass(minutes: 2, using: 20, Self.settings())
        #expect(table.provisioned == 10)
        table.pass(minutes: 1, using: 20, Self.settings())
        #expect(table.provisioned == 40)
    }

    @Test("fifteen minutes below it make it shrink, one is not enough")
    func shrinking() {
        var table = Table(provisioned: 80)
        table.pass(minutes: 14, using: 5, Self.settings())
        #expect(table.provisioned == 80)
        table.pass(minutes: 3, using: 5, Self.settings())
        #expect(table.provisioned == 10)
    }

    @Test("a use at the target changes nothing, however long it lasts")
    func steady() {
        var table = Table(provisioned: 20)
        table.pass(minutes: 60, using: 10, Self.settings())
        #expect(table.provisioned == 20)
    }

    @Test("neither bound is crossed, and what lies outside comes in at once")
    func bounds() {
        var table = Table(provisioned: 10)
        table.pass(minutes: 5, using: 1000, Self.settings())
        #expect(table.provisioned == 100)
        table.pass(minutes: 30, using: 0, Self.settings())
        #expect(table.provisioned == 5)
        table.pass(minutes: 1, using: 0, Self.settings(7...9))
        #expect(table.provisioned == 7)
    }

    @Test("without scale-in it only grows; without a target only the bounds hold")
    func switchedOff() {
        var table = Table(provisioned: 80)
        table.pass(minutes: 60, using: 0, Self.settings(in: false))
        #expect(table.provisioned == 80)
        table.pass(minutes: 60, using: 1000, Self.settings(target: nil))
        #expect(table.provisioned == 80)
    }

    @Test("a cooldown is waited for")
    func cooldown() {
        var table = Table(provisioned: 10)
        table.pass(minutes: 3, using: 10, Self.settings(cooldown: 600_000))
        #expect(table.provisioned == 20)
        table.pass(minutes: 8, using: 40, Self.settings(cooldown: 600_000))
        #expect(table.provisioned == 20)
        table.pass(minutes: 5, using: 40, Self.settings(cooldown: 600_000))
        #expect(table.provisioned == 80)
    }

    @Test("a clock that is put back, or a count that begins anew, begins the watch anew")
    func beginningAnew() {
        var table = Table(provisioned: 10)
        table.pass(minutes: 2, using: 20, Self.settings())
        table.now -= 500_000
        table.units = 0
        table.pass(minutes: 2, using: 20, Self.settings())
        #expect(table.provisioned == 10)
        table.pass(minutes: 1, using: 20, Self.settings())
        #expect(table.provisioned == 40)
    }
}
