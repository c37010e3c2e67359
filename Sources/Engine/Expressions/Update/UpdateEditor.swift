import AttributeModel
import Bytes

/// Applies the actions of one update to the values of one item (reference `data-plane.md` 5.5).
struct UpdateEditor {
    let actions: [UpdateAction]
    /// The right-hand sides, by action.
    let assigned: [AttributeValue?]
    /// Whether there was no item: then REMOVE and DELETE ignore missing parents.
    let isNewItem: Bool
    let typeMismatch: UpdateError

    /// The value that stands where `existing` stood, nil when it is gone.
    func edit(_ existing: AttributeValue?, _ node: PathTree.Node) throws(UpdateError) -> AttributeValue? {
        switch (node, existing) {
        case (.leaf(let position), _): return try perform(position, on: existing)
        case (.map(let branches), .map(let map)): return .map(try edit(map, branches))
        case (.list(let elements), .list(let values)): return .list(try edit(values, elements))
        default:
            if isNewItem, onlyTakesAway(node) { return existing }
            throw .invalidPath
        }
    }

    private func edit(_ map: AttributeMap, _ branches: [PathTree.Branch]) throws(UpdateError) -> AttributeMap {
        var map = map
        for branch in branches { map[branch.name] = try edit(map[branch.name], branch.node) }
        return map
    }

    /// All positions are those of the old list: elements move up only after the last edit, and what lies beyond the end is appended in
    /// order of the positions.
    private func edit(_ values: [AttributeValue], _ elements: [PathTree.Element]) throws(UpdateError)
        -> [AttributeValue]
    {
        var edited: [AttributeValue] = []
        edited.reserveCapacity(values.count + elements.count)
        var next = 0
        for element in elements {
            let end = min(element.index, values.count)
            edited.append(contentsOf: values[next..<end])
            let isInside = element.index < values.count
            if let value = try edit(isInside ? values[element.index] : nil, element.node) { edited.append(value) }
            next = isInside ? element.index + 1 : end
        }
        edited.append(contentsOf: values[next...])
        return edited
    }

    private func onlyTakesAway(_ node: PathTree.Node) -> Bool {
        switch node {
        case .leaf(let position): actions[position].onlyTakesAway
        case .map(let branches): branches.allSatisfy { onlyTakesAway($0.node) }
        case .list(let elements): elements.allSatisfy { onlyTakesAway($0.node) }
        }
    }

    private func perform(_ position: Int, on existing: AttributeValue?) throws(UpdateError) -> AttributeValue? {
        switch actions[position].operation {
        case .set: return assigned[position]
        case .remove: return nil
        case .add(let addend): return try add(addend, to: existing)
        case .delete(let members): return try delete(members, from: existing)
        }
    }

    private func add(_ addend: AttributeValue, to existing: AttributeValue?) throws(UpdateError) -> AttributeValue {
        guard let existing else { return addend }
        switch (existing, addend) {
        case (.number(let left), .number(let right)):
            do throws(NumberError) {
                return .number(try left.adding(right))
            } catch {
                throw UpdateError(error)
            }
        case (.stringSet(let left), .stringSet(let right)):
            return .stringSet(union(left, right) { $0 < $1 })
        case (.numberSet(let left), .numberSet(let right)):
            return .numberSet(union(left, right) { $0 < $1 })
        case (.binarySet(let left), .binarySet(let right)):
            return .binarySet(union(left, right) { $0.precedes($1) })
        case (.list(let head), .list(let tail)): return .list(head + tail)
        default: throw typeMismatch
        }
    }

    private func delete(_ members: AttributeValue, from existing: AttributeValue?) throws(UpdateError)
        -> AttributeValue?
    {
        guard let existing else { return nil }
        switch (existing, members) {
        case (.stringSet(let left), .stringSet(let right)): return difference(left, right).map { .stringSet($0) }
        case (.numberSet(let left), .numberSet(let right)): return difference(left, right).map { .numberSet($0) }
        case (.binarySet(let left), .binarySet(let right)): return difference(left, right).map { .binarySet($0) }
        default: throw typeMismatch
        }
    }
}

private func union<Member: Hashable>(
    _ left: [Member], _ right: [Member], by areInOrder: (Member, Member) -> Bool
) -> [Member] {
    let known = Set(left)
    return (left + right.filter { !known.contains($0) }).sorted(by: areInOrder)
}

/// Nil when no member is left: there are no empty sets.
private func difference<Member: Hashable>(_ left: [Member], _ right: [Member]) -> [Member]? {
    let removed = Set(right)
    let rest = left.filter { !removed.contains($0) }
    return rest.isEmpty ? nil : rest
}
