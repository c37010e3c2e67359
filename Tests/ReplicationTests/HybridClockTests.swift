import Replication
import TestSupport
import Testing

/// The clock rules of `reference/reliability.md` 4.2.
@Suite struct HybridClockTests {
    /// Every row is one local write: what the clock last gave out, the wall, the version that the write replaces, and the stamp.
    @Test(
        "a write is later than the clock's last stamp, not before the wall, and later than what it overwrites",
        arguments: [
            StampCase(last: at(100), wall: 200, overwritten: nil, stamp: at(200), lastAfter: at(200)),
            StampCase(last: at(200), wall: 200, overwritten: nil, stamp: at(200, 1), lastAfter: at(200, 1)),
            StampCase(last: at(200, 7), wall: 100, overwritten: nil, stamp: at(200, 8), lastAfter: at(200, 8)),
            StampCase(last: at(100), wall: 200, overwritten: at(150, 3), stamp: at(200), lastAfter: at(200)),
            StampCase(last: at(100), wall: 200, overwritten: at(200), stamp: at(200, 1), lastAfter: at(200)),
            StampCase(last: at(100), wall: 200, overwritten: at(900, 4), stamp: at(900, 5), lastAfter: at(200)),
            StampCase(last: at(100, 65_535), wall: 100, overwritten: nil, stamp: at(101), lastAfter: at(101)),
            StampCase(last: at(100), wall: 100, overwritten: at(900, 65_535), stamp: at(901), lastAfter: at(100, 1)),
            StampCase(last: .zero, wall: 0, overwritten: nil, stamp: at(0, 1), lastAfter: at(0, 1)),
        ])
    func stamps(_ example: StampCase) {
        var clock = HybridClock(last: example.last)
        #expect(
            clock.stamp(wallMilliseconds: example.wall, overwriting: example.overwritten) == example.stamp)
        #expect(clock.last == example.lastAfter)
    }

    @Test("a peer's timestamp moves the clock up to half a second beyond the wall, and no further")
    func containsSkew() {
        var clock = HybridClock(last: at(1000))
        let isNear = clock.observe(at(1500, 9), wallMilliseconds: 1000)
        #expect(isNear)
        #expect(clock.last == at(1500, 9))

        let isNearer = clock.observe(at(1200), wallMilliseconds: 1000)
        #expect(isNearer)
        #expect(clock.last == at(1500, 9), "an older timestamp never moves the clock back")

        let isFar = clock.observe(at(1501), wallMilliseconds: 1000)
        #expect(!isFar)
        #expect(clock.last == at(1500, 9))
    }

    @Test("an idle clock follows the wall, and never goes back with it")
    func advances() {
        var clock = HybridClock(last: at(1000, 5))
        clock.advance(wallMilliseconds: 900)
        #expect(clock.last == at(1000, 5))
        clock.advance(wallMilliseconds: 1000)
        #expect(clock.last == at(1000, 5))
        clock.advance(wallMilliseconds: 1001)
        #expect(clock.last == at(1001))
    }

    @Test("whatever the wall and the peers say, stamps grow and exceed what they overwrite", arguments: UInt64(1)...50)
    func alwaysGrows(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var clock = HybridClock()
        var wall: UInt64 = 1_700_000_000_000
        var highestWall = wall
        for step in 0..<400 {
            // Mostly small steps, sometimes an hour ahead or back.
            wall = random.isTrue(1, in: 20) ? wall + random.below(7_200_000) - 3_600_000 : wall + random.below(5)
            highestWall = max(highestWall, wall)
            let before = clock.last
            switch random.below(4) {
            case 0:
                let peer = HybridTimestamp(milliseconds: wall + random.below(2_000_000), counter: 9)
                _ = clock.observe(peer, wallMilliseconds: wall)
                #expect(clock.last >= before)
            case 1:
                clock.advance(wallMilliseconds: wall)
                #expect(clock.last >= before)
            default:
                let overwritten =
                    random.isTrue(1, in: 2)
                    ? HybridTimestamp(rawValue: (wall + random.below(4_000_000)) << 16 | random.below(65_536)) : nil
                let stamp = clock.stamp(wallMilliseconds: wall, overwriting: overwritten)
                #expect(stamp > before, "seed \(seed), step \(step)")
                #expect(stamp >= at(wall))
                if let overwritten { #expect(stamp > overwritten, "seed \(seed), step \(step)") }
            }
            let reach = highestWall + HybridClock.skewMilliseconds + 1
            #expect(clock.last < at(reach), "no peer and no item drags the clock; seed \(seed), step \(step)")
        }
    }
}

struct StampCase: Sendable, CustomTestStringConvertible {
    let last: HybridTimestamp
    let wall: UInt64
    let overwritten: HybridTimestamp?
    let stamp: HybridTimestamp
    let lastAfter: HybridTimestamp

    var testDescription: String {
        "last \(last), wall \(wall), overwriting \(overwritten.map { "\($0)" } ?? "nothing")"
    }
}
