import AttributeModel
import Bytes

/// Builds the primitives of a condition and keeps their faults until it is known which one AWS reports.
///
/// Order (reference `data-plane.md` 5.3): redundant parentheses, unknown function, misused function, reserved word; then the first
/// primitive with a fault, and of that one: undefined name or value, number of operands, equal operands, operand types. A refused
/// primitive becomes a condition without meaning, since its fault is reported before anyone evaluates it.
struct ConditionChecks {
    private var parenthesesFault: ExpressionFault?
    private var functionFault: ExpressionFault?
    private var misuseFault: ExpressionFault?
    private var primitiveFault: ExpressionFault?

    // Of the primitive that is being parsed.
    private var countFault: OperandFault?
    private var distinctFault: OperandFault?
    private var typeFault: OperandFault?

    private static let refused = ConditionNode.all([])

    func firstFault(wordFault: ExpressionFault?) -> ExpressionFault? {
        parenthesesFault ?? functionFault ?? misuseFault ?? wordFault ?? primitiveFault
    }

    mutating func endPrimitive(_ referenceFault: ExpressionFault?) {
        let operandFault = countFault ?? distinctFault ?? typeFault
        primitiveFault = primitiveFault ?? referenceFault ?? operandFault.map { .operand($0) }
        countFault = nil
        distinctFault = nil
        typeFault = nil
    }

    private mutating func recordMisuse(_ name: String) {
        misuseFault = misuseFault ?? .operand(.misusedFunction(name))
    }
}

// MARK: Operands and functions

extension ConditionChecks: OperandBuilder {
    mutating func recordRedundantParentheses() {
        parenthesesFault = .redundantParentheses
    }

    func operand(_ path: DocumentPath) -> ParsedOperand { .operand(.path(path)) }

    func operand(_ value: AttributeValue?) -> ParsedOperand { value.map { .operand(.literal($0)) } ?? .undefined }

    /// A function that stands where a condition must stand.
    mutating func condition(_ call: ParsedCall) -> ConditionNode {
        switch call.meaning {
        case .condition(let node): return node
        case .operand: recordMisuse(call.name)
        case .refused: break
        }
        return Self.refused
    }

    /// The operand, nil when it is refused.
    private mutating func conditionOperand(_ parsed: ParsedOperand) -> ConditionOperand? {
        switch parsed {
        case .operand(let operand): return operand
        case .undefined: return nil
        case .call(let call):
            switch call.meaning {
            case .operand(let operand): return operand
            case .condition: recordMisuse(call.name)
            case .refused: break
            }
            return nil
        }
    }

    mutating func call(_ name: String, _ arguments: [ParsedOperand]) -> ParsedOperand {
        .call(ParsedCall(name: name, meaning: meaning(of: name, arguments)))
    }

    private mutating func meaning(of name: String, _ arguments: [ParsedOperand]) -> ParsedCall.Meaning {
        var operands: [ConditionOperand?] = []
        for argument in arguments { operands.append(conditionOperand(argument)) }
        guard let function = ExpressionFunction(rawValue: name) else {
            functionFault = functionFault ?? .operand(.unknownFunction(name))
            return .refused
        }
        guard !function.isForUpdates else {
            recordMisuse(name)
            return .refused
        }
        guard operands.count == function.operandCount else {
            countFault = countFault ?? .count(function: name, count: operands.count)
            return .refused
        }
        checkDistinct(name, operands)
        return meaning(of: function, operands)
    }

    /// - Parameter operands: as many as the function has.
    private mutating func meaning(
        of function: ExpressionFunction, _ operands: [ConditionOperand?]
    ) -> ParsedCall.Meaning {
        guard let first = operands[0] else { return .refused }
        switch function {
        case .attributeExists, .attributeNotExists:
            guard case .path(let path) = first else {
                typeFault = typeFault ?? .pathRequired(function: function.rawValue)
                return .refused
            }
            return .condition(function == .attributeExists ? .exists(path) : .notExists(path))
        case .size:
            let isSized = checkType(of: first, function.rawValue) { $0 != .number && $0 != .boolean && $0 != .null }
            return isSized ? .operand(.size(first)) : .refused
        case .attributeType:
            guard let type = attributeType(operands[1]) else { return .refused }
            return .condition(.hasType(first, type))
        case .beginsWith:
            checkType(of: first, function.rawValue) { $0 == .string || $0 == .binary }
            guard let prefix = operands[1] else { return .refused }
            checkType(of: prefix, function.rawValue) { $0 == .string || $0 == .binary }
            return .condition(.beginsWith(first, prefix: prefix))
        case .contains:
            guard let member = operands[1] else { return .refused }
            return .condition(.contains(first, member))
        case .ifNotExists, .listAppend: return .refused
        }
    }

