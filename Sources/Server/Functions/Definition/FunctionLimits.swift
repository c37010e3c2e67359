/// Everything that a function, its package or its callers could otherwise make large, slow or many.
public struct FunctionLimits: Sendable {
    // MARK: Invocations

    /// Invocations of one function that wait for a free process. Beyond it they are throttled.
    public var queuedInvocations = 1000
    /// The payloads of these together. Beyond it invocations are throttled.
    public var queuedBytes = 64 << 20
    /// How long an invocation waits for a free process before it is throttled. Shorter than the read timeout of SDKs (60 s).
    public var queueWaitMilliseconds = 20_000
    /// Longest answer of a function (reference 7).
    public var responseBytes = 6 * 1024 * 1024 + 100
    /// Longest body that a process may send at all. Answers between `responseBytes` and this are refused as too long;
    /// beyond it the process loses its connection.
    public var receivedBytes = 32 << 20
    /// Asynchronous invocations of all functions of a region that wait for their turn or their next try.
    public var asynchronousInvocations = 10_000
    /// The payloads of these together.
    public var asynchronousBytes = 128 << 20
    /// Functions of a region.
    public var functions = 1000

    // MARK: Processes

    /// From the start of a process to its first request for an invocation; a longer timeout of the function counts for this, too.
    public var initMilliseconds = 10_000
    /// How long a process waits for work before it is stopped.
    public var idleMilliseconds = 300_000
    /// How long a process that has answered is expected to ask for more at once, before another one is started in its place.
    public var returnMilliseconds = 100
    /// From SIGTERM to SIGKILL.
    public var stopGraceMilliseconds = 500
    /// The pause before a process is started again after two starts in a row have failed; doubles with each further one.
    public var startPauseMilliseconds = 200
    /// The longest of these pauses.
    public var startPauseMaxMilliseconds = 10_000

    // MARK: Output

    /// Longest line of output that is logged; what is more is cut off.
    public var logLineBytes = 16 * 1024
    /// How much of an invocation's output its result carries.
    public var logTailBytes = 4096
    /// How fast output is read; a process that prints more waits in its writes.
    public var outputBytesPerSecond = 8 << 20
    /// The same in lines.
    public var outputLinesPerSecond = 10_000

    // MARK: Packages

    /// Largest package as uploaded.
    public var packageBytes = 50 << 20
    /// Largest package when unpacked, counted while it is unpacked.
    public var unpackedBytes = 250 << 20
    /// Files and directories in a package.
    public var packageEntries = 50_000
    /// Longest path in a package.
    public var pathBytes = 1024

    public init() {}
}

/// Where functions run.
public struct FunctionSettings: Sendable {
    /// Code of packages lies in `<codeDirectory>/<function>/<hash>`.
    public var codeDirectory: String
    /// What functions get as `AWS_ENDPOINT_URL`; nil for none.
    public var endpointURL: String?
    public var accountID: String
    /// The Python that runs `python3.x` functions. Nil: `python3.x` of the function's runtime, else `python3`, in `searchPath`.
    public var pythonInterpreter: String?
    /// Where commands and interpreters are looked up. Functions get it as `PATH`.
    public var searchPath: [String]
    public var limits: FunctionLimits

    /// What AWS gives to functions, without the layers of which there are none.
    public static let searchPathDefault = ["/usr/local/bin", "/usr/bin", "/bin"]

    public init(
        codeDirectory: String, endpointURL: String?, accountID: String = "000000000000",
        pythonInterpreter: String? = nil, searchPath: [String] = Self.searchPathDefault,
        limits: FunctionLimits = FunctionLimits()
    ) {
        self.codeDirectory = codeDirectory
        self.endpointURL = endpointURL
        self.accountID = accountID
        self.pythonInterpreter = pythonInterpreter
        self.searchPath = searchPath
        self.limits = limits
    }
}
