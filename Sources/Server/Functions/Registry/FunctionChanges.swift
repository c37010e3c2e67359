import Dispatch
import Logging
import Synchronization

/// Changes of functions. Each runs on the registry's queue and calls back from there; what it shows in its answer is what AWS shows at
/// that moment (`Pending`, `InProgress`), and is over when the next request can ask.
extension FunctionRegistry {
    /// Makes a function. What the definition says of its code, its revision and its time does not matter.
    public func create(
        _ definition: FunctionDefinition, code: FunctionCode, completion: @escaping Completion
    ) {
        perform(completion) { [self] () throws(FunctionRegistryError) in
            guard Self.isName(definition.name) else { throw .badName(definition.name) }
            try checkRoom(for: definition.name)
            var made = definition
            try install(code, in: &made)
            touch(&made)
            do throws(FunctionRegistryError) {
                try store(made)
            } catch {
                self.code.remove(made.target)
                throw error
            }
            insert(made, status: .active(made))
            return .pending(made)
        }
    }

    /// Replaces a function's code. Processes that are at work end as they began.
    /// - Parameter revisionID: when it is given, the function must be of this revision.
    public func updateCode(
        _ name: String, _ code: FunctionCode, architectures: [String]? = nil, revisionID: String? = nil,
        completion: @escaping Completion
    ) {
        update(name, revisionID: revisionID, completion: completion) {
            [self] (definition) throws(FunctionRegistryError) in
            try install(code, in: &definition)
            definition.architectures = architectures ?? definition.architectures
        }
    }

    /// Changes a function's settings; its name, region and code stay as they are.
    /// - Parameter revisionID: when it is given, the function must be of this revision.
    public func updateConfiguration(
        _ name: String, revisionID: String? = nil, completion: @escaping Completion,
        change: @escaping @Sendable (inout FunctionDefinition) -> Void
    ) {
        update(name, revisionID: revisionID, completion: completion) { (definition) throws(FunctionRegistryError) in
            let before = definition
            change(&definition)
            (definition.name, definition.region, definition.target) = (before.name, before.region, before.target)
            (definition.codeSHA256, definition.codeBytes) = (before.codeSHA256, before.codeBytes)
            definition.isLocal = before.isLocal
        }
    }

    /// Removes a function, interrupts what it is doing, and removes its code.
    public func delete(_ name: String, completion: @escaping Completion) {
        perform(completion) { [self] () throws(FunctionRegistryError) in
            let entry = try changeable(name, revisionID: nil)
            do {
                try storage.store(name, nil)
            } catch {
                throw .notStored(reason: "\(error)")
            }
            state.withLock { $0.entries[name] = nil }
            end(entry)
            return entry.status
        }
    }

    // MARK: Functions of this machine

    /// Adds a function from `handler.yaml` or from code, which is not stored and which the API cannot change.
    /// - Parameter handler: what `FunctionTarget.inProcess` stands for.
    public func register(
        _ definition: FunctionDefinition, handler: FunctionPool.Handler? = nil
    ) throws(FunctionRegistryError) {
        var local = definition
        local.isLocal = true
        touch(&local)
        guard Self.isName(local.name) else { throw .badName(local.name) }
        try queue.syncTyped { () throws(FunctionRegistryError) in
            try checkRoom(for: local.name)
            try Self.check(local.target)
            insert(local, status: .active(local), handler: handler)
        }
    }

    /// Takes a function away that was added with `register`.
    public func unregister(_ name: String) throws(FunctionRegistryError) {
        try queue.syncTyped { () throws(FunctionRegistryError) in
            let entry: Entry? = state.withLock { state in
                guard state.entries[name]?.status.definition.isLocal == true else { return nil }
                return state.entries.removeValue(forKey: name)
            }
            guard let entry else { throw .notFound(name) }
            end(entry)
        }
    }

    // MARK: Parts

