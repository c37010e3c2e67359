public import AttributeModel
import JSONBytes

/// One change of an item, as Lambda delivers it.
///
/// The payload's text is read once; images are decoded when they are asked for. A member that the record does not have is nil.
public struct HandlerRecord: Sendable {
    /// What happened to the item.
    public enum EventName: String, Sendable, CaseIterable {
        case insert = "INSERT"
        case modify = "MODIFY"
        case remove = "REMOVE"
    }

    public let eventName: EventName
    /// The record's place in its stream; what `HandlerResponse.failed` takes.
    public let sequenceNumber: String
    private let document: JSONDocument
    private let root: JSONDocument.Node
    private let change: JSONDocument.Node

    init(_ document: JSONDocument, _ node: JSONDocument.Node, index: Int) throws(HandlerPayloadError) {
        guard let name = document.member("eventName", of: node), document.kind(name) == .string,
            let eventName = EventName(rawValue: document.string(name))
        else { throw .recordIsIncomplete(index: index, member: "eventName") }
        guard let change = document.member("dynamodb", of: node), document.kind(change) == .object else {
            throw .recordIsIncomplete(index: index, member: "dynamodb")
        }
        guard let sequence = document.member("SequenceNumber", of: change), document.kind(sequence) == .string else {
            throw .recordIsIncomplete(index: index, member: "dynamodb.SequenceNumber")
        }
        self.eventName = eventName
        sequenceNumber = document.string(sequence)
        self.document = document
        self.change = change
        root = node
    }

    /// The same at every delivery, unique among all records: what makes a repeated delivery recognisable.
    public var eventID: String { text("eventID", of: root) ?? "" }
    /// The region whose stream the record is from, which need not be the region of the write.
    public var region: String { text("awsRegion", of: root) ?? "" }
    public var eventSourceARN: String { text("eventSourceARN", of: root) ?? "" }

    /// Taken from the stream's ARN; nil when that is no ARN of a table.
    public var tableName: String? {
        let parts = eventSourceARN.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[5].hasPrefix("table/") else { return nil }
        return parts[5].dropFirst("table/".count).split(separator: "/").first.map(String.init)
    }

    /// The key attributes.
    public var keys: Item { image("Keys") ?? .empty }
    /// The item after the change; nil for a removal, or when the stream does not show it.
    public var newImage: Item? { image("NewImage") }
    /// The item before the change; nil for an insertion, or when the stream does not show it.
    public var oldImage: Item? { image("OldImage") }
    /// Which images the stream shows, in DynamoDB's words.
    public var streamViewType: String { text("StreamViewType", of: change) ?? "" }
    /// The size of keys and images as DynamoDB counts it.
    public var sizeBytes: Int { number("SizeBytes").flatMap { Int(exactly: $0) } ?? 0 }

    /// When the stream's region made or received the change, in milliseconds since 1970. DynamoDB tells whole seconds.
    public var createdMilliseconds: UInt64 {
        number("ApproximateCreationDateTime").flatMap { UInt64(exactly: ($0 * 1000).rounded()) } ?? 0
    }

    /// Whether the item expired: DynamoDB itself removed it, in this region. Other regions see an ordinary removal.
    public var isTimeToLiveDelete: Bool {
        guard eventName == .remove, let identity = document.member("userIdentity", of: root) else { return false }
        return text("type", of: identity) == "Service"
            && text("principalId", of: identity) == "dynamodb.amazonaws.com"
    }

    /// The record's own JSON, byte by byte as it was delivered.
    public var json: [UInt8] { document.withRawBytes(of: root) { Array($0) } }

    private func text(_ member: StaticString, of node: JSONDocument.Node) -> String? {
        guard let value = document.member(member, of: node), document.kind(value) == .string else { return nil }
        return document.string(value)
    }

    private func number(_ member: StaticString) -> Double? {
        guard let value = document.member(member, of: change), document.kind(value) == .number else { return nil }
        return document.withRawBytes(of: value) { Double(String(decoding: $0, as: UTF8.self)) }
    }

    /// Neither DynamoDB nor Tributary sends an image that is no item; such a one would be nil.
    private func image(_ member: StaticString) -> Item? {
        guard let value = document.member(member, of: change), document.kind(value) == .object else { return nil }
        return try? Item(document, value)
    }
}
