import Dispatch
package import RecordLog

/// Reads stretches of topic partitions once.
package struct TopicScan {
    private static let recordsPerPollMax = 4096
    private static let bytesPerPollMax = 16 << 20

    let reader: any LogReader
    /// How long nothing may come before a scan ends, in milliseconds: compaction may have removed what was at the end.
    let silenceMillisecondsMax: UInt64
    /// Whether it is a failure when records do not come: those that must have all of them cannot do with less.
    let mustBeComplete: Bool

    package init(reader: any LogReader, silenceMillisecondsMax: UInt64 = 2000, mustBeComplete: Bool = false) {
        self.reader = reader
        self.silenceMillisecondsMax = silenceMillisecondsMax
        self.mustBeComplete = mustBeComplete
    }

    /// Visits what there is between start and end of each stretch, each partition in its order, until the visitor answers false. Answers
    /// whether it came to the end.
    @discardableResult
    package func visit(
        _ stretches: [TopicPartition: OffsetRange], _ body: (TopicPartition, LogRecord) -> Bool
    ) throws(RecordLogError) -> Bool {
        var waiting = stretches.filter { $0.value.start < $0.value.end }
        try reader.assign(waiting.mapValues { .offset($0.start) })
        var lastNews = DispatchTime.now().uptimeNanoseconds
        while !waiting.isEmpty {
            let batches: [RecordBatch]
            do throws(RecordLogError) {
                batches = try reader.poll(
                    recordsMax: Self.recordsPerPollMax, bytesMax: Self.bytesPerPollMax, waitMilliseconds: 100)
            } catch .offsetOutOfRange(let partition) {
                // Retention was faster.
                if mustBeComplete { throw .offsetOutOfRange(partition) }
                waiting[partition] = nil
                continue
            }
            for batch in batches {
                guard let stretch = waiting[batch.source] else { continue }
                for record in batch.records where record.offset < stretch.end {
                    guard body(batch.source, record) else { return false }
                }
                if let last = batch.records.last, last.offset + 1 >= stretch.end { waiting[batch.source] = nil }
            }
            let now = DispatchTime.now().uptimeNanoseconds
            if !batches.isEmpty { lastNews = now }
            guard (now - lastNews) / 1_000_000 < silenceMillisecondsMax else {
                if let trouble = reader.trouble { throw trouble }
                guard mustBeComplete, let partition = waiting.keys.min(), let end = waiting[partition]?.end else {
                    return false
                }
                throw .timedOut(
                    reason: "of \(partition), which ends at offset \(end), nothing more came for "
                        + "\(silenceMillisecondsMax) ms")
            }
        }
        return true
    }
}
