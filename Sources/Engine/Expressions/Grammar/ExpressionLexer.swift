/// Splits an expression into tokens (reference `data-plane.md` 5.1). Never fails: what begins no token is a token of one character,
/// which every grammar refuses where it stands.
struct ExpressionLexer {
    private let bytes: [UInt8]
    private let keywords: [ExpressionKeyword]
    private var position = 0

    /// The tokens of `bytes`, an `end` token last.
    static func tokens(of bytes: [UInt8], keywords: [ExpressionKeyword]) -> [ExpressionToken] {
        var lexer = ExpressionLexer(bytes: bytes, keywords: keywords)
        var tokens: [ExpressionToken] = []
        tokens.reserveCapacity(bytes.count / 3 + 4)
        while true {
            let token = lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private init(bytes: [UInt8], keywords: [ExpressionKeyword]) {
        self.bytes = bytes
        self.keywords = keywords
    }

    private mutating func next() -> ExpressionToken {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        let start = position
        guard position < bytes.count else { return ExpressionToken(kind: .end, start: start, end: start) }
        let kind = scan()
        return ExpressionToken(kind: kind, start: start, end: position)
    }

    /// Moves behind the token that begins here.
    private mutating func scan() -> ExpressionToken.Kind {
        let byte = bytes[position]
        if isLetter(byte) { return scanWord() }
        if isDigit(byte) {
            while position < bytes.count, isDigit(bytes[position]) { position += 1 }
            return .integer
        }
        switch byte {
        case UInt8(ascii: "#"): return scanPlaceholder(.namePlaceholder)
        case UInt8(ascii: ":"): return scanPlaceholder(.valuePlaceholder)
        case UInt8(ascii: "<"):
            position += 1
            if accept(UInt8(ascii: "=")) { return .lessOrEqual }
            return accept(UInt8(ascii: ">")) ? .notEqual : .less
        case UInt8(ascii: ">"):
            position += 1
            return accept(UInt8(ascii: "=")) ? .greaterOrEqual : .greater
        default: break
        }
        guard let kind = punctuation(byte) else {
            skipCharacter()
            return .unknown
        }
        position += 1
        return kind
    }

    private func punctuation(_ byte: UInt8) -> ExpressionToken.Kind? {
        switch byte {
        case UInt8(ascii: "="): .equal
        case UInt8(ascii: "+"): .plus
        case UInt8(ascii: "-"): .minus
        case UInt8(ascii: ","): .comma
        case UInt8(ascii: "."): .dot
        case UInt8(ascii: "("): .openParenthesis
        case UInt8(ascii: ")"): .closeParenthesis
        case UInt8(ascii: "["): .openBracket
        case UInt8(ascii: "]"): .closeBracket
        default: nil
        }
    }

    private mutating func scanWord() -> ExpressionToken.Kind {
        let start = position
        skipWordBytes()
        guard !keywords.isEmpty, let word = PackedWord(bytes, in: start..<position) else { return .name }
        for keyword in keywords where keyword.word == word { return keyword.token }
        return .name
    }

    private mutating func scanPlaceholder(_ kind: ExpressionToken.Kind) -> ExpressionToken.Kind {
        position += 1
        let start = position
        skipWordBytes()
        return position > start ? kind : .unknown
    }

    private mutating func skipWordBytes() {
        while position < bytes.count, ExpressionLexer.isWordByte(bytes[position]) { position += 1 }
    }

    /// All bytes of one UTF-8 sequence, so that error texts stay well-formed.
    private mutating func skipCharacter() {
        position += 1
        while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
    }

    private mutating func accept(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Letters, digits and `_`: what names and placeholders consist of behind their first character.
    static func isWordByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_")
    }
}

private func isLetter(_ byte: UInt8) -> Bool {
    let lowerCase = byte | 0x20
    return lowerCase >= UInt8(ascii: "a") && lowerCase <= UInt8(ascii: "z")
}

private func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
}
