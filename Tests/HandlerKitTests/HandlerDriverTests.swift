import HandlerKit
import Synchronization
import Testing

private struct Poison: Error, CustomStringConvertible {
    let description: String
}

private func item(_ id: String, _ value: Int = 0) -> Item {
    Item(["id": .string(Text(id)), "value": .number(DecimalNumber(value))])
}

/// Fails whatever batch has one of these items.
private func poisoned(
    _ ids: Set<String>, settings: MappingSettings, filters: [FilterPattern] = []
) -> Handler {
    Handler(name: "test", filters: filters, settings: settings) { batch, _ in
        for record in batch.records {
            if let id = record.keys["id"]?.string, ids.contains(id) { throw Poison(description: id) }
        }
        return .done
    }
}

/// Conversations between a stream and a handler, as a user's tests have them.
@Suite struct HandlerDriverTests {
    @Test func writesComeInOneBatchInTheirOrder() async throws {
        var driver = try HandlerDriver(poisoned([], settings: MappingSettings()))
        try driver.put(item("a"))
        try driver.put(item("b"))
        try driver.delete(item("a"))
        await driver.run()
        #expect(driver.transcript == ["0 ms: delivered 1 2 3: done", "0 ms: checkpoint 3"])
        #expect(driver.isFinished)
        #expect(driver.checkpoint == 3)
    }

    @Test func aTransactionWaitsUntilItIsWhole() async throws {
        let settings = MappingSettings(transactionDelivery: .complete, transactionWaitMaxMilliseconds: 60_000)
        var driver = try HandlerDriver(poisoned([], settings: settings))
        try driver.put(item("a"), transactionID: "t", transactionSize: 2)
        try driver.put(item("b"))
        await driver.run()
        #expect(driver.deliveries.map(\.records) == [[2]])
        try driver.put(item("c"), transactionID: "t", transactionSize: 2)
        await driver.run()
        #expect(driver.deliveries.map(\.records) == [[2], [1, 3]])
        try driver.put(item("d"), transactionID: "u", transactionSize: 2)
        await driver.advance(milliseconds: 60_000)
        #expect(driver.deliveries.last?.records == [4])
        #expect(driver.isFinished)
    }

    @Test func recordsShowTheItemBeforeAndAfter() async throws {
        let seen = Mutex<[String]>([])
        let handler = Handler(name: "test") { batch, _ in
            for record in batch.records {
                let images = [record.oldImage, record.newImage].map { $0?["value"]?.numberText ?? "-" }
                seen.withLock { $0.append("\(record.eventName.rawValue) \(images.joined(separator: " "))") }
            }
            return .done
        }
        var driver = try HandlerDriver(handler, table: "Orders")
        try driver.put(item("a", 1))
        #expect(try driver.put(item("a", 1)) == nil, "the same item again is no change")
        try driver.put(item("a", 2))
        try driver.delete(item("a"))
        #expect(try driver.delete(item("a")) == nil)
        await driver.run()
        #expect(seen.withLock { $0 } == ["INSERT - 1", "MODIFY 1 2", "REMOVE 2 -"])
        let records = try HandlerBatch(parsing: try #require(driver.deliveries.first).payload).records
        #expect(records.map(\.tableName) == ["Orders", "Orders", "Orders"])
        #expect(
            records.map(\.createdMilliseconds) == Array(repeating: HandlerDriver.startMillisecondsDefault, count: 3))
    }

