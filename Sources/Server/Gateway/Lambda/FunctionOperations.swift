import Functions
import Partition
import Region
import WireProtocol

/// The operations on functions.
extension RegionLambda {
    typealias Answer = @Sendable (LambdaResponse) -> Void

    func status(of function: FunctionReference) throws(LambdaError) -> FunctionStatus {
        guard let status = functions.function(function.name) else { throw .functionNotFound(function) }
        return status
    }

    func view(of function: FunctionReference) throws(LambdaError) -> FunctionView { view(of: try status(of: function)) }

    func view(of status: FunctionStatus) -> FunctionView {
        let definition = status.definition
        let state: FunctionView.State =
            switch status.state {
            case .pending: .pending
            case .active: .active
            case .failed: .failed(reason: status.stateReason ?? "")
            }
        let update: FunctionView.LastUpdate? =
            switch status.lastUpdateState {
            case nil: nil
            case .successful: .successful
            case .inProgress: .inProgress
            case .failed: .failed(reason: status.lastUpdateReason ?? "")
            }
        return FunctionView(
            function: FunctionReference(name: definition.name, region: region.name), role: definition.role,
            runtime: definition.runtime, handler: definition.handler.isEmpty ? nil : definition.handler,
            description: definition.description, timeoutSeconds: definition.timeoutMilliseconds / 1000,
            memoryMegabytes: definition.memoryMegabytes,
            environment: definition.environment.isEmpty ? nil : definition.environment,
            ephemeralStorageMegabytes: definition.ephemeralStorageMegabytes,
            architecture: definition.architectures.first ?? CreateFunctionRequest.architectureDefault,
            inert: InertFunctionSettings(decoding: definition.shownSettings), tags: definition.tags,
            codeBytes: definition.codeBytes, codeSHA256: definition.codeSHA256,
            codeLocation: definition.target.location, lastModifiedMilliseconds: definition.lastModifiedMilliseconds,
            revisionID: definition.revisionID, state: state, lastUpdate: update,
            reservedConcurrency: definition.reservedConcurrency)
    }

    func create(_ request: CreateFunctionRequest, _ answer: @escaping Answer) throws(LambdaError) {
        var definition = FunctionDefinition(name: request.function.name, region: region.name, target: .inProcess)
        definition.runtime = request.runtime
        definition.handler = request.handler ?? ""
        definition.role = request.role
        definition.description = request.description
        definition.timeoutMilliseconds = request.timeoutSeconds * 1000
        definition.memoryMegabytes = request.memoryMegabytes
        definition.environment = request.environment ?? [:]
        definition.ephemeralStorageMegabytes = request.ephemeralStorageMegabytes
        definition.architectures = [request.architecture]
        definition.shownSettings = request.inert.encode()
        definition.tags = request.tags
        functions.create(definition, code: FunctionCode(request.code)) { [self] result in
            answer(response(to: result, for: request.function, status: 201))
        }
    }

    func update(_ request: UpdateFunctionCodeRequest, _ answer: @escaping Answer) throws(LambdaError) {
        if request.isDryRun {
            return answer(try view(of: request.function).configurationResponse(for: request.function))
        }
        functions.updateCode(
            request.function.name, FunctionCode(request.code), architectures: request.architecture.map { [$0] },
            revisionID: request.revisionID
        ) { [self] result in answer(response(to: result, for: request.function)) }
    }

    func update(_ request: UpdateFunctionConfigurationRequest, _ answer: @escaping Answer) throws(LambdaError) {
        let changes = request.changes
        functions.updateConfiguration(
            request.function.name, revisionID: request.revisionID,
            completion: { [self] result in answer(response(to: result, for: request.function)) },
            change: { definition in
                definition.role = changes.role ?? definition.role
                definition.runtime = changes.runtime ?? definition.runtime
                definition.handler = changes.handler ?? definition.handler
                definition.description = changes.description ?? definition.description
                if let seconds = changes.timeoutSeconds { definition.timeoutMilliseconds = seconds * 1000 }
                definition.memoryMegabytes = changes.memoryMegabytes ?? definition.memoryMegabytes
                definition.environment = changes.environment ?? definition.environment
                definition.ephemeralStorageMegabytes =
                    changes.ephemeralStorageMegabytes ?? definition.ephemeralStorageMegabytes
                definition.shownSettings =
                    InertFunctionSettings(decoding: definition.shownSettings).applying(changes.inert).encode()
            })
    }

