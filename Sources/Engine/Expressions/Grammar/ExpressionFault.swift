/// What is wrong with an expression (reference `data-plane.md` 5.3, limits 4.5).
enum ExpressionFault: Error {
    case empty
    case tooLong(bytes: Int)
    case tooManyOperators(count: Int)
    case syntax(token: String, near: String)
    case redundantParentheses
    case reservedWord(String)
    case listIndex(String)
    case undefinedName(String)
    case undefinedValue(String)
    case pathTooDeep(levels: Int)
    case repeatedSection(String)
    case overlap(DocumentPath, DocumentPath)
    case conflict(DocumentPath, DocumentPath)
    case operand(OperandFault)

    /// The text behind `Invalid <kind>: `.
    var text: String {
        switch self {
        case .empty: "The expression can not be empty;"
        case .tooLong(let bytes):
            "Expression size has exceeded the maximum allowed size; expression size: \(bytes)"
        case .tooManyOperators(let count): "The expression contains too many operators; operator count: \(count)"
        case .syntax(let token, let near): "Syntax error; token: \"\(token)\", near: \"\(near)\""
        case .redundantParentheses: "The expression has redundant parentheses;"
        case .reservedWord(let word): "Attribute name is a reserved keyword; reserved keyword: \(word)"
        case .listIndex(let index): "List index is not within the allowable range; index: [\(index)]"
        case .undefinedName(let name):
            "An expression attribute name used in the document path is not defined; attribute name: \(name)"
        case .undefinedValue(let value):
            "An expression attribute value used in expression is not defined; attribute value: \(value)"
        case .pathTooDeep(let levels):
            "The document path has too many nesting levels; nesting levels: \(levels)"
        case .repeatedSection(let section):
            "The \"\(section)\" section can only be used once in an update expression;"
        case .overlap(let first, let second): pathsText("overlap", first, second)
        case .conflict(let first, let second): pathsText("conflict", first, second)
        case .operand(let fault): fault.text
        }
    }

    private func pathsText(_ relation: String, _ first: DocumentPath, _ second: DocumentPath) -> String {
        "Two document paths \(relation) with each other; must remove or rewrite one of these paths; "
            + "path one: \(first), path two: \(second)"
    }
}
