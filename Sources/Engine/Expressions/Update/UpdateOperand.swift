import AttributeModel

/// The right-hand side of an assignment; reads the item as it was before the update.
indirect enum UpdateOperand: Sendable {
    case literal(AttributeValue)
    case path(DocumentPath)
    case ifNotExists(DocumentPath, UpdateOperand)
    case listAppend(UpdateOperand, UpdateOperand)
    case sum(UpdateOperand, UpdateOperand)
    case difference(UpdateOperand, UpdateOperand)

    var staticType: AttributeType? {
        switch self {
        case .literal(let value): value.type
        case .path: nil
        case .ifNotExists(_, let fallback): fallback.staticType
        case .listAppend: .list
        case .sum, .difference: .number
        }
    }

    func value(in old: AttributeMap) throws(UpdateError) -> AttributeValue {
        switch self {
        case .literal(let value): return value
        case .path(let path):
            guard let value = path.value(in: old) else { throw .missingAttribute }
            return value
        case .ifNotExists(let path, let fallback):
            if let value = path.value(in: old) { return value }
            return try fallback.value(in: old)
        case .listAppend(let first, let second):
            guard case .list(let head) = try first.value(in: old), case .list(let tail) = try second.value(in: old)
            else { throw .wrongType }
            return .list(head + tail)
        case .sum(let left, let right):
            return try Self.calculate(try left.value(in: old), try right.value(in: old)) {
                (left, right) throws(NumberError) in try left.adding(right)
            }
        case .difference(let left, let right):
            return try Self.calculate(try left.value(in: old), try right.value(in: old)) {
                (left, right) throws(NumberError) in try left.subtracting(right)
            }
        }
    }

    private static func calculate(
        _ left: AttributeValue, _ right: AttributeValue,
        _ operation: (DecimalNumber, DecimalNumber) throws(NumberError) -> DecimalNumber
    ) throws(UpdateError) -> AttributeValue {
        guard case .number(let left) = left, case .number(let right) = right else { throw .wrongType }
        do throws(NumberError) {
            return .number(try operation(left, right))
        } catch {
            throw UpdateError(error)
        }
    }
}
