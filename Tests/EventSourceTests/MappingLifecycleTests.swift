import Bytes
import EventSource
import Testing

@Suite struct MappingLifecycleTests {
    @Test("a disabled mapping sends nothing, counts what it is owed, and goes on from there")
    func disable() {
        var mapping = Conversation(MappingSettings(batchSize: 1))
        #expect(mapping.write(3) == ["invoke 1 #1"])
        #expect(mapping.disable() == [])
        #expect(!mapping.engine.isSettled)
        #expect(mapping.succeed() == ["finished 1"])
        #expect(mapping.engine.isSettled)
        #expect(mapping.engine.readRequest == nil)
        #expect(mapping.engine.timerMilliseconds == nil)
        #expect(mapping.pass(100_000) == [])
        #expect(mapping.enable() == ["invoke 2 #1"])
        #expect(mapping.disable() == [])
        #expect(mapping.fail() == [])
        #expect(mapping.engine.timerMilliseconds == nil)
        #expect(mapping.enable() == [])
        #expect(mapping.wait() == ["invoke 2 #2"])
    }

    @Test("new settings count from the next decision on")
    func update() {
        var mapping = Conversation(MappingSettings(batchSize: 2))
        #expect(mapping.write(6) == ["invoke 1,2 #1"])
        #expect(mapping.update(MappingSettings(batchSize: 3, retryAttemptsMax: 0)) == [])
        #expect(!mapping.engine.isUpdating)
        #expect(mapping.fail() == ["discard 1,2 RetryAttemptsExhausted after 1 Unhandled"])
        #expect(mapping.settle() == ["invoke 3,4,5 #1", "finished 2"])
    }

    @Test("a smaller batch size counts for records that wait already")
    func smallerBatch() {
        var mapping = Conversation(MappingSettings(batchSize: 5, batchingWindowMilliseconds: 5000))
        #expect(mapping.write(4) == [])
        #expect(mapping.update(MappingSettings(batchSize: 3, batchingWindowMilliseconds: 5000)) == ["invoke 1,2,3 #1"])
    }

    @Test("another number of lanes waits for what is in flight, then begins at the checkpoint")
    func lanesChange() {
        var mapping = Conversation(MappingSettings(batchSize: 1, parallelizationFactor: 2))
        mapping.showsPositions = false
        #expect(mapping.write(keys: [0, 1, 1, 0]) == ["0: invoke 1 #1", "1: invoke 2 #1"])
        #expect(mapping.succeed(lane: 1) == ["1: invoke 3 #1"])
        #expect(mapping.update(MappingSettings(parallelizationFactor: 1)) == [])
        #expect(mapping.engine.isUpdating)
        #expect(mapping.engine.readRequest == nil)
        #expect(mapping.succeed(lane: 1) == [])
        #expect(mapping.fail(lane: 0) == [])
        #expect(!mapping.engine.isUpdating)
        #expect(mapping.positions == EventSourcePositions(finished: [0]))
        #expect(mapping.read() == ["invoke 1,2,3,4 #1"])
    }

