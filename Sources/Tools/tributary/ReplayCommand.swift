import ArgumentParser
import EventPattern
import Foundation
import Functions
import HandlerFolders
import HandlerKit
import Logging
import Replay

/// Recorded changes again: through handlers, through filters, or into an empty table.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Replay recorded changes through handlers or filters, or into an empty table.",
        discussion: """
            Changes come from files of JSON lines (what `tributary tail --output json` prints, or the handler audit-log \
            writes; - is standard input), from the data directory of a server that does not run, from a running server, \
            or from a Kafka topic. With --handler they go through handlers, on a clock of their own and as fast as it goes: retries, \
            windows and batches are the same each time. With --filter the matching records are printed. With neither, \
            the items of the table are printed as the changes leave them; --until gives the table as of a moment.
            """)

    @Argument(help: ArgumentHelp("Files of recorded changes.", valueName: "file"))
    var files: [String] = []

    @Option(help: "Read the changes of a table from the data directory of a server that does not run.")
    var dataDirectory: String?

    @Option(help: "Read the changes of a table's stream from the server at this address.")
    var endpoint: String?

    @OptionGroup
    var topic: TopicOptions

    @Option(help: "The region whose changes are replayed.")
    var region: String?

    @Option(help: "The table whose changes are replayed.")
    var table: String?

    @Option(help: ArgumentHelp("Begin with this: \(ReplayMoment.form).", valueName: "moment"))
    var from: String?

    @Option(help: ArgumentHelp("End with this, inclusive.", valueName: "moment"))
    var until: String?

    @Option(
        name: .customLong("handler"),
        help: ArgumentHelp("The folder of a handler that the changes go through. May be repeated.", valueName: "folder")
    )
    var handlers: [String] = []

    @Option(
        name: .customLong("filter"),
        help: ArgumentHelp("Print the records that match this event pattern. May be repeated.", valueName: "json"))
    var filters: [String] = []

    @Option(help: ArgumentHelp("The Python of handlers with a Python runtime.", valueName: "program"))
    var python: String?

    @Option(
        help: ArgumentHelp(
            "What handlers get as AWS_ENDPOINT_URL. Default: an address where nobody answers.", valueName: "url"))
    var awsEndpoint = "http://127.0.0.1:9"

    @Option(help: ArgumentHelp("Compare what would be printed with this file.", valueName: "golden"))
    var diff: String?

    @Flag(help: "Write the file of --diff instead of comparing with it.")
    var updateGolden = false

    @Option(help: "How calls of handlers are printed: text, or json for one call a line.")
    var output = FilterOutput.text

    func validate() throws {
        let sources = [!files.isEmpty, dataDirectory != nil, endpoint != nil, topic.topic != nil].filter { $0 }.count
        try topic.check()
        guard sources == 1 else {
            throw ValidationError("give files of recorded changes, or --data-directory, or --endpoint, or --topic")
        }
        guard !files.isEmpty || topic.topic != nil || (region != nil && table != nil) else {
            throw ValidationError("--data-directory and --endpoint need --region and --table")
        }
        guard handlers.isEmpty || filters.isEmpty else {
            throw ValidationError("--handler and --filter exclude each other: a handler has filters of its own")
        }
        guard !updateGolden || diff != nil else { throw ValidationError("--update-golden needs --diff") }
        _ = try range()
    }

    func run() async throws {
        let terminal = EventsOutput()
        do {
            let recording = try await ReplayInput(command: self, range: try range()).recording(terminal)
            if recording.repeatedCount > 0 {
                terminal.note("\(recording.repeatedCount) lines told what another line had told, and were left out")
            }
            var sink = ReplayOutput(terminal: terminal, keepsText: diff != nil)
            if !handlers.isEmpty {
                try await replayHandlers(recording, &sink)
            } else if !filters.isEmpty {
                try printMatches(recording, &sink)
            } else {
                for line in try ReplayedTable(recording).lines() { sink.print(line + "\n") }
            }
            try settle(sink)
        } catch let error as ReplayError {
            throw CommandFailure(error.description)
        } catch let error as RecordingError {
            throw CommandFailure(error.description)
        } catch let error as FileReadingError {
            throw CommandFailure(error.description)
        }
    }

    private func range() throws -> ReplayRange {
        func moment(_ name: String, _ text: String?) throws -> ReplayMoment? {
            guard let text else { return nil }
            guard let moment = ReplayMoment(text) else {
                throw ValidationError("--\(name) \(text) is not \(ReplayMoment.form)")
            }
            return moment
        }
        return ReplayRange(
            from: try moment("from", from), until: try moment("until", until), region: region, table: table)
    }

    // MARK: Handlers and filters

    private func replayHandlers(_ recording: Recording, _ sink: inout ReplayOutput) async throws {
        var definitions: [HandlerDefinition] = []
        for folder in handlers { definitions.append(try HandlerDefinition(folder: folder)) }
        let code = FileManager.default.temporaryDirectory.path + "/tributary-replay-\(getpid())"
        let programs = Bundle.main.executableURL?.deletingLastPathComponent().path
        var settings = FunctionSettings(
            codeDirectory: code, endpointURL: awsEndpoint,
            pythonInterpreter: python.map { URL(fileURLWithPath: $0).standardizedFileURL.path },
            searchPath: (programs.map { [$0] } ?? []) + FunctionSettings.searchPathDefault)
        settings.limits.outputLinesPerSecond = .max
        let replay = HandlerReplay(settings: settings, log: .standardError, logger: quietLogger)
        let clock = ContinuousClock()
        let start = clock.now
        var line = ReplayProgressLine(total: recording.changes.count * definitions.count, sink.terminal)
        let form = output
        let summary = try await replay.run(definitions, recording) { call in
            line.makeRoom()
            sink.print(form == .json ? call.json + "\n" : call.text)
        } progress: {
            line.draw(changes: $0)
        }
        line.clear()
        sink.terminal.note(Self.text(of: summary, elapsed: start.duration(to: clock.now)))
    }

    var quietLogger: Logger {
        var logger = Logger(label: "replay") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .error
        return logger
    }

    private static func text(of summary: ReplaySummary, elapsed: Duration) -> String {
        let seconds = max(elapsed / .seconds(1), 0.001)
        var text =
            "\(summary.changes) changes in \(String(format: "%.2f", seconds)) s, \(Int(Double(summary.changes) / seconds)) "
            + "per second: \(summary.calls) calls, \(summary.failedCalls) of them failed, \(summary.givenUpRecords) records "
            + "given up"
        if summary.unfinishedChanges > 0 {
            text += "; \(summary.unfinishedChanges) changes were not done an hour after the last one"
        }
        return text
    }

    private func printMatches(_ recording: Recording, _ sink: inout ReplayOutput) throws {
        let patterns = try filters.enumerated().map { ($0.offset, try FilterInput.pattern(Array($0.element.utf8))) }
        var matcher = PatternMatcher(PatternSet(patterns.map { (identifier: $0.0, pattern: $0.1) }))
        for change in recording.changes {
            try matcher.match(json: change.event)
            if !matcher.matches.isEmpty { sink.print(String(decoding: change.event, as: UTF8.self) + "\n") }
        }
    }

    // MARK: Golden files

    /// Ends with exit code 1 when the output is not what the golden file says.
    private func settle(_ sink: ReplayOutput) throws {
        guard let golden = diff else { return }
        if updateGolden {
            try FileReading.write(Array(sink.text.utf8), to: golden)
            sink.terminal.note("wrote \(golden)")
            return
        }
        let expected = String(decoding: try FileReading.contents(of: golden), as: UTF8.self)
        guard let difference = GoldenDifference(golden: expected, output: sink.text) else {
            sink.terminal.note("the output is that of \(golden)")
            return
        }
        sink.terminal.write(difference.text(golden: golden, output: "this replay"))
        throw CommandFailure("the output is not that of \(golden); --update-golden takes it over")
    }
}

