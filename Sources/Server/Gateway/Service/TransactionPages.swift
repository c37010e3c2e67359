import ChangeStream
import HTTPEndpoint
import JSONBytes
import NIOHTTP1
import Partition
import Region
import Replication

/// `/_tributary/transactions?region=R[&limit=N]`: transactions of other regions of which R shows some items and not yet the others.
enum TransactionPages {
    static let path = "/_tributary/transactions"
    /// Transactions of one page.
    static let transactionsPerPageMax = 1000

    static func response(_ query: AdminQuery, of regions: RegionSet) -> HTTPResponse {
        do throws(AdminQuery.Refusal) {
            return AdminPages.json(.ok, try list(query, of: regions))
        } catch {
            return AdminPages.message(.badRequest, error.message)
        }
    }

    private static func list(_ query: AdminQuery, of regions: RegionSet) throws(AdminQuery.Refusal) -> JSONWriter {
        try query.allow("region", "limit")
        let region = try EventPages.region(query, of: regions)
        let limit = try query.integer("limit", in: 1...transactionsPerPageMax, default: transactionsPerPageMax)
        let arrivals = region.arrivals
        let now = region.wallClock.milliseconds
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("region")
        writer.string(region.name.name)
        writer.key("halfVisible")
        writer.number(arrivals.count)
        writer.key("oldestMilliseconds")
        writer.number(Int(clamping: arrivals.oldestAgeMilliseconds(at: now) ?? 0))
        writer.key("arrived")
        writer.number(Int(clamping: arrivals.arrivedCount))
        writer.key("forgotten")
        writer.number(Int(clamping: arrivals.forgottenCount))
        writer.key("transactions")
        writer.beginArray()
        for arrival in arrivals.halfArrived.prefix(limit) {
            writer.beginObject()
            writer.key("transaction")
            writer.string(arrival.id)
            writer.key("homeRegion")
            writer.string(arrival.home.name)
            writer.key("arrived")
            writer.number(Int(clamping: arrival.arrived))
            writer.key("size")
            writer.number(Int(clamping: arrival.size))
            writer.key("since")
            writer.string(StreamLabel.text(milliseconds: arrival.sinceMilliseconds) + "Z")
            writer.key("halfVisibleMilliseconds")
            writer.number(Int(clamping: now - min(now, arrival.sinceMilliseconds)))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer
    }
}
