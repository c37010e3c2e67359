/// What a stream of a server says.
enum EventsItem: Equatable {
    /// A server-sent event: the place behind it, and its data, which is one line of JSON.
    case event(id: String, data: [UInt8])
    /// So many entries of the log are still to come, those that filters leave out included.
    case backlog(Int)
    /// So many entries were forgotten by the log before they could be read.
    case lost(Int)
}

/// Takes server-sent events apart (WHATWG HTML 9.2.6), as far as this server uses them.
struct EventsParser {
    /// The longest line that is waited for; an event holds at most two items.
    static let lineBytesMax = 64 * 1024 * 1024

    private var line: [UInt8] = []
    private var id = ""
    private var data: [UInt8] = []
    private var hasData = false

    /// A line that is longer than any of ours.
    struct TooLong: Error {}

    /// The items that the bytes complete.
    mutating func take(_ bytes: [UInt8]) throws(TooLong) -> [EventsItem] {
        var items: [EventsItem] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if let item = takeLine() { items.append(item) }
            line.removeAll(keepingCapacity: true)
            rest = rest[(end + 1)...]
        }
        line += rest
        if line.count > Self.lineBytesMax { throw TooLong() }
        return items
    }

    private mutating func takeLine() -> EventsItem? {
        if line.isEmpty {
            defer { (data, hasData) = ([], false) }
            return hasData ? .event(id: id, data: data) : nil
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        var value = line[(colon + 1)...]
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "": return comment(String(decoding: value, as: UTF8.self))
        case "id": id = String(decoding: value, as: UTF8.self)
        case "data":
            if hasData { data.append(UInt8(ascii: "\n")) }
            data += value
            hasData = true
        default: break
        }
        return nil
    }

    private func comment(_ text: String) -> EventsItem? {
        let words = text.split(separator: " ")
        guard words.count == 2, let number = Int(words[1]) else { return nil }
        return switch words[0] {
        case "backlog": .backlog(number)
        case "lost": .lost(number)
        default: nil
        }
    }
}
