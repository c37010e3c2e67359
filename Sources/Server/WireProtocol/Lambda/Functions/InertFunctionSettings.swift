import JSONBytes

/// Settings of a function that change nothing here, and are shown as they were given: tracing, logging, networks, keys, snapshots.
///
/// Nil where a request says nothing. Their stored form is the JSON that the API shows (`encode`).
public struct InertFunctionSettings: Sendable, Equatable {
    enum TracingMode: String, RequestChoice {
        case active = "Active"
        case passThrough = "PassThrough"
    }

    enum LogFormat: String, RequestChoice {
        case json = "JSON"
        case text = "Text"
    }

    enum ApplicationLogLevel: String, RequestChoice {
        case trace = "TRACE"
        case debug = "DEBUG"
        case info = "INFO"
        case warn = "WARN"
        case error = "ERROR"
        case fatal = "FATAL"
    }

    enum SystemLogLevel: String, RequestChoice {
        case debug = "DEBUG"
        case info = "INFO"
        case warn = "WARN"
    }

    enum SnapStart: String, RequestChoice {
        case publishedVersions = "PublishedVersions"
        case none = "None"
    }

    var tracingMode: String?
    var logFormat: String?
    var applicationLogLevel: String?
    var systemLogLevel: String?
    var logGroup: String?
    var snapStart: String?
    var keyARN: String?
    var subnetIDs: [String]?
    var securityGroupIDs: [String]?

    public init() {}

    init(_ members: LambdaMembers) throws(LambdaError) {
        tracingMode = try members.object("TracingConfig")?.string("Mode")
        if let logging = try members.object("LoggingConfig") {
            logFormat = try logging.string("LogFormat")
            applicationLogLevel = try logging.string("ApplicationLogLevel")
            systemLogLevel = try logging.string("SystemLogLevel")
            logGroup = try logging.string("LogGroup")
        }
        snapStart = try members.object("SnapStart")?.string("ApplyOn")
        keyARN = try members.string("KMSKeyArn")
        if let network = try members.object("VpcConfig") {
            subnetIDs = try network.strings("SubnetIds")
            securityGroupIDs = try network.strings("SecurityGroupIds")
        }
    }

    func check(_ constraints: inout Constraints) {
        constraints.checkChoice(TracingMode.self, tracingMode, at: "tracingConfig.mode")
        constraints.checkChoice(LogFormat.self, logFormat, at: "loggingConfig.logFormat")
        constraints.checkChoice(
            ApplicationLogLevel.self, applicationLogLevel, at: "loggingConfig.applicationLogLevel")
        constraints.checkChoice(SystemLogLevel.self, systemLogLevel, at: "loggingConfig.systemLogLevel")
        constraints.checkLength(logGroup, at: "loggingConfig.logGroup", 1...512)
        constraints.checkChoice(SnapStart.self, snapStart, at: "snapStart.applyOn")
        constraints.checkLength(keyARN, at: "kMSKeyArn", 0...2048)
        if let subnetIDs {
            constraints.checkCount(subnetIDs.count, shown: "\(subnetIDs)", at: "vpcConfig.subnetIds", 0...16)
        }
        if let securityGroupIDs {
            constraints.checkCount(
                securityGroupIDs.count, shown: "\(securityGroupIDs)", at: "vpcConfig.securityGroupIds", 0...5)
        }
    }

    /// These settings with everything that `changes` says put in place.
    public func applying(_ changes: InertFunctionSettings) -> InertFunctionSettings {
        var settings = self
        settings.tracingMode = changes.tracingMode ?? tracingMode
        settings.logFormat = changes.logFormat ?? logFormat
        settings.applicationLogLevel = changes.applicationLogLevel ?? applicationLogLevel
        settings.systemLogLevel = changes.systemLogLevel ?? systemLogLevel
        settings.logGroup = changes.logGroup ?? logGroup
        settings.snapStart = changes.snapStart ?? snapStart
        settings.keyARN = changes.keyARN ?? keyARN
        settings.subnetIDs = changes.subnetIDs ?? subnetIDs
        settings.securityGroupIDs = changes.securityGroupIDs ?? securityGroupIDs
        return settings
    }
}

