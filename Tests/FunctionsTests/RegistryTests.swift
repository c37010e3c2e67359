import Foundation
import Logging
import Synchronization
import Testing

@testable import Functions

@Suite struct RegistryTests {
    /// A store in memory, that can be made to fail.
    final class Store: Sendable {
        private let state = Mutex<(functions: [String: [UInt8]], isBroken: Bool)>(([:], false))

        struct Broken: Error {}

        var storage: FunctionStorage {
            FunctionStorage(
                load: { self.state.withLock { Array($0.functions.values) } },
                store: { name, bytes in
                    try self.state.withLock { state in
                        if state.isBroken { throw Broken() }
                        state.functions[name] = bytes
                    }
                })
        }

        var names: [String] { state.withLock { $0.functions.keys.sorted() } }
        func setBroken(_ isBroken: Bool) { state.withLock { $0.isBroken = isBroken } }
    }

    struct Setting {
        let registry: FunctionRegistry
        let store: Store
        let directory: String
        let logs: LogCollector

        func create(
            _ name: String, _ code: FunctionCode, change: (inout FunctionDefinition) -> Void = { _ in }
        ) async throws(FunctionRegistryError) -> FunctionStatus {
            var definition = FunctionDefinition(name: name, region: testRegion, target: .inProcess)
            definition.runtime = "provided.al2023"
            definition.timeoutMilliseconds = patienceMilliseconds
            change(&definition)
            let made = definition
            return try await answer { registry.create(made, code: code, completion: $0) }
        }

        func updateCode(
            _ name: String, _ code: FunctionCode, revisionID: String? = nil
        ) async throws(FunctionRegistryError) -> FunctionStatus {
            try await answer { registry.updateCode(name, code, revisionID: revisionID, completion: $0) }
        }

        func configure(
            _ name: String, _ change: @escaping @Sendable (inout FunctionDefinition) -> Void
        ) async throws(FunctionRegistryError) -> FunctionStatus {
            try await answer { registry.updateConfiguration(name, completion: $0, change: change) }
        }

        func delete(_ name: String) async throws(FunctionRegistryError) {
            _ = try await answer { registry.delete(name, completion: $0) }
        }

        func invoke(_ name: String, _ payload: String = "{}") async -> InvocationResult {
            await withCheckedContinuation { continuation in
                registry.invoke(name, Invocation(requestID: "r", payload: Array(payload.utf8))) {
                    continuation.resume(returning: $0)
                }
            }
        }

        private func answer(
            _ begin: (@escaping FunctionRegistry.Completion) -> Void
        ) async throws(FunctionRegistryError) -> FunctionStatus {
            try await withCheckedContinuation { continuation in
                begin { continuation.resume(returning: $0) }
            }.get()
        }

        /// The directories of code, as `function/fingerprint`.
        var code: [String] {
            FileTree.names(in: directory).flatMap { name in
                FileTree.names(in: directory + "/" + name).map { name + "/" + $0 }
            }.sorted()
        }
    }

    private func withRegistry(
        store: Store = Store(), directory: String? = nil, clock: FunctionClock = .system,
        limits: FunctionLimits = FunctionLimits(), _ body: (Setting) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { temporary in
            let logs = LogCollector()
            let code = directory ?? temporary + "/functions"
            let registry = FunctionRegistry(
                region: testRegion,
                settings: FunctionSettings(codeDirectory: code, endpointURL: nil, limits: limits),
                storage: store.storage, log: logs.log, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                clock: clock)
            try registry.load()
            do {
                try await body(Setting(registry: registry, store: store, directory: code, logs: logs))
            } catch {
                await registry.stop()
                throw error
            }
            await registry.stop()
        }
    }

    private func zip(_ script: String, mode: UInt32 = 0o100755) -> FunctionCode {
        .zip(ZipBuilder.archive([.file("bootstrap", script, mode: mode)]))
    }

    private func answering(_ text: String) -> FunctionCode { zip(Bash.bootstrap(handle: "answer='\(text)'")) }

    // MARK: Life

