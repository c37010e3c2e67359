import Foundation
import JSONBytes

/// JSON as a tree, in the order of its text, repeated keys included.
indirect enum Tree: Equatable {
    case object([Member])
    case array([Tree])
    case string(String)
    case number(String)
    case boolean(Bool)
    case null

    struct Member: Equatable {
        let name: String
        let value: Tree
    }

    init(_ text: String) throws {
        let document = try JSONDocument(parsing: Array(text.utf8))
        self.init(document, document.root)
    }

    private init(_ document: JSONDocument, _ node: JSONDocument.Node) {
        switch document.kind(node) {
        case .object:
            var members: [Member] = []
            document.forEachMember(of: node) {
                members.append(Member(name: document.string($0), value: Tree(document, $1)))
            }
            self = .object(members)
        case .array:
            var elements: [Tree] = []
            document.forEachElement(of: node) { elements.append(Tree(document, $0)) }
            self = .array(elements)
        case .string: self = .string(document.string(node))
        case .number: self = .number(document.withRawBytes(of: node) { String(decoding: $0, as: UTF8.self) })
        case .booleanTrue: self = .boolean(true)
        case .booleanFalse: self = .boolean(false)
        case .null: self = .null
        }
    }

    func member(_ name: String) -> Tree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}

/// The meaning of patterns written down as directly as possible, straight from the JSON of a valid pattern: every leaf of the event as
/// a path with its array places, every choice of leaves tried. Slow, and without a line in common with the compiled matcher.
struct NaiveMatcher {
    private typealias Fields = [String: [Tree]]

    private struct Leaf {
        let path: String
        let value: Tree
        /// Which element of which array, by the array's number.
        let places: [Int: Int]
    }

    private let alternatives: [Fields]

    init(_ pattern: Tree) {
        var combinations: [Fields] = [[:]]
        Self.read(pattern, "", &combinations)
        alternatives = combinations
    }

    func matches(_ event: Tree) -> Bool {
        var leaves: [Leaf] = []
        var arrays = 0
        Self.flatten(event, nil, [:], &leaves, &arrays)
        return alternatives.contains { fields in
            let paths = fields.keys.sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }
            return Self.holds(paths[...], fields, leaves, [:])
        }
    }

    private static func join(_ path: String?, _ name: String) -> String { path.map { $0 + "." + name } ?? name }

    private static func read(_ object: Tree, _ prefix: String, _ combinations: inout [Fields]) {
        guard case .object(let members) = object else { return }
        for member in members {
            if member.name == "$or", case .array(let choices) = member.value {
                combinations = choices.flatMap { choice in
                    var forked = combinations
                    read(choice, prefix, &forked)
                    return forked
                }
            } else if case .array(let values) = member.value {
                for index in combinations.indices { combinations[index][prefix + member.name] = values }
            } else {
                read(member.value, prefix + member.name + ".", &combinations)
            }
        }
    }

    private static func flatten(
        _ tree: Tree, _ path: String?, _ places: [Int: Int], _ leaves: inout [Leaf], _ arrays: inout Int
    ) {
        switch tree {
        case .object(let members):
            for member in members { flatten(member.value, join(path, member.name), places, &leaves, &arrays) }
        case .array(let elements):
            arrays += 1
            let number = arrays
            for (index, element) in elements.enumerated() {
                var inner = places
                switch element {
                case .object, .array: inner[number] = index
                default: break
                }
                flatten(element, path, inner, &leaves, &arrays)
            }
        default: leaves.append(Leaf(path: path ?? "", value: tree, places: places))
        }
    }

    /// Whether the fields from here on can choose leaves that go together with the chosen places.
    private static func holds(
        _ paths: ArraySlice<String>, _ fields: Fields, _ leaves: [Leaf], _ chosen: [Int: Int]
    ) -> Bool {
        guard let path = paths.first else { return true }
        let values = fields[path] ?? []
        let possible = leaves.filter { leaf in
            leaf.path == path && leaf.places.allSatisfy { chosen[$0.key] == nil || chosen[$0.key] == $0.value }
        }
        if possible.isEmpty {
            let absence = values.contains { $0.member("exists") == .boolean(false) }
            return absence && holds(paths.dropFirst(), fields, leaves, chosen)
        }
        return possible.contains { leaf in
            values.contains { NaiveLeafTest.accepts($0, leaf.value) }
                && holds(paths.dropFirst(), fields, leaves, chosen.merging(leaf.places) { $1 })
        }
    }
}

