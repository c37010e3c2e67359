import EventSource
import Testing

/// Retries, bisecting, partial success and age (reference `event-source-mapping.md` 3).
@Suite struct RetryTests {
    @Test("attempts + 1 calls, then the batch goes to the destination and the next one comes")
    func attempts() {
        var mapping = Conversation(MappingSettings(batchSize: 2, retryAttemptsMax: 1))
        #expect(mapping.write(3) == ["invoke 1,2 #1"])
        #expect(mapping.fail() == [])
        #expect(mapping.wait() == ["invoke 1,2 #2"])
        #expect(mapping.engine.lastProcessingResult == .functionCallFailed)
        #expect(mapping.fail() == ["discard 1,2 RetryAttemptsExhausted after 2 Unhandled"])
        #expect(mapping.engine.timerMilliseconds == nil)
        #expect(mapping.settle() == ["invoke 3 #1", "finished 2"])
    }

    @Test("no retries: one call")
    func noRetries() {
        var mapping = Conversation(MappingSettings(retryAttemptsMax: 0))
        #expect(mapping.write(1) == ["invoke 1 #1"])
        #expect(mapping.fail(.timedOut) == ["discard 1 RetryAttemptsExhausted after 1 Unhandled"])
        #expect(mapping.settle() == ["finished 1"])
    }

    @Test("three retries are four calls", arguments: [InvocationFailure.unhandled, .timedOut, .exited])
    func threeRetries(failure: InvocationFailure) {
        var mapping = Conversation(MappingSettings(retryAttemptsMax: 3))
        #expect(mapping.write(1) == ["invoke 1 #1"])
        for attempt in 2...4 {
            #expect(mapping.fail(failure) == [])
            #expect(mapping.wait() == ["invoke 1 #\(attempt)"])
        }
        #expect(mapping.fail(failure) == ["discard 1 RetryAttemptsExhausted after 4 Unhandled"])
    }

    @Test("without a maximum, a batch is repeated and keeps its records; new ones wait")
    func endless() {
        var mapping = Conversation()
        #expect(mapping.write(1) == ["invoke 1 #1"])
        #expect(mapping.write(1) == [])
        for attempt in 2...200 {
            #expect(mapping.fail() == [])
            #expect(mapping.wait() == ["invoke 1 #\(attempt)"])
        }
        #expect(mapping.succeed() == ["invoke 2 #1", "finished 1"])
    }

    @Test("back-off after function errors: 100 ms, doubled up to a minute; success forgets it")
    func backoff() {
        var mapping = Conversation()
        #expect(mapping.write(1) == ["invoke 1 #1"])
        var delays: [UInt64] = []
        for _ in 1...12 {
            let failed = mapping.now
            _ = mapping.fail()
            _ = mapping.wait()
            delays.append(mapping.now - failed)
        }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000])
        _ = mapping.succeed()
        #expect(mapping.write(1) == ["invoke 2 #1"])
        #expect(mapping.fail() == [])
        #expect(mapping.engine.timerMilliseconds == mapping.now + 100)
    }

    @Test("what was not started is no attempt: 100 ms, doubled up to 5 s, without end")
    func notStarted() {
        var mapping = Conversation(MappingSettings(retryAttemptsMax: 0))
        #expect(mapping.write(1) == ["invoke 1 #1"])
        var delays: [UInt64] = []
        for _ in 1...8 {
            let failed = mapping.now
            #expect(mapping.answer(.notStarted) == [])
            #expect(mapping.wait() == ["invoke 1 #1"])
            delays.append(mapping.now - failed)
        }
        #expect(delays == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        #expect(mapping.fail() == ["discard 1 RetryAttemptsExhausted after 1 Unhandled"])
    }

    @Test("an answer that is not awaited changes nothing")
    func staleAnswer() {
        var mapping = Conversation()
        #expect(mapping.write(1) == ["invoke 1 #1"])
        #expect(mapping.engine.completed(InvocationID(number: 99), .success(state: nil), at: mapping.now) == [])
        #expect(mapping.engine.destinationSettled(DiscardID(number: 1), at: mapping.now) == [])
        #expect(mapping.succeed() == ["finished 1"])
    }

    @Test("what is given up is finished when the destination is settled, not before")
    func destination() {
        var mapping = Conversation(MappingSettings(batchSize: 1, retryAttemptsMax: 0))
        _ = mapping.write(2)
        #expect(mapping.fail() == ["discard 1 RetryAttemptsExhausted after 1 Unhandled"])
        #expect(mapping.engine.positions.checkpoint == 0)
        #expect(!mapping.engine.isSettled)
        mapping.restart()
        #expect(mapping.read() == ["invoke 1 #1"])
    }
}

