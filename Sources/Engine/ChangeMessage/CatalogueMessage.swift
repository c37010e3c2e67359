import FoundationEssentials
public import Partition
public import RecordLog

/// A message of a region's `.catalogue` topic (compacted, one topic partition): by which regions of different processes know each other.
///
/// A table has its latest state under its TableId, and null once it is gone; the region itself has its clock under `region`, again and
/// again. Each message names the incarnation of the process: every start has another one. It tells of all its tables and then of the
/// region; with that all is void that earlier ones have told.
public enum CatalogueMessage: Sendable, Equatable {
    case region(PublishedRegion)
    case table(PublishedTable)
    case tableGone(tableID: String)

    public static let partitions: Int32 = 1
    private static let regionKey = "region"

    /// - Parameter nowMilliseconds: the machine's time.
    public func message(incarnation: String, nowMilliseconds: Int64) -> LogMessage {
        var headers = LogHeaders()
        headers.append(.contentType, "application/json")
        headers.append(.tableGeneration, incarnation)
        let key: String
        let value: [UInt8]?
        switch self {
        case .region(let region): (key, value) = (Self.regionKey, CatalogueCodec.encodeJSON(region))
        case .table(let table): (key, value) = (table.definition.tableID, CatalogueCodec.encodeJSON(table))
        case .tableGone(let tableID): (key, value) = (tableID, nil)
        }
        return LogMessage(
            partition: 0, key: Array(key.utf8), value: value, headers: headers, timestampMilliseconds: nowMilliseconds)
    }

    /// The message, and the incarnation that wrote it. Anything may be in a topic.
    public static func read(
        _ record: LogRecord
    ) throws(ChangeMessageError) -> (message: CatalogueMessage, incarnation: String) {
        let incarnation = try MessageHeaders(record.headers).required(.tableGeneration)
        guard let keyBytes = record.key else { throw .noKey }
        let key = String(decoding: keyBytes, as: UTF8.self)
        guard let value = record.value else { return (.tableGone(tableID: key), incarnation) }
        if key == regionKey { return (.region(try decode(value)), incarnation) }
        let table: PublishedTable = try decode(value)
        guard table.definition.tableID == key else { throw .otherKey }
        return (.table(table), incarnation)
    }

    private static func decode<Value: Decodable>(_ bytes: [UInt8]) throws(ChangeMessageError) -> Value {
        do { return try JSONDecoder().decode(Value.self, from: Data(bytes)) } catch { throw .malformedValue }
    }
}
