public import AttributeModel
import JSONBytes

extension Item {
    /// An item from DynamoDB JSON, as in `Item(json: #"{"id":{"S":"o-1"}}"#)`.
    public init(json: String) throws(ItemTextError) {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: Array(json.utf8))
        } catch {
            throw .notJSON(position: error.position)
        }
        do throws(AttributeValueError) {
            self = try Item(document, document.root)
        } catch {
            throw .notAnItem(error)
        }
    }
}

/// The text is no item.
public enum ItemTextError: Error, Equatable, Sendable, CustomStringConvertible {
    case notJSON(position: Int)
    case notAnItem(AttributeValueError)

    public var description: String {
        switch self {
        case .notJSON(let position): "not JSON: reading stopped at byte \(position)"
        case .notAnItem(let error): error.message
        }
    }
}
