import ChangeStream
import JSONBytes
import Partition

/// ListStreams (reference `streams.md` 3).
enum StreamListing {
    private static let pageMax = 100

    static func answer(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> WireResponse {
        let tableName = try body.string("TableName")
        let limit = try body.integer("Limit")
        let start = try body.string("ExclusiveStartStreamArn")
        var constraints = Constraints()
        constraints.checkStreamARN(start, at: "exclusiveStartStreamArn")
        constraints.checkRange(limit, at: "limit", 1...pageMax)
        constraints.checkNamePattern(tableName, at: "tableName")
        constraints.checkLength(tableName, at: "tableName", TableName.lengths)
        try constraints.throwIfViolated()
        if let start, StreamPlace.tableName(ofStreamARN: start) == nil { throw .invalidStreamARN }

        // The start is a place in the order of ARNs, so that paging survives the end of the stream that it names.
        let streams = StreamPlace.readable(in: context).filter { place in
            (tableName == nil || place.table.name == tableName)
                && (start.map { $0.utf8.lexicographicallyPrecedes(place.arn.utf8) } ?? true)
        }
        let page = streams.prefix(limit ?? pageMax)
        return WireResponse.object { writer in
            if page.count == limit ?? pageMax, let last = page.last {
                writer.key("LastEvaluatedStreamArn")
                writer.string(last.arn)
            }
            writer.key("Streams")
            writer.beginArray()
            for place in page { append(place, to: &writer) }
            writer.endArray()
        }
    }

    private static func append(_ place: StreamPlace, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("StreamArn")
        writer.string(place.arn)
        writer.key("StreamLabel")
        writer.string(place.stream.label)
        writer.key("TableName")
        writer.string(place.table.name)
        writer.endObject()
    }
}
