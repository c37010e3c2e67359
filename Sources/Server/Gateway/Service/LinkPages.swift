import ChangeStream
import HTTPEndpoint
import JSONBytes
import NIOHTTP1
import Partition
import Region
import Replication

/// `/_tributary/links` and `/_tributary/links/FROM/TO`: how links treat what they carry, and how far they have come. PUT changes that.
enum LinkPages {
    static let path = "/_tributary/links"
    /// Who holds tables back that are paused here.
    private static let pauser = "admin"

    static func list(of regions: RegionSet) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("note")
        writer.string("settings last until the process ends")
        writer.key("links")
        writer.beginArray()
        for report in regions.linkReports { append(report, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer
    }

    static func page(_ path: Substring, of regions: RegionSet) throws(RegionPages.Refusal) -> JSONWriter {
        try page(of: try link(path, of: regions), of: regions)
    }

    /// Carries out some of `{"delay": "200ms", "state": "paused", "reorder": true, "seed": 7}`, or `{"state": "paused", "table":
    /// "Orders"}` for one table; answers the link as it then is.
    ///
    /// Waits until the change has taken effect: not for event loops.
    static func change(
        _ path: Substring, body: [UInt8], of regions: RegionSet
    ) throws(RegionPages.Refusal) -> JSONWriter {
        let name = try link(path, of: regions)
        let change = try LinkChange(body)
        if let table = change.table {
            guard let state = change.onlyState, state != .cut else {
                throw RegionPages.Refusal(message: "a table takes a state, running or paused, and nothing else")
            }
            guard regions.linkReport(name)?.tables.contains(where: { $0.table == table }) ?? false else {
                throw RegionPages.Refusal(
                    message: "there is no global table '\(table)' between \(name.from) and \(name.to)")
            }
            _ = regions.setPaused(state == .paused, table: table, on: name, by: pauser)
        } else {
            _ = regions.changeLink(name) { change.apply(to: &$0) }
        }
        return try page(of: name, of: regions)
    }

    private static func link(_ path: Substring, of regions: RegionSet) throws(RegionPages.Refusal) -> LinkName {
        let ends = path.dropFirst(Self.path.count + 1).split(separator: "/", omittingEmptySubsequences: false)
        guard ends.count == 2 else {
            throw RegionPages.Refusal(
                status: .notFound, message: "a link is named by two regions, as in \(Self.path)/us-east-1/eu-west-1")
        }
        var names: [RegionName] = []
        for end in ends {
            guard let name = regions.allNames.first(where: { $0.name == end }) else {
                let served = regions.names.map(\.name).joined(separator: ", ")
                throw RegionPages.Refusal(message: "there is no region '\(end)'; this process serves \(served)")
            }
            names.append(name)
        }
        guard names[0] != names[1] else {
            throw RegionPages.Refusal(message: "a link leads to another region, not from \(names[0]) to itself")
        }
        guard regions.region(names[1]) != nil else {
            throw RegionPages.Refusal(
                message: "the link to \(names[1]) is in the process that serves \(names[1]); ask that one")
        }
        return LinkName(from: names[0], to: names[1])
    }

    private static func page(of name: LinkName, of regions: RegionSet) throws(RegionPages.Refusal) -> JSONWriter {
        guard let report = regions.linkReport(name) else {
            throw RegionPages.Refusal(status: .notFound, message: "there is no link from \(name.from) to \(name.to)")
        }
        var writer = JSONWriter()
        append(report, to: &writer)
        return writer
    }

    private static func append(_ report: LinkReport, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("from")
        writer.string(report.name.from.name)
        writer.key("to")
        writer.string(report.name.to.name)
        writer.key("state")
        writer.string(report.settings.state.rawValue)
        writer.key("carrying")
        writer.boolean(report.isCarrying)
        writer.key("delay")
        writer.string(report.settings.delay.text)
        writer.key("reorder")
        writer.boolean(report.settings.reorders)
        writer.key("seed")
        writer.number(Int(clamping: report.settings.seed))
        writer.key("tables")
        writer.beginArray()
        for status in report.tables {
            writer.beginObject()
            writer.key("table")
            writer.string(status.table)
            writer.key("pausedBy")
            writer.beginArray()
            for pauser in status.pausedBy { writer.string(pauser) }
            writer.endArray()
            let numbers = [
                ("backlog", status.backlog), ("applied", status.applied), ("lost", status.lost),
                ("conflicts", status.conflicts), ("lagMilliseconds", status.lagMilliseconds),
            ]
            for (name, number) in numbers {
                writer.key(name)
                writer.number(Int(clamping: number))
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

/// What a PUT asks of a link.
private struct LinkChange {
    private var delay: LinkDelay?
    private var state: LinkSettings.State?
    private var reorders: Bool?
    private var seed: UInt64?
    private(set) var table: String?

    /// The state when nothing else is to change.
    var onlyState: LinkSettings.State? { delay == nil && reorders == nil && seed == nil ? state : nil }

    init(_ body: [UInt8]) throws(RegionPages.Refusal) {
        let example = #"such as {"delay": "200ms"} or {"state": "paused"}"#
        guard let document = try? JSONDocument(parsing: body), document.kind(document.root) == .object else {
            throw RegionPages.Refusal(message: "the body must be a JSON object \(example)")
        }
        var count = 0
        try document.forEachMember(of: document.root) { (key, value) throws(RegionPages.Refusal) in
            count += 1
            try read(document.string(key), value, document)
        }
        guard count > 0 else {
            throw RegionPages.Refusal(message: "the body must have delay, state, reorder or seed, \(example)")
        }
    }

    private mutating func read(
        _ name: String, _ value: JSONDocument.Node, _ document: JSONDocument
    ) throws(RegionPages.Refusal) {
        let text = document.kind(value) == .string ? document.string(value) : nil
        switch name {
        case "delay":
            delay = text.flatMap { LinkDelay($0) }
            if delay == nil { throw RegionPages.Refusal(message: "delay must be \(LinkDelay.form)") }
        case "state":
            state = text.flatMap { LinkSettings.State(rawValue: $0) }
            if state == nil { throw RegionPages.Refusal(message: "state must be running, paused or cut") }
        case "table":
            table = text
            if table == nil { throw RegionPages.Refusal(message: "table must be the name of a table") }
        case "reorder":
            switch document.kind(value) {
            case .booleanTrue: reorders = true
            case .booleanFalse: reorders = false
            default: reorders = nil
            }
            if reorders == nil { throw RegionPages.Refusal(message: "reorder must be true or false") }
        case "seed":
            let number = document.withRawBytes(of: value) { String(decoding: $0, as: UTF8.self) }
            seed = document.kind(value) == .number ? UInt64(number).flatMap { $0 <= Int64.max ? $0 : nil } : nil
            if seed == nil {
                throw RegionPages.Refusal(message: "seed must be a whole number from 0 to \(Int64.max)")
            }
        default:
            throw RegionPages.Refusal(
                message: "there is no member '\(name)'; there are delay, state, reorder, seed and table")
        }
    }

    func apply(to settings: inout LinkSettings) {
        settings.delay = delay ?? settings.delay
        settings.state = state ?? settings.state
        settings.reorders = reorders ?? settings.reorders
        settings.seed = seed ?? settings.seed
    }
}
