import Foundation
import Logging
import Synchronization
import Testing

@testable import Functions

/// How many processes there are, and who waits.
@Suite struct PoolTests {
    /// Answers when a file called like its event appears.
    private static let waiting = Bash.bootstrap(
        handle: "echo begin $event; until [[ -e $event ]]; do sleep 0.01; done; answer=$event")

    private func open(_ name: String, _ function: TestFunction) {
        #expect(FileManager.default.createFile(atPath: function.directory + "/" + name, contents: nil))
    }

    @Test func asManyRunAsAllowedAndTheOthersWaitInOrder() async throws {
        try await withFunction(["bootstrap": Self.waiting], definition: { $0.concurrencyMax = 2 }) { function in
            let finished = Mutex<[String]>([])
            for number in 1...5 {
                function.pool.invoke(Invocation(requestID: "r-\(number)", payload: Array("\(number)".utf8))) { result in
                    finished.withLock { $0.append(result.text) }
                }
            }
            _ = try await function.logs.first { $0.text == "begin 1" }
            _ = try await function.logs.first { $0.text == "begin 2" }
            #expect(function.pool.processCount == 2)
            #expect(function.logs.texts.sorted() == ["begin 1", "begin 2"])
            for number in 1...5 {
                open("\(number)", function)
                try await eventually("\(number) has ended") { finished.withLock { $0.count == number } }
            }
            #expect(finished.withLock { $0 } == ["1", "2", "3", "4", "5"])
            #expect(function.pool.processCount == 2)
        }
    }

    @Test func beyondTheQueueInvocationsAreThrottled() async throws {
        var limits = FunctionLimits()
        limits.queuedInvocations = 1
        try await withFunction(
            ["bootstrap": Self.waiting], limits: limits, definition: { $0.concurrencyMax = 1 }
        ) { function in
            async let first = function.invoke("1")
            _ = try await function.logs.first { $0.text == "begin 1" }
            async let second = function.invoke("2")
            let third = try await eventually("one is refused") { () -> InvocationResult? in
                let refused = Mutex<InvocationResult?>(nil)
                function.pool.invoke(Invocation(requestID: "r-3", payload: [])) { result in
                    refused.withLock { $0 = result }
                }
                return refused.withLock { $0 }
            }
            #expect(third == .notStarted(.throttled))
            open("1", function)
            open("2", function)
            #expect(await [first, second].map(\.text).contains("1"))
        }
    }

    @Test func withoutConcurrencyNothingRuns() async throws {
        try await withFunction(["bootstrap": Bash.echo], definition: { $0.concurrencyMax = 0 }) { function in
            #expect(await function.invoke() == .notStarted(.throttled))
            #expect(function.pool.processCount == 0)
        }
    }

    @Test func whoWaitsTooLongIsThrottled() async throws {
        let time = TestClock()
        try await withFunction(
            ["bootstrap": Self.waiting], clock: time.clock,
            definition: { definition in
                definition.concurrencyMax = 1
                definition.timeoutMilliseconds = 900_000
            }
        ) { function in
            async let first = function.invoke("1")
            _ = try await function.logs.first { $0.text == "begin 1" }
            let refused = Mutex<InvocationResult?>(nil)
            function.pool.invoke(Invocation(requestID: "r-2", payload: [])) { result in refused.withLock { $0 = result }
            }
            time.advance(milliseconds: 19_999)
            #expect(refused.withLock { $0 } == nil)
            time.advance(milliseconds: 1)
            #expect(refused.withLock { $0 } == .notStarted(.throttled))
            open("1", function)
            #expect(await first == .success("1"))
        }
    }

    @Test func whatIsIdleTooLongIsStopped() async throws {
        let time = TestClock()
        try await withFunction(["bootstrap": Bash.echo], clock: time.clock) { function in
            #expect(await function.invoke("1") == .success("1"))
            try await eventually("it is idle") { time.timerCount > 0 && function.pool.processCount == 1 }
            // It may be on its way back; whenever it arrives, its time begins.
            try await eventually("it is gone") {
                time.advance(milliseconds: 300_000)
                return function.pool.processCount == 0
            }
            #expect(await function.invoke("2") == .success("2"))
        }
    }