    @Test("other windows wait until the open one has ended early")
    func windowsChange() {
        var mapping = Conversation(MappingSettings(tumblingWindowMilliseconds: 10_000))
        mapping.showsPositions = false
        #expect(mapping.write(1) == ["invoke 1 #1 1000000-1010000 {}"])
        #expect(mapping.succeed(state: #"{"n":1}"#) == [])
        #expect(
            mapping.update(MappingSettings(tumblingWindowMilliseconds: 60_000)) == [
                #"invoke nothing #1 1000000-1010000 {"n":1} final early"#
            ])
        #expect(mapping.write(1) == [])
        #expect(mapping.fail() == [])
        #expect(mapping.wait() == [#"invoke nothing #2 1000000-1010000 {"n":1} final early"#])
        #expect(mapping.engine.isUpdating)
        #expect(mapping.succeed() == [])
        #expect(!mapping.engine.isUpdating)
        #expect(mapping.read() == ["invoke 2 #1 960000-1020000 {}"])
    }

    @Test("records that the log lost before they were read are counted and reported")
    func trimmedUnread() {
        var mapping = Conversation()
        mapping.append(keys: Array(repeating: 0, count: 10))
        #expect(mapping.trim(before: 5) == ["lost 1..<5", "finished 4"])
        #expect(mapping.engine.lostRecordsCount == 4)
        #expect(mapping.trim(before: 5) == [])
        #expect(mapping.read() == ["invoke 5,6,7,8,9,10 #1"])
    }

    @Test("records that the log lost before they were sent are given up; those in flight are not asked for again")
    func trimmedUnsent() {
        var mapping = Conversation(MappingSettings(batchSize: 2))
        #expect(mapping.write(6) == ["invoke 1,2 #1"])
        #expect(mapping.trim(before: 4) == [])
        #expect(mapping.fail() == [])
        #expect(mapping.wait() == ["discard 1,2 RecordAgeExceeded after 1 Unhandled"])
        #expect(mapping.settle() == ["discard 3 RecordAgeExceeded after 0", "finished 2"])
        #expect(mapping.settle() == ["invoke 4 #1", "finished 3"])
        #expect(mapping.engine.lostRecordsCount == 0)
    }

    @Test("a restart repeats what its lane had not finished, and nothing else")
    func resume() {
        var mapping = Conversation(MappingSettings(batchSize: 1, parallelizationFactor: 2))
        #expect(mapping.write(keys: [0, 1, 1]) == ["0: invoke 1 #1", "1: invoke 2 #1", "finished 0,1"])
        #expect(mapping.succeed(lane: 1) == ["1: invoke 3 #1", "finished 0,2"])
        mapping.restart()
        #expect(mapping.engine.readRequest?.after == 0)
        #expect(mapping.read() == ["0: invoke 1 #1", "1: invoke 3 #1"])
        mapping.restart(MappingSettings(batchSize: 10, parallelizationFactor: 3))
        #expect(mapping.read() == ["0: invoke 1 #1", "1: invoke 2,3 #1", "finished 0,1,3"])
    }
}

@Suite struct EventSourcePositionsTests {
    @Test(
        "where a new mapping begins",
        arguments: [
            (StartingPosition.trimHorizon, 1, 1, 0), (.trimHorizon, 20, 50, 19), (.trimHorizon, 51, 50, 49),
            (.latest, 1, 1, 0), (.latest, 20, 50, 49),
        ] as [(StartingPosition, UInt64, UInt64, UInt64)])
    func start(position: StartingPosition, oldest: UInt64, next: UInt64, finished: UInt64) {
        let positions = EventSourcePositions(
            starting: position, oldestSequence: oldest, nextSequence: next, lanes: 2)
        #expect(positions == EventSourcePositions(finished: [finished, finished]))
    }

    private static let examples = [
        EventSourcePositions(finished: [0]),
        EventSourcePositions(finished: [1, .max, 300]),
        EventSourcePositions(
            finished: [7],
            window: OpenWindow(
                shardID: "shard-a", startMilliseconds: 1_000_000, endMilliseconds: 1_010_000,
                state: Array(#"{"n":1}"#.utf8), endsEarly: true)),
    ]

    @Test("stored and read again", arguments: examples)
    func roundTrip(positions: EventSourcePositions) throws {
        #expect(try decode(positions.encoded) == positions)
    }

    @Test("damaged bytes are an error", arguments: examples)
    func damage(positions: EventSourcePositions) throws {
        let bytes = positions.encoded
        for count in 0..<bytes.count {
            // Without its window, what is left is well-formed.
            guard (try? decode(Array(bytes[..<count]))) != EventSourcePositions(finished: positions.finished) else {
                #expect(positions.window != nil)
                continue
            }
            #expect(throws: DamagedBytes.self) { try decode(Array(bytes[..<count])) }
        }
        #expect(throws: DamagedBytes.self) { try decode(bytes + [0]) }
        #expect(throws: DamagedBytes.self) { try decode([2] + bytes.dropFirst()) }
        #expect(throws: DamagedBytes.self) { try decode([1, 11] + Array(repeating: 1, count: 11)) }
        #expect(throws: DamagedBytes.self) { try decode([1, 0]) }
    }

    private func decode(_ bytes: [UInt8]) throws(DamagedBytes) -> EventSourcePositions {
        let result: Result<EventSourcePositions, DamagedBytes> = bytes.withUnsafeBytes { buffer in
            Result { () throws(DamagedBytes) in
                var reader = ByteReader(buffer)
                return try EventSourcePositions(decoding: &reader)
            }
        }
        return try result.get()
    }
}
