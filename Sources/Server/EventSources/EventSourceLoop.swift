import Dispatch
import EventSource
import Functions
import KeyValueStore
import Partition
import Region

/// The host's thread: takes messages, lets every stream be read, obeys the engines, saves positions.
struct EventSourceLoop {
    /// How often all mappings are looked at when nothing else is due: statuses, positions, streams that come; in milliseconds.
    static let roundMilliseconds: UInt64 = 100

    unowned let host: EventSourceHost
    var mappings: [String: HostedMapping] = [:]
    var feeds: [String: StreamFeed] = [:]
    /// Mappings whose stream does not exist (yet): tried again in each round.
    var waiting: [String: MappingSpecification] = [:]
    /// How many lives of mappings have begun.
    private var runsCount: UInt64 = 0
    /// Whether messages came since the last round, so that others may soon see something new.
    private var hasNews = false
    private var steadyClock = SteadyClock()
    private var lastRoundMilliseconds: UInt64 = 0
    /// The earliest timer of an engine, or an earlier moment.
    var timerMilliseconds: UInt64 = .max

    init(host: EventSourceHost) {
        self.host = host
    }

    mutating func run() {
        while !host.mustStop {
            takeMessages(at: clock())
            var hasMore = false
            for arn in feeds.keys.sorted() {
                let isUnfinished = readTurn(of: arn, at: clock())
                hasMore = isUnfinished || hasMore
            }
            let now = clock()
            if now >= timerMilliseconds || now >= lastRoundMilliseconds + Self.roundMilliseconds {
                let hasAdopted = round(at: now)
                hasMore = hasAdopted || hasMore
            }
            if !hasMore { host.wait(milliseconds: restMilliseconds(at: now)) }
        }
        takeMessages(at: clock())
        for id in mappings.keys { save(id, at: clock(), isUrgent: true) }
        _ = host.region.perform(.flush)
    }

    /// How long the host may sleep unless it is signalled.
    private func restMilliseconds(at now: UInt64) -> Int {
        let isIdle = !hasNews && waiting.isEmpty && mappings.values.allSatisfy { $0.unsavedPositions == nil }
        let round = isIdle ? UInt64(EventSourceHost.pollMilliseconds) : Self.roundMilliseconds
        return Int(min(round, max(timerMilliseconds, now + 1) - now))
    }

    private mutating func clock() -> UInt64 { steadyClock.read(host.region.wallClock.milliseconds) }

    // MARK: Messages

    private mutating func takeMessages(at now: UInt64) {
        for message in host.takeMessages() {
            hasNews = true
            switch message {
            case .put(let specification): put(specification, at: now)
            case .remove(let id): remove(id)
            case .completed(let run, let invocation, let outcome, let problem):
                let id = run.id
                guard mappings[id]?.run == run else { continue }
                note(outcome, problem, of: id)
                let effects = mappings[id]?.engine.completed(invocation, outcome, at: now) ?? []
                // Records that this call was the last for are given up in its name.
                perform(effects, of: id, at: now)
                mappings[id]?.requestIDs[invocation] = nil
            case .settled(let run, let discard):
                let id = run.id
                guard mappings[id]?.run == run else { continue }
                perform(mappings[id]?.engine.destinationSettled(discard, at: now) ?? [], of: id, at: now)
            }
        }
    }

    private mutating func put(_ specification: MappingSpecification, at now: UInt64) {
        if let known = mappings[specification.id], known.specification.streamARN == specification.streamARN {
            update(specification, from: known.specification, at: now)
        } else {
            if mappings[specification.id] != nil { detach(specification.id) }
            waiting[specification.id] = specification
        }
    }

    private mutating func update(
        _ specification: MappingSpecification, from old: MappingSpecification, at now: UInt64
    ) {
        let id = specification.id
        mappings[id]?.specification = specification
        var effects: [EventSourceEffect] = []
        if specification.settings != old.settings {
            effects += mappings[id]?.engine.update(specification.settings, at: now) ?? []
        }
        if specification.isEnabled != old.isEnabled {
            effects +=
                (specification.isEnabled ? mappings[id]?.engine.enable(at: now) : mappings[id]?.engine.disable(at: now))
                ?? []
        }
        if specification.filters != old.filters
            || specification.settings.transactionDelivery != old.settings.transactionDelivery
        {
            feeds[specification.streamARN]?.setFilters(of: specification)
        }
        perform(effects, of: id, at: now)
    }

