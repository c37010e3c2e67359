import Synchronization

/// A consumer group in memory: its members, what they hold and what it has committed.
struct MemoryGroup {
    /// In the order of joining.
    var members: [(id: Int, topics: [String])] = []
    var owners: [TopicPartition: Int] = [:]
    var committed: [TopicPartition: Int64] = [:]

    /// What the member should hold: the partitions of each topic go round its members.
    func share(of member: Int, topics: [String: MemoryTopic]) -> Set<TopicPartition> {
        var share: Set<TopicPartition> = []
        for topic in Set(members.flatMap(\.topics)) {
            let sharers = members.filter { $0.topics.contains(topic) }
            for partition in 0..<Int32(topics[topic]?.partitions.count ?? 0)
            where sharers[Int(partition) % sharers.count].id == member {
                share.insert(TopicPartition(topic, partition))
            }
        }
        return share
    }
}

/// A member of a consumer group of the log in memory. A partition passes on only when its holder has polled again after `revoked`.
final class MemoryGroupConsumer: GroupConsumer {
    private struct Member {
        var positions: [TopicPartition: Int64] = [:]
        var paused: Set<TopicPartition> = []
        var toGiveAway: [TopicPartition] = []
        var isClosed = false
    }

    private let log: MemoryRecordLog
    private let group: String
    private let startsAtEnd: Bool
    private let id: Int
    private let member = Mutex(Member())
    private let waiting: MemoryWaiting

    init(log: MemoryRecordLog, group: String, topics: [String], settings: GroupSettings) {
        self.log = log
        self.group = group
        startsAtEnd = settings.startsAtEnd
        waiting = MemoryWaiting(log: log)
        id = log.state.withLock { state in
            state.nextMemberID += 1
            state.groups[group, default: MemoryGroup()].members.append((state.nextMemberID, topics))
            return state.nextMemberID
        }
        log.noteChange()
    }

    func poll(recordsMax: Int, bytesMax: Int, waitMilliseconds: Int) throws(RecordLogError) -> GroupEvent {
        giveAway()
        let event = try waiting.firstResult(waitMilliseconds: waitMilliseconds) {
            () throws(RecordLogError) -> GroupEvent? in
            try member.withLock { member throws(RecordLogError) in
                guard !member.isClosed else { throw .closed }
                guard trouble == nil else { return nil }
                return try log.withState { state throws(RecordLogError) in
                    if let change = changeOfShare(&member, &state) { return change }
                    let batches = try state.read(
                        &member.positions, except: member.paused, recordsMax: recordsMax, bytesMax: bytesMax)
                    return batches.isEmpty ? nil : .records(batches)
                }
            }
        }
        return event ?? .idle
    }

    private func giveAway() {
        let given = member.withLock { member in
            defer { member.toGiveAway = [] }
            return member.toGiveAway
        }
        guard !given.isEmpty else { return }
        log.state.withLock { state in
            for partition in given { state.groups[group]?.owners[partition] = nil }
        }
        log.noteChange()
    }

    private func changeOfShare(_ member: inout Member, _ state: inout MemoryRecordLog.State) -> GroupEvent? {
        guard let group = state.groups[self.group] else { return nil }
        let share = group.share(of: id, topics: state.topics)
        let superfluous = group.owners.filter { $0.value == id && !share.contains($0.key) }.keys.sorted()
        if !superfluous.isEmpty {
            for partition in superfluous { member.positions[partition] = nil }
            member.paused.subtract(superfluous)
            member.toGiveAway = superfluous
            return .revoked(superfluous)
        }
        let missing = share.filter { group.owners[$0] == nil }.sorted()
        guard !missing.isEmpty else { return nil }
        for partition in missing {
            state.groups[self.group]?.owners[partition] = id
            member.positions[partition] =
                group.committed[partition] ?? state.offset(of: startsAtEnd ? .end : .start, in: partition)
        }
        return .assigned(missing)
    }

    func seek(_ positions: [TopicPartition: LogPosition]) throws(RecordLogError) {
        try member.withLock { member throws(RecordLogError) in
            for (partition, position) in positions {
                guard member.positions[partition] != nil else { throw .unknownPartition(partition) }
                member.positions[partition] = log.state.withLock { $0.offset(of: position, in: partition) }
            }
        }
    }

    func pause(_ partitions: Set<TopicPartition>) throws(RecordLogError) {
        try withOpenMember { $0.paused.formUnion(partitions.filter($0.positions.keys.contains)) }
    }

    func resume(_ partitions: Set<TopicPartition>) throws(RecordLogError) {
        try withOpenMember { $0.paused.subtract(partitions) }
    }

    private func withOpenMember(_ body: (inout Member) -> Void) throws(RecordLogError) {
        try member.withLock { member throws(RecordLogError) in
            guard !member.isClosed else { throw .closed }
            body(&member)
        }
    }

    func commit(_ offsets: [TopicPartition: Int64]) throws(RecordLogError) {
        try log.withReachableState { state in
            state.groups[group, default: MemoryGroup()].committed.merge(offsets) { $1 }
        }
    }

    var trouble: RecordLogError? { log.state.withLock { $0.isReachable } ? nil : MemoryRecordLog.unreachable }

    func wakeUp() { waiting.wakeUp() }

    func close() {
        let wasClosed = member.withLock { member in
            defer { member.isClosed = true }
            return member.isClosed
        }
        guard !wasClosed else { return }
        log.state.withLock { state in
            state.groups[group]?.members.removeAll { $0.id == id }
            for (partition, owner) in state.groups[group]?.owners ?? [:] where owner == id {
                state.groups[group]?.owners[partition] = nil
            }
        }
        log.noteChange()
        waiting.wakeUp()
    }
}
