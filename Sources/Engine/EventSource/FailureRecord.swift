import JSONBytes

/// What an OnFailure destination is told of records that a mapping gave up: where they are, not what is in them
/// (reference `event-source-mapping.md` 3).
public struct FailureRecord: Sendable, Equatable {
    public var discard: Discard
    /// The request id of the last invocation; any unique text when there was none.
    public var requestID: String
    /// As the mapping names its function, unqualified when it does.
    public var functionARN: String
    public var executedVersion: String
    public var streamARN: String
    /// When the records were given up, in milliseconds since 1970.
    public var timestampMilliseconds: UInt64

    public init(
        discard: Discard, requestID: String, functionARN: String, executedVersion: String = "$LATEST",
        streamARN: String, timestampMilliseconds: UInt64
    ) {
        self.discard = discard
        self.requestID = requestID
        self.functionARN = functionARN
        self.executedVersion = executedVersion
        self.streamARN = streamARN
        self.timestampMilliseconds = timestampMilliseconds
    }

    /// The JSON text. `responseContext` is null when the function was never called for the batch.
    /// - Parameters:
    ///   - requestPayload: the event that failed, shown as the text of a member `payload`, as S3 destinations get it;
    /// nil leaves it out.
    ///   - sequenceText: how stream readers see a sequence number.
    public func json(requestPayload: [UInt8]? = nil, sequenceText: (UInt64) -> String) -> [UInt8] {
        var writer = JSONWriter(reserving: 1024 + (requestPayload.map { $0.count + $0.count / 4 } ?? 0))
        writer.beginObject()
        writer.key("requestContext")
        writer.beginObject()
        append("requestId", requestID, to: &writer)
        append("functionArn", functionARN, to: &writer)
        append("condition", discard.condition.rawValue, to: &writer)
        writer.key("approximateInvokeCount")
        writer.number(discard.invokeCount)
        writer.endObject()
        appendResponseContext(to: &writer)
        append("version", "1.0", to: &writer)
        append("timestamp", TimestampText.milliseconds(timestampMilliseconds), to: &writer)
        appendBatchInfo(sequenceText, to: &writer)
        if let requestPayload {
            writer.key("payload")
            requestPayload.withUnsafeBytes { writer.string(utf8: $0) }
        }
        writer.endObject()
        return writer.bytes
    }

    private func appendResponseContext(to writer: inout JSONWriter) {
        writer.key("responseContext")
        guard discard.invokeCount > 0 else { return writer.raw(Array("null".utf8)) }
        writer.beginObject()
        writer.key("statusCode")
        writer.number(200)
        append("executedVersion", executedVersion, to: &writer)
        writer.key("functionError")
        if let text = discard.failure?.functionErrorText {
            writer.string(text)
        } else {
            writer.raw(Array("null".utf8))
        }
        writer.endObject()
    }

    private func appendBatchInfo(_ sequenceText: (UInt64) -> String, to writer: inout JSONWriter) {
        writer.key("DDBStreamBatchInfo")
        writer.beginObject()
        append("shardId", discard.shardID, to: &writer)
        if let first = discard.records.min(by: { $0.sequence < $1.sequence }),
            let last = discard.records.max(by: { $0.sequence < $1.sequence })
        {
            append("startSequenceNumber", sequenceText(first.sequence), to: &writer)
            append("endSequenceNumber", sequenceText(last.sequence), to: &writer)
            append(
                "approximateArrivalOfFirstRecord", TimestampText.seconds(first.approximateMilliseconds), to: &writer)
            append("approximateArrivalOfLastRecord", TimestampText.seconds(last.approximateMilliseconds), to: &writer)
        }
        writer.key("batchSize")
        writer.number(discard.records.count)
        append("streamArn", streamARN, to: &writer)
        writer.endObject()
    }

    private func append(_ key: StaticString, _ text: String, to writer: inout JSONWriter) {
        writer.key(key)
        writer.string(text)
    }
}
