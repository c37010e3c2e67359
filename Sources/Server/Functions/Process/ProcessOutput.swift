import Glibc
import Synchronization

/// What a process prints to its standard output and standard error: a pipe, cut into lines that go to the log.
///
/// Two threads read it: the process's watcher whenever something is there, and whoever ends an invocation, so that every line counts for
/// the invocation that printed it. A lock takes them in turn.
final class ProcessOutput: Sendable {
    private struct State {
        var readEnd: CInt
        var writeEnd: CInt
        var splitter: LineSplitter
        var requestID: String?
        var tail: LogTail
        var buffer = [UInt8](repeating: 0, count: ProcessOutput.pieceBytes)
    }

    /// What one reading brought.
    struct Reading {
        var bytes = 0
        var lines = 0
        /// All who could write have gone.
        var isAtEnd = false
    }

    /// As much as a pipe holds: one reading takes all that was written before it.
    private static let pieceBytes = 64 * 1024

    private let function: String
    private let log: FunctionLog
    private let limits: FunctionLimits
    private let state: Mutex<State>

    /// - Throws: when the system has no more descriptors.
    init(function: String, log: FunctionLog, limits: FunctionLimits) throws(ProcessFailure) {
        let pipe = try Pipe()
        self.function = function
        self.log = log
        self.limits = limits
        state = Mutex(
            State(
                readEnd: pipe.readEnd, writeEnd: pipe.writeEnd,
                splitter: LineSplitter(lineBytesMax: limits.logLineBytes),
                tail: LogTail(bytesMax: limits.logTailBytes)))
    }

    deinit {
        close()
    }

    /// To wait on, and to hand to the process; -1 after they were closed.
    var descriptors: (read: CInt, write: CInt) { state.withLock { ($0.readEnd, $0.writeEnd) } }

    /// Closes this process's copy of the end that the new process writes to.
    func closeWriteEnd() {
        state.withLock { state in
            if state.writeEnd >= 0 { Glibc.close(state.writeEnd) }
            state.writeEnd = -1
        }
    }

    /// Reads what is there now, at most a pipe full.
    func read() -> Reading {
        state.withLock { read(&$0) }
    }

    /// Counts what was printed up to here to what ends, and what follows to the invocation that begins.
    func begin(requestID: String?) {
        state.withLock { state in
            _ = read(&state)
            flush(&state)
            state.requestID = requestID
            state.tail = LogTail(bytesMax: limits.logTailBytes)
        }
    }

    /// Ends the invocation.
    /// - Returns: the end of what was printed since `begin`.
    func end() -> [UInt8] {
        state.withLock { state in
            _ = read(&state)
            flush(&state)
            state.requestID = nil
            return state.tail.bytes
        }
    }

    /// The end of what was printed since the last `begin`, or since the start.
    var tail: [UInt8] { state.withLock { $0.tail.bytes } }

    /// Logs what has no line end and closes the pipe.
    func close() {
        state.withLock { state in
            flush(&state)
            if state.readEnd >= 0 { Glibc.close(state.readEnd) }
            if state.writeEnd >= 0 { Glibc.close(state.writeEnd) }
            (state.readEnd, state.writeEnd) = (-1, -1)
        }
    }

    private func read(_ state: inout State) -> Reading {
        guard state.readEnd >= 0 else { return Reading(isAtEnd: true) }
        var reading = Reading()
        while reading.bytes < Self.pieceBytes {
            let count = Glibc.read(state.readEnd, &state.buffer, state.buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                reading.isAtEnd = count == 0
                break
            }
            reading.bytes += count
            reading.lines += take(count, &state)
        }
        return reading
    }

    private func take(_ count: Int, _ state: inout State) -> Int {
        var lines = 0
        let (requestID, buffer) = (state.requestID, state.buffer)
        var tail = state.tail
        buffer.withUnsafeBytes { bytes in
            state.splitter.add(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { line in
                lines += 1
                emit(line, requestID, &tail)
            }
        }
        state.tail = tail
        return lines
    }

    private func flush(_ state: inout State) {
        var tail = state.tail
        let requestID = state.requestID
        state.splitter.flush { emit($0, requestID, &tail) }
        state.tail = tail
    }

    private func emit(_ line: [UInt8], _ requestID: String?, _ tail: inout LogTail) {
        tail.append(line: line)
        log.write(.init(function: function, requestID: requestID, text: String(decoding: line, as: UTF8.self)))
    }
}
