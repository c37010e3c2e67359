/// The functions of expressions; the raw values are their names, which are case-sensitive.
enum ExpressionFunction: String {
    case attributeExists = "attribute_exists"
    case attributeNotExists = "attribute_not_exists"
    case attributeType = "attribute_type"
    case beginsWith = "begins_with"
    case contains
    case size
    case ifNotExists = "if_not_exists"
    case listAppend = "list_append"

    var operandCount: Int {
        switch self {
        case .attributeExists, .attributeNotExists, .size: 1
        case .attributeType, .beginsWith, .contains, .ifNotExists, .listAppend: 2
        }
    }

    /// Whether update expressions have this function; conditions have the others.
    var isForUpdates: Bool { self == .ifNotExists || self == .listAppend }
}
