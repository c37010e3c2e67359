import ChangeStream
import JSONBytes

/// A function as the API shows it (reference `event-source-mapping.md` 6): a plain value that its owner fills.
public struct FunctionView: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        case pending
        case active
        case failed(reason: String)
    }

    public enum LastUpdate: Sendable, Equatable {
        case successful
        case inProgress
        case failed(reason: String)
    }

    public var function: FunctionReference
    public var role: String
    /// Nil for a command.
    public var runtime: String?
    public var handler: String?
    public var description: String
    public var timeoutSeconds: Int
    public var memoryMegabytes: Int
    /// Nil shows none.
    public var environment: [String: String]?
    public var ephemeralStorageMegabytes: Int
    public var architecture: String
    public var inert: InertFunctionSettings
    public var tags: [String: String]
    /// The size of the package, in bytes; 0 without one.
    public var codeBytes: Int
    /// In base64.
    public var codeSHA256: String
    /// Where the code lies, for people: a path or a command line.
    public var codeLocation: String
    /// Epoch milliseconds.
    public var lastModifiedMilliseconds: UInt64
    public var revisionID: String
    public var state: State
    /// Nil while the function has never been active.
    public var lastUpdate: LastUpdate?
    /// Nil when none is reserved.
    public var reservedConcurrency: Int?

    public init(
        function: FunctionReference, role: String, runtime: String?, handler: String?, description: String = "",
        timeoutSeconds: Int, memoryMegabytes: Int, environment: [String: String]?, ephemeralStorageMegabytes: Int,
        architecture: String, inert: InertFunctionSettings = InertFunctionSettings(), tags: [String: String] = [:],
        codeBytes: Int, codeSHA256: String, codeLocation: String, lastModifiedMilliseconds: UInt64,
        revisionID: String, state: State, lastUpdate: LastUpdate?, reservedConcurrency: Int? = nil
    ) {
        self.function = function
        self.role = role
        self.runtime = runtime
        self.handler = handler
        self.description = description
        self.timeoutSeconds = timeoutSeconds
        self.memoryMegabytes = memoryMegabytes
        self.environment = environment
        self.ephemeralStorageMegabytes = ephemeralStorageMegabytes
        self.architecture = architecture
        self.inert = inert
        self.tags = tags
        self.codeBytes = codeBytes
        self.codeSHA256 = codeSHA256
        self.codeLocation = codeLocation
        self.lastModifiedMilliseconds = lastModifiedMilliseconds
        self.revisionID = revisionID
        self.state = state
        self.lastUpdate = lastUpdate
        self.reservedConcurrency = reservedConcurrency
    }

    /// What CreateFunction, the updates and GetFunctionConfiguration answer.
    /// - Parameter asked: the function as the request names it; its qualifier is echoed in `FunctionArn`.
    public func configurationResponse(status: Int = 200, for asked: FunctionReference) -> LambdaResponse {
        .object(status: status) { appendMembers(to: &$0, for: asked) }
    }

    /// What GetFunction answers.
    public func response(for asked: FunctionReference) -> LambdaResponse {
        .object { writer in
            writer.key("Configuration")
            writer.beginObject()
            appendMembers(to: &writer, for: asked)
            writer.endObject()
            writer.key("Code")
            writer.beginObject()
            writer.key("RepositoryType")
            writer.string("S3")
            writer.key("Location")
            writer.string(codeLocation)
            writer.endObject()
            if !tags.isEmpty {
                writer.key("Tags")
                StringMap.append(tags, to: &writer)
            }
            if let reservedConcurrency {
                writer.key("Concurrency")
                writer.beginObject()
                writer.key("ReservedConcurrentExecutions")
                writer.number(reservedConcurrency)
                writer.endObject()
            }
        }
    }

    private func appendMembers(to writer: inout JSONWriter, for asked: FunctionReference) {
        let time = StreamLabel.text(milliseconds: lastModifiedMilliseconds) + "+0000"
        appendStrings(
            [
                ("FunctionName", function.name), ("FunctionArn", asked.arn), ("Runtime", runtime), ("Role", role),
                ("Handler", handler), ("Description", description), ("LastModified", time),
                ("CodeSha256", codeSHA256), ("Version", FunctionReference.latest), ("RevisionId", revisionID),
                ("PackageType", "Zip"),
            ], to: &writer)
        for (name, value) in [("CodeSize", codeBytes), ("Timeout", timeoutSeconds), ("MemorySize", memoryMegabytes)] {
            writer.key(name)
            writer.number(value)
        }
        if let environment {
            writer.key("Environment")
            writer.beginObject()
            writer.key("Variables")
            StringMap.append(environment, to: &writer)
            writer.endObject()
        }
        writer.key("Architectures")
        writer.beginArray()
        writer.string(architecture)
        writer.endArray()
        writer.key("EphemeralStorage")
        writer.beginObject()
        writer.key("Size")
        writer.number(ephemeralStorageMegabytes)
        writer.endObject()
        appendInert(to: &writer)
        appendState(to: &writer)
    }

    private func appendInert(to writer: inout JSONWriter) {
        if let key = inert.keyARN, !key.isEmpty { appendStrings([("KMSKeyArn", key)], to: &writer) }
        writer.key("TracingConfig")
        writer.beginObject()
        appendStrings(
            [("Mode", inert.tracingMode ?? InertFunctionSettings.TracingMode.passThrough.rawValue)], to: &writer)
        writer.endObject()
        writer.key("SnapStart")
        writer.beginObject()
        appendStrings(
            [
                ("ApplyOn", inert.snapStart ?? InertFunctionSettings.SnapStart.none.rawValue),
                ("OptimizationStatus", "Off"),
            ], to: &writer)
        writer.endObject()
        writer.key("LoggingConfig")
        inert.appendLogging(to: &writer, defaultGroup: "/aws/lambda/\(function.name)")
        if inert.subnetIDs?.isEmpty == false {
            writer.key("VpcConfig")
            inert.appendNetwork(to: &writer)
        }
    }

    private func appendState(to writer: inout JSONWriter) {
        switch state {
        case .pending:
            appendStrings(
                [
                    ("State", "Pending"), ("StateReason", "The function is being created."),
                    ("StateReasonCode", "Creating"),
                ], to: &writer)
        case .active: appendStrings([("State", "Active")], to: &writer)
        case .failed(let reason):
            appendStrings(
                [("State", "Failed"), ("StateReason", reason), ("StateReasonCode", "InternalError")], to: &writer)
        }
        switch lastUpdate {
        case nil: break
        case .successful: appendStrings([("LastUpdateStatus", "Successful")], to: &writer)
        case .inProgress:
            appendStrings(
                [
                    ("LastUpdateStatus", "InProgress"), ("LastUpdateStatusReason", "The function is being created."),
                    ("LastUpdateStatusReasonCode", "Creating"),
                ], to: &writer)
        case .failed(let reason):
            appendStrings(
                [
                    ("LastUpdateStatus", "Failed"), ("LastUpdateStatusReason", reason),
                    ("LastUpdateStatusReasonCode", "InternalError"),
                ], to: &writer)
        }
    }

    private func appendStrings(_ members: [(StaticString, String?)], to writer: inout JSONWriter) {
        for (name, value) in members {
            guard let value else { continue }
            writer.key(name)
            writer.string(value)
        }
    }
}

extension FunctionView {
    /// The page of ListFunctions when the client asks for none.
    static let pageCountDefault = 50

    /// What ListFunctions answers: a page of the region's functions, in the order of their names.
    public static func list(_ functions: [FunctionView], _ page: ListPage) -> LambdaResponse {
        let (views, nextMarker) = page.cut(functions) { $0.function.name }
        return .object { writer in
            writer.key("Functions")
            writer.beginArray()
            for view in views {
                writer.beginObject()
                view.appendMembers(to: &writer, for: view.function)
                writer.endObject()
            }
            writer.endArray()
            if let nextMarker {
                writer.key("NextMarker")
                writer.string(nextMarker)
            }
        }
    }
}
