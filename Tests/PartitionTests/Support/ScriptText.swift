import Foundation

/// A conversation in a text file: blocks of commands, `----`, and what they answered.
///
/// A line that begins with `#` is a remark. Blocks end at an empty line.
struct ScriptText {
    struct Block: Equatable {
        /// Lines before the commands: remarks and empty lines.
        var preamble: [String] = []
        var commands: [String] = []
        var output: [String] = []
        /// Where the first command stands, from 1.
        var line = 0
    }

    static let separator = "----"
    private(set) var blocks: [Block] = []
    /// Remarks behind the last block.
    private(set) var epilogue: [String] = []

    init(_ text: String) {
        var block = Block()
        var isOutput = false
        for (index, line) in text.components(separatedBy: "\n").enumerated() {
            switch line {
            case _ where isOutput && line.isEmpty:
                blocks.append(block)
                block = Block(preamble: [""])
                isOutput = false
            case _ where isOutput: block.output.append(line)
            case Self.separator: isOutput = true
            case _ where block.commands.isEmpty && (line.isEmpty || line.hasPrefix("#")): block.preamble.append(line)
            default:
                if block.commands.isEmpty { block.line = index + 1 }
                block.commands.append(line)
            }
        }
        if isOutput { blocks.append(block) } else { epilogue = block.preamble + block.commands }
    }

    /// The file with other outputs.
    func text(with outputs: [[String]]) -> String {
        var lines: [String] = []
        for (block, output) in zip(blocks, outputs) {
            lines += block.preamble + block.commands + [Self.separator] + output
        }
        return (lines + epilogue).joined(separator: "\n").trimmingCharacters(in: .newlines) + "\n"
    }
}

/// Reads a command from left to right.
struct ScriptScanner {
    private var rest: Substring

    init(_ line: String) { rest = line[...] }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    var isAtEnd: Bool { rest.allSatisfy(\.isWhitespace) }

    mutating func word() throws -> String {
        rest = rest.drop(while: \.isWhitespace)
        let word = rest.prefix { !$0.isWhitespace }
        guard !word.isEmpty else { throw Failure(description: "a word is missing") }
        rest = rest.dropFirst(word.count)
        return String(word)
    }

    /// Takes the word if it comes next.
    mutating func take(_ expected: String) -> Bool {
        var copy = self
        guard (try? copy.word()) == expected else { return false }
        self = copy
        return true
    }

    /// All words that are left.
    mutating func words() throws -> [String] {
        var words: [String] = []
        while !isAtEnd { words.append(try word()) }
        return words
    }

    /// A JSON object; strings in scripts hold no braces.
    mutating func object() throws -> String {
        rest = rest.drop(while: \.isWhitespace)
        guard rest.first == "{" else { throw Failure(description: "an object is missing") }
        var depth = 0
        for index in rest.indices {
            if rest[index] == "{" { depth += 1 }
            if rest[index] == "}" { depth -= 1 }
            if depth == 0 {
                defer { rest = rest[rest.index(after: index)...] }
                return String(rest[...index])
            }
        }
        throw Failure(description: "an object does not end")
    }

    /// What stands before the word, or all that is left.
    mutating func text(until end: String) -> String {
        let range = rest.range(of: " \(end) ")
        let text = rest[..<(range?.lowerBound ?? rest.endIndex)]
        rest = range.map { rest[$0.lowerBound...] } ?? ""
        return text.trimmingCharacters(in: .whitespaces)
    }
}
