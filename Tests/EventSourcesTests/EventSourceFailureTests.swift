import ChangeStream
import EventSource
import EventSources
import Foundation
import Functions
import Testing

/// What becomes of records whose function fails.
@Suite struct EventSourceFailureTests {
    @Test func aFailingBatchIsTriedAgainAndGivenUp() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            let path = FileManager.default.temporaryDirectory.appending(path: "failures-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: path) }
            hosted.functions.set { $0.numbers.contains(2) ? TestFunctions.failure : TestFunctions.success }
            let settings = MappingSettings(batchSize: 1, retryAttemptsMax: 2)
            hosted.host.put(try hosted.mapping(settings: settings, onFailure: path))
            try hosted.put(1...3)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 2, 2, 2, 3])

            try await eventually("both events are there") { try hosted.events(.handlerRecordDropped).count == 1 }
            let failed = try hosted.events(.handlerFailed)
            #expect(failed.count == 1)
            #expect(failed.first?.contains(#""reason":"Boom: no""#) == true)
            let dropped = try hosted.events(.handlerRecordDropped)
            #expect(dropped.first?.contains(#""condition":"RetryAttemptsExhausted""#) == true)
            #expect(dropped.first?.contains(#""approximateInvokeCount":3"#) == true)
            #expect(dropped.first?.contains("delivered to the destination") == true)

            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 1)
            let last = try #require(hosted.functions.calls().last { $0.numbers == [2] })
            #expect(lines.first?.contains(last.requestID) == true)
            #expect(lines.first?.contains(#""startSequenceNumber":"\#(SequenceNumber.text(of: 2))""#) == true)
            #expect(lines.first?.contains(#""payload":"{\"Records\":[{"#) == true)
            #expect(hosted.host.status(of: "m")?.discardedRecordsCount == 1)
            #expect(hosted.host.status(of: "m")?.failuresCount == 3)
        }
    }

    @Test func retriesGoOnWhenTheClockIsPutBack() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.clock.move(milliseconds: 3_600_000)
            hosted.host.put(try hosted.mapping(settings: MappingSettings(batchSize: 1, retryAttemptsMax: 2)))
            try hosted.put(1...1)
            try await hosted.waitUntilRead()
            hosted.clock.moveBack(milliseconds: 3_600_000)
            hosted.functions.set { $0.numbers.contains(2) ? TestFunctions.failure : TestFunctions.success }
            try hosted.put(2...3)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 2, 2, 2, 3])
        }
    }

    @Test func troubleIsToldAgainAfterASuccess() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.functions.set { $0.numbers == [2] ? TestFunctions.success : TestFunctions.failure }
            hosted.host.put(try hosted.mapping(settings: MappingSettings(batchSize: 1, retryAttemptsMax: 1)))
            try hosted.put(1...3)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 1, 2, 3, 3])
            try await eventually("records are given up twice") { try hosted.events(.handlerRecordDropped).count == 2 }
            #expect(try hosted.events(.handlerFailed).count == 2)
            #expect(try hosted.events(.handlerRecordDropped).allSatisfy { $0.contains("there is no destination") })
        }
    }

    @Test func aDestinationThatRefusesDoesNotHoldUpTheStream() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.functions.set { $0.numbers == [1] ? TestFunctions.failure : TestFunctions.success }
            let settings = MappingSettings(batchSize: 1, retryAttemptsMax: 0)
            hosted.host.put(try hosted.mapping(settings: settings, onFailure: "/nowhere/at/all"))
            try hosted.put(1...2)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 2])
            try await eventually("the loss is told") { try hosted.events(.handlerRecordDropped).count == 1 }
            #expect(try hosted.events(.handlerRecordDropped).first?.contains("lost: the destination refused") == true)
        }
    }

    @Test func aFunctionThatCannotRunUsesUpNoAttempts() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.functions.set { [functions = hosted.functions] _ in
                functions.calls().count < 4 ? .notStarted(.throttled) : TestFunctions.success
            }
            hosted.host.put(try hosted.mapping(settings: MappingSettings(retryAttemptsMax: 0)))
            try hosted.put(1...1)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 1, 1, 1])
            #expect(try hosted.events(.handlerRecordDropped).isEmpty)
        }
    }
}
