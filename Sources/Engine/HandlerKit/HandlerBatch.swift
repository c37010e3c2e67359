public import AttributeModel
import JSONBytes

/// The records of one invocation, in the order of their stream.
public struct HandlerBatch: Sendable {
    /// The longest payload that is read, in bytes: what Lambda allows (reference `event-source-mapping.md` 7).
    public static let payloadBytesMax = 6 * 1024 * 1024 + 100

    /// Empty only in the final invocation of a window.
    public let records: [HandlerRecord]
    /// Nil unless the handler has tumbling windows.
    public let window: HandlerWindow?

    /// Reads the event that a Lambda function gets.
    public init(parsing payload: [UInt8]) throws(HandlerPayloadError) {
        guard payload.count <= Self.payloadBytesMax else { throw .tooLarge(bytes: payload.count) }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: payload)
        } catch {
            throw .notJSON(position: error.position)
        }
        guard let list = document.member("Records", of: document.root), document.kind(list) == .array else {
            throw .noRecords
        }
        var records: [HandlerRecord] = []
        try document.forEachElement(of: list) { (element) throws(HandlerPayloadError) in
            records.append(try HandlerRecord(document, element, index: records.count))
        }
        self.records = records
        window = try HandlerWindow(document)
    }
}

/// The tumbling window that an invocation belongs to (reference `event-source-mapping.md` 3).
public struct HandlerWindow: Sendable, Equatable {
    /// ISO 8601 in UTC, as in `2020-07-30T17:00:00Z`.
    public let start: String
    /// The first second behind the window.
    public let end: String
    /// What the handler returned last for this window of this shard; at first empty.
    public let state: WindowState
    public let shardID: String
    /// Whether nothing more will come for this window: the state is dropped after this invocation.
    public let isFinal: Bool
    /// Whether the window ends before its time, because the state is too large or the mapping changed.
    public let isTerminatedEarly: Bool

    fileprivate init?(_ document: JSONDocument) throws(HandlerPayloadError) {
        let root = document.root
        guard let window = document.member("window", of: root) else { return nil }
        guard document.kind(window) == .object, let state = document.member("state", of: root) else {
            throw .windowIsIncomplete
        }
        func text(_ member: StaticString, of node: JSONDocument.Node) throws(HandlerPayloadError) -> String {
            guard let value = document.member(member, of: node), document.kind(value) == .string else {
                throw .windowIsIncomplete
            }
            return document.string(value)
        }
        func flag(_ member: StaticString) -> Bool {
            document.member(member, of: root).map { document.kind($0) == .booleanTrue } ?? false
        }
        start = try text("start", of: window)
        end = try text("end", of: window)
        self.state = WindowState(json: document.withRawBytes(of: state) { Array($0) })
        shardID = try text("shardId", of: root)
        isFinal = flag("isFinalInvokeForWindow")
        isTerminatedEarly = flag("isWindowTerminatedEarly")
    }
}

/// What a handler carries from one invocation of a window to the next: a JSON object, or an item as DynamoDB JSON.
public struct WindowState: Sendable, Equatable {
    /// The JSON object. More than 1 MB ends the window early.
    public let json: [UInt8]

    /// - Parameter json: one complete JSON object.
    public init(json: [UInt8]) {
        self.json = json
    }

    public init(_ attributes: AttributeMap) {
        var writer = JSONWriter()
        Item(attributes).appendJSON(to: &writer)
        json = writer.bytes
    }

    public static let empty = WindowState(json: Array("{}".utf8))

    /// The state as an item; nil when it is other JSON.
    public var attributes: AttributeMap? {
        guard let document = try? JSONDocument(parsing: json), let item = try? Item(document, document.root) else {
            return nil
        }
        return item.attributes
    }
}

/// The payload is no event of a DynamoDB stream.
public enum HandlerPayloadError: Error, Equatable, Sendable, CustomStringConvertible {
    case tooLarge(bytes: Int)
    case notJSON(position: Int)
    case noRecords
    case recordIsIncomplete(index: Int, member: String)
    case windowIsIncomplete

    public var description: String {
        switch self {
        case .tooLarge(let bytes):
            "the event has \(bytes) bytes, more than the \(HandlerBatch.payloadBytesMax) that are read"
        case .notJSON(let position): "the event is not JSON: reading stopped at byte \(position)"
        case .noRecords: "the event has no array Records: it is not from a DynamoDB stream"
        case .recordIsIncomplete(let index, let member): "record \(index) of the event has no valid \(member)"
        case .windowIsIncomplete: "the event has a window, but not all that belongs to it"
        }
    }
}
