import ChangeMessage
import Logging
import RecordLog
import Region
import Synchronization

/// Hears what a region of another process tells of itself: one thread, one reader of the region's `.catalogue` topic.
final class CatalogueListener: Sendable {
    static let recordsPerPollMax = 4096
    static let bytesPerPollMax = 16 << 20
    static let pollMilliseconds = 500
    /// How long a failure, or a topic that is not there yet, is waited out, in milliseconds.
    static let retryMilliseconds = 300

    private let region: RemoteRegion
    private let log: any RecordLog
    private let topic: String
    private let retentionMilliseconds: Int64
    private let hasWarned = Atomic<Bool>(false)
    private let logger: Logger
    private let isStopping = StopFlag()
    private let wakeUp = Signal()
    private let reader = Mutex<(any LogReader)?>(nil)
    private let thread = OwnedThread()

    init(_ region: RemoteRegion, _ log: any RecordLog, _ configuration: TransportConfiguration, logger: Logger) {
        self.region = region
        self.log = log
        self.logger = logger
        retentionMilliseconds = configuration.retentionMilliseconds
        topic = configuration.names.catalogue(of: region.name)
    }

    func start() {
        thread.start(named: "listener \(region.name)") { [self] in
            run()
            reader.withLock { $0 }?.close()
        }
    }

    func stop() {
        isStopping.set()
        wakeUp.signal()
        reader.withLock { $0 }?.wakeUp()
        thread.wait()
    }

    private func run() {
        var trouble: String?
        while !isStopping.isSet {
            do throws(RecordLogError) {
                try listen { trouble = nil }
            } catch {
                // The region may never have been started.
                let isUnheard = error == .unknownTopic(topic)
                let text = isUnheard ? "\(region.name) has not told anything yet" : "\(error)"
                region.note(trouble: text)
                if trouble != text {
                    logger.log(
                        level: isUnheard ? .info : .warning, "a region of another process cannot be heard",
                        metadata: ["region": "\(region.name)", "topic": "\(topic)", "reason": "\(text)"])
                }
                trouble = text
                wakeUp.wait(milliseconds: Self.retryMilliseconds)
            }
        }
    }

    /// Reads the topic from its beginning, and on until the process ends or something fails.
    private func listen(_ onSuccess: () -> Void) throws(RecordLogError) {
        let partition = TopicPartition(topic, 0)
        guard try log.topics(withPrefix: topic).contains(where: { $0.name == topic }) else {
            throw .unknownTopic(topic)
        }
        guard let range = try log.offsets(of: [partition]).first else { throw .unknownTopic(topic) }
        let reader = try currentReader()
        region.beginListening()
        try reader.assign([partition: .offset(range.start)])
        var next = range.start
        while !isStopping.isSet {
            if next >= range.end { region.noteComplete() }
            let batches: [RecordBatch]
            do throws(RecordLogError) {
                batches = try reader.poll(
                    recordsMax: Self.recordsPerPollMax, bytesMax: Self.bytesPerPollMax,
                    waitMilliseconds: Self.pollMilliseconds)
            } catch .offsetOutOfRange {
                // What was there is gone, as in a topic that was made anew: from the beginning.
                return
            }
            region.note(trouble: reader.trouble.map { "\($0)" })
            if reader.trouble == nil { onSuccess() }
            for record in batches.flatMap(\.records) {
                take(record)
                next = record.offset + 1
                if next >= range.end { region.noteComplete() }
            }
            warnOfSilence()
        }
    }

    /// Half the time that topics keep changes: who stays away for all of it must be rebuilt.
    private func warnOfSilence() {
        guard retentionMilliseconds > 0, let silence = region.silenceMilliseconds else { return }
        let isLong = silence > UInt64(retentionMilliseconds) / 2
        let isNew = hasWarned.exchange(isLong, ordering: .relaxed) != isLong
        guard isLong, isNew else { return }
        logger.warning(
            "a region of another process has been silent for half the time that topics keep changes; after all of it its replicas must be rebuilt",
            metadata: ["region": "\(region.name)", "silentHours": "\(silence / 3_600_000)"])
    }

    private func currentReader() throws(RecordLogError) -> any LogReader {
        if let reader = reader.withLock({ $0 }) { return reader }
        let made = try log.makeReader(ReaderSettings())
        reader.withLock { $0 = made }
        return made
    }

    private func take(_ record: LogRecord) {
        do throws(ChangeMessageError) {
            let (message, incarnation) = try CatalogueMessage.read(record)
            let time = record.timestampMilliseconds
            switch message {
            case .region(let itself): region.take(itself, incarnation: incarnation, atMilliseconds: time)
            case .table(let table): region.take(table, incarnation: incarnation, atMilliseconds: time)
            case .tableGone(let tableID): region.forget(tableID: tableID, atMilliseconds: time)
            }
        } catch {
            logger.warning(
                "a message in a topic cannot be used and is passed over",
                metadata: ["topic": "\(topic)", "offset": "\(record.offset)", "reason": "\(error)"])
        }
    }
}
