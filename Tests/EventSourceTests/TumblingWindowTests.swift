import EventSource
import Testing

@Suite struct TumblingWindowTests {
    private static let settings = MappingSettings(tumblingWindowMilliseconds: 10_000)

    private func conversation(
        _ settings: MappingSettings = Self.settings, shards: [ShardStretch] = [Conversation.openShard]
    ) -> Conversation {
        var mapping = Conversation(settings, shards: shards, now: 1_003_000)
        mapping.showsPositions = false
        return mapping
    }

    @Test("windows are multiples of their length; state goes from response to request; the end is told without records")
    func states() {
        var mapping = conversation()
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [])
        #expect(mapping.write(2) == [#"invoke 2,3 #1 1000000-1010000 {"n":1}"#])
        #expect(mapping.succeed(state: #"{"n":3}"#) == [])
        #expect(mapping.engine.timerMilliseconds == 1_010_000)
        #expect(mapping.wait() == [#"invoke nothing #1 1000000-1010000 {"n":3} final"#])
        #expect(mapping.succeed() == [])
        #expect(mapping.positions.window == nil)
        #expect(mapping.engine.timerMilliseconds == nil)
        #expect(mapping.write(1, at: 1_022_000) == ["invoke 4 #1 1020000-1030000 {}"])
    }

    @Test("a record of a later window ends the one before")
    func laterRecord() {
        var mapping = conversation(
            MappingSettings(batchingWindowMilliseconds: 5000, tumblingWindowMilliseconds: 10_000))
        mapping.append(keys: [0, 0], at: 1_009_999)
        mapping.append(keys: [0], at: 1_010_000)
        // The batch cannot grow, so its batching window is not waited for.
        #expect(mapping.read() == ["invoke 1,2 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":2}"#) == [#"invoke nothing #1 1000000-1010000 {"n":2} final"#])
        #expect(mapping.pass(6000) == [])
        #expect(mapping.succeed() == [])
        #expect(mapping.engine.timerMilliseconds == mapping.now + 5000, "its batching window begins now")
        #expect(mapping.wait() == ["invoke 3 #1 1010000-1020000 {}"])
    }

    @Test("a late record belongs to the window that is open; windows never go back")
    func lateRecord() {
        var mapping = conversation()
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [])
        #expect(mapping.write(1, at: 990_000) == [#"invoke 2 #1 1000000-1010000 {"n":1}"#])
        #expect(mapping.succeed(state: #"{"n":2}"#) == [])
        #expect(mapping.pass(10_000) == [#"invoke nothing #1 1000000-1010000 {"n":2} final"#])
        #expect(mapping.succeed() == [])
        #expect(mapping.write(1, at: 1_009_000) == ["invoke 3 #1 1010000-1020000 {}"])
    }

    @Test("a window is not ended by the clock before everything of its time was read")
    func readingBehind() {
        var mapping = conversation()
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [])
        mapping.append(keys: [0], at: 1_009_000)
        #expect(mapping.pass(10_000) == [])
        #expect(mapping.engine.timerMilliseconds == nil, "reading comes first")
        #expect(mapping.read() == [#"invoke 2 #1 1000000-1010000 {"n":1}"#])
        #expect(
            mapping.succeed(state: #"{"n":2}"#) == [#"invoke nothing #1 1000000-1010000 {"n":2} final"#])
    }

    @Test("a response without state is a failure; the state stays what it was")
    func missingState() {
        var mapping = conversation(MappingSettings(retryAttemptsMax: 1, tumblingWindowMilliseconds: 10_000))
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: nil) == [])
        #expect(mapping.engine.lastProcessingResult == .functionCallFailed)
        #expect(mapping.wait() == ["invoke 1 #2 1000000-1010000 {}"])
        #expect(mapping.succeed(state: nil) == ["discard 1 RetryAttemptsExhausted after 2 null"])
    }

    @Test("item failures may come with the state of those that went well")
    func partialSuccess() {
        var mapping = conversation(
            MappingSettings(reportsBatchItemFailures: true, tumblingWindowMilliseconds: 10_000))
        #expect(mapping.write(3) == ["invoke 1,2,3 #1 1000000-1010000 {}"])
        #expect(mapping.report(2, state: #"{"n":1}"#) == [])
        #expect(mapping.wait() == [#"invoke 2,3 #1 1000000-1010000 {"n":1}"#])
        #expect(mapping.report(2, state: #"{"n":9}"#) == [], "nothing was done, so nothing is kept")
        #expect(mapping.wait() == [#"invoke 2,3 #2 1000000-1010000 {"n":1}"#])
    }

    @Test("the final call is repeated until it succeeds; nothing else is sent meanwhile")
    func failingEnd() {
        var mapping = conversation(MappingSettings(retryAttemptsMax: 1, tumblingWindowMilliseconds: 10_000))
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [])
        #expect(mapping.wait() == [#"invoke nothing #1 1000000-1010000 {"n":1} final"#])
        #expect(mapping.fail() == [])
        #expect(mapping.write(1, at: 1_009_999) == [])
        for attempt in 2...5 {
            #expect(mapping.wait() == [#"invoke nothing #\#(attempt) 1000000-1010000 {"n":1} final"#])
            #expect(mapping.fail() == [])
        }
        #expect(mapping.wait() == [#"invoke nothing #6 1000000-1010000 {"n":1} final"#])
        #expect(mapping.succeed() == ["invoke 2 #1 1010000-1020000 {}"])
    }

    @Test("state above 1 MB ends the window early; its time goes on with empty state")
    func largeState() {
        var mapping = conversation()
        let large = #"{"n":""# + String(repeating: "x", count: EventSourceEngine.windowStateBytesMax) + #""}"#
        let shown = large.prefix(40)
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.write(1) == [])
        #expect(mapping.succeed(state: large) == ["invoke nothing #1 1000000-1010000 \(shown) final early"])
        #expect(mapping.succeed() == ["invoke 2 #1 1000000-1010000 {}"])
    }

    @Test("state that no request has room for is a failure")
    func hugeState() {
        var mapping = conversation(MappingSettings(retryAttemptsMax: 0, tumblingWindowMilliseconds: 10_000))
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        let huge = #"{"n":""# + String(repeating: "x", count: EventSourceEngine.payloadBytesMax) + #""}"#
        #expect(mapping.succeed(state: huge) == ["discard 1 RetryAttemptsExhausted after 1 Unhandled"])
    }

    @Test("the end of a shard ends its window; the child starts fresh")
    func shardEnd() {
        var mapping = conversation()
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [])
        let shards = [
            ShardStretch(id: "shard-a", first: 1, end: 2), ShardStretch(id: "shard-b", first: 2, end: nil),
        ]
        #expect(mapping.shards(shards) == [#"invoke nothing #1 1000000-1010000 {"n":1} final"#])
        #expect(mapping.lastInvocation?.shardID == "shard-a")
        #expect(mapping.write(1) == [])
        #expect(mapping.succeed() == ["invoke 2 #1 1010000-1020000 {}"])
        #expect(mapping.lastInvocation?.shardID == "shard-b")
    }

    @Test("a record of the next shard ends the window")
    func nextShard() {
        let shards = [
            ShardStretch(id: "shard-a", first: 1, end: 2), ShardStretch(id: "shard-b", first: 2, end: nil),
        ]
        var mapping = conversation(shards: shards)
        #expect(mapping.write(2) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [#"invoke nothing #1 1000000-1010000 {"n":1} final"#])
        #expect(mapping.succeed() == ["invoke 2 #1 1010000-1020000 {}"])
    }

    @Test("the end of a window does not wait for a batch to fill")
    func batchingWindow() {
        var mapping = conversation(
            MappingSettings(batchingWindowMilliseconds: 60_000, tumblingWindowMilliseconds: 10_000))
        #expect(mapping.write(1) == [])
        #expect(mapping.wait() == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.now == 1_010_000)
        #expect(mapping.succeed(state: #"{"n":1}"#) == [#"invoke nothing #1 1000000-1010000 {"n":1} final"#])
    }

    @Test("a window ends although reading never catches up with a log that grows")
    func growingLog() {
        var mapping = conversation()
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [])
        mapping.now = 1_010_000
        #expect(mapping.engine.tick(lastSequence: 100, at: mapping.now) == [])
        #expect(mapping.engine.tick(lastSequence: 200, at: mapping.now + 1) == [])
        #expect(mapping.engine.recordsRead([], after: 1, upTo: 99, at: mapping.now + 2).count == 1)
        let effects = mapping.engine.recordsRead([], after: 99, upTo: 100, at: mapping.now + 3)
        guard case .invoke(let invocation) = effects.first else { return #expect(Bool(false), "\(effects)") }
        #expect(invocation.window?.isFinal == true)
    }

    @Test("a window whose records were all too old to be sent has no end to tell")
    func unusedWindow() {
        var mapping = conversation(
            MappingSettings(recordAgeMaxMilliseconds: 60_000, tumblingWindowMilliseconds: 10_000))
        #expect(mapping.write(1, at: 1) == ["discard 1 RecordAgeExceeded after 0"])
        #expect(mapping.settle() == [])
        #expect(mapping.engine.timerMilliseconds == nil)
        #expect(mapping.write(1) == ["invoke 2 #1 1000000-1010000 {}"])
    }

    @Test("a restart goes on with the state that was stored with the position")
    func restart() throws {
        var mapping = conversation()
        #expect(mapping.write(2) == ["invoke 1,2 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":2}"#) == [])
        #expect(mapping.write(1) == [#"invoke 3 #1 1000000-1010000 {"n":2}"#])
        mapping.restart()
        #expect(mapping.read() == [#"invoke 3 #1 1000000-1010000 {"n":2}"#])
    }

    @Test("settings with other windows end the open one early, also when they changed while nothing ran")
    func otherLength() {
        var mapping = conversation()
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [])
        mapping.restart(MappingSettings(parallelizationFactor: 2))
        #expect(mapping.wait() == [#"0: invoke nothing #1 1000000-1010000 {"n":1} final early"#])
        #expect(mapping.write(keys: [1]) == ["1: invoke 2 #1"])
        #expect(mapping.succeed(lane: 0) == [])
        #expect(mapping.positions == EventSourcePositions(finished: [2, 1]))
    }
}
