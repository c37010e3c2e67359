/// What a request wants to be told besides its result (reference `data-plane.md` 7).
enum ReturnConsumedCapacity: String, RequestChoice {
    case indexes = "INDEXES"
    case total = "TOTAL"
    case none = "NONE"
}

enum ReturnItemCollectionMetrics: String, RequestChoice {
    case size = "SIZE"
    case none = "NONE"
}

enum ReturnValues: String, RequestChoice {
    case allNew = "ALL_NEW"
    case updatedOld = "UPDATED_OLD"
    case allOld = "ALL_OLD"
    case none = "NONE"
    case updatedNew = "UPDATED_NEW"
}

enum ReturnValuesOnConditionCheckFailure: String, RequestChoice {
    case allOld = "ALL_OLD"
    case none = "NONE"
}

/// The options of a write of one item.
struct WriteOptions: Sendable {
    let capacity: ReturnConsumedCapacity
    let metrics: ReturnItemCollectionMetrics
    let values: ReturnValues
    let onConditionFailure: ReturnValuesOnConditionCheckFailure

    init(_ body: RequestBody, _ constraints: inout Constraints) throws(WireError) {
        capacity = try body.returnConsumedCapacity(&constraints)
        metrics = try body.returnItemCollectionMetrics(&constraints)
        values = try body.choice("ReturnValues", at: "returnValues", &constraints) ?? .none
        onConditionFailure = try body.returnValuesOnConditionCheckFailure(at: "", &constraints)
    }

    /// For operations whose new item the client knows.
    func requireOldOrNone() throws(WireError) {
        guard values == .allOld || values == .none else {
            throw .validation("ReturnValues can only be ALL_OLD or NONE")
        }
    }

    /// Whether the answer to a success is empty.
    var isPlain: Bool {
        capacity == .none && metrics == .none && values == .none && onConditionFailure == .none
    }
}

extension RequestBody {
    func returnConsumedCapacity(_ constraints: inout Constraints) throws(WireError) -> ReturnConsumedCapacity {
        try choice("ReturnConsumedCapacity", at: "returnConsumedCapacity", &constraints) ?? .none
    }

    func returnItemCollectionMetrics(
        _ constraints: inout Constraints
    ) throws(WireError) -> ReturnItemCollectionMetrics {
        try choice("ReturnItemCollectionMetrics", at: "returnItemCollectionMetrics", &constraints) ?? .none
    }

    /// - Parameter path: of the object that has the member, with a dot behind it; empty for the request itself.
    func returnValuesOnConditionCheckFailure(
        at path: @autoclosure () -> String, _ constraints: inout Constraints
    ) throws(WireError) -> ReturnValuesOnConditionCheckFailure {
        try choice(
            "ReturnValuesOnConditionCheckFailure", at: path() + "returnValuesOnConditionCheckFailure", &constraints)
            ?? .none
    }
}
