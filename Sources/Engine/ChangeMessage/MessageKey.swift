public import AttributeModel
import Bytes
import JSONBytes

/// The key of a message: canonical JSON of the item's primary key, such as `{"id":{"S":"o-1"}}`: names sorted, numbers in normal form.
public enum MessageKey {
    /// The key of an item that may have other attributes too.
    public static func json(of item: Item, _ schema: KeySchema) -> [UInt8] {
        json(item.projecting(schema.attributes.map(\.name)))
    }

    /// What decides about the topic partition: the same JSON of the partition key alone. In a table without a sort key that is the message's
    /// key, so producers with Kafka's default partitioner would choose the same.
    static func placementHash(of item: Item, _ schema: KeySchema) -> UInt32 {
        Murmur2.hash(json(item.projecting(schema.partitionKeys.map(\.name))))
    }

    /// The key of an item and where it is placed.
    static func placed(_ item: Item, _ schema: KeySchema) -> (json: [UInt8], hash: UInt32) {
        let json = json(of: item, schema)
        return (json, schema.sortKeys.isEmpty ? Murmur2.hash(json) : placementHash(of: item, schema))
    }

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

    private static func json(_ item: Item) -> [UInt8] {
        var writer = JSONWriter(reserving: 64)
        item.appendJSON(to: &writer)
        return writer.bytes
    }
}
