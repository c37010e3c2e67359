import Dispatch
import EventSource
import Logging
import RecordLog
import Region

/// The thread of a group's member: polls, decodes, drives the engine of each topic partition, commits.
///
/// A partition passes on to another member in order: nothing more is begun, calls under way may end for `KafkaPlace.settleMilliseconds`, what is
/// finished is committed, and the rest is forgotten, so that the next member gets it.
struct GroupMemberLoop {
    /// How long the log is left alone after it could not do what it was asked, in milliseconds.
    static let troublePauseMilliseconds = 1_000
    /// The longest wait for records, in milliseconds.
    static let pollMilliseconds: UInt64 = 1_000
    /// How often the topic's ends are looked up for the lag, in milliseconds.
    static let endsMilliseconds: UInt64 = 5_000
    /// What one poll brings at most; decoding and matching take a moment, and calls end meanwhile.
    static let recordsPerPollMax = 1_000
    static let bytesPerPollMax = 4 << 20

    unowned let member: GroupMember
    var specification: MappingSpecification
    var status: MappingStatus
    var partitions: [TopicPartition: AssignedPartition] = [:]
    var consumer: (any GroupConsumer)?
    var reading: MessageReading
    /// With LATEST: where the topic ended when the mapping began here; nil when it did not exist, so that all that is in it came later.
    private var endsAtStart: [TopicPartition: Int64]?
    private var hasStartingEnds = false
    var runsCount: UInt64 = 0
    private var steadyClock = SteadyClock()
    private var endsReadMilliseconds: UInt64 = 0
    /// What was told of the log's trouble last.
    private var toldTrouble: String?
    var foreignReports = ForeignReports()

    init(_ member: GroupMember, _ specification: MappingSpecification) {
        self.member = member
        self.specification = specification
        status = member.status
        reading = MessageReading(region: member.place.region, filters: specification.filters)
    }

    mutating func run() {
        while !member.mustStop {
            takeMessages(answersOnly: false)
            do throws(RecordLogError) {
                try turn()
            } catch {
                tellTrouble(error)
                member.rest(milliseconds: Self.troublePauseMilliseconds)
            }
            refreshStatus()
        }
        leave()
    }

    /// One round: the group is joined, time passes, offsets are committed, records come.
    private mutating func turn() throws(RecordLogError) {
        guard let consumer else { return try join() }
        tickAll()
        try commitDue(at: clock())
        try obeyRoom(consumer)
        let now = clock()
        let event = try consumer.poll(
            recordsMax: Self.recordsPerPollMax, bytesMax: Self.bytesPerPollMax,
            waitMilliseconds: member.hasMessages ? 0 : restMilliseconds(at: now))
        switch event {
        case .idle: tellTrouble(consumer.trouble)
        case .records(let batches):
            tellTrouble(nil)
            for batch in batches { take(batch) }
        case .assigned(let assigned): try begin(assigned, consumer)
        case .revoked(let revoked):
            settle(Set(revoked))
            forget(revoked)
        case .lost(let lost): forget(lost)
        }
        readEnds(at: clock())
    }

    mutating func clock() -> UInt64 { steadyClock.read(member.place.clock()) }

    private func restMilliseconds(at now: UInt64) -> Int {
        let due = partitions.values.flatMap {
            [$0.source.engine.timerMilliseconds, $0.commitDueMilliseconds].compactMap { $0 }
        }
        return Int(due.reduce(Self.pollMilliseconds) { min($0, max($1, now) - now) })
    }

    // MARK: The group

    /// Joins the group as soon as the topic exists: a client that asks for a topic may bring it about, with settings of its own.
    private mutating func join() throws(RecordLogError) {
        let place = member.place
        let topic = try place.log.topics(withPrefix: member.topic).first { $0.name == member.topic }
        if !hasStartingEnds {
            if let topic { endsAtStart = try ends(of: topic.topicPartitions) }
            hasStartingEnds = true
        }
        guard topic != nil else {
            status.problem = "there is no topic \(member.topic) yet"
            return member.rest(milliseconds: Self.troublePauseMilliseconds)
        }
        let new = try place.log.makeGroupConsumer(group: member.group, topics: [member.topic], GroupSettings())
        consumer = new
        member.noteConsumer(new)
        status.problem = nil
        tellTrouble(nil)
        place.reports.logger.info(
            "a mapping reads from Kafka",
            metadata: place.reports.metadata(of: specification).merging(["group": "\(member.group)"]) { $1 })
    }

