public import AttributeModel
public import ChangeStream
import JSONBytes
import Replication

/// A message of a `.changes` topic as one reads it who knows nothing of the table: a handler's worker in another process.
///
/// All formats give back the record as it stood in the region's log, with both images.
public struct ObservedChange: Sendable {
    /// The table's name.
    public let table: String
    /// The table's TableId.
    public let generation: String
    /// Nil when the table's stream was off at that time: then the change is for replicas only.
    public let stream: ObservedStream?
    /// The key attributes. Which of them is the sort key is not told: all are partition keys here, in the order of their names.
    public let keySchema: KeySchema
    public let record: ChangeRecord

    /// - Parameters:
    ///   - key: of the message, as `value` and `headers` are; anything may come.
    public init(key: [UInt8]?, value: [UInt8]?, headers: MessageHeaders) throws(ChangeMessageError) {
        guard let value else { throw .noValue }
        guard let key else { throw .noKey }
        let place = try headers.place()
        let images = Images(value: value)
        let change: ChangeRecord.Change
        let type = try headers.required(.type)
        switch type {
        case "item.inserted": change = .insert(try images.new(headers))
        case "item.modified": change = .modify(old: try images.old(headers), new: try images.new(headers))
        case "item.removed": change = .remove(try images.old(headers))
        default: throw .malformedHeader(HeaderName.type.rawValue, String(type.prefix(200)))
        }
        table = try headers.required(.subject)
        generation = place.generation
        stream = try headers.stream()
        record = ChangeRecord(
            sequence: place.sequence, version: try headers.version(), baseVersion: try headers.baseVersion(),
            commitMilliseconds: try headers.commitMilliseconds(), cause: try headers.cause(),
            transaction: try headers.transaction(), change: change)
        keySchema = try Self.keySchema(key, record)
    }

    /// The schema that the key shows; the images must have that key.
    private static func keySchema(_ key: [UInt8], _ record: ChangeRecord) throws(ChangeMessageError) -> KeySchema {
        let malformed = ChangeMessageError.malformedKey(String(decoding: key.prefix(200), as: UTF8.self))
        guard let document = try? JSONDocument(parsing: key), let item = try? Item(document, document.root) else {
            throw malformed
        }
        var attributes: [KeyAttribute] = []
        for entry in item.attributes.entries {
            guard let type = KeyType(rawValue: entry.value.type.rawValue) else { throw malformed }
            attributes.append(KeyAttribute(name: entry.name, type: type))
        }
        guard !attributes.isEmpty else { throw malformed }
        let names = attributes.map(\.name)
        for image in [record.newImage, record.oldImage] {
            if let image, image.projecting(names) != item { throw .otherKey }
        }
        return KeySchema(partitionKeys: attributes)
    }

    /// The images in the value of a DynamoDB Streams record.
    private struct Images {
        private let document: JSONDocument?

        init(value: [UInt8]) {
            document = try? JSONDocument(parsing: value)
        }

        func new(_ headers: MessageHeaders) throws(ChangeMessageError) -> Item {
            if let item = try headers.item() { return item }
            return try image("NewImage")
        }

        func old(_ headers: MessageHeaders) throws(ChangeMessageError) -> Item {
            if let item = try headers.oldItem() { return item }
            return try image("OldImage")
        }

        private func image(_ name: StaticString) throws(ChangeMessageError) -> Item {
            guard let document, let change = document.member("dynamodb", of: document.root),
                let image = document.member(name, of: change), let item = try? Item(document, image)
            else { throw .malformedValue }
            return item
        }
    }
}

/// A DynamoDB stream as messages name it.
public struct ObservedStream: Sendable, Hashable {
    public let arn: String
    public let viewType: StreamViewType

    public init(arn: String, viewType: StreamViewType) {
        self.arn = arn
        self.viewType = viewType
    }
}
