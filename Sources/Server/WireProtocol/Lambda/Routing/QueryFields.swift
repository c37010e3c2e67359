import Bytes

/// The fields of a query string, in their order.
struct QueryFields: Sendable, Equatable {
    /// How many fields are read; UntagResource names up to 50 keys.
    static let countMax = 128
    private let fields: [Field]

    private struct Field: Sendable, Equatable {
        let name: String
        let value: String
    }

    init(_ query: Substring) {
        fields = query.split(separator: "&", maxSplits: Self.countMax).prefix(Self.countMax).map { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return Field(
                name: PercentEncoding.decode(parts[0].utf8, plusIsSpace: true),
                value: parts.count == 2 ? PercentEncoding.decode(parts[1].utf8, plusIsSpace: true) : "")
        }
    }

    /// The first field of that name.
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
}