    @Test func aChangedFunctionGetsNewProcesses() async throws {
        let script = Bash.bootstrap(
            handle:
                #"if [[ $event == wait ]]; then echo waits; until [[ -e go ]]; do sleep 0.01; done; fi; answer="\"$WHO $$\"""#
        )
        try await withFunction(["bootstrap": script], definition: { $0.environment["WHO"] = "old" }) { function in
            async let slow = function.invoke("wait")
            _ = try await function.logs.first { $0.text == "waits" }
            var changed = function.definition
            changed.environment["WHO"] = "new"
            function.pool.update(changed)
            #expect(await function.invoke("1").text.hasPrefix(#""new"#))
            open("go", function)
            #expect(await slow.text.hasPrefix(#""old"#))
            try await eventually("only the new process is left") { function.pool.processCount == 1 }
        }
    }

    @Test func aStopInterruptsAndRefuses() async throws {
        try await withFunction(["bootstrap": Self.waiting], definition: { $0.concurrencyMax = 1 }) { function in
            async let running = function.invoke("1")
            _ = try await function.logs.first { $0.text == "begin 1" }
            async let waiting = function.invoke("2")
            await function.pool.stop()
            #expect(await running == .notStarted(.stopping))
            #expect(await waiting == .notStarted(.stopping))
            #expect(await function.invoke("3") == .notStarted(.stopping))
            #expect(function.pool.processCount == 0)
        }
    }

    @Test func whoIgnoresTheStopIsKilled() async throws {
        var limits = FunctionLimits()
        limits.stopGraceMilliseconds = 100
        let script = Bash.bootstrap(initialise: "trap '' TERM", handle: "echo begin; while :; do :; done")
        try await withFunction(["bootstrap": script], limits: limits) { function in
            async let running = function.invoke("1")
            _ = try await function.logs.first { $0.text == "begin" }
            await function.pool.stop()
            #expect(await running == .notStarted(.stopping))
        }
    }

    @Test func manyInvocationsOverFewProcessesAllEnd() async throws {
        let script = Bash.bootstrap(handle: "if ((event % 7 == 3)); then exit 1; fi; answer=$event")
        try await withFunction(["bootstrap": script], definition: { $0.concurrencyMax = 4 }) { function in
            await withTaskGroup(of: (Int, InvocationResult).self) { group in
                for number in 0..<100 { group.addTask { (number, await function.invoke("\(number)")) } }
                for await (number, result) in group {
                    if number % 7 == 3 {
                        #expect(result.text.contains("exit status 1"), "\(number)")
                    } else {
                        #expect(result == .success("\(number)"))
                    }
                }
            }
            #expect(function.pool.processCount <= 4)
        }
    }

    // MARK: Functions of this process

    private func inProcess(
        limits: FunctionLimits = FunctionLimits(), concurrency: Int = 10,
        timeoutMilliseconds: Int = patienceMilliseconds, clock: FunctionClock = .system,
        _ handler: @escaping FunctionPool.Handler
    ) -> FunctionPool {
        var definition = FunctionDefinition(name: "swift", region: testRegion, target: .inProcess)
        definition.concurrencyMax = concurrency
        definition.timeoutMilliseconds = timeoutMilliseconds
        return FunctionPool(
            definition, settings: FunctionSettings(codeDirectory: "/nowhere", endpointURL: nil, limits: limits),
            log: LogCollector().log, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: clock,
            handler: handler)
    }

    @Test func aFunctionOfThisProcessIsCalled() async {
        let pool = inProcess { .success(payload: $0.payload.reversed(), logTail: []) }
        #expect(
            await pool.invoke(Invocation(requestID: "r", payload: [1, 2, 3]))
                == .success(payload: [3, 2, 1], logTail: []))
        await pool.stop()
        #expect(await pool.invoke(Invocation(requestID: "r", payload: [])) == .notStarted(.stopping))
    }

    @Test func aFunctionOfThisProcessMayTakeTooLong() async throws {
        let time = TestClock()
        let begun = Mutex(false)
        let isCancelled = Mutex(false)
        let pool = inProcess(concurrency: 1, timeoutMilliseconds: 3000, clock: time.clock) { _ in
            begun.withLock { $0 = true }
            try? await Task.sleep(for: .seconds(60))
            isCancelled.withLock { $0 = Task.isCancelled }
            return .success(payload: [], logTail: [])
        }
        async let result = pool.invoke(Invocation(requestID: "r-1", payload: []))
        try await eventually("it has begun") { begun.withLock { $0 } }
        time.advance(milliseconds: 3000)
        #expect(
            await result
                == .failure(
                    #"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 3.00 seconds"}"#
                ))
        try await eventually("it was cancelled") { isCancelled.withLock { $0 } }
        await pool.stop()
    }
}
