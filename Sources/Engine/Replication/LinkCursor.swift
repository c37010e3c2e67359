public import Bytes

/// How far one replica has applied the change log of a peer's replica. Stored in the batch that holds what it covers.
public struct LinkCursor: Hashable, Sendable {
    /// The first sequence number of the peer's log that is not applied yet.
    public var next: UInt64
    /// Everything that the peer wrote up to this timestamp is applied here. Tombstones up to the lowest watermark of all links may go.
    public var watermark: HybridTimestamp
    /// Sequence numbers behind `next` that are applied already, ascending: only a link that re-orders has any.
    public var ahead: [UInt64]

    public init(next: UInt64, watermark: HybridTimestamp = .zero, ahead: [UInt64] = []) {
        self.next = next
        self.watermark = watermark
        self.ahead = ahead
    }

    /// Whether the record of this number is applied.
    public func covers(_ sequence: UInt64) -> Bool { sequence < next || isAhead(sequence) }

    /// How many of `count` records from `first` on are applied.
    public func covered(from first: UInt64, count: UInt64) -> UInt64 {
        let end = first + count
        let below = min(max(next, first), end) - first
        return below + UInt64(ahead.count { $0 >= max(first, next) && $0 < end })
    }

    /// By bisection.
    func isAhead(_ sequence: UInt64) -> Bool {
        var low = 0
        var high = ahead.count
        while low < high {
            let middle = (low + high) / 2
            if ahead[middle] < sequence { low = middle + 1 } else { high = middle }
        }
        return low < ahead.count && ahead[low] == sequence
    }

    /// 8 bytes next, 8 bytes watermark, then a varint for each number ahead: how far it is behind the one before.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(next)
        bytes.appendBigEndian(watermark.rawValue)
        var last = next
        for sequence in ahead {
            Varint.append(sequence - last, to: &bytes)
            last = sequence
        }
        return bytes
    }

    public init(decoding reader: inout ByteReader) throws(DamagedBytes) {
        next = try reader.readBigEndian(UInt64.self)
        watermark = HybridTimestamp(rawValue: try reader.readBigEndian(UInt64.self))
        ahead = []
        var last = next
        while !reader.isAtEnd {
            let (sequence, overflows) = last.addingReportingOverflow(try reader.readVarint())
            guard !overflows, ahead.isEmpty || sequence > last else { throw DamagedBytes(position: reader.position) }
            ahead.append(sequence)
            last = sequence
        }
    }
}
