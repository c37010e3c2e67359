import HTTPEndpoint
import JSONBytes
import NIOHTTP1
import Partition
import Region
import Replication

/// What this server says beyond AWS: `/health` and the pages below `/_tributary/`.
enum AdminPages {
    /// Nil for paths that are not ours, or of `EventStreamService`.
    static func response(to uri: String, of regions: RegionSet) -> HTTPResponse? {
        let path = uri.prefix { $0 != "?" }
        if path == "/health" { return health(of: regions) }
        guard path.hasPrefix("/_tributary/") else { return nil }
        switch path {
        case "/_tributary/status": return json(.ok, status(of: regions))
        case RegionPages.path[...]: return json(.ok, RegionPages.list(of: regions))
        case LinkPages.path[...]: return json(.ok, LinkPages.list(of: regions))
        case TransactionPages.path[...]: return TransactionPages.response(AdminQuery(uri: uri), of: regions)
        case _ where EventStreamService.answers(path): return nil
        default: return message(.notFound, "there is no page \(path); see /_tributary/status")
        }
    }

    static func message(_ status: HTTPResponseStatus, _ text: String) -> HTTPResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("message")
        writer.string(text)
        writer.endObject()
        return json(status, writer)
    }

    /// 200 while all regions write, 503 with the reason otherwise.
    private static func health(of regions: RegionSet) -> HTTPResponse {
        let failed = regions.regions.filter { $0.failure != nil }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("status")
        writer.string(failed.isEmpty ? "ok" : "failed")
        for region in failed {
            writer.key(region.name.name)
            writer.string(region.failure.map { "\($0)" } ?? "")
        }
        writer.endObject()
        return json(failed.isEmpty ? .ok : .serviceUnavailable, writer)
    }

    private static func status(of regions: RegionSet) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("regions")
        writer.beginArray()
        for region in regions.regions { append(region, of: regions, to: &writer) }
        writer.endArray()
        writer.key("links")
        writer.beginArray()
        for link in regions.linkStatuses { append(link, to: &writer) }
        writer.endArray()
        RegionPages.appendRemotes(of: regions, to: &writer)
        writer.endObject()
        return writer
    }

    private static func append(_ region: Region, of regions: RegionSet, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("region")
        writer.string(region.name.name)
        writer.key("status")
        writer.string(region.failure == nil ? "ok" : "failed")
        writer.key("tables")
        writer.beginArray()
        for table in region.catalogue.tables {
            let counters = region.counters(table.number)
            writer.beginObject()
            writer.key("table")
            writer.string(table.name)
            writer.key("status")
            writer.string(table.status.rawValue)
            writer.key("items")
            writer.number(Int(counters.itemCount))
            writer.key("bytes")
            writer.number(Int(counters.itemBytes))
            writer.key("streamRecords")
            writer.number(Int(counters.nextSequence - counters.firstSequence))
            if let unpublished = regions.unpublishedRecords(of: table, in: region) {
                writer.key("unpublished")
                writer.number(Int(clamping: unpublished))
            }
            writer.key("replicas")
            writer.beginArray()
            for peer in table.peers { writer.string("\(peer.region) \(peer.status.rawValue)") }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func append(_ link: LinkStatus, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("from")
        writer.string(link.from.name)
        writer.key("to")
        writer.string(link.to.name)
        writer.key("table")
        writer.string(link.table)
        writer.key("delayMilliseconds")
        writer.number(Int(link.delayMilliseconds))
        writer.key("backlog")
        writer.number(Int(link.backlog))
        writer.key("applied")
        writer.number(Int(link.applied))
        writer.key("lost")
        writer.number(Int(link.lost))
        writer.key("conflicts")
        writer.number(Int(link.conflicts))
        writer.endObject()
    }

    static func json(_ status: HTTPResponseStatus, _ writer: JSONWriter) -> HTTPResponse {
        HTTPResponse(status: status, contentType: .json, body: writer.bytes)
    }
}
