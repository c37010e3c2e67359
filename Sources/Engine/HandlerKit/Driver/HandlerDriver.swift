public import AttributeModel
import Bytes
public import ChangeStream
import EventPattern
import EventSource
import JSONBytes
public import Replication

/// Tests a handler without a server: a table whose changes go through the handler's filters and settings into the handler.
///
/// All of it is the server's own code, but for the threads: time stands still until a test moves it, so a test runs in an instant and the same
/// each time. Writes wait in the stream until `run` or `advance`:
///
///     var driver = try HandlerDriver(handler)
///     try driver.put(Item(json: #"{"id":{"S":"o-1"},"status":{"S":"new"}}"#))
///     await driver.run()
///     #expect(driver.deliveries.map(\.records) == [[1]])
///
/// A handler takes no time in a test. What it throws fails its batch, which comes again after the back-off, when `advance` gets there.
public struct HandlerDriver: Sendable {
    public static let startMillisecondsDefault: UInt64 = 1_767_225_600_000
    public static let regionDefault = RegionName(stored: "us-east-1")
    /// A partition key `id` of type S.
    public static let keySchemaDefault = KeySchema(partitionKeys: [KeyAttribute(name: "id", type: .string)])
    /// The most steps of one `run` or `advance`; a handler that needs more goes round in circles.
    public static let stepsMax = 1_000_000
    private static let account = "000000000000"

    public let handler: Handler
    /// What the stream shows of each change.
    public let viewType: StreamViewType
    public let streamARN: String
    public private(set) var nowMilliseconds: UInt64
    /// Whether the handler's program can be started. Invocations that cannot start are repeated and do not count as attempts.
    public var isAvailable = true
    /// Invocations and what was given up, in order.
    private var steps: [HandlerStep] = []
    /// What happened so far, a line each, for people and for tests that compare all of it.
    public private(set) var transcript: [String] = []

    private let startMilliseconds: UInt64
    private let writer: StreamRecordJSON
    private var table: DriverTable
    private var log = DriverLog()
    /// How many records of each transaction have not come, of those of which some have.
    private var missingParts: [String: Int] = [:]
    private var filter: DriverFilter
    private var engine: EventSourceEngine
    private var positions: EventSourcePositions
    private var effects: [EventSourceEffect] = []
    private var nextEffect = 0
    private var invocationCount = 0

    public init(
        _ handler: Handler, table name: String = "table", keySchema: KeySchema = Self.keySchemaDefault,
        region: RegionName = Self.regionDefault, viewType: StreamViewType = .newAndOldImages,
        startMilliseconds: UInt64 = Self.startMillisecondsDefault
    ) throws(HandlerDriverError) {
        try self.init(
            handler, table: name, keySchema: keySchema, region: region, viewType: viewType,
            startMilliseconds: startMilliseconds, streamARN: Self.streamARN(name, region, startMilliseconds))
    }

    init(
        _ handler: Handler, table name: String, keySchema: KeySchema, region: RegionName, viewType: StreamViewType,
        startMilliseconds: UInt64, streamARN: String
    ) throws(HandlerDriverError) {
        guard handler.violations.isEmpty else { throw .invalidHandler(handler.violations) }
        self.handler = handler
        self.viewType = viewType
        self.startMilliseconds = startMilliseconds
        nowMilliseconds = startMilliseconds
        table = DriverTable(name: name, keySchema: keySchema, region: region)
        self.streamARN = streamARN
        writer = StreamRecordJSON(
            region: region, tableID: name, keySchema: keySchema, viewType: viewType,
            form: .lambdaEvent(streamARN: streamARN))
        filter = DriverFilter(
            handler.filters,
            RecordContext(region: region, tableID: name, keySchema: keySchema, viewType: viewType))
        positions = EventSourcePositions(
            starting: handler.settings.startingPosition, oldestSequence: 1, nextSequence: 1,
            lanes: handler.settings.parallelizationFactor)
        engine = EventSourceEngine(settings: handler.settings, shards: [Self.shard], positions: positions)
    }