@Suite struct PartialSuccessTests {
    @Test("the recording from AWS: BatchSize 3, 3 retries, the last record always fails: it is delivered five times")
    func recording() {
        var mapping = Conversation(
            MappingSettings(batchSize: 3, retryAttemptsMax: 3, reportsBatchItemFailures: true))
        #expect(mapping.write(3) == ["invoke 1,2,3 #1"])
        #expect(mapping.report(3) == ["finished 2"])
        for attempt in 1...3 {
            #expect(mapping.wait() == ["invoke 3 #\(attempt)"])
            #expect(mapping.report(3) == [])
        }
        #expect(mapping.wait() == ["invoke 3 #4"])
        #expect(mapping.report(3) == ["discard 3 RetryAttemptsExhausted after 4 null"])
        #expect(mapping.settle() == ["finished 3"])
    }

    @Test("everything from the lowest failed record on is repeated")
    func lowest() {
        var mapping = Conversation(MappingSettings(reportsBatchItemFailures: true))
        #expect(mapping.write(5) == ["invoke 1,2,3,4,5 #1"])
        #expect(mapping.report(2) == ["finished 1"])
        #expect(mapping.write(1) == [])
        #expect(mapping.wait() == ["invoke 2,3,4,5 #1"])
        #expect(mapping.succeed() == ["invoke 6 #1", "finished 5"])
    }

    @Test("the first record reported is a failure of all: it counts as an attempt, and all of it is given up")
    func first() {
        var mapping = Conversation(
            MappingSettings(batchSize: 3, retryAttemptsMax: 1, reportsBatchItemFailures: true))
        #expect(mapping.write(3) == ["invoke 1,2,3 #1"])
        #expect(mapping.report(1) == [])
        #expect(mapping.wait() == ["invoke 1,2,3 #2"])
        #expect(mapping.report(1) == ["discard 1,2,3 RetryAttemptsExhausted after 2 null"])
    }

    @Test("a number that is not in the batch fails all of it and does not move the position: 1 + 3 calls")
    func notInBatch() {
        var mapping = Conversation(
            MappingSettings(batchSize: 3, retryAttemptsMax: 3, reportsBatchItemFailures: true))
        _ = mapping.writeOthers(1)
        #expect(mapping.write(3) == ["invoke 2,3,4 #1"])
        #expect(mapping.report(1) == [])
        #expect(mapping.wait() == ["invoke 2,3,4 #2"])
        #expect(mapping.report(5) == [])
        #expect(mapping.wait() == ["invoke 2,3,4 #3"])
        #expect(mapping.fail(.responseInvalid) == [])
        #expect(mapping.wait() == ["invoke 2,3,4 #4"])
        #expect(mapping.report(9) == ["discard 2,3,4 RetryAttemptsExhausted after 4 null"])
    }

    @Test("an exception behind a partial success: the rest has all its retries")
    func exceptionAfterPartialSuccess() {
        var mapping = Conversation(
            MappingSettings(batchSize: 3, retryAttemptsMax: 1, reportsBatchItemFailures: true))
        #expect(mapping.write(3) == ["invoke 1,2,3 #1"])
        #expect(mapping.fail() == [])
        #expect(mapping.wait() == ["invoke 1,2,3 #2"])
        #expect(mapping.report(2) == ["finished 1"])
        #expect(mapping.wait() == ["invoke 2,3 #1"])
        #expect(mapping.fail() == [])
        #expect(mapping.wait() == ["invoke 2,3 #2"])
        #expect(mapping.fail() == ["discard 2,3 RetryAttemptsExhausted after 2 Unhandled"])
    }
}

@Suite struct BisectTests {
    /// Answers every call with an exception when the batch holds `poison`; the calls in their order.
    private func play(
        _ count: Int, poison: UInt64, settings: MappingSettings, answersMax: Int = 50
    ) -> [String] {
        var mapping = Conversation(settings)
        mapping.showsPositions = false
        var lines = mapping.write(count)
        for _ in 0..<answersMax where !mapping.engine.isSettled || mapping.engine.timerMilliseconds != nil {
            if let invocation = mapping.inFlight[0] {
                lines += invocation.records.contains { $0.sequence == poison } ? mapping.fail() : mapping.succeed()
            } else if mapping.discards[0] != nil {
                lines += mapping.settle()
            } else {
                lines += mapping.wait()
            }
        }
        return lines
    }

