import Replication
import Testing

/// How delays are written, and what is drawn from them.
@Suite struct LinkDelayTests {
    @Test(
        "texts and what they mean",
        arguments: [
            ("0ms", LinkDelay.fixed(milliseconds: 0)), ("200ms", .fixed(milliseconds: 200)),
            ("1.5s", .fixed(milliseconds: 1500)), ("2m", .fixed(milliseconds: 120_000)),
            ("1440m", .fixed(milliseconds: LinkDelay.millisecondsMax)),
            ("uniform:100ms..300ms", .uniform(lowest: 100, highest: 300)),
            ("uniform:1s..1s", .uniform(lowest: 1000, highest: 1000)),
            ("normal:200ms±50ms", .normal(mean: 200, deviation: 50)),
            ("normal:1s+-0ms", .normal(mean: 1000, deviation: 0)),
        ] as [(String, LinkDelay)])
    func texts(_ text: String, _ delay: LinkDelay) {
        #expect(LinkDelay(text) == delay)
        #expect(LinkDelay(delay.text) == delay, "what is shown reads back")
    }

    @Test(
        "texts that mean nothing",
        arguments: [
            "", "200", "ms", "-1ms", "nanms", "infs", "1441m", "1h", "paused", "uniform:", "uniform:100ms",
            "uniform:300ms..100ms", "uniform:-1ms..5ms", "normal:200ms", "normal:200ms±-1ms", "normal:±",
            "other:1ms..2ms",
            "uniform:1ms..2ms..3ms", "fixed:1ms",
        ])
    func refused(_ text: String) {
        #expect(LinkDelay(text) == nil)
    }

    private func delays(_ settings: LinkSettings, table: String = "T", to target: String = "eu-west-1") -> [UInt64] {
        let source = RegionName(stored: "us-east-1")
        return (1...2000).map {
            settings.delayMilliseconds(ofSequence: $0, table: table, from: source, to: RegionName(stored: target))
        }
    }

    @Test("the same seed gives the same delays; another seed, table or link gives others")
    func seeds() {
        let settings = LinkSettings(delay: .uniform(lowest: 0, highest: 1_000_000), seed: 7)
        var other = settings
        other.seed = 8
        #expect(delays(settings) == delays(settings))
        #expect(delays(settings) != delays(other))
        #expect(delays(settings) != delays(settings, table: "U"))
        #expect(delays(settings) != delays(settings, to: "ap-east-1"))
    }

    @Test("uniform delays fill their range")
    func uniform() {
        let drawn = delays(LinkSettings(delay: .uniform(lowest: 100, highest: 103)))
        for value in 100...103 as ClosedRange<UInt64> { #expect((400...600).contains(drawn.count { $0 == value })) }
        #expect(drawn.allSatisfy { (100...103).contains($0) })
    }

    @Test("normal delays lie around their mean, never below zero nor beyond the longest")
    func normal() {
        let delay = LinkDelay.normal(mean: 200, deviation: 50)
        let drawn = delays(LinkSettings(delay: delay))
        #expect((195...205).contains(drawn.reduce(0, +) / UInt64(drawn.count)))
        let near = drawn.count { (150...250).contains($0) }
        #expect((1250...1500).contains(near), "about 68 in 100 within one deviation: \(near) of 2000")
        #expect(drawn.allSatisfy { $0 <= delay.longestMilliseconds })
        let wide = delays(LinkSettings(delay: .normal(mean: 10, deviation: 1000)))
        #expect(wide.contains(0) && wide.allSatisfy { $0 <= 6010 })
        let huge = LinkDelay.normal(mean: LinkDelay.millisecondsMax, deviation: LinkDelay.millisecondsMax)
        #expect(delays(LinkSettings(delay: huge)).allSatisfy { $0 <= LinkDelay.millisecondsMax })
    }
}
