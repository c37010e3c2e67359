import ArgumentParser

/// Shows the control events of a running server.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a running server tells beyond AWS: lost conflicts, expired items, failing handlers.",
        discussion: """
            Each region keeps its newest events. With --follow the command shows what there is and what happens from \
            then on, over restarts of the server, until Ctrl-C.
            """)

    @Option(help: "The server's address.")
    var endpoint = "http://localhost:8000"

    @Option(help: "The region whose events are shown, or all.")
    var region = "all"

    @Flag(help: "Go on with what happens.")
    var follow = false

    @Option(
        name: .customLong("kind"),
        help: ArgumentHelp(
            "Show events of this kind only, as in conflict.resolved. May be repeated.", valueName: "kind"))
    var kinds: [String] = []

    @Option(
        help: ArgumentHelp(
            "Begin behind the event with this number (the end of its id), or with the next event: latest.",
            valueName: "number"))
    var since: String?

    @Option(help: "How events are printed: text, or json for one CloudEvent a line.")
    var output = Output.text

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    func run() async throws {
        let terminal = EventsOutput()
        terminal.endQuietlyWhenInterrupted()
        var parameters = [(name: "region", value: region)] + kinds.map { (name: "kind", value: $0) }
        if follow { parameters.append((name: "follow", value: "true")) }
        if let since { parameters.append((name: "after", value: since)) }
        let reader = EventsReader(
            endpoint: endpoint, path: "/_tributary/events", parameters: parameters, isFollowing: follow, noun: "events")
        let text = EventsText(output: terminal)
        try await reader.run(terminal) { data in
            output == .json ? String(decoding: data, as: UTF8.self) : text.line(data)
        }
    }
}
