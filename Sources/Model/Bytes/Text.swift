/// UTF-8 text that compares, orders and hashes by its bytes, as DynamoDB does.
///
/// Swift's `String` treats canonically equivalent spellings as equal, which would merge attributes and keys that DynamoDB keeps apart.
public struct Text: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// Well-formed UTF-8.
    public let utf8: [UInt8]

    public init(_ string: String) {
        utf8 = Array(string.utf8)
    }

    /// - Parameter utf8: well-formed UTF-8, as the JSON reader and the item decoder deliver it.
    @inlinable
    public init(utf8: [UInt8]) {
        self.utf8 = utf8
    }

    public init(stringLiteral value: String) {
        self.init(value)
    }

    @inlinable public var count: Int { utf8.count }
    @inlinable public var isEmpty: Bool { utf8.isEmpty }
    public var description: String { String(decoding: utf8, as: UTF8.self) }

    public static func < (left: Text, right: Text) -> Bool {
        left.utf8.precedes(right.utf8)
    }

    /// In one go: hashing an array of bytes feeds them to the hasher one by one.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(utf8.count)
        utf8.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

extension Text: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Array where Element == UInt8 {
    /// Whether these bytes order before the others, as unsigned bytes; a prefix orders first.
    public func precedes(_ other: [UInt8]) -> Bool {
        withUnsafeBytes { left in other.withUnsafeBytes { right in left.compare(with: right) < 0 } }
    }
}

extension UnsafeRawBufferPointer {
    /// Negative, zero or positive as these bytes order before, equal or after the others; a prefix orders first.
    @inlinable
    public func compare(with other: UnsafeRawBufferPointer) -> Int {
        let shared = Swift.min(count, other.count)
        var index = 0
        while index + 8 <= shared {
            let left = loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let right = other.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if left != right { return left.bigEndian < right.bigEndian ? -1 : 1 }
            index += 8
        }
        while index < shared {
            let left = self[index]
            let right = other[index]
            if left != right { return Int(left) - Int(right) }
            index += 1
        }
        return count - other.count
    }
}