    /// Every invocation so far, in order.
    public var deliveries: [HandlerDelivery] {
        steps.compactMap { if case .delivery(let one) = $0 { one } else { nil } }
    }
    /// What was given up so far, in order.
    public var discards: [HandlerDiscard] { steps.compactMap { if case .discard(let one) = $0 { one } else { nil } } }
    public var region: RegionName { table.region }
    public var functionARN: String { "arn:aws:lambda:\(region):\(Self.account):function:\(handler.name)" }
    /// Everything up to this place in the log is handled or given up, or was not for the handler.
    public var checkpoint: Int { Int(positions.checkpoint) }
    /// The changes so far.
    public var changeCount: Int { Int(log.last) }
    /// Whether nothing is left to do: all changes are handled, given up, or were not for the handler.
    public var isFinished: Bool { positions.checkpoint == log.last }

    private static let shard = ShardStretch(id: "shardId-00000000000000000000-00000000", first: 1, end: nil)

    private static func streamARN(_ table: String, _ region: RegionName, _ milliseconds: UInt64) -> String {
        "arn:aws:dynamodb:\(region):\(account):table/\(table)/stream/\(StreamLabel.text(milliseconds: milliseconds))"
    }
}

// MARK: - Writes

extension HandlerDriver {
    /// Writes an item. Answers the change's place in the log; nil when the item was there already as it is, which is no change.
    /// - Parameters:
    ///   - region: where the write was made; nil for the handler's own region.
    ///   - transactionID: the transaction that the write belongs to.
    ///   - transactionSize: how many items the transaction changes; it is whole when so many have come.
    @discardableResult
    public mutating func put(
        _ item: Item, from region: RegionName? = nil, transactionID: String? = nil, transactionSize: Int = 1
    ) throws(HandlerDriverError) -> Int? {
        let writer = driverWriter(region, .user, transactionID, transactionSize)
        return try place { (table, place) throws(KeyError) in try table.put(item, by: writer, at: place) }
    }

    /// Deletes an item. Answers the change's place in the log; nil when there was none.
    /// - Parameter key: the key attributes, or more.
    @discardableResult
    public mutating func delete(
        _ key: Item, from region: RegionName? = nil, transactionID: String? = nil, transactionSize: Int = 1
    ) throws(HandlerDriverError) -> Int? {
        let writer = driverWriter(region, .user, transactionID, transactionSize)
        return try place { (table, place) throws(KeyError) in try table.remove(key, by: writer, at: place) }
    }

    /// Lets time to live remove an item, here or in another region.
    /// - Parameter key: the key attributes, or more.
    @discardableResult
    public mutating func expire(_ key: Item, in region: RegionName? = nil) throws(HandlerDriverError) -> Int? {
        let writer = driverWriter(region, .ttl, nil, 1)
        return try place { (table, place) throws(KeyError) in try table.remove(key, by: writer, at: place) }
    }

    private func driverWriter(
        _ region: RegionName?, _ cause: ChangeRecord.Cause, _ transactionID: String?, _ transactionSize: Int
    ) -> DriverWriter {
        DriverWriter(
            region: region, cause: cause, transactionID: transactionID, transactionSize: transactionSize,
            milliseconds: nowMilliseconds)
    }

    private mutating func place(
        _ write: (inout DriverTable, _ place: UInt64) throws(KeyError) -> ChangeRecord?
    ) throws(HandlerDriverError) -> Int? {
        do throws(KeyError) {
            guard let record = try write(&table, log.last + 1) else { return nil }
            let isWanted = filter.matches(record)
            if let transaction = record.transaction {
                let missing = missingParts[transaction.id, default: transaction.size] - 1
                missingParts[transaction.id] = missing > 0 ? missing : nil
            }
            log.append(
                DriverEntry(
                    sequenceNumber: SequenceNumber.text(of: record.sequence),
                    keyHash: UInt64(try table.key(of: record).hash), milliseconds: record.commitMilliseconds,
                    isWanted: isWanted, payload: isWanted ? json(of: record) : [],
                    transaction: record.transaction.map {
                        TransactionMembership(id: $0.id, recordsMax: $0.size, isLocal: false)
                    }))
            return Int(record.sequence)
        } catch {
            throw .invalidKey(error)
        }
    }

