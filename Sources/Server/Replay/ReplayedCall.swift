import ChangeStream
import EventSource
import HandlerKit
import JSONBytes

/// Whose calls they are.
struct ReplayedStream: Sendable {
    let handler: String
    let region: String
    let table: String
    /// When the recording begins, in milliseconds since 1970.
    let startMilliseconds: UInt64
}

/// One call of a handler in a replay, or a batch that it gave up: what golden files hold.
public struct ReplayedCall: Sendable {
    enum What: Sendable {
        case delivery(HandlerDelivery)
        case discard(HandlerDiscard)
    }

    let stream: ReplayedStream
    /// Counts the calls of this handler and stream from 1.
    let number: Int
    let what: What

    /// For people: a line for the call, and an indented one for each record and for the result.
    public var text: String {
        switch what {
        case .delivery(let delivery): text(of: delivery)
        case .discard(let discard):
            "\(name): given up at \(time(discard.atMilliseconds)): \(discard.condition.rawValue) after "
                + "\(discard.invokeCount) calls\n"
                + discard.sequenceNumbers.map { "  \($0)\n" }.joined()
        }
    }

    private var name: String { "\(stream.handler) \(stream.region) \(stream.table)" }

    private func time(_ milliseconds: UInt64) -> String {
        StreamLabel.text(milliseconds: stream.startMilliseconds + milliseconds) + "Z"
    }

    private func text(of delivery: HandlerDelivery) -> String {
        let attempt = delivery.attempt > 1 ? " (attempt \(delivery.attempt))" : ""
        var lines = ["\(name): call \(number) at \(time(delivery.atMilliseconds))\(attempt)"]
        if let batch = try? HandlerBatch(parsing: delivery.payload) {
            if let window = batch.window {
                let state = String(decoding: window.state.json, as: UTF8.self)
                lines.append(
                    "window \(window.start) to \(window.end)\(window.isFinal ? ", final" : ""), state \(state)")
            }
            for record in batch.records {
                lines.append("\(record.sequenceNumber) \(record.eventName.rawValue) \(Self.json(record.keys))")
            }
        }
        lines.append(result(of: delivery))
        return lines.joined(separator: "\n  ") + "\n"
    }

    private func result(of delivery: HandlerDelivery) -> String {
        let answer = delivery.response.map { String(decoding: $0, as: UTF8.self) } ?? ""
        switch delivery.outcome {
        case .success: return answer.isEmpty ? "answered nothing" : "answered \(answer)"
        case .partialFailure: return "done in part, answered \(answer)"
        case .failure(let reason):
            return delivery.failure.map { "failed: \($0)" } ?? "failed (\(reason)), answered \(answer)"
        case .notStarted: return "not started"
        }
    }

    /// For programs: one JSON object on one line.
    public var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        append("handler", stream.handler, to: &writer)
        append("region", stream.region, to: &writer)
        append("table", stream.table, to: &writer)
        switch what {
        case .delivery(let delivery): append(delivery, to: &writer)
        case .discard(let discard):
            append("givenUpAt", time(discard.atMilliseconds), to: &writer)
            append("condition", discard.condition.rawValue, to: &writer)
            writer.key("sequenceNumbers")
            writer.beginArray()
            for number in discard.sequenceNumbers { writer.string(number) }
            writer.endArray()
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func append(_ delivery: HandlerDelivery, to writer: inout JSONWriter) {
        writer.key("call")
        writer.number(number)
        writer.key("attempt")
        writer.number(delivery.attempt)
        append("at", time(delivery.atMilliseconds), to: &writer)
        writer.key("event")
        writer.raw(delivery.payload)
        if let response = delivery.response {
            writer.key("response")
            if (try? JSONDocument(parsing: response)) != nil {
                writer.raw(response)
            } else {
                writer.string(String(decoding: response, as: UTF8.self))
            }
        }
        append("result", result(of: delivery), to: &writer)
    }

    private func append(_ key: StaticString, _ text: String, to writer: inout JSONWriter) {
        writer.key(key)
        writer.string(text)
    }

    private static func json(_ item: Item) -> String {
        var writer = JSONWriter()
        item.appendJSON(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
