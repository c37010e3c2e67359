public import Replication

/// The names of a region's Kafka topics: `<prefix>.<region>.<table>.changes`, `<prefix>.<region>.<table>.state`, `<prefix>.<region>.control`.
///
/// Kafka's names are 249 characters at the most, DynamoDB's tables may have 255: of a longer name the end of the table's part is replaced by
/// `-` and a hash of the table's whole name. `tributary topics` lists which table a topic belongs to.
public struct TopicNames: Sendable, Equatable {
    /// The longest topic name that Kafka takes, in characters.
    public static let lengthMax = 249
    public static let prefixDefault = "tributary"
    /// The longest prefix, in characters: with the longest region name there is room for the hash and a part of the table's name.
    public static let prefixLengthMax = 100

    /// What a topic of a table holds.
    public enum Content: String, Sendable, CaseIterable {
        /// Every change record; nothing is compacted away.
        case changes
        /// The latest image of every item; compacted.
        case state
    }

    public let prefix: String

    /// Nil unless the prefix is 1 to `prefixLengthMax` of the characters that Kafka takes: letters, digits, `.`, `_` and `-`.
    public init?(prefix: String) {
        guard (1...Self.prefixLengthMax).contains(prefix.utf8.count), prefix.utf8.allSatisfy(Self.isAllowed) else {
            return nil
        }
        self.prefix = prefix
    }

    public func control(of region: RegionName) -> String { "\(prefix).\(region.name).control" }

    /// By which regions of different processes know each other. No table's topic has a name of three parts, as this one.
    public func catalogue(of region: RegionName) -> String { "\(prefix).\(region.name).catalogue" }

    public func topic(_ content: Content, of table: String, in region: RegionName) -> String {
        let start = "\(prefix).\(region.name)."
        let end = ".\(content.rawValue)"
        let room = Self.lengthMax - start.utf8.count - end.utf8.count
        guard table.utf8.count > room else { return start + table + end }
        // FNV-1a over the whole name. Table names are ASCII, so that any byte may be the last.
        let hash = table.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        let digits = String(hash, radix: 16)
        let tail = "-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
        return start + String(decoding: table.utf8.prefix(room - tail.utf8.count), as: UTF8.self) + tail + end
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
