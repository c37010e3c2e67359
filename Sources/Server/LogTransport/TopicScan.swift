import Dispatch
package import RecordLog

/// Reads stretches of topic partitions once.
package struct TopicScan {
    private static let recordsPerPollMax = 4096
    private static let bytesPerPollMax = 16 << 20

    let reader: any LogReader
    let silenceMillisecondsMax: UInt64

    /// - Parameter silenceMillisecondsMax: how long nothing may come before a scan ends: compaction may have removed what was at the end.
    package init(reader: any LogReader, silenceMillisecondsMax: UInt64 = 2000) {
        self.reader = reader
        self.silenceMillisecondsMax = silenceMillisecondsMax
    }

    /// Visits what there is between start and end of each stretch, each partition in its order.
    package func visit(
        _ stretches: [TopicPartition: OffsetRange], _ body: (TopicPartition, LogRecord) -> Void
    ) throws(RecordLogError) {
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
                waiting[partition] = nil
                continue
            }
            for batch in batches {
                guard let stretch = waiting[batch.source] else { continue }
                for record in batch.records where record.offset < stretch.end { body(batch.source, record) }
                if let last = batch.records.last, last.offset + 1 >= stretch.end { waiting[batch.source] = nil }
            }
            let now = DispatchTime.now().uptimeNanoseconds
            if !batches.isEmpty { lastNews = now }
            guard (now - lastNews) / 1_000_000 < silenceMillisecondsMax else {
                if let trouble = reader.trouble { throw trouble }
                return
            }
        }
    }
}
