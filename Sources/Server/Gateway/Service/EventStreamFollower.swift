import HTTPEndpoint
import KeyValueStore
import Logging

/// A log that a client is given entry by entry, from some position on.
protocol FollowedLog: Sendable {
    /// Entries that were not read yet, as of now, those that filters leave out included.
    var backlog: UInt64 { get }
    /// Whether everything was read and nothing more can come.
    var isAtEnd: Bool { get }

    /// Reads on until `EventStreamFollower.bytesPerTurn` or `EventStreamFollower.entriesPerTurnMax` are reached, or the end of the log.
    mutating func read(into output: inout EventStreamOutput) throws(StoreError)
}

/// One client that is given a log: it gets as much as it takes, and is told how much there is.
///
/// Beside events it gets comments: `backlog N`, the entries that it has not got yet, at the beginning, each second while there are some,
/// when there are none any more, and whenever nothing else was sent for `keepAliveMilliseconds`; `lost N` for entries that the log forgot
/// before they were read.
struct EventStreamFollower: Sendable {
    static let keepAliveMilliseconds: UInt64 = 15_000
    static let backlogIntervalMilliseconds: UInt64 = 1000
    /// What one turn writes, unless a single entry is longer.
    static let bytesPerTurn = 64 * 1024
    /// What one turn reads.
    static let entriesPerTurnMax = 1024

    enum Turn {
        /// There is more to be read at once.
        case more
        /// There is nothing, or no room for it.
        case idle
        case over
    }

    let stream: ResponseStream
    private var log: any FollowedLog
    private var output: EventStreamOutput
    private var isBehind = true
    private var told: (backlog: UInt64, milliseconds: UInt64)?
    private var writtenMilliseconds: UInt64 = 0

    init(_ log: any FollowedLog, to stream: ResponseStream, as format: EventStreamOutput.Format) {
        self.log = log
        self.stream = stream
        output = EventStreamOutput(format)
    }

    /// - Parameter now: a clock that never goes back, in milliseconds.
    mutating func turn(at now: UInt64, _ logger: Logger) -> Turn {
        guard !stream.isClosed else { return .over }
        guard stream.hasRoom else { return .idle }
        if isBehind { tellBacklogIfDue(at: now) }
        do throws(StoreError) {
            try log.read(into: &output)
        } catch {
            logger.error("a log that is followed cannot be read", metadata: ["error": "\(error)"])
            stream.abort()
            return .over
        }
        let backlog = log.backlog
        if isBehind, backlog == 0, told?.backlog != 0 { tell(backlog, at: now) }
        isBehind = backlog > 0
        if now >= writtenMilliseconds + Self.keepAliveMilliseconds, output.bytes.isEmpty { tell(backlog, at: now) }
        let bytes = output.take()
        if !bytes.isEmpty {
            writtenMilliseconds = now
            stream.write(bytes)
        }
        guard log.isAtEnd else { return isBehind ? .more : .idle }
        stream.finish()
        return .over
    }

    private mutating func tellBacklogIfDue(at now: UInt64) {
        if let told, now < told.milliseconds + Self.backlogIntervalMilliseconds { return }
        tell(log.backlog, at: now)
    }

    private mutating func tell(_ backlog: UInt64, at now: UInt64) {
        told = (backlog, now)
        output.comment("backlog \(backlog)")
    }
}
