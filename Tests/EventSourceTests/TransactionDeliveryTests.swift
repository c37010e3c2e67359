import EventSource
import Testing

/// Mappings that deliver complete transactions. In `write`, `7:t` is a record of item 7 in transaction t.
@Suite struct TransactionDeliveryTests {
    private static func settings(
        batchSize: Int = 100, retries: Int? = nil, bisects: Bool = false, reports: Bool = false,
        ageMax: UInt64? = nil
    ) -> MappingSettings {
        MappingSettings(
            batchSize: batchSize, retryAttemptsMax: retries, recordAgeMaxMilliseconds: ageMax,
            bisectsBatchOnError: bisects, reportsBatchItemFailures: reports, transactionDelivery: .complete,
            transactionWaitMaxMilliseconds: 60_000)
    }

    private static func conversation(_ settings: MappingSettings = settings()) -> Conversation {
        var mapping = Conversation(settings)
        mapping.showsPositions = false
        return mapping
    }

    @Test("a transaction of another region waits until it is whole; other items go on") func waits() {
        var mapping = Conversation(Self.settings())
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t 5 6", sizes: ["t": 2]) == ["invoke 2,3 #1"])
        #expect(mapping.succeed() == [], "the position stays before what waits")
        mapping.incomplete = []
        #expect(mapping.write("2:t", sizes: ["t": 2]) == ["invoke 1,4 #1"])
        #expect(mapping.succeed() == ["finished 4"])
    }

    @Test("records of an item that waits come behind it, and so do transactions of these items") func orderPerKey() {
        var mapping = Self.conversation()
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t 1 9:u 1:u 5", sizes: ["t": 2]) == ["invoke 5 #1"])
        #expect(mapping.succeed() == [])
        mapping.incomplete = []
        #expect(mapping.write("2:t", sizes: ["t": 2]) == ["invoke 1,6,2,3,4 #1"])
    }

    @Test("transactions whose items interlock come in one batch, in the order of the log") func interlocking() {
        var mapping = Self.conversation()
        #expect(mapping.write("1:t 2:u 5 1:u 2:t") == ["invoke 1,2,4,5,3 #1"])
    }

    @Test("a whole transaction of which only some writes were stored is delivered once everything was read")
    func lostWrites() {
        var mapping = Self.conversation()
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t 2:t", sizes: ["t": 4]) == [])
        mapping.incomplete = []
        #expect(mapping.look() == ["invoke 1,2 #1"])
    }

    @Test("a transaction may arrive whole without a record of its own: in another table, or by writes that lose")
    func arrivesElsewhere() {
        var mapping = Self.conversation()
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t") == [], "all of this table, but not of the others")
        #expect(mapping.engine.isHoldingTransactions)
        mapping.incomplete = []
        #expect(mapping.look() == ["invoke 1 #1"])
        #expect(!mapping.engine.isHoldingTransactions)
    }

    @Test("what an older look says counts only for records that it covers") func staleLook() {
        var mapping = Self.conversation()
        #expect(mapping.look() == [])
        mapping.append(keys: [])
        let record = RecordReference(
            sequence: 1, keyHash: 1, approximateMilliseconds: mapping.now, payloadBytes: 9,
            transaction: TransactionMembership(id: "t", recordsMax: 2, isLocal: false))
        #expect(mapping.engine.recordsRead([record], after: 0, upTo: 1, at: mapping.now) == [])
        #expect(mapping.engine.isHoldingTransactions)
    }

    @Test("a transaction of this region is whole when something else was read behind it, or all there is")
    func localTransactions() {
        var mapping = Self.conversation()
        #expect(mapping.write("1:l 2:l 3", sizes: ["l": 9]) == ["invoke 1,2,3 #1"])
        _ = mapping.succeed()
        #expect(mapping.write("1:l2 2:l2", sizes: ["l2": 9]) == ["invoke 4,5 #1"])
    }

    @Test("a reading may end within a transaction") func cutReading() {
        var mapping = Self.conversation()
        let records = (1...3).map {
            RecordReference(
                sequence: $0, keyHash: $0, approximateMilliseconds: mapping.now, payloadBytes: 9,
                transaction: TransactionMembership(id: "t", recordsMax: 3, isLocal: $0 == 9))
        }
        _ = mapping.engine.transactionsSeen(ArrivingTransactions(nextSequence: 4), at: mapping.now)
        #expect(mapping.engine.recordsRead(Array(records[..<2]), after: 0, upTo: 2, at: mapping.now) == [])
        #expect(mapping.engine.recordsRead(Array(records[2...]), after: 2, upTo: 3, at: mapping.now).count == 1)
    }

    @Test("records that the filters refuse count as parts, and are not delivered") func filteredParts() {
        var mapping = Self.conversation()
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t -:t", sizes: ["t": 3]) == [])
        mapping.incomplete = []
        #expect(mapping.write("2:t", sizes: ["t": 3]) == ["invoke 1,3 #1"])
        _ = mapping.succeed()
        #expect(mapping.write("-:u -:u") == [])
        #expect(!mapping.engine.isHoldingTransactions)
    }

    // MARK: Never for ever

    @Test("a transaction that does not become whole is delivered after the longest wait, and it is said")
    func longestWait() {
        var mapping = Self.conversation()
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t 1", sizes: ["t": 2]) == [])
        #expect(mapping.pass(59_999) == [])
        #expect(mapping.wait() == ["t in parts 1: waitedTooLong", "invoke 1,2 #1"])
        _ = mapping.succeed()
        mapping.incomplete = []
        #expect(mapping.write("2:t", sizes: ["t": 2]) == ["invoke 3 #1"], "the rest, once it has come")
    }