    /// Puts a change into the stream that was written down elsewhere.
    mutating func append(_ change: RecordedChange) throws(HandlerDriverError) {
        let isWanted: Bool
        do throws(EventError) {
            isWanted = try filter.matches(event: change.event)
        } catch {
            throw .unreadableRecord(change.sequenceNumber, error)
        }
        log.append(
            DriverEntry(
                sequenceNumber: change.sequenceNumber, keyHash: UInt64(Murmur2.hash(change.keys.bytes)),
                milliseconds: change.milliseconds, isWanted: isWanted, payload: isWanted ? change.payload : [],
                transaction: nil))
    }
}

// MARK: - Time

extension HandlerDriver {
    /// Does everything that can be done without time passing.
    public mutating func run() async {
        var turns = 0
        await settle(&turns)
    }

    /// Lets time pass, and does on the way what becomes due: retries, batching windows, tumbling windows.
    public mutating func advance(milliseconds: UInt64) async {
        let target = nowMilliseconds + milliseconds
        var turns = 0
        await settle(&turns)
        while let timer = engine.timerMilliseconds, timer <= target {
            nowMilliseconds = max(nowMilliseconds, timer)
            begin(engine.tick(lastSequence: log.last, at: nowMilliseconds))
            await settle(&turns)
        }
        nowMilliseconds = target
        begin(engine.tick(lastSequence: log.last, at: nowMilliseconds))
        await settle(&turns)
    }

    /// Begins anew with the stored positions, as after a crash of the server: what was not finished comes again.
    public mutating func restart() {
        effects.removeAll()
        nextEffect = 0
        engine = EventSourceEngine(settings: handler.settings, shards: [Self.shard], positions: positions)
        note("restart at \(checkpoint)")
    }

    /// What happened since the last call; it is forgotten here, so that a long replay needs no more memory than a short one.
    package mutating func takeSteps() -> [HandlerStep] {
        defer {
            steps.removeAll()
            transcript.removeAll()
        }
        return steps
    }

    private mutating func settle(_ turns: inout Int) async {
        while true {
            precondition(turns < Self.stepsMax, "an engine that has nothing new to do waits")
            turns += 1
            if nextEffect < effects.count {
                let effect = effects[nextEffect]
                nextEffect += 1
                await perform(effect)
            } else if let request = engine.readRequest, request.after < log.last {
                read(request)
            } else {
                effects.removeAll()
                nextEffect = 0
                return
            }
        }
    }

    private mutating func begin(_ new: [EventSourceEffect]) {
        effects += new
    }

    private mutating func note(_ line: String) {
        transcript.append("\(nowMilliseconds - startMilliseconds) ms: \(line)")
    }
}

// MARK: - The way of a record

extension HandlerDriver {
    private mutating func read(_ request: ReadRequest) {
        var found: [RecordReference] = []
        var upTo = request.after
        for entry in log.entries(after: request.after) where found.count < request.recordsMax {
            upTo += 1
            guard entry.isWanted || entry.transaction != nil && handler.settings.deliversCompleteTransactions else {
                continue
            }
            found.append(
                RecordReference(
                    sequence: upTo, keyHash: entry.keyHash, approximateMilliseconds: entry.milliseconds,
                    payloadBytes: entry.payload.count, transaction: entry.transaction, matches: entry.isWanted))
        }
        if handler.settings.deliversCompleteTransactions {
            let arriving = ArrivingTransactions(incomplete: Set(missingParts.keys), nextSequence: log.last + 1)
            begin(engine.transactionsSeen(arriving, at: nowMilliseconds))
        }
        begin(engine.recordsRead(found, after: request.after, upTo: upTo, at: nowMilliseconds))
    }

