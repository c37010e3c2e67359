import ChangeStream
import Partition

/// A stream with the table that it belongs to.
struct StreamPlace: Sendable {
    let table: TableDefinition
    let stream: Stream

    var arn: String { table.streamARN(stream) }

    /// All streams of the region that can still be read, in byte order of their ARNs.
    static func readable(in context: RequestContext) -> [StreamPlace] {
        (context.catalogue.tables + context.catalogue.deletedTables).flatMap { table in
            table.streams.filter { $0.isReadable(nowMilliseconds: context.wallMilliseconds) }
                .map { StreamPlace(table: table, stream: $0) }
        }
        .sorted { $0.arn.utf8.lexicographicallyPrecedes($1.arn.utf8) }
    }

    /// The stream of an ARN that a client sent.
    static func find(_ arn: String, in context: RequestContext) throws(WireError) -> StreamPlace {
        guard let name = tableName(ofStreamARN: arn) else { throw .invalidStreamARN }
        // A deleted table's streams outlive it, also when another table has taken its name.
        let deleted = context.catalogue.deletedTables.filter { $0.name == name }
        for table in [context.catalogue.table(named: name)].compactMap({ $0 }) + deleted {
            if let stream = table.streams.first(where: { table.streamARN($0) == arn }),
                stream.isReadable(nowMilliseconds: context.wallMilliseconds)
            {
                return StreamPlace(table: table, stream: stream)
            }
        }
        throw WireError(.resourceNotFound, "Requested resource not found: Stream: \(arn) not found")
    }

    /// Nil unless the text has the form of a stream's ARN.
    static func tableName(ofStreamARN text: String) -> String? {
        guard let arn = ResourceARN(text), arn.service == "dynamodb", arn.path.count == 4, arn.path[0] == "table",
            arn.path[2] == "stream"
        else { return nil }
        return arn.path[1]
    }
}

extension Stream {
    /// Disabled streams can be read for as long as their last records might be.
    func isReadable(nowMilliseconds: UInt64) -> Bool {
        guard let disabledMilliseconds else { return true }
        return nowMilliseconds <= disabledMilliseconds + Self.retentionMilliseconds
    }

    /// The shards that may still hold records which are not a day old, in order.
    func readableShards(nowMilliseconds: UInt64) -> [Shard] {
        shards.indices.filter { index in
            let next = index + 1
            guard let closed = next < shards.count ? shards[next].openedMilliseconds : disabledMilliseconds else {
                return true
            }
            return nowMilliseconds <= closed + Self.retentionMilliseconds
        }
        .map { shards[$0] }
    }
}

extension WireError {
    static let invalidStreamARN = WireError.validation("Invalid StreamArn")
    static let trimmed = WireError(
        .trimmedDataAccess, "The operation attempted to read past the oldest stream record in a shard.")
}

/// Constraints that several streams operations share (reference `streams.md` 3).
extension Constraints {
    mutating func checkStreamARN(_ arn: String?, at path: String) {
        checkLength(arn, at: path, 37...1024)
    }

    mutating func checkShardID(_ id: String?, at path: String) {
        checkLength(id, at: path, 28...65)
    }
}