extension InertFunctionSettings {
    /// Bytes that are no such JSON stand for settings that say nothing: they would only be shown.
    public init(decoding bytes: [UInt8]) {
        self = (try? LambdaMembers(parsing: bytes)).flatMap { try? InertFunctionSettings($0) } ?? Self()
    }

    public func encode() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        if let keyARN, !keyARN.isEmpty {
            writer.key("KMSKeyArn")
            writer.string(keyARN)
        }
        if logFormat != nil || applicationLogLevel != nil || systemLogLevel != nil || logGroup != nil {
            writer.key("LoggingConfig")
            appendLogging(to: &writer, defaultGroup: nil)
        }
        if let snapStart {
            writer.key("SnapStart")
            writer.beginObject()
            writer.key("ApplyOn")
            writer.string(snapStart)
            writer.endObject()
        }
        if let tracingMode {
            writer.key("TracingConfig")
            writer.beginObject()
            writer.key("Mode")
            writer.string(tracingMode)
            writer.endObject()
        }
        if subnetIDs != nil || securityGroupIDs != nil {
            writer.key("VpcConfig")
            appendNetwork(to: &writer)
        }
        writer.endObject()
        return writer.bytes
    }

    /// - Parameter defaultGroup: shown where no group is set; nil leaves it out, and the default format with it.
    func appendLogging(to writer: inout JSONWriter, defaultGroup: String?) {
        writer.beginObject()
        let members: [(StaticString, String?)] = [
            ("LogFormat", logFormat ?? (defaultGroup == nil ? nil : LogFormat.text.rawValue)),
            ("ApplicationLogLevel", applicationLogLevel), ("SystemLogLevel", systemLogLevel),
            ("LogGroup", logGroup ?? defaultGroup),
        ]
        for (name, value) in members {
            guard let value else { continue }
            writer.key(name)
            writer.string(value)
        }
        writer.endObject()
    }

    func appendNetwork(to writer: inout JSONWriter) {
        writer.beginObject()
        for (name, values) in [("SubnetIds", subnetIDs), ("SecurityGroupIds", securityGroupIDs)] {
            writer.key(name)
            writer.beginArray()
            for value in values ?? [] { writer.string(value) }
            writer.endArray()
        }
        writer.endObject()
    }
}

extension Constraints {
    mutating func checkChoice<Choice: RequestChoice>(_ type: Choice.Type, _ value: String?, at path: String) {
        checkEnum(value, at: path, Choice.allCases.map(\.rawValue))
    }
}

/// Settings that would silently do nothing where a user counts on them.
enum UnsupportedFunctionSettings {
    private static let reasons: [(name: StaticString, reason: String)] = [
        ("Layers", "there are no layers here; put everything into the function's package."),
        ("FileSystemConfigs", "file systems cannot be mounted; the function sees this machine's files."),
        ("ImageConfig", LambdaError.imagesText),
        (
            "DeadLetterConfig",
            "failed asynchronous invocations are repeated twice and then dropped with a line in the log."
        ),
        ("CodeSigningConfigArn", "code signatures are not checked here."),
        ("CapacityProviderConfig", "functions run as processes of this machine."),
        ("DurableConfig", "there are no durable executions here."),
        ("TenancyConfig", "processes of a function are shared by all who call it."),
        ("PublishTo", "functions have no versions here, only $LATEST."),
        ("Publish", "functions have no versions here, only $LATEST."),
    ]

    /// Empty lists, empty objects and false are what clients send for "none".
    static func refuse(_ members: LambdaMembers) throws(LambdaError) {
        for (name, reason) in reasons where members.firstFilled([name]) != nil {
            if name.description == "DeadLetterConfig",
                try members.object(name)?.firstFilled(["TargetArn"]) == nil
            {
                continue
            }
            throw .invalidParameter("\(name) is not supported: \(reason)")
        }
    }
}

extension LambdaError {
    static let imagesText =
        "there are no container images here; give Code.ZipFile, Code.S3Bucket 'hot-reload' with a directory, or "
        + "Code.S3Bucket 'command' with a command line."
}
