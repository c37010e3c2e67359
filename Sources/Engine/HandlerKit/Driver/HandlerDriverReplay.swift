package import AttributeModel
import ChangeStream
import EventPattern
import Replication

/// Recorded changes instead of writes of the test.
extension HandlerDriver {
    /// A driver for a recording of one stream, whose table, region and beginning it takes over. `replay` puts the changes into the stream.
    ///
    ///     let recording = try Recording(parsing: Array(Data(contentsOf: url)), file: "orders.jsonl")
    ///     var driver = try HandlerDriver(handler, for: recording)
    ///     try await driver.replay(recording)
    ///
    /// Throws `HandlerDriverError.notOneStream` when the recording is empty or of several streams: `Recording.filtered` takes a part of it.
    public init(_ handler: Handler, for recording: Recording) throws(HandlerDriverError) {
        let streams = recording.streamARNs
        guard let first = recording.changes.first, streams.count == 1 else { throw .notOneStream(streams) }
        try self.init(
            handler, table: first.table, keySchema: KeySchema(recordedKeys: first.keys),
            region: RegionName(stored: first.region), viewType: first.viewType,
            startMilliseconds: Self.wholeSecond(first.milliseconds), streamARN: first.streamARN)
    }

    /// Lets the recorded changes happen, each at its own time: what becomes due between them is done then, and takes no real time. Ends
    /// with the last of them; `advance` goes on from there.
    ///
    /// Stream records tell whole seconds: changes of the same second come together. Changes with times before the driver's come at once.
    public mutating func replay(_ recording: Recording) async throws(HandlerDriverError) {
        for change in recording.changes { try await replay(change) }
        await run()
    }

    /// Lets one recorded change happen at its own time; what it leads to begins with the next one, or with `run`.
    package mutating func replay(_ change: RecordedChange) async throws(HandlerDriverError) {
        let time = Self.wholeSecond(change.milliseconds)
        if time > nowMilliseconds { await advance(milliseconds: time - nowMilliseconds) }
        try append(change)
    }

    private static func wholeSecond(_ milliseconds: UInt64) -> UInt64 { milliseconds - milliseconds % 1000 }
}

extension KeySchema {
    /// The attributes of a recorded key; which of them is the sort key a record does not tell.
    package init(recordedKeys keys: Item) {
        self.init(
            partitionKeys: keys.attributes.entries.map { entry in
                let type: KeyType =
                    switch entry.value {
                    case .number: .number
                    case .binary: .binary
                    default: .string
                    }
                return KeyAttribute(name: entry.name, type: type)
            })
    }
}
