public import Bytes

/// A DynamoDB item in its stored form: compact, canonical bytes. Items are equal exactly when their bytes are.
///
/// Layout: varint attribute count, then for each attribute, in byte order of the names, the length-prefixed name and the value
/// (`CompactValue`). The bytes are checked where they enter the process (from JSON, from a map, or `init(checking:)`), so that a decoding
/// failure later is a broken invariant.
public struct Item: Hashable, Sendable {
    /// The largest item, in the bytes that DynamoDB counts (`size`), inclusive.
    public static let sizeMax = 409_600

    public let bytes: [UInt8]

    /// - Parameter bytes: made by this type, in this process or in a store that checks its blocks.
    public init(trusted bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Takes bytes from outside, after reading them through once: they must be exactly what this type writes for some item.
    public init(checking bytes: [UInt8]) throws(DamagedBytes) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(DamagedBytes) in
            try CompactValueCheck.checkItem(UnsafeRawBufferPointer(buffer))
        }
        self.init(trusted: bytes)
    }

    public init(_ attributes: AttributeMap) {
        var output: [UInt8] = []
        Varint.append(UInt64(attributes.count), to: &output)
        CompactValue.appendEntries(of: attributes, to: &output)
        bytes = output
    }

    public static let empty = Item(AttributeMap())

    /// Eight bytes at a time: every write compares index entries, and comparing arrays goes byte by byte.
    public static func == (left: Item, right: Item) -> Bool {
        left.bytes.count == right.bytes.count
            && left.bytes.withUnsafeBytes { left in right.bytes.withUnsafeBytes { left.compare(with: $0) == 0 } }
    }

    public var attributes: AttributeMap {
        withReader { (reader) throws(DamagedBytes) in
            let count = try reader.readCount()
            return try CompactValue.decodeEntries(&reader, count: count)
        }
    }

    public var attributeCount: Int {
        withReader { (reader) throws(DamagedBytes) in try reader.readCount() }
    }

    /// The value of one top-level attribute; the others are skipped without being decoded.
    public func value(of name: Text) -> AttributeValue? {
        withReader { (reader) throws(DamagedBytes) in
            try Self.seek(name, &reader) ? try CompactValue.decode(&reader) : nil
        }
    }

    public func contains(_ name: Text) -> Bool {
        withReader { (reader) throws(DamagedBytes) in try Self.seek(name, &reader) }
    }

    /// The item with only those of its attributes that are named.
    public func projecting(_ names: [Text]) -> Item {
        var kept: [Range<Int>] = []
        withReader { (reader) throws(DamagedBytes) in
            let count = try reader.readCount()
            for _ in 0..<count {
                let start = reader.position
                let name = try reader.readLengthPrefixed()
                try CompactValue.skip(&reader)
                if names.contains(where: { $0.isEqual(to: name) }) { kept.append(start..<reader.position) }
            }
        }
        var output: [UInt8] = []
        output.reserveCapacity(kept.reduce(Varint.bytesMax) { $0 + $1.count })
        Varint.append(UInt64(kept.count), to: &output)
        for range in kept { output.append(contentsOf: bytes[range]) }
        return Item(trusted: output)
    }

    /// Moves the reader to the value of `name`; false when the item has no such attribute.
    static func seek(_ name: Text, _ reader: inout ByteReader) throws(DamagedBytes) -> Bool {
        let count = try reader.readCount()
        for _ in 0..<count {
            let candidate = try reader.readLengthPrefixed()
            let order = name.utf8.withUnsafeBytes { candidate.compare(with: $0) }
            if order == 0 { return true }
            if order > 0 { return false }
            try CompactValue.skip(&reader)
        }
        return false
    }

    /// Calls `body` with each attribute that is named; it must read the value.
    @inline(__always)
    static func visit(
        _ names: [Text], _ reader: inout ByteReader,
        _ body: (_ name: UnsafeRawBufferPointer, inout ByteReader) throws(DamagedBytes) -> Void
    ) throws(DamagedBytes) {
        var left = names.count
        for _ in 0..<(try reader.readCount()) {
            guard left > 0 else { return }
            let name = try reader.readLengthPrefixed()
            if names.contains(where: { $0.isEqual(to: name) }) {
                try body(name, &reader)
                left -= 1
            } else {
                try CompactValue.skip(&reader)
            }
        }
    }

    func withReader<Result>(_ body: (inout ByteReader) throws(DamagedBytes) -> Result) -> Result {
        bytes.withTrustedReader(body)
    }
}

extension AttributeValue {
    /// The value in its stored form.
    func withCompactBytes<Result>(_ body: (inout ByteReader) throws(DamagedBytes) -> Result) -> Result {
        var bytes: [UInt8] = []
        CompactValue.append(self, to: &bytes)
        return bytes.withTrustedReader(body)
    }
}

extension [UInt8] {
    fileprivate func withTrustedReader<Result>(
        _ body: (inout ByteReader) throws(DamagedBytes) -> Result
    ) -> Result {
        withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            do throws(DamagedBytes) {
                return try body(&reader)
            } catch {
                preconditionFailure("item bytes are checked where they enter: \(error)")
            }
        }
    }
}

extension Text {
    fileprivate func isEqual(to bytes: UnsafeRawBufferPointer) -> Bool {
        count == bytes.count && utf8.withUnsafeBytes { $0.compare(with: bytes) == 0 }
    }
}
