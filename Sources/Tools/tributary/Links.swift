import ArgumentParser
import Foundation
import Replication

/// Shows the links of a running server, and changes how they treat what they carry.
struct Links: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the links of a running server, or delay, re-order, pause, cut or resume one.",
        discussion: "Settings last until the server stops. What a link holds back arrives once it runs again.",
        subcommands: [List.self, Set.self, Pause.self, Cut.self, Resume.self], defaultSubcommand: List.self)

    struct Options: ParsableArguments {
        @Option(help: "The server's address.")
        var endpoint = "http://localhost:8000"

        @Option(help: "How the answer is printed: text or json.")
        var output = Regions.Output.text

        func put(_ ends: Ends, _ change: LinkChange) async throws {
            let (report, body) = try await AdminClient(endpoint: endpoint).put(
                "/_tributary/links/\(ends.from)/\(ends.to)", change, as: LinkAnswer.self)
            show([report], body)
        }

        func show(_ links: [LinkAnswer], _ body: Data) {
            switch output {
            case .json: print(String(decoding: body, as: UTF8.self))
            case .text: print(LinkAnswer.text(links), terminator: "")
            }
        }
    }

    struct Ends: ParsableArguments {
        @Argument(help: "The region whose writes travel, as in us-east-1.")
        var from: String

        @Argument(help: "The region that they travel to, as in eu-west-1.")
        var to: String

        func validate() throws {
            for name in [from, to] where RegionName(name) == nil {
                throw ValidationError("'\(name)' is not a region name such as eu-west-1")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show all links.")

        @OptionGroup var options: Options

        func run() async throws {
            let client = AdminClient(endpoint: options.endpoint)
            let (list, body) = try await client.get("/_tributary/links", as: LinkList.self)
            options.show(list.links, body)
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change how a link delays and orders what it carries.")

        @OptionGroup var ends: Ends

        // Whatever follows is its value, so that a negative one is called by its name.
        @Option(
            parsing: .unconditional,
            help: "How long changes wait: 200ms, uniform:100ms..300ms or normal:200ms±50ms; 0ms for not at all.")
        var delay: String?

        @Flag(inversion: .prefixedNo, help: "Whether changes of different items may overtake each other.")
        var reorder: Bool?

        @Option(help: "What random delays are drawn from: the same seed gives the same delays.")
        var seed: Int?

        @OptionGroup var options: Options

        func validate() throws {
            if delay == nil, reorder == nil, seed == nil {
                throw ValidationError("say what to change: --delay, --reorder, --no-reorder or --seed")
            }
            if let delay, LinkDelay(delay) == nil {
                throw ValidationError("--delay must be \(LinkDelay.form), not '\(delay)'")
            }
        }

        func run() async throws {
            try await options.put(ends, LinkChange(delay: delay, reorder: reorder, seed: seed))
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Hold back what a link carries, or one table of it.")

        @OptionGroup var ends: Ends

        @Option(help: "Hold back the changes of this table only.")
        var table: String?

        @OptionGroup var options: Options

        func run() async throws { try await options.put(ends, LinkChange(state: .paused, table: table)) }
    }

    struct Cut: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Break a link; what it carries is held back.")

        @OptionGroup var ends: Ends
        @OptionGroup var options: Options

        func run() async throws { try await options.put(ends, LinkChange(state: .cut)) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a paused or cut link run again, or one table that was paused on it.")

        @OptionGroup var ends: Ends

        @Option(help: "Let this table run again.")
        var table: String?

        @OptionGroup var options: Options

        func run() async throws { try await options.put(ends, LinkChange(state: .running, table: table)) }
    }
}

/// What a PUT to a link's page asks for; what is nil stays as it is.
struct LinkChange: Encodable {
    var delay: String?
    var state: String?
    var reorder: Bool?
    var seed: Int?
    var table: String?

    init(
        delay: String? = nil, state: LinkSettings.State? = nil, reorder: Bool? = nil, seed: Int? = nil,
        table: String? = nil
    ) {
        self.table = table
        self.delay = delay
        self.state = state?.rawValue
        self.reorder = reorder
        self.seed = seed
    }
}

/// The answer of `/_tributary/links`.
struct LinkList: Decodable {
    let links: [LinkAnswer]
}

/// The answer of `/_tributary/links/FROM/TO`.
struct LinkAnswer: Decodable {
    struct Table: Decodable {
        let table: String
        let pausedBy: [String]
        let backlog: Int
        let applied: Int
        let lost: Int
        let conflicts: Int
        let lagMilliseconds: Int
    }

    let from: String
    let to: String
    let state: String
    let carrying: Bool
    let delay: String
    let reorder: Bool
    let tables: [Table]

    static func text(_ links: [LinkAnswer]) -> String {
        let header = ["FROM", "TO", "STATE", "DELAY", "TABLE", "BACKLOG", "LAG", "APPLIED", "LOST", "CONFLICTS"]
        let rows = [header] + links.flatMap { $0.rows }
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            return cells.dropLast().joined(separator: "  ") + "  " + row[row.count - 1] + "\n"
        }.joined()
    }

    private var rows: [[String]] {
        let shownState = state == "running" && !carrying ? "isolated" : state
        let shownDelay = delay + (reorder ? " reorder" : "")
        if tables.isEmpty { return [[from, to, shownState, shownDelay, "(no tables)", "", "", "", "", ""]] }
        return tables.map { table in
            let pausers = table.pausedBy.joined(separator: ", ")
            return [
                from, to, pausers.isEmpty ? shownState : "paused by \(pausers)", shownDelay, table.table,
                "\(table.backlog)",
                "\(table.lagMilliseconds) ms", "\(table.applied)", "\(table.lost)", "\(table.conflicts)",
            ]
        }
    }
}
