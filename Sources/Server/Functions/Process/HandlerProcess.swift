import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// One process of a handler, in a session of its own: started, watched, and ended with all that it started.
final class HandlerProcess: Sendable {
    /// How a process came to its end.
    enum End: Sendable, Equatable {
        case exited(status: Int)
        case killed(signal: Int)
        case notStarted(reason: String)

        /// In the words of Lambda's `Runtime.ExitError`.
        var text: String {
            switch self {
            case .exited(0): "Runtime exited without providing a reason"
            case .exited(let status): "Runtime exited with error: exit status \(status)"
            case .killed(let signal): "Runtime exited with error: signal: \(Self.name(ofSignal: signal))"
            case .notStarted(let reason): reason
            }
        }

        private static func name(ofSignal signal: Int) -> String {
            strsignal(CInt(signal)).map { String(cString: $0).lowercased() } ?? "\(signal)"
        }
    }

    private enum Phase {
        case new
        case running(pid_t)
        case ended
    }

    private struct State {
        var phase = Phase.new
        var isStopWanted = false
        var isKillWanted = false
    }

    private let plan: LaunchPlan
    private let output: ProcessOutput
    private let limits: FunctionLimits
    private let clock: FunctionClock
    /// A byte in it wakes the watcher.
    private let wake: Pipe
    private let state = Mutex(State())

    /// How often the process's existence is asked for when the kernel has no descriptor for processes.
    private static let lookMilliseconds = 50
    /// How much output is still read from a pipe that others keep filling.
    private static let lastReadings = 16

    init(
        plan: LaunchPlan, output: ProcessOutput, limits: FunctionLimits, clock: FunctionClock
    ) throws(ProcessFailure) {
        let wake = try Pipe()
        self.plan = plan
        self.output = output
        self.limits = limits
        self.clock = clock
        self.wake = wake
    }

    deinit {
        wake.close()
    }

    /// Starts the process and returns after its end, when everything it started has ended and it is reaped.
    func run() async -> End {
        var options = PlatformOptions()
        options.createSession = true
        defer { output.close() }
        guard state.withLock({ !$0.isStopWanted && !$0.isKillWanted }) else {
            return .notStarted(reason: "it was stopped before it was started")
        }
        ProcessGuardian.start()
        do {
            let environment = Dictionary(
                uniqueKeysWithValues: plan.environment.compactMap { name, value in
                    Environment.Key(rawValue: name).map { ($0, value) }
                })
            // Not `combinedWithOutput`: version 1.0.2 would duplicate the descriptor and never close it.
            let output = FileDescriptorOutput.fileDescriptor(
                FileDescriptor(rawValue: output.descriptors.write), closeAfterSpawningProcess: false)
            return try await Self.retryingWhileBusy {
                let result = try await Subprocess.run(
                    .path(FilePath(self.plan.executable)), arguments: Arguments(self.plan.arguments),
                    environment: .custom(environment), workingDirectory: FilePath(self.plan.workingDirectory),
                    platformOptions: options, input: .none, output: output, error: output
                ) { execution in
                    await self.watch(execution.processIdentifier)
                }
                return switch result.terminationStatus {
                case .exited(let status): .exited(status: Int(status))
                case .signaled(let signal): .killed(signal: Int(signal))
                }
            }
        } catch {
            return .notStarted(reason: plan.explain(error))
        }
    }

    /// Starts again what the system will not start because somebody still has the program open for writing (ETXTBSY): a process that is
    /// just being started elsewhere holds, until it becomes another program, every file that was open here, such as the bootstrap that was
    /// being unpacked.
    private static func retryingWhileBusy(_ start: () async throws -> End) async throws -> End {
        for _ in 0..<busyRetriesMax {
            do {
                return try await start()
            } catch let error as SubprocessError where error.underlyingError == Errno(rawValue: ETXTBSY) {
                try await Task.sleep(nanoseconds: busyPauseNanoseconds)
            }
        }
        return try await start()
    }

