import AttributeModel
import Bytes

/// Parses conditions, filters and key conditions: one grammar for all three (reference `data-plane.md` 5.2).
///
/// `(` opens a condition or an operand, and only what follows shows which: so both are read alike, and the token behind an operand decides
/// what it is. Open parentheses are kept in a list, so that no text nests too deep for the stack.
struct ConditionParser {
    struct Parsed {
        let root: ConditionNode
        let names: [Text]
        let steppedNames: [Text]
    }

    private var reader: ExpressionReader
    private var checks = ConditionChecks()
    /// What surrounds the innermost open condition.
    private var enclosing: [OpenCondition] = []
    private var innermost = OpenCondition()

    static func parse(
        _ text: String, kind: ExpressionKind, placeholders: inout ExpressionPlaceholders
    ) throws(ExpressionError) -> Parsed {
        do throws(ExpressionFault) {
            var parser = ConditionParser(
                reader: try ExpressionReader(text, kind: kind, placeholders: placeholders))
            let root = try parser.parseWhole()
            if let fault = parser.checks.firstFault(wordFault: parser.reader.wordFault) { throw fault }
            placeholders.markUsed(names: parser.reader.usedNames, values: parser.reader.usedValues)
            return Parsed(
                root: root, names: parser.reader.rootNames, steppedNames: parser.reader.steppedRootNames)
        } catch {
            throw ExpressionError(kind, error)
        }
    }

    private init(reader: ExpressionReader) {
        self.reader = reader
    }
}

/// A condition, or an operand that may still become one.
private struct Piece {
    enum Content {
        case condition(ConditionNode)
        case operand(ParsedOperand)
    }

    let content: Content
    var isParenthesized = false
}

/// The whole text or what follows a `(`: conditions joined by OR, each of them conditions joined by AND.
private struct OpenCondition {
    private var alternatives: [ConditionNode] = []
    private var conjunction: [ConditionNode] = []
    /// NOTs before the next condition.
    var negations = 0
    /// Whether there is nothing but one condition in parentheses.
    private var isOneParenthesis = false

    /// Whether nothing was read yet, so that this may turn out to hold an operand alone.
    var isEmpty: Bool { alternatives.isEmpty && conjunction.isEmpty && negations == 0 }

    mutating func append(_ node: ConditionNode, isParenthesized: Bool) {
        isOneParenthesis = isParenthesized && isEmpty
        conjunction.append((0..<negations).reduce(node) { negated, _ in .not(negated) })
        negations = 0
    }

    mutating func endAlternative() {
        alternatives.append(conjunction.count == 1 ? conjunction[0] : .all(conjunction))
        conjunction = []
    }

    mutating func close() -> Piece {
        endAlternative()
        let node = alternatives.count == 1 ? alternatives[0] : .any(alternatives)
        return Piece(content: .condition(node), isParenthesized: isOneParenthesis)
    }
}

// MARK: Conditions

extension ConditionParser {
    private mutating func parseWhole() throws(ExpressionFault) -> ConditionNode {
        while true {
            guard let unit = try parseUnit() else { continue }
            if let whole = try parseTail(behind: unit) { return whole }
        }
    }

    /// Reads an operand; or, without a result, a NOT or `(` before one.
    private mutating func parseUnit() throws(ExpressionFault) -> Piece? {
        if reader.accept(.not) {
            try reader.countOperator()
            innermost.negations += 1
            return nil
        }
        if reader.accept(.openParenthesis) {
            enclosing.append(innermost)
            innermost = OpenCondition()
            return nil
        }
        return Piece(content: .operand(try parseOperand()))
    }

    /// Completes the condition that begins with `unit`, closes the parentheses that end behind it, and reads the AND or OR that follows.
    /// - Returns: the root at the end of the text, nil when another condition must follow.
    private mutating func parseTail(behind unit: Piece) throws(ExpressionFault) -> ConditionNode? {
        var unit = unit
        while true {
            if let closed = closeAroundOperand(unit) {
                unit = closed
                continue
            }
            if case .operand(let operand) = unit.content, let node = try parseComparison(of: operand) {
                innermost.append(node, isParenthesized: false)
            } else {
                innermost.append(try condition(unit), isParenthesized: unit.isParenthesized)
            }
            switch reader.current {
            case .and:
                try takeOperator()
                return nil
            case .or:
                try takeOperator()
                innermost.endAlternative()
                return nil
            case .closeParenthesis where !enclosing.isEmpty: unit = closeParenthesis(around: innermost.close())
            case .end where enclosing.isEmpty: return try condition(innermost.close())
            default: throw reader.syntaxFault
            }
        }
    }

    /// Closes parentheses that hold an operand and nothing else; nil when `unit` is no such operand.
    private mutating func closeAroundOperand(_ unit: Piece) -> Piece? {
        guard case .operand = unit.content, innermost.isEmpty, !enclosing.isEmpty,
            reader.current == .closeParenthesis
        else { return nil }
        return closeParenthesis(around: unit)
    }

    private mutating func closeParenthesis(around piece: Piece) -> Piece {
        reader.advance()
        innermost = enclosing.removeLast()
        if piece.isParenthesized { checks.recordRedundantParentheses() }
        return Piece(content: piece.content, isParenthesized: true)
    }

    /// The piece as a condition of its own; of the operands only functions can be one.
    private mutating func condition(_ piece: Piece) throws(ExpressionFault) -> ConditionNode {
        switch piece.content {
        case .condition(let node): return node
        case .operand(.call(let call)):
            let node = checks.condition(call)
            checks.endPrimitive(reader.takeReferenceFault())
            return node
        case .operand: throw reader.syntaxFault
        }
    }
}

// MARK: Primitives

extension ConditionParser {
    /// Reads what follows the first operand of a comparison, BETWEEN or IN; nil when none of these follows.
    private mutating func parseComparison(of first: ParsedOperand) throws(ExpressionFault) -> ConditionNode? {
        let node: ConditionNode
        if let comparator = Comparator(reader.current) {
            try takeOperator()
            node = checks.comparison(comparator, first, try parseOperand())
        } else if reader.current == .between {
            try takeOperator()
            let lower = try parseOperand()
            try reader.expect(.and)
            node = checks.between(first, lower, try parseOperand())
        } else if reader.current == .in {
            try takeOperator()
            node = checks.isIn(first, try parseCandidates())
        } else {
            return nil
        }
        checks.endPrimitive(reader.takeReferenceFault())
        return node
    }

    /// Reads `'(' operand {',' operand} ')'`.
    private mutating func parseCandidates() throws(ExpressionFault) -> [ParsedOperand] {
        try reader.expect(.openParenthesis)
        var candidates = [try parseOperand()]
        while reader.accept(.comma) { candidates.append(try parseOperand()) }
        try reader.expect(.closeParenthesis)
        return candidates
    }

    private mutating func parseOperand() throws(ExpressionFault) -> ParsedOperand {
        try reader.readOperand(&checks)
    }

    private mutating func takeOperator() throws(ExpressionFault) {
        try reader.countOperator()
        reader.advance()
    }
}
