import AttributeModel
import Bytes

/// Builds the right-hand sides of assignments and keeps their faults until it is known which one AWS reports. A refused operand becomes
/// null, since its fault is reported before anyone evaluates it.
struct UpdateChecks: OperandBuilder {
    private(set) var parenthesesFault: ExpressionFault?
    private var unknownFunctionFault: OperandFault?
    private var misuseFault: OperandFault?
    /// Numbers and types of operands.
    private(set) var operandFault: OperandFault?

    private static let refused = UpdateOperand.literal(.null)

    var functionFault: ExpressionFault? {
        (unknownFunctionFault ?? misuseFault).map { .operand($0) }
    }

    mutating func recordRedundantParentheses() {
        parenthesesFault = .redundantParentheses
    }

    func operand(_ path: DocumentPath) -> UpdateOperand { .path(path) }

    func operand(_ value: AttributeValue?) -> UpdateOperand { value.map { .literal($0) } ?? Self.refused }

    mutating func call(_ name: String, _ arguments: [UpdateOperand]) -> UpdateOperand {
        guard let function = ExpressionFunction(rawValue: name) else {
            unknownFunctionFault = unknownFunctionFault ?? .unknownFunction(name)
            return Self.refused
        }
        guard function.isForUpdates else {
            misuseFault = misuseFault ?? .misusedFunction(name)
            return Self.refused
        }
        guard arguments.count == function.operandCount else {
            operandFault = operandFault ?? .count(function: name, count: arguments.count)
            return Self.refused
        }
        if function == .listAppend { return listAppend(arguments[0], arguments[1]) }
        guard case .path(let path) = arguments[0] else {
            operandFault = operandFault ?? .pathRequired(function: name)
            return Self.refused
        }
        return .ifNotExists(path, arguments[1])
    }

    private mutating func listAppend(_ first: UpdateOperand, _ second: UpdateOperand) -> UpdateOperand {
        let name = ExpressionFunction.listAppend.rawValue
        for operand in [first, second] {
            if case .listAppend = operand { misuseFault = misuseFault ?? .misusedFunction(name) }
            checkType(of: operand, .list, name)
        }
        return .listAppend(first, second)
    }

    mutating func sum(_ left: UpdateOperand, _ right: UpdateOperand) -> UpdateOperand {
        for operand in [left, right] { checkType(of: operand, .number, "+") }
        return .sum(left, right)
    }

    mutating func difference(_ left: UpdateOperand, _ right: UpdateOperand) -> UpdateOperand {
        for operand in [left, right] { checkType(of: operand, .number, "-") }
        return .difference(left, right)
    }

    /// Only literals are checked: what a function returns is seen when the update is applied.
    private mutating func checkType(of operand: UpdateOperand, _ type: AttributeType, _ name: String) {
        guard case .literal(let value) = operand, value.type != type else { return }
        operandFault = operandFault ?? .type(operator: name, type: value.type.rawValue)
    }
}
