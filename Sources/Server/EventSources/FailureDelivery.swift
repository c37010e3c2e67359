import ChangeStream
import EventSource
import Foundation
import JSONBytes
import KeyValueStore
import Logging

/// Records that were given up, on their way to the mapping's OnFailure destination.
struct FailureDelivery: Sendable {
    let record: FailureRecord
    let mapping: MappingSpecification
    let log: StreamLog

    /// Delivers and says why it could not, or nil. Without a destination there is nothing to do.
    func run(on host: EventSourceHost, completion: @escaping @Sendable (_ refusal: String?) -> Void) {
        guard let destination = mapping.failureDestination else { return completion(nil) }
        let json = message(includingPayload: destination.includesPayload)
        switch destination.target {
        case .file(let path):
            completion(Self.append(json + [UInt8(ascii: "\n")], to: path))
        case .function(let name):
            completion(host.calls.enqueue(name, json))
        case .url(let url):
            host.calls.post(url, json, completion)
        }
    }

    private func message(includingPayload: Bool) -> [UInt8] {
        let discard = record.discard
        let invocation = EventSource.Invocation(
            id: discard.lastInvocation ?? InvocationID(number: 0), lane: discard.lane, shardID: discard.shardID,
            records: discard.records, attempt: max(1, discard.invokeCount), window: nil)
        // Records that cannot be read any more leave their place in the stream.
        let payload = includingPayload ? try? MappingCall.payload(invocation, log) : nil
        return record.json(requestPayload: payload, sequenceText: SequenceNumber.text(of:))
    }

    /// One write at the end of the file, so that lines of several mappings do not mix.
    private static func append(_ line: [UInt8], to path: String) -> String? {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { return "\(path): \(String(cString: strerror(errno)))" }
        defer { close(file) }
        let written = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
        guard written == line.count else { return "\(path): \(String(cString: strerror(errno)))" }
        return nil
    }

    /// Says in the log and as an event that records were given up, and where they went.
    static func tell(
        _ discard: Discard, _ mapping: MappingSpecification, problem: String?, refusal: String?,
        on host: EventSourceHost
    ) {
        let first = discard.records.map(\.sequence).min().map { SequenceNumber.text(of: $0) } ?? ""
        let last = discard.records.map(\.sequence).max().map { SequenceNumber.text(of: $0) } ?? ""
        let outcome =
            if let refusal {
                "lost: the destination refused them: \(refusal)"
            } else {
                mapping.failureDestination == nil ? "lost: there is no destination" : "delivered to the destination"
            }
        host.logger.warning(
            "a handler's records are given up",
            metadata: host.metadata(of: mapping).merging([
                "condition": "\(discard.condition.rawValue)", "records": "\(discard.records.count)",
                "first": "\(first)", "last": "\(last)", "outcome": "\(outcome)",
            ]) { $1 })
        host.emit(.handlerRecordDropped, mapping) { writer in
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
}