    private static let busyRetriesMax = 20
    private static let busyPauseNanoseconds: UInt64 = 10_000_000

    /// Asks the process to end: SIGTERM now, SIGKILL after the grace.
    func stop() {
        signal { $0.isStopWanted = true }
    }

    /// Ends the process at once.
    func kill() {
        signal { $0.isKillWanted = true }
    }

    /// The memory that the process itself has used at most, in MB; nil when it has ended.
    var peakMemoryMegabytes: Int? {
        guard case .running(let process) = state.withLock({ $0.phase }) else { return nil }
        return ProcessMemory.peakMegabytes(of: process)
    }

    private func signal(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            if case .running(let process) = state.phase, state.isKillWanted { Glibc.kill(-process, SIGKILL) }
            var byte: UInt8 = 0
            _ = write(wake.writeEnd, &byte, 1)
        }
    }

    private func watch(_ process: ProcessIdentifier) async {
        output.closeWriteEnd()
        state.withLock { $0.phase = .running(process.value) }
        await withCheckedContinuation { continuation in
            do throws(ProcessFailure) {
                try startThread {
                    self.watchUntilEnd(process.value, descriptor: process.processDescriptor)
                    continuation.resume()
                }
            } catch {
                // Without a watcher nobody would read its output or see its end.
                self.finish(process.value)
                continuation.resume()
            }
        }
    }

    private func watchUntilEnd(_ process: pid_t, descriptor: CInt) {
        let pipe = output.descriptors.read
        var budget = OutputBudget(limits)
        var isOutputOpen = true
        var killAtMilliseconds: UInt64?
        while true {
            let now = clock.uptimeMilliseconds()
            let pause = budget.pauseMilliseconds(at: now)
            var polled = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake.readEnd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isOutputOpen && pause == 0 ? pipe : -1, events: Int16(POLLIN), revents: 0),
            ]
            var waits = [killAtMilliseconds.map { Int($0 > now ? $0 - now : 0) }, pause > 0 ? pause : nil]
            if descriptor < 0 { waits.append(Self.lookMilliseconds) }
            poll(&polled, nfds_t(polled.count), waits.compactMap(\.self).min().map { CInt(clamping: $0) } ?? -1)

            if polled[1].revents != 0 { takeSignals(process, &killAtMilliseconds) }
            if let at = killAtMilliseconds, clock.uptimeMilliseconds() >= at {
                Glibc.kill(-process, SIGKILL)
                killAtMilliseconds = nil
            }
            if polled[2].revents != 0 {
                let reading = output.read()
                isOutputOpen = !reading.isAtEnd
                budget.charge(reading, atMilliseconds: clock.uptimeMilliseconds())
            }
            if polled[0].revents != 0 || descriptor < 0 && hasExited(process) { break }
        }
        finish(process)
    }

    private func takeSignals(_ process: pid_t, _ killAtMilliseconds: inout UInt64?) {
        var bytes: [UInt8] = [0, 0, 0, 0]
        _ = read(wake.readEnd, &bytes, bytes.count)
        let (isStopWanted, isKillWanted) = state.withLock { state in
            defer { state.isStopWanted = false }
            return (state.isStopWanted, state.isKillWanted)
        }
        if isKillWanted {
            Glibc.kill(-process, SIGKILL)
        } else if isStopWanted {
            Glibc.kill(-process, SIGTERM)
            killAtMilliseconds = clock.uptimeMilliseconds() + UInt64(limits.stopGraceMilliseconds)
        }
    }

    private func hasExited(_ process: pid_t) -> Bool {
        var information = siginfo_t()
        let result = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        return result != 0 || information.si_signo == SIGCHLD
    }

    /// The process is a zombie, or is made one: nobody else can have its number until it is reaped, which comes after this.
    private func finish(_ process: pid_t) {
        state.withLock { $0.phase = .ended }
        ProcessSweep(leader: process, mark: plan.mark).run()
        for _ in 0..<Self.lastReadings {
            let reading = output.read()
            if reading.isAtEnd || reading.bytes == 0 { break }
        }
    }
}
