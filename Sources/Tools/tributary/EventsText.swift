import JSONBytes

/// A control event as one line: time, region, what happened, the gist.
struct EventsText {
    let output: EventsOutput

    func line(_ data: [UInt8]) -> String {
        guard let document = try? JSONDocument(parsing: data), document.kind(document.root) == .object else {
            return EventsItemText.plain(String(decoding: data, as: UTF8.self))
        }
        let event = ControlEventText(text: EventsItemText(document: document))
        let style: EventsOutput.Style =
            switch event.kind {
            case "conflict.resolved": .yellow
            case "handler.failed", "handler.record-dropped": .red
            default: .blue
            }
        return [output.paint(event.time, .dim), event.region, output.paint(event.kind, style), event.gist]
            .joined(separator: "  ")
    }
}

/// The parts of one CloudEvent.
private struct ControlEventText {
    let text: EventsItemText

    private typealias Node = JSONDocument.Node

    private var document: JSONDocument { text.document }

    var time: String { member("time") }
    var kind: String { member("type") }
    var region: String { member("source").split(separator: "/").last.map(String.init) ?? "" }

    var gist: String {
        guard let data = document.member("data", of: document.root) else { return member("subject") }
        let known: String? =
            switch kind {
            case "conflict.resolved": conflict(data)
            case "item.expired": expiry(data)
            case "handler.failed": handler(data).map { "\($0): \(field("reason", data) ?? "")" }
            case "handler.record-dropped": droppedRecords(data)
            default: nil
            }
        return known ?? "\(member("subject")): \(fields(data))"
    }

    private func conflict(_ data: Node) -> String? {
        guard let key = document.member("key", of: data), let winner = side("winner", data),
            let loser = side("loser", data)
        else { return nil }
        let item = "\(member("subject")) \(text.item(key))"
        let keyNames = text.names(key)
        switch (winner.item, loser.item) {
        case (let new?, let old?):
            let changes = text.changes(from: old, to: new)
            return "\(item)  \(winner.region) won over \(loser.region): \(changes.isEmpty ? "no difference" : changes)"
        case (nil, let old?):
            return "\(item)  the delete in \(winner.region) won over \(loser.region): "
                + "lost \(text.item(old, without: keyNames))"
        default:
            return "\(item)  \(winner.region) won over the delete in \(loser.region)"
        }
    }

    private func side(_ name: StaticString, _ data: Node) -> (region: String, item: Node?)? {
        guard let side = document.member(name, of: data), let region = field("region", side) else { return nil }
        let item = document.member("item", of: side).flatMap { document.kind($0) == .object ? $0 : nil }
        return (region, item)
    }

    private func expiry(_ data: Node) -> String? {
        guard let key = document.member("key", of: data), let seconds = field("expirySeconds", data) else { return nil }
        return "\(member("subject")) \(text.item(key))  its time was \(seconds)"
    }

    private func handler(_ data: Node) -> String? {
        guard let function = field("function", data), let table = field("table", data) else { return nil }
        return "\(function) on \(table)"
    }

    private func droppedRecords(_ data: Node) -> String? {
        guard let handler = handler(data), let reason = field("reason", data) else { return nil }
        let count = field("records", data).map { "\($0) records" } ?? "records"
        let condition = field("condition", data).map { " (\($0))" } ?? ""
        let outcome = field("outcome", data).map { "; \($0)" } ?? ""
        return "\(handler): \(count) given up\(condition): \(reason)\(outcome)"
    }

    /// For events that have no sentence of their own.
    private func fields(_ data: Node) -> String {
        text.members(data).map { "\(EventsItemText.plain($0.name)) \(text.text($0.value))" }.joined(separator: ", ")
    }

    private func member(_ name: StaticString) -> String { field(name, document.root) ?? "" }

    private func field(_ name: StaticString, _ node: Node) -> String? {
        guard document.kind(node) == .object else { return nil }
        return document.member(name, of: node).map(text.text)
    }
}
