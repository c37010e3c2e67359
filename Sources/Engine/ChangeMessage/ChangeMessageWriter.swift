public import AttributeModel
import Bytes
public import ChangeStream
import JSONBytes
public import Partition
public import RecordLog
public import Replication

/// Writes the messages of one table of one region, for its `.changes` and `.state` topics. A message's token is its sequence number.
///
/// Make a new one when the table's definition changes: the stream that records name may be another.
public final class ChangeMessageWriter: Sendable {
    /// What the source of all messages begins with; the region follows.
    static let sourceFolder = "/tributary/regions/"

    private let table: TableDefinition
    private let format: RecordFormat
    private let keys: MessageKeyWriter
    /// The headers that all messages have alike.
    private let sourceHeaders: LogHeaders
    /// What the ids of all messages begin with.
    private let idBeginning: [UInt8]
    private let streams: [PublishedStream]

    /// A stream of the table, and its records as messages show them. A class, because every message looks for its own.
    private final class PublishedStream: Sendable {
        let first: UInt64
        /// The stream of records from `first` on; nil for the one that the table would have had.
        let stream: Stream?
        let arn: String
        let json: StreamRecordJSON

        init(_ stream: Stream, of table: TableDefinition, isPublic: Bool) {
            first = stream.shards.first?.first ?? 1
            self.stream = isPublic ? stream : nil
            arn = table.streamARN(stream)
            json = StreamRecordJSON(
                region: table.region, tableID: table.tableID, keySchema: table.keySchema, viewType: .newAndOldImages,
                form: .lambdaEvent(streamARN: arn))
        }

        func contains(_ sequence: UInt64) -> Bool {
            guard let end = stream?.shards.last?.end else { return stream != nil }
            return sequence < end
        }
    }

    /// - Parameter partitions: how many topic partitions both topics have.
    public init(_ table: TableDefinition, format: RecordFormat, partitions: Int32) {
        self.table = table
        self.format = format
        keys = MessageKeyWriter(table.keySchema, partitions: partitions)
        idBeginning = Array("\(table.tableID)/".utf8)
        var headers = LogHeaders()
        headers.append(.specVersion, "1.0")
        headers.append(.source, Self.sourceFolder + table.region.name)
        headers.append(.subject, table.name)
        headers.append(.contentType, "application/json")
        headers.append(.tableGeneration, table.tableID)
        sourceHeaders = headers
        // A table without a stream logs changes for its replicas; its records name the stream that it would have had from the start.
        let first = Stream(
            viewType: .newAndOldImages, nextSequence: 1, nowMilliseconds: table.createdMilliseconds)
        let streams = table.streams.isEmpty ? [first] : table.streams
        self.streams = streams.map { PublishedStream($0, of: table, isPublic: !table.streams.isEmpty) }
    }

    /// The message of a record for the `.changes` topic.
    ///
    /// - Parameter nowMilliseconds: the time that Kafka's retention goes by: the machine's, for a region's clock may be moved.
    public func change(_ record: ChangeRecord, nowMilliseconds: Int64) -> LogMessage {
        let image = record.newImage ?? record.oldImage ?? .empty
        var headers = commonHeaders(type: record.kind.messageType, sequence: record.sequence, record.version)
        headers.append(.time) { TimeText.append(milliseconds: record.commitMilliseconds, to: &$0) }
        headers.append(.cause, record.cause.headerText)
        if let base = record.baseVersion { headers.append(.baseVersion) { base.append(to: &$0) } }
        if let transaction = record.transaction { Self.append(transaction, to: &headers) }
        if let stream = streams.last(where: { $0.first <= record.sequence }), stream.contains(record.sequence) {
            headers.append(.streamARN, stream.arn)
            headers.append(.streamViewType, stream.stream?.viewType.rawValue ?? "")
        }
        if !format.isLossless {
            if let item = record.newImage { headers.append(HeaderName.item.rawValue, item.bytes) }
            if let item = record.oldImage { headers.append(HeaderName.oldItem.rawValue, item.bytes) }
        }
        let (key, partition) = keys.placed(image)
        return LogMessage(
            partition: partition, key: key, value: value(of: record), headers: headers,
            timestampMilliseconds: nowMilliseconds, token: record.sequence)
    }

