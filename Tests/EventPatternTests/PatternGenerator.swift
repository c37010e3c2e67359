import TestSupport

/// Random patterns and events over a few names and values, so that they meet often.
struct PatternGenerator {
    /// What most of the JSON is made of.
    enum Flavour: Sendable {
        case everything
        /// Objects of the same few fields in arrays, of which several elements nearly match.
        case arrays
    }

    var random: SeededRandom
    private let flavour: Flavour
    private let names = ["a", "b", "c", "a.b", "é", "b.c", "\u{FB01}", "😀"]
    private let texts = [
        "x", "xy", "xyz", "X", "XY", "", "yx", "é", "É", "ß", "SS", "zx*y", "10.0.0.1", "10.0.0.200", "10.0.1.1", "::1",
        "0:0:0:0:0:0:0:1", "İx", "a\\\\b", "longer than eight", "LONGER than Eight",
    ]
    private let numbers = [
        "0", "-0", "1", "1.0", "10e-1", "2", "2.5", "-3", "300", "3.0e2", "9007199254740993", "9007199254740992",
        "1e400",
    ]
    private let comparables = ["-3", "0", "1", "1.0", "2", "2.5", "300", "3e2"]

    init(seed: UInt64, _ flavour: Flavour = .everything) {
        random = SeededRandom(seed: seed)
        self.flavour = flavour
    }

    // MARK: events

    mutating func event() -> String {
        flavour == .arrays ? "{\"a\":\(elements(depth: 2)),\"b\":\(elements(depth: 1))}" : object(depth: 3)
    }

    private mutating func elements(depth: Int) -> String {
        let elements = (0..<(1 + random.below(7))).map { _ -> String in
            let members = ["x", "y", "z"].filter { _ in random.below(4) > 0 }.map { name -> String in
                let inner =
                    depth > 1 && name == "z" ? self.elements(depth: depth - 1) : random.pick(["1", "2", "3", "[1,2]"])
                return "\"\(name)\":\(inner)"
            }
            return random.below(9) == 0
                ? "[{\(members.joined(separator: ","))}]" : "{\(members.joined(separator: ","))}"
        }
        return "[" + elements.joined(separator: ",") + "]"
    }

    private mutating func object(depth: Int) -> String {
        let members = (0..<random.below(5)).map { _ in "\"\(random.pick(names))\":\(value(depth: depth - 1))" }
        return "{" + members.joined(separator: random.below(8) == 0 ? " ,\n" : ",") + "}"
    }

    private mutating func value(depth: Int) -> String {
        switch random.below(depth > 0 ? 8 : 4) {
        case 0, 1: return "\"\(text())\""
        case 2: return random.pick(numbers)
        case 3: return random.pick(["true", "false", "null"])
        case 4, 5: return object(depth: depth)
        default: return "[" + (0..<random.below(4)).map { _ in value(depth: depth - 1) }.joined(separator: ",") + "]"
        }
    }

    private mutating func text() -> String {
        let text = random.pick(texts)
        return random.below(6) == 0 ? text.replacing("x", with: "\\u0078") : text
    }

    // MARK: patterns

    mutating func pattern() -> String {
        guard flavour == .arrays else { return fields(depth: 3, isAlternative: false) }
        let paths = ["a.x", "a.y", "a.z", "a.z.x", "a.z.y", "a.z.z", "b.x", "b.y", "b.z"].filter { _ in
            random.below(2) == 0
        }
        let members = (paths.isEmpty ? ["a.x"] : paths).map { path in
            let values = random.pick([
                "1", "2", "1,2", "{\"exists\":false}", "{\"exists\":false},3", "{\"anything-but\":1}",
                "{\"exists\":true}",
            ])
            return "\"\(path)\":[\(values)]"
        }
        return "{\(members.joined(separator: ","))}"
    }

    private mutating func fields(depth: Int, isAlternative: Bool) -> String {
        var members = (0..<(1 + random.below(2))).map { _ in "\"\(random.pick(names))\":\(field(depth: depth - 1))" }
        if depth > 1, random.below(5) == 0 {
            let choices = (0..<(2 + random.below(2))).map { _ in fields(depth: depth - 1, isAlternative: true) }
            members.insert("\"$or\":[\(choices.joined(separator: ","))]", at: random.below(members.count + 1))
        }
        return "{" + members.joined(separator: ",") + "}"
    }

    private mutating func field(depth: Int) -> String {
        if depth > 0, random.below(2) == 0 { return fields(depth: depth, isAlternative: false) }
        return "[" + (0..<(1 + random.below(3))).map { _ in matcher() }.joined(separator: ",") + "]"
    }

    private mutating func matcher() -> String {
        let text = random.pick(texts)
        let quoted = "\"\(text)\""
        switch random.below(16) {
        case 0, 1: return quoted
        case 2: return random.pick(numbers)
        case 3: return random.pick(["true", "false", "null"])
        case 4: return "{\"exactly\":\(quoted)}"
        case 5: return "{\"prefix\":\(quoted)}"
        case 6: return "{\"suffix\":\(quoted)}"
        case 7: return "{\"equals-ignore-case\":\(quoted)}"
        case 8: return "{\"\(random.pick(["prefix", "suffix"]))\":{\"equals-ignore-case\":\(quoted)}}"
        case 9: return "{\"wildcard\":\"\(random.pick(["*", "x*", "*y", "*x*y", "x*z", "xy", "\\\\*x", "l*th*ght"]))\"}"
        case 10: return "{\"exists\":true}"
        case 11: return "{\"exists\":false}"
        case 12: return "{\"cidr\":\"\(random.pick(["10.0.0.0/24", "10.0.0.1/8", "0.0.0.0/0", "::/64", "::1/127"]))\"}"
        case 13: return "{\"anything-but\":\(refused())}"
        default: return "{\"numeric\":\(numeric())}"
        }
    }

    private mutating func refused() -> String {
        func quoted(_ text: String) -> String { "\"\(text)\"" }
        switch random.below(5) {
        case 0: return quoted(random.pick(texts))
        case 1: return "[\(quoted(random.pick(texts))),\(quoted(random.pick(texts)))]"
        case 2: return random.pick(comparables)
        case 3: return "[\(random.pick(comparables)),\(random.pick(comparables))]"
        default:
            let name = random.pick(["prefix", "suffix", "equals-ignore-case", "wildcard"])
            return "{\"\(name)\":\(random.pick(["\"x\"", "[\"x\",\"yx\"]", "\"é\"", "\"longer than eight\""]))}"
        }
    }

    private mutating func numeric() -> String {
        let bound = random.pick(comparables)
        return random.pick([
            "[\"=\",\(bound)]", "[\"<\",\(bound)]", "[\"<=\",\(bound)]", "[\">\",\(bound)]", "[\">=\",\(bound)]",
            "[\">\",0,\"<=\",300]", "[\">=\",1,\"<\",2.5]",
        ])
    }
}
