import ArgumentParser
import Foundation
import Replication

/// Shows the regions of a running server, and changes them.
struct Regions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the regions of a running server and their clocks, move a clock, or isolate a region.",
        subcommands: [List.self, Set.self, Isolate.self, Rejoin.self], defaultSubcommand: List.self)

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    struct Options: ParsableArguments {
        @Option(help: "The server's address.")
        var endpoint = "http://localhost:8000"

        @Option(help: "How the answer is printed: text or json.")
        var output = Output.text

        func put(_ region: String, _ change: some Encodable) async throws {
            guard RegionName(region) != nil else {
                throw ValidationError("'\(region)' is not a region name such as eu-west-1")
            }
            let (report, body) = try await AdminClient(endpoint: endpoint).put(
                "/_tributary/regions/\(region)", change, as: RegionReport.self)
            show([report], body)
        }

        func show(_ regions: [RegionReport], _ body: Data) {
            switch output {
            case .json: print(String(decoding: body, as: UTF8.self))
            case .text: print(RegionReport.text(regions), terminator: "")
            }
        }

        func show(_ list: RegionList, _ body: Data) {
            show(list.regions, body)
            if output == .text { print(StatusReport.Remote.text(list.otherProcesses), terminator: "") }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show all regions.")

        @OptionGroup var options: Options

        func run() async throws {
            let client = AdminClient(endpoint: options.endpoint)
            let (list, body) = try await client.get("/_tributary/regions", as: RegionList.self)
            options.show(list, body)
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move a region's clock.",
            discussion: """
                The clock decides when items expire, when change records and tokens are too old, and which time a write \
                has. It keeps its offset until it is set again or the server stops.
                """)

        @Argument(help: "The region, as in eu-west-1.")
        var region: String

        @Option(
            parsing: .unconditional,
            help: ArgumentHelp(
                "How far the clock is ahead of the machine's, as in 1h, -30m or 1d12h; 0 puts it right.",
                valueName: "time"))
        var clockOffset: String

        @OptionGroup var options: Options

        func run() async throws { try await options.put(region, ["clockOffset": clockOffset]) }
    }

    struct Isolate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a region off all its links.",
            discussion: """
                Its clients go on, and so do those of the others. All writes arrive once the region rejoins. It stays \
                isolated until then, or until the server stops.
                """)

        @Argument(help: "The region, as in eu-west-1.")
        var region: String

        @OptionGroup var options: Options

        func run() async throws { try await options.put(region, ["isolated": true]) }
    }

    struct Rejoin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Put an isolated region back on its links.")

        @Argument(help: "The region, as in eu-west-1.")
        var region: String

        @OptionGroup var options: Options

        func run() async throws { try await options.put(region, ["isolated": false]) }
    }
}

/// The answer of `/_tributary/regions`.
struct RegionList: Decodable {
    let regions: [RegionReport]
    let otherProcesses: [StatusReport.Remote]
}

/// The answer of `/_tributary/regions/REGION`.
struct RegionReport: Decodable {
    let region: String
    let status: String
    let time: String
    let clockOffset: String
    let isolated: Bool

    static func text(_ regions: [RegionReport]) -> String {
        let header = ["REGION", "HEALTH", "LINKS", "CLOCK", "OFFSET"]
        let rows =
            [header]
            + regions.map { region in
                [
                    region.region, region.status, region.isolated ? "isolated" : "joined", region.time,
                    region.clockOffset,
                ]
            }
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
            return cells.dropLast().joined(separator: "  ") + "  " + row[row.count - 1] + "\n"
        }.joined()
    }
}