    /// The message of a record for the `.state` topic: the item as it now is, or nothing.
    public func state(_ record: ChangeRecord, nowMilliseconds: Int64) -> LogMessage {
        let image = record.newImage ?? record.oldImage ?? .empty
        return state(
            of: image, item: record.newImage, version: record.version, sequence: record.sequence, source: .log,
            nowMilliseconds)
    }

    /// The message of an item that was there before the `.state` topic began to follow the log.
    ///
    /// - Parameter sequence: the last record of the log that the snapshot holds.
    public func state(
        _ item: Item, version: Version, snapshotAt sequence: UInt64, nowMilliseconds: Int64
    ) -> LogMessage {
        state(of: item, item: item, version: version, sequence: sequence, source: .snapshot, nowMilliseconds)
    }

    /// The message of an item that is deleted, for a `.state` topic that does not show it or has forgotten it; older writes of the item may still
    /// be on their way.
    ///
    /// - Parameters:
    ///   - keyItem: the attributes of its key.
    ///   - sequence: the last record of the log before the message.
    ///   - source: whether the topic is being filled, or follows the log.
    public func absence(
        of keyItem: Item, version: Version, sequence: UInt64, source: StateSource, nowMilliseconds: Int64
    ) -> LogMessage {
        state(of: keyItem, item: nil, version: version, sequence: sequence, source: source, nowMilliseconds)
    }

    /// The message that takes out the state of an item which a table of this name had before.
    public func staleState(
        _ key: [UInt8], partition: Int32, snapshotAt sequence: UInt64, nowMilliseconds: Int64
    ) -> LogMessage {
        let version = Version(timestamp: .zero, region: table.region)
        var headers = commonHeaders(type: "item.absent", sequence: sequence, of: key, isBefore: true, version)
        headers.append(.stateSource, StateSource.snapshot.rawValue)
        return LogMessage(
            partition: partition, key: key, value: nil, headers: headers, timestampMilliseconds: nowMilliseconds,
            token: sequence)
    }

    private func state(
        of image: Item, item: Item?, version: Version, sequence: UInt64, source: StateSource, _ nowMilliseconds: Int64
    ) -> LogMessage {
        let (key, partition) = keys.placed(image)
        var headers = commonHeaders(
            type: item == nil ? "item.absent" : "item.state", sequence: sequence, of: key, version)
        headers.append(.stateSource, source.rawValue)
        if !format.isLossless, let item { headers.append(HeaderName.item.rawValue, item.bytes) }
        return LogMessage(
            partition: partition, key: key, value: item.map(stateValue), headers: headers,
            timestampMilliseconds: nowMilliseconds, token: sequence)
    }

    /// - Parameters:
    ///   - key: of a state; a record's number alone tells it from others.
    ///   - isBefore: whether the state is of a table that had the name before.
    private func commonHeaders(
        type: String, sequence: UInt64, of key: [UInt8]? = nil, isBefore: Bool = false, _ version: Version
    ) -> LogHeaders {
        var headers = LogHeaders()
        headers.reserveCapacity(headers: 20, bytes: 640)
        headers.append(sourceHeaders)
        headers.append(.id) { id in
            id.append(contentsOf: idBeginning)
            id.appendDecimal(sequence)
            guard let key else { return }
            id.append(UInt8(ascii: "/"))
            guard isBefore else { return id.append(contentsOf: key) }
            // Found in the topic, where anyone may have written it: headers are UTF-8.
            id.append(contentsOf: "\(String(decoding: key, as: UTF8.self))/before".utf8)
        }
        headers.append(.type, type)
        headers.append(.sequenceNumber) { SequenceNumber.append(sequence, to: &$0) }
        headers.append(.version) { version.append(to: &$0) }
        headers.append(.originRegion, version.region.name)
        headers.append(.originTime) { TimeText.append(milliseconds: version.timestamp.milliseconds, to: &$0) }
        headers.append(.replicated, version.region == table.region ? "false" : "true")
        return headers
    }

