/// A function as the API shows it: its definition, and where it stands (reference 6).
public struct FunctionStatus: Sendable, Equatable {
    public enum State: String, Sendable {
        case pending = "Pending"
        case active = "Active"
        case failed = "Failed"
    }

    public enum UpdateState: String, Sendable {
        case successful = "Successful"
        case inProgress = "InProgress"
        case failed = "Failed"
    }

    public var definition: FunctionDefinition
    public var state: State
    /// Why it is not active.
    public var stateReason: String?
    /// The same as a word, such as `Creating`.
    public var stateReasonCode: String?
    /// Nil before anything was changed or when it has just been made.
    public var lastUpdateState: UpdateState?
    public var lastUpdateReason: String?
    public var lastUpdateReasonCode: String?

    public init(definition: FunctionDefinition, state: State) {
        self.definition = definition
        self.state = state
    }

    static func active(_ definition: FunctionDefinition) -> FunctionStatus {
        var status = FunctionStatus(definition: definition, state: .active)
        status.lastUpdateState = .successful
        return status
    }

    /// What the answer to its creation shows; it is active a moment later.
    static func pending(_ definition: FunctionDefinition) -> FunctionStatus {
        var status = FunctionStatus(definition: definition, state: .pending)
        status.stateReason = "The function is being created."
        status.stateReasonCode = "Creating"
        return status
    }

    /// What the answer to a change shows; it has worked a moment later.
    static func updating(_ definition: FunctionDefinition) -> FunctionStatus {
        var status = FunctionStatus(definition: definition, state: .active)
        status.lastUpdateState = .inProgress
        status.lastUpdateReason = "The function is being created."
        status.lastUpdateReasonCode = "Creating"
        return status
    }

    static func failed(_ definition: FunctionDefinition, reason: String) -> FunctionStatus {
        var status = FunctionStatus(definition: definition, state: .failed)
        status.stateReason = reason
        status.stateReasonCode = "InternalError"
        return status
    }
}

/// New code for a function.
public enum FunctionCode: Sendable, Equatable {
    /// A zip archive, to be unpacked.
    case zip([UInt8])
    /// A directory of this machine, used as it is: processes that start later see what was changed in it.
    case directory(String)
    case command([String], workingDirectory: String)
    case url(String)
}

/// Why a registry refuses.
public enum FunctionRegistryError: Error, Equatable, Sendable, CustomStringConvertible {
    case exists(String)
    case notFound(String)
    /// It is from `handler.yaml` or from code, and is changed there.
    case isLocal(String)
    case badName(String)
    case badCode(CodePackageError)
    /// A directory, command or address that cannot be one. The text says why.
    case badTarget(String)
    /// The caller knows another revision than the current one.
    case otherRevision(current: String)
    case tooMany(maximum: Int)
    /// The store refused; nothing was changed.
    case notStored(reason: String)
    case stopping

    public var description: String {
        switch self {
        case .exists(let name): "there is a function called \(name) already"
        case .notFound(let name): "there is no function called \(name)"
        case .isLocal(let name):
            "the function \(name) is defined in handler.yaml or in code, and can only be changed there"
        case .badName(let name):
            "'\(name)' is no name of a function: 1 to 140 letters, digits, hyphens and underscores"
        case .badCode(let error): error.description
        case .badTarget(let reason): reason
        case .otherRevision(let current): "the function's revision is \(current)"
        case .tooMany(let maximum): "there are \(maximum) functions already, as many as allowed"
        case .notStored(let reason): "the function could not be stored: \(reason)"
        case .stopping: "the server is stopping"
        }
    }
}

/// Where a registry keeps its functions.
public struct FunctionStorage: Sendable {
    /// All that was stored.
    public let load: @Sendable () throws -> [[UInt8]]
    /// Stores a function under its name, or removes it with nil, and returns when that is durable. It may block.
    public let store: @Sendable (_ name: String, _ bytes: [UInt8]?) throws -> Void

    public init(
        load: @escaping @Sendable () throws -> [[UInt8]],
        store: @escaping @Sendable (_ name: String, _ bytes: [UInt8]?) throws -> Void
    ) {
        self.load = load
        self.store = store
    }
}
