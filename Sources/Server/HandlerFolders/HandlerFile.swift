import EventSource
import HandlerKit
import Yams

/// Reads a handler.yaml.
///
/// Fields are named as in Lambda's API, with a small first letter. Required are `table` and one of `command`, `runtime` with `handler`,
/// or `url`. All others have defaults: `MappingSettings.handler`, and those of `HandlerDefinition`.
public enum HandlerFile {
    /// The most filters of a handler (reference `event-filtering.md` 1).
    public static let filtersMax = Handler.filtersMax

    /// - Parameter directory: the path of the handler's folder, whose name is the handler's.
    public static func parse(
        _ yaml: String, directory: String
    ) throws(HandlerFileError) -> HandlerDefinition {
        let file = directory + "/" + HandlerFolders.fileName
        let name = directory.split(separator: "/").last.map(String.init) ?? ""
        guard HandlerName.isValid(name) else {
            throw HandlerFileError(file: file, reason: "the folder's name \(HandlerName.rule)")
        }
        let reader = HandlerFileReader(fields: try fields(yaml, file), name: name, directory: directory)
        return try reader.definition()
    }

    /// The file's fields by their names, each of which is known.
    private static func fields(_ yaml: String, _ file: String) throws(HandlerFileError) -> HandlerFileFields {
        guard let root = try compose(yaml, file), !(root.scalar?.string.isEmpty ?? false) else {
            throw HandlerFileError(file: file, reason: "the file is empty")
        }
        let whole = YAMLField(file: file, name: nil, node: root)
        guard let mapping = root.mapping else {
            throw whole.error("must have fields such as `table: Orders`, not \(whole.found)")
        }
        var fields = HandlerFileFields(whole: whole)
        for (key, value) in mapping {
            let place = YAMLField(file: file, name: nil, node: key)
            guard let name = key.scalar?.string, let known = HandlerFileFields.Name(rawValue: name) else {
                let suggestion = NearestName.find(key.scalar?.string ?? "", in: HandlerFileFields.Name.all)
                throw place.error("unknown field \(place.found)" + (suggestion.map { "; is \($0) meant?" } ?? ""))
            }
            fields.set(known, YAMLField(file: file, name: name, node: value, key: key))
        }
        return fields
    }

    private static func compose(_ yaml: String, _ file: String) throws(HandlerFileError) -> Node? {
        do {
            return try Yams.compose(yaml: yaml)
        } catch let error as YamlError {
            throw HandlerFileError(error, file: file)
        } catch {
            throw HandlerFileError(file: file, reason: "is not YAML: \(error)")
        }
    }
}

extension HandlerFileError {
    fileprivate init(_ error: YamlError, file: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            self.init(
                file: file, line: mark.line, column: mark.column,
                reason: "is not YAML: " + (context.map { $0.text + ": " } ?? "") + problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let name = duplicates.sorted().first ?? ""
            self.init(
                file: file, line: context.mark.line, column: context.mark.column,
                reason: "\(name) is there twice; a filter that repeats a key must be JSON text in quotes")
        case .reader(let problem, _, _, _): self.init(file: file, reason: "is not YAML: \(problem)")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            self.init(file: file, reason: "is not YAML")
        }
    }
}
