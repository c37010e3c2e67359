import Bytes

/// What a stream shows of each change (reference `streams.md` 4).
public enum StreamViewType: String, Sendable, Codable, CaseIterable {
    case keysOnly = "KEYS_ONLY"
    case newImage = "NEW_IMAGE"
    case oldImage = "OLD_IMAGE"
    case newAndOldImages = "NEW_AND_OLD_IMAGES"

    public var showsNewImage: Bool { self == .newImage || self == .newAndOldImages }
    public var showsOldImage: Bool { self == .oldImage || self == .newAndOldImages }
}

/// A stream of a table: from when it was enabled to when it was disabled, with its own ARN.
public struct Stream: Sendable, Equatable, Codable {
    /// How long records stay readable, in milliseconds.
    public static let retentionMilliseconds: UInt64 = 24 * 60 * 60 * 1000
    /// How long a shard stays open before the next one follows, in milliseconds.
    public static let shardAgeMilliseconds: UInt64 = 4 * 60 * 60 * 1000

    public let label: String
    public let viewType: StreamViewType
    public let createdMilliseconds: UInt64
    /// When the stream was switched off; nil while it is enabled.
    public private(set) var disabledMilliseconds: UInt64?
    /// In order of creation; the last one is open while the stream is enabled.
    public private(set) var shards: [Shard]

    /// - Parameter nextSequence: the sequence number that the table's next change will get.
    public init(viewType: StreamViewType, nextSequence: UInt64, nowMilliseconds: UInt64) {
        self.viewType = viewType
        createdMilliseconds = nowMilliseconds
        label = StreamLabel.text(milliseconds: nowMilliseconds)
        shards = [Shard(first: nextSequence, parent: nil, nowMilliseconds: nowMilliseconds)]
    }

    public var isEnabled: Bool { disabledMilliseconds == nil }

    public mutating func disable(nextSequence: UInt64, nowMilliseconds: UInt64) {
        guard isEnabled else { return }
        disabledMilliseconds = nowMilliseconds
        shards[shards.count - 1].close(nextSequence: nextSequence)
    }

    /// Whether the stream was disabled so long ago that it is no longer listed (reference `streams.md` 5).
    public func isForgotten(nowMilliseconds: UInt64) -> Bool {
        guard let disabledMilliseconds else { return false }
        return nowMilliseconds > disabledMilliseconds + Self.retentionMilliseconds
    }

    /// Whether the open shard is old enough to be followed by another.
    public func wantsNewShard(nowMilliseconds: UInt64) -> Bool {
        guard isEnabled, let open = shards.last else { return false }
        return nowMilliseconds >= open.openedMilliseconds + Self.shardAgeMilliseconds
    }

    public mutating func rollShard(nextSequence: UInt64, nowMilliseconds: UInt64) {
        guard isEnabled, let parent = shards.last else { return }
        shards[shards.count - 1].close(nextSequence: nextSequence)
        shards.append(Shard(first: nextSequence, parent: parent.id, nowMilliseconds: nowMilliseconds))
    }

    /// Forgets closed shards all of whose records were trimmed.
    public mutating func dropShards(trimmedBefore sequence: UInt64) {
        guard let last = shards.last else { return }
        shards.removeAll { shard in
            if let end = shard.end { end <= sequence && shard.id != last.id } else { false }
        }
    }
}

/// A stretch of a stream. One shard is open at a time; closed ones end where the next begins.
public struct Shard: Sendable, Equatable, Codable {
    public let id: String
    public let parent: String?
    /// The sequence number of the first record that the shard may hold.
    public let first: UInt64
    /// One past the last record; nil while the shard is open.
    public private(set) var end: UInt64?
    public let openedMilliseconds: UInt64

    init(first: UInt64, parent: String?, nowMilliseconds: UInt64) {
        let time = String(nowMilliseconds)
        let suffix = String(UInt32(truncatingIfNeeded: (first &* 0x9E37_79B9_7F4A_7C15) >> 32), radix: 16)
        id =
            "shardId-" + String(repeating: "0", count: 20 - time.utf8.count) + time + "-"
            + String(repeating: "0", count: 8 - suffix.utf8.count) + suffix
        self.parent = parent
        self.first = first
        openedMilliseconds = nowMilliseconds
    }

    mutating func close(nextSequence: UInt64) {
        end = nextSequence
    }
}

/// Stream labels: ISO 8601 in UTC with milliseconds and no zone, as in `2015-05-11T21:21:33.291`.
public enum StreamLabel {
    public static func text(milliseconds: UInt64) -> String {
        var bytes: [UInt8] = []
        append(milliseconds: milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends `text`.
    public static func append(milliseconds: UInt64, to bytes: inout [UInt8]) {
        CivilTime(secondsSince1970: Int(milliseconds / 1000)).append(to: &bytes)
        bytes.append(UInt8(ascii: "."))
        bytes.appendDecimal(milliseconds % 1000, width: 3)
    }
}
