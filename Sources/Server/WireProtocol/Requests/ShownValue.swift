import JSONBytes

/// JSON as AWS's constraint messages show lists and maps: `{name=[{a=b}, c]}`.
struct ShownValue {
    /// Bytes after which members and elements are left out; brackets still close.
    static let bytesMax = 4096

    private let document: JSONDocument
    private var text = ""

    static func text(_ document: JSONDocument, _ node: JSONDocument.Node) -> String {
        var shown = ShownValue(document: document)
        shown.append(node)
        return shown.text
    }

    private init(document: JSONDocument) {
        self.document = document
    }

    private mutating func append(_ node: JSONDocument.Node) {
        let document = document
        var count = 0
        switch document.kind(node) {
        case .object:
            text += "{"
            document.forEachMember(of: node) { key, value in
                guard beginElement(&count) else { return }
                text += document.string(key) + "="
                append(value)
            }
            text += "}"
        case .array:
            text += "["
            document.forEachElement(of: node) { element in
                if beginElement(&count) { append(element) }
            }
            text += "]"
        case .string: text += document.string(node).prefix(Self.bytesMax)
        default: text += document.numberText(node)
        }
    }

    /// False when there is no room for another element.
    private mutating func beginElement(_ count: inout Int) -> Bool {
        count += 1
        guard text.utf8.count < Self.bytesMax else { return false }
        if count > 1 { text += ", " }
        return true
    }
}
