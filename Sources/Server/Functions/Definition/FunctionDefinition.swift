public import Replication

/// A user's function: what runs, how, and with which settings (reference `event-source-mapping.md` 6).
public struct FunctionDefinition: Sendable, Equatable {
    /// The allowed time of an invocation, in milliseconds.
    public static let timeoutsMilliseconds = 1000...900_000
    public static let timeoutDefaultMilliseconds = 3000
    public static let memoryDefaultMegabytes = 128
    public static let ephemeralStorageDefaultMegabytes = 512
    /// How many processes of a function run at the same time when nobody says how many.
    public static let concurrencyDefault = 10
    /// The same for handlers from `handler.yaml`.
    public static let localConcurrencyDefault = 2

    public var name: String
    public var region: RegionName
    public var target: FunctionTarget
    /// As it was written, for instance `provided.al2023` or `python3.12`; nil for targets that are no package.
    public var runtime: String?
    /// What the runtime is told to call, for instance `app.handler`.
    public var handler = ""
    public var role = ""
    public var description = ""
    /// How long an invocation may take.
    public var timeoutMilliseconds = Self.timeoutDefaultMilliseconds
    /// Told to the function; nothing enforces it.
    public var memoryMegabytes = Self.memoryDefaultMegabytes
    /// The user's own environment variables.
    public var environment: [String: String] = [:]
    public var architectures = ["x86_64"]
    /// Told to callers; nothing enforces it.
    public var ephemeralStorageMegabytes = Self.ephemeralStorageDefaultMegabytes
    public var tags: [String: String] = [:]
    /// Changes with every change of the function.
    public var revisionID = ""
    public var lastModifiedMilliseconds: UInt64 = 0
    /// The SHA-256 of the package as it was uploaded, in base64; empty for targets that are no package.
    public var codeSHA256 = ""
    /// The size of the package as it was uploaded.
    public var codeBytes = 0
    /// How many invocations run at the same time; 0 lets none run.
    public var concurrencyMax = Self.concurrencyDefault
    /// What PutFunctionConcurrency has set, as the API shows it; nil when it has not.
    public var reservedConcurrency: Int?
    /// Settings that the API shows and that nothing here obeys, in the form of whoever shows them.
    public var shownSettings: [UInt8] = []
    /// Whether it comes from `handler.yaml` or from code: it is not stored, and the API does not change it.
    public var isLocal = false

    public init(name: String, region: RegionName, target: FunctionTarget) {
        self.name = name
        self.region = region
        self.target = target
    }
}

/// Where a function's code is.
public enum FunctionTarget: Sendable, Equatable {
    /// A directory with an unpacked package: `bootstrap`, or what the runtime loads.
    case package(directory: String)
    /// A command of this machine that speaks the Runtime API, run in a directory. Its first word is a path or is looked up in `PATH`.
    case command([String], workingDirectory: String)
    /// An HTTP address that takes the payload as the body of a POST.
    case url(String)
    /// Code in this process, given to the registry when the function is registered.
    case inProcess
}
