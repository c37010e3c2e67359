import AttributeModel
import Bytes

/// The cursor that all expression parsers share: tokens, document paths, placeholders, and the faults about those.
///
/// A syntax fault ends the parse at once. The other faults only count when the whole text is well-formed, and then by their class, so
/// that the reader keeps the first of each class and the parser picks the one to report.
struct ExpressionReader {
    let kind: ExpressionKind
    private let bytes: [UInt8]
    private let tokens: [ExpressionToken]
    private var position = 0
    private let placeholders: ExpressionPlaceholders
    private(set) var usedNames: [Int] = []
    private(set) var usedValues: [Int] = []
    private var operatorCount = 0

    /// A reserved word, or a list index out of range.
    private(set) var wordFault: ExpressionFault?
    private(set) var nameFault: ExpressionFault?
    private(set) var valueFault: ExpressionFault?
    /// The first fault about a name or a value since `takeReferenceFault`.
    private var referenceFault: ExpressionFault?

    /// Attributes that the expression mentions, in order of appearance.
    private(set) var rootNames: [Text] = []
    /// Those of them that it steps into.
    private(set) var steppedRootNames: [Text] = []

    init(_ text: String, kind: ExpressionKind, placeholders: ExpressionPlaceholders) throws(ExpressionFault) {
        bytes = Array(text.utf8)
        if bytes.isEmpty { throw .empty }
        if bytes.count > ExpressionLimits.bytesMax { throw .tooLong(bytes: bytes.count) }
        self.kind = kind
        self.placeholders = placeholders
        tokens = ExpressionLexer.tokens(of: bytes, keywords: kind.keywords)
    }

    var current: ExpressionToken.Kind { tokens[position].kind }

    /// Whether the current token is a name that calls a function.
    var isAtCall: Bool {
        current == .name && tokens[position + 1].kind == .openParenthesis
    }

    mutating func advance() {
        if current != .end { position += 1 }
    }

    mutating func accept(_ kind: ExpressionToken.Kind) -> Bool {
        guard current == kind else { return false }
        advance()
        return true
    }

    mutating func expect(_ kind: ExpressionToken.Kind) throws(ExpressionFault) {
        guard accept(kind) else { throw syntaxFault }
    }

    /// The text of the current token; moves on.
    mutating func takeText() -> String {
        let text = String(decoding: bytes[tokens[position].range], as: UTF8.self)
        advance()
        return text
    }

    /// The current token is not what the grammar wants here. `near` reaches from the token before to the token behind it.
    var syntaxFault: ExpressionFault {
        let token = tokens[position]
        let start = tokens[max(position - 1, 0)].start
        let end = tokens[min(position + 1, tokens.count - 1)].end
        return .syntax(
            token: token.kind == .end ? "<EOF>" : String(decoding: bytes[token.range], as: UTF8.self),
            near: String(decoding: bytes[start..<end], as: UTF8.self))
    }

    mutating func countOperator() throws(ExpressionFault) {
        operatorCount += 1
        if operatorCount > ExpressionLimits.operatorsMax { throw .tooManyOperators(count: operatorCount) }
    }

    mutating func takeReferenceFault() -> ExpressionFault? {
        let fault = referenceFault
        referenceFault = nil
        return fault
    }
}

extension ExpressionReader {
    /// Reads `step { '.' step | '[' digits ']' }`.
    mutating func readPath() throws(ExpressionFault) -> DocumentPath {
        let root = try readName()
        var steps: [DocumentPath.Step] = []
        while true {
            if accept(.dot) {
                steps.append(.name(try readName()))
            } else if accept(.openBracket) {
                steps.append(.index(try readIndex()))
                try expect(.closeBracket)
            } else {
                break
            }
        }
        if steps.count + 1 > ExpressionLimits.pathLevelsMax {
            record(nameFault: .pathTooDeep(levels: steps.count + 1))
        }
        if !rootNames.contains(root) { rootNames.append(root) }
        if !steps.isEmpty, !steppedRootNames.contains(root) { steppedRootNames.append(root) }
        return DocumentPath(root: root, steps: steps)
    }

    private mutating func readName() throws(ExpressionFault) -> Text {
        let range = tokens[position].range
        switch current {
        case .name:
            advance()
            if let word = PackedWord(bytes, in: range), ReservedWords.contains(word) {
                wordFault = wordFault ?? .reservedWord(text(range))
            }
            return Text(utf8: Array(bytes[range]))
        case .namePlaceholder:
            advance()
            guard let reference = placeholders.name(bytes[range]) else {
                record(nameFault: .undefinedName(text(range)))
                return Text(utf8: Array(bytes[range]))
            }
            usedNames.append(reference.index)
            return reference.content
        default: throw syntaxFault
        }
    }

    private mutating func readIndex() throws(ExpressionFault) -> Int {
        guard current == .integer else { throw syntaxFault }
        let digits = takeText()
        guard let index = Int(digits), index <= ExpressionLimits.listIndexMax else {
            wordFault = wordFault ?? .listIndex(digits)
            return 0
        }
        return index
    }

    /// Reads a `:value`; nil when the request does not define it.
    mutating func readValue() throws(ExpressionFault) -> AttributeValue? {
        guard current == .valuePlaceholder else { throw syntaxFault }
        let range = tokens[position].range
        advance()
        guard let reference = placeholders.value(bytes[range]) else {
            let fault = ExpressionFault.undefinedValue(text(range))
            valueFault = valueFault ?? fault
            referenceFault = referenceFault ?? fault
            return nil
        }
        usedValues.append(reference.index)
        return reference.content
    }

    private mutating func record(nameFault fault: ExpressionFault) {
        nameFault = nameFault ?? fault
        referenceFault = referenceFault ?? fault
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}
