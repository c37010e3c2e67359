import ChangeStream
import Testing

@Suite struct StreamLabelTests {
    @Test(
        "labels are UTC with milliseconds and no zone",
        arguments: [
            (0, "1970-01-01T00:00:00.000"),
            (1, "1970-01-01T00:00:00.001"),
            (1_431_379_293_291, "2015-05-11T21:21:33.291"),
            (951_782_399_999, "2000-02-28T23:59:59.999"),
            (951_782_400_000, "2000-02-29T00:00:00.000"),
            (951_868_800_000, "2000-03-01T00:00:00.000"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000"),
            (1_677_628_800_000, "2023-03-01T00:00:00.000"),
            (1_704_067_199_999, "2023-12-31T23:59:59.999"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000"),
        ] as [(UInt64, String)])
    func knownDates(milliseconds: UInt64, label: String) {
        #expect(StreamLabel.text(milliseconds: milliseconds) == label)
    }

    @Test("every day from 1970 to 2200 has its date")
    func allDays() {
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        var day: UInt64 = 0
        for year in 1970...2200 {
            for month in 1...12 {
                for date in 1...daysOf(month: month, year) {
                    let label = StreamLabel.text(milliseconds: day * 86_400_000 + 45_296_007)
                    #expect(label == "\(year)-\(padded(month))-\(padded(date))T12:34:56.007")
                    day += 1
                }
            }
        }
        #expect(day * 86_400_000 == milliseconds(2201, 1, 1))
    }
}

@Suite struct StreamTests {
    private static let start: UInt64 = 1_573_689_847_184
    private static let hour: UInt64 = 3_600_000

    private func newStream(at sequence: UInt64 = 1) -> Stream {
        Stream(viewType: .newAndOldImages, nextSequence: sequence, nowMilliseconds: Self.start)
    }

    @Test("a new stream has one open shard that begins with the table's next change")
    func new() throws {
        let stream = newStream(at: 42)
        #expect(stream.isEnabled)
        #expect(stream.label == "2019-11-14T00:04:07.184")
        let shard = try #require(stream.shards.first)
        #expect(stream.shards.count == 1)
        #expect(shard.first == 42)
        #expect(shard.end == nil)
        #expect(shard.parent == nil)
        #expect(shard.id.wholeMatch(of: /shardId-00000001573689847184-[0-9a-f]{8}/) != nil, "\(shard.id)")
    }

    @Test("a shard is followed by another after four hours")
    func rolls() {
        var stream = newStream()
        #expect(!stream.wantsNewShard(nowMilliseconds: Self.start + 4 * Self.hour - 1))
        #expect(stream.wantsNewShard(nowMilliseconds: Self.start + 4 * Self.hour))
        stream.rollShard(nextSequence: 100, nowMilliseconds: Self.start + 4 * Self.hour)
        #expect(stream.shards.count == 2)
        #expect(stream.shards[0].end == 100)
        #expect(stream.shards[1].first == 100)
        #expect(stream.shards[1].end == nil)
        #expect(stream.shards[1].parent == stream.shards[0].id)
        #expect(stream.shards[0].id < stream.shards[1].id, "shards are listed in the order of their ids")
        #expect(!stream.wantsNewShard(nowMilliseconds: Self.start + 5 * Self.hour))
        #expect(!stream.wantsNewShard(nowMilliseconds: 0), "a clock that went back is no reason")
    }

    @Test("disabling closes the last shard, once")
    func disables() {
        var stream = newStream()
        stream.disable(nextSequence: 9, nowMilliseconds: Self.start + 5)
        #expect(!stream.isEnabled)
        #expect(stream.disabledMilliseconds == Self.start + 5)
        #expect(stream.shards.map(\.end) == [9])

        let disabled = stream
        stream.disable(nextSequence: 20, nowMilliseconds: Self.start + 50)
        stream.rollShard(nextSequence: 20, nowMilliseconds: Self.start + 50)
        #expect(stream == disabled)
        #expect(!stream.wantsNewShard(nowMilliseconds: Self.start + 100 * Self.hour))
    }

    @Test("closed shards go when their last record is trimmed; the last shard stays")
    func drops() {
        var stream = newStream(at: 1)
        for (sequence, hours) in [(10, 4), (20, 8), (20, 12)] as [(UInt64, UInt64)] {
            stream.rollShard(nextSequence: sequence, nowMilliseconds: Self.start + hours * Self.hour)
        }
        let firsts = { (stream: Stream) in stream.shards.map(\.first) }
        #expect(firsts(stream) == [1, 10, 20, 20])
        stream.dropShards(trimmedBefore: 9)
        #expect(firsts(stream) == [1, 10, 20, 20])
        stream.dropShards(trimmedBefore: 10)
        #expect(firsts(stream) == [10, 20, 20])
        stream.dropShards(trimmedBefore: 20)
        #expect(firsts(stream) == [20], "the shard without records had nothing to keep it")
        #expect(stream.shards[0].parent != nil, "a parent may be named although it is gone")
        stream.dropShards(trimmedBefore: 1000)
        #expect(stream.shards.count == 1)
    }

    @Test("shards of one stream have different ids, even when they begin with the same change")
    func ids() {
        var stream = newStream()
        for hours in 1...20 as ClosedRange<UInt64> {
            stream.rollShard(nextSequence: 5, nowMilliseconds: Self.start + hours * 4 * Self.hour)
        }
        #expect(Set(stream.shards.map(\.id)).count == 21)
    }
}
