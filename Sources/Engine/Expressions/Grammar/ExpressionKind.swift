/// The parameters that carry expressions; the raw values name them in error texts.
enum ExpressionKind: String {
    case condition = "ConditionExpression"
    case filter = "FilterExpression"
    case keyCondition = "KeyConditionExpression"
    case update = "UpdateExpression"
    case projection = "ProjectionExpression"

    /// The words that this grammar reads as keywords, in any case; all others are names.
    var keywords: [ExpressionKeyword] {
        switch self {
        case .condition, .filter, .keyCondition: ExpressionKeyword.ofConditions
        case .update: ExpressionKeyword.ofUpdates
        case .projection: []
        }
    }
}

/// A keyword and its token.
struct ExpressionKeyword {
    let word: PackedWord?
    let token: ExpressionToken.Kind

    static let ofConditions = [
        ExpressionKeyword(word: PackedWord("AND"), token: .and),
        ExpressionKeyword(word: PackedWord("OR"), token: .or),
        ExpressionKeyword(word: PackedWord("NOT"), token: .not),
        ExpressionKeyword(word: PackedWord("BETWEEN"), token: .between),
        ExpressionKeyword(word: PackedWord("IN"), token: .in),
    ]
    static let ofUpdates = [
        ExpressionKeyword(word: PackedWord("SET"), token: .set),
        ExpressionKeyword(word: PackedWord("REMOVE"), token: .remove),
        ExpressionKeyword(word: PackedWord("ADD"), token: .add),
        ExpressionKeyword(word: PackedWord("DELETE"), token: .delete),
    ]
}
