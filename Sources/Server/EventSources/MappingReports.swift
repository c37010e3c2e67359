public import ChangeStream
import EventSource
import JSONBytes
public import Logging
public import Replication

/// Tells people what becomes of the mappings of a region: lines in the log and control events.
public struct MappingReports: Sendable {
    let region: RegionName
    let logger: Logger
    private let emitEvent: @Sendable (ControlEvent) -> Void

    /// - Parameter emit: keeps a control event, where there is something that keeps them.
    public init(region: RegionName, logger: Logger, emit: @escaping @Sendable (ControlEvent) -> Void) {
        self.region = region
        self.logger = logger
        emitEvent = emit
    }

    /// Tells of a handler's trouble when it begins and when it ends.
    func tell(_ turn: MappingStatus.Turn, of mapping: MappingSpecification) {
        switch turn {
        case .worksAgain:
            logger.notice("a handler works again", metadata: metadata(of: mapping))
        case .fails(let reason):
            logger.warning(
                "a handler fails; told once until it works again",
                metadata: metadata(of: mapping).merging(["reason": "\(reason)"]) { $1 })
            emit(.handlerFailed, mapping) { writer in
                writer.key("reason")
                writer.string(reason)
            }
        }
    }

    /// Tells that records were given up, and where they went.
    /// - Parameters:
    ///   - problem: what went wrong with the function last.
    ///   - refusal: why the destination did not take them; nil when it did or when there is none.
    func tellGivenUp(
        _ discard: Discard, of mapping: MappingSpecification, _ records: BatchRecords, problem: String?,
        refusal: String?
    ) {
        let first = discard.records.first.map { records.sequenceText($0.sequence) } ?? ""
        let last = discard.records.last.map { records.sequenceText($0.sequence) } ?? ""
        let outcome =
            if let refusal {
                "lost: the destination refused them: \(refusal)"
            } else {
                mapping.failureDestination == nil ? "lost: there is no destination" : "delivered to the destination"
            }
        logger.warning(
            "a handler's records are given up",
            metadata: metadata(of: mapping).merging([
                "condition": "\(discard.condition.rawValue)", "records": "\(discard.records.count)",
                "first": "\(first)", "last": "\(last)", "outcome": "\(outcome)",
            ]) { $1 })
        emit(.handlerRecordDropped, mapping) { writer in
            writer.key("condition")
            writer.string(discard.condition.rawValue)
            writer.key("reason")
            writer.string(problem ?? "")
            writer.key("outcome")
            writer.string(outcome)
            writer.key("records")
            writer.number(discard.records.count)
            writer.key("startSequenceNumber")
            writer.string(first)
            writer.key("endSequenceNumber")
            writer.string(last)
            writer.key("approximateInvokeCount")
            writer.number(discard.invokeCount)
        }
    }

    /// Tells that a mapping that wants whole transactions gets one in parts.
    func tell(_ parts: TransactionInParts, of mapping: MappingSpecification) {
        logger.warning(
            "a handler gets a transaction in parts",
            metadata: metadata(of: mapping).merging([
                "transaction": "\(parts.id)", "reason": "\(parts.reason.rawValue)",
                "records": "\(parts.records.count)",
            ]) { $1 })
        emit(.transactionDeliveredInParts, mapping) { writer in
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

    /// Tells that the stream's log forgot records before they were read.
    /// - Parameters:
    ///   - first: where the first one was, as people find it.
    func tellLost(first: String, last: String, count: UInt64, of mapping: MappingSpecification) {
        logger.error(
            "the stream forgot records before a handler read them",
            metadata: metadata(of: mapping).merging(["first": "\(first)", "count": "\(count)"]) { $1 })
        emit(.handlerRecordDropped, mapping) { writer in
            writer.key("reason")
            writer.string("the stream forgot them before they were read")
            writer.key("startSequenceNumber")
            writer.string(first)
            writer.key("endSequenceNumber")
            writer.string(last)
        }
    }

    func emit(
        _ kind: ControlEvent.Kind, _ mapping: MappingSpecification, _ members: (inout JSONWriter) -> Void
    ) {
        emitEvent(
            ControlEvent(kind: kind, subject: mapping.functionName) { writer in
                writer.key("function")
                writer.string(mapping.functionName)
                writer.key("mapping")
                writer.string(mapping.id)
                writer.key("table")
                writer.string(mapping.tableName)
                members(&writer)
            })
    }

    func metadata(of mapping: MappingSpecification) -> Logger.Metadata {
        ["region": "\(region.name)", "handler": "\(mapping.functionName)", "table": "\(mapping.tableName)"]
    }
}