    private mutating func remove(_ id: String) {
        let specification = mappings[id]?.specification ?? waiting[id]
        detach(id)
        waiting[id] = nil
        if let specification {
            let name = Checkpoint.name(of: specification)
            // Done before anything else: a mapping that is made with the same id must not find the old position.
            _ = host.region.perform(.keep(KeptValue(name: name, value: nil, isDurable: true)))
        }
        host.forget(id)
    }

    /// Takes a mapping off its stream.
    private mutating func detach(_ id: String) {
        guard let mapping = mappings.removeValue(forKey: id) else { return }
        let arn = mapping.specification.streamARN
        feeds[arn]?.remove(id)
        if feeds[arn]?.isEmpty == true { feeds[arn] = nil }
    }

    // MARK: Streams that come and go

    /// Answers whether a mapping has come to its stream.
    private mutating func adoptWaiting(at now: UInt64) -> Bool {
        var hasAdopted = false
        for (id, specification) in waiting {
            guard
                let log = StreamLog(
                    arn: specification.streamARN, tableName: specification.tableName, in: host.region)
            else {
                var status = MappingStatus(state: specification.isEnabled ? .enabled : .disabled)
                status.problem = "the region has no stream \(specification.streamARN)"
                host.publish(status, of: id)
                continue
            }
            waiting[id] = nil
            do throws(StoreError) {
                try adopt(specification, log, at: now)
                hasAdopted = true
            } catch {
                tellStoreFailure(error, id)
                waiting[id] = specification
            }
        }
        return hasAdopted
    }

    private mutating func adopt(
        _ specification: MappingSpecification, _ log: StreamLog, at now: UInt64
    ) throws(StoreError) {
        let id = specification.id
        let stored = try KeptValue.values(
            withPrefix: Checkpoint.name(of: specification), reading: host.region.store
        ).first { $0.name == Checkpoint.name(of: specification) }
        let found = stored.flatMap { Checkpoint.positions($0.value, streamARN: specification.streamARN) }
        let positions =
            if let found {
                found
            } else {
                EventSourcePositions(
                    starting: specification.settings.startingPosition, oldestSequence: try log.horizon(),
                    nextSequence: log.nextSequence, lanes: specification.settings.parallelizationFactor)
            }
        let engine = EventSourceEngine(
            settings: specification.settings, shards: log.shards, positions: positions,
            isEnabled: specification.isEnabled)
        runsCount += 1
        var mapping = HostedMapping(
            run: MappingRun(id: id, number: runsCount), specification: specification, engine: engine,
            status: host.status(of: id) ?? MappingStatus(state: .creating))
        // What was wrong before concerned its stream.
        mapping.status.problem = nil
        // LATEST must stay what it was when the mapping was made, whatever happens before the first batch.
        if found == nil { mapping.unsavedPositions = positions }
        mappings[id] = mapping
        let feed = feeds[specification.streamARN] ?? StreamFeed(log)
        feed.setFilters(of: specification)
        feeds[specification.streamARN] = feed
        save(id, at: now, isUrgent: true)
    }

    // MARK: Reading

