import AttributeModel
public import Bytes
public import Replication

/// The stored form of a change record (value in the `changes` space; the sequence number is in the key).
///
/// Layout: format 1; kind; cause; flags (1 base version, 2 transaction, 4 shares); version; base version; varint commit milliseconds;
/// transaction id, index, size, and with flag 4 the number of shares, each as table name, first, count; then the images, length-prefixed, new before old. A version is 8 bytes timestamp and the
/// length-prefixed region name.
extension ChangeRecord {
    private static let format: UInt8 = 1
    private static let hasBaseVersion: UInt8 = 1
    private static let hasTransaction: UInt8 = 2
    private static let hasShares: UInt8 = 4

    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64 + (newImage?.bytes.count ?? 0) + (oldImage?.bytes.count ?? 0))
        bytes.append(Self.format)
        bytes.append(kind.rawValue)
        bytes.append(cause.rawValue)
        bytes.append(
            (baseVersion == nil ? 0 : Self.hasBaseVersion) | (transaction == nil ? 0 : Self.hasTransaction)
                | (transaction?.shares.isEmpty ?? true ? 0 : Self.hasShares))
        version.append(to: &bytes)
        baseVersion?.append(to: &bytes)
        Varint.append(commitMilliseconds, to: &bytes)
        transaction?.append(to: &bytes)
        if let newImage { bytes.appendLengthPrefixed(newImage.bytes) }
        if let oldImage { bytes.appendLengthPrefixed(oldImage.bytes) }
        return bytes
    }

    public init(sequence: UInt64, decoding bytes: UnsafeRawBufferPointer) throws(DamagedBytes) {
        var reader = ByteReader(bytes)
        guard try reader.readByte() == Self.format, let kind = Kind(rawValue: try reader.readByte()),
            let cause = Cause(rawValue: try reader.readByte())
        else { throw DamagedBytes(position: reader.position) }
        let flags = try reader.readByte()
        guard flags & ~(Self.hasBaseVersion | Self.hasTransaction | Self.hasShares) == 0,
            flags & (Self.hasTransaction | Self.hasShares) != Self.hasShares
        else {
            throw DamagedBytes(position: reader.position)
        }
        let version = try Version(decoding: &reader)
        let baseVersion = flags & Self.hasBaseVersion == 0 ? nil : try Version(decoding: &reader)
        let commitMilliseconds = try reader.readVarint()
        let transaction =
            flags & Self.hasTransaction == 0
            ? nil : try Transaction(decoding: &reader, withShares: flags & Self.hasShares != 0)
        let change: Change
        switch kind {
        case .insert: change = .insert(try Self.readImage(&reader))
        case .modify:
            let new = try Self.readImage(&reader)
            change = .modify(old: try Self.readImage(&reader), new: new)
        case .remove: change = .remove(try Self.readImage(&reader))
        }
        guard reader.isAtEnd else { throw DamagedBytes(position: reader.position) }
        self.init(
            sequence: sequence, version: version, baseVersion: baseVersion, commitMilliseconds: commitMilliseconds,
            cause: cause, transaction: transaction, change: change)
    }

    /// Whether the write was made in this region, read without decoding anything: appliers skip what they do not forward.
    public static func isMade(in region: RegionName, _ bytes: UnsafeRawBufferPointer) throws(DamagedBytes) -> Bool {
        // Behind format, kind, cause, flags and the version's timestamp.
        var reader = ByteReader(bytes, at: 12)
        return try reader.readLengthPrefixed().elementsEqual(region.name.utf8)
    }

    private static func readImage(_ reader: inout ByteReader) throws(DamagedBytes) -> Item {
        Item(trusted: Array(try reader.readLengthPrefixed()))
    }
}

extension ChangeRecord.Transaction {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.appendLengthPrefixed(Array(id.utf8))
        Varint.append(UInt64(index), to: &bytes)
        Varint.append(UInt64(size), to: &bytes)
        guard !shares.isEmpty else { return }
        Self.append(shares, to: &bytes)
    }

    fileprivate init(decoding reader: inout ByteReader, withShares: Bool) throws(DamagedBytes) {
        id = String(decoding: try reader.readLengthPrefixed(), as: UTF8.self)
        index = Int(truncatingIfNeeded: try reader.readVarint())
        size = Int(truncatingIfNeeded: try reader.readVarint())
        shares = withShares ? try Self.readShares(&reader) : []
    }

    /// The stored form of shares, here and wherever else they are kept.
    public static func append(_ shares: [Share], to bytes: inout [UInt8]) {
        Varint.append(UInt64(shares.count), to: &bytes)
        for share in shares {
            bytes.appendLengthPrefixed(Array(share.table.utf8))
            Varint.append(share.first, to: &bytes)
            Varint.append(share.count, to: &bytes)
        }
    }

    public static func readShares(_ reader: inout ByteReader) throws(DamagedBytes) -> [Share] {
        var shares: [Share] = []
        for _ in 0..<(try reader.readCount()) {
            let table = String(decoding: try reader.readLengthPrefixed(), as: UTF8.self)
            shares.append(Share(table: table, first: try reader.readVarint(), count: try reader.readVarint()))
        }
        return shares
    }
}
