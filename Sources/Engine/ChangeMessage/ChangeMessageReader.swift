public import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
public import Partition

/// Reads the messages that `ChangeMessageWriter` wrote, in another process or long ago; anything may come.
///
/// The record format is not asked for: the new item is in the header `tributary_item`, or else the value is a DynamoDB Streams record.
public struct ChangeMessageReader: Sendable {
    private let keySchema: KeySchema
    private let keyNames: [Text]

    public init(keySchema: KeySchema) {
        self.keySchema = keySchema
        keyNames = keySchema.attributes.map(\.name)
    }

    /// A message of a `.changes` topic.
    public func change(
        key: [UInt8]?, value: [UInt8]?, headers: MessageHeaders
    ) throws(ChangeMessageError) -> ArrivedChange {
        guard let value else { throw .noValue }
        guard let key else { throw .noKey }
        let place = try headers.place()
        var item: Item?
        if try headers.required(.type) != "item.removed" {
            item = try headers.item()
            if item == nil { item = try Self.item(inStreamsRecord: value) }
        }
        let change = ReplicatedChange(
            sequence: place.sequence, key: try encodedKey(key, of: item), version: try headers.version(),
            baseVersion: try headers.baseVersion(), item: item, cause: try headers.cause(),
            transaction: try headers.transaction())
        return ArrivedChange(
            generation: place.generation, commitMilliseconds: try headers.commitMilliseconds(), change: change)
    }

    /// A message of a `.state` topic: an item, or that there is none.
    public func state(
        key: [UInt8]?, value: [UInt8]?, headers: MessageHeaders
    ) throws(ChangeMessageError) -> ArrivedState {
        guard let key else { throw .noKey }
        let place = try headers.place()
        var item: Item?
        if let value {
            item = try headers.item()
            if item == nil { item = try Self.item(inState: value) }
        }
        return ArrivedState(
            place: place, key: try encodedKey(key, of: item),
            state: StoredItem(version: try headers.version(), item: item))
    }

    private func encodedKey(_ key: [UInt8], of item: Item?) throws(ChangeMessageError) -> EncodedKey {
        guard let item else { return try MessageKey.decode(key, keySchema) }
        let own = try? keySchema.key(of: item)
        // As publishers write it, the key need not be read.
        if let own, MessageKey.json(of: item, keyNames) == key { return own }
        let read = try MessageKey.decode(key, keySchema)
        guard read == own else { throw .otherKey }
        return read
    }

    private static func item(inStreamsRecord value: [UInt8]) throws(ChangeMessageError) -> Item {
        guard let document = try? JSONDocument(parsing: value),
            let change = document.member("dynamodb", of: document.root),
            let image = document.member("NewImage", of: change), let item = try? Item(document, image)
        else { throw .malformedValue }
        return item
    }

    private static func item(inState value: [UInt8]) throws(ChangeMessageError) -> Item {
        guard let document = try? JSONDocument(parsing: value), let item = try? Item(document, document.root) else {
            throw .malformedValue
        }
        return item
    }
}

/// What an applier gets of a change.
public struct ArrivedChange: Sendable {
    /// The TableId of the source's table.
    public let generation: String
    /// When the source committed it, in milliseconds since 1970.
    public let commitMilliseconds: UInt64
    public let change: ReplicatedChange
}

/// What the rebuilding of a replica gets of an item.
public struct ArrivedState: Sendable {
    public let place: MessagePlace
    public let key: EncodedKey
    public let state: StoredItem
}

/// Where a message lies in a region's log of a table.
public struct MessagePlace: Sendable, Hashable {
    /// The table's TableId: sequence numbers of another one mean nothing.
    public let generation: String
    public let sequence: UInt64
    /// Nil for messages of `.changes` topics.
    public let stateSource: StateSource?

    public init(generation: String, sequence: UInt64, stateSource: StateSource?) {
        self.generation = generation
        self.sequence = sequence
        self.stateSource = stateSource
    }
}

/// Why a message cannot be used. It is reported and passed over.
public enum ChangeMessageError: Error, Sendable, Equatable, CustomStringConvertible {
    case noKey
    /// A null payload where every message has one.
    case noValue
    /// Written by another program, as a rule.
    case missingHeader(String)
    case malformedHeader(String, String)
    case malformedKey(String)
    case malformedValue
    /// The item in the value is not the one that the key names.
    case otherKey
    /// The version is not one of the region that the message says it is from.
    case otherOrigin

    public var description: String {
        switch self {
        case .noKey: "it has no key"
        case .noValue: "it has no value"
        case .missingHeader(let name): "it has no header \(name), so another program wrote it"
        case .malformedHeader(let name, let value): "its header \(name) cannot be '\(value)'"
        case .malformedKey(let key): "its key \(key) is not one of this table"
        case .malformedValue: "its value does not hold the item"
        case .otherKey: "its key is not the key of its item"
        case .otherOrigin: "its version is of another region than its origin"
        }
    }
}