    /// The second operand of `attribute_type`: a literal string that names a type.
    private mutating func attributeType(_ operand: ConditionOperand?) -> AttributeType? {
        guard let operand else { return nil }
        guard case .literal(.string(let name)) = operand else {
            let anyType = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
            let type = operand.staticType?.rawValue ?? anyType
            typeFault = typeFault ?? .type(operator: ExpressionFunction.attributeType.rawValue, type: type)
            return nil
        }
        guard let type = AttributeType(rawValue: name.description) else {
            typeFault = typeFault ?? .attributeTypeName(name)
            return nil
        }
        return type
    }
}

// MARK: Operators

extension ConditionChecks {
    mutating func comparison(
        _ comparator: Comparator, _ left: ParsedOperand, _ right: ParsedOperand
    ) -> ConditionNode {
        let left = conditionOperand(left)
        let right = conditionOperand(right)
        checkDistinct(comparator.rawValue, [left, right])
        if comparator.isOrdering {
            for operand in [left, right] { checkType(of: operand, comparator.rawValue) { $0.isOrdered } }
        }
        guard let left, let right else { return Self.refused }
        return .comparison(comparator, left, right)
    }

    mutating func between(_ value: ParsedOperand, _ lower: ParsedOperand, _ upper: ParsedOperand) -> ConditionNode {
        let value = conditionOperand(value)
        let lower = conditionOperand(lower)
        let upper = conditionOperand(upper)
        checkDistinct("BETWEEN", [value, lower, upper])
        for operand in [value, lower, upper] { checkType(of: operand, "BETWEEN") { $0.isOrdered } }
        if case .literal(let lower) = lower, case .literal(let upper) = upper { checkBounds(lower, upper) }
        guard let value, let lower, let upper else { return Self.refused }
        return .between(value, lower: lower, upper: upper)
    }

    private mutating func checkBounds(_ lower: AttributeValue, _ upper: AttributeValue) {
        if lower.type != upper.type {
            typeFault = typeFault ?? .betweenTypes(lower: lower, upper: upper)
        } else if let order = lower.order(to: upper), order > 0 {
            typeFault = typeFault ?? .betweenOrder(lower: lower, upper: upper)
        }
    }

    mutating func isIn(_ value: ParsedOperand, _ candidates: [ParsedOperand]) -> ConditionNode {
        let value = conditionOperand(value)
        var operands: [ConditionOperand?] = []
        for candidate in candidates { operands.append(conditionOperand(candidate)) }
        if operands.count > ExpressionLimits.inOperandsMax {
            countFault = countFault ?? .tooManyInOperands(count: operands.count)
        }
        checkDistinct("IN", [value] + operands)
        guard let value else { return Self.refused }
        return .isIn(value, operands.compactMap { $0 })
    }

    /// The first operand may not be the same path as one of the others.
    private mutating func checkDistinct(_ name: String, _ operands: [ConditionOperand?]) {
        guard case .path(let first) = operands.first ?? nil else { return }
        for case .path(let other) in operands.dropFirst() where other == first {
            distinctFault = distinctFault ?? .notDistinct(operator: name, path: first)
        }
    }

    /// - Returns: whether the type is allowed or not known.
    @discardableResult
    private mutating func checkType(
        of operand: ConditionOperand?, _ name: String, isAllowed: (AttributeType) -> Bool
    ) -> Bool {
        guard let type = operand?.staticType, !isAllowed(type) else { return true }
        typeFault = typeFault ?? .type(operator: name, type: type.rawValue)
        return false
    }
}
