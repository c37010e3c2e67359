import KeyValueStore
import Partition
import Replication

/// Queues and group commits of the regions, as `RegionWriter` has them.
extension Simulation {
    /// Queues a command. The completion runs when the outcome is durable, or unknown.
    func submit(_ command: Command, to region: SimulatedRegion, _ completion: @escaping (Reply) -> Void) {
        guard region.isServing else { return completion(.failed(.unknownOutcome)) }
        region.mailbox.append(.init(command: command, completion: completion))
        planCommit(region)
    }

    private func planCommit(_ region: SimulatedRegion) {
        guard !region.isCommitPlanned, region.inFlight == nil, !region.mailbox.isEmpty else { return }
        region.isCommitPlanned = true
        plan(.commitBegins(region.index, life: region.life), in: random.upTo(1))
    }

    func beginCommit(_ region: SimulatedRegion, _ life: Int) throws(StoreError) {
        guard region.life == life, region.isServing else { return }
        region.isCommitPlanned = false
        let envelopes = region.takeEnvelopes(max: Self.commandsPerGroupMax)
        let wall = wallMilliseconds(region)
        var group = WriteGroup(reading: region.store)
        var replies: [Reply] = []
        replies.reserveCapacity(envelopes.count)
        for envelope in envelopes {
            replies.append(
                try region.engine.apply(
                    envelope.command, wallMilliseconds: mutatedWall(wall, for: envelope.command), group: &group))
        }
        region.engine.advanceClock(wallMilliseconds: wall)
        _ = region.engine.finish(&group)
        region.inFlight = .init(
            completions: envelopes.map(\.completion), replies: replies, batch: group.batch,
            needsSync: group.needsSync && mutation != .unsyncedWrites, wallMilliseconds: wall)
        if mutation == .answerBeforeCommit {
            for (envelope, reply) in zip(envelopes, replies) { envelope.completion(reply) }
        }
        let delay = group.needsSync ? random.upTo(options.syncMillisecondsMax) : 0
        plan(.commitEnds(region.index, life: life), in: delay)
    }

    private func mutatedWall(_ wall: UInt64, for command: Command) -> UInt64 {
        guard mutation == .renewedItemExpires, case .deleteExpired = command else { return wall }
        return wall + 3_600_000
    }

    func endCommit(_ region: SimulatedRegion, _ life: Int) throws(StoreError) {
        guard region.life == life, region.isServing, let group = region.inFlight else { return }
        region.inFlight = nil
        do throws(StoreError) {
            if !group.batch.isEmpty || group.needsSync { try commit(group, in: region) }
        } catch {
            note("\(region.name): a commit failed: \(error)")
            return fail(region, group)
        }
        region.publish(group.batch)
        auditor.checkPublished(region.published, of: region.index)
        if mutation != .answerBeforeCommit {
            for (completion, reply) in zip(group.completions, group.replies) { completion(reply) }
        }
        wakeLinks(from: region)
        wakeHandlers(of: region)
        planCommit(region)
    }

    private func commit(_ group: SimulatedRegion.Group, in region: SimulatedRegion) throws(StoreError) {
        try region.store.commit(group.batch, durability: group.needsSync ? .synced : .buffered)
        statistics.commits += 1
        trace.add(nowMilliseconds &+ UInt64(group.batch.operations.count))
        learnNewTables(of: region)
        try auditor.committed(
            group.batch, in: region.index, wallMilliseconds: group.wallMilliseconds, isSynced: group.needsSync)
    }

    private func learnNewTables(of region: SimulatedRegion) {
        guard region.engine.nextTableNumber != region.published.nextTableNumber else { return }
        auditor.learnTables(of: region.engine)
    }

    /// The outcome is unknown: the region refuses everything until it is started again.
    private func fail(_ region: SimulatedRegion, _ group: SimulatedRegion.Group) {
        region.hasFailed = true
        region.failedMilliseconds = group.wallMilliseconds
        statistics.failedCommits += 1
        let waiting = region.mailbox
        region.mailbox = []
        for completion in group.completions + waiting.map(\.completion) { completion(.failed(.unknownOutcome)) }
        // Somebody starts it again. One process for all regions has to end as a whole.
        plan(.faultEnds(.failedRegion(region.index)), in: 200 + random.upTo(3000))
    }

    // MARK: Crashes

    /// The process of the region dies. What of the running commit has reached the disk is drawn.
    func crash(_ region: SimulatedRegion, losesPower: Bool) throws(StoreError) {
        guard !region.isDown else { return }
        note("\(region.name): \(losesPower ? "power failure" : "killed")")
        statistics.crashes += 1
        region.life += 1
        region.isDown = true
        region.isCommitPlanned = false
        let group = region.inFlight
        region.inFlight = nil
        if let group, !group.batch.isEmpty, !region.hasFailed, random.isTrue(percent: 50) {
            if mutation == .tornBatch {
                region.store.leaveHalf(of: group.batch)
            } else {
                region.store.leave(group.batch)
            }
            learnNewTables(of: region)
            try auditor.committed(
                group.batch, in: region.index, wallMilliseconds: group.wallMilliseconds, isSynced: false,
                isAnswered: false)
        }
        if losesPower {
            statistics.powerFailures += 1
            let lost = region.store.losePower(batches: Int(random.upTo(region.store.unsyncedCount)))
            statistics.lostBatches += lost
            auditor.lost(batches: lost, in: region.index)
        }
        let waiting = region.mailbox
        region.mailbox = []
        for completion in (group?.completions ?? []) + waiting.map(\.completion) {
            completion(.failed(.unknownOutcome))
        }
        region.mappings = []
        region.patience = [:]
        for link in links where link.source === region || link.target === region { link.reset() }
        jobs.abort(touching: region.index)
        plan(.starts(region.index), in: 50 + random.upTo(2000))
    }

    func start(_ region: SimulatedRegion) throws(StoreError) {
        guard region.isDown else { return }
        let hidden = region.store.reopen()
        region.isDown = false
        region.hasFailed = false
        try region.reload()
        if let hidden {
            auditor.learnTables(of: region.engine)
            try auditor.committed(
                hidden, in: region.index, wallMilliseconds: region.failedMilliseconds, isSynced: true,
                isAnswered: false)
        }
        if mutation == .clockForgotten { try forgetClock(of: region) }
        note("\(region.name): starts\(hidden == nil ? "" : ", and finds the batch of the failed commit")")
        try auditor.checkRestarted(region)
        try beginReading(in: region)
        for link in links where link.source === region || link.target === region { wake(link) }
        jobs.mustResume = true
        planJob(in: 10)
    }

    private func forgetClock(of region: SimulatedRegion) throws(StoreError) {
        var batch = WriteBatch()
        batch.delete(StorageKeys.clock, in: .metadata)
        region.store.leave(batch)
        try auditor.committed(batch, in: region.index, wallMilliseconds: 0, isSynced: false)
        try region.reload()
    }
}
