public import AttributeModel
public import ChangeStream
import JSONBytes

/// One change of an item as it was written down: a stream record as Lambda functions get it, with the member `tributary` if the record has it.
///
/// `tributary tail --output json` prints such records, one a line.
public struct RecordedChange: Sendable {
    public let eventName: HandlerRecord.EventName
    /// Its place in its stream: digits.
    public let sequenceNumber: String
    public let streamARN: String
    /// The region whose stream it is from.
    public let region: String
    public let table: String
    /// When the region made or received the change, in milliseconds since 1970. Stream records tell whole seconds.
    public let milliseconds: UInt64
    public let viewType: StreamViewType
    /// The key attributes.
    public let keys: Item
    /// Nil for a removal, or when the stream does not show it.
    public let newImage: Item?
    /// Nil for an insertion, or when the stream does not show it.
    public let oldImage: Item?
    let eventID: String
    /// The record as it was written down: what filters see.
    package let event: [UInt8]

    /// - Parameter milliseconds: when the change was made, if that is known better than the record tells it.
    package init(event: [UInt8], milliseconds: UInt64? = nil) throws(RecordedChangeError) {
        try self.init(try JSONDocument(recorded: event), milliseconds: milliseconds)
    }

    init(_ document: JSONDocument, milliseconds: UInt64?) throws(RecordedChangeError) {
        let reading = RecordReading(document: document)
        let root = document.root
        let change = try reading.object("dynamodb", of: root)
        guard let eventName = HandlerRecord.EventName(rawValue: try reading.text("eventName", of: root)) else {
            throw .member("eventName", "must be INSERT, MODIFY or REMOVE")
        }
        guard let viewType = StreamViewType(rawValue: try reading.text("StreamViewType", of: change)) else {
            throw .member("StreamViewType", "must be one of \(StreamViewType.allCases.map(\.rawValue))")
        }
        let sequenceNumber = try reading.text("SequenceNumber", of: change)
        guard !sequenceNumber.isEmpty, sequenceNumber.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { throw .member("SequenceNumber", "must be digits, not \"\(sequenceNumber)\"") }
        let streamARN = try reading.text("eventSourceARN", of: root)
        guard let table = Self.table(ofStream: streamARN) else {
            throw .member("eventSourceARN", "must be the ARN of a table's stream, not \"\(streamARN)\"")
        }
        self.eventName = eventName
        self.sequenceNumber = sequenceNumber
        self.streamARN = streamARN
        self.table = table
        self.viewType = viewType
        region = try reading.text("awsRegion", of: root)
        let told = try reading.milliseconds("ApproximateCreationDateTime", of: change)
        self.milliseconds = milliseconds ?? told
        keys = try reading.item("Keys", of: change) ?? .empty
        guard keys.attributeCount > 0 else { throw .member("Keys", "must have the key attributes") }
        newImage = try reading.item("NewImage", of: change)
        oldImage = try reading.item("OldImage", of: change)
        eventID = try reading.text("eventID", of: root)
        event = document.bytes
    }

    /// The record as it was written down, for people.
    public var json: String { String(decoding: event, as: UTF8.self) }

    /// The record as handlers get it, without the member that only filters see.
    package var payload: [UInt8] {
        guard let document = try? JSONDocument(parsing: event),
            document.member("tributary", of: document.root) != nil
        else { return event }
        var writer = JSONWriter(reserving: event.count)
        writer.beginObject()
        document.forEachMember(of: document.root) { key, value in
            guard !document.isString(key, equalTo: "tributary") else { return }
            document.withStringBytes(of: key) { writer.key(utf8: $0) }
            writer.raw(RecordReading(document: document).raw(value))
        }
        writer.endObject()
        return writer.bytes
    }

    private static func table(ofStream arn: String) -> String? {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[5].hasPrefix("table/") else { return nil }
        let names = parts[5].split(separator: "/", maxSplits: 3)
        return names.count == 4 && names[2] == "stream" ? String(names[1]) : nil
    }
}

/// Why a text is no recorded change.
package enum RecordedChangeError: Error, Equatable, Sendable, CustomStringConvertible {
    case notJSON(position: Int)
    case member(String, String)
    case neitherForm

    package var description: String {
        switch self {
        case .notJSON(let position): "not JSON: reading stopped at byte \(position)"
        case .member(let name, let rule): "\(name) \(rule)"
        case .neitherForm:
            "neither a stream record, as `tributary tail --output json` prints it, nor a line of the handler audit-log"
        }
    }
}

extension JSONDocument {
    init(recorded text: [UInt8]) throws(RecordedChangeError) {
        do throws(JSONError) {
            try self.init(parsing: text)
        } catch {
            throw .notJSON(position: error.position)
        }
    }
}

/// Reads the members of recorded records; what is missing or of another kind is named.
struct RecordReading {
    let document: JSONDocument

    typealias Node = JSONDocument.Node

    func object(_ name: StaticString, of node: Node) throws(RecordedChangeError) -> Node {
        guard let value = document.member(name, of: node), document.kind(value) == .object else {
            throw .member("\(name)", "must be an object")
        }
        return value
    }

    func text(_ name: StaticString, of node: Node) throws(RecordedChangeError) -> String {
        guard let value = document.member(name, of: node), document.kind(value) == .string else {
            throw .member("\(name)", "must be a string")
        }
        return document.string(value)
    }

    func milliseconds(_ name: StaticString, of node: Node) throws(RecordedChangeError) -> UInt64 {
        guard let value = document.member(name, of: node), document.kind(value) == .number,
            let seconds = document.withRawBytes(of: value, { Double(String(decoding: $0, as: UTF8.self)) }),
            let milliseconds = UInt64(exactly: (seconds * 1000).rounded()), milliseconds < RecordedTime.millisecondsMax
        else { throw .member("\(name)", "must be seconds since 1970") }
        return milliseconds
    }

    func item(_ name: StaticString, of node: Node) throws(RecordedChangeError) -> Item? {
        guard let value = document.member(name, of: node) else { return nil }
        do throws(AttributeValueError) {
            return try Item(document, value)
        } catch {
            throw .member("\(name)", "is no item: \(error.message)")
        }
    }

    /// The JSON of a value as it stands.
    func raw(_ node: Node) -> [UInt8] {
        let content = document.withRawBytes(of: node) { Array($0) }
        guard document.kind(node) == .string else { return content }
        return [UInt8(ascii: "\"")] + content + [UInt8(ascii: "\"")]
    }
}
