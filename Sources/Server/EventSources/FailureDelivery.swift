import EventSource
import Foundation
import JSONBytes
import KeyValueStore

/// Records that were given up, on their way to the mapping's OnFailure destination.
struct FailureDelivery: Sendable {
    let record: FailureRecord
    let mapping: MappingSpecification
    let records: BatchRecords

    /// Delivers and says why it could not, or nil. Without a destination there is nothing to do.
    func run(_ calls: FunctionCalls, completion: @escaping @Sendable (_ refusal: String?) -> Void) {
        guard let destination = mapping.failureDestination else { return completion(nil) }
        let json = message(includingPayload: destination.includesPayload)
        switch destination.target {
        case .file(let path):
            completion(Self.append(json + [UInt8(ascii: "\n")], to: path))
        case .function(let name):
            completion(calls.enqueue(name, json))
        case .url(let url):
            calls.post(url, json, completion)
        case .kafkaTopic(let topic):
            calls.publish(topic, Array(mapping.functionName.utf8), json, completion)
        }
    }

    private func message(includingPayload: Bool) -> [UInt8] {
        let discard = record.discard
        let invocation = EventSource.Invocation(
            id: discard.lastInvocation ?? InvocationID(number: 0), lane: discard.lane, shardID: discard.shardID,
            records: discard.records, attempt: max(1, discard.invokeCount), window: nil)
        // Records that cannot be read any more leave their place in the stream.
        let payload =
            includingPayload
            ? try? MappingCall.payload(invocation, records, streamARN: mapping.streamARN) : nil
        return record.json(requestPayload: payload, sequenceText: records.sequenceText)
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
}
