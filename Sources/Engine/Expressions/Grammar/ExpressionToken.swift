/// One token of an expression, as a range of the expression's bytes.
struct ExpressionToken {
    enum Kind: UInt8 {
        case name, namePlaceholder, valuePlaceholder, integer
        case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
        case plus, minus, comma, dot
        case openParenthesis, closeParenthesis, openBracket, closeBracket
        case and, or, not, between, `in`
        case set, remove, add, delete
        /// A character that begins no token.
        case unknown
        /// Behind the last token; its range is empty.
        case end
    }

    let kind: Kind
    let start: Int
    let end: Int

    var range: Range<Int> { start..<end }
}
