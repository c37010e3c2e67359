import Dispatch
import EventSource
import Functions
import Logging
import RecordLog

/// What comes to a member and what engines want done: records, answers, calls, failures to deliver.
extension GroupMemberLoop {
    // MARK: Messages

    mutating func takeMessages(answersOnly: Bool) {
        for message in member.takeMessages(answersOnly: answersOnly) {
            switch message {
            case .update(let specification): update(specification)
            case .completed(let run, let invocation, let outcome, let problem):
                guard let partition = partition(ofRun: run) else { continue }
                partitions[partition]?.hasFinishedBatch = true
                if let turn = status.noteEnd(outcome, problem: problem) {
                    member.place.reports.tell(turn, of: specification)
                }
                // Records that this call was the last for are given up in its name.
                step(partition) { $0.completed(invocation, outcome, at: $1) }
                status.lastProcessingResult =
                    partitions[partition]?.source.engine.lastProcessingResult ?? status.lastProcessingResult
                partitions[partition]?.requestIDs[invocation] = nil
            case .settled(let run, let discard):
                guard let partition = partition(ofRun: run) else { continue }
                partitions[partition]?.hasFinishedBatch = true
                step(partition) { $0.destinationSettled(discard, at: $1) }
            }
        }
    }

    /// Nil when the partition has gone since: its calls count for nothing here.
    private func partition(ofRun run: UInt64) -> TopicPartition? {
        partitions.values.first { $0.run == run }?.partition
    }

    private mutating func update(_ new: MappingSpecification) {
        let old = specification
        specification = new
        if new.filters != old.filters { reading.setFilters(new.filters) }
        for partition in Array(partitions.keys) {
            if new.settings != old.settings { step(partition) { $0.update(new.settings, at: $1) } }
            if new.isEnabled != old.isEnabled { step(partition) { $0.setEnabled(new.isEnabled, at: $1) } }
        }
    }

    // MARK: Records

    mutating func take(_ batch: RecordBatch) {
        guard let last = batch.records.last, let first = batch.records.first else { return }
        let next = partitions[batch.source]?.source.nextOffset ?? first.offset
        if first.offset < next { restart(batch.source, at: first.offset) }
        // What retention took meanwhile.
        if first.offset > next { tellLost(first.offset - next, before: first.offset, of: batch.source) }
        var held: [HeldRecord] = []
        for message in batch.records {
            switch reading.read(message) {
            case .record(let record): held.append(record)
            case .notForUs: break
            case .foreign(let error):
                foreignReports.note(error, message.offset, of: batch.source, specification, member.place.reports)
            }
        }
        let end = max(partitions[batch.source]?.end ?? 0, last.offset + 1)
        partitions[batch.source]?.end = end
        step(batch.source) { $0.take(held, upTo: last.offset + 1, at: $1) }
    }

    /// The topic was made anew: its offsets count from the start again.
    private mutating func restart(_ partition: TopicPartition, at offset: Int64) {
        guard let old = partitions[partition] else { return }
        let reports = member.place.reports
        reports.logger.warning(
            "a topic begins anew; the handler follows",
            metadata: reports.metadata(of: specification).merging([
                "topic": "\(partition)", "offset": "\(offset)", "expected": "\(old.source.nextOffset)",
            ]) { $1 })
        runsCount += 1
        let source = PartitionSource(
            shardID: old.source.shardID, startingAt: offset, settings: specification.settings,
            isEnabled: specification.isEnabled)
        partitions[partition] = AssignedPartition(
            run: runsCount, partition: partition, source: source, committedOffset: nil, end: offset)
    }

    func tellLost(_ count: Int64, before offset: Int64, of partition: TopicPartition) {
        member.place.reports.tellLost(
            first: "offset \(offset - count) of \(partition)", last: "offset \(offset - 1) of \(partition)",
            count: UInt64(count), of: specification)
    }

    // MARK: Effects