    @Test func aFunctionFromItsCreationToItsEnd() async throws {
        try await withRegistry { setting in
            let created = try await setting.create("f", answering("1"))
            #expect(created.state == .pending)
            #expect(created.stateReason == "The function is being created.")
            #expect(created.stateReasonCode == "Creating")
            #expect(created.definition.codeSHA256.count == 44)
            #expect(created.definition.codeBytes > 500)
            #expect(created.definition.revisionID.count == 36)
            let status = try #require(setting.registry.function("f"))
            #expect(status.state == .active)
            #expect(status.lastUpdateState == .successful)
            #expect(await setting.invoke("f") == .success("1"))
            #expect(setting.registry.functions().map(\.definition.name) == ["f"])

            let updated = try await setting.updateCode("f", answering("2"))
            #expect(updated.lastUpdateState == .inProgress)
            #expect(updated.definition.codeSHA256 != created.definition.codeSHA256)
            #expect(updated.definition.revisionID != created.definition.revisionID)
            #expect(await setting.invoke("f") == .success("2"))
            try await eventually("the old code is gone") { setting.code.count == 1 }

            let configured = try await setting.configure("f") { definition in
                definition.description = "new"
                definition.name = "other"
            }
            #expect(configured.definition.description == "new")
            #expect(configured.definition.name == "f")
            #expect(await setting.invoke("f") == .success("2"))

            try await setting.delete("f")
            #expect(setting.registry.function("f") == nil)
            #expect(await setting.invoke("f") == .notStarted(.noSuchFunction))
            #expect(setting.store.names == [])
            try await eventually("all code is gone") { FileTree.names(in: setting.directory).isEmpty }
        }
    }

