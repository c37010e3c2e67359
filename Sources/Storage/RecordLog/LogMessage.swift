/// A message to append.
public struct LogMessage: Sendable, Equatable {
    /// The topic partition's number: always chosen by the sender, never by the log.
    public var partition: Int32
    public var key: [UInt8]?
    /// nil is a tombstone: it removes the key from a compacted topic.
    public var value: [UInt8]?
    public var headers: LogHeaders
    /// Since 1970. A topic may keep the broker's time instead (`message.timestamp.type=LogAppendTime`).
    public var timestampMilliseconds: Int64
    /// Comes back in the message's `Delivery`; it is not written to the log.
    public var token: UInt64

    public init(
        partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: LogHeaders = LogHeaders(),
        timestampMilliseconds: Int64, token: UInt64 = 0
    ) {
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
        self.timestampMilliseconds = timestampMilliseconds
        self.token = token
    }

    /// The bytes that count towards the queue and against the largest message.
    public var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + headers.byteCount }
}

/// A message as it is in the log. Anyone may have written it: key and value may be missing or anything.
public struct LogRecord: Sendable, Equatable {
    public var offset: Int64
    public var key: [UInt8]?
    public var value: [UInt8]?
    public var headers: LogHeaders
    /// Since 1970; -1 when the writer gave none.
    public var timestampMilliseconds: Int64

    public init(
        offset: Int64, key: [UInt8]?, value: [UInt8]?, headers: LogHeaders, timestampMilliseconds: Int64
    ) {
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        self.timestampMilliseconds = timestampMilliseconds
    }

    /// The bytes that count towards a poll's limit.
    public var byteCount: Int { (key?.count ?? 0) + (value?.count ?? 0) + headers.byteCount }
}

/// Records of one topic partition in the order of their offsets; offsets may skip (compaction).
public struct RecordBatch: Sendable, Equatable {
    public var source: TopicPartition
    public var records: [LogRecord]

    public init(source: TopicPartition, records: [LogRecord]) {
        self.source = source
        self.records = records
    }
}
