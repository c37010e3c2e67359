import Bytes
import JSONBytes
import Replication

/// The stored form of a function: one JSON object. Members that a reader does not know are left out when it writes.
enum FunctionDefinitionCodec {
    static func encode(_ definition: FunctionDefinition) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("name")
        writer.string(definition.name)
        writer.key("region")
        writer.string(definition.region.name)
        write(definition.target, to: &writer)
        if let runtime = definition.runtime {
            writer.key("runtime")
            writer.string(runtime)
        }
        writer.key("handler")
        writer.string(definition.handler)
        writer.key("role")
        writer.string(definition.role)
        writer.key("description")
        writer.string(definition.description)
        writer.key("timeoutMilliseconds")
        writer.number(definition.timeoutMilliseconds)
        writer.key("memoryMegabytes")
        writer.number(definition.memoryMegabytes)
        writer.key("environment")
        write(definition.environment, to: &writer)
        writer.key("architectures")
        write(definition.architectures, to: &writer)
        writer.key("ephemeralStorageMegabytes")
        writer.number(definition.ephemeralStorageMegabytes)
        writer.key("tags")
        write(definition.tags, to: &writer)
        writer.key("revisionID")
        writer.string(definition.revisionID)
        writer.key("lastModifiedMilliseconds")
        writer.number(Int(definition.lastModifiedMilliseconds))
        writer.key("codeSHA256")
        writer.string(definition.codeSHA256)
        writer.key("codeBytes")
        writer.number(definition.codeBytes)
        writer.key("concurrencyMax")
        writer.number(definition.concurrencyMax)
        if let reserved = definition.reservedConcurrency {
            writer.key("reservedConcurrency")
            writer.number(reserved)
        }
        writer.key("shownSettings")
        definition.shownSettings.withUnsafeBytes { writer.string(utf8: $0) }
        writer.endObject()
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws(FunctionDefinitionError) -> FunctionDefinition {
        guard let document = try? JSONDocument(parsing: bytes) else { throw .malformed }
        let fields = StoredFields(document: document)
        guard let name = fields.string("name"), let region = fields.string("region"), let target = target(fields) else {
            throw .malformed
        }
        var definition = FunctionDefinition(name: name, region: RegionName(stored: region), target: target)
        definition.runtime = fields.string("runtime")
        definition.handler = fields.string("handler") ?? definition.handler
        definition.role = fields.string("role") ?? definition.role
        definition.description = fields.string("description") ?? definition.description
        definition.timeoutMilliseconds = fields.integer("timeoutMilliseconds") ?? definition.timeoutMilliseconds
        definition.memoryMegabytes = fields.integer("memoryMegabytes") ?? definition.memoryMegabytes
        definition.environment = fields.strings("environment")
        definition.architectures = fields.list("architectures") ?? definition.architectures
        definition.ephemeralStorageMegabytes =
            fields.integer("ephemeralStorageMegabytes") ?? definition.ephemeralStorageMegabytes
        definition.tags = fields.strings("tags")
        definition.revisionID = fields.string("revisionID") ?? definition.revisionID
        definition.lastModifiedMilliseconds = UInt64(clamping: fields.integer("lastModifiedMilliseconds") ?? 0)
        definition.codeSHA256 = fields.string("codeSHA256") ?? definition.codeSHA256
        definition.codeBytes = fields.integer("codeBytes") ?? definition.codeBytes
        definition.concurrencyMax = fields.integer("concurrencyMax") ?? definition.concurrencyMax
        definition.reservedConcurrency = fields.integer("reservedConcurrency")
        definition.shownSettings = Array((fields.string("shownSettings") ?? "").utf8)
        return definition
    }

    private static func target(_ fields: StoredFields) -> FunctionTarget? {
        if let directory = fields.string("package") { return .package(directory: directory) }
        if let url = fields.string("url") { return .url(url) }
        guard let command = fields.list("command"), let directory = fields.string("workingDirectory") else {
            return nil
        }
        return .command(command, workingDirectory: directory)
    }

    private static func write(_ target: FunctionTarget, to writer: inout JSONWriter) {
        switch target {
        case .package(let directory):
            writer.key("package")
            writer.string(directory)
        case .command(let words, let directory):
            writer.key("command")
            write(words, to: &writer)
            writer.key("workingDirectory")
            writer.string(directory)
        case .url(let url):
            writer.key("url")
            writer.string(url)
        case .inProcess:
            break
        }
    }

    private static func write(_ words: [String], to writer: inout JSONWriter) {
        writer.beginArray()
        for word in words { writer.string(word) }
        writer.endArray()
    }

    private static func write(_ pairs: [String: String], to writer: inout JSONWriter) {
        writer.beginObject()
        for (name, value) in pairs.sorted(by: { Text($0.key) < Text($1.key) }) {
            writer.key(name)
            writer.string(value)
        }
        writer.endObject()
    }
}

/// A stored function that cannot be read.
enum FunctionDefinitionError: Error {
    case malformed
}

/// The members of the stored object by name; nil for those that are missing or of another kind.
private struct StoredFields {
    let document: JSONDocument

    func string(_ name: StaticString) -> String? {
        guard let node = document.member(name, of: document.root), document.kind(node) == .string else { return nil }
        return document.string(node)
    }

    func integer(_ name: StaticString) -> Int? {
        guard let node = document.member(name, of: document.root), document.kind(node) == .number else { return nil }
        return document.withRawBytes(of: node) { Int(String(decoding: $0, as: UTF8.self)) }
    }

    func list(_ name: StaticString) -> [String]? {
        guard let node = document.member(name, of: document.root), document.kind(node) == .array else { return nil }
        var words: [String] = []
        document.forEachElement(of: node) { words.append(document.string($0)) }
        return words
    }

    func strings(_ name: StaticString) -> [String: String] {
        guard let node = document.member(name, of: document.root), document.kind(node) == .object else { return [:] }
        var pairs: [String: String] = [:]
        document.forEachMember(of: node) { key, value in
            pairs[document.string(key)] = document.string(value)
        }
        return pairs
    }
}
