import JSONBytes
public import Partition
import Replication

/// TagResource (reference `data-plane.md` 15).
public struct TagResourceRequest: Sendable {
    private let resource: TaggedResource
    private let tags: [Tag]

    init(_ body: RequestBody, _ context: RequestContext) throws(WireError) {
        resource = try TaggedResource(body, .tagResource, context)
        tags = try Tagging.checked(try body.tags() ?? [])
        if tags.isEmpty { throw .validation("Atleast one Tag needs to be provided as Input.") }
    }

    public var tableName: String { resource.tableName }

    /// - Parameter current: the table of that name in the request's region.
    public func edit(for current: TableDefinition?) throws(WireError) -> TableEdit {
        let table = try resource.changeable(current)
        let edit = TableEdit.addTags(tags)
        var changed = table
        edit.apply(to: &changed)
        if changed.tags.count > Tagging.countMax { throw Tagging.tooMany }
        return edit
    }

    public var response: WireResponse { .empty }
}

/// UntagResource (reference `data-plane.md` 15).
public struct UntagResourceRequest: Sendable {
    private let resource: TaggedResource
    private let keys: [String]

    init(_ body: RequestBody, _ context: RequestContext) throws(WireError) {
        resource = try TaggedResource(body, .untagResource, context)
        keys = try body.strings("TagKeys") ?? []
        if keys.isEmpty { throw .validation("Atleast one Tag Key needs to be provided as Input.") }
        for key in keys { try Tagging.checkKey(key) }
    }

    public var tableName: String { resource.tableName }

    /// - Parameter current: the table of that name in the request's region.
    public func edit(for current: TableDefinition?) throws(WireError) -> TableEdit {
        _ = try resource.changeable(current)
        return .removeTags(keys)
    }

    public var response: WireResponse { .empty }
}

/// ListTagsOfResource. All tags fit on one page.
enum TagListing {
    static func answer(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> WireResponse {
        let resource = try TaggedResource(body, .listTagsOfResource, context)
        let table = try resource.existing(context.catalogue.table(named: resource.tableName))
        return WireResponse.object { writer in
            writer.key("Tags")
            writer.beginArray()
            for tag in table.tags {
                writer.beginObject()
                writer.key("Key")
                writer.string(tag.key)
                writer.key("Value")
                writer.string(tag.value)
                writer.endObject()
            }
            writer.endArray()
        }
    }
}

/// The rules for tags.
enum Tagging {
    static let countMax = 50
    /// In characters.
    static let keyLengthMax = 128
    static let valueLengthMax = 256
    static let tooMany = WireError.validation(
        "Number of Tags exceed the current limit for the provided ResourceArn")

    /// - Parameter tags: as sent, with nil for what is missing.
    static func checked(_ tags: [(key: String?, value: String?)]) throws(WireError) -> [Tag] {
        var checked: [Tag] = []
        for (key, value) in tags {
            guard let key else { throw .validation("The Tag Key provided is invalid, Key: null") }
            try checkKey(key)
            guard let value, value.unicodeScalars.count <= valueLengthMax, value.unicodeScalars.allSatisfy(isAllowed)
            else { throw .validation("The Tag Value provided is invalid, Value: \(value ?? "null")") }
            if checked.contains(where: { $0.hasKey(key) }) {
                throw .validation("Duplicate Tag Keys provided as input: Duplicate Tag Key found \(key)")
            }
            checked.append(Tag(key: key, value: value))
        }
        if checked.count > countMax { throw tooMany }
        return checked
    }

    static func checkKey(_ key: String) throws(WireError) {
        if key.utf8.starts(with: "aws:".utf8) {
            throw .validation("Tag Key cannot be prefixed with aws:, Key: \(key)")
        }
        guard (1...keyLengthMax).contains(key.unicodeScalars.count), key.unicodeScalars.allSatisfy(isAllowed) else {
            throw .validation("The Tag Key provided is invalid, Key: \(key)")
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        return properties.isAlphabetic || properties.numericType != nil || properties.isWhitespace
            || "+-=._:/".unicodeScalars.contains(scalar)
    }
}

/// `ResourceArn` of the tag operations: a table.
private struct TaggedResource: Sendable {
    let arn: String
    let tableName: String

    init(_ body: RequestBody, _ operation: TableOperation, _ context: RequestContext) throws(WireError) {
        let text = try body.string("ResourceArn")
        var constraints = Constraints()
        constraints.require(text != nil, at: "resourceArn")
        constraints.checkLength(text, at: "resourceArn", 1...1283)
        try constraints.throwIfViolated()
        arn = text ?? ""
        guard let parts = ResourceARN(arn) else { throw .invalidParameter("ARNs must start with 'arn:': \(arn)") }
        guard parts.service == "dynamodb" else {
            throw .invalidParameter("Provided Arn is not a DynamoDB resource arn: \(arn)")
        }
        let path = parts.path
        let isTable = path.count == 2
        guard path.count >= 2, path[0] == "table", isTable || path[2] == "stream" else {
            throw .invalidParameter(
                "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: \(arn)")
        }
        guard parts.partition == "aws", parts.region == context.region.name, isTable, !path[1].isEmpty else {
            throw .validation("Invalid TableArn: Invalid ResourceArn provided as input \(arn)")
        }
        guard parts.account == TableDefinition.account else { throw .otherAccount(operation, resource: arn) }
        tableName = path[1]
    }

    /// Tables that are being created have no tags yet.
    func existing(_ table: TableDefinition?) throws(WireError) -> TableDefinition {
        guard let table, table.status != .creating else {
            throw WireError(.resourceNotFound, "Requested resource not found: ResourcArn: \(arn) not found")
        }
        return table
    }

    func changeable(_ current: TableDefinition?) throws(WireError) -> TableDefinition {
        let table = try existing(current)
        if table.status == .deleting { throw .tableInUse(table) }
        return table
    }
}

extension RequestBody {
    func newTableTags() throws(WireError) -> [Tag] {
        guard let tags = try tags() else { return [] }
        return try Tagging.checked(tags)
    }

    func tags() throws(WireError) -> [(key: String?, value: String?)]? {
        guard let members = try objects("Tags") else { return nil }
        var tags: [(key: String?, value: String?)] = []
        for member in members { tags.append((try member.string("Key"), try member.string("Value"))) }
        return tags
    }
}
