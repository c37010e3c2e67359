import KeyValueStore
import Synchronization

/// A region's disk: a store in memory that knows which batches would survive a power failure, and that fails when it is told to.
///
/// A crash of the process loses nothing that was committed; a power failure loses some of the newest batches that no synced commit came
/// after (`reliability.md` 2.9). Batches are whole or gone: the store below promises that.
final class SimulatedStore: KeyValueStore {
    enum Fault: Sendable {
        /// The commit fails. After the store was opened again the batch is there, or it is not.
        case failedSync(isKept: Bool)
        /// The commit fails, and nothing of it was written.
        case diskFull
    }

    private struct State: Sendable {
        /// What undoes the batches that a power failure may lose, oldest first.
        var undo: [WriteBatch] = []
        var fault: Fault?
        /// Set by a failed commit.
        var isPoisoned = false
        /// A batch whose commit failed, and which opening the store again brings to light.
        var hidden: WriteBatch?
    }

    private let memory = MemoryStore()
    private let state = Mutex(State())

    func snapshot() -> MemoryStore.Snapshot { memory.snapshot() }

    func value(of key: [UInt8], in space: Space) -> [UInt8]? { memory.value(of: key, in: space) }

    func scan(
        _ range: KeyRange, in space: Space, reverse: Bool,
        _ visit: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScanStep
    ) {
        memory.scan(range, in: space, reverse: reverse, visit)
    }

    func commit(_ batch: WriteBatch, durability: Durability) throws(StoreError) {
        let failure: StoreError? = state.withLock { state in
            if state.isPoisoned { return .poisoned(reason: "a commit failed") }
            guard let fault = state.fault else { return nil }
            state.isPoisoned = true
            switch fault {
            case .failedSync(let isKept):
                state.fault = nil
                if isKept { state.hidden = batch }
                return .failed(reason: "fdatasync: input/output error")
            case .diskFull:
                return .failed(reason: "no space left on device")
            }
        }
        if let failure { throw failure }
        apply(batch, durability: durability)
    }

    private func apply(_ batch: WriteBatch, durability: Durability) {
        switch durability {
        case .synced: state.withLock { $0.undo.removeAll() }
        case .buffered:
            let inverse = inverse(of: batch)
            state.withLock { $0.undo.append(inverse) }
        }
        memory.commit(batch, durability: durability)
    }

    // MARK: Faults

    /// What the next commit meets; nil lets it succeed.
    func set(_ fault: Fault?) {
        state.withLock { $0.fault = fault }
    }

    /// How many of the newest batches a power failure may lose, the one included whose commit failed.
    var unsyncedCount: Int { state.withLock { $0.undo.count + ($0.hidden == nil ? 0 : 1) } }

    /// The power fails: the newest `count` batches are gone. Answers how many of them could be seen.
    func losePower(batches count: Int) -> Int {
        var lost = count
        state.withLock { state in
            guard lost > 0, state.hidden != nil else { return }
            // It was written last.
            state.hidden = nil
            lost -= 1
        }
        for _ in 0..<lost {
            guard let batch = state.withLock({ $0.undo.popLast() }) else { break }
            memory.commit(batch, durability: .synced)
        }
        state.withLock { $0.undo.removeAll() }
        return lost
    }

    /// Opens the store again after a crash or a failure. Answers the batch that came to light.
    ///
    /// What is read back is durable: RocksDB writes what it finds in its log to synced files before it serves anything.
    func reopen() -> WriteBatch? {
        let hidden = state.withLock { state in
            state.isPoisoned = false
            defer { state.hidden = nil }
            return state.hidden
        }
        if let hidden { apply(hidden, durability: .synced) }
        state.withLock { $0.undo.removeAll() }
        return hidden
    }

    /// The process died while it committed: the batch has reached the disk, and nobody knows.
    func leave(_ batch: WriteBatch) {
        apply(batch, durability: .buffered)
    }

    /// Breaks the promise that batches are whole, for the check that the simulator would notice.
    func leaveHalf(of batch: WriteBatch) {
        leave(WriteBatch(Array(batch.operations.prefix((batch.operations.count + 1) / 2))))
    }

    private func inverse(of batch: WriteBatch) -> WriteBatch {
        var undo: [WriteBatch.Operation] = []
        undo.reserveCapacity(batch.operations.count)
        for operation in batch.operations {
            switch operation {
            case .put(let key, _, let space), .delete(let key, let space):
                undo.append(restoring(key, in: space))
            case .deleteRange(let lower, let upper, let space):
                memory.scan(KeyRange(lower: lower, upper: upper), in: space, reverse: false) { key, value in
                    undo.append(.put(key: Array(key), value: Array(value), space: space))
                    return .next
                }
            }
        }
        // The state before the batch is restored by its first change of each key, so that one has to come last.
        undo.reverse()
        return WriteBatch(undo)
    }

    private func restoring(_ key: [UInt8], in space: Space) -> WriteBatch.Operation {
        guard let value = memory.value(of: key, in: space) else { return .delete(key: key, space: space) }
        return .put(key: key, value: value, space: space)
    }
}
