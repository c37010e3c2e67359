import ArgumentParser
import Foundation
import FoundationNetworking
import JSONBytes

/// Reads a stream of a running server to its end, or for ever: over restarts of the server it goes on behind the last event.
struct EventsReader {
    static let firstPauseMilliseconds = 250
    static let pauseMillisecondsMax = 4000

    /// As in `http://localhost:8000`.
    let endpoint: String
    let path: String
    let parameters: [(name: String, value: String)]
    let isFollowing: Bool
    /// What entries are called, as in "records".
    let noun: String

    private struct Progress {
        var lastID: String?
        var hasAnswered = false
        var isReconnecting = false
        var pauseMilliseconds = EventsReader.firstPauseMilliseconds
    }

    /// Gives the data of each event to `take`, and prints nothing.
    func read(_ output: EventsOutput, _ take: (_ data: [UInt8]) -> Void) async throws {
        try await run(output) { data in
            take(data)
            return nil
        }
    }

    /// Gives the data of each event to `show`, which answers the text for it; nil when it has none.
    func run(_ output: EventsOutput, _ show: (_ data: [UInt8]) -> String?) async throws {
        let url = try url()
        var progress = Progress()
        var line = EventsProgressLine(noun: noun, output)
        defer { line.clear() }
        while true {
            do {
                try await read(url, &progress, &line, output, show)
                line.clear()
                if !isFollowing { return }
                // Connecting again tells why nothing follows.
            } catch EventsConnection.Failure.refused(let status, let body)
                where !progress.isReconnecting || status != 503
            {
                line.clear()
                throw CommandFailure(sentence(body) ?? "\(endpoint) answers, but not like a tributary server")
            } catch EventsConnection.Failure.full {
                continue
            } catch {
                line.clear()
                try checkPatience(error, &progress, output)
            }
            try await Task.sleep(for: .milliseconds(progress.pauseMilliseconds))
            progress.pauseMilliseconds = min(2 * progress.pauseMilliseconds, Self.pauseMillisecondsMax)
        }
    }

    /// Reads one answer to its end.
    private func read(
        _ url: URL, _ progress: inout Progress, _ line: inout EventsProgressLine, _ output: EventsOutput,
        _ show: (_ data: [UInt8]) -> String?
    ) async throws {
        var request = URLRequest(url: url)
        request.setValue("text/event-stream", forHTTPHeaderField: "Accept")
        if let id = progress.lastID { request.setValue(id, forHTTPHeaderField: "Last-Event-ID") }
        let connection = EventsConnection(request)
        defer { connection.cancel() }
        var parser = EventsParser()
        for try await piece in connection.pieces {
            if progress.isReconnecting { output.note("connected again") }
            progress.hasAnswered = true
            progress.isReconnecting = false
            progress.pauseMilliseconds = Self.firstPauseMilliseconds
            var text = ""
            for item in try parser.take(piece) {
                switch item {
                case .event(let id, let data):
                    if let shown = show(data) { text += shown + "\n" }
                    progress.lastID = id
                    line.count()
                case .backlog(let count):
                    line.setBacklog(count)
                case .lost(let count):
                    line.clear()
                    output.note("\(count) \(noun) were forgotten before they could be read")
                }
            }
            if !text.isEmpty {
                line.makeRoom()
                output.write(text)
            }
            line.draw()
            connection.consumed(piece.count)
        }
    }

    private func checkPatience(_ error: any Error, _ progress: inout Progress, _ output: EventsOutput) throws {
        let reason =
            switch error {
            case EventsConnection.Failure.broken(let reason): reason
            case EventsConnection.Failure.refused: "it is busy"
            default: "\(error)"
            }
        guard progress.hasAnswered else {
            throw CommandFailure("no server answers at \(endpoint) (\(reason)); start one with: tributary serve")
        }
        guard isFollowing else {
            throw CommandFailure("the connection to \(endpoint) broke before the end (\(reason))")
        }
        if !progress.isReconnecting { output.note("lost the connection to \(endpoint), trying again") }
        progress.isReconnecting = true
    }

    private func url() throws -> URL {
        let query = parameters.map { "\($0.name)=\(Self.encoded($0.value))" }.joined(separator: "&")
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        guard let url = URL(string: base + path + "?" + query), url.scheme == "http" || url.scheme == "https",
            url.host != nil
        else { throw ValidationError("--endpoint \(endpoint) is not an address such as http://localhost:8000") }
        return url
    }

    private static func encoded(_ value: String) -> String {
        let plain = CharacterSet(
            charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:,")
        return value.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }

    /// What the server says when it refuses.
    private func sentence(_ body: Data) -> String? {
        guard let document = try? JSONDocument(parsing: Array(body)), document.kind(document.root) == .object,
            let message = document.member("message", of: document.root)
        else { return nil }
        return document.string(message)
    }
}
