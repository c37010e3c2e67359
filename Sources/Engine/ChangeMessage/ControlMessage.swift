import ChangeStream
public import Partition
public import RecordLog
import Replication

/// A control event as a message of the region's `.control` topic: CloudEvents JSON in structured mode, as `/_tributary/events` shows it.
public enum ControlMessage {
    /// All events of a region are in one order, so all are in one topic partition.
    public static let partitions: Int32 = 1

    /// - Parameters:
    ///   - generation: which log of the region the event is from: a data directory made anew counts from 1 again.
    ///   - nowMilliseconds: the time that Kafka's retention goes by.
    public static func message(_ entry: ControlLog.Entry, generation: String, nowMilliseconds: Int64) -> LogMessage {
        var headers = LogHeaders()
        headers.append(.contentType, "application/cloudevents+json; charset=UTF-8")
        headers.append(.sequenceNumber, SequenceNumber.text(of: entry.sequence))
        headers.append(.tableGeneration, generation)
        return LogMessage(
            partition: 0, key: Array(entry.kind.name.utf8), value: entry.json, headers: headers,
            timestampMilliseconds: nowMilliseconds, token: entry.sequence)
    }
}