    @Test("a failing batch is halved down to the record, in order, without consuming retries")
    func order() {
        let settings = MappingSettings(batchSize: 8, retryAttemptsMax: 1, bisectsBatchOnError: true)
        #expect(
            play(8, poison: 6, settings: settings) == [
                "invoke 1,2,3,4,5,6,7,8 #1", "invoke 1,2,3,4 #1", "invoke 5,6,7,8 #1", "invoke 5,6 #1",
                "invoke 5 #1", "invoke 6 #1", "invoke 6 #2", "discard 6 RetryAttemptsExhausted after 2 Unhandled",
                "invoke 7,8 #1",
            ])
    }

    @Test("an odd batch, no retries")
    func odd() {
        let settings = MappingSettings(batchSize: 3, retryAttemptsMax: 0, bisectsBatchOnError: true)
        #expect(
            play(3, poison: 1, settings: settings) == [
                "invoke 1,2,3 #1", "invoke 1 #1", "discard 1 RetryAttemptsExhausted after 1 Unhandled",
                "invoke 2,3 #1",
            ])
    }

    @Test("with reported items, the batch is cut there and not halved; an exception halves")
    func reportedItems() {
        var mapping = Conversation(
            MappingSettings(
                batchSize: 8, retryAttemptsMax: 1, bisectsBatchOnError: true, reportsBatchItemFailures: true))
        #expect(mapping.write(8) == ["invoke 1,2,3,4,5,6,7,8 #1"])
        #expect(mapping.report(4) == ["finished 3"])
        #expect(mapping.wait() == ["invoke 4,5,6,7,8 #1"])
        #expect(mapping.report(4) == [])
        #expect(mapping.wait() == ["invoke 4,5,6,7,8 #2"])
        #expect(mapping.fail() == [])
        #expect(mapping.wait() == ["invoke 4,5 #1"])
        #expect(mapping.succeed() == ["invoke 6,7,8 #1", "finished 5"])
    }
}

@Suite struct RecordAgeTests {
    private static let settings = MappingSettings(batchSize: 3, recordAgeMaxMilliseconds: 60_000)

    @Test("records that are too old are not sent")
    func beforeSending() {
        var mapping = Conversation(Self.settings)
        mapping.append(keys: [0, 0], at: mapping.now - 60_001)
        mapping.append(keys: [0], at: mapping.now - 60_000)
        #expect(mapping.read() == ["discard 1,2 RecordAgeExceeded after 0"])
        #expect(mapping.settle() == ["invoke 3 #1", "finished 2"])
    }

    @Test("a batch is cut before a record that is too old")
    func inTheMiddle() {
        var mapping = Conversation(Self.settings)
        mapping.append(keys: [0])
        mapping.append(keys: [0], at: 1)
        mapping.append(keys: [0])
        #expect(mapping.read() == ["invoke 1 #1"])
        #expect(mapping.succeed() == ["discard 2 RecordAgeExceeded after 0", "finished 1"])
        #expect(mapping.settle() == ["invoke 3 #1", "finished 2"])
    }

    @Test("a batch that fails until it is too old is given up, with its calls counted")
    func whileRetrying() {
        var mapping = Conversation(Self.settings)
        #expect(mapping.write(1) == ["invoke 1 #1"])
        var last: [String] = []
        for _ in 0..<20 where mapping.discards.isEmpty {
            _ = mapping.fail()
            last = mapping.wait()
        }
        #expect(last == ["discard 1 RecordAgeExceeded after 10 Unhandled"])
        #expect(mapping.now > 1_060_000)
    }

    @Test("a function that cannot be started does not keep records beyond their age")
    func notStarted() {
        var mapping = Conversation(Self.settings)
        #expect(mapping.write(1) == ["invoke 1 #1"])
        #expect(mapping.answer(.notStarted) == [])
        #expect(mapping.pass(60_001) == ["discard 1 RecordAgeExceeded after 0"])
    }

    @Test("a creation time in the future is no age")
    func future() {
        var mapping = Conversation(Self.settings)
        #expect(mapping.write(1, at: mapping.now + 1_000_000) == ["invoke 1 #1"])
    }
}
