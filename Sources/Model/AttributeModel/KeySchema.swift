public import Bytes

/// The types that key attributes may have; the raw values are their names in JSON.
public enum KeyType: String, Sendable, CaseIterable, Codable {
    case string = "S"
    case number = "N"
    case binary = "B"

    fileprivate var tag: CompactValue.Tag {
        switch self {
        case .string: .string
        case .number: .number
        case .binary: .binary
        }
    }
}

public struct KeyAttribute: Hashable, Sendable, Codable {
    public let name: Text
    public let type: KeyType

    public init(name: Text, type: KeyType) {
        self.name = name
        self.type = type
    }
}

/// The key attributes of a table (one partition key, at most one sort key) or of an index (up to four of each).
public struct KeySchema: Hashable, Sendable, Codable {
    /// The longest partition key value, in bytes.
    public static let partitionKeyBytesMax = 2048
    /// The longest sort key value, in bytes.
    public static let sortKeyBytesMax = 1024

    public let partitionKeys: [KeyAttribute]
    public let sortKeys: [KeyAttribute]

    public init(partitionKeys: [KeyAttribute], sortKeys: [KeyAttribute] = []) {
        precondition(!partitionKeys.isEmpty, "a key schema has at least one partition key attribute")
        self.partitionKeys = partitionKeys
        self.sortKeys = sortKeys
    }

    public var attributes: [KeyAttribute] { partitionKeys + sortKeys }

    public func contains(_ name: Text) -> Bool {
        partitionKeys.contains { $0.name == name } || sortKeys.contains { $0.name == name }
    }

    /// The key of an item that may have other attributes too.
    public func key(of item: Item) throws(KeyError) -> EncodedKey {
        var bytes = EncodedKey.beginning
        for attribute in partitionKeys {
            try append(attribute, of: item, to: &bytes, bytesMax: Self.partitionKeyBytesMax, isPartitionKey: true)
        }
        let partitionEnd = bytes.count
        EncodedKey.writeHash(into: &bytes)
        for attribute in sortKeys {
            try append(attribute, of: item, to: &bytes, bytesMax: Self.sortKeyBytesMax, isPartitionKey: false)
        }
        return EncodedKey(bytes: bytes, partitionEnd: partitionEnd)
    }

    /// The key given by a map of exactly the key attributes, as in GetItem.
    public func key(ofExactly map: Item) throws(KeyError) -> EncodedKey {
        guard map.attributeCount == partitionKeys.count + sortKeys.count else { throw .otherAttributes }
        return try key(of: map)
    }

    /// The common beginning of all keys with these partition key values, in the order of `partitionKeys`.
    public func prefix(partitionValues: [AttributeValue]) throws(KeyError) -> EncodedKey {
        var bytes = EncodedKey.beginning
        for (attribute, value) in zip(partitionKeys, partitionValues) {
            try EncodedKey.append(
                value, as: attribute, to: &bytes, bytesMax: Self.partitionKeyBytesMax, isPartitionKey: true)
        }
        EncodedKey.writeHash(into: &bytes)
        return EncodedKey(bytes: bytes, partitionEnd: bytes.count)
    }

    /// The item that consists of a stored key's attributes.
    public func item(of key: EncodedKey) throws(DamagedBytes) -> Item {
        var map = AttributeMap()
        try key.bytes.withUnsafeBufferPointer { (buffer) throws(DamagedBytes) in
            var reader = ByteReader(UnsafeRawBufferPointer(buffer), at: EncodedKey.hashBytes)
            for attribute in attributes {
                map[attribute.name] =
                    switch attribute.type {
                    case .number: .number(try DecimalNumber(orderedBytes: &reader))
                    case .string: .string(Text(utf8: try KeyCodec.read(from: &reader)))
                    case .binary: .binary(try KeyCodec.read(from: &reader))
                    }
            }
        }
        return Item(map)
    }

