import Bytes
import ChangeStream
import EventSource
import Partition
import Replication

/// What a mapping owes: the matching records that are neither handled nor given up (I17, I18).
final class MappingAudit {
    let table: TableDefinition.Number
    let filter: SimulatedMapping.Filter
    /// Matching sequence numbers that are not finished, by key.
    private(set) var open: [ByteKey: [UInt64]] = [:]
    private var keys: [UInt64: ByteKey] = [:]

    init(table: TableDefinition.Number, filter: SimulatedMapping.Filter) {
        self.table = table
        self.filter = filter
    }

    func append(_ record: ChangeRecord, key: ByteKey, in region: RegionName) {
        guard filter.takes(record, in: region) else { return }
        open[key, default: []].append(record.sequence)
        keys[record.sequence] = key
    }

    func finish(_ sequence: UInt64) {
        guard let key = keys.removeValue(forKey: sequence) else { return }
        open[key]?.removeAll { $0 == sequence }
    }

    /// The log lost what is behind this record.
    func cut(behind sequence: UInt64) {
        for (key, sequences) in open where sequences.last.map({ $0 > sequence }) ?? false {
            open[key] = sequences.filter { $0 <= sequence }
        }
        keys = keys.filter { $0.key <= sequence }
    }

    var isDone: Bool { keys.isEmpty }
    var oldest: UInt64? { keys.keys.min() }
}

extension Auditor {
    /// A mapping begins to read, or goes on after a restart.
    ///
    /// - Parameter isStored: whether the position is the stored one. Without one the mapping begins anew with what a stream still shows.
    func adopted(_ mapping: SimulatedMapping, in region: Int, from checkpoint: UInt64, isStored: Bool) {
        if isStored, let known = regions[region].mappings[mapping.index], known.table == mapping.table { return }
        let audit = MappingAudit(table: mapping.table, filter: mapping.filter)
        for record in regions[region].replicas[mapping.table]?.records ?? []
        where record.record.sequence > checkpoint {
            audit.append(record.record, key: record.key, in: names[region])
        }
        regions[region].mappings[mapping.index] = audit
    }

    /// The table is gone, and its stream with it.
    func removed(_ mapping: SimulatedMapping, in region: Int) {
        regions[region].mappings[mapping.index] = nil
    }

    func invoked(_ invocation: Invocation, of mapping: SimulatedMapping, in region: Int) {
        guard let audit = regions[region].mappings[mapping.index], audit.table == mapping.table else { return }
        var name: String { "\(names[region]) \(mapping.name)" }
        let batch = Set(invocation.records.map(\.sequence))
        for reference in invocation.records {
            guard let logged = regions[region].replicas[mapping.table]?.record(reference.sequence) else {
                violate("I17", "\(name) was called with record \(reference.sequence), which is not in the log")
                continue
            }
            require(
                mapping.filter.takes(logged.record, in: names[region]), "I17",
                "\(name) was called with record \(reference.sequence), which its filter does not take")
            let skipped = audit.open[logged.key]?.first { $0 < reference.sequence && !batch.contains($0) }
            require(
                skipped == nil, "I17",
                "\(name) was called with record \(reference.sequence) before \(skipped ?? 0) of the same item")
        }
    }

    func answered(_ call: SimulatedCall, of mapping: SimulatedMapping, in region: Int) {
        switch call.outcome {
        case .success: finished(call.invocation.records.map(\.sequence), of: mapping, in: region)
        case .partialFailure(let lowest, _):
            finished(call.invocation.records.map(\.sequence).filter { $0 < lowest }, of: mapping, in: region)
        case .failure, .notStarted: break
        }
    }

    func finished(_ sequences: [UInt64], of mapping: SimulatedMapping, in region: Int) {
        for sequence in sequences { regions[region].mappings[mapping.index]?.finish(sequence) }
    }

    /// Records are given up only after as many calls as the settings say, or when they are too old.
    func gaveUp(_ discard: Discard, of mapping: SimulatedMapping, in region: Int) {
        switch discard.condition {
        case .retryAttemptsExhausted:
            let retries = mapping.engine.settings.retryAttemptsMax ?? .max
            require(
                discard.invokeCount > retries, "I18",
                "\(names[region]) \(mapping.name) gave up after \(discard.invokeCount) calls")
        case .recordAgeExceeded: break
        }
    }

    func lostToRetention(
        _ lost: LostRecords, of mapping: SimulatedMapping, in region: Int, steadyMilliseconds: UInt64
    ) {
        // The clock may have been ahead for a while without a commit; handlers go by the latest that it ever showed.
        let latest = max(regions[region].latestMilliseconds, steadyMilliseconds)
        for sequence in lost.first..<lost.end {
            if let record = regions[region].replicas[mapping.table]?.record(sequence)?.record {
                require(
                    latest >= record.commitMilliseconds + Stream.retentionMilliseconds, "I17",
                    "\(names[region]) \(mapping.name) never saw record \(sequence), which was not a day old")
            }
            regions[region].mappings[mapping.index]?.finish(sequence)
        }
    }

    /// A position passes nothing that is not finished.
    func saves(_ positions: EventSourcePositions, of mapping: SimulatedMapping, in region: Int) {
        guard let audit = regions[region].mappings[mapping.index], audit.table == mapping.table else { return }
        let lanes = UInt64(positions.finished.count)
        for (key, sequences) in audit.open {
            guard let first = sequences.first else { continue }
            let lane = Int(Simulation.keyHash(key.bytes) % lanes)
            require(
                positions.finished[lane] < first, "I17",
                "\(names[region]) \(mapping.name): the position \(positions.finished[lane]) of lane \(lane) passes record "
                    + "\(first), which is not finished")
        }
    }

    /// What a mapping still owes, in words; nil for nothing.
    func backlog(of mapping: SimulatedMapping, in region: Int) -> String? {
        guard let audit = regions[region].mappings[mapping.index], audit.table == mapping.table,
            let oldest = audit.oldest
        else { return nil }
        return "\(names[region]) \(mapping.name) has not handled record \(oldest)"
    }
}
