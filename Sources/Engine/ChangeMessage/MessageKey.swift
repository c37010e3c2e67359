import AttributeModel
import Bytes
import JSONBytes

/// The key of a message: canonical JSON of the item's primary key, such as `{"id":{"S":"o-1"}}`: names sorted, numbers in normal form.
public enum MessageKey {
    /// Where Kafka's default partitioner puts any key.
    public static func partition(of key: [UInt8], among partitions: Int32) -> Int32 {
        partition(ofHash: Murmur2.hash(key), of: partitions)
    }

    /// As Kafka's default partitioner does: the hash without its sign, divided by the number of partitions.
    public static func partition(ofHash hash: UInt32, of partitions: Int32) -> Int32 {
        precondition(partitions > 0, "a topic has partitions")
        return Int32(hash & 0x7FFF_FFFF) % partitions
    }

    /// The key of a message of this table.
    static func decode(_ bytes: [UInt8], _ schema: KeySchema) throws(ChangeMessageError) -> EncodedKey {
        guard let document = try? JSONDocument(parsing: bytes),
            let item = try? Item(document, document.root),
            let key = try? schema.key(ofExactly: item)
        else { throw .malformedKey(String(decoding: bytes.prefix(200), as: UTF8.self)) }
        return key
    }

    /// The key of an item that may have other attributes too, given the names of its schema's attributes.
    static func json(of item: Item, _ names: [Text]) -> [UInt8] {
        var writer = JSONWriter(reserving: 64)
        item.appendJSON(of: names, to: &writer)
        return writer.bytes
    }
}

/// Writes the keys of one table's messages, and places them.
struct MessageKeyWriter: Sendable {
    private let names: [Text]
    /// What decides about the topic partition: the same JSON of the partition key alone. Nil in a table without a sort key, where that is the
    /// message's key, so producers with Kafka's default partitioner would choose the same.
    private let placingNames: [Text]?
    private let partitions: Int32

    init(_ schema: KeySchema, partitions: Int32) {
        names = schema.attributes.map(\.name)
        placingNames = schema.sortKeys.isEmpty ? nil : schema.partitionKeys.map(\.name)
        self.partitions = partitions
    }

    /// The key of an item that may have other attributes too, and its topic partition.
    func placed(_ item: Item) -> (json: [UInt8], partition: Int32) {
        let json = MessageKey.json(of: item, names)
        let hash = Murmur2.hash(placingNames.map { MessageKey.json(of: item, $0) } ?? json)
        return (json, MessageKey.partition(ofHash: hash, of: partitions))
    }
}
