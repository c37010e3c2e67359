import ArgumentParser
import AttributeModel
import Bytes
import ChangeStream
import EventPattern
import JSONBytes

/// Names what a pattern asks in vain.
struct FilterLintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Find what in a pattern can never match a DynamoDB stream record.",
        discussion: "Ends with exit code 1 when it has something to say, and with 0 when not.")

    @Option(help: "The pattern.")
    var pattern: String?

    @Option(help: "A file with the pattern; - for standard input.")
    var patternFile: String?

    @Option(help: ArgumentHelp("The table's key attributes with their types, as in pk:S,sk:N.", valueName: "keys"))
    var keys: String?

    @Option(help: "The stream's view type: KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES.")
    var viewType: String?

    @Option(help: "How the answer is printed: text or json.")
    var output = FilterOutput.text

    func validate() throws {
        _ = try stream()
    }

    func run() throws {
        let pattern = try FilterInput.pattern(try FilterInput.read("pattern", text: pattern, file: patternFile))
        let warnings = FilterLint.warnings(for: pattern, stream: try stream())
        switch output {
        case .text: for warning in warnings { print(warning.line) }
        case .json:
            var writer = JSONWriter()
            warnings.appendJSON(to: &writer)
            print(String(decoding: writer.bytes, as: UTF8.self))
        }
        if !warnings.isEmpty { throw ExitCode(1) }
    }

    private func stream() throws -> FilterLint.Stream {
        var stream = FilterLint.Stream()
        if let viewType {
            stream.viewType = StreamViewType(rawValue: viewType)
            if stream.viewType == nil {
                throw ValidationError(
                    "--view-type \(viewType) is not one of \(StreamViewType.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
        }
        if let keys { stream.keySchema = try Self.keySchema(keys) }
        return stream
    }

    private static func keySchema(_ text: String) throws -> KeySchema {
        let attributes = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            guard let colon = part.lastIndex(of: ":"), colon > part.startIndex,
                let type = KeyType(rawValue: String(part[part.index(after: colon)...]))
            else { throw ValidationError("--keys: '\(part)' is not of the form name:S, name:N or name:B") }
            return KeyAttribute(name: Text(String(part[..<colon])), type: type)
        }
        guard attributes.count <= 2 else { throw ValidationError("--keys: a table has one or two key attributes") }
        return KeySchema(partitionKeys: [attributes[0]], sortKeys: Array(attributes.dropFirst()))
    }
}

extension FilterLint.Warning {
    /// For people.
    var line: String { "\(kind.rawValue): \(path): \(message)" }
}

extension [FilterLint.Warning] {
    func appendJSON(to writer: inout JSONWriter) {
        writer.beginArray()
        for warning in self {
            writer.beginObject()
            writer.key("kind")
            writer.string(warning.kind.rawValue)
            writer.key("path")
            warning.path.utf8.withUnsafeBytes { writer.string(utf8: $0) }
            writer.key("message")
            writer.string(warning.message)
            writer.endObject()
        }
        writer.endArray()
    }
}
