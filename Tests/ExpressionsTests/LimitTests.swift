import AttributeModel
import Bytes
import Expressions
import Glibc
import TestSupport
import Testing

@Suite("Limits")
struct LimitTests {
    @Test("an expression has at most 4096 bytes, checked before its grammar")
    func size() {
        let blanks = String(repeating: " ", count: ExpressionLimits.bytesMax)
        func sized(_ text: String, _ bytes: Int) -> String { text + blanks.prefix(bytes - text.utf8.count) }
        let detail = "Expression size has exceeded the maximum allowed size; expression size: 4097"
        #expect(conditionRefusal(sized("a = :n", 4096)) == nil)
        #expect(conditionRefusal(sized("((", 4097)) == "Invalid ConditionExpression: \(detail)")
        #expect(conditionRefusal(sized("é", 4097), .filter) == "Invalid FilterExpression: \(detail)")
        #expect(updateRefusal(sized("SET a = :n", 4096)) == nil)
        #expect(updateRefusal(sized("SET a = :n", 4097)) == "Invalid UpdateExpression: \(detail)")
        #expect(projectionRefusal(String(repeating: "x", count: 4096)) == nil)
        #expect(projectionRefusal(String(repeating: "x", count: 4097)) == "Invalid ProjectionExpression: \(detail)")
        #expect(refusal { _ = try keyCondition(sized("a = :s", 4097)) } == "Invalid KeyConditionExpression: \(detail)")
    }

