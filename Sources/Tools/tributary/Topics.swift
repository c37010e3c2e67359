import ArgumentParser
import Foundation

/// Shows what a running server publishes to Kafka.
struct Topics: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Show the Kafka topics of a running server: offsets, what is not published yet, how far links are behind.")

    @Option(help: "The server's address.")
    var endpoint = "http://localhost:8000"

    @Option(help: "How the answer is printed: text or json.")
    var output = Regions.Output.text

    func run() async throws {
        let (report, body) = try await AdminClient(endpoint: endpoint).get("/_tributary/topics", as: TopicList.self)
        switch output {
        case .json: print(String(decoding: body, as: UTF8.self))
        case .text: print(report.text, terminator: "")
        }
    }
}

/// The answer of `/_tributary/topics`.
struct TopicList: Decodable {
    struct Topic: Decodable {
        struct Partition: Decodable {
            let partition: Int
            let start: Int
            let end: Int
        }

        let region: String
        let table: String?
        let content: String
        let topic: String
        let backlog: Int
        let published: Int
        let undeliverable: Int
        let partitionCount: Int
        let partitions: [Partition]?
        let trouble: String?
        let differences: [String]?
    }

    struct Link: Decodable {
        let from: String
        let to: String
        let table: String
        let backlog: Int
        let lagMilliseconds: Int
    }

    let kafka: Bool
    let topics: [Topic]
    let links: [Link]

    var text: String {
        guard kafka else { return "this server publishes nothing to Kafka; see tributary serve --help, --kafka\n" }
        let header = ["TOPIC", "TABLE", "PARTITIONS", "RECORDS", "OFFSETS", "BACKLOG", "UNDELIVERABLE"]
        var text = TextColumns.text([header] + topics.map(\.cells))
        if !links.isEmpty {
            let rows = links.map { [$0.from, $0.to, $0.table, "\($0.backlog)", "\($0.lagMilliseconds) ms"] }
            text += "\n" + TextColumns.text([["FROM", "TO", "TABLE", "BACKLOG", "LAG"]] + rows)
        }
        let notes = topics.flatMap(\.notes)
        if !notes.isEmpty { text += "\n" + notes.joined(separator: "\n") + "\n" }
        return text
    }
}

extension TopicList.Topic {
    fileprivate var cells: [String] {
        let records = partitions?.reduce(0) { $0 + $1.end - $1.start }
        let offsets = partitions?.map { $0.start == 0 ? "\($0.end)" : "\($0.start)..\($0.end)" }.joined(separator: " ")
        return [
            topic, table ?? "", "\(partitionCount)", records.map { "\($0)" } ?? "?", offsets ?? "?", "\(backlog)",
            "\(undeliverable)",
        ]
    }

    fileprivate var notes: [String] {
        (differences.map { ["\(topic): other settings than wanted: \($0.joined(separator: "; "))"] } ?? [])
            + (trouble.map { ["\(topic): \($0)"] } ?? [])
    }
}
