public import Bytes

/// How far one replica has applied the change log of a peer's replica. Stored in the batch that holds what it covers.
public struct LinkCursor: Hashable, Sendable {
    /// The first sequence number of the peer's log that is not applied yet.
    public var next: UInt64
    /// Everything that the peer wrote up to this timestamp is applied here. Tombstones up to the lowest watermark of all links may go.
    public var watermark: HybridTimestamp

    public init(next: UInt64, watermark: HybridTimestamp = .zero) {
        self.next = next
        self.watermark = watermark
    }

    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(next)
        bytes.appendBigEndian(watermark.rawValue)
        return bytes
    }

    public init(decoding reader: inout ByteReader) throws(DamagedBytes) {
        next = try reader.readBigEndian(UInt64.self)
        watermark = HybridTimestamp(rawValue: try reader.readBigEndian(UInt64.self))
    }
}