    private func ends(of partitions: [TopicPartition]) throws(RecordLogError) -> [TopicPartition: Int64] {
        let ranges = try member.place.log.offsets(of: partitions)
        return Dictionary(uniqueKeysWithValues: zip(partitions, ranges.map(\.end)))
    }

    /// Begins with partitions at the group's offsets, or where the mapping says when it has none.
    private mutating func begin(
        _ assigned: [TopicPartition], _ consumer: any GroupConsumer
    ) throws(RecordLogError) {
        while true {
            do throws(RecordLogError) {
                let places = try startingPlaces(assigned)
                try consumer.seek(places.mapValues { .offset($0.offset) })
                for (partition, place) in places { begin(partition, place) }
                return
            } catch {
                // The assignment stays unanswered until it is known where to begin.
                guard error.isRetriable, !member.mustStop else { throw error }
                tellTrouble(error)
                member.rest(milliseconds: Self.troublePauseMilliseconds)
                takeMessages(answersOnly: true)
            }
        }
    }

    private struct StartingPlace {
        let offset: Int64
        let isCommitted: Bool
        let end: Int64
        /// Messages that were gone before the group read them.
        let lost: Int64
    }

    private func startingPlaces(
        _ assigned: [TopicPartition]
    ) throws(RecordLogError) -> [TopicPartition: StartingPlace] {
        let log = member.place.log
        let ranges = try log.offsets(of: assigned)
        let committed = try log.committedOffsets(ofGroup: member.group, in: assigned)
        var places: [TopicPartition: StartingPlace] = [:]
        for (index, partition) in assigned.enumerated() {
            let range = ranges[index]
            let offset: Int64
            switch (committed[index], specification.settings.startingPosition) {
            // Behind the end: the topic was made anew.
            case (let committed?, _): offset = committed > range.end ? range.start : committed
            case (nil, .trimHorizon): offset = range.start
            case (nil, .latest): offset = endsAtStart?[partition] ?? range.start
            }
            places[partition] = StartingPlace(
                offset: max(offset, range.start), isCommitted: committed[index] == max(offset, range.start),
                end: range.end, lost: max(0, range.start - offset))
        }
        return places
    }

    private mutating func begin(_ partition: TopicPartition, _ place: StartingPlace) {
        runsCount += 1
        let source = PartitionSource(
            shardID: "\(partition.topic)-\(partition.partition)", startingAt: place.offset,
            settings: specification.settings, isEnabled: specification.isEnabled)
        partitions[partition] = AssignedPartition(
            run: runsCount, partition: partition, source: source,
            committedOffset: place.isCommitted ? place.offset : nil, end: place.end)
        if place.lost > 0 { tellLost(place.lost, before: place.offset, of: partition) }
    }

    /// Lets calls under way end, within the time, and commits what is finished.
    private mutating func settle(_ leaving: Set<TopicPartition>) {
        for partition in leaving {
            step(partition) { $0.setEnabled(false, at: $1) }
        }
        let deadline = DispatchTime.now().uptimeNanoseconds + member.place.settleMilliseconds * 1_000_000
        while leaving.contains(where: { partitions[$0]?.source.engine.isSettled == false }) {
            let now = DispatchTime.now().uptimeNanoseconds
            guard now < deadline else { break }
            member.rest(milliseconds: Int((deadline - now) / 1_000_000) + 1)
            takeMessages(answersOnly: true)
        }
        do throws(RecordLogError) {
            try commit(leaving.filter { partitions[$0]?.commitDueMilliseconds != nil }, at: clock())
        } catch {
            tellTrouble(error)
        }
    }

    private mutating func forget(_ gone: [TopicPartition]) {
        for partition in gone { partitions[partition] = nil }
    }

