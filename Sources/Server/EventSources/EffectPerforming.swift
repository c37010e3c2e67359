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
        mappings[id]?.status.noteStart(records: invocation.records.count)
        let call = MappingCall(
            mapping: mapping.specification, invocation: invocation, requestID: requestID,
            settings: mapping.engine.settings, records: BatchRecords(log))
        let host = host
        let run = mapping.run
        host.workers.async {
            call.begin(host.calls) { host.send(.completed(run, invocation.id, $0, problem: $1)) }
        }
    }

    /// Keeps what is known of a call that has ended, and tells of trouble when it begins.
    mutating func note(_ outcome: InvocationOutcome, _ problem: String?, of id: String) {
        guard let specification = mappings[id]?.specification else { return }
        mappings[id]?.hasFinishedBatch = true
        if let turn = mappings[id]?.status.noteEnd(outcome, problem: problem) {
            host.reports.tell(turn, of: specification)
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
        let records = BatchRecords(log)
        let delivery = FailureDelivery(record: failure, mapping: specification, records: records)
        let host = host
        let problem = mapping.status.problem
        let run = mapping.run
        host.workers.async {
            delivery.run(host.calls) { refusal in
                host.reports.tellGivenUp(discard, of: specification, records, problem: problem, refusal: refusal)
                host.send(.settled(run, discard.id))
            }
        }
    }

    private func tell(_ lost: LostRecords, of id: String) {
        guard let specification = mappings[id]?.specification else { return }
        host.reports.tellLost(
            first: SequenceNumber.text(of: lost.first), last: SequenceNumber.text(of: lost.end - 1), count: lost.count,
            of: specification)
    }

    private func tell(_ parts: TransactionInParts, of id: String) {
        guard let specification = mappings[id]?.specification else { return }
        host.reports.tell(parts, of: specification)
    }

    func tellStoreFailure(_ error: StoreError, _ id: String) {
        guard let specification = mappings[id]?.specification ?? waiting[id] else { return }
        host.logger.error(
            "a stream cannot be read",
            metadata: host.reports.metadata(of: specification).merging(["error": "\(error)"]) { $1 })
    }
}