    private func update(
        _ name: String, revisionID: String?, completion: @escaping Completion,
        _ change: @escaping @Sendable (inout FunctionDefinition) throws(FunctionRegistryError) -> Void
    ) {
        perform(completion) { [self] () throws(FunctionRegistryError) in
            let entry = try changeable(name, revisionID: revisionID)
            let before = entry.status.definition
            var definition = before
            try change(&definition)
            touch(&definition)
            do throws(FunctionRegistryError) {
                try store(definition)
            } catch {
                if definition.target != before.target { code.remove(definition.target) }
                throw error
            }
            let changed = definition
            state.withLock { $0.entries[name]?.status = .active(changed) }
            entry.pool.update(changed)
            return .updating(changed)
        }
    }

    private func perform(
        _ completion: @escaping Completion,
        _ body: @escaping @Sendable () throws(FunctionRegistryError) -> FunctionStatus
    ) {
        queue.async { [self] in
            guard !state.withLock({ $0.isStopping }) else { return completion(.failure(.stopping)) }
            do throws(FunctionRegistryError) {
                completion(.success(try body()))
            } catch {
                completion(.failure(error))
            }
        }
    }

    private func changeable(_ name: String, revisionID: String?) throws(FunctionRegistryError) -> Entry {
        let entry: Entry? = state.withLock { $0.entries[name] }
        guard let entry else { throw .notFound(name) }
        let definition = entry.status.definition
        if definition.isLocal { throw .isLocal(name) }
        if let revisionID, revisionID != definition.revisionID {
            throw .otherRevision(current: definition.revisionID)
        }
        return entry
    }

    private func checkRoom(for name: String) throws(FunctionRegistryError) {
        let (exists, count, isStopping) = state.withLock { state in
            (state.entries[name] != nil, state.entries.count, state.isStopping)
        }
        if isStopping { throw .stopping }
        if exists { throw .exists(name) }
        if count >= settings.limits.functions { throw .tooMany(maximum: settings.limits.functions) }
    }

    private func install(_ new: FunctionCode, in definition: inout FunctionDefinition) throws(FunctionRegistryError) {
        (definition.codeSHA256, definition.codeBytes) = ("", 0)
        switch new {
        case .zip(let bytes):
            do throws(CodePackageError) {
                let package = try CodePackage(bytes, limits: settings.limits)
                definition.target = try code.unpack(package, for: definition.name)
                (definition.codeSHA256, definition.codeBytes) = (package.sha256, package.count)
            } catch {
                throw .badCode(error)
            }
        case .directory(let directory): definition.target = .package(directory: directory)
        case .command(let words, let directory): definition.target = .command(words, workingDirectory: directory)
        case .url(let url): definition.target = .url(url)
        }
        try Self.check(definition.target)
    }

    private static func check(_ target: FunctionTarget) throws(FunctionRegistryError) {
        switch target {
        case .package(let directory):
            guard directory.hasPrefix("/"), FileTree.isDirectory(directory) else {
                throw .badTarget("there is no directory \(directory)")
            }
        case .command(let words, let directory):
            guard words.first?.isEmpty == false else { throw .badTarget("the command is empty") }
            guard directory.hasPrefix("/"), FileTree.isDirectory(directory) else {
                throw .badTarget("there is no directory \(directory)")
            }
        case .url(let text):
            guard HTTPTarget.isAddress(text) else {
                throw .badTarget("'\(text)' is no address such as http://localhost:9000/handler")
            }
        case .inProcess: break
        }
    }

    private func store(_ definition: FunctionDefinition) throws(FunctionRegistryError) {
        var stored = definition
        stored.target = code.relative(definition.target)
        do {
            try storage.store(definition.name, FunctionDefinitionCodec.encode(stored))
        } catch {
            throw .notStored(reason: "\(error)")
        }
    }

    private func end(_ entry: Entry) {
        Task {
            await entry.pool.stop()
            release(entry.status.definition.target)
        }
    }

    private func touch(_ definition: inout FunctionDefinition) {
        definition.region = region
        definition.revisionID = RandomUUID.make()
        definition.lastModifiedMilliseconds = clock.wallMilliseconds()
    }

    static func isName(_ name: String) -> Bool {
        (1...nameLengthMax).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}

extension DispatchQueue {
    /// `sync` with the type of what the closure throws.
    fileprivate func syncTyped<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
        let result: Result<Void, Failure> = sync {
            do throws(Failure) {
                return .success(try body())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
