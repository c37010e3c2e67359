/// When a lane sends, and what (reference `event-source-mapping.md` 3).
extension Lane {
    /// The next thing to do, if it can be done now; the lane is not settled afterwards.
    mutating func nextStep(_ context: LaneContext) -> LaneStep? {
        guard isSettled, context.nowMilliseconds >= wakeMilliseconds else { return nil }
        if let step = endWindowIfDue(context) { return step }
        guard !context.isDraining, !queue.isEmpty else { return nil }
        if stretches.isEmpty {
            guard let count = batchIfComplete(context) else { return nil }
            stretches.append(Stretch(count: count))
            stretchedCount = count
        }
        return sendOrGiveUp(context)
    }

    /// When `nextStep` may have something to do though nothing else happens; nil when only an answer or a record can
    /// change that.
    func timerMilliseconds(_ context: LaneContext) -> UInt64? {
        guard isSettled else { return nil }
        let sending = sendingTimerMilliseconds(context)
        guard let waiting = gate?.timerMilliseconds(context.settings) else { return sending }
        return min(sending ?? .max, waiting)
    }

    private func sendingTimerMilliseconds(_ context: LaneContext) -> UInt64? {
        if let window, window.open.endsEarly { return wakeMilliseconds }
        if !stretches.isEmpty || wakeMilliseconds > context.nowMilliseconds {
            return context.isDraining ? nil : wakeMilliseconds
        }
        var timer: UInt64?
        if !queue.isEmpty, !context.isDraining, let since = batchingSinceMilliseconds {
            timer = since + context.settings.batchingWindowMilliseconds
        }
        if let window, !context.isReadingBehind, window.open.endMilliseconds > context.caughtUpMilliseconds {
            timer = min(timer ?? .max, window.open.endMilliseconds)
        }
        return timer
    }

    /// How many records from the front of the queue make a batch that is sent now; nil when more may come first.
    ///
    /// Continues where the last call stopped: each record is looked at once for a batch.
    private mutating func batchIfComplete(_ context: LaneContext) -> Int? {
        guard let first = queue.first else { return nil }
        let settings = context.settings
        let shard = context.shards.shard(of: first.sequence)
        openWindow(for: first, context)
        let windowEnd = window?.open.endMilliseconds ?? .max
        let payloadMax = EventSourceEngine.recordsBytesMax - (window?.open.state.count ?? 0)
        while !gathering.isClosed, gathering.count < queue.count {
            let record = queue[gathering.count]
            let unit = queue.unit(at: gathering.count)
            let bytes = gathering.payloadBytes + unit.payloadBytes
            let isOverfull = bytes > payloadMax || gathering.count + unit.count > settings.batchSize
            if record.sequence >= shard.end ?? .max || record.approximateMilliseconds >= windowEnd
                || (gathering.count > 0 && isOverfull)
            {
                gathering.isClosed = true
            } else {
                gathering.count += unit.count
                gathering.payloadBytes = bytes
                gathering.isClosed = gathering.count >= settings.batchSize
            }
        }
        let isShardRead = shard.end.map { takenUpTo + 1 >= $0 } ?? false
        let since = batchingSinceMilliseconds ?? context.nowMilliseconds
        guard
            gathering.isClosed || isShardRead || context.caughtUpMilliseconds >= windowEnd
                || context.nowMilliseconds >= since + settings.batchingWindowMilliseconds
        else { return nil }
        return gathering.count
    }

    /// Sends the front stretch, or the part of it before a record that is too old; gives up what is too old at its
    /// front.
    private mutating func sendOrGiveUp(_ context: LaneContext) -> LaneStep {
        let count = stretches[stretches.count - 1].count
        let expired = unitsCount(below: count) { isExpired(unit: $0, context) }
        if expired > 0 {
            cutStretch(at: expired)
            return giveUp(.recordAgeExceeded, context)
        }
        let fresh = unitsCount(below: count) { !isExpired(unit: $0, context) }
        cutStretch(at: fresh)
        openWindow(for: queue[0], context)
        window?.isUsed = true
        return .invoke(
            shardID: context.shards.shard(of: queue[0].sequence).id, records: queue.prefix(fresh),
            attempt: stretches[stretches.count - 1].invokeCount + 1, window: windowInvocation(isFinal: false))
    }

    /// Gives up the front stretch; it is finished when its destination is settled.
    func giveUp(_ condition: Discard.Condition, _ context: LaneContext) -> LaneStep {
        let stretch = stretches[stretches.count - 1]
        return .discard(
            shardID: context.shards.shard(of: queue[0].sequence).id, records: queue.prefix(stretch.count),
            condition: condition, stretch: stretch)
    }

    /// How many records at the front belong to units that one after the other fulfil a condition.
    private func unitsCount(below end: Int, while condition: (Range<Int>) -> Bool) -> Int {
        var offset = 0
        while offset < end {
            let next = min(end, offset + queue.unit(at: offset).count)
            guard condition(offset..<next) else { break }
            offset = next
        }
        return offset
    }

    /// Records that must come together are given up together.
    private func isExpired(unit: Range<Int>, _ context: LaneContext) -> Bool {
        unit.contains { isExpired(queue[$0], context) }
    }

    private func isExpired(_ record: RecordReference, _ context: LaneContext) -> Bool {
        if record.sequence < context.trimmedBefore { return true }
        guard let ageMax = context.settings.recordAgeMaxMilliseconds else { return false }
        return context.nowMilliseconds > record.approximateMilliseconds
            && context.nowMilliseconds - record.approximateMilliseconds > ageMax
    }
}