    /// Reads one turn of a stream for all its mappings. Answers whether there is more to read at once.
    private mutating func readTurn(of arn: String, at now: UInt64) -> Bool {
        guard let feed = feeds[arn] else { return false }
        if feed.refresh() {
            let shards = feed.log.shards
            for id in feed.mappings {
                perform(mappings[id]?.engine.shardsChanged(shards, at: now) ?? [], of: id, at: now)
            }
        }
        for id in feed.mappings { checkTrim(of: id, feed.log, at: now) }
        let requests = feed.mappings.compactMap { id in
            mappings[id]?.engine.readRequest.map { (id: id, request: $0) }
        }
        do throws(StoreError) {
            var hasMore = false
            let readings = try feed.read(requests)
            tellArrivals(of: feed, readings, at: now)
            for reading in readings {
                let effects =
                    mappings[reading.mapping]?.engine.recordsRead(
                        reading.records, after: reading.after, upTo: reading.upTo, at: now) ?? []
                perform(effects, of: reading.mapping, at: now)
                hasMore = hasMore || reading.hasMore
            }
            return hasMore
        } catch {
            for id in feed.mappings { tellStoreFailure(error, id) }
            return false
        }
    }

    /// Tells mappings that deliver complete transactions which are whole: as of now, which is not before what was just read.
    private mutating func tellArrivals(of feed: StreamFeed, _ readings: [StreamFeed.Reading], at now: UInt64) {
        let listening = feed.mappings.filter { id in
            guard let engine = mappings[id]?.engine, engine.settings.deliversCompleteTransactions else { return false }
            return engine.isHoldingTransactions
                || readings.contains { $0.mapping == id && $0.records.contains { $0.transaction != nil } }
        }
        guard !listening.isEmpty else { return }
        let arriving = feed.log.arrivingTransactions
        for id in listening { perform(mappings[id]?.engine.transactionsSeen(arriving, at: now) ?? [], of: id, at: now) }
    }

    /// Records may have gone from the log, or have grown older than a stream shows.
    private mutating func checkTrim(of id: String, _ log: StreamLog, at now: UInt64) {
        guard let mapping = mappings[id], let request = mapping.engine.readRequest else { return }
        let isDue = now >= mapping.trimCheckMilliseconds + EventSourceHost.trimCheckMilliseconds
        guard request.after + 1 < log.nextSequence, isDue || request.after + 1 < log.firstSequence else { return }
        mappings[id]?.trimCheckMilliseconds = now
        guard let horizon = try? log.horizon(), horizon > request.after + 1 else { return }
        perform(mappings[id]?.engine.trimmed(before: horizon, at: now) ?? [], of: id, at: now)
    }

    // MARK: Time

    /// Looks at every mapping: engines that are due, positions to save, what others may see. Answers whether there are new ones to read for.
    private mutating func round(at now: UInt64) -> Bool {
        lastRoundMilliseconds = now
        hasNews = false
        timerMilliseconds = .max
        let hasAdopted = adoptWaiting(at: now)
        for id in Array(mappings.keys) {
            let arn = mappings[id]?.specification.streamARN ?? ""
            let nextSequence = feeds[arn]?.log.nextSequence ?? 1
            if let timer = mappings[id]?.engine.timerMilliseconds, timer <= now {
                perform(mappings[id]?.engine.tick(lastSequence: nextSequence - 1, at: now) ?? [], of: id, at: now)
            }
            noteTimer(of: id)
            save(id, at: now, isUrgent: false)
            mappings[id]?.refreshStatus(nextSequence: nextSequence)
            if let status = mappings[id]?.status { host.publish(status, of: id) }
        }
        return hasAdopted
    }

    mutating func noteTimer(of id: String) {
        if let timer = mappings[id]?.engine.timerMilliseconds { timerMilliseconds = min(timerMilliseconds, timer) }
    }

    private mutating func save(_ id: String, at now: UInt64, isUrgent: Bool) {
        guard let mapping = mappings[id], let positions = mapping.unsavedPositions else { return }
        let delay = mapping.hasFinishedBatch ? 0 : HostedMapping.checkpointDelayMilliseconds
        guard isUrgent || now >= mapping.savedMilliseconds + delay else { return }
        let value = Checkpoint.value(positions, streamARN: mapping.specification.streamARN)
        let name = Checkpoint.name(of: mapping.specification)
        host.region.submit(.keep(KeptValue(name: name, value: value, isDurable: false))) { _ in }
        mappings[id]?.unsavedPositions = nil
        mappings[id]?.hasFinishedBatch = false
        mappings[id]?.savedMilliseconds = now
    }
}