    private func json(of record: ChangeRecord) -> [UInt8] {
        var json = JSONWriter()
        writer.append(record, to: &json)
        return json.bytes
    }

    private mutating func perform(_ effect: EventSourceEffect) async {
        switch effect {
        case .invoke(let invocation): await invoke(invocation)
        case .discard(let discard): giveUp(discard)
        case .positionsChanged(let new):
            let before = positions.checkpoint
            positions = new
            log.forget(upTo: new.checkpoint)
            if new.checkpoint != before { note("checkpoint \(new.checkpoint)") }
        case .recordsLost(let lost): note("lost \(lost.count) records")
        case .transactionInParts(let parts): note("transaction \(parts.id) comes in parts: \(parts.reason.rawValue)")
        }
    }

    private mutating func invoke(_ invocation: Invocation) async {
        let payload = InvocationPayload.bytes(
            of: invocation, records: invocation.records.map { log[$0.sequence].payload }, eventSourceARN: streamARN)
        var response: [UInt8]?
        var failure: HandlerFailure?
        var outcome = InvocationOutcome.notStarted
        if isAvailable {
            invocationCount += 1
            switch await handler.respond(to: payload, context()) {
            case .success(let bytes):
                response = bytes
                outcome = FunctionResponse.outcome(
                    of: bytes, to: invocation, settings: handler.settings, sequence: log.place)
            case .failure(let thrown):
                failure = thrown
                outcome = .failure(.unhandled)
            }
        }
        let delivery = HandlerDelivery(
            atMilliseconds: nowMilliseconds - startMilliseconds,
            records: invocation.records.map { Int($0.sequence) }, attempt: invocation.attempt, lane: invocation.lane,
            payload: payload, response: response, failure: failure, outcome: outcome)
        steps.append(.delivery(delivery))
        note(delivery.description)
        begin(engine.completed(invocation.id, outcome, at: nowMilliseconds))
    }

    private func context() -> HandlerContext {
        let number = String(invocationCount, radix: 16)
        let digits = String(repeating: "0", count: max(0, 12 - number.count)) + number
        return HandlerContext(
            requestID: "00000000-0000-4000-8000-" + digits,
            deadlineMilliseconds: nowMilliseconds + handler.timeoutMilliseconds, functionARN: functionARN)
    }

    private mutating func giveUp(_ discard: Discard) {
        let record = FailureRecord(
            discard: discard, requestID: context().requestID, functionARN: functionARN, streamARN: streamARN,
            timestampMilliseconds: nowMilliseconds)
        let given = HandlerDiscard(
            atMilliseconds: nowMilliseconds - startMilliseconds, records: discard.records.map { Int($0.sequence) },
            sequenceNumbers: discard.records.map { log[$0.sequence].sequenceNumber }, condition: discard.condition,
            invokeCount: discard.invokeCount,
            json: record.json { [log] in log[$0].sequenceNumber })
        steps.append(.discard(given))
        note(given.description)
        begin(engine.destinationSettled(discard.id, at: nowMilliseconds))
    }
}

/// Why a test cannot go on as it wants.
public enum HandlerDriverError: Error, Equatable, Sendable, CustomStringConvertible {
    case invalidHandler([String])
    /// The item does not have the table's key.
    case invalidKey(KeyError)
    /// The recording is of these streams.
    case notOneStream([String])
    case unreadableRecord(_ sequenceNumber: String, EventError)

    public var description: String {
        switch self {
        case .invalidHandler(let violations): violations.joined(separator: "; ")
        case .invalidKey(let error): "the item has no valid key: \(error)"
        case .notOneStream(let streams):
            streams.isEmpty
                ? "the recording is empty" : "the recording is of several streams: \(streams.joined(separator: ", "))"
        case .unreadableRecord(let sequenceNumber, let error): "record \(sequenceNumber): \(error)"
        }
    }
}
