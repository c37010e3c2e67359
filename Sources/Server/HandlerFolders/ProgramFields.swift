import Yams

/// Reads which program handles the records: exactly one of `command`, `runtime` with `handler`, and `url`.
struct ProgramFields {
    private static let choices = "one of command, runtime with handler, or url"

    let fields: HandlerFileFields

    func program() throws(HandlerFileError) -> HandlerProgram {
        let given = [HandlerFileFields.Name.command, .runtime, .url].compactMap { fields[$0] }
        guard let first = given.first else {
            if let handler = fields[.handler] { throw handler.error("needs a runtime, such as python3") }
            throw fields.whole.error("the program is missing: \(Self.choices)")
        }
        if given.count > 1 {
            throw given[1].error("excludes \(first.name ?? ""): there must be \(Self.choices)")
        }
        if fields[.runtime] == nil {
            for name in [HandlerFileFields.Name.handler, .python] {
                guard let field = fields[name] else { continue }
                throw field.error("goes with a runtime only, not with \(first.name ?? "")")
            }
        }
        if let field = fields[.command] { return .command(try command(field)) }
        if let field = fields[.url] { return .url(try HTTPAddress.check(field)) }
        return try python(first)
    }

    private func command(_ field: YAMLField) throws(HandlerFileError) -> [String] {
        let what = "a program with its arguments"
        var words: [String] = []
        if field.node.sequence != nil {
            for element in try field.elements(what) {
                guard let word = element.node.scalar?.string else {
                    throw element.error("must be a text, not \(element.found)")
                }
                words.append(word)
            }
        } else {
            let line = try field.text(what)
            guard let split = CommandWords.split(line) else { throw field.error("has a quote that is not closed") }
            words = split
        }
        guard let program = words.first, !program.isEmpty, !words.contains(where: { $0.utf8.contains(0) }) else {
            throw field.error("must be \(what), not \(field.found)")
        }
        return words
    }

    private func python(_ field: YAMLField) throws(HandlerFileError) -> HandlerProgram {
        let runtime = try field.text("python3 or python3.<minor>")
        let minor = runtime.dropFirst("python3.".count)
        let isVersion =
            runtime.hasPrefix("python3.") && !minor.isEmpty && minor.allSatisfy { $0.isASCII && $0.isNumber }
        guard runtime == "python3" || isVersion else {
            throw field.error("must be python3 or python3.<minor>, not \"\(runtime)\"; use command for other programs")
        }
        guard let handler = fields[.handler] else {
            throw field.error("needs a handler, such as `handler: handler.handler`")
        }
        let function = try handler.text("module.function")
        guard let dot = function.lastIndex(of: "."), dot != function.startIndex, function.last != "." else {
            throw handler.error("must be module.function, not \"\(function)\"")
        }
        return .python(
            runtime: runtime, handler: function,
            interpreter: try fields[.python]?.text("the path of a Python interpreter"))
    }
}

/// Reads where records go that are given up.
struct FailureFields {
    private static let choices = "file:<path>, http(s)://<address>, handler:<name>, kafka:<topic> or none"

    let fields: HandlerFileFields
    let name: String

    func destination() throws(HandlerFileError) -> FailureDestination? {
        guard let field = fields[.onFailure] else { return .file(HandlerDefinition.failureFileDefault) }
        let text = try field.text(Self.choices)
        if text == "none" { return nil }
        if text.hasPrefix("http://") || text.hasPrefix("https://") { return .url(try HTTPAddress.check(field)) }
        guard let target = target(text, "file:") ?? target(text, "handler:") ?? target(text, "kafka:"),
            !target.rest.isEmpty
        else { throw field.error("must be \(Self.choices), not \"\(text)\"") }
        switch target.scheme {
        case "file:": return .file(try path(target.rest, field))
        case "kafka:":
            // As the Lambda API writes it, too.
            let topic = target.rest.hasPrefix("//") ? String(target.rest.dropFirst(2)) : target.rest
            guard !topic.isEmpty else { throw field.error("must be \(Self.choices), not \"\(text)\"") }
            return .kafkaTopic(topic)
        default:
            guard target.rest != name else { throw field.error("must be another handler than this one") }
            return .handler(target.rest)
        }
    }

    func payload() throws(HandlerFileError) -> FailurePayload {
        guard let field = fields[.onFailurePayload] else { return .records }
        let choices = FailurePayload.allCases.map(\.rawValue).joined(separator: " or ")
        guard let payload = FailurePayload(rawValue: try field.text(choices)) else {
            throw field.error("must be \(choices), not \(field.found)")
        }
        return payload
    }

    private func target(_ text: String, _ scheme: String) -> (scheme: String, rest: String)? {
        text.hasPrefix(scheme) ? (scheme, String(text.dropFirst(scheme.count))) : nil
    }

    /// `file:name`, or `file:///absolute` as URLs have it.
    private func path(_ text: String, _ field: YAMLField) throws(HandlerFileError) -> String {
        let path = text.hasPrefix("//") ? String(text.dropFirst(2)) : text
        guard !text.hasPrefix("//") || path.hasPrefix("/"), !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw field.error("must be file:<path> or file:///<path>, not \"\(text)\"")
        }
        return path
    }
}

/// Addresses of HTTP servers.
private enum HTTPAddress {
    static func check(_ field: YAMLField) throws(HandlerFileError) -> String {
        let text = try field.text("an address such as http://127.0.0.1:9000/")
        let rest = ["http://", "https://"].compactMap { text.hasPrefix($0) ? text.dropFirst($0.count) : nil }.first
        let host = rest?.prefix { $0 != "/" && $0 != "?" }
        guard let host, !host.isEmpty, !text.contains(where: \.isWhitespace) else {
            throw field.error("must be an address such as http://127.0.0.1:9000/, not \(field.found)")
        }
        return text
    }
}
