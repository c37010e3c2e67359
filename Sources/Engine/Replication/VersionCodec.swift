public import Bytes

/// The stored form of a version: 8 bytes timestamp, then the length-prefixed region name.
extension Version {
    public func append(to bytes: inout [UInt8]) {
        bytes.appendBigEndian(timestamp.rawValue)
        var name = region.name
        name.withUTF8 { utf8 in
            Varint.append(UInt64(utf8.count), to: &bytes)
            bytes.append(contentsOf: utf8)
        }
    }

    public init(decoding reader: inout ByteReader) throws(DamagedBytes) {
        let timestamp = HybridTimestamp(rawValue: try reader.readBigEndian(UInt64.self))
        let name = String(decoding: try reader.readLengthPrefixed(), as: UTF8.self)
        self.init(timestamp: timestamp, region: RegionName(stored: name))
    }
}
