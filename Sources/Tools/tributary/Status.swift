import ArgumentParser
import Foundation
import FoundationNetworking

/// Shows regions, tables and links of a running server.
struct Status: AsyncParsableCommand {
    static let timeoutSeconds = 10.0

    static let configuration = CommandConfiguration(
        abstract: "Show the regions, tables and links of a running server.")

    @Option(help: "The server's address.")
    var endpoint = "http://localhost:8000"

    @Option(help: "How the answer is printed: text or json.")
    var output = Output.text

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    func run() async throws {
        let body = try await fetch(endpoint + "/_tributary/status")
        switch output {
        case .json:
            print(String(decoding: body, as: UTF8.self))
        case .text:
            guard let report = try? JSONDecoder().decode(StatusReport.self, from: body) else {
                throw CommandFailure("\(endpoint) answers, but not like a tributary server of this version")
            }
            print(report.text, terminator: "")
        }
    }

    private func fetch(_ text: String) async throws -> Data {
        guard let url = URL(string: text), url.scheme == "http" || url.scheme == "https", url.host != nil else {
            throw ValidationError("--endpoint \(endpoint) is not an address such as http://localhost:8000")
        }
        let answer: (body: Data, response: URLResponse)
        do {
            answer = try await URLSession.shared.data(for: URLRequest(url: url, timeoutInterval: Self.timeoutSeconds))
        } catch {
            throw CommandFailure(
                "no server answers at \(endpoint) (\(error.localizedDescription)); start one with: tributary serve")
        }
        guard let response = answer.response as? HTTPURLResponse, response.statusCode == 200 else {
            throw CommandFailure("\(endpoint) answers, but not like a tributary server")
        }
        return answer.body
    }
}

/// The answer of `/_tributary/status`.
struct StatusReport: Decodable {
    struct Region: Decodable {
        let region: String
        let status: String
        let tables: [Table]
    }

    struct Table: Decodable {
        let table: String
        let status: String
        let items: Int
        let bytes: Int
        let streamRecords: Int
        let replicas: [String]
        /// Records that are not published; nil when nothing is published.
        let unpublished: Int?
    }

    struct Link: Decodable {
        let from: String
        let to: String
        let table: String
        let delayMilliseconds: Int
        let backlog: Int
        let applied: Int
        let lost: Int
        let conflicts: Int
    }

    /// A region of another process.
    struct Remote: Decodable {
        let region: String
        let known: Bool
        let isolated: Bool
        let tables: Int
        let silentMilliseconds: Int?
        let trouble: String?

        /// Longer silence than this, in milliseconds, is worth a word: a region speaks every second.
        private static let silenceMillisecondsMax = 5000

        var state: String {
            if let trouble { return trouble }
            guard known, let silentMilliseconds else { return "not heard yet" }
            if silentMilliseconds > Self.silenceMillisecondsMax { return "silent for \(silentMilliseconds / 1000) s" }
            return isolated ? "isolated" : "ok"
        }

        static func text(_ remotes: [Remote]) -> String {
            guard !remotes.isEmpty else { return "" }
            let rows = remotes.map { [$0.region, $0.known ? "\($0.tables)" : "", $0.state] }
            return "\n" + TextColumns.text([["OTHER PROCESSES", "TABLES", "STATE"]] + rows)
        }
    }

    let regions: [Region]
    let links: [Link]
    let otherProcesses: [Remote]

    var text: String {
        let tables = regions.flatMap { region in
            region.tables.isEmpty
                ? [[region.region, region.status, "(no tables)", "", "", "", "", "", ""]]
                : region.tables.map { table in
                    [
                        region.region, region.status, table.table, table.status, "\(table.items)", "\(table.bytes)",
                        "\(table.streamRecords)", table.unpublished.map { "\($0)" } ?? "",
                        table.replicas.joined(separator: ", "),
                    ]
                }
        }
        let header = [
            "REGION", "HEALTH", "TABLE", "STATUS", "ITEMS", "BYTES", "RECORDS", "UNPUBLISHED", "OTHER REPLICAS",
        ]
        var rows = [header] + tables
        if tables.allSatisfy({ $0[7].isEmpty }) { for index in rows.indices { rows[index].remove(at: 7) } }
        var text = TextColumns.text(rows)
        if !links.isEmpty {
            let rows = links.map { link in
                [
                    link.from, link.to, link.table, "\(link.backlog)", "\(link.applied)", "\(link.lost)",
                    "\(link.conflicts)", "\(link.delayMilliseconds) ms",
                ]
            }
            let header = ["FROM", "TO", "TABLE", "BACKLOG", "APPLIED", "LOST", "CONFLICTS", "DELAY"]
            text += "\n" + TextColumns.text([header] + rows)
        }
        text += Remote.text(otherProcesses)
        return text
    }
}
