import Glibc
import Testing

/// The house rules that a machine can check.
@Suite struct HouseRuleTests {
    @Test func sourcesKeepTheRules() throws {
        let files = try SourceTree.swiftFiles(below: "Sources")
        try #require(files.count > 50)
        #expect(files.flatMap(HouseRules.violations) == [])
    }

    @Test func testsAreNotTooLong() throws {
        for file in try SourceTree.swiftFiles(below: "Tests") {
            #expect(file.lines.count <= HouseRules.fileLinesMax, "\(file.path) has \(file.lines.count) lines")
        }
    }

    @Test(
        "the checks see what they must",
        arguments: [
            ("// TO" + "DO: later", "unfinished work"),
            ("    fatal" + "Error(\"never\")", "a trap that is no broken invariant"),
            ("    let x = tr" + "y! f()", "a forced error"),
            ("    let x = y as" + "! Int", "a forced cast"),
            ("    let now = Date()", "a clock or a die in an engine"),
            ("    let id = UUID().uuidString", "a clock or a die in an engine"),
            ("final class TableManager {", "a name that says nothing"),
            ("enum StringUtils {", "a name that says nothing"),
            ("final class X: @unchecked Sendable {", "unchecked sendability without the sentence that makes it true"),
        ])
    func findsABrokenRule(line: String, rule: String) {
        let file = SourceTree.File(path: "Sources/Engine/Partition/X.swift", lines: ["", line, ""])
        #expect(HouseRules.violations(file) == ["Sources/Engine/Partition/X.swift:2: \(rule)"])
    }

    @Test func findsALongFileAndALongFunction() {
        let long = SourceTree.File(path: "Sources/Model/Bytes/X.swift", lines: Array(repeating: "", count: 601))
        #expect(HouseRules.violations(long) == ["Sources/Model/Bytes/X.swift:601: the file is longer than 600 lines"])
        let body = ["    func f() {"] + Array(repeating: "        g()", count: 60) + ["    }"]
        let function = SourceTree.File(path: "Sources/Model/Bytes/X.swift", lines: body)
        #expect(
            HouseRules.violations(function) == ["Sources/Model/Bytes/X.swift:1: the function is longer than 60 lines"])
        let requirement = ["protocol P {", "    func f()", "}"] + Array(repeating: "", count: 60) + body.suffix(1)
        #expect(HouseRules.violations(SourceTree.File(path: "Sources/Model/Bytes/X.swift", lines: requirement)) == [])
    }
}

enum HouseRules {
    static let fileLinesMax = 600
    static let functionLinesMax = 60
    /// Layers whose code gets time and chance as arguments.
    private static let pureLayers: Set<String> = ["Model", "Engine"]

    static func violations(_ file: SourceTree.File) -> [String] {
        var found: [String] = []
        if file.lines.count > fileLinesMax {
            found.append("\(file.path):\(file.lines.count): the file is longer than \(fileLinesMax) lines")
        }
        for (index, line) in file.lines.enumerated() where mentions(line, suspects) {
            let neighbours = file.lines[max(0, index - 3)...min(file.lines.count - 1, index + 3)]
            if let rule = brokenRule(line, in: file, neighbours: Array(neighbours)) {
                found.append("\(file.path):\(index + 1): \(rule)")
            }
        }
        return found + longFunctions(file)
    }

    /// Every line that breaks a rule has one of these in it. Looking for bytes first is what makes the check quick.
    private static let suspects = [
        "TODO", "FIXME", "XXX", "HACK", "fatalError", "try!", "as!", "Date()", "UUID()", "SystemRandomNumberGenerator",
        "ContinuousClock", "Task.sleep", ".random(", "Manager", "Helper", "Util", "@unchecked",
    ]

    private static func mentions(_ line: String, _ words: [String]) -> Bool {
        line.withCString { text in words.contains { strstr(text, $0) != nil } }
    }

    private static func brokenRule(_ line: String, in file: SourceTree.File, neighbours: [String]) -> String? {
        let code =
            line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
        if line.contains(/\b(TODO|FIXME|XXX|HACK)\b/) { return "unfinished work" }
        if code.contains("fatalError(") { return "a trap that is no broken invariant" }
        if code.contains("try!") { return "a forced error" }
        if code.contains("as!") { return "a forced cast" }
        if pureLayers.contains(file.layer),
            code.contains(/\b(Date\(\)|UUID\(\)|SystemRandomNumberGenerator|ContinuousClock|Task\.sleep|\.random\()/)
        {
            return "a clock or a die in an engine"
        }
        if code.contains(/\b(class|struct|enum|actor|protocol) \w*(Manager|Helper|Helpers|Utils|Utility)\b/) {
            return "a name that says nothing"
        }
        if code.contains("@unchecked Sendable"),
            !neighbours.contains(where: { $0.contains("@unchecked:") || $0.contains("//") })
        {
            return "unchecked sendability without the sentence that makes it true"
        }
        return nil
    }

    /// From the line of `func` or `init` to the closing brace at its indentation, as swift-format leaves it.
    private static func longFunctions(_ file: SourceTree.File) -> [String] {
        file.lines.indices.compactMap { start in
            let line = file.lines[start]
            guard mentions(line, ["func ", "init"]), line.contains(/^\s*(?:[\w@()]+ )*(?:func |init[?(<])/),
                !line.hasSuffix("}")
            else { return nil }
            let indentation = line.prefix { $0 == " " }
            // A protocol's requirement has no body: the next brace is the protocol's.
            let end = file.lines[start...].dropFirst().firstIndex { line in
                line.last == "}" && line.count <= indentation.count + 1
            }
            guard let end, file.lines[end] == indentation + "}", end - start + 1 > functionLinesMax else { return nil }
            return "\(file.path):\(start + 1): the function is longer than \(functionLinesMax) lines"
        }
    }
}
