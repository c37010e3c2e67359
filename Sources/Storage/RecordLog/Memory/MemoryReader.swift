import Dispatch
import Synchronization

/// A reader of the log in memory.
final class MemoryReader: LogReader {
    private let log: MemoryRecordLog
    private let positions = Mutex<[TopicPartition: Int64]>([:])
    private let isClosed = Atomic<Bool>(false)
    private let waiting: MemoryWaiting

    init(log: MemoryRecordLog) {
        self.log = log
        waiting = MemoryWaiting(log: log)
    }

    func assign(_ wanted: [TopicPartition: LogPosition]) throws(RecordLogError) {
        guard !isClosed.load(ordering: .acquiring) else { throw .closed }
        let resolved = try log.withState { state in
            Dictionary(uniqueKeysWithValues: wanted.map { ($0.key, state.offset(of: $0.value, in: $0.key)) })
        }
        positions.withLock { $0 = resolved }
    }

    func poll(recordsMax: Int, bytesMax: Int, waitMilliseconds: Int) throws(RecordLogError) -> [RecordBatch] {
        let batches = try waiting.firstResult(waitMilliseconds: waitMilliseconds) {
            () throws(RecordLogError) -> [RecordBatch]? in
            guard !isClosed.load(ordering: .acquiring) else { throw .closed }
            guard trouble == nil else { return nil }
            let batches = try positions.withLock { positions throws(RecordLogError) in
                try log.withState { state throws(RecordLogError) in
                    try state.read(&positions, recordsMax: recordsMax, bytesMax: bytesMax)
                }
            }
            return batches.isEmpty ? nil : batches
        }
        return batches ?? []
    }

    var trouble: RecordLogError? { log.state.withLock { $0.isReachable } ? nil : MemoryRecordLog.unreachable }

    func wakeUp() { waiting.wakeUp() }

    func close() {
        isClosed.store(true, ordering: .releasing)
        waiting.wakeUp()
    }
}

/// The waiting of consumers for changes of the log.
final class MemoryWaiting: Sendable {
    private let log: MemoryRecordLog
    private let semaphore = DispatchSemaphore(value: 0)
    private let isWokenUp = Atomic<Bool>(false)

    init(log: MemoryRecordLog) {
        self.log = log
        log.addObserver(self) { [semaphore] in semaphore.signal() }
    }

    deinit {
        log.removeObserver(self)
    }

    func wakeUp() {
        isWokenUp.store(true, ordering: .releasing)
        semaphore.signal()
    }

    /// Asks `attempt` after each change until it has a result; nil after the time, or when it was woken up.
    func firstResult<Result>(
        waitMilliseconds: Int, _ attempt: () throws(RecordLogError) -> Result?
    ) throws(RecordLogError) -> Result? {
        let deadline = DispatchTime.now() + .milliseconds(waitMilliseconds)
        repeat {
            // Changes before this attempt need no wake-up.
            while semaphore.wait(timeout: .now()) == .success {}
            if let result = try attempt() { return result }
            if isWokenUp.exchange(false, ordering: .acquiringAndReleasing) { return nil }
        } while semaphore.wait(timeout: deadline) == .success
        return try attempt()
    }
}
