/// What the configuration of a function says beside its code, as one request has it: nil where the request says nothing.
///
/// `Timeout` and the like are kept in the API's units. Of CreateFunction's members only those are here that change how a function runs;
/// `InertFunctionSettings` has those that are merely shown.
public struct FunctionConfigurationChange: Sendable, Equatable {
    public static let descriptionLengthMax = 256
    public static let handlerLengthMax = 128
    public static let timeoutSecondsRange = 1...900
    public static let memoryMegabytesRange = 128...32_768
    public static let ephemeralStorageMegabytesRange = 512...10_240

    public var role: String?
    /// As written, such as `provided.al2023`.
    public var runtime: String?
    public var handler: String?
    public var description: String?
    public var timeoutSeconds: Int?
    public var memoryMegabytes: Int?
    public var environment: [String: String]?
    public var ephemeralStorageMegabytes: Int?
    public var inert: InertFunctionSettings

    init(_ members: LambdaMembers) throws(LambdaError) {
        role = try members.string("Role")
        runtime = try members.string("Runtime")
        handler = try members.string("Handler")
        description = try members.string("Description")
        timeoutSeconds = try members.integer("Timeout")
        memoryMegabytes = try members.integer("MemorySize")
        environment = try members.object("Environment")?.map("Variables")
        ephemeralStorageMegabytes = try members.object("EphemeralStorage")?.integer("Size")
        inert = try InertFunctionSettings(members)
        try UnsupportedFunctionSettings.refuse(members)
    }

    /// Notes what the service model's constraints do not allow.
    func check(_ constraints: inout Constraints) {
        constraints.checkPattern(role, at: "role", Self.rolePattern)
        constraints.checkLength(handler, at: "handler", 0...Self.handlerLengthMax)
        constraints.checkPattern(handler, at: "handler", Self.handlerPattern)
        constraints.checkLength(description, at: "description", 0...Self.descriptionLengthMax)
        constraints.checkRange(timeoutSeconds, at: "timeout", Self.timeoutSecondsRange)
        constraints.checkRange(memoryMegabytes, at: "memorySize", Self.memoryMegabytesRange)
        constraints.checkRange(
            ephemeralStorageMegabytes, at: "ephemeralStorage.size", Self.ephemeralStorageMegabytesRange)
        if let environment, !environment.keys.allSatisfy(FunctionEnvironment.isName) {
            constraints.violateWithoutValue(
                at: "environment.variables",
                "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
                    + "\(FunctionEnvironment.namePatternText)]")
        }
        inert.check(&constraints)
    }

    /// The checks behind the front end's.
    func checkValues() throws(LambdaError) {
        if let runtime { try FunctionRuntime.check(runtime) }
        if let environment { try FunctionEnvironment.check(environment) }
    }

    private static let rolePattern = LambdaPattern(
        text: #"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"#
    ) { text in
        guard let arn = ResourceARN(text), arn.partition.isEmpty || arn.partition.hasPrefix("aws"),
            arn.service == "iam", arn.region.isEmpty, arn.account.utf8.count == 12,
            arn.account.utf8.allSatisfy(\.isDigit),
            arn.resource.hasPrefix("role")
        else { return false }
        let name = arn.resource.dropFirst("role".count)
        return !name.isEmpty
            && name.utf8.allSatisfy { FunctionNameParts.isNameCharacter($0) || "+=,.@/".utf8.contains($0) }
    }
    private static let handlerPattern = LambdaPattern(text: #"[^\s]+"#) { text in
        !text.isEmpty && !text.unicodeScalars.contains { $0.properties.isWhitespace }
    }
}

/// Environment variables of a function.
enum FunctionEnvironment {
    /// Names and values together, in bytes of their JSON.
    static let bytesMax = 4096
    static let namePatternText = "[a-zA-Z]([a-zA-Z0-9_])+"
    /// What Lambda sets itself (reference `event-source-mapping.md` 7).
    static let reservedNames: Set<String> = [
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    ]
    private static let failure =
        "Lambda was unable to configure your environment variables because the environment variables you have provided "

    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count > 1 else { return false }
        let letter = first | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
            && name.utf8.allSatisfy { FunctionNameParts.isNameCharacter($0) && $0 != UInt8(ascii: "-") }
    }

    static func check(_ variables: [String: String]) throws(LambdaError) {
        let reserved = variables.keys.filter { reservedNames.contains($0) }.sorted()
        if !reserved.isEmpty {
            throw .invalidParameter(
                failure + "contains reserved keys that are currently not supported for modification. "
                    + "Reserved keys used in this request: \(reserved.joined(separator: ", "))")
        }
        let json = StringMap.json(variables)
        if json.count > bytesMax {
            throw .invalidParameter(
                failure + "exceeded the 4KB limit. String measured: \(String(decoding: json, as: UTF8.self))")
        }
    }
}

/// The runtimes that this server can start.
enum FunctionRuntime {
    /// Lambda's runtimes that are not deprecated, as botocore's service model lists them.
    static let ofLambda = [
        "python3.9", "provided.al2", "nodejs18.x", "python3.10", "java17", "ruby3.2", "ruby3.3", "ruby3.4",
        "python3.11", "nodejs20.x", "provided.al2023", "python3.12", "java21", "python3.13", "nodejs22.x",
        "nodejs24.x", "python3.14", "java25", "dotnet8", "dotnet10", "java8.al2", "java11", "ruby4.0",
    ]

    /// Runtimes are known by their language, so that an old `nodejs16.x` is no misspelling.
    private static let languages = ["nodejs", "java", "ruby", "dotnetcore", "dotnet", "go", "python"]

    static func check(_ runtime: String) throws(LambdaError) {
        if runtime == "provided" || runtime.hasPrefix("provided.al2") || isPython3(runtime) { return }
        guard
            languages.contains(where: { runtime.hasPrefix($0) && runtime.dropFirst($0.count).first?.isNumber == true })
        else {
            throw .invalidParameter(
                "Value \(runtime) at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
                    + "[\(ofLambda.joined(separator: ", "))] or be a valid ARN")
        }
        throw .invalidParameter(
            "The runtime \(runtime) is not supported: this server runs python3.x and provided.*, so a package with an "
                + "executable 'bootstrap' runs every language, and Code.S3Bucket 'command' every program.")
    }

    private static func isPython3(_ runtime: String) -> Bool {
        guard runtime.hasPrefix("python3.") else { return false }
        let minor = runtime.dropFirst("python3.".count)
        return (1...2).contains(minor.utf8.count)
            && minor.utf8.allSatisfy(\.isDigit)
    }
}
