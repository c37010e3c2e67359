import KeyValueStore
import Testing
@testable import Simulation

/// A few seeds of the simulator; the swarm of many runs as a program (`simulator swarm`, docker/test.sh).
@Suite struct SimulationTests {
    /// The last six failed once; their faults are mended.
    @Test("the guarantees hold", arguments: [14, 21, 26, 5195, 5243, 5300, 36443, 43020, 83317] as [UInt64])
    func holds(seed: UInt64) throws {
        let report = try Simulation(SimulationOptions(seed: seed)).run()
        #expect(report.violations == [], "simulator run --seed \(seed)")
        #expect(report.statistics.requests > 0)
    }

    /// Seed 6 has power failures, failing commits, isolated regions and clocks that jump.
    @Test func theSameSeedGivesTheSameRun() throws {
        let reports = try (0..<2).map { _ in
            var steps: [String] = []
            let report = try Simulation(SimulationOptions(seed: 6), showsSteps: { steps.append($0) }).run()
            return steps + report.lines
        }
        #expect(reports[0] == reports[1])
        #expect(reports[0].count > 100)
        let other = try Simulation(SimulationOptions(seed: 22)).run()
        #expect(other.lines.last != reports[0].last)
    }

    @Test func optionsFollowFromTheSeed() {
        #expect(SimulationOptions(seed: 7).lines == SimulationOptions(seed: 7).lines)
        let heads = Set((1...50 as ClosedRange<UInt64>).map { SimulationOptions(seed: $0).lines })
        #expect(heads.count == 50)
    }
}

/// The checks notice broken rules. `simulator meta` holds it for all of them (docker/test.sh); here are those that show soon.
@Suite struct MutationTests {
    @Test(
        "a broken rule is noticed",
        arguments: [
            (.lastWriterLoses, 1), (.cursorBeforeApply, 1), (.baseVersionIgnored, 1), (.filterOffByOne, 1),
            (.checkpointAhead, 1), (.failureCountsAsSuccess, 1), (.answerBeforeCommit, 1), (.batchNotIdempotent, 2),
        ] as [(Mutation, UInt64)])
    func isNoticed(mutation: Mutation, seed: UInt64) throws {
        let options = SimulationOptions(seed: seed)
        #expect(try !Simulation(options, mutation: mutation).run().hasPassed)
        #expect(try Simulation(options).run().hasPassed)
    }

    @Test func theNamesAreDifferent() {
        #expect(Set(Mutation.allCases.map(\.rawValue)).count == Mutation.allCases.count)
        #expect(Mutation.allCases.count >= 15)
    }
}

@Suite struct EventQueueTests {
    @Test func eventsComeInTheOrderOfTimeAndThenOfPlanning() {
        var queue = EventQueue<String>()
        for (event, milliseconds) in [("c", 5), ("a", 1), ("d", 5), ("b", 1), ("e", 9)] as [(String, UInt64)] {
            queue.add(event, at: milliseconds)
        }
        var seen: [String] = []
        while let next = queue.next() { seen.append("\(next.event)\(next.milliseconds)") }
        #expect(seen == ["a1", "b1", "c5", "d5", "e9"])
    }
}

/// What the simulated disk keeps and loses.
@Suite struct SimulatedStoreTests {
    private func batch(_ values: [(String, String?)]) -> WriteBatch {
        var batch = WriteBatch()
        for (key, value) in values {
            if let value {
                batch.put(Array(key.utf8), Array(value.utf8), in: .items)
            } else {
                batch.delete(Array(key.utf8), in: .items)
            }
        }
        return batch
    }

    private func value(_ key: String, in store: SimulatedStore) -> String? {
        store.value(of: Array(key.utf8), in: .items).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func aPowerFailureLosesTheNewestUnsyncedBatches() throws {
        let store = SimulatedStore()
        try store.commit(batch([("a", "1")]), durability: .buffered)
        try store.commit(batch([("b", "1")]), durability: .synced)
        try store.commit(batch([("a", "2"), ("c", "1")]), durability: .buffered)
        try store.commit(batch([("b", nil), ("a", "3"), ("a", "4")]), durability: .buffered)
        #expect(store.unsyncedCount == 2)
        #expect(store.losePower(batches: 1) == 1)
        #expect(["a", "b", "c"].map { value($0, in: store) } == ["2", "1", "1"])
        #expect(store.unsyncedCount == 0, "what survived is on the disk")
    }

    @Test func aRangeComesBack() throws {
        let store = SimulatedStore()
        try store.commit(batch([("a", "1"), ("b", "2"), ("c", "3")]), durability: .synced)
        var range = WriteBatch()
        range.deleteRange(lower: Array("a".utf8), upper: Array("c".utf8), in: .items)
        try store.commit(range, durability: .buffered)
        #expect(value("a", in: store) == nil)
        _ = store.losePower(batches: 1)
        #expect(["a", "b", "c"].map { value($0, in: store) } == ["1", "2", "3"])
    }

    @Test("a failed commit is an unknown outcome", arguments: [true, false])
    func failedSync(isKept: Bool) throws {
        let store = SimulatedStore()
        store.set(.failedSync(isKept: isKept))
        #expect(throws: StoreError.self) { try store.commit(batch([("a", "1")]), durability: .synced) }
        #expect(value("a", in: store) == nil)
        #expect(throws: StoreError.poisoned(reason: "a commit failed")) {
            try store.commit(batch([("b", "1")]), durability: .synced)
        }
        #expect((store.reopen() != nil) == isKept)
        #expect(value("a", in: store) == (isKept ? "1" : nil))
        try store.commit(batch([("b", "1")]), durability: .synced)
        #expect(value("b", in: store) == "1")
    }

    @Test func powerTakesTheFailedBatchBeforeThoseUnderIt() throws {
        let store = SimulatedStore()
        try store.commit(batch([("a", "1")]), durability: .buffered)
        store.set(.failedSync(isKept: true))
        #expect(throws: StoreError.self) { try store.commit(batch([("b", "1")]), durability: .synced) }
        #expect(store.unsyncedCount == 2)
        #expect(store.losePower(batches: 1) == 0)
        #expect(store.reopen() == nil)
        #expect(["a", "b"].map { value($0, in: store) } == ["1", nil])
    }

    @Test func aFullDiskRefusesUntilThereIsRoom() throws {
        let store = SimulatedStore()
        store.set(.diskFull)
        #expect(throws: StoreError.self) { try store.commit(batch([("a", "1")]), durability: .synced) }
        #expect(store.reopen() == nil)
        #expect(throws: StoreError.self) { try store.commit(batch([("a", "1")]), durability: .synced) }
        store.set(nil)
        _ = store.reopen()
        try store.commit(batch([("a", "1")]), durability: .synced)
        #expect(value("a", in: store) == "1")
    }
}
