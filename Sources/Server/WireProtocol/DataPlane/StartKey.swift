import AttributeModel
import Bytes
import Expressions
import Partition

/// ExclusiveStartKey of a Query or Scan: the key of the last item of the page before. The item need not exist (reference `data-plane.md` 8).
struct StartKey {
    private static let invalid = "The provided starting key is invalid"

    private let item: Item
    private let table: TableDefinition
    private let index: IndexDefinition?
    private let key: EncodedKey
    /// Nil when the table itself is read.
    private let indexKey: EncodedKey?

    /// Reads the values, which is done before the table is known.
    static func item(of body: RequestBody) throws(WireError) -> Item? {
        do throws(WireError) {
            return try body.item("ExclusiveStartKey")
        } catch {
            guard error.kind == .validation, let message = error.message else { throw error }
            throw .validation("\(invalid): \(message)")
        }
    }

    /// - Throws: the texts about missing, other and mistyped attributes.
    init(_ item: Item, table: TableDefinition, index: IndexDefinition?, isQuery: Bool) throws(WireError) {
        self.item = item
        self.table = table
        self.index = index
        let names = Set((table.keySchema.attributes + (index?.keySchema.attributes ?? [])).map(\.name))
        guard item.attributeCount == names.count, names.allSatisfy({ item.contains($0) }) else {
            throw .validation(
                isQuery || index != nil ? Self.invalid : "\(Self.invalid): \(KeyFault.mismatch)")
        }
        if let index {
            indexKey = try Self.key(of: item, index.keySchema, prefix: isQuery ? "" : "\(Self.invalid): ")
        } else {
            indexKey = nil
        }
        key = try Self.key(
            of: item, table.keySchema, prefix: isQuery && index == nil ? "" : "\(Self.invalid): ")
    }

    private static func key(of item: Item, _ schema: KeySchema, prefix: String) throws(WireError) -> EncodedKey {
        do throws(KeyError) {
            return try schema.key(of: item)
        } catch {
            throw .validation(prefix + KeyFault(error).message)
        }
    }

    /// The key in what is read.
    private var readKey: EncodedKey { indexKey ?? key }

    var position: ReadPosition {
        ReadPosition(table: table, key: key, index: index, indexKey: indexKey)
    }

    func check(against condition: KeyCondition) throws(WireError) {
        guard readKey.partitionPrefix == condition.partitionKey.partitionPrefix else {
            throw .validation("The provided starting key is outside query boundaries based on provided conditions")
        }
        guard condition.isSatisfied(by: item) else {
            throw .validation("The provided starting key does not match the range key predicate")
        }
        if index == nil, table.keySchema.sortKeys.isEmpty {
            throw .validation("The provided exclusive start key is invalid: ExclusiveStartKey: \(shown)")
        }
    }

    func check(segment: Int, of totalSegments: Int) throws(WireError) {
        guard RangeRead.segment(segment, of: totalSegments, contains: readKey) else {
            throw .validation(
                "\(Self.invalid): Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. "
                    + "TotalSegments: \(totalSegments) Segment: \(segment)")
        }
    }

    /// `{p=AttributeValue: {S:x}}`.
    private var shown: String {
        let parts = item.attributes.entries.map { entry in
            let content =
                switch entry.value {
                case .string(let text): text.description
                case .number(let number): number.text
                case .binary(let bytes): Base64.encode(bytes)
                default: ""
                }
            return "\(entry.name)=AttributeValue: {\(entry.value.type.rawValue):\(content)}"
        }
        return "{\(parts.joined(separator: ", "))}"
    }
}
