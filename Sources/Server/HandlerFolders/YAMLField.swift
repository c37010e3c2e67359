import Yams

/// A place in a handler.yaml, with the words for what is wrong there.
struct YAMLField {
    let file: String
    /// The field's name for messages; nil for the file as a whole.
    let name: String?
    let node: Node
    private let mark: Mark?

    /// - Parameter key: what the node is the value of; a value that begins on a later line is looked for at its key.
    init(file: String, name: String?, node: Node, key: Node? = nil) {
        self.file = file
        self.name = name
        self.node = node
        let isBelowKey = node.mark?.line != key?.mark?.line
        mark = isBelowKey ? key?.mark ?? node.mark : node.mark
    }

    func error(_ reason: String) -> HandlerFileError {
        HandlerFileError(file: file, line: mark?.line, column: mark?.column, field: name, reason: reason)
    }

    /// What stands there, for a message that says what should.
    var found: String {
        switch node {
        case .scalar(let scalar) where scalar.string.isEmpty && scalar.style == .plain: "nothing"
        case .scalar(let scalar):
            scalar.style == .plain && (Double(scalar.string) != nil || YAMLScalar.isBoolean(scalar.string))
                ? scalar.string : "\"\(scalar.string.prefix(60))\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    /// One element of a list, named after it.
    func element(_ index: Int, _ node: Node) -> YAMLField {
        YAMLField(file: file, name: (name ?? "") + "[\(index)]", node: node)
    }

    /// One member of a mapping, named after it.
    func member(_ key: String, _ node: Node) -> YAMLField {
        YAMLField(file: file, name: (name ?? "") + ".\(key)", node: node)
    }

    // MARK: Values

    func text(_ what: String) throws(HandlerFileError) -> String {
        guard let scalar = node.scalar, !scalar.string.isEmpty else { throw error("must be \(what), not \(found)") }
        return scalar.string
    }

    func boolean() throws(HandlerFileError) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain, YAMLScalar.isBoolean(scalar.string) else {
            throw error("must be true or false, not \(found)")
        }
        return scalar.string == "true"
    }

    func wholeNumber(_ range: ClosedRange<Int>) throws(HandlerFileError) -> Int {
        let number = try wholeNumber(orEndless: false, range)
        return number ?? range.lowerBound
    }

    /// Nil for -1, which stands for no limit, as in Lambda's API.
    func wholeNumberOrEndless(_ range: ClosedRange<Int>) throws(HandlerFileError) -> Int? {
        try wholeNumber(orEndless: true, range)
    }

    private func wholeNumber(orEndless: Bool, _ range: ClosedRange<Int>) throws(HandlerFileError) -> Int? {
        guard let scalar = node.scalar, scalar.style == .plain, let number = Int(scalar.string) else {
            throw error("must be a whole number, not \(found)")
        }
        if orEndless, number == -1 { return nil }
        guard range.contains(number) else {
            let endless = orEndless ? "-1 for no limit, or " : ""
            throw error("must be \(endless)between \(range.lowerBound) and \(range.upperBound), not \(number)")
        }
        return number
    }

    /// The elements of a list; what is no list counts as one element.
    func elements(_ what: String) throws(HandlerFileError) -> [YAMLField] {
        switch node {
        case .sequence(let sequence):
            guard !sequence.isEmpty else { throw error("must be \(what), not an empty list") }
            return sequence.enumerated().map { element($0.offset, $0.element) }
        case .scalar: return [self]
        case .mapping, .alias: throw error("must be \(what), not \(found)")
        }
    }
}

/// The words that plain scalars may be.
enum YAMLScalar {
    static func isBoolean(_ text: String) -> Bool { text == "true" || text == "false" }
    static func isNull(_ text: String) -> Bool { text.isEmpty || text == "~" || text == "null" }
}
