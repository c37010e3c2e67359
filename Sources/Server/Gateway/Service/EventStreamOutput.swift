/// Writes what a stream sends: server-sent events (WHATWG HTML 9.2), or one JSON value a line.
struct EventStreamOutput: Sendable {
    enum Format: Sendable {
        case serverSentEvents
        case jsonLines
    }

    let format: Format
    private(set) var bytes: [UInt8] = []

    init(_ format: Format) {
        self.format = format
    }

    /// - Parameters:
    ///   - id: where a client that reconnects goes on (`Last-Event-ID`).
    ///   - json: on one line, as `JSONWriter` writes it.
    mutating func append(id: String, event: String, json: [UInt8]) {
        switch format {
        case .serverSentEvents:
            bytes += "id: \(id)\nevent: \(event)\ndata: ".utf8
            bytes += json
            bytes += "\n\n".utf8
        case .jsonLines:
            bytes += json
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    /// A line that clients pass over unless they know it; nothing among JSON lines.
    mutating func comment(_ text: String) {
        guard format == .serverSentEvents else { return }
        bytes += ": \(text)\n\n".utf8
    }

    mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}
