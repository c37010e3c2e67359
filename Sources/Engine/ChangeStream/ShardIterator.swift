import Bytes

/// A place in a shard that GetRecords reads from; clients carry it as an opaque text.
///
/// Text form, as on AWS: `<stream ARN>|1|<base64 of shard id, next sequence number and time of issue>`.
public struct ShardIterator: Sendable, Equatable {
    /// How long an iterator stays valid, in milliseconds.
    public static let lifetimeMilliseconds: UInt64 = 15 * 60 * 1000

    public var streamARN: String
    public var shardID: String
    /// The first sequence number that it has not read.
    public var next: UInt64
    public var issuedMilliseconds: UInt64

    public init(streamARN: String, shardID: String, next: UInt64, issuedMilliseconds: UInt64) {
        self.streamARN = streamARN
        self.shardID = shardID
        self.next = next
        self.issuedMilliseconds = issuedMilliseconds
    }

    /// An iterator from the future, made before the clock was moved back or made up by a client, is not expired.
    public func isExpired(nowMilliseconds: UInt64) -> Bool {
        nowMilliseconds > issuedMilliseconds && nowMilliseconds - issuedMilliseconds > Self.lifetimeMilliseconds
    }

    public var text: String {
        var payload: [UInt8] = []
        payload.appendLengthPrefixed(Array(shardID.utf8))
        Varint.append(next, to: &payload)
        Varint.append(issuedMilliseconds, to: &payload)
        return streamARN + "|1|" + Base64.encode(payload)
    }

    /// Nil when the text was not made by `text`.
    public init?(parsing text: String) {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "1" else { return nil }
        do {
            let payload = try Base64.decode(Array(parts[2].utf8))
            let decoded = try payload.withUnsafeBytes { buffer in
                var reader = ByteReader(buffer)
                let shardID = String(validating: try reader.readLengthPrefixed(), as: UTF8.self)
                let next = try reader.readVarint()
                let issued = try reader.readVarint()
                guard let shardID, reader.isAtEnd else { throw DamagedBytes(position: reader.position) }
                return (shardID, next, issued)
            }
            self.init(
                streamARN: String(parts[0]), shardID: decoded.0, next: decoded.1, issuedMilliseconds: decoded.2)
        } catch {
            return nil
        }
    }
}
