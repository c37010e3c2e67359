/// An operand as parsed.
enum ParsedOperand {
    case operand(ConditionOperand)
    case call(ParsedCall)
    /// A value that the request does not define; the reader has recorded the fault.
    case undefined
}

/// A function call as parsed.
struct ParsedCall {
    enum Meaning {
        case condition(ConditionNode)
        case operand(ConditionOperand)
        /// The fault is recorded.
        case refused
    }

    let name: String
    let meaning: Meaning
}