    @Test func functionsOutliveTheServer() async throws {
        let store = Store()
        try await withTemporaryDirectory { directory in
            var before: FunctionStatus?
            try await withRegistry(store: store, directory: directory + "/a") { setting in
                _ = try await setting.create("f", answering("1")) { definition in
                    definition.environment = ["A": "1", "ä": "2"]
                    definition.tags = ["t": "u"]
                    definition.handler = "app.handler"
                    definition.concurrencyMax = 3
                }
                _ = try await setting.create("gone", answering("2"))
                _ = try await setting.create("command", .command(["./x", "y z"], workingDirectory: directory))
                _ = try await setting.create("far", .url("http://localhost:9000/x"))
                before = setting.registry.function("f")
            }
            // The data directory is moved, a package is lost, and a crash has left something.
            try FileManager.default.moveItem(atPath: directory + "/a", toPath: directory + "/b")
            try FileManager.default.removeItem(atPath: directory + "/b/gone")
            try FileManager.default.createDirectory(
                atPath: directory + "/b/f/1234.partial-5", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: directory + "/b/lost/1234", withIntermediateDirectories: true)
            try await withRegistry(store: store, directory: directory + "/b") { setting in
                #expect(await setting.invoke("f") == .success("1"))
                var after = try #require(setting.registry.function("f"))
                after.definition.target = try #require(before).definition.target
                #expect(after == before)
                #expect(setting.registry.function("gone")?.state == .failed)
                #expect(await setting.invoke("gone") == .notStarted(.notActive(state: "Failed")))
                #expect(
                    setting.registry.function("command")?.definition.target
                        == .command(["./x", "y z"], workingDirectory: directory))
                #expect(setting.registry.function("far")?.definition.target == .url("http://localhost:9000/x"))
                #expect(setting.code.count == 1)
                _ = try await setting.updateCode("gone", answering("3"))
                #expect(await setting.invoke("gone") == .success("3"))
            }
        }
    }

    @Test func codeThatIsAtWorkStaysUntilItHasEnded() async throws {
        try await withRegistry { setting in
            let slow = Bash.bootstrap(handle: "echo begin; until [[ -e go ]]; do sleep 0.01; done; answer=1")
            let created = try await setting.create("f", zip(slow))
            guard case .package(let directory) = created.definition.target else { return }
            async let running = setting.invoke("f")
            _ = try await setting.logs.first { $0.text == "begin" }
            _ = try await setting.updateCode("f", answering("2"))
            #expect(await setting.invoke("f") == .success("2"))
            #expect(setting.code.count == 2)
            #expect(FileManager.default.createFile(atPath: directory + "/go", contents: nil))
            #expect(await running == .success("1"))
            try await eventually("the old code is gone") { setting.code.count == 1 }
        }
    }

    @Test func theSameCodeAgainChangesNothingOnDisk() async throws {
        try await withRegistry { setting in
            _ = try await setting.create("f", answering("1"))
            let code = setting.code
            _ = try await setting.updateCode("f", answering("1"))
            #expect(await setting.invoke("f") == .success("1"))
            #expect(setting.code == code)
        }
    }

    // MARK: Refusals

    @Test func whatIsRefused() async throws {
        var limits = FunctionLimits()
        limits.functions = 2
        try await withRegistry(limits: limits) { setting in
            let created = try await setting.create("f", answering("1"))
            await #expect(throws: FunctionRegistryError.exists("f")) { try await setting.create("f", answering("1")) }
            for name in ["", "a/b", "..", "a.b", String(repeating: "n", count: 141)] {
                await #expect(throws: FunctionRegistryError.badName(name)) {
                    try await setting.create(name, answering("1"))
                }
            }
            await #expect(throws: FunctionRegistryError.badCode(.notAZip(reason: "Not a zip archive"))) {
                try await setting.create("g", .zip(Array("no zip".utf8)))
            }
            await #expect(throws: FunctionRegistryError.badTarget("there is no directory /no/such")) {
                try await setting.create("g", .directory("/no/such"))
            }
            await #expect(throws: FunctionRegistryError.badTarget("the command is empty")) {
                try await setting.create("g", .command([], workingDirectory: "/"))
            }
            for url in ["localhost:9000", "ftp://localhost/", "http://", ""] {
                await #expect(
                    throws: FunctionRegistryError.badTarget(
                        "'\(url)' is no address such as http://localhost:9000/handler")
                ) { try await setting.create("g", .url(url)) }
            }
            await #expect(throws: FunctionRegistryError.notFound("g")) {
                try await setting.updateCode("g", answering("1"))
            }
            await #expect(throws: FunctionRegistryError.notFound("g")) { try await setting.configure("g") { _ in } }
            await #expect(throws: FunctionRegistryError.notFound("g")) { try await setting.delete("g") }
            await #expect(throws: FunctionRegistryError.otherRevision(current: created.definition.revisionID)) {
                try await setting.updateCode("f", answering("2"), revisionID: "other")
            }
            _ = try await setting.updateCode("f", answering("2"), revisionID: created.definition.revisionID)
            _ = try await setting.create("second", answering("1"))
            await #expect(throws: FunctionRegistryError.tooMany(maximum: 2)) {
                try await setting.create("third", answering("1"))
            }
            try await eventually("only the code of functions is left") { setting.code.count == 2 }
        }
    }

    @Test func whatCannotBeStoredIsNotThere() async throws {
        try await withRegistry { setting in
            _ = try await setting.create("f", answering("1"))
            let code = setting.code
            setting.store.setBroken(true)
            let broken = FunctionRegistryError.notStored(reason: "Broken()")
            await #expect(throws: broken) { try await setting.create("g", answering("1")) }
            await #expect(throws: broken) { try await setting.updateCode("f", answering("2")) }
            await #expect(throws: broken) { try await setting.delete("f") }
            #expect(await setting.invoke("f") == .success("1"))
            #expect(setting.code == code)
        }
    }

    @Test func aStoppedRegistryRefuses() async throws {
        try await withRegistry { setting in
            _ = try await setting.create("f", answering("1"))
            await setting.registry.stop()
            await #expect(throws: FunctionRegistryError.stopping) { try await setting.create("g", answering("1")) }
            #expect(await setting.invoke("f") == .notStarted(.stopping))
            #expect(setting.registry.invokeLater("f", Invocation(requestID: "r", payload: [])) == .stopping)
        }
    }

    // MARK: Functions of this machine

    @Test func localFunctionsAreShownAndNotChanged() async throws {
        try await withRegistry { setting in
            var definition = FunctionDefinition(name: "local", region: testRegion, target: .inProcess)
            definition.timeoutMilliseconds = patienceMilliseconds
            try setting.registry.register(definition) { .success(payload: $0.payload, logTail: []) }
            #expect(await setting.invoke("local", "5") == .success("5"))
            #expect(setting.registry.function("local")?.definition.isLocal == true)
            #expect(setting.store.names == [])
            await #expect(throws: FunctionRegistryError.exists("local")) {
                try await setting.create("local", answering("1"))
            }
            await #expect(throws: FunctionRegistryError.isLocal("local")) { try await setting.delete("local") }
            await #expect(throws: FunctionRegistryError.isLocal("local")) {
                try await setting.configure("local") { _ in }
            }
            try setting.registry.unregister("local")
            #expect(await setting.invoke("local") == .notStarted(.noSuchFunction))
            #expect(throws: FunctionRegistryError.notFound("local")) { try setting.registry.unregister("local") }
        }
    }

    // MARK: Later

    @Test(
        "a failed asynchronous invocation is tried again after one and two minutes",
        arguments: [(0, [1, 1, 1]), (1, [1, 2, 2]), (2, [1, 2, 3]), (9, [1, 2, 3])])
    func retries(failures: Int, calls: [Int]) async throws {
        let time = TestClock()
        try await withRegistry(clock: time.clock) { setting in
            let count = Counter()
            try setting.registry.register(FunctionDefinition(name: "f", region: testRegion, target: .inProcess)) { _ in
                count.increment() <= failures ? .failure("no") : .success("")
            }
            #expect(setting.registry.invokeLater("f", Invocation(requestID: "r", payload: [])) == nil)
            let pauses: [UInt64] = [0, 60_000, 120_000]
            for (attempt, pause) in pauses.enumerated() {
                if pause > 0 { time.advance(milliseconds: pause - 1) }
                #expect(count.value == (attempt == 0 ? count.value : calls[attempt - 1]))
                if pause > 0 { time.advance(milliseconds: 1) }
                try await eventually("attempt \(attempt)") { count.value == calls[attempt] }
                // Its result has been taken when the timer of the invocation is gone and that of the retry is set. They are told apart by
                // their times: while the invocation still runs, there is one timer, too.
                let expected = calls[attempt] <= failures && attempt < 2 ? [pauses[attempt + 1]] : []
                try await eventually("it is settled") { time.pausesMilliseconds == expected }
            }
            time.advance(milliseconds: 24 * 3600 * 1000)
            #expect(count.value == calls[2])
        }
    }

    @Test func whatDoesNotStartIsTriedForSixHours() async throws {
        let time = TestClock()
        try await withRegistry(clock: time.clock) { setting in
            var definition = FunctionDefinition(name: "f", region: testRegion, target: .inProcess)
            definition.concurrencyMax = 0
            try setting.registry.register(definition) { _ in .success("") }
            #expect(setting.registry.invokeLater("f", Invocation(requestID: "r", payload: [])) == nil)
            #expect(time.timerCount == 1)
            time.advance(milliseconds: 6 * 3600 * 1000 - 1)
            #expect(time.timerCount == 1)
            time.advance(milliseconds: 300_000)
            #expect(time.timerCount == 0)
        }
    }

    @Test func theAsynchronousQueueHasAnEnd() async throws {
        var limits = FunctionLimits()
        limits.asynchronousInvocations = 2
        limits.asynchronousBytes = 10
        try await withRegistry(clock: TestClock().clock, limits: limits) { setting in
            try setting.registry.register(FunctionDefinition(name: "f", region: testRegion, target: .inProcess)) { _ in
                .failure("no")
            }
            let later = { setting.registry.invokeLater("f", Invocation(requestID: "r", payload: $0)) }
            #expect(later([UInt8](repeating: 0, count: 11)) == .throttled)
            #expect(later([1]) == nil)
            #expect(later([1]) == nil)
            #expect(later([1]) == .throttled)
            #expect(setting.registry.invokeLater("g", Invocation(requestID: "r", payload: [])) == .noSuchFunction)
        }
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    @discardableResult func increment() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
