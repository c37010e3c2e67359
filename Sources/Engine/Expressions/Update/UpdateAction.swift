import AttributeModel

/// One assignment of an update: what happens to the value at a path.
struct UpdateAction: Sendable {
    enum Operation: Sendable {
        case set(UpdateOperand)
        case remove
        /// Adds to a number or a set; the legacy parameter also appends to lists.
        case add(AttributeValue)
        /// Takes members out of a set.
        case delete(AttributeValue)
    }

    let path: DocumentPath
    let operation: Operation

    /// REMOVE and DELETE take away only: they create neither items nor parents.
    var onlyTakesAway: Bool {
        switch operation {
        case .remove, .delete: true
        case .set, .add: false
        }
    }

    /// The type that the operation gives or demands whatever the item is.
    var staticType: AttributeType? {
        switch operation {
        case .set(let operand): operand.staticType
        case .remove: nil
        case .add(let value), .delete(let value): value.type
        }
    }
}
