import JSONBytes
import Partition
import Replication

/// What the tag operations name: a function or an event source mapping.
public enum LambdaTaggedResource: Sendable, Equatable {
    case function(FunctionReference)
    /// By its UUID.
    case mapping(String)

    /// - Parameter text: an ARN of the request's region.
    init(_ text: String, in region: RegionName) throws(LambdaError) {
        var constraints = Constraints()
        constraints.checkLength(text, at: "resource", 1...FunctionReference.qualifiedTextLengthMax)
        constraints.checkPattern(text, at: "resource", Self.pattern)
        try constraints.throwLambdaErrorIfViolated()
        if let arn = ResourceARN(text), let uuid = Self.mappingUUID(arn) {
            guard arn.region == region.name, arn.account == TableDefinition.account else { throw .mappingNotFound }
            self = .mapping(uuid)
            return
        }
        let function = try FunctionReference(text, in: region, path: "resource")
        guard function.qualifier == nil else {
            throw .invalidParameter(
                "Tags on function aliases and versions are not supported. Please specify a function ARN.")
        }
        self = .function(function)
    }

    private static let pattern = LambdaPattern(
        text: #"arn:(aws[a-zA-Z-]*):lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:"#
            + #"(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}"#
            + #"|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"#
            + #"|capacity-provider:[a-zA-Z0-9-_]+)"#
    ) { text in
        guard let arn = ResourceARN(text), arn.partition.hasPrefix("aws"), arn.service == "lambda" else { return false }
        return mappingUUID(arn) != nil || arn.resource.hasPrefix("function:") && FunctionNameParts(text) != nil
    }

    private static func mappingUUID(_ arn: ResourceARN) -> String? {
        let parts = arn.resource.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "event-source-mapping", MappingID.isUUID(parts[1]) else { return nil }
        return String(parts[1])
    }
}

/// The rules for tags of functions and mappings.
enum LambdaTags {
    static let countMax = 50
    /// In characters.
    static let keyLengthMax = 128
    static let valueLengthMax = 256

    static func checked(_ tags: [String: String]) throws(LambdaError) -> [String: String] {
        for (key, value) in tags.sorted(by: { $0.key < $1.key }) {
            guard (1...keyLengthMax).contains(key.unicodeScalars.count), !key.lowercased().hasPrefix("aws:") else {
                throw .invalidParameter(
                    "The tag key '\(key)' must have 1 to \(keyLengthMax) characters and must not begin with aws:")
            }
            guard value.unicodeScalars.count <= valueLengthMax else {
                throw .invalidParameter("The value of the tag '\(key)' has more than \(valueLengthMax) characters")
            }
        }
        if tags.count > countMax { throw tooMany }
        return tags
    }

    static let tooMany = LambdaError.invalidParameter("Number of tags exceeds resource tag limit.")
}

/// TagResource, UntagResource and ListTags.
public struct LambdaTagChange: Sendable, Equatable {
    public let resource: LambdaTaggedResource
    /// Put in place of tags with the same keys.
    let added: [String: String]
    let removedKeys: [String]

    init(adding members: LambdaMembers, to resource: LambdaTaggedResource) throws(LambdaError) {
        var constraints = Constraints()
        constraints.require(members.has("Tags"), at: "tags")
        try constraints.throwLambdaErrorIfViolated()
        let tags = try LambdaTags.checked(try members.map("Tags") ?? [:])
        if tags.isEmpty { throw .invalidParameter("An error occurred and the request cannot be processed.") }
        self.resource = resource
        added = tags
        removedKeys = []
    }

    init(removing keys: [String], from resource: LambdaTaggedResource) throws(LambdaError) {
        var constraints = Constraints()
        constraints.require(!keys.isEmpty, at: "tagKeys")
        try constraints.throwLambdaErrorIfViolated()
        self.resource = resource
        added = [:]
        removedKeys = keys
    }

    /// The tags that a resource with these has afterwards.
    public func applied(to tags: [String: String]) throws(LambdaError) -> [String: String] {
        let changed = tags.filter { !removedKeys.contains($0.key) }.merging(added) { _, new in new }
        if changed.count > LambdaTags.countMax { throw LambdaTags.tooMany }
        return changed
    }

    public var response: LambdaResponse { .noContent }

    /// What ListTags answers.
    public static func listing(_ tags: [String: String]) -> LambdaResponse {
        .object { writer in
            writer.key("Tags")
            StringMap.append(tags, to: &writer)
        }
    }
}
