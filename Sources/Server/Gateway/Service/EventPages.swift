import ChangeStream
import JSONBytes
import KeyValueStore
import Partition
import Region
import Replication

/// `/_tributary/events` and `/_tributary/conflicts`: the control events of one region, or of all.
enum EventPages {
    /// Events of one page, unless `limit` asks for fewer.
    static let eventsPerPageMax = 1000
    /// What `region` says for all regions.
    static let allRegions = "all"

    /// Events after a place, oldest first: `?region=R|all[&after=N][&limit=N][&kind=K]…`. `next` is the `after` of the next page.
    static func events(_ query: AdminQuery, of regions: RegionSet) throws(AdminQuery.Refusal) -> JSONWriter {
        let limit = try query.integer("limit", in: 1...eventsPerPageMax, default: eventsPerPageMax)
        let read = try regionsToRead(query, of: regions)
        let position = try position(query, lastEventID: nil, in: read)
        var log = EventStreamControlLog(read, from: position, kinds: try kinds(query), isFollowing: false)
        let events = try Self.read { () throws(StoreError) in try log.read(limit: limit) }
        return page(events, of: query["region"] ?? "") { writer in
            writer.key("next")
            if read.count == 1, let number = Int(log.position) {
                writer.number(number)
            } else {
                writer.string(log.position)
            }
        }
    }

    /// The events as they come: the parameters of a page, `limit` apart. `after=latest` leaves out what there is.
    static func followed(
        _ query: AdminQuery, lastEventID: String?, isFollowing: Bool, of regions: RegionSet
    ) throws(AdminQuery.Refusal) -> EventStreamControlLog {
        let read = try regionsToRead(query, of: regions)
        let position = try position(query, lastEventID: lastEventID, in: read)
        return EventStreamControlLog(read, from: position, kinds: try kinds(query), isFollowing: isFollowing)
    }

    /// Conflicts, newest first: `?region=R[&before=N][&limit=N]`. `next` is the `before` of the next page; it is absent on the last one.
    static func conflicts(_ query: AdminQuery, of regions: RegionSet) throws(AdminQuery.Refusal) -> JSONWriter {
        let region = try region(query, of: regions)
        let before = try query.integer("before", in: 1...UInt64.max, default: UInt64.max)
        let limit = try query.integer("limit", in: 1...eventsPerPageMax, default: 100)
        let entries = try read { () throws(StoreError) in
            try ControlLog.newestEntries(before: before, limit: limit, reading: region.store) {
                $0 == .conflictResolved
            }
        }
        return page(entries.map(\.json), of: region.name.name) { writer in
            guard entries.count == limit, let last = entries.last else { return }
            writer.key("next")
            writer.number(Int(clamping: last.sequence))
        }
    }

    static func region(
        _ query: AdminQuery, of regions: RegionSet, alternative: String = ""
    ) throws(AdminQuery.Refusal) -> Region {
        let served = "this process serves \(regions.names.map(\.name).joined(separator: ", "))\(alternative)"
        guard let name = query["region"] else {
            throw AdminQuery.Refusal(message: "the parameter 'region' is missing; \(served)")
        }
        guard let region = regions.regions.first(where: { $0.name.name == name }) else {
            throw AdminQuery.Refusal(message: "there is no region '\(name)'; \(served)")
        }
        return region
    }

    private static func regionsToRead(
        _ query: AdminQuery, of regions: RegionSet
    ) throws(AdminQuery.Refusal) -> [Region] {
        if query["region"] == allRegions { return regions.regions }
        return [try region(query, of: regions, alternative: "; '\(allRegions)' stands for all of them")]
    }

    private static func kinds(_ query: AdminQuery) throws(AdminQuery.Refusal) -> Set<ControlEvent.Kind>? {
        var kinds: Set<ControlEvent.Kind> = []
        for name in query.all("kind") {
            guard let kind = ControlEvent.Kind(name: name) else {
                let known = ControlEvent.Kind.allCases.map(\.name).joined(separator: ", ")
                throw AdminQuery.Refusal(message: "there is no kind of event '\(name)'; there are \(known)")
            }
            kinds.insert(kind)
        }
        return kinds.isEmpty ? nil : kinds
    }

    /// The place that a client names. One that reconnects and names an event that is not there yet knew a log that was lost with its
    /// process: it gets the new one from its beginning.
    private static func position(
        _ query: AdminQuery, lastEventID: String?, in regions: [Region]
    ) throws(AdminQuery.Refusal) -> EventStreamPosition {
        let names = regions.map(\.name.name)
        let logs = regions.map(\.controlLog)
        guard let text = lastEventID ?? query["after"] else { return EventStreamPosition(beginningOf: names) }
        if text == "latest" {
            var latest = EventStreamPosition(beginningOf: names)
            latest.after = logs.map { $0.nextSequence - 1 }
            return latest
        }
        guard var position = EventStreamPosition(text, in: names) else {
            let form = regions.count == 1 ? "the number of an event" : "as in \(names[0]):12"
            throw AdminQuery.Refusal(
                message: "\(lastEventID == nil ? "after" : "Last-Event-ID") must be \(form), or latest, not '\(text)'")
        }
        if lastEventID != nil {
            for (index, log) in logs.enumerated() where position.after[index] >= log.nextSequence {
                position.after[index] = 0
            }
        }
        return position
    }

    static func read<Result>(_ body: () throws(StoreError) -> Result) throws(AdminQuery.Refusal) -> Result {
        do throws(StoreError) {
            return try body()
        } catch {
            throw AdminQuery.Refusal(message: "the store cannot be read: \(error)")
        }
    }

    private static func page(
        _ events: [[UInt8]], of region: String, _ appendNext: (inout JSONWriter) -> Void
    ) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("region")
        writer.string(region)
        writer.key("events")
        writer.beginArray()
        for event in events { writer.raw(event) }
        writer.endArray()
        appendNext(&writer)
        writer.endObject()
        return writer
    }
}
