import ArgumentParser
import Bytes
import EventPattern
import JSONBytes

/// Shows why a pattern matches an event or not.
struct FilterExplain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show which fields decide whether a pattern matches an event.")

    @Option(help: "The pattern.")
    var pattern: String?

    @Option(help: "A file with the pattern; - for standard input.")
    var patternFile: String?

    @Option(help: "The event, as a Lambda function gets it.")
    var event: String?

    @Option(help: "A file with the event; - for standard input.")
    var eventFile: String?

    @Option(help: "How the answer is printed: text or json.")
    var output = FilterOutput.text

    func validate() throws {
        if patternFile == "-", eventFile == "-" {
            throw ValidationError("only one of --pattern-file and --event-file can be standard input")
        }
    }

    func run() throws {
        let pattern = try FilterInput.pattern(try FilterInput.read("pattern", text: pattern, file: patternFile))
        let event = try FilterInput.read("event", text: event, file: eventFile)
        let explanation: FilterExplanation
        do throws(EventError) {
            explanation = try FilterExplanation(of: pattern, on: event)
        } catch {
            throw CommandFailure(error.description)
        }
        let warnings = FilterLint.warnings(for: pattern)
        switch output {
        case .text: print(explanation.text(warnings), terminator: "")
        case .json: print(explanation.json(warnings))
        }
    }
}

extension FilterExplanation {
    fileprivate func text(_ warnings: [FilterLint.Warning]) -> String {
        var lines = [matches ? "The event matches." : "The event does not match."]
        for (index, combination) in combinations.enumerated() {
            if combinations.count > 1 {
                lines.append("")
                lines.append(
                    "Alternative \(index + 1) of \(combinations.count) \(combination.holds ? "holds" : "fails"):")
            }
            lines += combination.fields.map { "  \($0.isMet ? "yes" : "no ")  \($0.path): \($0.finding)" }
            if combination.isInconsistent {
                lines.append("  no   the fields are met in different elements of an array, not in one")
            }
        }
        if !warnings.isEmpty { lines += [""] + warnings.map(\.line) }
        return lines.map { $0 + "\n" }.joined()
    }

    fileprivate func json(_ warnings: [FilterLint.Warning]) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("matches")
        writer.boolean(matches)
        writer.key("alternatives")
        writer.beginArray()
        for combination in combinations { combination.appendJSON(to: &writer) }
        writer.endArray()
        writer.key("warnings")
        warnings.appendJSON(to: &writer)
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension FilterExplanation.Combination {
    fileprivate func appendJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("holds")
        writer.boolean(holds)
        writer.key("sameArrayElements")
        writer.boolean(!isInconsistent)
        writer.key("fields")
        writer.beginArray()
        for field in fields { field.appendJSON(to: &writer) }
        writer.endArray()
        writer.endObject()
    }
}

extension FilterExplanation.Field {
    /// What decided, in words.
    fileprivate var finding: String {
        if let accepted { return "\(accepted.value) is accepted by \(accepted.matcher)" }
        let choice = wanted.count == 1 ? wanted[0] : "none of " + wanted.joined(separator: ", ")
        if values.isEmpty { return isMet ? "the event has no such field, as wanted" : "the event has no such field" }
        if isMet { return "not in the array element that the other fields choose, as wanted" }
        let more = valueCount > values.count ? " and \(valueCount - values.count) more" : ""
        let refused = wanted.count == 1 ? "not accepted by \(choice)" : "accepted by \(choice)"
        return "\(values.joined(separator: ", "))\(more): \(refused)"
    }

    fileprivate func appendJSON(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("path")
        path.utf8.withUnsafeBytes { writer.string(utf8: $0) }
        writer.key("met")
        writer.boolean(isMet)
        if let accepted {
            writer.key("value")
            writer.raw(Array(accepted.value.utf8))
            writer.key("acceptedBy")
            writer.raw(Array(accepted.matcher.utf8))
        } else {
            writer.key("values")
            writer.beginArray()
            for value in values { writer.raw(Array(value.utf8)) }
            writer.endArray()
            writer.key("wanted")
            writer.beginArray()
            for matcher in wanted { writer.raw(Array(matcher.utf8)) }
            writer.endArray()
        }
        writer.endObject()
    }
}