    @Test("an expression has at most 300 operators; parentheses, functions and assignments do not count")
    func operators() {
        let detail = "The expression contains too many operators; operator count: 301"
        func disjunction(_ comparisons: Int) -> String {
            (0..<comparisons).map { _ in "a<b" }.joined(separator: " or ")
        }
        #expect(conditionRefusal(disjunction(150)) == nil)
        #expect(conditionRefusal(disjunction(150) + " or contains(a,b)") == nil)
        #expect(conditionRefusal(disjunction(151)) == "Invalid ConditionExpression: \(detail)")
        #expect(conditionRefusal(String(repeating: "not ", count: 299) + "a<b") == nil)
        #expect(
            conditionRefusal(String(repeating: "not ", count: 300) + "a<b") == "Invalid ConditionExpression: \(detail)")
        #expect(conditionRefusal((0..<150).map { _ in "a in(b)" }.joined(separator: " and ")) == nil)
        #expect(conditionRefusal((0..<150).map { _ in "a between b and c" }.joined(separator: " and ")) == nil)
        #expect(updateRefusal("SET " + (0..<301).map { "a\($0)=:n" }.joined(separator: ",")) == nil)
        #expect(updateRefusal("SET " + (0..<300).map { "a\($0)=b+c" }.joined(separator: ",")) == nil)
        #expect(
            updateRefusal("SET " + (0..<301).map { "a\($0)=b-c" }.joined(separator: ","))
                == "Invalid UpdateExpression: \(detail)")
    }

    @Test("IN takes 100 candidates")
    func candidates() {
        func list(_ count: Int) -> String { Array(repeating: ":n", count: count).joined(separator: ",") }
        #expect(conditionRefusal("a IN (\(list(100)))") == nil)
        #expect(
            conditionRefusal("a IN (\(list(101)))")
                == "Invalid ConditionExpression: The IN operator is provided with too many operands; number of operands: 101"
        )
    }

    @Test("a path has at most 32 steps")
    func pathLevels() {
        let deepest = "a" + String(repeating: ".b", count: 16) + String(repeating: "[0]", count: 15)
        let detail = "The document path has too many nesting levels; nesting levels: 33"
        #expect(projectionRefusal(deepest) == nil)
        #expect(projectionRefusal(deepest + ".b") == "Invalid ProjectionExpression: \(detail)")
        #expect(conditionRefusal("attribute_exists(\(deepest)[0])") == "Invalid ConditionExpression: \(detail)")
        #expect(updateRefusal("REMOVE \(deepest).b") == "Invalid UpdateExpression: \(detail)")
    }

    /// Texts within the size limit that nest as deep as they can.
    private static let conditionBombs: [(String, String?)] = [
        (nested("a<b or (", 149, "a<b"), nil),
        (nested("a<b or (", 400, "a<b"), "The expression contains too many operators; operator count: 301"),
        (nested("not (", 299, "a<b"), nil),
        (nested("not ", 1000, "a<b"), "The expression contains too many operators; operator count: 301"),
        (nested("(", 2046, "a<b"), "The expression has redundant parentheses;"),
        ("a < " + nested("(", 2000, "b"), "The expression has redundant parentheses;"),
        (String(repeating: "(", count: 4096), "Syntax error; token: \"<EOF>\", near: \"(\""),
        (
            "a < " + nested("size(", 680, "b"),
            "Incorrect operand type for operator or function; operator or function: size, operand type: N"
        ),
        ("a < " + nested("f(", 1355, "b"), "Invalid function name; function: f"),
    ]

    private static let updateBombs: [(String, String?)] = [
        ("SET a = " + nested("if_not_exists(a,", 240, ":n"), nil),
        ("SET a = " + nested("(", 2000, "b"), "The expression has redundant parentheses;"),
        ("SET a = b + " + nested("(", 2000, "c"), "The expression has redundant parentheses;"),
        ("SET a = " + String(repeating: "(", count: 4000), "Syntax error; token: \"<EOF>\", near: \"(\""),
        ("SET a = " + nested("f(", 1300, "b"), "Invalid function name; function: f"),
    ]

    @Test("nothing overflows a small stack")
    func stack() {
        let conditions = onSmallStack {
            Self.conditionBombs.map { text, _ in
                refusal { _ = try condition(text).isSatisfied(by: item(["a": n("2"), "b": n("1")])) }
            }
        }
        #expect(conditions == Self.conditionBombs.map { $1.map { "Invalid ConditionExpression: \($0)" } })
        let updates = onSmallStack {
            Self.updateBombs.map { text, _ in refusal { _ = try update(text).apply(to: nil, key: .empty) } }
        }
        #expect(updates == Self.updateBombs.map { $1.map { "Invalid UpdateExpression: \($0)" } })
    }

    @Test(
        "any sequence of tokens is accepted or refused with a text", arguments: [1, UInt64.random(in: 0...UInt64.max)])
    func anyTokens(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let tokens = [
            "a", "b", "#a", "#no", ":n", ":s", ":l", ":no", "(", ")", "(", ")", "[", "]", "0", "1", ".", ",", "=", "<>",
            "<",
            "<=", ">", ">=", "+", "-", "AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE", "size",
            "contains", "attribute_exists", "if_not_exists", "list_append", "f", "abort", "!", "é", "\u{0}",
        ]
        var accepted = 0
        var odd: [String] = []
        for _ in 0..<4_000 {
            let text = (0..<Int.random(in: 1...10, using: &random))
                .map { _ in random.pick(tokens) }.joined(separator: " ")
            let messages = [
                ("ConditionExpression", conditionRefusal(text)), ("UpdateExpression", updateRefusal(text)),
                ("ProjectionExpression", projectionRefusal(text)),
                ("UpdateExpression", updateRefusal("SET a = \(text)")),
            ]
            for (kind, message) in messages {
                if let message {
                    if !message.hasPrefix("Invalid \(kind): ") { odd.append("\(text): \(message)") }
                } else {
                    accepted += 1
                }
            }
        }
        #expect(odd == [], "seed \(seed)")
        #expect(accepted > 30, "seed \(seed)")
    }
}

/// `core` in `count` repetitions of `opening`, with the parentheses that these open closed behind it.
private func nested(_ opening: String, _ count: Int, _ core: String) -> String {
    let closing = opening.contains("(") ? ")" : ""
    return String(repeating: opening, count: count) + core + String(repeating: closing, count: count)
}

/// Runs `body` on a thread with a stack of 512 KiB, the least that the platforms Swift runs on give to secondary threads.
private func onSmallStack(_ body: @escaping () -> [String?]) -> [String?] {
    let job = SmallStackJob(body)
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 512 * 1024)
    var thread = pthread_t()
    let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { job in
        if let job { Unmanaged<SmallStackJob>.fromOpaque(job).takeUnretainedValue().run() }
        return nil
    }
    pthread_create(&thread, &attributes, start, Unmanaged.passUnretained(job).toOpaque())
    pthread_join(thread, nil)
    pthread_attr_destroy(&attributes)
    return withExtendedLifetime(job) { job.result }
}

private final class SmallStackJob {
    private let body: () -> [String?]
    private(set) var result: [String?] = []

    init(_ body: @escaping () -> [String?]) { self.body = body }

    func run() { result = body() }
}
