import AttributeModel
import Bytes

/// Parses update expressions (reference `data-plane.md` 5.2).
///
/// Order of the faults (5.3): redundant parentheses, reserved word, unknown function, misused function, repeated section, undefined name,
/// undefined value, overlap, conflict, ADD or DELETE operand, operands of functions.
struct UpdateParser {
    struct Parsed {
        let actions: [UpdateAction]
        let steppedNames: [Text]
    }

    private var reader: ExpressionReader
    private var actions: [UpdateAction] = []
    private var sections: Set<ExpressionToken.Kind> = []

    private var checks = UpdateChecks()
    private var sectionFault: ExpressionFault?
    private var actionOperandFault: OperandFault?

    static func parse(
        _ text: String, placeholders: inout ExpressionPlaceholders
    ) throws(ExpressionError) -> Parsed {
        do throws(ExpressionFault) {
            var parser = UpdateParser(
                reader: try ExpressionReader(text, kind: .update, placeholders: placeholders))
            try parser.parseSections()
            if let fault = parser.firstFault { throw fault }
            placeholders.markUsed(names: parser.reader.usedNames, values: parser.reader.usedValues)
            return Parsed(actions: parser.actions, steppedNames: parser.reader.steppedRootNames)
        } catch {
            throw ExpressionError(.update, error)
        }
    }

    private init(reader: ExpressionReader) {
        self.reader = reader
    }

    private var firstFault: ExpressionFault? {
        let earlyFault = checks.parenthesesFault ?? reader.wordFault ?? checks.functionFault ?? sectionFault
        if let fault = earlyFault ?? reader.nameFault ?? reader.valueFault { return fault }
        let collisions = PathCollisions(among: actions.map(\.path))
        let operandFault = actionOperandFault ?? checks.operandFault
        return collisions.overlap ?? collisions.conflict ?? operandFault.map { .operand($0) }
    }
}

// MARK: Sections

extension UpdateParser {
    private mutating func parseSections() throws(ExpressionFault) {
        repeat {
            let section = reader.current
            switch section {
            case .set: try parseSection("SET") { (parser) throws(ExpressionFault) in try parser.parseAssignment() }
            case .remove: try parseSection("REMOVE") { (parser) throws(ExpressionFault) in try parser.parseRemoval() }
            case .add: try parseSection("ADD") { (parser) throws(ExpressionFault) in try parser.parseAddition() }
            case .delete: try parseSection("DELETE") { (parser) throws(ExpressionFault) in try parser.parseDeletion() }
            default: throw reader.syntaxFault
            }
        } while reader.current != .end
    }

    /// Reads `keyword action {',' action}`.
    private mutating func parseSection(
        _ name: String, action: (inout UpdateParser) throws(ExpressionFault) -> UpdateAction
    ) throws(ExpressionFault) {
        if !sections.insert(reader.current).inserted { sectionFault = sectionFault ?? .repeatedSection(name) }
        repeat {
            reader.advance()
            actions.append(try action(&self))
        } while reader.current == .comma
    }

    private mutating func parseAssignment() throws(ExpressionFault) -> UpdateAction {
        let path = try reader.readPath()
        try reader.expect(.equal)
        return UpdateAction(path: path, operation: .set(try parseValue()))
    }

    private mutating func parseRemoval() throws(ExpressionFault) -> UpdateAction {
        UpdateAction(path: try reader.readPath(), operation: .remove)
    }

    private mutating func parseAddition() throws(ExpressionFault) -> UpdateAction {
        let path = try reader.readPath()
        let value = try parseActionOperand("ADD", allowed: [.number, .stringSet, .numberSet, .binarySet])
        return UpdateAction(path: path, operation: .add(value))
    }

    private mutating func parseDeletion() throws(ExpressionFault) -> UpdateAction {
        let path = try reader.readPath()
        let value = try parseActionOperand("DELETE", allowed: [.stringSet, .numberSet, .binarySet])
        return UpdateAction(path: path, operation: .delete(value))
    }

    private mutating func parseActionOperand(
        _ name: String, allowed: [AttributeType]
    ) throws(ExpressionFault) -> AttributeValue {
        guard let value = try reader.readValue() else { return .null }
        if !allowed.contains(value.type) {
            actionOperandFault = actionOperandFault ?? .updateType(operator: name, type: value.type)
        }
        return value
    }
}

// MARK: Values

extension UpdateParser {
    /// Reads `op | op '+' op | op '-' op | '(' value ')'`.
    private mutating func parseValue() throws(ExpressionFault) -> UpdateOperand {
        var parentheses = OpenParentheses()
        while reader.accept(.openParenthesis) { parentheses.count += 1 }
        var value = try reader.readOperand(&checks)
        close(&parentheses)
        let isSum = reader.current == .plus
        if isSum || reader.current == .minus {
            try reader.countOperator()
            reader.advance()
            let right = try reader.readOperand(&checks)
            value = isSum ? checks.sum(value, right) : checks.difference(value, right)
            parentheses.isJustClosed = false
            close(&parentheses)
        }
        if parentheses.count > 0 { throw reader.syntaxFault }
        return value
    }

    /// The pairs around a value, or around its first operand, that are not closed yet.
    private struct OpenParentheses {
        var count = 0
        /// Whether the last thing read was the end of a pair.
        var isJustClosed = false
    }

    private mutating func close(_ parentheses: inout OpenParentheses) {
        while parentheses.count > 0, reader.accept(.closeParenthesis) {
            if parentheses.isJustClosed { checks.recordRedundantParentheses() }
            parentheses.count -= 1
            parentheses.isJustClosed = true
        }
    }
}
