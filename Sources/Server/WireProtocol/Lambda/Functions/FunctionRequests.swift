import Replication

/// CreateFunction (reference `event-source-mapping.md` 6), with Lambda's defaults filled in.
public struct CreateFunctionRequest: Sendable, Equatable {
    public static let timeoutSecondsDefault = 3
    public static let memoryMegabytesDefault = 128
    public static let ephemeralStorageMegabytesDefault = 512
    public static let architectureDefault = "x86_64"

    public let function: FunctionReference
    public let code: FunctionCodeSource
    public let role: String
    /// As written; nil for a command.
    public let runtime: String?
    public let handler: String?
    public let description: String
    public let timeoutSeconds: Int
    public let memoryMegabytes: Int
    /// Nil when the request has none.
    public let environment: [String: String]?
    public let ephemeralStorageMegabytes: Int
    public let architecture: String
    public let inert: InertFunctionSettings
    public let tags: [String: String]

    init(_ members: LambdaMembers, in region: RegionName) throws(LambdaError) {
        let name = try members.string("FunctionName")
        let settings = try FunctionConfigurationChange(members)
        let architecture = try members.architecture()
        var constraints = Constraints()
        constraints.require(name != nil, at: "functionName")
        constraints.require(settings.role != nil, at: "role")
        constraints.require(members.has("Code"), at: "code")
        settings.check(&constraints)
        constraints.checkArchitecture(architecture)
        constraints.checkEnum(try members.string("PackageType"), at: "packageType", ["Zip", "Image"])
        try constraints.throwLambdaErrorIfViolated()

        function = try Self.function(name ?? "", in: region)
        if try members.string("PackageType") == "Image" {
            throw .invalidParameter("PackageType Image is not supported: \(LambdaError.imagesText)")
        }
        guard
            let code = try members.object("Code").flatMap({ (code) throws(LambdaError) in
                try FunctionCodeSource(code, .createFunction)
            })
        else { throw .invalidParameter("Please provide a source for function code.") }
        if code.needsRuntime, settings.runtime == nil || settings.handler == nil {
            throw .invalidParameter(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages.")
        }
        try settings.checkValues()
        tags = try LambdaTags.checked(try members.map("Tags") ?? [:])

        self.code = code
        role = settings.role ?? ""
        runtime = settings.runtime
        handler = settings.handler
        description = settings.description ?? ""
        timeoutSeconds = settings.timeoutSeconds ?? Self.timeoutSecondsDefault
        memoryMegabytes = settings.memoryMegabytes ?? Self.memoryMegabytesDefault
        environment = settings.environment
        ephemeralStorageMegabytes = settings.ephemeralStorageMegabytes ?? Self.ephemeralStorageMegabytesDefault
        self.architecture = architecture ?? Self.architectureDefault
        inert = settings.inert
    }

    /// Names of new functions are shorter than what may name one, and have no qualifier.
    private static func function(_ text: String, in region: RegionName) throws(LambdaError) -> FunctionReference {
        let function = try FunctionReference(text, in: region)
        if function.name.utf8.count > FunctionReference.nameLengthMax {
            throw .invalidParameter(
                "1 validation error detected: Value '\(text)' at 'functionName' failed to satisfy constraint: Member "
                    + "must have length less than or equal to \(FunctionReference.nameLengthMax)")
        }
        if let qualifier = function.qualifier, qualifier != FunctionReference.latest {
            throw .invalidParameter("A new function has no version or alias '\(qualifier)'; give its name alone.")
        }
        return FunctionReference(name: function.name, region: region)
    }
}

/// UpdateFunctionCode.
public struct UpdateFunctionCodeRequest: Sendable, Equatable {
    public let function: FunctionReference
    public let code: FunctionCodeSource
    /// Nil leaves it as it is.
    public let architecture: String?
    /// The function's revision that the client knows; another one is a `PreconditionFailedException`.
    public let revisionID: String?
    /// Only checks, and changes nothing.
    public let isDryRun: Bool

    init(_ function: FunctionReference, _ members: LambdaMembers) throws(LambdaError) {
        self.function = function
        architecture = try members.architecture()
        revisionID = try members.string("RevisionId")
        isDryRun = try members.boolean("DryRun") ?? false
        var constraints = Constraints()
        constraints.checkArchitecture(architecture)
        try constraints.throwLambdaErrorIfViolated()
        try UnsupportedFunctionSettings.refuse(members)
        guard let code = try FunctionCodeSource(members, .updateFunctionCode) else {
            throw .invalidParameter("Please provide a source for function code.")
        }
        self.code = code
    }
}

/// UpdateFunctionConfiguration.
public struct UpdateFunctionConfigurationRequest: Sendable, Equatable {
    public let function: FunctionReference
    /// What the request does not name stays as it is.
    public let changes: FunctionConfigurationChange
    /// The function's revision that the client knows; another one is a `PreconditionFailedException`.
    public let revisionID: String?

    init(_ function: FunctionReference, _ members: LambdaMembers) throws(LambdaError) {
        self.function = function
        changes = try FunctionConfigurationChange(members)
        revisionID = try members.string("RevisionId")
        var constraints = Constraints()
        changes.check(&constraints)
        try constraints.throwLambdaErrorIfViolated()
        try changes.checkValues()
    }
}

extension LambdaMembers {
    fileprivate func architecture() throws(LambdaError) -> String? {
        guard let architectures = try strings("Architectures") else { return nil }
        guard architectures.count == 1 else {
            var constraints = Constraints()
            constraints.checkCount(architectures.count, shown: "\(architectures)", at: "architectures", 1...1)
            try constraints.throwLambdaErrorIfViolated()
            return nil
        }
        return architectures[0]
    }
}

extension Constraints {
    fileprivate mutating func checkArchitecture(_ architecture: String?) {
        checkEnum(architecture, at: "architectures.1.member", ["x86_64", "arm64"])
    }
}

/// What the function's owner may find wrong when a request's turn comes.
extension LambdaError {
    public static func functionExists(_ name: String) -> LambdaError {
        LambdaError(.resourceConflict, "Function already exist: \(name)")
    }

    public static let revisionMismatch = LambdaError(
        .preconditionFailed,
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
            + "the latest Revision Id")

    /// - Parameter state: as the API shows it.
    public static func functionNotReady(state: String) -> LambdaError {
        LambdaError(
            .resourceConflict,
            "The operation cannot be performed at this time. The function is currently in the following state: "
                + state)
    }

    public static func updateInProgress(_ function: FunctionReference) -> LambdaError {
        LambdaError(
            .resourceConflict,
            "The operation cannot be performed at this time. An update is in progress for resource: "
                + function.unqualifiedARN)
    }

    /// Functions of `handler.yaml` are changed there.
    public static func localFunction(_ name: String) -> LambdaError {
        .invalidParameter(
            "The function \(name) comes from a handler.yaml file; change it there and not through the API.")
    }

    /// DeleteFunction removes functions, not versions of them.
    public static let latestCannotBeDeleted = invalidParameter(
        "$LATEST version cannot be deleted without deleting the function.")
}
