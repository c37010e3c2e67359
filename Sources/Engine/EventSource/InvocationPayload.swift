public import JSONBytes

/// The event that a function gets (reference `event-source-mapping.md` 3 and 4).
public enum InvocationPayload {
    /// `{"Records":[…]}`, and the members of a window if there is one.
    /// - Parameters:
    ///   - shardID: shown with a window only, as is the ARN.
    ///   - bytesExpected: room that is made at once.
    ///   - writeRecords: writes each record as one JSON value.
    public static func bytes<Failure: Error>(
        window: WindowInvocation?, shardID: String, eventSourceARN: String, bytesExpected: Int,
        writeRecords: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        let roomForWindow = window.map { $0.state.count + 512 } ?? 0
        var writer = JSONWriter(reserving: bytesExpected + 16 + roomForWindow)
        writer.beginObject()
        writer.key("Records")
        writer.beginArray()
        try writeRecords(&writer)
        writer.endArray()
        if let window {
            append(window, to: &writer)
            writer.key("shardId")
            writer.string(shardID)
            writer.key("eventSourceARN")
            writer.string(eventSourceARN)
            writer.key("isFinalInvokeForWindow")
            writer.boolean(window.isFinal)
            writer.key("isWindowTerminatedEarly")
            writer.boolean(window.isTerminatedEarly)
        }
        writer.endObject()
        return writer.bytes
    }

    /// The same for an invocation, from records that are written already.
    public static func bytes(
        of invocation: Invocation, records: [[UInt8]], eventSourceARN: String
    ) -> [UInt8] {
        bytes(
            window: invocation.window, shardID: invocation.shardID, eventSourceARN: eventSourceARN,
            bytesExpected: records.reduce(0) { $0 + $1.count + 1 }
        ) { writer in
            for record in records { writer.raw(record) }
        }
    }

    private static func append(_ window: WindowInvocation, to writer: inout JSONWriter) {
        writer.key("window")
        writer.beginObject()
        writer.key("start")
        writer.string(TimestampText.seconds(window.startMilliseconds))
        writer.key("end")
        writer.string(TimestampText.seconds(window.endMilliseconds))
        writer.endObject()
        writer.key("state")
        writer.raw(window.state)
    }
}
