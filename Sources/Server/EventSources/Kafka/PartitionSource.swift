import EventSource

/// One topic partition as a mapping reads it: an engine of its own, the records that are read and not finished, and the offset to commit.
///
/// Values in, effects out, as the engine itself. The engine's sequence numbers are offsets plus one, so that what is finished up to
/// sequence n is what the group need not read again before offset n.
struct PartitionSource: Sendable {
    /// Records of one topic partition that may be held; when there are as many, reading pauses until half of them are finished.
    static let recordsHeldMax = 10_000
    /// Their bytes as functions get them; one record may go beyond.
    static let bytesHeldMax = 32 << 20

    /// The shard that functions and destinations are told: topic and partition, as Lambda names Kafka's partitions.
    let shardID: String
    private(set) var engine: EventSourceEngine
    private(set) var held = HeldRecords()
    /// The offset of the next message to read.
    private(set) var nextOffset: Int64
    /// The offset that the group may commit: everything before is handled, given up or not for the mapping.
    ///
    /// While a tumbling window is open it stays where the window began: the window's state is nowhere else, so whoever reads on after this
    /// process must build it again.
    private(set) var committableOffset: Int64
    /// The start of the window that `committableOffset` waits for.
    private var windowStartMilliseconds: UInt64?
    private let recordsHeldMax: Int

    /// - Parameters:
    ///   - offset: of the first message to read.
    ///   - recordsHeldMax: fewer than usual for tests; never fewer than two batches.
    init(
        shardID: String, startingAt offset: Int64, settings: MappingSettings, isEnabled: Bool,
        recordsHeldMax: Int = Self.recordsHeldMax
    ) {
        self.shardID = shardID
        self.recordsHeldMax = recordsHeldMax
        nextOffset = offset
        committableOffset = offset
        engine = EventSourceEngine(
            settings: settings, shards: [ShardStretch(id: shardID, first: 1, end: nil)],
            positions: EventSourcePositions(
                finished: Array(repeating: UInt64(offset), count: settings.parallelizationFactor)),
            isEnabled: isEnabled)
    }

    static func sequence(ofOffset offset: Int64) -> UInt64 { UInt64(offset) + 1 }

    /// Whether nothing more should be read at present.
    var isFull: Bool { held.count >= limit || held.byteCount >= Self.bytesHeldMax }

    /// Whether reading may go on after it was full.
    var hasRoom: Bool { held.count <= limit / 2 && held.byteCount <= Self.bytesHeldMax / 2 }

    private var limit: Int { max(recordsHeldMax, 2 * engine.settings.batchSize) }

    // MARK: What happens

    /// Takes the records that passed the filters among the messages before `offset`, which is the next one to read.
    mutating func take(_ records: [HeldRecord], upTo offset: Int64, at now: UInt64) -> [EventSourceEffect] {
        for record in records { held.append(record) }
        nextOffset = offset
        return feed(at: now)
    }

    mutating func completed(_ id: InvocationID, _ outcome: InvocationOutcome, at now: UInt64) -> [EventSourceEffect] {
        let effects = step { $0.completed(id, outcome, at: now) }
        return effects + feed(at: now)
    }

    mutating func destinationSettled(_ id: DiscardID, at now: UInt64) -> [EventSourceEffect] {
        let effects = step { $0.destinationSettled(id, at: now) }
        return effects + feed(at: now)
    }

    /// - Parameter end: one past the last offset of the topic partition; it matters to tumbling windows only.
    mutating func tick(end: Int64, at now: UInt64) -> [EventSourceEffect] {
        let effects = step { $0.tick(lastSequence: UInt64(max(0, end)), at: now) }
        return effects + feed(at: now)
    }

    mutating func setEnabled(_ isEnabled: Bool, at now: UInt64) -> [EventSourceEffect] {
        let effects = step { isEnabled ? $0.enable(at: now) : $0.disable(at: now) }
        return effects + feed(at: now)
    }

    mutating func update(_ settings: MappingSettings, at now: UInt64) -> [EventSourceEffect] {
        let effects = step { $0.update(settings, at: now) }
        return effects + feed(at: now)
    }

    // MARK: What follows

    /// Hands held records to the engine as it asks for them.
    private mutating func feed(at now: UInt64) -> [EventSourceEffect] {
        var effects: [EventSourceEffect] = []
        while let request = engine.readRequest, request.after < UInt64(nextOffset) {
            let (references, isAll) = held.references(after: request.after, max: request.recordsMax)
            let upTo = isAll ? UInt64(nextOffset) : references.last?.sequence ?? UInt64(nextOffset)
            effects += step { $0.recordsRead(references, after: request.after, upTo: upTo, at: now) }
        }
        return effects
    }

    private mutating func step(
        _ body: (inout EventSourceEngine) -> [EventSourceEffect]
    ) -> [EventSourceEffect] {
        let effects = body(&engine)
        noteProgress()
        return effects
    }

    private mutating func noteProgress() {
        let positions = engine.positions
        let window = positions.window?.startMilliseconds
        // A window is seen first when its first call begins: nothing of it is finished then.
        if window == nil || window != windowStartMilliseconds { committableOffset = Int64(positions.checkpoint) }
        windowStartMilliseconds = window
        let finished = positions.finished
        let isFinished = { (record: RecordReference) in
            record.sequence <= finished[Int(record.keyHash % UInt64(finished.count))]
        }
        held.removeFirst(while: isFinished)
        // Behind a record that fails, those of other lanes are finished: they must not fill the place.
        if isFull { held.removeAll(where: isFinished) }
    }
}
