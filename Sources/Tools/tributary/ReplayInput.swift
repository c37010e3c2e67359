import Foundation
import HandlerKit
import Replay

/// Where a replay's changes come from.
struct ReplayInput {
    let command: ReplayCommand
    let range: ReplayRange

    func recording(_ terminal: EventsOutput) async throws -> Recording {
        if let directory = command.dataDirectory {
            return try RegionLog.read(
                dataDirectory: directory, range: range, showsAllImages: showsAllImages)
        }
        if let topic = command.topic.topic, let brokers = command.topic.kafka {
            let reading = try TopicLog.read(
                topic, of: try command.topic.log(brokers, logger: command.quietLogger), range: range,
                showsAllImages: showsAllImages)
            for note in reading.notes { terminal.note(note) }
            return reading.recording
        }
        var reader = RecordingReader()
        if let endpoint = command.endpoint {
            try await read(endpoint, into: &reader, terminal)
        } else {
            for file in command.files {
                try reader.read(
                    try FileReading.contents(of: file), file: file == "-" ? "standard input" : file)
            }
        }
        return try reader.recording().filtered(range.contains)
    }

    /// Items can only be had whole; handlers and filters get what the table's stream shows.
    private var showsAllImages: Bool { command.handlers.isEmpty && command.filters.isEmpty }

    private func read(_ endpoint: String, into reader: inout RecordingReader, _ terminal: EventsOutput) async throws {
        let parameters = [
            (name: "region", value: command.region ?? ""), (name: "table", value: command.table ?? ""),
            (name: "from", value: "trim-horizon"),
        ]
        let events = EventsReader(
            endpoint: endpoint, path: "/_tributary/tail", parameters: parameters, isFollowing: false, noun: "records")
        var number = 0
        var failure: RecordingError?
        try await events.read(terminal) { data in
            number += 1
            guard failure == nil else { return }
            do throws(RecordingError) {
                try reader.read(line: data, file: endpoint, number: number)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
