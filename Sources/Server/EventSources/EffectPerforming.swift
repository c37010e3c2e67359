import ChangeStream
import Dispatch
import EventSource
import Functions
import JSONBytes
import KeyValueStore
import Logging
import Partition
import Region

/// What engines want done: calls, failures to deliver, positions to keep, losses to tell.
extension EventSourceLoop {
    mutating func perform(_ effects: [EventSourceEffect], of id: String, at now: UInt64) {
        for effect in effects {
            switch effect {
            case .invoke(let invocation): invoke(invocation, of: id)
            case .discard(let discard): give(up: discard, of: id, at: now)
            case .positionsChanged(let positions): mappings[id]?.unsavedPositions = positions
            case .recordsLost(let lost): tell(lost, of: id)
            case .transactionInParts(let parts): tell(parts, of: id)
            }
        }
        noteTimer(of: id)
    }

    private mutating func invoke(_ invocation: EventSource.Invocation, of id: String) {
        guard !host.mustStop, let mapping = mappings[id], let log = feeds[mapping.specification.streamARN]?.log else {
            return
        }
        let requestID = RandomUUID.make()
        mappings[id]?.requestIDs[invocation.id] = requestID
        mappings[id]?.status.invocationsCount += 1
        mappings[id]?.status.recordsCount += UInt64(invocation.records.count)
        let call = MappingCall(
            mapping: mapping.specification, run: mapping.run, invocation: invocation, requestID: requestID, log: log,
            settings: mapping.engine.settings)
        let host = host
        host.workers.async { call.begin(on: host) }
    }

    /// Keeps what is known of a call that has ended, and tells of trouble when it begins.
    mutating func note(_ outcome: InvocationOutcome, _ problem: String?, of id: String) {
        guard let mapping = mappings[id] else { return }
        mappings[id]?.hasFinishedBatch = true
        switch outcome {
        case .success:
            mappings[id]?.status.problem = nil
            if mapping.hasToldFailure {
                mappings[id]?.hasToldFailure = false
                host.logger.notice("a handler works again", metadata: metadata(of: mapping.specification))
            }
            return
        case .notStarted: break
        case .failure, .partialFailure: mappings[id]?.status.failuresCount += 1
        }
        let text = problem ?? "the function reported failed records"
        mappings[id]?.status.problem = text
        guard !mapping.hasToldFailure else { return }
        mappings[id]?.hasToldFailure = true
        host.logger.warning(
            "a handler fails; told once until it works again",
            metadata: metadata(of: mapping.specification).merging(["reason": "\(text)"]) { $1 })
        emit(.handlerFailed, mapping.specification) { writer in
            writer.key("reason")
            writer.string(text)
        }
    }

    private mutating func give(up discard: Discard, of id: String, at now: UInt64) {
        guard !host.mustStop, let mapping = mappings[id], let log = feeds[mapping.specification.streamARN]?.log else {
            return
        }
        mappings[id]?.status.discardedRecordsCount += UInt64(discard.records.count)
        let specification = mapping.specification
        let requestID = discard.lastInvocation.flatMap { mapping.requestIDs[$0] } ?? RandomUUID.make()
        let failure = FailureRecord(
            discard: discard, requestID: requestID, functionARN: specification.functionARN,
            streamARN: specification.streamARN, timestampMilliseconds: now)
        let delivery = FailureDelivery(record: failure, mapping: specification, log: log)
        let host = host
        let problem = mapping.status.problem
        let run = mapping.run
        host.workers.async {
            delivery.run(on: host) { refusal in
                FailureDelivery.tell(discard, specification, problem: problem, refusal: refusal, on: host)
                host.send(.settled(run, discard.id))
            }
        }
    }

    private func tell(_ lost: LostRecords, of id: String) {
        guard let specification = mappings[id]?.specification else { return }
        host.logger.error(
            "the stream forgot records before a handler read them",
            metadata: metadata(of: specification).merging([
                "first": "\(SequenceNumber.text(of: lost.first))", "count": "\(lost.count)",
            ]) { $1 })
        emit(.handlerRecordDropped, specification) { writer in
            writer.key("reason")
            writer.string("the stream forgot them before they were read")
            writer.key("startSequenceNumber")
            writer.string(SequenceNumber.text(of: lost.first))
            writer.key("endSequenceNumber")
            writer.string(SequenceNumber.text(of: lost.end - 1))
        }
    }

    private func tell(_ parts: TransactionInParts, of id: String) {
        guard let specification = mappings[id]?.specification else { return }
        host.logger.warning(
            "a handler gets a transaction in parts",
            metadata: metadata(of: specification).merging([
                "transaction": "\(parts.id)", "reason": "\(parts.reason.rawValue)",
                "records": "\(parts.records.count)",
            ]) { $1 })
        emit(.transactionDeliveredInParts, specification) { writer in
            writer.key("transaction")
            writer.string(parts.id)
            writer.key("reason")
            writer.string(parts.reason.rawValue)
            writer.key("records")
            writer.number(parts.records.count)
            writer.key("startSequenceNumber")
            writer.string(parts.records.first.map { SequenceNumber.text(of: $0) } ?? "")
            writer.key("endSequenceNumber")
            writer.string(parts.records.last.map { SequenceNumber.text(of: $0) } ?? "")
        }
    }

    func tellStoreFailure(_ error: StoreError, _ id: String) {
        guard let specification = mappings[id]?.specification ?? waiting[id] else { return }
        host.logger.error(
            "a stream cannot be read",
            metadata: metadata(of: specification).merging(["error": "\(error)"]) { $1 })
    }

    private func emit(
        _ kind: ControlEvent.Kind, _ specification: MappingSpecification, _ members: (inout JSONWriter) -> Void
    ) {
        host.emit(kind, specification, members)
    }

    private func metadata(of specification: MappingSpecification) -> Logger.Metadata {
        host.metadata(of: specification)
    }
}

extension EventSourceHost {
    func emit(
        _ kind: ControlEvent.Kind, _ specification: MappingSpecification, _ members: (inout JSONWriter) -> Void
    ) {
        let event = ControlEvent(kind: kind, subject: specification.functionName) { writer in
            writer.key("function")
            writer.string(specification.functionName)
            writer.key("mapping")
            writer.string(specification.id)
            writer.key("table")
            writer.string(specification.tableName)
            members(&writer)
        }
        region.submit(.emit(event)) { _ in }
    }

    func metadata(of specification: MappingSpecification) -> Logger.Metadata {
        [
            "region": "\(region.name)", "handler": "\(specification.functionName)",
            "table": "\(specification.tableName)",
        ]
    }
}
