/// Holds back records of transactions that have not arrived whole, and records that must come behind those (DESIGN.md 7: order per key).
///
/// A transaction is whole when the region says that none of its items is missing, and when all records of it that the stream has were read:
/// as many as there can be, or everything that the log held at a moment when it had arrived. None waits for ever: see
/// `TransactionInParts.Reason`.
struct TransactionGate: Sendable {
    /// Records that a mapping holds; beyond it the transaction that has waited longest is delivered as far as it is there.
    static let heldRecordsMax = 10_000

    /// What may go to the function now.
    struct Release {
        /// Records of one unit are neighbours and carry its number.
        var records: [RecordReference] = []
        var inParts: [TransactionInParts] = []
    }

    private struct Waiting {
        let isLocal: Bool
        let recordsMax: Int
        var read = 0
        var lastSequence: UInt64 = 0
        let sinceMilliseconds: UInt64
        /// The transaction had arrived when the log held nothing from here on.
        var arrivedBefore: UInt64?
        var givenUp: TransactionInParts.Reason?

        /// Lower for those that have waited longer.
        var age: (UInt64, UInt64) { (sinceMilliseconds, lastSequence) }
    }

    /// Ascending by sequence number.
    private var held: [RecordReference] = []
    private var transactions: [String: Waiting] = [:]
    private var arriving = ArrivingTransactions(nextSequence: 0)
    private var unitsCount: UInt64 = 0
    private var hasNews = false
    private var lastReadUpTo: UInt64 = 0

    /// The first record that is held.
    var lowestSequence: UInt64? { held.first?.sequence }
    /// Whether a transaction is looked for or a record is held.
    var isHolding: Bool { !transactions.isEmpty || !held.isEmpty }

    mutating func take(_ record: RecordReference, nowMilliseconds: UInt64) {
        hasNews = true
        if let transaction = record.transaction {
            var waiting =
                transactions[transaction.id]
                ?? Waiting(
                    isLocal: transaction.isLocal, recordsMax: transaction.recordsMax,
                    sinceMilliseconds: nowMilliseconds)
            waiting.read += 1
            waiting.lastSequence = record.sequence
            transactions[transaction.id] = waiting
        }
        if record.matches { held.append(record) }
    }

    mutating func see(_ arriving: ArrivingTransactions) {
        guard arriving != self.arriving else { return }
        hasNews = true
        self.arriving = arriving
    }

    /// When a transaction that has not arrived will have waited long enough.
    func timerMilliseconds(_ settings: MappingSettings) -> UInt64? {
        transactions.lazy.filter { $0.value.givenUp == nil && arriving.incomplete.contains($0.key) }
            .map(\.value.sinceMilliseconds).min().map { $0 + settings.transactionWaitMaxMilliseconds }
    }

    /// - Parameter readUpTo: everything up to here was taken, or is not for the mapping.
    mutating func release(readUpTo: UInt64, _ context: LaneContext) -> Release {
        let isDue = timerMilliseconds(context.settings).map { context.nowMilliseconds >= $0 } ?? false
        guard isHolding, hasNews || isDue || readUpTo != lastReadUpTo else { return Release() }
        hasNews = false
        lastReadUpTo = readUpTo
        for (id, waiting) in transactions { transactions[id] = looked(at: waiting, id, context) }
        giveUpOldest(transactions.count - Self.heldRecordsMax, upTo: readUpTo)
        var ready = readyTransactions(upTo: readUpTo)
        var units = DeliveryUnits(held) { !ready.contains($0) }
        var count = 1
        while units.blockedCount > Self.heldRecordsMax, giveUpOldest(count, upTo: readUpTo) {
            count *= 2
            ready = readyTransactions(upTo: readUpTo)
            units = DeliveryUnits(held) { !ready.contains($0) }
        }
        var release = Release()
        for unit in units.ordered() { append(unit.map { held[$0] }, to: &release, context.settings) }
        held = held.indices.filter { units.isBlocked(record: $0) }.map { held[$0] }
        let stillHeld = Set(held.lazy.compactMap(\.transaction?.id))
        for id in ready where !stillHeld.contains(id) { transactions[id] = nil }
        return release
    }

    private func looked(at waiting: Waiting, _ id: String, _ context: LaneContext) -> Waiting {
        var waiting = waiting
        if waiting.isLocal || waiting.givenUp != nil { return waiting }
        if arriving.forgotten.contains(id) {
            waiting.givenUp = .forgotten
        } else if arriving.incomplete.contains(id) {
            waiting.arrivedBefore = nil
            let deadline = waiting.sinceMilliseconds + context.settings.transactionWaitMaxMilliseconds
            if context.nowMilliseconds >= deadline { waiting.givenUp = .waitedTooLong }
        } else if waiting.arrivedBefore == nil, waiting.lastSequence < arriving.nextSequence {
            waiting.arrivedBefore = arriving.nextSequence
        }
        return waiting
    }

    private func isReady(_ waiting: Waiting, upTo readUpTo: UInt64) -> Bool {
        waiting.givenUp != nil || isRead(waiting, upTo: readUpTo)
    }

    /// Whether it has arrived and everything of it was taken.
    private func isRead(_ waiting: Waiting, upTo readUpTo: UInt64) -> Bool {
        if waiting.isLocal {
            return waiting.read >= waiting.recordsMax || readUpTo > waiting.lastSequence
                || readUpTo + 1 >= arriving.nextSequence && arriving.nextSequence > waiting.lastSequence
        }
        guard let arrivedBefore = waiting.arrivedBefore else { return false }
        return waiting.read >= waiting.recordsMax || readUpTo + 1 >= arrivedBefore
    }

    private func readyTransactions(upTo readUpTo: UInt64) -> Set<String> {
        Set(transactions.filter { isReady($0.value, upTo: readUpTo) }.keys)
    }

    /// Gives up transactions that have waited longest. False when none waits.
    @discardableResult
    private mutating func giveUpOldest(_ count: Int, upTo readUpTo: UInt64) -> Bool {
        guard count > 0 else { return false }
        let waiting = transactions.filter { !isReady($0.value, upTo: readUpTo) }.sorted { $0.value.age < $1.value.age }
        for (id, _) in waiting.prefix(count) { transactions[id]?.givenUp = .tooManyWait }
        return !waiting.isEmpty
    }

    private mutating func append(_ unit: [RecordReference], to release: inout Release, _ settings: MappingSettings) {
        let bytes = unit.reduce(0) { $0 + $1.payloadBytes + 1 }
        let isTooLarge = unit.count > settings.batchSize || bytes > EventSourceEngine.recordsBytesMax
        if unit.count > 1 {
            if !isTooLarge { unitsCount += 1 }
            for var record in unit {
                record.unit = isTooLarge ? 0 : unitsCount
                release.records.append(record)
            }
        } else {
            release.records += unit
        }
        var told: Set<String> = []
        for record in unit {
            guard let id = record.transaction?.id, told.insert(id).inserted,
                let reason = transactions[id]?.givenUp ?? (isTooLarge && unit.count > 1 ? .tooLarge : nil)
            else { continue }
            let records = unit.filter { $0.transaction?.id == id }.map(\.sequence)
            release.inParts.append(TransactionInParts(id: id, reason: reason, records: records))
        }
    }
}
