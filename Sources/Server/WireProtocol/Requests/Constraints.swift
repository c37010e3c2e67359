/// Collects violated member constraints; AWS reports up to ten of them in one message (reference `data-plane.md` 3).
struct Constraints {
    /// How many violations one message names.
    static let reportedMax = 10
    private var violations: [String] = []

    var hasViolations: Bool { !violations.isEmpty }

    /// - Parameters:
    ///   - value: as the message shows it; nil for an absent member.
    ///   - path: lower-first names with one-based list positions, as in `keySchema.1.member.keyType`.
    mutating func violate(_ value: String?, at path: String, _ constraint: String) {
        let shown = value.map { "'\($0)'" } ?? "null"
        violations.append("Value \(shown) at '\(path)' failed to satisfy constraint: \(constraint)")
    }

    /// In the form that names a member with a capital letter and without its value, which AWS uses for few members.
    mutating func violateWithoutValue(at path: String, _ constraint: String) {
        violations.append("Value at '\(path)' failed to satisfy constraint: \(constraint)")
    }

    mutating func require(_ isPresent: Bool, at path: @autoclosure () -> String) {
        if !isPresent { violate(nil, at: path(), "Member must not be null") }
    }

    /// - Parameter values: in the order in which AWS lists them.
    mutating func checkEnum(_ value: String?, at path: String, _ values: [String]) {
        guard let value, !values.contains(value) else { return }
        violate(value, at: path, "Member must satisfy enum value set: [\(values.joined(separator: ", "))]")
    }

    mutating func checkLength(_ value: String?, at path: String, _ bounds: ClosedRange<Int>) {
        guard let value else { return }
        checkCount(value.unicodeScalars.count, shown: value, at: path, bounds)
    }

    mutating func checkCount(_ count: Int, shown: String, at path: String, _ bounds: ClosedRange<Int>) {
        if count < bounds.lowerBound {
            violate(shown, at: path, "Member must have length greater than or equal to \(bounds.lowerBound)")
        } else if count > bounds.upperBound {
            violate(shown, at: path, "Member must have length less than or equal to \(bounds.upperBound)")
        }
    }

    mutating func checkRange(_ value: Int?, at path: String, _ bounds: ClosedRange<Int>) {
        guard let value else { return }
        if value < bounds.lowerBound {
            violate(String(value), at: path, "Member must have value greater than or equal to \(bounds.lowerBound)")
        } else if value > bounds.upperBound {
            violate(String(value), at: path, "Member must have value less than or equal to \(bounds.upperBound)")
        }
    }

    /// A table's name or ARN. A plain name may be as short as one character here: it is only looked up.
    mutating func checkTable(_ value: String?, at path: @autoclosure () -> String) {
        guard let value else { return require(false, at: path()) }
        if value.hasPrefix(TableName.arnPrefix) {
            return checkLength(value, at: path(), 1...TableName.arnLengthMax)
        }
        guard !TableName.isPlain(value) else { return }
        let path = path()
        checkNamePattern(value, at: path)
        checkLength(value, at: path, 1...TableName.lengthMax)
    }

    /// Table and index names.
    mutating func checkNamePattern(_ value: String?, at path: String) {
        guard let value, !value.isEmpty, !value.utf8.allSatisfy(TableName.isCharacter) else { return }
        violate(value, at: path, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
    }

    func throwIfViolated() throws(WireError) {
        guard hasViolations else { return }
        let noun = violations.count == 1 ? "error" : "errors"
        throw .validation(
            "\(violations.count) validation \(noun) detected: "
                + violations.prefix(Self.reportedMax).joined(separator: "; "))
    }
}

extension String {
    /// As constraint messages write names of members.
    var lowerFirst: String { prefix(1).lowercased() + dropFirst() }
}
