import Bytes
import EventSource
import JSONBytes
import Replication
import Testing

@testable import WireProtocol

/// Functions, streams, mappings and requests for the tests of the Lambda API.
enum LambdaFixture {
    static let region = RegionName(stored: "us-east-1")
    /// 2023-11-14T22:13:20.123Z.
    static let now: UInt64 = 1_700_000_000_123
    static let stream = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/2023-11-14T21:13:20.123"
    static let otherStream = "arn:aws:dynamodb:us-east-1:000000000000:table/Users/stream/2023-11-14T21:13:20.123"
    static let uuid = "11111111-2222-4333-8444-555555555555"
    static let otherUUID = "99999999-2222-4333-8444-555555555555"
    static let role = "arn:aws:iam::000000000000:role/lambda"
    static let functions: Set<String> = ["f", "g", "h"]

    static func function(_ name: String, _ qualifier: String? = nil) -> FunctionReference {
        FunctionReference(name: name, qualifier: qualifier, region: region)
    }

    static func mapping(
        _ uuid: String = uuid, function name: String = "f", stream: String = stream,
        destination: OnFailureDestination? = nil, _ change: (inout EventSourceMappingDefinition) -> Void = { _ in }
    ) -> EventSourceMappingDefinition {
        var mapping = EventSourceMappingDefinition(
            uuid: uuid, function: function(name), streamARN: stream, settings: MappingSettings(),
            failureDestination: destination, createdMilliseconds: now - 1000, modifiedMilliseconds: now - 1000)
        change(&mapping)
        return mapping
    }

    static func facts(
        _ mappings: [EventSourceMappingDefinition] = [],
        filtersMax: Int = EventSourceMappingDefinition.filtersDefaultMax
    ) -> MappingFacts {
        MappingFacts(
            region: region, nowMilliseconds: now, mappings: mappings, filtersMax: filtersMax,
            hasFunction: { functions.contains($0) }, hasStream: { [stream, otherStream].contains($0) })
    }

    static func view(_ name: String = "f", _ change: (inout FunctionView) -> Void = { _ in }) -> FunctionView {
        var view = FunctionView(
            function: function(name), role: role, runtime: "python3.12", handler: "app.handler", timeoutSeconds: 3,
            memoryMegabytes: 128, environment: nil, ephemeralStorageMegabytes: 512, architecture: "x86_64",
            codeBytes: 265, codeSHA256: "c2hh", codeLocation: "/data/f", lastModifiedMilliseconds: now,
            revisionID: "rev-1", state: .active, lastUpdate: .successful)
        change(&view)
        return view
    }
}

/// Reads a request as it comes over the wire.
func lambdaRequest(
    _ method: String, _ uri: String, _ body: String = "", headers: [String: String] = [:]
) throws(LambdaError) -> LambdaRequest {
    guard let route = try LambdaRoute(method: method, uri: uri) else {
        throw LambdaError(.service, "no path of the Lambda API")
    }
    return try route.request(body: Array(body.utf8), in: LambdaFixture.region) { headers[$0] }
}

/// The error that reading a request ends with; nil when it succeeds.
func lambdaRefusal(
    _ method: String, _ uri: String, _ body: String = "", headers: [String: String] = [:]
) -> LambdaError? {
    do throws(LambdaError) {
        _ = try lambdaRequest(method, uri, body, headers: headers)
        return nil
    } catch {
        return error
    }
}

let mappingsPath = "/2015-03-31/event-source-mappings"
let functionsPath = "/2015-03-31/functions"

/// A CreateEventSourceMapping request with these members besides the ones that are always needed.
func createMapping(_ members: [String: String?] = [:]) -> String {
    let needed: [String: String?] = [
        "EventSourceArn": "\"\(LambdaFixture.stream)\"", "FunctionName": "\"f\"",
        "StartingPosition": "\"TRIM_HORIZON\"",
    ]
    return jsonObject(needed.merging(members) { _, changed in changed })
}

/// A CreateFunction request with these members besides the ones that are always needed.
func createFunction(_ members: [String: String?] = [:]) -> String {
    let needed: [String: String?] = [
        "FunctionName": "\"new\"", "Role": "\"\(LambdaFixture.role)\"", "Runtime": "\"provided.al2023\"",
        "Handler": "\"bootstrap\"", "Code": #"{"ZipFile":"emlw"}"#,
    ]
    return jsonObject(needed.merging(members) { _, changed in changed })
}

/// What creating a mapping comes to.
func created(
    _ body: String, _ facts: MappingFacts = LambdaFixture.facts()
) throws -> EventSourceMappingDefinition {
    guard case .createMapping(let request) = try lambdaRequest("POST", mappingsPath, body) else {
        throw LambdaError(.service, "no such request")
    }
    return try request.definition(uuid: LambdaFixture.otherUUID, facts)
}

/// What updating a mapping comes to.
func updated(
    _ mapping: EventSourceMappingDefinition, _ body: String, _ facts: MappingFacts? = nil
) throws -> EventSourceMappingDefinition {
    guard case .updateMapping(let request) = try lambdaRequest("PUT", mappingsPath + "/" + mapping.uuid, body) else {
        throw LambdaError(.service, "no such request")
    }
    return try mapping.applying(request.changes, facts ?? LambdaFixture.facts([mapping]))
}

/// The error of the closure.
func lambdaError<Value>(_ body: () throws -> Value) -> LambdaError? {
    do {
        _ = try body()
        return nil
    } catch let error as LambdaError {
        return error
    } catch {
        Issue.record("not an error of the Lambda API: \(error)")
        return nil
    }
}

extension LambdaResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
    subscript(field: String) -> String? { fields.first { $0.name.lowercased() == field.lowercased() }?.value }
}

/// A request that must be refused, and with what.
struct RefusedLambdaRequest: Sendable, CustomTestStringConvertible {
    let name: String
    let body: String
    let error: LambdaError

    /// An InvalidParameterValueException.
    init(_ name: String, _ body: String, _ text: String) {
        self.init(name, body, .invalidParameterValue, text)
    }

    init(_ name: String, _ body: String, _ kind: LambdaError.Kind, _ text: String) {
        self.name = name
        self.body = body
        error = LambdaError(kind, text)
    }

    /// A ValidationException for one constraint.
    static func constraint(_ name: String, _ body: String, _ violation: String) -> Self {
        Self(name, body, .validation, "1 validation error detected: \(violation)")
    }

    var testDescription: String { name }
}