    func delete(_ function: FunctionReference, _ answer: @escaping Answer) {
        functions.delete(function.name) { result in
            switch result {
            case .success: answer(.noContent)
            case .failure(let error): answer(LambdaError(error, function).response)
            }
        }
    }

    /// - Parameter reserved: how many invocations may run at a time; nil takes the limit back.
    func reserve(_ reserved: Int?, for function: FunctionReference, _ answer: @escaping Answer) throws(LambdaError) {
        if let reserved {
            let others = functions.functions().filter { $0.definition.name != function.name }
                .compactMap(\.definition.reservedConcurrency).reduce(0, +)
            try AccountConcurrency.check(reserved, others: others)
        }
        functions.updateConfiguration(
            function.name,
            completion: { result in
                switch result {
                case .success: answer(reserved.map { AccountConcurrency.response($0) } ?? .noContent)
                case .failure(let error): answer(LambdaError(error, function).response)
                }
            },
            change: { definition in
                definition.reservedConcurrency = reserved
                definition.concurrencyMax =
                    reserved.map { min($0, Self.processesMax) } ?? FunctionDefinition.concurrencyDefault
            })
    }

    /// Processes of one function, however much concurrency is reserved for it: this is one machine.
    private static let processesMax = 64

    var accountSettings: LambdaResponse {
        let all = functions.functions().map(\.definition)
        return AccountConcurrency.accountSettings(
            functionCount: all.count, codeBytes: all.reduce(0) { $0 + $1.codeBytes },
            reserved: all.compactMap(\.reservedConcurrency).reduce(0, +))
    }

    private func response(
        to result: Result<FunctionStatus, FunctionRegistryError>, for function: FunctionReference, status: Int = 200
    ) -> LambdaResponse {
        switch result {
        case .success(let made): view(of: made).configurationResponse(status: status, for: function)
        case .failure(let error): LambdaError(error, function).response
        }
    }

    // MARK: Invoke

    func invoke(_ request: InvokeRequest, _ answer: @escaping Answer) throws(LambdaError) {
        _ = try status(of: request.function)
        if request.type == .dryRun { return answer(request.response(.dryRun)) }
        let invocation = Functions.Invocation(
            requestID: RandomUUID.make(), payload: request.payload,
            clientContext: request.clientContext, wantsLogTail: request.wantsLogTail)
        if request.type == .event {
            if let reason = functions.invokeLater(request.function.name, invocation) {
                throw LambdaError(reason, request.function)
            }
            return answer(request.response(.accepted))
        }
        functions.invoke(request.function.name, invocation) { result in
            switch result {
            case .success(let payload, let log):
                answer(request.response(.success(payload: payload), log: log))
            case .functionError(_, let payload, let log):
                answer(request.response(.functionError(payload: payload), log: log))
            case .notStarted(let reason):
                answer(LambdaError(reason, request.function).response)
            }
        }
    }
}

extension FunctionCode {
    fileprivate init(_ source: FunctionCodeSource) {
        switch source {
        case .zip(let bytes): self = .zip(bytes)
        case .directory(let directory): self = .directory(directory)
        case .command(let words): self = .command(words, workingDirectory: "/")
        }
    }
}

extension FunctionTarget {
    /// For people.
    fileprivate var location: String {
        switch self {
        case .package(let directory): "file://" + directory
        case .command(let words, _): words.joined(separator: " ")
        case .url(let url): url
        case .inProcess: "in process"
        }
    }
}

extension LambdaError {
    init(_ error: FunctionRegistryError, _ function: FunctionReference) {
        self =
            switch error {
            case .exists(let name): .functionExists(name)
            case .notFound: .functionNotFound(function)
            case .isLocal(let name): .localFunction(name)
            case .otherRevision: .revisionMismatch
            case .badCode(.notAZip): .notAZip
            case .notStored, .stopping: .internalError
            case .badName, .badCode, .badTarget, .tooMany: .invalidParameter(error.description)
            }
    }

    fileprivate init(_ reason: NotStartedReason, _ function: FunctionReference) {
        self =
            switch reason {
            case .throttled: .throttled
            case .noSuchFunction: .functionNotFound(function)
            case .notActive(let state): .functionNotReady(state: state)
            case .executableMissing, .unreachable, .stopping: .notInvocable(reason.description)
            }
    }
}
