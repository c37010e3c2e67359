import Foundation
import Logging
import Replication
import Synchronization
import Testing

@testable import Functions

let testRegion = RegionName("eu-west-1") ?? RegionName(stored: "eu-west-1")

/// The time of functions that are not to run out of it, however busy the machine is.
let patienceMilliseconds = 60_000

/// A directory that is gone at the end of the test.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = NSTemporaryDirectory() + "functions-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// The lines that functions have printed.
final class LogCollector: Sendable {
    private let lines = Mutex<[FunctionLog.Line]>([])

    var log: FunctionLog { FunctionLog { line in self.lines.withLock { $0.append(line) } } }
    var all: [FunctionLog.Line] { lines.withLock { $0 } }
    var texts: [String] { all.map(\.text) }

    /// Waits until a line satisfies the condition.
    func first(where isWanted: @Sendable (FunctionLog.Line) -> Bool) async throws -> FunctionLog.Line {
        try await eventually("the line is logged") { self.all.first(where: isWanted) }
    }
}

/// Looks again and again until there is something; a minute is long beside everything that is waited for here.
func eventually<Value>(_ what: String, _ look: () -> Value?) async throws -> Value {
    let limit = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < limit {
        if let value = look() { return value }
        try await Task.sleep(for: .milliseconds(5))
    }
    return try #require(look(), "\(what) within a minute")
}

func eventually(_ what: String, _ holds: () -> Bool) async throws {
    let _: Void = try await eventually(what) { holds() ? () : nil }
}

/// One function with its pool, in a directory of its own.
struct TestFunction {
    let pool: FunctionPool
    let logs: LogCollector
    let directory: String
    let definition: FunctionDefinition

    func invoke(
        _ payload: String = "{}", id: String = "request-1", wantsLogTail: Bool = false
    ) async -> InvocationResult {
        await pool.invoke(
            Invocation(requestID: id, payload: Array(payload.utf8), wantsLogTail: wantsLogTail))
    }
}

extension FunctionPool {
    /// Cancelled, it stops the pool: a test that fails while it has an invocation under way (`async let`) waits for that at its end, and the
    /// function may wait for the test.
    func invoke(_ invocation: Invocation) async -> InvocationResult {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                invoke(invocation) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            Task { await self.stop() }
        }
    }
}

/// Runs the body with a function whose package has these files; `bootstrap` is made executable.
func withFunction<Result>(
    _ files: [String: String], limits: FunctionLimits = FunctionLimits(), clock: FunctionClock = .system,
    settings change: (inout FunctionSettings) -> Void = { _ in },
    definition edit: (inout FunctionDefinition) -> Void = { _ in },
    _ body: (TestFunction) async throws -> Result
) async throws -> Result {
    try await withTemporaryDirectory { directory in
        for (name, text) in files {
            let path = directory + "/" + name
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        var settings = FunctionSettings(
            codeDirectory: directory, endpointURL: "http://127.0.0.1:8000", limits: limits)
        // A process that a busy machine holds up after its answer is waited for: a second one in its place would surprise the test.
        settings.limits.returnMilliseconds = patienceMilliseconds
        change(&settings)
        var definition = FunctionDefinition(name: "f", region: testRegion, target: .package(directory: directory))
        definition.runtime = "provided.al2023"
        definition.timeoutMilliseconds = patienceMilliseconds
        edit(&definition)
        let logs = LogCollector()
        let pool = FunctionPool(
            definition, settings: settings, log: logs.log,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: clock)
        let function = TestFunction(pool: pool, logs: logs, directory: directory, definition: definition)
        let result: Result
        do {
            result = try await body(function)
        } catch {
            await pool.stop()
            throw error
        }
        await pool.stop()
        #expect(pool.processCount == 0)
        return result
    }
}

/// Runtimes in bash, without any other program but `cat`: bash itself writes line by line, and the kernel holds each line back until
/// the one before it is acknowledged.
enum Bash {
    /// A bootstrap whose `handle` gets the event in `$event` and its request id in `$id`, and leaves its answer in `$answer`.
    static func bootstrap(initialise: String = "", handle: String) -> String {
        """
        #!/bin/bash
        export LC_ALL=C
        exchange() {
            local length=0 line
            printf '%s %s HTTP/1.1\\r\\nHost: api\\r\\nContent-Length: %d\\r\\n\\r\\n%s' "$1" "$2" "${#3}" "$3" | cat >&3
            IFS= read -r line <&3; status=${line:9:3}
            while IFS= read -r line <&3; line=${line%$'\\r'}; [[ -n $line ]]; do
                case ${line,,} in
                content-length:*) length=${line#*: } ;;
                lambda-runtime-aws-request-id:*) id=${line#*: } ;;
                esac
            done
            body=; if ((length > 0)); then IFS= read -r -N "$length" body <&3; fi
        }
        api=/2018-06-01/runtime
        \(initialise)
        exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}"
        while :; do
            exchange GET $api/invocation/next ''
            event=$body answer=null
            \(handle)
            exchange POST $api/invocation/$id/response "$answer"
        done
        """
    }

    static let echo = bootstrap(handle: "answer=$event")
}

extension InvocationResult {
    /// The payload as text; of any result.
    var text: String {
        switch self {
        case .success(let payload, _), .functionError(_, let payload, _): String(decoding: payload, as: UTF8.self)
        case .notStarted(let reason): reason.description
        }
    }

    var tail: String {
        switch self {
        case .success(_, let tail), .functionError(_, _, let tail): String(decoding: tail, as: UTF8.self)
        case .notStarted: ""
        }
    }

    static func success(_ text: String) -> InvocationResult { .success(payload: Array(text.utf8), logTail: []) }

    static func failure(_ text: String) -> InvocationResult {
        .functionError(kind: "Unhandled", payload: Array(text.utf8), logTail: [])
    }
}

/// Time that stands still until a test moves it.
final class TestClock: Sendable {
    private struct Pending {
        let at: UInt64
        let body: @Sendable () -> Void
    }

    private struct State {
        var now: UInt64 = 1_000_000
        var pending: [Int: Pending] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    var clock: FunctionClock {
        FunctionClock(
            wallMilliseconds: { self.state.withLock { $0.now } },
            uptimeMilliseconds: { self.state.withLock { $0.now } },
            schedule: { delay, body in
                let number = self.state.withLock { state in
                    state.next += 1
                    state.pending[state.next] = Pending(at: state.now + UInt64(delay), body: body)
                    return state.next
                }
                return FunctionClock.Timer { self.state.withLock { $0.pending[number] = nil } }
            })
    }

    var timerCount: Int { state.withLock { $0.pending.count } }

    /// How long the timers have still to go, in their order.
    var pausesMilliseconds: [UInt64] {
        state.withLock { state in state.pending.values.map { $0.at - min($0.at, state.now) }.sorted() }
    }

    /// Moves time and calls, in their order, what has come due.
    func advance(milliseconds: UInt64) {
        let end = state.withLock { $0.now + milliseconds }
        while true {
            let due: Pending? = state.withLock { state in
                let first = state.pending.filter { $0.value.at <= end }.min {
                    ($0.value.at, $0.key) < ($1.value.at, $1.key)
                }
                guard let first else { return nil }
                state.pending[first.key] = nil
                state.now = max(state.now, first.value.at)
                return first.value
            }
            guard let due else { break }
            due.body()
        }
        state.withLock { $0.now = end }
    }
}
