import AttributeModel
import Bytes

/// What a grammar makes of the operands that it reads; it keeps the faults that only count when the whole text is well-formed.
protocol OperandBuilder {
    associatedtype Operand

    mutating func operand(_ path: DocumentPath) -> Operand
    /// - Parameter value: nil when the request does not define the placeholder; the reader has recorded that.
    mutating func operand(_ value: AttributeValue?) -> Operand
    mutating func call(_ name: String, _ arguments: [Operand]) -> Operand
    mutating func recordRedundantParentheses()
}

/// What surrounds the operand that is being read.
private enum OperandFrame<Operand> {
    case parentheses
    case call(name: String, arguments: [Operand])
}

extension ExpressionReader {
    /// Reads `path | :v | name '(' operand {',' operand} ')' | '(' operand ')'`. Keeps what is open in a list of its own, so that no text
    /// nests too deep for the stack.
    mutating func readOperand<Builder: OperandBuilder>(
        _ builder: inout Builder
    ) throws(ExpressionFault) -> Builder.Operand {
        var open: [OperandFrame<Builder.Operand>] = []
        while true {
            if accept(.openParenthesis) {
                if case .parentheses = open.last { builder.recordRedundantParentheses() }
                open.append(.parentheses)
                continue
            }
            if isAtCall {
                open.append(.call(name: takeText(), arguments: []))
                advance()
                continue
            }
            let operand =
                current == .valuePlaceholder
                ? builder.operand(try readValue()) : builder.operand(try readPath())
            if let whole = try close(&open, around: operand, &builder) { return whole }
        }
    }

    /// Closes what ends behind an operand.
    /// - Returns: the whole operand, nil when a function has more arguments to read.
    private mutating func close<Builder: OperandBuilder>(
        _ open: inout [OperandFrame<Builder.Operand>], around operand: Builder.Operand, _ builder: inout Builder
    ) throws(ExpressionFault) -> Builder.Operand? {
        var operand = operand
        while let frame = open.popLast() {
            if case .call(let name, var arguments) = frame {
                arguments.append(operand)
                if accept(.comma) {
                    open.append(.call(name: name, arguments: arguments))
                    return nil
                }
                try expect(.closeParenthesis)
                operand = builder.call(name, arguments)
            } else {
                try expect(.closeParenthesis)
            }
        }
        return operand
    }
}
