import EventSource
public import Functions
public import HandlerFolders
public import HandlerKit
public import Logging
import Replication

/// Recorded changes through the handlers of folders: their filters, batches, retries and windows on a clock of its own, and their programs.
///
/// Each handler gets each stream that it is for, one after another, so that the same recording gives the same calls each time. What the programs
/// answer is theirs.
public struct HandlerReplay: Sendable {
    /// How long the recording's clock goes on behind the last change, for retries and windows, in milliseconds.
    public static let patienceMilliseconds: UInt64 = 3_600_000
    static let patienceStepMilliseconds: UInt64 = 60_000
    /// Changes between two reports of progress.
    private static let progressChanges = 256

    public let settings: FunctionSettings
    public let log: FunctionLog
    public let logger: Logger

    public init(settings: FunctionSettings, log: FunctionLog, logger: Logger) {
        self.settings = settings
        self.log = log
        self.logger = logger
    }

    /// Runs handlers whose programs are in folders.
    /// - Parameters:
    ///   - show: gets each call and each batch that was given up, in order.
    ///   - progress: gets the number of changes that the handlers have behind them, from time to time.
    public func run(
        _ definitions: [HandlerDefinition], _ recording: Recording, show: (ReplayedCall) -> Void,
        progress: (_ changes: Int) -> Void
    ) async throws -> ReplaySummary {
        var summary = ReplaySummary()
        for definition in definitions.sorted(by: { $0.name < $1.name }) {
            for stream in recording.streamARNs {
                let part = recording.filtered { $0.streamARN == stream }
                guard let first = part.changes.first, definition.tables.contains(first.table),
                    let region = RegionName(first.region), definition.regions?.contains(region) ?? true
                else { continue }
                let program = try ReplayedHandler(
                    definition, region: region, settings: settings, log: log, logger: logger)
                do {
                    try await Self.run(program, part, &summary, show: show, progress: progress)
                } catch {
                    await program.stop()
                    throw error
                }
                await program.stop()
            }
        }
        return summary
    }

    private static func run(
        _ program: ReplayedHandler, _ part: Recording, _ summary: inout ReplaySummary,
        show: (ReplayedCall) -> Void, progress: (_ changes: Int) -> Void
    ) async throws {
        let before = summary.changes
        var run = try HandlerRun(program.handler, part)
        func check() throws(ReplayError) {
            if let refusal = program.refusal {
                throw ReplayError("the handler \(program.handler.name) cannot run: \(refusal)")
            }
        }
        for (index, change) in part.changes.enumerated() {
            try await run.replay(change)
            for call in run.takeCalls(&summary) { show(call) }
            try check()
            if index % progressChanges == 0 { progress(before + index) }
        }
        for call in try await run.finish(&summary, check: check) { show(call) }
        summary.changes = before + part.changes.count
        progress(summary.changes)
    }
}

/// What a replay came to.
public struct ReplaySummary: Equatable, Sendable {
    /// Changes that handlers have behind them, counted for each handler.
    public var changes = 0
    public var calls = 0
    public var failedCalls = 0
    public var givenUpRecords = 0
    /// Changes that were still unfinished when the replay's patience was over.
    public var unfinishedChanges = 0
}

/// One handler and one stream.
public struct HandlerRun: Sendable {
    private var driver: HandlerDriver
    private let stream: ReplayedStream
    private var callCount = 0

    public init(_ handler: Handler, _ recording: Recording) throws(HandlerDriverError) {
        driver = try HandlerDriver(handler, for: recording)
        stream = ReplayedStream(
            handler: handler.name, region: driver.region.name, table: recording.changes.first?.table ?? "",
            startMilliseconds: driver.nowMilliseconds)
    }

    /// All of a recording through a handler in this process.
    public static func calls(
        _ handler: Handler, _ recording: Recording
    ) async throws -> (calls: [ReplayedCall], summary: ReplaySummary) {
        var run = try HandlerRun(handler, recording)
        var summary = ReplaySummary()
        var calls: [ReplayedCall] = []
        for change in recording.changes {
            try await run.replay(change)
            calls += run.takeCalls(&summary)
        }
        calls += try await run.finish(&summary, check: {})
        summary.changes = recording.changes.count
        return (calls, summary)
    }

    mutating func replay(_ change: RecordedChange) async throws(HandlerDriverError) {
        try await driver.replay(change)
    }

    /// Lets the time pass that retries and windows need.
    mutating func finish(
        _ summary: inout ReplaySummary, check: () throws(ReplayError) -> Void
    ) async throws(ReplayError) -> [ReplayedCall] {
        let settings = driver.handler.settings
        await driver.run()
        try check()
        await driver.advance(
            milliseconds: settings.batchingWindowMilliseconds + settings.tumblingWindowMilliseconds + 1)
        var calls = takeCalls(&summary)
        var waited: UInt64 = 0
        while !driver.isFinished, waited < HandlerReplay.patienceMilliseconds {
            try check()
            await driver.advance(milliseconds: HandlerReplay.patienceStepMilliseconds)
            waited += HandlerReplay.patienceStepMilliseconds
            calls += takeCalls(&summary)
        }
        try check()
        if !driver.isFinished { summary.unfinishedChanges += driver.changeCount - driver.checkpoint }
        return calls
    }

    mutating func takeCalls(_ summary: inout ReplaySummary) -> [ReplayedCall] {
        driver.takeSteps().map { step in
            switch step {
            case .delivery(let delivery):
                callCount += 1
                summary.calls += 1
                if delivery.outcome.isFailure { summary.failedCalls += 1 }
                return ReplayedCall(stream: stream, number: callCount, what: .delivery(delivery))
            case .discard(let discard):
                summary.givenUpRecords += discard.records.count
                return ReplayedCall(stream: stream, number: callCount, what: .discard(discard))
            }
        }
    }
}

extension InvocationOutcome {
    fileprivate var isFailure: Bool { if case .success = self { false } else { true } }
}
