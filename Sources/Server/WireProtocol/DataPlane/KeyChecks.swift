import AttributeModel
import Partition

/// Keys of items in requests, checked against the table (reference `data-plane.md` 4.4).
extension CatalogueTable {
    /// The key of an item that is put.
    func key(ofPut item: Item) throws(KeyFault) -> EncodedKey {
        do throws(KeyError) {
            return try definition.keySchema.key(of: item)
        } catch {
            switch error {
            case .missing(let attribute):
                throw KeyFault(
                    "One or more parameter values were invalid: Missing the key \(attribute.name) in the item")
            case .wrongType(let attribute, let actual):
                throw KeyFault(
                    "One or more parameter values were invalid: Type mismatch for key \(attribute.name) "
                        + "expected: \(attribute.type.rawValue) actual: \(actual.rawValue)")
            case .empty, .partitionKeyTooLong, .sortKeyTooLong, .otherAttributes: throw KeyFault(error)
            }
        }
    }

    /// The key that a request names by exactly its attributes.
    func key(ofExactly key: Item) throws(KeyFault) -> EncodedKey {
        do throws(KeyError) {
            return try definition.keySchema.key(ofExactly: key)
        } catch {
            throw KeyFault(error)
        }
    }

    /// The key of an item that a batch puts, whose faults are told as those of a key.
    func key(ofBatchPut item: Item) throws(KeyFault) -> EncodedKey {
        do throws(KeyError) {
            return try definition.keySchema.key(of: item)
        } catch {
            throw KeyFault(error)
        }
    }
}

/// What is wrong with a key; always a ValidationException, in transactions sometimes the reason of a cancellation.
struct KeyFault: Error, Equatable {
    static let mismatch = "The provided key element does not match the schema"

    let message: String
    /// An empty value is a fault of the whole request, also in a transaction.
    let isEmptyValue: Bool

    init(_ message: String, isEmptyValue: Bool = false) {
        self.message = message
        self.isEmptyValue = isEmptyValue
    }

    /// As most operations word it.
    init(_ error: KeyError) {
        switch error {
        case .missing, .wrongType, .otherAttributes: self.init(Self.mismatch)
        case .empty(let attribute):
            self.init(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                    + "empty \(attribute.type.emptyValueName) value. Key: \(attribute.name)",
                isEmptyValue: true)
        case .partitionKeyTooLong:
            self.init(
                "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes"
            )
        case .sortKeyTooLong:
            self.init(
                "One or more parameter values were invalid: "
                    + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
        }
    }
}

extension KeyType {
    /// How texts about empty key values name the type.
    var emptyValueName: String { self == .binary ? "binary" : "string" }
}