    private static func append(_ transaction: ChangeRecord.Transaction, to headers: inout LogHeaders) {
        headers.append(.transactionID, transaction.id)
        headers.append(.transactionIndex, String(transaction.index))
        headers.append(.transactionSize, String(transaction.size))
        guard !transaction.shares.isEmpty else { return }
        headers.append(.transactionShares, transaction.shares.map(\.headerText).joined(separator: ","))
    }

    // MARK: Values

    private func value(of record: ChangeRecord) -> [UInt8] {
        let images = (record.newImage?.bytes.count ?? 0) + (record.oldImage?.bytes.count ?? 0)
        var writer = JSONWriter(reserving: 512 + 2 * images)
        switch format {
        case .streams:
            let stream = streams.last { $0.first <= record.sequence } ?? streams[0]
            stream.json.append(record, to: &writer)
        case .debezium: appendEnvelope(of: record, to: &writer)
        case .plain: appendPlain(record, to: &writer)
        }
        return writer.bytes
    }

    private func stateValue(_ item: Item) -> [UInt8] {
        var writer = JSONWriter(reserving: 2 * item.bytes.count)
        switch format {
        case .streams: item.appendJSON(to: &writer)
        case .debezium, .plain: item.appendPlainJSON(to: &writer)
        }
        return writer.bytes
    }

    private func appendEnvelope(of record: ChangeRecord, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("before")
        writer.plainItem(record.oldImage)
        writer.key("after")
        writer.plainItem(record.newImage)
        writer.key("source")
        writer.beginObject()
        let texts = [
            ("version", "1"), ("connector", "tributary"), ("name", table.region.name), ("db", table.region.name),
            ("table", table.name), ("sequence", SequenceNumber.text(of: record.sequence)),
            ("originRegion", record.version.region.name), ("cause", record.cause.headerText),
        ]
        for (name, text) in texts {
            writer.key(name)
            writer.string(text)
        }
        writer.key("snapshot")
        writer.string("false")
        writer.key("ts_ms")
        writer.number(Int(clamping: record.version.timestamp.milliseconds))
        if let transaction = record.transaction {
            writer.key("txId")
            writer.string(transaction.id)
        }
        writer.endObject()
        writer.key("op")
        writer.string(record.kind.operation)
        writer.key("ts_ms")
        writer.number(Int(clamping: record.commitMilliseconds))
        writer.endObject()
    }

    private func appendPlain(_ record: ChangeRecord, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("event")
        writer.string(record.kind.eventName)
        writer.key("region")
        writer.string(table.region.name)
        writer.key("table")
        writer.string(table.name)
        writer.key("time")
        writer.string(TimeText.text(milliseconds: record.commitMilliseconds))
        writer.key("key")
        let image = record.newImage ?? record.oldImage ?? .empty
        writer.plainItem(image.projecting(table.keySchema.attributes.map(\.name)))
        writer.key("new")
        writer.plainItem(record.newImage)
        writer.key("old")
        writer.plainItem(record.oldImage)
        writer.endObject()
    }
}

/// Whence a `.state` topic has a state.
public enum StateSource: String, Sendable {
    case snapshot
    case log
}

extension ChangeRecord.Kind {
    fileprivate var messageType: String {
        switch self {
        case .insert: "item.inserted"
        case .modify: "item.modified"
        case .remove: "item.removed"
        }
    }

    /// Debezium's letter.
    fileprivate var operation: String {
        switch self {
        case .insert: "c"
        case .modify: "u"
        case .remove: "d"
        }
    }
}

extension JSONWriter {
    fileprivate mutating func plainItem(_ item: Item?) {
        guard let item else { return raw(Array("null".utf8)) }
        item.appendPlainJSON(to: &self)
    }
}
