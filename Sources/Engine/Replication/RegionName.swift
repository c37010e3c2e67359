/// The name of a region, such as `eu-west-1`. Names order by their bytes; that order breaks ties between versions.
public struct RegionName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The longest name, in characters.
    public static let lengthMax = 64

    public let name: String

    /// Nil unless the name is made of lower-case letters, digits and inner hyphens, with at least one hyphen.
    public init?(_ name: String) {
        let characters = name.utf8
        guard (3...Self.lengthMax).contains(characters.count), characters.contains(UInt8(ascii: "-")),
            characters.first != UInt8(ascii: "-"), characters.last != UInt8(ascii: "-"),
            characters.allSatisfy({ Self.isAllowed($0) })
        else { return nil }
        self.name = name
    }

    /// A name read back from a store.
    public init(stored name: String) {
        self.name = name
    }

    public init(from decoder: any Decoder) throws {
        name = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }

    public var description: String { name }

    public static func < (left: RegionName, right: RegionName) -> Bool {
        left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
