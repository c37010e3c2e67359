import Foundation
import JSONBytes

/// A stream record as one line: time, what was done to which item, how it changed, and where it came from.
struct TailText {
    let output: EventsOutput

    func line(_ data: [UInt8]) -> String {
        guard let document = try? JSONDocument(parsing: data), document.kind(document.root) == .object else {
            return EventsItemText.plain(String(decoding: data, as: UTF8.self))
        }
        let record = TailRecord(text: EventsItemText(document: document))
        let style: EventsOutput.Style =
            switch record.name {
            case "INSERT": .green
            case "REMOVE": .red
            default: .yellow
            }
        let origin = record.origin.isEmpty ? [] : [output.paint("(\(record.origin))", .dim)]
        let parts = [output.paint(record.time, .dim), output.paint(record.name, style), record.keys]
        return (parts + (record.change.isEmpty ? [] : [record.change]) + origin).joined(separator: "  ")
    }
}

/// The parts of one record.
private struct TailRecord {
    let text: EventsItemText

    private typealias Node = JSONDocument.Node

    private var document: JSONDocument { text.document }
    private var dynamodb: Node? { document.member("dynamodb", of: document.root) }

    var name: String { document.member("eventName", of: document.root).map(text.text) ?? "" }

    /// Streams tell the second.
    var time: String {
        let seconds = part("ApproximateCreationDateTime").flatMap { Double(text.raw($0)) } ?? 0
        return Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    }

    var keys: String { part("Keys").map { text.item($0) } ?? "" }

    /// What the stream's view of the change says beside the keys.
    var change: String {
        let keyNames = part("Keys").map(text.names) ?? []
        switch (part("OldImage"), part("NewImage")) {
        case (let old?, let new?): return text.changes(from: old, to: new)
        case (let image?, nil), (nil, let image?):
            return text.names(image) == keyNames ? "" : text.item(image, without: keyNames)
        case (nil, nil): return ""
        }
    }

    /// Where and why the change was made, unless a client made it in this region.
    var origin: String {
        guard let tributary = document.member("tributary", of: document.root) else { return "" }
        func field(_ name: StaticString) -> String? { document.member(name, of: tributary).map(text.text) }
        var parts: [String] = []
        if field("replicated") == "true", let region = field("originRegion") { parts.append("from \(region)") }
        if let cause = field("cause"), cause != "user" { parts.append(cause) }
        if let transaction = field("transactionId") { parts.append("transaction \(transaction)") }
        return parts.joined(separator: ", ")
    }

    private func part(_ name: StaticString) -> Node? {
        dynamodb.flatMap { document.kind($0) == .object ? document.member(name, of: $0) : nil }
    }
}
