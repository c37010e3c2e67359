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

    let regions: [Region]
    let links: [Link]

    var text: String {
        let tables = regions.flatMap { region in
            region.tables.isEmpty
                ? [[region.region, region.status, "(no tables)", "", "", "", "", ""]]
                : region.tables.map { table in
                    [
                        region.region, region.status, table.table, table.status, "\(table.items)", "\(table.bytes)",
                        "\(table.streamRecords)", table.replicas.joined(separator: ", "),
                    ]
                }
        }
        let header = ["REGION", "HEALTH", "TABLE", "STATUS", "ITEMS", "BYTES", "RECORDS", "OTHER REPLICAS"]
        var text = Self.columns([header] + tables)
        if !links.isEmpty {
            let rows = links.map { link in
                [
                    link.from, link.to, link.table, "\(link.backlog)", "\(link.applied)", "\(link.lost)",
                    "\(link.conflicts)", "\(link.delayMilliseconds) ms",
                ]
            }
            let header = ["FROM", "TO", "TABLE", "BACKLOG", "APPLIED", "LOST", "CONFLICTS", "DELAY"]
            text += "\n" + Self.columns([header] + rows)
        }
        return text
    }

    private static func columns(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let line = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }.joined(separator: "  ")
            return line.trimmingSuffix { $0 == " " } + "\n"
        }.joined()
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return String(self[..<end])
    }
}
