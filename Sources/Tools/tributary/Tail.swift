import ArgumentParser

/// Shows the records of a table's stream.
struct Tail: AsyncParsableCommand {
    /// Filters of one command, as many as an event source mapping may have.
    static let filtersMax = 10

    static let configuration = CommandConfiguration(
        abstract: "Show the changes of a table as its stream has them.",
        discussion: """
            Filters are event patterns as handlers have them, for instance '{"eventName":["REMOVE"]}' or, for what was \
            written in this region, '{"tributary":{"replicated":[false]}}'. A record is shown that matches one of them. \
            The command goes on over restarts of the server, until Ctrl-C.
            """)

    @Option(help: "The server's address.")
    var endpoint = "http://localhost:8000"

    @Option(help: "The region whose replica of the table is read.")
    var region: String

    @Option(help: "The table; it needs a stream.")
    var table: String

    @Option(
        name: .customLong("filter"),
        help: ArgumentHelp("Show records that match this event pattern. May be repeated.", valueName: "json"))
    var filters: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            Where to begin: latest, trim-horizon for the oldest record, or a sequence number. Default: latest, and \
            trim-horizon with --no-follow.
            """, valueName: "place"))
    var from: String?

    @Flag(inversion: .prefixedNo, help: "Go on with what happens, or end with the newest record.")
    var follow = true

    @Option(help: "How records are printed: text, or json for one record a line, as Lambda functions get them.")
    var output = Output.text

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    func validate() throws {
        guard filters.count <= Self.filtersMax else {
            throw ValidationError("--filter: at most \(Self.filtersMax) filters")
        }
    }

    func run() async throws {
        let terminal = EventsOutput()
        terminal.endQuietlyWhenInterrupted()
        var parameters = [(name: "region", value: region), (name: "table", value: table)]
        parameters += filters.map { (name: "filter", value: $0) }
        if follow { parameters.append((name: "follow", value: "true")) }
        if let from { parameters.append((name: "from", value: from)) }
        let reader = EventsReader(
            endpoint: endpoint, path: "/_tributary/tail", parameters: parameters, isFollowing: follow, noun: "records")
        let text = TailText(output: terminal)
        try await reader.run(terminal) { data in
            output == .json ? String(decoding: data, as: UTF8.self) : text.line(data)
        }
    }
}
