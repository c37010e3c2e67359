import ChangeStream
import EventPattern
import EventSources
import KeyValueStore
import Partition
import Region
import Replication

/// `/_tributary/tail`: the records of a table's stream in one region.
enum TailPages {
    /// Filters of one request; event source mappings may have as many.
    static let filtersMax = 10
    /// Names that a refusal lists.
    private static let namesShownMax = 10

    /// `?region=R&table=T[&from=latest|trim-horizon|SEQUENCE][&filter=PATTERN]…`. Without `from`, who follows begins with the next record
    /// and others with the oldest.
    static func records(
        _ query: AdminQuery, lastEventID: String?, isFollowing: Bool, of regions: RegionSet
    ) throws(AdminQuery.Refusal) -> EventStreamTableLog {
        let region = try EventPages.region(query, of: regions)
        let log = try stream(of: query["table"], in: region)
        if isFollowing, !log.stream.isEnabled {
            throw AdminQuery.Refusal(
                message: "the stream of table '\(log.table.name)' is disabled: it can be read, but nothing follows")
        }
        let filters = try filters(query)
        let first = try first(query["from"], lastEventID: lastEventID, isFollowing: isFollowing, in: log)
        return EventStreamTableLog(log, from: first, filters: filters, isFollowing: isFollowing)
    }

    private static func stream(of name: String?, in region: Region) throws(AdminQuery.Refusal) -> StreamLog {
        let tables = region.catalogue.tables
        guard let name else {
            throw AdminQuery.Refusal(
                message: "the parameter 'table' is missing; \(region.name) has \(list(tables.map(\.name)))")
        }
        guard let table = region.catalogue.table(named: name) else {
            throw AdminQuery.Refusal(
                message: "there is no table '\(name)' in \(region.name), which has \(list(tables.map(\.name)))")
        }
        guard let stream = table.streams.last,
            let log = StreamLog(arn: table.streamARN(stream), tableName: name, in: region)
        else {
            let others = tables.filter { !$0.streams.isEmpty }.map(\.name)
            let reason = "table '\(name)' has no stream in \(region.name)"
            throw AdminQuery.Refusal(message: "\(reason), which UpdateTable would enable; \(list(others)) with one")
        }
        return log
    }

    private static func list(_ names: [String]) -> String {
        if names.isEmpty { return "no tables" }
        let more = names.count - namesShownMax
        return names.prefix(namesShownMax).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }

    private static func filters(_ query: AdminQuery) throws(AdminQuery.Refusal) -> [FilterPattern] {
        let texts = query.all("filter")
        guard texts.count <= filtersMax else {
            throw AdminQuery.Refusal(message: "there may be \(filtersMax) filters, not \(texts.count)")
        }
        var filters: [FilterPattern] = []
        for text in texts {
            do throws(PatternError) {
                filters.append(try FilterPattern(text))
            } catch {
                throw AdminQuery.Refusal(message: "the filter \(text) is no event pattern: \(error)")
            }
        }
        return filters
    }

    private static func first(
        _ from: String?, lastEventID: String?, isFollowing: Bool, in log: StreamLog
    ) throws(AdminQuery.Refusal) -> UInt64 {
        let end = EventStreamTableLog.readableEnd(of: log)
        if lastEventID == nil, isFollowing, from == nil || from.map(normalized) == "latest" { return end }
        let oldest = try EventPages.read { () throws(StoreError) in try log.horizon() }
        if let lastEventID {
            guard let sequence = SequenceNumber.parse(lastEventID) else {
                throw AdminQuery.Refusal(message: "Last-Event-ID must be a sequence number, not '\(lastEventID)'")
            }
            // A record that is not there yet was of another log, which was lost with its process.
            return sequence < end ? max(oldest, sequence + 1) : oldest
        }
        switch from.map(normalized) {
        case nil, "trim-horizon": return oldest
        case "latest": return end
        default: break
        }
        guard let from, let sequence = SequenceNumber.parse(from) else {
            throw AdminQuery.Refusal(
                message: "from must be latest, trim-horizon or a sequence number of \(SequenceNumber.digits) digits, "
                    + "not '\(from ?? "")'")
        }
        guard oldest...end ~= sequence else {
            let range =
                oldest < end
                ? "has \(SequenceNumber.text(of: oldest)) to \(SequenceNumber.text(of: end - 1))" : "is empty"
            throw AdminQuery.Refusal(
                message: "the stream of table '\(log.table.name)' has no record \(from); it \(range)")
        }
        return sequence
    }

    /// Streams spell it `TRIM_HORIZON`.
    private static func normalized(_ from: String) -> String {
        String(from.lowercased().map { $0 == "_" ? "-" : $0 })
    }
}
