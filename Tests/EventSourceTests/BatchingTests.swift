import EventSource
import Testing

@Suite struct BatchingTests {
    @Test("without a batching window, what is there is sent")
    func sendsAtOnce() {
        var mapping = Conversation()
        #expect(mapping.write(1) == ["invoke 1 #1"])
        #expect(mapping.write(2) == [])
        #expect(mapping.succeed() == ["invoke 2,3 #1", "finished 1"])
        #expect(mapping.succeed() == ["finished 3"])
        #expect(mapping.engine.lastProcessingResult == .succeeded)
        #expect(mapping.engine.timerMilliseconds == nil)
    }

    @Test("a batch has at most BatchSize records")
    func size() {
        var mapping = Conversation(MappingSettings(batchSize: 2))
        #expect(mapping.write(5) == ["invoke 1,2 #1"])
        #expect(mapping.succeed() == ["invoke 3,4 #1", "finished 2"])
        #expect(mapping.succeed() == ["invoke 5 #1", "finished 4"])
        #expect(mapping.succeed() == ["finished 5"])
    }

    @Test("records that do not match move the position and are not sent")
    func othersMoveThePosition() {
        var mapping = Conversation(MappingSettings(batchSize: 2))
        #expect(mapping.writeOthers(1000) == ["finished 1000"])
        #expect(mapping.write(1) == ["invoke 1001 #1"])
        #expect(mapping.writeOthers(500) == [])
        #expect(mapping.succeed() == ["finished 1501"])
    }

    @Test("a batching window holds records back until the batch is full")
    func windowUntilFull() {
        var mapping = Conversation(MappingSettings(batchSize: 3, batchingWindowMilliseconds: 5000))
        #expect(mapping.write(2) == [])
        #expect(mapping.engine.timerMilliseconds == 1_005_000)
        #expect(mapping.pass(4999) == [])
        #expect(mapping.write(1) == ["invoke 1,2,3 #1"])
    }

    @Test("a batching window that is over sends what is there")
    func windowOver() {
        var mapping = Conversation(MappingSettings(batchSize: 3, batchingWindowMilliseconds: 5000))
        #expect(mapping.write(2) == [])
        #expect(mapping.wait() == ["invoke 1,2 #1"])
        #expect(mapping.now == 1_005_000)
    }

    @Test("the next batching window starts when the invocation has finished")
    func windowAfterInvocation() {
        var mapping = Conversation(MappingSettings(batchSize: 3, batchingWindowMilliseconds: 5000))
        #expect(mapping.write(3) == ["invoke 1,2,3 #1"])
        #expect(mapping.pass(1000) == [])
        #expect(mapping.write(1) == [])
        #expect(mapping.pass(9000) == [])
        #expect(mapping.succeed() == ["finished 3"])
        #expect(mapping.engine.timerMilliseconds == mapping.now + 5000)
        #expect(mapping.wait() == ["invoke 4 #1"])
        #expect(mapping.succeed() == ["finished 4"])
        let finished = mapping.now
        #expect(mapping.pass(2000) == [])
        #expect(mapping.write(1) == [])
        #expect(mapping.engine.timerMilliseconds == finished + 5000)
    }

    @Test("a batching window that passes without records begins anew with the next one")
    func emptyWindow() {
        var mapping = Conversation(MappingSettings(batchSize: 3, batchingWindowMilliseconds: 5000))
        #expect(mapping.write(3) == ["invoke 1,2,3 #1"])
        #expect(mapping.succeed() == ["finished 3"])
        #expect(mapping.pass(60_000) == [])
        #expect(mapping.write(1) == [])
        #expect(mapping.engine.timerMilliseconds == mapping.now + 5000)
    }

    @Test("a batch that the next record would make larger than 6 MB is sent without it")
    func payload() {
        let room = EventSourceEngine.payloadBytesMax - EventSourceEngine.envelopeBytesMax
        var mapping = Conversation(MappingSettings(batchingWindowMilliseconds: 5000))
        #expect(mapping.write(1, payloadBytes: room / 2 - 1) == [])
        #expect(mapping.write(1, payloadBytes: room / 2 - 1) == [])
        #expect(mapping.write(1, payloadBytes: 0) == ["invoke 1,2 #1"])
        #expect(mapping.succeed() == ["finished 2"])
        #expect(mapping.wait() == ["invoke 3 #1"])
    }

    @Test("a record that is larger than 6 MB goes alone")
    func largeRecord() {
        var mapping = Conversation()
        mapping.append(keys: [0, 0], payloadBytes: 10_000_000)
        #expect(mapping.read() == ["invoke 1 #1"])
        #expect(mapping.succeed() == ["invoke 2 #1", "finished 1"])
    }

    @Test("a batch ends with its shard, which need not be full or waited for")
    func shards() {
        let shards = [
            ShardStretch(id: "shard-a", first: 1, end: 3), ShardStretch(id: "shard-b", first: 3, end: nil),
        ]
        var mapping = Conversation(MappingSettings(batchingWindowMilliseconds: 5000), shards: shards)
        #expect(mapping.write(4) == ["invoke 1,2 #1"])
        #expect(mapping.lastInvocation?.shardID == "shard-a")
        #expect(mapping.succeed() == ["finished 2"])
        #expect(mapping.wait() == ["invoke 3,4 #1"])
        #expect(mapping.lastInvocation?.shardID == "shard-b")
    }

    @Test("a shard that is closed while its records wait ends their batch")
    func shardCloses() {
        var mapping = Conversation(MappingSettings(batchingWindowMilliseconds: 5000))
        #expect(mapping.write(3) == [])
        let shards = [
            ShardStretch(id: "shard-a", first: 1, end: 3), ShardStretch(id: "shard-b", first: 3, end: nil),
        ]
        #expect(mapping.shards(shards) == ["invoke 1,2 #1"])
    }

    @Test("a stream that has ended is read to its end and no further")
    func streamEnd() {
        let shards = [ShardStretch(id: "shard-a", first: 1, end: 3)]
        var mapping = Conversation(shards: shards)
        mapping.append(keys: [0, 0, 0])
        #expect(mapping.engine.readRequest == ReadRequest(after: 0, through: 2, recordsMax: 1000))
        #expect(mapping.read() == ["invoke 1,2 #1"])
        #expect(mapping.engine.readRequest == nil)
        #expect(mapping.succeed() == ["finished 2"])
    }

    @Test("a million records that do not match cost no more than the calls that report them")
    func readingPast() {
        var mapping = Conversation()
        var effects = 0
        for end in stride(from: UInt64(1000), through: 1_000_000, by: 1000) {
            effects += mapping.engine.recordsRead([], after: end - 1000, upTo: end, at: mapping.now).count
        }
        #expect(effects == 1000)
        #expect(mapping.engine.positions.checkpoint == 1_000_000)
    }
}