/// What a replay prints, or keeps to be compared.
struct ReplayOutput {
    let terminal: EventsOutput
    let keepsText: Bool
    private(set) var text = ""

    init(terminal: EventsOutput, keepsText: Bool) {
        self.terminal = terminal
        self.keepsText = keepsText
    }

    mutating func print(_ lines: String) {
        if keepsText {
            text += lines
        } else {
            terminal.write(lines)
        }
    }
}

/// One line on a terminal that says how far a replay has come.
struct ReplayProgressLine {
    private static let interval = Duration.milliseconds(250)

    private let total: Int
    private let terminal: EventsOutput
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var drawn: ContinuousClock.Instant
    private var isDrawn = false

    init(total: Int, _ terminal: EventsOutput) {
        self.total = total
        self.terminal = terminal
        start = clock.now
        drawn = start
    }

    mutating func draw(changes: Int) {
        let now = clock.now
        guard terminal.hasProgress, drawn.duration(to: now) >= Self.interval else { return }
        drawn = now
        isDrawn = true
        let seconds = start.duration(to: now) / .seconds(1)
        terminal.showProgress("\(changes) of \(total) changes, \(Int(Double(changes) / seconds)) per second")
    }

    /// Makes room for output on the same terminal.
    mutating func makeRoom() {
        if terminal.isTerminal { clear() }
    }

    mutating func clear() {
        guard isDrawn else { return }
        isDrawn = false
        terminal.showProgress("")
    }
}
