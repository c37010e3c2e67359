import Bytes
import JSONBytes

/// What a request to the AWS Fault Injection Service asks for, as far as it is about the replication of global tables.
public enum FaultInjectionRequest: Sendable, Equatable {
    /// The members of the template, and the token that makes a repetition harmless.
    case createTemplate(ExperimentPlan, clientToken: String)
    case getTemplate(id: String)
    case listTemplates(FaultInjectionPage)
    case deleteTemplate(id: String)
    case start(ExperimentStart)
    case getExperiment(id: String)
    case listExperiments(FaultInjectionPage, templateID: String?)
    case stop(id: String)

    private static let templates = "experimentTemplates"
    private static let experiments = "experiments"

    /// Whether a request line is of the FIS API.
    ///
    /// - Parameter uri: path and query.
    public static func isOfFaultInjection(_ uri: String) -> Bool {
        let first = uri.dropFirst().prefix { $0 != "/" && $0 != "?" }
        return first == templates || first == experiments
    }

    /// Reads a request.
    ///
    /// - Parameter uri: path and query, as the request line has them.
    public init(method: String, uri: String, body: [UInt8]) throws(FaultInjectionError) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = (parts.first ?? "").split(separator: "/").map {
            PercentEncoding.decode($0.utf8, plusIsSpace: false)
        }
        let query = QueryFields(parts.count == 2 ? parts[1] : "")
        switch (method, path.count, path.first) {
        case ("POST", 1, Self.templates):
            let members = try FaultInjectionMembers(parsing: body)
            self = .createTemplate(try ExperimentPlan(members), clientToken: try members.required("clientToken"))
        case ("GET", 1, Self.templates): self = .listTemplates(try FaultInjectionPage(query))
        case ("GET", 2, Self.templates): self = .getTemplate(id: path[1])
        case ("DELETE", 2, Self.templates): self = .deleteTemplate(id: path[1])
        case ("POST", 1, Self.experiments): self = .start(try ExperimentStart(try FaultInjectionMembers(parsing: body)))
        case ("GET", 1, Self.experiments):
            self = .listExperiments(try FaultInjectionPage(query), templateID: query["experimentTemplateId"])
        case ("GET", 2, Self.experiments): self = .getExperiment(id: path[1])
        case ("DELETE", 2, Self.experiments): self = .stop(id: path[1])
        default:
            throw FaultInjectionError(
                .unknownOperation, "This server does not serve \(method) \(parts.first ?? "") of the FIS API.")
        }
    }
}

/// StartExperiment.
public struct ExperimentStart: Sendable, Equatable {
    public let templateID: String
    public let clientToken: String
    public let tags: [String: String]
    /// Whether the actions are only gone through.
    public let skipsActions: Bool

    init(_ members: FaultInjectionMembers) throws(FaultInjectionError) {
        templateID = try members.required("experimentTemplateId")
        clientToken = try members.required("clientToken")
        tags = try members.map("tags")
        let mode = try members.object("experimentOptions")?.string("actionsMode")
        guard mode == nil || mode == "skip-all" || mode == "run-all" else {
            throw .validation("actionsMode must be skip-all or run-all.")
        }
        skipsActions = mode == "skip-all"
    }
}

/// A page of a list.
public struct FaultInjectionPage: Sendable, Equatable {
    static let countMax = 100

    let count: Int
    /// The last id of the page before.
    let after: String?

    init(_ query: QueryFields) throws(FaultInjectionError) {
        let text = query["maxResults"]
        guard let count = text.map({ Int($0) }) ?? Self.countMax, (1...Self.countMax).contains(count) else {
            throw .validation("maxResults must be between 1 and \(Self.countMax).")
        }
        self.count = count
        after = query["nextToken"]
    }

    /// - Parameter elements: in the order of their ids.
    func cut<Element>(_ elements: [Element], id: (Element) -> String) -> (shown: [Element], nextToken: String?) {
        let rest = elements.filter { element in after.map { id(element) > $0 } ?? true }
        let shown = Array(rest.prefix(count))
        return (shown, rest.count > count ? shown.last.map(id) : nil)
    }
}

/// Typed access to the members of a FIS request's JSON objects.
struct FaultInjectionMembers {
    let body: RequestBody

    /// - Parameter bytes: the body; an empty one stands for an object without members.
    init(parsing bytes: [UInt8]) throws(FaultInjectionError) {
        guard let document = try? JSONDocument(parsing: bytes.isEmpty ? Array("{}".utf8) : bytes),
            document.kind(document.root) == .object
        else { throw .validation("The request is not a JSON object.") }
        body = RequestBody(document: document, node: document.root)
    }

    init(_ body: RequestBody) {
        self.body = body
    }

    func required(_ name: StaticString) throws(FaultInjectionError) -> String {
        guard let text = try string(name), !text.isEmpty else { throw .validation("\(name) is required.") }
        return text
    }

    func string(_ name: StaticString) throws(FaultInjectionError) -> String? {
        try read(name, "a string") { (body) throws(WireError) in try body.string(name) }
    }

    func strings(_ name: StaticString) throws(FaultInjectionError) -> [String]? {
        try read(name, "a list of strings") { (body) throws(WireError) in try body.strings(name) }
    }

    func object(_ name: StaticString) throws(FaultInjectionError) -> FaultInjectionMembers? {
        try read(name, "an object") { (body) throws(WireError) in try body.object(name) }.map { .init($0) }
    }

    func objects(_ name: StaticString) throws(FaultInjectionError) -> [FaultInjectionMembers]? {
        try read(name, "a list of objects") { (body) throws(WireError) in try body.objects(name) }?.map { .init($0) }
    }

    /// Names and objects, in the order of the text.
    func named(_ name: StaticString) throws(FaultInjectionError) -> [(name: String, members: FaultInjectionMembers)] {
        try read(name, "an object of objects") { (body) throws(WireError) in
            var found: [(name: String, members: FaultInjectionMembers)] = []
            for (key, value) in try body.entries(name) ?? [] {
                found.append((body.document.string(key), FaultInjectionMembers(try body.object(at: value))))
            }
            return found
        } ?? []
    }

    func map(_ name: StaticString) throws(FaultInjectionError) -> [String: String] {
        try read(name, "an object of strings") { (body) throws(WireError) in
            var found: [String: String] = [:]
            for (key, value) in try body.entries(name) ?? [] {
                guard body.document.kind(value) == .string else { throw RequestBody.unexpectedType }
                found[body.document.string(key)] = body.document.string(value)
            }
            return found
        } ?? [:]
    }

    private func read<Value>(
        _ name: StaticString, _ expected: String, _ read: (RequestBody) throws(WireError) -> Value?
    ) throws(FaultInjectionError) -> Value? {
        do throws(WireError) {
            return try read(body)
        } catch {
            throw .validation("\(name) must be \(expected).")
        }
    }
}
