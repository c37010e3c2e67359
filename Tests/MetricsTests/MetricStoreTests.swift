import Metrics
import TestSupport
import Testing

/// What is kept of samples, how long, and how it is found.
struct MetricStoreTests {
    static let minute: UInt64 = 60_000
    static let start: UInt64 = 1_800_000_000_000
    static let metric = MetricIdentity(namespace: "n", name: "m", dimensions: [.init("a", "1"), .init("b", "2")])

    private static func store(_ samples: [(time: UInt64, value: Double)], now: UInt64) -> MetricStore {
        var store = MetricStore()
        for sample in samples {
            store.record(StatisticSet(sample.value), unit: "Count", of: metric, at: sample.time, now: now)
        }
        return store
    }

    @Test func orderOfDimensionsMeansNothing() {
        let turned = MetricIdentity(namespace: "n", name: "m", dimensions: [.init("b", "2"), .init("a", "1")])
        #expect(turned == Self.metric)
    }

    @Test func periodsAreMadeOfTheSamplesInThem() throws {
        let store = Self.store(
            [(Self.start, 1), (Self.start + 59_999, 3), (Self.start + Self.minute, 10)], now: Self.start)
        let series = try #require(store[Self.metric])
        let points = series.statistics(in: Self.start..<(Self.start + 2 * Self.minute), periodSeconds: 60)
        #expect(points.map(\.startMilliseconds) == [Self.start, Self.start + Self.minute])
        #expect(points.first?.set == StatisticSet(sampleCount: 2, sum: 4, minimum: 1, maximum: 3))
        #expect(Statistic.allCases.map { points[0].set.value(of: $0) } == [2, 2, 4, 1, 3])
    }

    @Test func tenSecondsCanBeToldApart() throws {
        let store = Self.store([(Self.start, 1), (Self.start + 10_000, 2), (Self.start + 19_999, 3)], now: Self.start)
        let points = try #require(store[Self.metric])
            .statistics(in: Self.start..<(Self.start + Self.minute), periodSeconds: 10)
        #expect(points.map { $0.set.value(of: .sum) } == [1, 5])
    }

    /// Any order of samples and any period: statistics are those of a plain search.
    @Test(arguments: UInt64(1)...50) func statisticsAreThoseOfAPlainSearch(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let end = Self.start + 60 * Self.minute
        for periodSeconds: UInt64 in [60, 120, 300, 3600] {
            var samples: [(time: UInt64, value: Double)] = []
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let time = UInt64.random(in: Self.start..<end, using: &random)
                samples.append((time, Double(Int.random(in: -5...5, using: &random))))
            }
            let series = try #require(Self.store(samples, now: end)[Self.metric])
            let points = series.statistics(in: Self.start..<end, periodSeconds: periodSeconds)
            var expected: [UInt64: [Double]] = [:]
            for sample in samples {
                expected[sample.time - sample.time % (periodSeconds * 1000), default: []].append(sample.value)
            }
            #expect(points.map(\.startMilliseconds) == expected.keys.sorted())
            for point in points {
                let values = try #require(expected[point.startMilliseconds])
                let found = Statistic.allCases.map { point.set.value(of: $0) }
                let count = Double(values.count)
                let sum = values.reduce(0, +)
                #expect(found == [count, sum / count, sum, values.min(), values.max()])
            }
        }
    }

    @Test func samplesAreForgottenAfterThreeHours() {
        var store = Self.store([(Self.start, 1)], now: Self.start)
        store.trim(now: Self.start + MetricSeries.retentionMilliseconds)
        #expect(store[Self.metric] != nil)
        store.trim(now: Self.start + MetricSeries.retentionMilliseconds + 2 * Self.minute)
        #expect(store[Self.metric] == nil)
    }

    @Test func samplesFarFromNowAreDropped() throws {
        let ahead = Self.store([(Self.start + 3 * 60 * Self.minute, 1)], now: Self.start)
        #expect(try #require(ahead[Self.metric]).statistics(in: 0..<UInt64.max, periodSeconds: 60).isEmpty)
    }

    @Test func clockThatIsPutBackFindsNoSamplesOfTheFuture() throws {
        var store = Self.store([(Self.start + 60 * 60 * Self.minute, 1)], now: Self.start + 60 * 60 * Self.minute)
        store.record(StatisticSet(2), unit: "Count", of: Self.metric, at: Self.start, now: Self.start)
        let points = try #require(store[Self.metric]).statistics(in: 0..<UInt64.max, periodSeconds: 60)
        #expect(points.map { $0.set.value(of: .sum) } == [2])
    }

    @Test func numberOfMetricsIsLimited() {
        var store = MetricStore()
        for index in 0..<MetricStore.seriesMax {
            let metric = MetricIdentity(namespace: "n", name: "\(index)", dimensions: [])
            store.record(StatisticSet(1), unit: "Count", of: metric, at: Self.start, now: Self.start)
        }
        let isTaken = store.record(StatisticSet(1), unit: "Count", of: Self.metric, at: Self.start, now: Self.start)
        #expect(!isTaken)
    }

    @Test(arguments: [
        (MetricFilter(namespace: nil, name: nil, dimensions: []), true),
        (MetricFilter(namespace: "n", name: "m", dimensions: []), true),
        (MetricFilter(namespace: "x", name: nil, dimensions: []), false),
        (MetricFilter(namespace: nil, name: "x", dimensions: []), false),
        (MetricFilter(namespace: nil, name: nil, dimensions: [("a", nil)]), true),
        (MetricFilter(namespace: nil, name: nil, dimensions: [("a", "1"), ("b", "2")]), true),
        (MetricFilter(namespace: nil, name: nil, dimensions: [("a", "2")]), false),
    ])
    func filters(filter: MetricFilter, matches: Bool) {
        #expect(filter.matches(Self.metric) == matches)
    }
}
