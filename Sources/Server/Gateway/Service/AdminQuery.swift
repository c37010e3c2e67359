import Bytes

/// The parameters of a request below `/_tributary/`, percent-decoded; of repeated ones the last counts, unless a page takes all of them.
struct AdminQuery {
    private let values: [String: [String]]

    init(uri: String) {
        guard let mark = uri.firstIndex(of: "?") else {
            values = [:]
            return
        }
        var values: [String: [String]] = [:]
        for part in uri[uri.index(after: mark)...].split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = sides.count > 1 ? PercentEncoding.decode(sides[1].utf8, plusIsSpace: true) : ""
            values[PercentEncoding.decode(sides[0].utf8, plusIsSpace: true), default: []].append(value)
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name]?.last }

    /// All values of a parameter that may be repeated, in their order.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// Why a request is refused: one sentence.
    struct Refusal: Error {
        let message: String
    }

    /// Refuses parameters that the page does not know, so that a misspelt one is not taken for an absent one.
    func allow(_ names: String...) throws(Refusal) {
        guard let unknown = values.keys.sorted().first(where: { !names.contains($0) }) else { return }
        throw Refusal(message: "there is no parameter '\(unknown)'; there are \(names.joined(separator: ", "))")
    }

    /// A whole number of the range, or the default when the parameter is absent.
    func integer<Value: FixedWidthInteger>(
        _ name: String, in range: ClosedRange<Value>, default: Value
    ) throws(Refusal) -> Value {
        guard let text = self[name] else { return `default` }
        guard let value = Value(text), range.contains(value) else {
            let reason = "must be a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'"
            throw Refusal(message: "\(name) \(reason)")
        }
        return value
    }

    /// `true` or `false`; absent is false.
    func flag(_ name: String) throws(Refusal) -> Bool {
        switch self[name] {
        case nil, "false": return false
        case "true": return true
        case let text?: throw Refusal(message: "\(name) must be true or false, not '\(text)'")
        }
    }
}
