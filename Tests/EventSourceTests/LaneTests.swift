import EventSource
import Testing

/// ParallelizationFactor: items are spread over lanes, and each lane keeps its order.
@Suite struct LaneTests {
    @Test("each lane has one invocation in flight, of its own items")
    func lanes() {
        var mapping = Conversation(MappingSettings(parallelizationFactor: 2))
        #expect(mapping.write(keys: [0, 1, 2, 1]) == ["0: invoke 1,3 #1", "1: invoke 2,4 #1", "finished 0,1"])
        #expect(mapping.write(keys: [4, 3]) == [])
        #expect(mapping.succeed(lane: 1) == ["1: invoke 6 #1", "finished 0,5"])
        #expect(mapping.succeed(lane: 0) == ["0: invoke 5 #1", "finished 4,5"])
        #expect(mapping.engine.positions.checkpoint == 4)
    }

    @Test("a record that fails holds up its lane alone; the mapping's checkpoint stays before it")
    func poison() {
        var mapping = Conversation(MappingSettings(batchSize: 1, parallelizationFactor: 2))
        mapping.showsPositions = false
        #expect(mapping.write(keys: [0, 1, 1, 1]) == ["0: invoke 1 #1", "1: invoke 2 #1"])
        #expect(mapping.fail(lane: 0) == [])
        #expect(mapping.succeed(lane: 1) == ["1: invoke 3 #1"])
        #expect(mapping.succeed(lane: 1) == ["1: invoke 4 #1"])
        #expect(mapping.succeed(lane: 1) == [])
        #expect(mapping.positions == EventSourcePositions(finished: [0, 4]))
        #expect(mapping.positions.checkpoint == 0)
        #expect(mapping.wait() == ["0: invoke 1 #2"])
    }

    @Test("a lane without room does not keep the others from reading; it gets its records again when it has room")
    func fullLane() throws {
        var mapping = Conversation(MappingSettings(batchSize: 500, parallelizationFactor: 2))
        let room = mapping.engine.recordsWaitingMax
        #expect(room == 1000)
        mapping.append(keys: [0])
        mapping.showsPositions = false
        #expect(mapping.read() == ["0: invoke 1 #1"])
        // More than lane 0 has room for, with one record of lane 1 behind.
        mapping.append(keys: Array(repeating: 0, count: 1500) + [1])
        var lane1: [String] = []
        for _ in 0..<5 where lane1.isEmpty { lane1 = mapping.read() }
        #expect(lane1 == ["1: invoke 1502 #1"])
        #expect(mapping.engine.readRequest?.after == 1502)

        // Lane 0 gets going: it is read for again from where it had no room.
        var seen: [UInt64] = []
        for _ in 0..<20 {
            if let invocation = mapping.inFlight[0] { seen += invocation.records.map(\.sequence) }
            _ = mapping.succeed(lane: 0)
            _ = mapping.read()
        }
        #expect(seen == Array(1...1501))
        #expect(mapping.succeed(lane: 1) == [])
        #expect(mapping.positions.finished == [1502, 1502])
        #expect(mapping.engine.readRequest == ReadRequest(after: 1502, through: nil, recordsMax: 1000))
    }

    @Test("the engine wants no more than it has room for")
    func backPressure() {
        var mapping = Conversation(MappingSettings(batchSize: 10))
        mapping.append(keys: Array(repeating: 0, count: 5000))
        var readings = 0
        while mapping.engine.readRequest != nil, readings < 10 {
            _ = mapping.read()
            readings += 1
        }
        // The first reading fills the room, a batch leaves it; half of it must be free before the next.
        #expect(readings == 1)
        for _ in 0..<48 { _ = mapping.succeed() }
        #expect(mapping.engine.readRequest == nil)
        _ = mapping.succeed()
        #expect(mapping.engine.readRequest == ReadRequest(after: 1000, through: nil, recordsMax: 500))
    }

    @Test("a reading that was overtaken does no harm")
    func staleReading() {
        var mapping = Conversation()
        mapping.append(keys: [0, 0, 0])
        let records = mapping.log
        #expect(mapping.read() == ["invoke 1,2,3 #1"])
        #expect(mapping.engine.recordsRead(Array(records[0...1]), after: 0, upTo: 2, at: mapping.now) == [])
        #expect(
            mapping.engine.recordsRead([], after: 50, upTo: 60, at: mapping.now) == [],
            "what lies between is not read yet")
        #expect(mapping.engine.readRequest?.after == 3)
        #expect(mapping.succeed() == ["finished 3"])
    }

    @Test("shards follow one another within a lane")
    func shards() {
        let shards = [
            ShardStretch(id: "shard-a", first: 1, end: 3), ShardStretch(id: "shard-b", first: 3, end: nil),
        ]
        var mapping = Conversation(MappingSettings(parallelizationFactor: 2), shards: shards)
        mapping.showsPositions = false
        #expect(mapping.write(keys: [0, 1, 0, 1]) == ["0: invoke 1 #1", "1: invoke 2 #1"])
        #expect(mapping.succeed(lane: 1) == ["1: invoke 4 #1"])
        #expect(mapping.lastInvocation?.shardID == "shard-b")
        #expect(mapping.succeed(lane: 0) == ["0: invoke 3 #1"])
    }
}
