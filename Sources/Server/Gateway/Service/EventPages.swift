import ChangeStream
import HTTPEndpoint
import JSONBytes
import KeyValueStore
import NIOHTTP1
import Partition
import Region
import Replication

/// `/_tributary/events` and `/_tributary/conflicts`: pages of the control events of one region.
enum EventPages {
    /// Events of one page, unless `limit` asks for fewer.
    static let eventsPerPageMax = 1000

    /// Events after a sequence number, oldest first: `?region=R[&after=N][&limit=N]`. `next` is the `after` of the next page.
    static func events(_ query: AdminQuery, of regions: RegionSet) throws(AdminQuery.Refusal) -> JSONWriter {
        try query.allow("region", "after", "limit")
        let region = try region(query, of: regions)
        let after = try query.integer("after", in: 0...UInt64.max - 1, default: 0)
        let limit = try query.integer("limit", in: 1...eventsPerPageMax, default: eventsPerPageMax)
        let entries = try read { () throws(StoreError) in
            try ControlLog.entries(from: after + 1, limit: limit, reading: region.store)
        }
        return page(entries, of: region) { writer in
            writer.key("next")
            writer.number(Int(clamping: entries.last?.sequence ?? after))
        }
    }

    /// Conflicts, newest first: `?region=R[&before=N][&limit=N]`. `next` is the `before` of the next page; it is absent on the last one.
    static func conflicts(_ query: AdminQuery, of regions: RegionSet) throws(AdminQuery.Refusal) -> JSONWriter {
        try query.allow("region", "before", "limit")
        let region = try region(query, of: regions)
        let before = try query.integer("before", in: 1...UInt64.max, default: UInt64.max)
        let limit = try query.integer("limit", in: 1...eventsPerPageMax, default: 100)
        let entries = try read { () throws(StoreError) in
            try ControlLog.newestEntries(before: before, limit: limit, reading: region.store) {
                $0 == .conflictResolved
            }
        }
        return page(entries, of: region) { writer in
            guard entries.count == limit, let last = entries.last else { return }
            writer.key("next")
            writer.number(Int(clamping: last.sequence))
        }
    }

    private static func region(_ query: AdminQuery, of regions: RegionSet) throws(AdminQuery.Refusal) -> Region {
        let served = "this process serves \(regions.names.map(\.name).joined(separator: ", "))"
        guard let name = query["region"] else {
            throw AdminQuery.Refusal(message: "the parameter 'region' is missing; \(served)")
        }
        guard let region = regions.regions.first(where: { $0.name.name == name }) else {
            throw AdminQuery.Refusal(message: "there is no region '\(name)'; \(served)")
        }
        return region
    }

    private static func read(
        _ body: () throws(StoreError) -> [ControlLog.Entry]
    ) throws(AdminQuery.Refusal) -> [ControlLog.Entry] {
        do throws(StoreError) {
            return try body()
        } catch {
            throw AdminQuery.Refusal(message: "the events cannot be read: \(error)")
        }
    }

    private static func page(
        _ entries: [ControlLog.Entry], of region: Region, _ appendNext: (inout JSONWriter) -> Void
    ) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("region")
        writer.string(region.name.name)
        writer.key("events")
        writer.beginArray()
        for entry in entries { writer.raw(entry.json) }
        writer.endArray()
        appendNext(&writer)
        writer.endObject()
        return writer
    }
}
