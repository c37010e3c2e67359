/// Bytes as the key of a dictionary: they are hashed and compared in one go, where an array of bytes does it one by one.
@frozen
public struct ByteKey: Hashable, Sendable {
    public let bytes: [UInt8]

    @inlinable
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    @inlinable
    public static func == (left: ByteKey, right: ByteKey) -> Bool {
        left.bytes.withUnsafeBytes { left in right.bytes.withUnsafeBytes { left.compare(with: $0) == 0 } }
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