    private func append(
        _ attribute: KeyAttribute, of item: Item, to bytes: inout [UInt8], bytesMax: Int, isPartitionKey: Bool
    ) throws(KeyError) {
        let failure: KeyError? = item.withReader { (reader) throws(DamagedBytes) in
            guard try Item.seek(attribute.name, &reader) else { return .missing(attribute) }
            let tag = try CompactValue.readTag(&reader)
            guard tag == attribute.type.tag else { return .wrongType(attribute, actual: tag.type) }
            guard attribute.type != .number else {
                // Numbers are stored in the order that keys need.
                let start = reader.position
                _ = try OrderedDigits(&reader)
                bytes.append(contentsOf: item.bytes[start..<reader.position])
                return nil
            }
            let content = try reader.readLengthPrefixed()
            do throws(KeyError) {
                try EncodedKey.append(
                    content, as: attribute, to: &bytes, bytesMax: bytesMax, isPartitionKey: isPartitionKey)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }
}

/// The bytes under which an item lies in its table or index: hash of the partition key, then the key components in order.
///
/// Layout: 4 bytes murmur2 of the partition key components, then each component (`KeyCodec` for S and B, ordered bytes for N).
/// Items of one partition key are neighbours in sort key order; partition keys order by hash.
public struct EncodedKey: Hashable, Sendable {
    package static let hashBytes = 4

    public let bytes: [UInt8]
    /// Where the partition key components end.
    public let partitionEnd: Int

    init(bytes: [UInt8], partitionEnd: Int) {
        self.bytes = bytes
        self.partitionEnd = partitionEnd
    }

    /// Reads a stored key back.
    public init(decoding bytes: [UInt8], schema: KeySchema) throws(DamagedBytes) {
        partitionEnd = try bytes.withUnsafeBufferPointer { (buffer) throws(DamagedBytes) in
            var reader = ByteReader(UnsafeRawBufferPointer(buffer), at: Self.hashBytes)
            for attribute in schema.partitionKeys { try Self.skip(attribute, &reader) }
            let end = reader.position
            for attribute in schema.sortKeys { try Self.skip(attribute, &reader) }
            if !reader.isAtEnd { throw DamagedBytes(position: reader.position) }
            return end
        }
        self.bytes = bytes
    }

    private static func skip(_ attribute: KeyAttribute, _ reader: inout ByteReader) throws(DamagedBytes) {
        switch attribute.type {
        case .number: _ = try OrderedDigits(&reader)
        case .string, .binary: try KeyCodec.skip(&reader)
        }
    }

    /// In one go: hashing an array of bytes feeds them to the hasher one by one.
    public func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    /// The bytes that all keys with this partition key begin with.
    public var partitionPrefix: ArraySlice<UInt8> { bytes[..<partitionEnd] }

    /// Where the partition key lies in the table's hash space; parallel scans split that space.
    public var hash: UInt32 {
        bytes.prefix(Self.hashBytes).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Room for the hash, and for what most keys have behind it.
    static var beginning: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)
        for _ in 0..<hashBytes { bytes.append(0) }
        return bytes
    }

    static func writeHash(into bytes: inout [UInt8]) {
        let hash = bytes.withUnsafeBytes { Murmur2.hash(UnsafeRawBufferPointer(rebasing: $0[hashBytes...])) }
        for offset in 0..<hashBytes { bytes[offset] = UInt8(truncatingIfNeeded: hash >> UInt32(24 - 8 * offset)) }
    }

    /// Appends one key component.
    public static func append(
        _ value: AttributeValue, as attribute: KeyAttribute, to bytes: inout [UInt8], bytesMax: Int,
        isPartitionKey: Bool
    ) throws(KeyError) {
        let content: [UInt8]
        switch (value, attribute.type) {
        case (.number(let number), .number):
            return number.appendOrderedBytes(to: &bytes)
        case (.string(let text), .string): content = text.utf8
        case (.binary(let binary), .binary): content = binary
        default: throw .wrongType(attribute, actual: value.type)
        }
        try content.withUnsafeBufferPointer { (content) throws(KeyError) in
            try append(
                UnsafeRawBufferPointer(content), as: attribute, to: &bytes, bytesMax: bytesMax,
                isPartitionKey: isPartitionKey)
        }
    }

    /// Appends the component of a string or binary value.
    fileprivate static func append(
        _ content: UnsafeRawBufferPointer, as attribute: KeyAttribute, to bytes: inout [UInt8], bytesMax: Int,
        isPartitionKey: Bool
    ) throws(KeyError) {
        if content.isEmpty { throw .empty(attribute) }
        if content.count > bytesMax { throw isPartitionKey ? .partitionKeyTooLong : .sortKeyTooLong }
        KeyCodec.append(content, to: &bytes)
    }
}

/// Why an item or a map has no valid key (reference `data-plane.md` 4.4).
public enum KeyError: Error, Equatable, Sendable {
    case missing(KeyAttribute)
    case wrongType(KeyAttribute, actual: AttributeType)
    case empty(KeyAttribute)
    case partitionKeyTooLong
    case sortKeyTooLong
    /// A key map has attributes that are no key attributes, or too few.
    case otherAttributes
}
