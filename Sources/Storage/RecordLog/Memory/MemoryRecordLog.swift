import Synchronization

/// A record log that lives and dies with the process: for tests and simulation. It can be made to misbehave as a cluster does.
///
/// Safe to use from any thread.
public final class MemoryRecordLog: RecordLog {
    struct State {
        var topics: [String: MemoryTopic] = [:]
        var groups: [String: MemoryGroup] = [:]
        var isReachable = true
        var nextMemberID = 0
    }

    let state = Mutex(State())
    /// Called, without any lock, after each change: they wake readers, and producers with messages that wait.
    private let observers = Mutex<[ObjectIdentifier: @Sendable () -> Void]>([:])
    private let producers = Mutex<[WeakProducer]>([])

    public init() {}

    public func ensureTopics(_ topics: [TopicSpecification]) throws(RecordLogError) -> [TopicOutcome] {
        let outcomes = try withReachableState { state in
            topics.map { topic in
                if let existing = state.topics[topic.name] {
                    let differences = topic.settings.differences(
                        found: existing.settings.byBrokerName, partitions: existing.settings.partitions,
                        replicationFactor: existing.settings.replicationFactor)
                    return differences.isEmpty ? TopicOutcome.existed : .existedWithOtherSettings(differences)
                }
                guard TopicSpecification.isValidName(topic.name) else { return .failed(.invalidTopicName(topic.name)) }
                guard topic.settings.partitions > 0 else {
                    return .failed(.invalidConfiguration(reason: "'\(topic.name)' needs at least one partition"))
                }
                state.topics[topic.name] = MemoryTopic(settings: topic.settings)
                return .created
            }
        }
        noteChange()
        return outcomes
    }

    public func topics(withPrefix prefix: String) throws(RecordLogError) -> [TopicDescription] {
        try withReachableState { state in
            state.topics.filter { $0.key.hasPrefix(prefix) }
                .map { TopicDescription(name: $0.key, partitions: Int32($0.value.partitions.count)) }
                .sorted { $0.name < $1.name }
        }
    }

    public func offsets(of partitions: [TopicPartition]) throws(RecordLogError) -> [OffsetRange] {
        try withReachableState { state throws(RecordLogError) in
            var ranges: [OffsetRange] = []
            for partition in partitions { ranges.append(try state.partition(partition).offsets) }
            return ranges
        }
    }

    public func committedOffsets(
        ofGroup group: String, in partitions: [TopicPartition]
    ) throws(RecordLogError) -> [Int64?] {
        try withReachableState { state in partitions.map { state.groups[group]?.committed[$0] } }
    }

    public func makeProducer(
        _ settings: ProducerSettings, onDeliveries: @escaping @Sendable ([Delivery]) -> Void
    ) throws(RecordLogError) -> any LogProducer {
        let producer = MemoryProducer(log: self, settings: settings, onDeliveries: onDeliveries)
        producers.withLock { producers in
            producers.removeAll { $0.producer == nil }
            producers.append(WeakProducer(producer: producer))
        }
        return producer
    }

    public func makeReader(_ settings: ReaderSettings) throws(RecordLogError) -> any LogReader {
        MemoryReader(log: self)
    }

    public func makeGroupConsumer(
        group: String, topics: [String], _ settings: GroupSettings
    ) throws(RecordLogError) -> any GroupConsumer {
        MemoryGroupConsumer(log: self, group: group, topics: topics, settings: settings)
    }
}

/// Faults, as a cluster has them.
extension MemoryRecordLog {
    /// While it is not reachable producers queue, readers get nothing, and everything else throws `unavailable`.
    public func setReachable(_ isReachable: Bool) {
        state.withLock { $0.isReachable = isReachable }
        noteChange()
    }

    /// Removes the records before `offset`, as retention does.
    public func removeRecords(before offset: Int64, in partition: TopicPartition) throws(RecordLogError) {
        try withState { state throws(RecordLogError) in
            _ = try state.partition(partition)
            state.topics[partition.topic]?.partitions[Int(partition.partition)].removeRecords(before: offset)
        }
    }

    /// Keeps only the newest record of every key, as compaction does; records without a key stay.
    public func compact(_ topic: String) {
        state.withLock { state in
            guard let count = state.topics[topic]?.partitions.count else { return }
            for index in 0..<count { state.topics[topic]?.partitions[index].compact() }
        }
    }

    /// Every producer that exists now fails for good, and what it has queued is reported as failed. With `appendingQueued` the queued
    /// messages are in the log all the same, as when only a broker's answer was lost.
    public func failProducers(reason: String, appendingQueued: Bool) {
        for producer in producers.withLock({ $0 }).compactMap(\.producer) {
            producer.fail(reason: reason, appendingQueued: appendingQueued)
        }
    }
}

/// What producers and consumers use.
extension MemoryRecordLog {
    func withState<Result>(
        _ body: (inout State) throws(RecordLogError) -> Result
    ) throws(RecordLogError) -> Result {
        try state.withLock { state throws(RecordLogError) in try body(&state) }
    }

    func withReachableState<Result>(
        _ body: (inout State) throws(RecordLogError) -> Result
    ) throws(RecordLogError) -> Result {
        try withState { state throws(RecordLogError) in
            guard state.isReachable else { throw Self.unreachable }
            return try body(&state)
        }
    }

    static let unreachable = RecordLogError.unavailable(reason: "the log in memory was made unreachable")

    func addObserver(_ owner: AnyObject, _ body: @escaping @Sendable () -> Void) {
        observers.withLock { $0[ObjectIdentifier(owner)] = body }
    }

    func removeObserver(_ owner: AnyObject) {
        observers.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(owner)) }
    }

    func noteChange() {
        for observer in observers.withLock({ Array($0.values) }) { observer() }
    }
}

private struct WeakProducer: Sendable {
    weak let producer: MemoryProducer?
}
