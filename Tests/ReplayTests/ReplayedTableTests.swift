import HandlerKit
import Replay
import Testing

private let regions = ["us-east-1", "eu-west-1", "ap-southeast-1"]

/// The table that recorded changes leave, and the table of a moment.
@Suite struct ReplayedTableTests {
    @Test("after each scenario, the streams of all regions leave the same table", arguments: RecordedScenario.allCases)
    func regionsAreEqualAfterwards(scenario: RecordedScenario) throws {
        let tables = try regions.map { try ReplayedTable(scenario.recording(in: $0)).lines() }
        #expect(tables[0].count > 0)
        #expect(tables[1] == tables[0])
        #expect(tables[2] == tables[0])
    }

    @Test func laterOfTwoConcurrentWritesWinsEverywhere() throws {
        for region in regions {
            let lines = try ReplayedTable(RecordedScenario.conflict.recording(in: region)).lines()
            #expect(lines == [#"{"Item":{"city":{"S":"Oslo"},"id":{"S":"o-1"}}}"#])
        }
    }

    @Test func halfOfATransactionShowsAsOfARecord() throws {
        let range = ReplayRange(until: .sequence("100000000000000000005"), region: "eu-west-1")
        let part = try RecordedScenario.halfTransaction.recording().filtered(range.contains)
        #expect(
            try ReplayedTable(part).lines() == [
                #"{"Item":{"balance":{"N":"70"},"id":{"S":"account-1"}}}"#,
                #"{"Item":{"balance":{"N":"500"},"id":{"S":"account-2"}}}"#,
                #"{"Item":{"balance":{"N":"100"},"id":{"S":"account-3"}}}"#,
            ])
        #expect(part.changes.filter { $0.json.contains("transactionId") }.count == 1)
    }

    @Test func expiredItemIsThereUntilItsDelete() throws {
        let all = try RecordedScenario.timeToLive.recording(in: "eu-west-1")
        let removal = try #require(all.changes.last)
        func count(_ until: ReplayMoment) throws -> Int {
            try ReplayedTable(all.filtered(ReplayRange(until: until).contains)).count
        }
        #expect(removal.eventName == .remove)
        #expect(try count(.time(removal.milliseconds - 1000)) == 2)
        #expect(try count(.time(removal.milliseconds)) == 1)
    }

    @Test func isolatedRegionHasItsOwnItemsMeanwhile() throws {
        let alone = try RecordedScenario.isolation.recording(in: "ap-southeast-1")
        let part = alone.filtered(ReplayRange(until: .sequence("100000000000000000003")).contains)
        #expect(
            try ReplayedTable(part).lines() == [
                #"{"Item":{"id":{"S":"cart-1"},"items":{"N":"2"}}}"#,
                #"{"Item":{"id":{"S":"cart-2"},"items":{"N":"1"}}}"#,
            ])
    }

    @Test func severalStreamsAreNoTable() throws {
        let recording = try RecordedScenario.conflict.recording()
        let error = try #require(throws: ReplayError.self) { try ReplayedTable(recording) }
        #expect(error.description.contains("several streams"))
    }

    @Test(
        "moments",
        arguments: [
            ("2026-11-21T13:24:14Z", ReplayMoment.time(1_795_267_454_000)),
            ("2026-11-21T13:24:14.089Z", .time(1_795_267_454_089)),
            ("2026-11-21 13:24", .time(1_795_267_440_000)), ("2024-02-29", .time(1_709_164_800_000)),
            ("1795267454", .time(1_795_267_454_000)), ("100000000000000000005", .sequence("100000000000000000005")),
        ])
    func moments(text: String, moment: ReplayMoment) { #expect(ReplayMoment(text) == moment) }

    @Test("no moments", arguments: ["", "yesterday", "2026-13-01", "2025-02-29", "2026-01-01T24:00", "-5", "1.5"])
    func noMoments(text: String) { #expect(ReplayMoment(text) == nil) }
}
