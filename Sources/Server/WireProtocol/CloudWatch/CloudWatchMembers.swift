import JSONBytes
import Metrics

/// Typed access to the members of a CloudWatch request's JSON objects. JSON null counts as absent; unknown members are ignored.
struct CloudWatchMembers {
    private let body: RequestBody

    /// - Parameter bytes: the body; an empty one stands for an object without members.
    init(parsing bytes: [UInt8]) throws(CloudWatchError) {
        guard let document = try? JSONDocument(parsing: bytes.isEmpty ? Array("{}".utf8) : bytes),
            document.kind(document.root) == .object
        else { throw CloudWatchError(.serialization, "The request is not a JSON object") }
        body = RequestBody(document: document, node: document.root)
    }

    private init(_ body: RequestBody) {
        self.body = body
    }

    func has(_ name: StaticString) -> Bool { body.member(name) != nil }

    func string(_ name: StaticString) throws(CloudWatchError) -> String? {
        try read(name, "a string") { (body) throws(WireError) in try body.string(name) }
    }

    func integer(_ name: StaticString) throws(CloudWatchError) -> Int? {
        try read(name, "a number") { (body) throws(WireError) in try body.integer(name) }
    }

    func boolean(_ name: StaticString) throws(CloudWatchError) -> Bool? {
        try read(name, "a boolean") { (body) throws(WireError) in try body.boolean(name) }
    }

    func strings(_ name: StaticString) throws(CloudWatchError) -> [String]? {
        try read(name, "a list of strings") { (body) throws(WireError) in try body.strings(name) }
    }

    func object(_ name: StaticString) throws(CloudWatchError) -> CloudWatchMembers? {
        try read(name, "an object") { (body) throws(WireError) in try body.object(name) }.map { CloudWatchMembers($0) }
    }

    func objects(_ name: StaticString) throws(CloudWatchError) -> [CloudWatchMembers]? {
        try read(name, "a list of objects") { (body) throws(WireError) in try body.objects(name) }?
            .map { CloudWatchMembers($0) }
    }

    func double(_ name: StaticString) throws(CloudWatchError) -> Double? {
        guard let member = body.member(name) else { return nil }
        return try double(member, name)
    }

    func doubles(_ name: StaticString) throws(CloudWatchError) -> [Double]? {
        guard let nodes = try read(name, "a list of numbers", { (body) throws(WireError) in try body.list(name) })
        else { return nil }
        var values: [Double] = []
        for node in nodes { values.append(try double(node, name)) }
        return values
    }

    /// A time in seconds since 1970, as milliseconds.
    func timestamp(_ name: StaticString) throws(CloudWatchError) -> UInt64? {
        guard let seconds = try double(name) else { return nil }
        guard (0...Self.timestampSecondsMax).contains(seconds) else { throw unexpected(name, "a time after 1970") }
        return UInt64((seconds * 1000).rounded())
    }

    /// The end of the year 9999.
    private static let timestampSecondsMax = 253_402_300_799.0

    func dimensions(_ name: StaticString = "Dimensions") throws(CloudWatchError) -> [MetricIdentity.Dimension] {
        var dimensions: [MetricIdentity.Dimension] = []
        for object in try objects(name) ?? [] {
            guard let key = try object.string("Name"), let value = try object.string("Value") else {
                throw CloudWatchError(.missingParameter, "A dimension must have a Name and a Value.")
            }
            dimensions.append(.init(key, value))
        }
        guard dimensions.count <= Self.dimensionsMax else {
            throw .validation("A metric has at most \(Self.dimensionsMax) dimensions.")
        }
        return dimensions
    }

    private static let dimensionsMax = 30

    /// A member that must be one of a few words.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: StaticString, as type: Value.Type
    ) throws(CloudWatchError) -> Value? {
        guard let text = try string(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            var constraints = Constraints()
            constraints.checkEnum(text, at: "\(name)".lowerFirst, Value.allCases.map(\.rawValue))
            throw constraints.cloudWatchError
        }
        return value
    }

    func required<Value>(_ name: StaticString, _ value: Value?) throws(CloudWatchError) -> Value {
        if let value { return value }
        throw CloudWatchError(.missingParameter, "The parameter \(name) is required.")
    }

    private func double(_ node: JSONDocument.Node, _ name: StaticString) throws(CloudWatchError) -> Double {
        // Clients write what JSON has no numbers for as text.
        let text = body.document.kind(node) == .string ? body.document.string(node) : body.document.numberText(node)
        guard [.number, .string].contains(body.document.kind(node)), let value = Double(text), value.isFinite else {
            throw unexpected(name, "a finite number")
        }
        return value
    }

    private func read<Value>(
        _ name: StaticString, _ expected: String, _ read: (RequestBody) throws(WireError) -> Value?
    ) throws(CloudWatchError) -> Value? {
        do throws(WireError) {
            return try read(body)
        } catch {
            throw unexpected(name, expected)
        }
    }

    private func unexpected(_ name: StaticString, _ expected: String) -> CloudWatchError {
        CloudWatchError(.serialization, "The member '\(name)' must be \(expected)")
    }
}

extension Constraints {
    /// What is violated, as one error.
    var cloudWatchError: CloudWatchError {
        do throws(WireError) {
            try throwIfViolated()
            return .internalError
        } catch {
            return .validation(error.message ?? "")
        }
    }
}