/// Whether one value of a pattern's field accepts a leaf.
enum NaiveLeafTest {
    static func accepts(_ matcher: Tree, _ leaf: Tree) -> Bool {
        switch matcher {
        case .object(let members): return accepts(members[0].name, members[0].value, leaf)
        case .string(let text):
            if case .string(let value) = leaf, let address = address(text) {
                return NaiveLeafTest.address(value) == address
            }
            return leaf.isString { $0.utf8.elementsEqual(text.utf8) }
        case .number(let text):
            guard case .number(let value) = leaf else { return false }
            return value == text || comparable(text) != nil && comparable(text) == comparable(value)
        default: return matcher == leaf
        }
    }

    private static func accepts(_ name: String, _ argument: Tree, _ leaf: Tree) -> Bool {
        switch name {
        case "exists": return argument == .boolean(true)
        case "anything-but":
            switch argument {
            case .array(let refused): return !refused.contains { isEqual($0, leaf) }
            case .object(let members):
                let refused: [Tree]
                if case .array(let list) = members[0].value { refused = list } else { refused = [members[0].value] }
                return !refused.contains { accepts(members[0].name, $0, leaf) }
            default: return !isEqual(argument, leaf)
            }
        case "numeric":
            guard case .array(let parts) = argument, case .number(let text) = leaf, let value = comparable(text)
            else { return false }
            return stride(from: 0, to: parts.count, by: 2).allSatisfy { compare(value, parts[$0], parts[$0 + 1]) }
        case "cidr":
            guard case .string(let block) = argument, case .string(let text) = leaf else { return false }
            return isInBlock(text, block)
        default: return leaf.isString { acceptsString(name, argument, Array($0.unicodeScalars)) }
        }
    }

    private static func acceptsString(_ name: String, _ argument: Tree, _ value: [Unicode.Scalar]) -> Bool {
        if let folded = argument.member("equals-ignore-case"), case .string(let text) = folded {
            let scalars = Array(text.unicodeScalars)
            let ends = value.indices.map { $0 } + [value.count]
            return ends.contains { end in
                name == "prefix" ? isSame(scalars[...], value[..<end]) : isSame(scalars[...], value[end...])
            }
        }
        guard case .string(let text) = argument else { return false }
        let scalars = Array(text.unicodeScalars)
        switch name {
        case "exactly": return value == scalars
        case "prefix": return value.starts(with: scalars)
        case "suffix": return value.reversed().starts(with: scalars.reversed())
        case "equals-ignore-case": return isSame(scalars[...], value[...])
        case "wildcard": return isLike(scalars[...], value[...])
        default: return false
        }
    }

    private static func isEqual(_ refused: Tree, _ leaf: Tree) -> Bool {
        switch (refused, leaf) {
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.number(let left), .number(let right)): comparable(left) == comparable(right) && comparable(left) != nil
        default: false
        }
    }

    /// Each character in its lower or upper case.
    private static func isSame(_ text: ArraySlice<Unicode.Scalar>, _ value: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = text.first else { return value.isEmpty }
        return [first.properties.lowercaseMapping, first.properties.uppercaseMapping].contains { form in
            value.starts(with: form.unicodeScalars)
                && isSame(text.dropFirst(), value.dropFirst(form.unicodeScalars.count))
        }
    }

    private static func isLike(_ pattern: ArraySlice<Unicode.Scalar>, _ value: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return value.isEmpty }
        if first == "*" {
            return isLike(pattern.dropFirst(), value) || !value.isEmpty && isLike(pattern, value.dropFirst())
        }
        let rest = first == "\\" ? pattern.dropFirst() : pattern
        return value.first == rest.first && isLike(rest.dropFirst(), value.dropFirst())
    }

    // MARK: numbers and addresses

    private static func comparable(_ text: String) -> Double? {
        guard let value = Double(text), value.isFinite, let exact = Decimal(string: text),
            let shortest = Decimal(string: "\(value)")
        else { return nil }
        return exact == shortest ? value : nil
    }

    private static func compare(_ value: Double, _ comparison: Tree, _ bound: Tree) -> Bool {
        guard case .string(let comparison) = comparison, case .number(let text) = bound, let bound = Double(text)
        else { return false }
        switch comparison {
        case "<": return value < bound
        case "<=": return value <= bound
        case ">": return value > bound
        case ">=": return value >= bound
        default: return value == bound
        }
    }

    /// The bytes of an address by the C library.
    private static func address(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }

    private static func isInBlock(_ text: String, _ block: String) -> Bool {
        let parts = block.split(separator: "/")
        guard let bits = Int(parts[1]), let first = address(String(parts[0])), let value = address(text),
            first.count == value.count
        else { return false }
        var last = first
        for bit in bits..<(8 * last.count) { last[bit / 8] |= 0x80 >> UInt8(bit % 8) }
        return !value.lexicographicallyPrecedes(first) && !last.lexicographicallyPrecedes(value)
    }
}

extension Tree {
    fileprivate func isString(_ condition: (String) -> Bool) -> Bool {
        guard case .string(let text) = self else { return false }
        return condition(text)
    }
}
