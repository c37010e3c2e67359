import JSONBytes

/// Typed access to the members of a Lambda request's JSON objects. JSON null counts as absent; unknown members are ignored.
struct LambdaMembers {
    private let body: RequestBody
    /// In front of names in messages, as in `code.`; empty for the request itself.
    private let prefix: String

    /// - Parameter bytes: the body; an empty one stands for an object without members.
    init(parsing bytes: [UInt8]) throws(LambdaError) {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes.isEmpty ? Array("{}".utf8) : bytes)
        } catch {
            throw LambdaError(
                .invalidRequestContent, "Could not parse request body into json: \(error.text(in: bytes))")
        }
        guard document.kind(document.root) == .object else {
            throw LambdaError(.serialization, "The request is not a JSON object")
        }
        self.init(RequestBody(document: document, node: document.root), prefix: "")
    }

    private init(_ body: RequestBody, prefix: String) {
        self.body = body
        self.prefix = prefix
    }

    /// The member as constraint messages name it.
    func path(_ name: String) -> String { prefix + name.lowerFirst }

    func has(_ name: StaticString) -> Bool { body.member(name) != nil }

    func string(_ name: StaticString) throws(LambdaError) -> String? {
        try read(name, "a string") { (body) throws(WireError) in try body.string(name) }
    }

    func integer(_ name: StaticString) throws(LambdaError) -> Int? {
        try read(name, "a number") { (body) throws(WireError) in try body.integer(name) }
    }

    func boolean(_ name: StaticString) throws(LambdaError) -> Bool? {
        try read(name, "a boolean") { (body) throws(WireError) in try body.boolean(name) }
    }

    /// Seconds since 1970.
    func timestamp(_ name: StaticString) throws(LambdaError) -> Double? {
        guard let member = body.member(name) else { return nil }
        guard body.document.kind(member) == .number, let value = Double(body.document.numberText(member)),
            value.isFinite
        else { throw unexpected(name, "a number") }
        return value
    }

    func strings(_ name: StaticString) throws(LambdaError) -> [String]? {
        try read(name, "a list of strings") { (body) throws(WireError) in try body.strings(name) }
    }

    func object(_ name: StaticString) throws(LambdaError) -> LambdaMembers? {
        let object = try read(name, "an object") { (body) throws(WireError) in try body.object(name) }
        return object.map { LambdaMembers($0, prefix: path("\(name)") + ".") }
    }

    func objects(_ name: StaticString) throws(LambdaError) -> [LambdaMembers]? {
        let objects = try read(name, "a list of objects") { (body) throws(WireError) in try body.objects(name) }
        return objects?.enumerated().map { index, object in
            LambdaMembers(object, prefix: path("\(name)") + ".\(index + 1).member.")
        }
    }

    /// A map from strings to strings.
    func map(_ name: StaticString) throws(LambdaError) -> [String: String]? {
        let entries = try read(name, "an object") { (body) throws(WireError) in try body.entries(name) }
        guard let entries else { return nil }
        var map: [String: String] = [:]
        for entry in entries {
            guard body.document.kind(entry.value) == .string else { throw unexpected(name, "a map of strings") }
            map[body.document.string(entry.key)] = body.document.string(entry.value)
        }
        return map
    }

    /// The characters of a base64 member.
    func base64Characters(_ name: StaticString) throws(LambdaError) -> [UInt8]? {
        guard let member = body.member(name) else { return nil }
        guard body.document.kind(member) == .string else { throw unexpected(name, "a base64 string") }
        return body.document.stringBytes(member)
    }

    /// The first of these members that the request has with something in it, for what must be empty or left out.
    func firstFilled(_ names: [StaticString]) -> StaticString? {
        names.first { name in
            guard let member = body.member(name) else { return false }
            switch body.document.kind(member) {
            case .object, .array: return body.document.count(of: member) > 0
            case .string: return !body.document.stringBytes(member).isEmpty
            case .booleanFalse: return false
            default: return true
            }
        }
    }

    private func read<Value>(
        _ name: StaticString, _ expected: String, _ body: (RequestBody) throws(WireError) -> Value?
    ) throws(LambdaError) -> Value? {
        do throws(WireError) {
            return try body(self.body)
        } catch {
            throw unexpected(name, expected)
        }
    }

    private func unexpected(_ name: StaticString, _ expected: String) -> LambdaError {
        LambdaError(.serialization, "The member '\(path("\(name)"))' must be \(expected)")
    }
}

extension JSONError {
    /// Where JSON stops to be JSON, for people.
    func text(in bytes: [UInt8]) -> String {
        guard position < bytes.count else { return "Unexpected end-of-input" }
        let byte = bytes[position]
        let shown =
            (0x20..<0x7F).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))' (code \(byte))" : "code \(byte)"
        return "Unexpected character (\(shown)) at byte \(position)"
    }
}

extension Constraints {
    /// Names of this API stand between slashes in service models; the text is the model's own.
    mutating func checkPattern(_ value: String?, at path: String, _ pattern: LambdaPattern) {
        guard let value, !pattern.matches(value) else { return }
        violate(value, at: path, "Member must satisfy regular expression pattern: \(pattern.text)")
    }

    func throwLambdaErrorIfViolated() throws(LambdaError) {
        do throws(WireError) {
            try throwIfViolated()
        } catch {
            throw LambdaError(.validation, error.message)
        }
    }
}

/// A regular expression of the service model: its text, and code that decides as it does.
struct LambdaPattern: Sendable {
    let text: String
    let matches: @Sendable (String) -> Bool
}
