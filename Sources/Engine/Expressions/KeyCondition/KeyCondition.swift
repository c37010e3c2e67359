public import AttributeModel
import Bytes

/// What a Query reads: one partition, and a range of sort keys.
public struct KeyCondition: Sendable {
    /// What all keys of the partition begin with.
    public let partitionKey: EncodedKey
    /// The first key of the range, in full key bytes; begins with the bytes of the partition.
    public let lower: [UInt8]
    /// The end of the range, exclusive; never beyond the partition. Nil when no key could lie behind it.
    public let upper: [UInt8]?
    private let sortClauses: [KeyClause]

    /// Whether the sort key attributes of an item satisfy the condition on them, for checking an ExclusiveStartKey. Says nothing about the
    /// partition, whose fault has another text: compare that with `partitionKey`.
    public func isSatisfied(by item: Item) -> Bool {
        sortClauses.allSatisfy { clause in item.value(of: clause.name).map { clause.test.holds(for: $0) } ?? false }
    }

    /// - Parameters:
    ///   - partitionValues: of the schema's types, one for each partition key attribute.
    ///   - sortClauses: about the first sort key attributes in order, of their types; all but the last demand one value.
    init(
        partitionValues: [AttributeValue], sortClauses: [KeyClause], _ schema: KeySchema
    ) throws(ExpressionError) {
        do throws(KeyError) {
            let partitionKey = try schema.prefix(partitionValues: partitionValues)
            var range = KeyRange(prefix: partitionKey.bytes)
            for (attribute, clause) in zip(schema.sortKeys, sortClauses) {
                try range.narrow(to: clause.test, attribute)
            }
            self.partitionKey = partitionKey
            lower = range.lower
            upper = range.upper
            self.sortClauses = sortClauses
        } catch {
            throw ExpressionError(error)
        }
    }
}

/// A range of key bytes that narrows component by component.
///
/// Components are self-delimiting and order as their values do, so that all keys with one value in a component are exactly those between
/// its bytes and the successor of its bytes.
private struct KeyRange {
    private(set) var lower: [UInt8]
    private(set) var upper: [UInt8]?

    init(prefix: [UInt8]) {
        lower = prefix
        upper = Self.successor(of: prefix)
    }

    /// - Parameter attribute: the one behind those that narrowed the range to one value each.
    mutating func narrow(to test: KeyClause.Test, _ attribute: KeyAttribute) throws(KeyError) {
        switch test {
        case .equal(let value): self = KeyRange(prefix: try extend(lower, with: value, attribute))
        case .less(let value): upper = try extend(lower, with: value, attribute)
        case .lessOrEqual(let value): upper = Self.successor(of: try extend(lower, with: value, attribute))
        case .greater(let value):
            // Without a successor nothing is greater.
            guard let next = Self.successor(of: try extend(lower, with: value, attribute)) else { return upper = lower }
            lower = next
        case .greaterOrEqual(let value): lower = try extend(lower, with: value, attribute)
        case .between(let lowest, let highest):
            upper = Self.successor(of: try extend(lower, with: highest, attribute))
            lower = try extend(lower, with: lowest, attribute)
        case .beginsWith(let prefix):
            // Checks the value as a whole key value; its range is that of its beginning.
            _ = try extend(lower, with: prefix, attribute)
            var bytes = lower
            switch prefix {
            case .string(let text): KeyCodec.appendPrefix(text.utf8, to: &bytes)
            case .binary(let content): KeyCodec.appendPrefix(content, to: &bytes)
            default: throw .wrongType(attribute, actual: prefix.type)
            }
            self = KeyRange(prefix: bytes)
        case .notIndexable: break
        }
    }

    private func extend(
        _ prefix: [UInt8], with value: AttributeValue, _ attribute: KeyAttribute
    ) throws(KeyError) -> [UInt8] {
        var bytes = prefix
        try EncodedKey.append(
            value, as: attribute, to: &bytes, bytesMax: KeySchema.sortKeyBytesMax, isPartitionKey: false)
        return bytes
    }

    /// The first byte string behind all that begin with `prefix`; nil when there is none.
    private static func successor(of prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while let last = bytes.popLast() {
            if last < UInt8.max {
                bytes.append(last + 1)
                return bytes
            }
        }
        return nil
    }
}

extension ExpressionError {
    /// The texts about key values in a key condition (reference `data-plane.md` 4.4).
    fileprivate init(_ error: KeyError) {
        switch error {
        case .empty(let attribute):
            let kind = attribute.type == .binary ? "binary" : "string"
            message =
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                + "empty \(kind) value. Key: \(attribute.name)"
        case .partitionKeyTooLong:
            self = .invalidParameters("Size of hashkey has exceeded the maximum size limit of2048 bytes")
        case .sortKeyTooLong:
            self = .invalidParameters("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
        case .missing, .wrongType, .otherAttributes:
            self = .invalidParameters("Condition parameter type does not match schema type")
        }
    }
}
