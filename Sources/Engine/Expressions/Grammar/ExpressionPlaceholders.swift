public import AttributeModel
public import Bytes

/// ExpressionAttributeNames and ExpressionAttributeValues of one request, with the record of which were used.
///
/// Build it once for a request, hand it to every expression, then call `checkAllUsed`. Rules: reference `data-plane.md` 5.1 and 5.3.
public struct ExpressionPlaceholders: Sendable {
    private var names: PlaceholderTable<Text>
    private var values: PlaceholderTable<AttributeValue>

    /// - Parameters:
    ///   - names: in the order of the request, keys with their `#`; nil when the request has no ExpressionAttributeNames.
    ///   - values: in the order of the request, keys with their `:`; nil when the request has no ExpressionAttributeValues.
    /// - Throws: the texts about empty maps, invalid keys and empty attribute names.
    public init(names: [(Text, Text)]?, values: [(Text, AttributeValue)]?) throws(ExpressionError) {
        try Self.checkKeys(names: names?.map(\.0), values: values?.map(\.0))
        for (key, name) in names ?? [] where name.isEmpty {
            throw ExpressionError(
                message: "ExpressionAttributeNames contains invalid value: Empty attribute name for key \(key)")
        }
        self.names = PlaceholderTable(names ?? [])
        self.values = PlaceholderTable(values ?? [])
    }

    /// Checks the keys alone: AWS reports a bad key before a bad value, so that callers check keys before they decode values.
    public static func checkKeys(names: [Text]?, values: [Text]?) throws(ExpressionError) {
        try checkKeys(names, of: "ExpressionAttributeNames", mark: UInt8(ascii: "#"))
        try checkKeys(values, of: "ExpressionAttributeValues", mark: UInt8(ascii: ":"))
    }

    /// Refuses placeholders that no expression used, names before values. Call it after all expressions are parsed.
    public func checkAllUsed() throws(ExpressionError) {
        try check(names.unusedKeys, of: "ExpressionAttributeNames")
        try check(values.unusedKeys, of: "ExpressionAttributeValues")
    }

    private static func checkKeys(_ keys: [Text]?, of parameter: String, mark: UInt8) throws(ExpressionError) {
        guard let keys else { return }
        if keys.isEmpty { throw ExpressionError(message: "\(parameter) must not be empty") }
        for key in keys {
            if key.count > ExpressionLimits.placeholderBytesMax {
                throw ExpressionError(
                    message: "\(parameter) contains invalid key: "
                        + "The expression attribute map contains a key that is too long; size of key: \(key.count)")
            }
            let isWellFormed =
                key.count > 1 && key.utf8[0] == mark && key.utf8.dropFirst().allSatisfy(ExpressionLexer.isWordByte)
            guard isWellFormed else {
                throw ExpressionError(message: "\(parameter) contains invalid key: Syntax error; key: \"\(key)\"")
            }
        }
    }

    private func check(_ unusedKeys: [Text], of parameter: String) throws(ExpressionError) {
        guard !unusedKeys.isEmpty else { return }
        let keys = unusedKeys.map(\.description).joined(separator: ", ")
        throw ExpressionError(message: "Value provided in \(parameter) unused in expressions: keys: {\(keys)}")
    }
}

extension ExpressionPlaceholders {
    /// Where a placeholder is in its table.
    struct Reference<Content: Sendable> {
        let index: Int
        let content: Content
    }

    func name(_ key: ArraySlice<UInt8>) -> Reference<Text>? { names.find(key) }

    func value(_ key: ArraySlice<UInt8>) -> Reference<AttributeValue>? { values.find(key) }

    mutating func markUsed(names usedNames: [Int], values usedValues: [Int]) {
        for index in usedNames { names.entries[index].isUsed = true }
        for index in usedValues { values.entries[index].isUsed = true }
    }
}

/// Placeholders sorted by their keys.
private struct PlaceholderTable<Content: Sendable>: Sendable {
    struct Entry: Sendable {
        let key: Text
        let content: Content
        /// The place in the request, for texts that list keys.
        let position: Int
        var isUsed = false
    }

    var entries: [Entry]

    /// - Parameter pairs: of a repeated key the last one counts, as in every JSON object.
    init(_ pairs: [(Text, Content)]) {
        entries = pairs.enumerated().map { Entry(key: $1.0, content: $1.1, position: $0) }
        if entries.count > 1 {
            entries.sort { $0.key == $1.key ? $0.position < $1.position : $0.key < $1.key }
            entries = entries.indices
                .filter { $0 + 1 == entries.count || entries[$0].key != entries[$0 + 1].key }
                .map { entries[$0] }
        }
    }

    func find(_ key: ArraySlice<UInt8>) -> ExpressionPlaceholders.Reference<Content>? {
        key.withUnsafeBytes { key in
            var low = 0
            var high = entries.count
            while low < high {
                let middle = (low + high) / 2
                let order = entries[middle].key.utf8.withUnsafeBytes { $0.compare(with: key) }
                if order == 0 { return .init(index: middle, content: entries[middle].content) }
                if order < 0 { low = middle + 1 } else { high = middle }
            }
            return nil
        }
    }

    var unusedKeys: [Text] {
        entries.filter { !$0.isUsed }.sorted { $0.position < $1.position }.map(\.key)
    }
}