    private mutating func leave() {
        settle(Set(partitions.keys))
        partitions = [:]
        member.noteConsumer(nil)
        consumer?.close()
        consumer = nil
    }

    // MARK: Offsets

    private mutating func commitDue(at now: UInt64) throws(RecordLogError) {
        let due = partitions.values.filter { $0.commitDueMilliseconds.map { $0 <= now } ?? false }
        try commit(due.map(\.partition), at: now)
    }

    private mutating func commit(_ due: some Sequence<TopicPartition>, at now: UInt64) throws(RecordLogError) {
        var offsets: [TopicPartition: Int64] = [:]
        for partition in due { offsets[partition] = partitions[partition]?.source.committableOffset }
        guard !offsets.isEmpty, let consumer else { return }
        for partition in offsets.keys { partitions[partition]?.commitMilliseconds = now }
        do throws(RecordLogError) {
            try consumer.commit(offsets)
        } catch {
            // While the group shares out its partitions anew nothing can be committed: later, or its records come again.
            guard error.isRetriable else { throw error }
            return
        }
        for (partition, offset) in offsets {
            partitions[partition]?.committedOffset = offset
            partitions[partition]?.hasFinishedBatch = false
        }
    }

    /// For the lag, and no more: what cannot be asked is asked again later.
    private mutating func readEnds(at now: UInt64) {
        guard now >= endsReadMilliseconds + Self.endsMilliseconds, !partitions.isEmpty else { return }
        endsReadMilliseconds = now
        guard let ends = try? ends(of: Array(partitions.keys)) else { return }
        for (partition, end) in ends { partitions[partition]?.end = end }
    }

    private mutating func obeyRoom(_ consumer: any GroupConsumer) throws(RecordLogError) {
        let full = partitions.values.filter { !$0.isPaused && $0.source.isFull }.map(\.partition)
        let free = partitions.values.filter { $0.isPaused && $0.source.hasRoom }.map(\.partition)
        if !full.isEmpty { try consumer.pause(Set(full)) }
        for partition in full { partitions[partition]?.isPaused = true }
        if !free.isEmpty { try consumer.resume(Set(free)) }
        for partition in free { partitions[partition]?.isPaused = false }
    }

    // MARK: Time

    private mutating func tickAll() {
        let now = clock()
        for (partition, assigned) in partitions {
            guard let timer = assigned.source.engine.timerMilliseconds, timer <= now else { continue }
            let hasWindows = assigned.source.engine.settings.hasTumblingWindows
            let end = hasWindows ? (try? ends(of: [partition])[partition]) : assigned.end
            step(partition) { $0.tick(end: end ?? Int64.max, at: $1) }
        }
    }

    // MARK: What people see

    /// Tells of the log's trouble when it begins, changes or ends.
    mutating func tellTrouble(_ error: RecordLogError?) {
        let text = error?.description
        guard text != toldTrouble else { return }
        let reports = member.place.reports
        if let text {
            reports.logger.warning(
                "a mapping's topic cannot be read",
                metadata: reports.metadata(of: specification).merging(["reason": "\(text)"]) { $1 })
        } else {
            reports.logger.notice("a mapping's topic can be read again", metadata: reports.metadata(of: specification))
        }
        toldTrouble = text
    }

    private mutating func refreshStatus() {
        let sources = partitions.values.map(\.source)
        let isSettled = sources.allSatisfy(\.engine.isSettled)
        switch (specification.isEnabled, isSettled) {
        case (true, _): status.state = sources.contains(where: \.engine.isUpdating) ? .updating : .enabled
        case (false, true): status.state = .disabled
        case (false, false): status.state = .disabling
        }
        status.membership?.lag = Dictionary(
            uniqueKeysWithValues: partitions.map { ($0.key.partition, $0.value.lag) })
        status.membership?.oldestMilliseconds =
            sources.compactMap { $0.held.first?.reference.approximateMilliseconds }.min()
        status.backlog = partitions.values.reduce(0) { $0 + UInt64($1.lag) }
        member.publish(status)
    }
}
