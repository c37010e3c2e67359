import HandlerKit
import Replay
import Testing

private struct Broken: Error, CustomStringConvertible { let description = "account-2 is locked" }

/// Recorded scenarios through handlers, as users' tests do it.
@Suite struct HandlerReplayTests {
    @Test func driverReplaysARecording() async throws {
        let local = try FilterPattern.pattern(#"{"tributary":{"replicated":[false]}}"#)
        let handler = Handler(name: "test", filters: [local], settings: MappingSettings()) { _, _ in .done }
        let recording = try RecordedScenario.isolation.recording(in: "ap-southeast-1")
        var driver = try HandlerDriver(handler, for: recording)
        try await driver.replay(recording)
        // Two in one second, one in the next: the places of the writes that were made in the region itself.
        #expect(driver.deliveries.map(\.records) == [[2, 3], [4]])
        #expect(driver.isFinished)
        let records = try HandlerBatch(parsing: try #require(driver.deliveries.first).payload).records
        #expect(records.map(\.tableName) == ["Orders", "Orders"])
        #expect(!records.contains { String(decoding: $0.json, as: UTF8.self).contains("tributary") })
    }

    @Test func expiryReachesTheRegionThatSweptAsSuch() async throws {
        let handler = Handler(name: "test", settings: MappingSettings()) { batch, _ in
            .failed(records: batch.records.filter(\.isTimeToLiveDelete))
        }
        for (region, isExpiry) in [("us-east-1", true), ("eu-west-1", false)] {
            let recording = try RecordedScenario.timeToLive.recording(in: region)
            let (_, summary) = try await HandlerRun.calls(handler.reportingFailures, recording)
            #expect((summary.givenUpRecords == 1) == isExpiry)
            #expect(summary.changes == 4)
        }
    }

    @Test func sameRecordingGivesTheSameCalls() async throws {
        let handler = Handler(name: "bank", settings: .handler) { batch, _ in
            if batch.records.contains(where: { $0.keys["id"]?.string == "account-2" }) { throw Broken() }
            return .done
        }
        let recording = try RecordedScenario.halfTransaction.recording(in: "eu-west-1")
        let first = try await HandlerRun.calls(handler, recording)
        let second = try await HandlerRun.calls(handler, recording)
        #expect(first.calls.map(\.text) == second.calls.map(\.text))
        #expect(first.calls.map(\.json) == second.calls.map(\.json))
        #expect(first.summary == second.summary)
        #expect(first.summary.givenUpRecords == 2, "both writes of account-2, and nothing else")
        #expect(first.calls.map(\.text).joined().contains("failed: Broken: account-2 is locked"))
    }

    @Test func callTellsItsRecordsAndResult() async throws {
        let handler = Handler(name: "test", settings: MappingSettings()) { _, _ in .done }
        let (calls, _) = try await HandlerRun.calls(handler, RecordedScenario.conflict.recording(in: "eu-west-1"))
        let text = try #require(calls.first).text
        #expect(text.hasPrefix("test eu-west-1 Orders: call 1 at 20"))
        #expect(
            text.hasSuffix(
                """
                  100000000000000000001 INSERT {"id":{"S":"o-1"}}
                  100000000000000000002 MODIFY {"id":{"S":"o-1"}}
                  answered {"batchItemFailures":[]}

                """))
    }

    @Test func recordingOfSeveralStreamsNeedsAChoice() throws {
        let handler = Handler(name: "test") { _, _ in .done }
        let recording = try RecordedScenario.conflict.recording()
        #expect(throws: HandlerDriverError.self) { try HandlerDriver(handler, for: recording) }
    }
}

extension Handler {
    /// Failures of single records count, and are given up at once.
    fileprivate var reportingFailures: Handler {
        var handler = self
        handler.settings = MappingSettings(retryAttemptsMax: 0, reportsBatchItemFailures: true)
        return handler
    }
}

@Suite struct GoldenDifferenceTests {
    @Test func equalTextsHaveNone() { #expect(GoldenDifference(golden: "a\nb\n", output: "a\nb\n") == nil) }

    @Test func linesAreShownWithTheirNeighbours() throws {
        let golden = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
        let output = "1\n2\n3\nfour\n5\n6\n7\n8\n9\n10\n"
        let difference = try #require(GoldenDifference(golden: golden, output: output))
        #expect(
            difference.text(golden: "a", output: "b") == """
                --- a
                +++ b
                @@ line 2 @@
                 2
                 3
                -4
                +four
                 5
                 6
                @@ line 8 @@
                 8
                 9
                +10
                 

                """)
    }

    @Test func hugeDifferenceIsCut() throws {
        let golden = (0..<10_000).map { "old \($0)" }.joined(separator: "\n")
        let output = (0..<10_000).map { "new \($0)" }.joined(separator: "\n")
        let text = try #require(GoldenDifference(golden: golden, output: output)).text(golden: "a", output: "b")
        #expect(text.hasSuffix("… and more: the rest is not compared\n"))
        #expect(text.count < 500)
    }
}