    @Test("a transaction that nobody follows any more is delivered, and it is said") func forgotten() {
        var mapping = Self.conversation()
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t 2", sizes: ["t": 2]) == ["invoke 2 #1"])
        _ = mapping.succeed()
        mapping.incomplete = []
        mapping.forgotten = ["t"]
        #expect(mapping.look() == ["t in parts 1: forgotten", "invoke 1 #1"])
    }

    @Test("no more than 10,000 records wait") func tooManyWait() {
        var mapping = Self.conversation()
        mapping.incomplete = ["t", "u"]
        #expect(mapping.write("1:t 2:u", sizes: ["t": 2, "u": 2]) == [])
        for _ in 0..<9 { #expect(mapping.write(keys: Array(repeating: 1, count: 1000)) == []) }
        let told = mapping.write(keys: Array(repeating: 1, count: 1000))
        #expect(told.first == "t in parts 1: tooManyWait")
        #expect(told.last?.hasPrefix("invoke 1,3,4,5,") == true)
    }

    @Test("what does not fit into one batch comes in parts, and it is said") func tooLarge() {
        var mapping = Self.conversation(Self.settings(batchSize: 2))
        #expect(mapping.write("1:t 2:t 3:t") == ["t in parts 1,2,3: tooLarge", "invoke 1,2 #1"])
        #expect(mapping.succeed() == ["invoke 3 #1"])
    }

    // MARK: Together, whatever happens

    @Test("a batch ends before a transaction that does not fit into it") func batchBoundary() {
        var mapping = Self.conversation(Self.settings(batchSize: 3))
        #expect(mapping.write("1 2 3:t 4:t 5") == ["invoke 1,2 #1"])
        #expect(mapping.succeed() == ["invoke 3,4,5 #1"])
    }

    @Test("a failing batch is halved beside transactions") func bisects() {
        var mapping = Self.conversation(Self.settings(retries: 0, bisects: true))
        #expect(mapping.write("1 2:t 3:t 4:t") == ["invoke 1,2,3,4 #1"])
        #expect(mapping.fail() == [])
        #expect(mapping.wait() == ["invoke 1 #1"])
        #expect(mapping.succeed() == ["invoke 2,3,4 #1"])
        #expect(mapping.fail() == ["discard 2,3,4 RetryAttemptsExhausted after 1 Unhandled"])
    }

    @Test("a reported record takes its transaction along") func partialFailure() {
        var mapping = Self.conversation(Self.settings(reports: true))
        #expect(mapping.write("1 2:t 3:t 4:t") == ["invoke 1,2,3,4 #1"])
        #expect(mapping.report(3) == [])
        #expect(mapping.wait() == ["invoke 2,3,4 #1"])
    }

    @Test("a transaction grows too old as a whole") func age() {
        var mapping = Self.conversation(Self.settings(ageMax: 60_000))
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t", sizes: ["t": 2]) == [])
        #expect(mapping.pass(59_000) == [])
        mapping.incomplete = []
        _ = mapping.write("2:t", sizes: ["t": 2])
        #expect(mapping.fail() == [])
        #expect(mapping.pass(2000) == ["discard 1,2 RecordAgeExceeded after 1 Unhandled"])
    }

    @Test("a restart begins before what waited") func restart() {
        var mapping = Conversation(Self.settings())
        mapping.incomplete = ["t"]
        #expect(mapping.write("5", sizes: [:]) == ["invoke 1 #1"])
        #expect(mapping.succeed() == ["finished 1"])
        #expect(mapping.write("1:t 6", sizes: ["t": 2]) == ["invoke 3 #1"])
        #expect(mapping.succeed() == [])
        mapping.restart()
        mapping.incomplete = []
        #expect(mapping.write("2:t", sizes: ["t": 2]) == ["invoke 2,4,3 #1"])
    }

    @Test("a position never lies within a transaction that was delivered: a restart repeats all of it or nothing")
    func positionsCutNothing() {
        var mapping = Conversation(Self.settings())
        mapping.incomplete = ["t", "u"]
        #expect(mapping.write("1:t 2:u 3:t", sizes: ["t": 2, "u": 2]) == [])
        mapping.incomplete = ["u"]
        #expect(mapping.look() == ["invoke 1,3 #1"])
        #expect(mapping.succeed() == [], "2 waits, and 1 and 3 belong together")
        mapping.restart()
        mapping.incomplete = []
        #expect(mapping.write("4:u", sizes: ["t": 2, "u": 2]) == ["invoke 1,3,2,4 #1"])
    }

    @Test("changing the delivery begins anew at the checkpoint") func changedDelivery() {
        var mapping = Conversation(Self.settings())
        mapping.incomplete = ["t"]
        #expect(mapping.write("1:t 6", sizes: ["t": 2]) == ["invoke 2 #1"])
        _ = mapping.succeed()
        #expect(mapping.update(MappingSettings()) == [])
        #expect(mapping.read() == ["invoke 1,2 #1"])
    }

    @Test("it needs one lane and has no windows") func violations() {
        #expect(
            MappingSettings(parallelizationFactor: 2, transactionDelivery: .complete).violations.map(\.description) == [
                "parallelizationFactor must be 1 when transactions are delivered complete, but is 2"
            ])
        #expect(
            MappingSettings(tumblingWindowMilliseconds: 1000, transactionDelivery: .complete).violations
                .map(\.description) == [
                    "tumblingWindowMilliseconds must be 0 when transactions are delivered complete, but is 1000"
                ])
    }
}