    @Test func errorIsRetriedWithBackOffAndThenGivenUp() async throws {
        var driver = try HandlerDriver(poisoned(["b"], settings: MappingSettings(retryAttemptsMax: 2)))
        try driver.put(item("a"))
        try driver.put(item("b"))
        await driver.advance(milliseconds: 60_000)
        #expect(
            driver.transcript == [
                "0 ms: delivered 1 2: Poison: b",
                "100 ms: delivered 1 2 (attempt 2): Poison: b",
                "300 ms: delivered 1 2 (attempt 3): Poison: b",
                "300 ms: given up 1 2: RetryAttemptsExhausted after 3 invocations",
                "300 ms: checkpoint 2",
            ])
        let discard = try #require(driver.discards.first)
        #expect(String(decoding: discard.json, as: UTF8.self).contains(#""condition":"RetryAttemptsExhausted""#))
    }

    @Test func bisectingLosesTheBadRecordOnly() async throws {
        var driver = try HandlerDriver(
            poisoned(["c"], settings: MappingSettings(retryAttemptsMax: 0, bisectsBatchOnError: true)))
        for id in ["a", "b", "c", "d"] { try driver.put(item(id)) }
        await driver.advance(milliseconds: 60_000)
        #expect(driver.discards.map(\.records) == [[3]])
        #expect(driver.deliveries.filter { $0.failure == nil }.map(\.records) == [[1, 2], [4]])
        #expect(driver.isFinished)
    }

    @Test func partialFailureRepeatsTheRestOfTheBatch() async throws {
        let attempts = Mutex(0)
        let handler = Handler(name: "test", settings: MappingSettings(reportsBatchItemFailures: true)) { batch, _ in
            guard
                attempts.withLock({ count in
                    count += 1
                    return count == 1
                })
            else { return .done }
            return .failed(records: batch.records.filter { $0.keys["id"]?.string == "b" })
        }
        var driver = try HandlerDriver(handler)
        for id in ["a", "b", "c"] { try driver.put(item(id)) }
        await driver.advance(milliseconds: 1_000)
        #expect(driver.deliveries.map(\.records) == [[1, 2, 3], [2, 3]])
        #expect(driver.transcript.first == "0 ms: delivered 1 2 3: failed from 2")
        #expect(driver.isFinished)
    }

    @Test func badRecordHoldsUpItsOwnItemsOnlyByDefault() async throws {
        let ids = (0..<40).map { "item-\($0)" }
        var driver = try HandlerDriver(poisoned(["item-7"], settings: .handler))
        for id in ids { try driver.put(item(id)) }
        await driver.run()
        // Most lanes are done before the first retry.
        #expect(Set(driver.deliveries.filter { $0.failure == nil }.map(\.lane)).count == 3)
        await driver.advance(milliseconds: 300_000)
        #expect(driver.discards.map(\.records) == [[8]])
        #expect(driver.isFinished)
        let done = Set(driver.deliveries.filter { $0.failure == nil }.flatMap(\.records))
        #expect(done == Set(1...40).subtracting([8]))
    }

    @Test func filtersDecideWhatComes() async throws {
        let filters = try [
            FilterPattern.pattern(#"{"dynamodb":{"NewImage":{"value":{"N":["2"]}}}}"#),
            .pattern(#"{"eventName":["REMOVE"]}"#),
        ]
        var driver = try HandlerDriver(poisoned([], settings: MappingSettings(), filters: filters))
        try driver.put(item("a", 1))
        try driver.put(item("a", 2))
        try driver.put(item("b", 3))
        try driver.delete(item("b"))
        try driver.put(item("c", 1))
        await driver.run()
        #expect(driver.deliveries.map(\.records) == [[2, 4]])
        #expect(driver.isFinished, "records that do not match are done")
    }

    @Test func writesOfOtherRegionsAreToldApart() async throws {
        let local = try FilterPattern.pattern(#"{"tributary":{"replicated":[false]}}"#)
        var driver = try HandlerDriver(poisoned([], settings: MappingSettings(), filters: [local]))
        let tokyo = RegionName("ap-northeast-1")
        try driver.put(item("a"))
        try driver.put(item("b"), from: tokyo)
        try driver.delete(item("a"), from: tokyo)
        try driver.delete(item("b"))
        await driver.run()
        #expect(driver.deliveries.map(\.records) == [[1, 4]])
    }

    @Test func filtersSeeTheTransaction() async throws {
        let filter = try FilterPattern.pattern(#"{"tributary":{"transactionId":["t-1"]}}"#)
        var driver = try HandlerDriver(poisoned([], settings: MappingSettings(), filters: [filter]))
        try driver.put(item("a"))
        try driver.put(item("b"), transactionID: "t-1")
        try driver.delete(item("a"), transactionID: "t-2")
        await driver.run()
        #expect(driver.deliveries.map(\.records) == [[2]])
    }

    @Test func expiryIsSeenInTheRegionThatRemovedTheItem() async throws {
        let filter = try FilterPattern.pattern(
            #"{"userIdentity":{"type":["Service"],"principalId":["dynamodb.amazonaws.com"]}}"#)
        var driver = try HandlerDriver(poisoned([], settings: MappingSettings(), filters: [filter]))
        for id in ["a", "b", "c"] { try driver.put(item(id)) }
        try driver.expire(item("a"))
        try driver.expire(item("b"), in: RegionName("eu-west-1"))
        try driver.delete(item("c"))
        await driver.run()
        #expect(driver.deliveries.map(\.records) == [[4]])
        let records = try HandlerBatch(parsing: try #require(driver.deliveries.first).payload).records
        #expect(records.map(\.isTimeToLiveDelete) == [true])
    }

    @Test func batchWaitsForItsWindowOrUntilItIsFull() async throws {
        let settings = MappingSettings(batchSize: 3, batchingWindowMilliseconds: 5_000)
        var driver = try HandlerDriver(poisoned([], settings: settings))
        try driver.put(item("a"))
        await driver.advance(milliseconds: 4_999)
        #expect(driver.deliveries.isEmpty)
        await driver.advance(milliseconds: 1)
        #expect(driver.transcript.first == "5000 ms: delivered 1: done")
        for id in ["b", "c", "d"] { try driver.put(item(id)) }
        await driver.run()
        #expect(driver.deliveries.map(\.records) == [[1], [2, 3, 4]])
    }

    @Test func windowsCarryStateUntilTheyEnd() async throws {
        let totals = Mutex<[Int]>([])
        let settings = MappingSettings(tumblingWindowMilliseconds: 60_000)
        let handler = Handler(name: "test", settings: settings) { batch, _ in
            let before = batch.window?.state.attributes?["total"]?.integer ?? 0
            let total = batch.records.reduce(before) { $0 + ($1.newImage?["value"]?.integer ?? 0) }
            if batch.window?.isFinal == true { totals.withLock { $0.append(total) } }
            return .window(WindowState(["total": .number(DecimalNumber(total))]))
        }
        var driver = try HandlerDriver(handler)
        try driver.put(item("a", 1))
        await driver.advance(milliseconds: 20_000)
        try driver.put(item("b", 2))
        await driver.advance(milliseconds: 50_000)
        try driver.put(item("c", 10))
        await driver.advance(milliseconds: 60_000)
        #expect(totals.withLock { $0 } == [3, 10])
    }

    @Test func programThatCannotStartCostsNoAttempt() async throws {
        var driver = try HandlerDriver(poisoned([], settings: MappingSettings(retryAttemptsMax: 0)))
        driver.isAvailable = false
        try driver.put(item("a"))
        await driver.advance(milliseconds: 10_000)
        #expect(driver.discards.isEmpty)
        #expect(driver.transcript.first == "0 ms: delivered 1: not started")
        driver.isAvailable = true
        await driver.advance(milliseconds: 10_000)
        #expect(driver.deliveries.last?.attempt == 1)
        #expect(driver.isFinished)
    }

    @Test func crashRepeatsWhatWasNotFinished() async throws {
        var driver = try HandlerDriver(poisoned(["b"], settings: MappingSettings(batchSize: 1)))
        try driver.put(item("a"))
        try driver.put(item("b"))
        await driver.run()
        driver.restart()
        await driver.run()
        #expect(
            driver.transcript == [
                "0 ms: delivered 1: done", "0 ms: delivered 2: Poison: b", "0 ms: checkpoint 1", "0 ms: restart at 1",
                "0 ms: delivered 2: Poison: b",
            ])
    }

    @Test func sameTestHasTheSameTranscript() async throws {
        func transcript() async throws -> [String] {
            var driver = try HandlerDriver(poisoned(["item-3", "item-8"], settings: .handler))
            for index in 0..<30 {
                try driver.put(item("item-\(index % 12)", index))
                if index % 5 == 0 { await driver.advance(milliseconds: 70) }
            }
            await driver.advance(milliseconds: 600_000)
            #expect(driver.isFinished)
            return driver.transcript
        }
        #expect(try await transcript() == transcript())
    }

    @Test func contextHasADeadlineAndANewIdentifierForEachAttempt() async throws {
        let seen = Mutex<[HandlerContext]>([])
        let handler = Handler(name: "test", timeoutMilliseconds: 5_000) { _, context in
            seen.withLock { $0.append(context) }
            throw Poison(description: "always")
        }
        var driver = try HandlerDriver(handler)
        try driver.put(item("a"))
        await driver.advance(milliseconds: 100)
        let start = HandlerDriver.startMillisecondsDefault
        #expect(
            seen.withLock { $0 } == [
                HandlerContext(
                    requestID: "00000000-0000-4000-8000-000000000001", deadlineMilliseconds: start + 5_000,
                    functionARN: "arn:aws:lambda:us-east-1:000000000000:function:test"),
                HandlerContext(
                    requestID: "00000000-0000-4000-8000-000000000002", deadlineMilliseconds: start + 5_100,
                    functionARN: "arn:aws:lambda:us-east-1:000000000000:function:test"),
            ])
    }

    @Test func itemWithoutTheTablesKeyIsRefused() throws {
        var driver = try HandlerDriver(poisoned([], settings: MappingSettings()))
        #expect(throws: HandlerDriverError.self) { try driver.put(Item(["other": .null])) }
        #expect(driver.changeCount == 0)
    }
}