    mutating func step(
        _ partition: TopicPartition, _ body: (inout PartitionSource, _ now: UInt64) -> [EventSourceEffect]
    ) {
        let now = clock()
        guard partitions[partition] != nil else { return }
        var effects: [EventSourceEffect] = []
        if var source = partitions[partition]?.source {
            // The held records must not be copied.
            partitions[partition]?.source = Self.noSource
            effects = body(&source, now)
            partitions[partition]?.source = source
        }
        for effect in effects {
            switch effect {
            case .invoke(let invocation): invoke(invocation, of: partition)
            case .discard(let discard): give(up: discard, of: partition, at: now)
            // Positions are offsets here, the engine is never told of a trimmed log, and transactions come as they arrive
            // (`KafkaMappingHost.put`).
            case .positionsChanged, .recordsLost, .transactionInParts: break
            }
        }
    }

    private static let noSource = PartitionSource(
        shardID: "", startingAt: 0, settings: MappingSettings(), isEnabled: false)

    private mutating func invoke(_ invocation: EventSource.Invocation, of partition: TopicPartition) {
        guard let assigned = partitions[partition] else { return }
        let requestID = RandomUUID.make()
        partitions[partition]?.requestIDs[invocation.id] = requestID
        status.noteStart(records: invocation.records.count)
        let call = MappingCall(
            mapping: shownSpecification, invocation: invocation, requestID: requestID,
            settings: assigned.source.engine.settings, records: records(invocation.records, assigned.source))
        let member = member
        let run = assigned.run
        member.place.workers.async {
            call.begin(member.place.calls) { outcome, problem in
                member.send(.completed(run: run, invocation.id, outcome, problem: problem))
            }
        }
    }

    private mutating func give(up discard: Discard, of partition: TopicPartition, at now: UInt64) {
        guard let assigned = partitions[partition] else { return }
        status.discardedRecordsCount += UInt64(discard.records.count)
        let specification = shownSpecification
        let failure = FailureRecord(
            discard: discard,
            requestID: discard.lastInvocation.flatMap { assigned.requestIDs[$0] } ?? RandomUUID.make(),
            functionARN: specification.functionARN, streamARN: specification.streamARN, timestampMilliseconds: now)
        let records = records(discard.records, assigned.source)
        let delivery = FailureDelivery(record: failure, mapping: specification, records: records)
        let member = member
        let run = assigned.run
        let problem = status.problem
        member.place.workers.async {
            delivery.run(member.place.calls) { refusal in
                member.place.reports.tellGivenUp(
                    discard, of: specification, records, problem: problem, refusal: refusal)
                member.send(.settled(run: run, discard.id))
            }
        }
    }

    /// Functions and destinations are told the stream that records came from, which a worker learns from them.
    private var shownSpecification: MappingSpecification {
        var shown = specification
        shown.streamARN = reading.streamARN ?? specification.streamARN
        return shown
    }

    private func records(_ references: [RecordReference], _ source: PartitionSource) -> BatchRecords {
        BatchRecords(references.compactMap { source.held.record($0.sequence) })
    }
}

/// Tells of messages that Tributary did not write, without filling the log with them.
struct ForeignReports {
    /// The first ones are told one by one, then every so many.
    private static let toldSinglyMax: UInt64 = 10
    private static let toldEvery: UInt64 = 1_000

    private(set) var count: UInt64 = 0

    mutating func note(
        _ error: some Error, _ offset: Int64, of partition: TopicPartition, _ mapping: MappingSpecification,
        _ reports: MappingReports
    ) {
        count += 1
        guard count <= Self.toldSinglyMax || count % Self.toldEvery == 0 else { return }
        reports.logger.warning(
            "a message is skipped that is no change",
            metadata: reports.metadata(of: mapping).merging([
                "topic": "\(partition)", "offset": "\(offset)", "reason": "\(error)", "skipped": "\(count)",
            ]) { $1 })
    }
}
