import EventSource
import EventSources
import RecordLog
import Synchronization
import TestSupport
import Testing

/// Processes that come to a group and leave it, with calls under way.
@Suite struct KafkaRebalanceTests {
    @Test func twoProcessesShareTheLoadAndTheOrderPerKeyHolds() async throws {
        try await withKafkaWorld(partitions: 4) { world in
            let mapping = try world.mapping(settings: MappingSettings(batchSize: 3))
            let hosts = [world.startHost(mapping), world.startHost(mapping)]
            try await world.waitUntilAssigned(hosts)
            try world.publish((1...400).map { (key: "k\($0 % 20)", n: $0) })
            try await world.waitUntilCommitted()
            let records = world.functions.calls().flatMap(\.records)
            #expect(records.map(\.n).sorted() == Array(1...400), "nothing is delivered twice when nobody leaves")
            for key in Set(records.map(\.key)) {
                let numbers = records.filter { $0.key == key }.map(\.n)
                #expect(numbers == numbers.sorted(), "\(key)")
            }
            #expect(hosts.allSatisfy { ($0.status(of: "m")?.recordsCount ?? 0) > 0 })
        }
    }

    @Test func aCallThatEndsInTimeIsCommittedBeforeThePartitionPassesOn() async throws {
        try await withKafkaWorld(partitions: 2) { world in
            world.functions.set { _ in nil }
            let mapping = try world.mapping(settings: MappingSettings(batchSize: 100))
            try world.publish(1...20)
            _ = world.startHost(mapping, settleMilliseconds: 60_000)
            try await eventually("both partitions call") { Set(world.functions.numbers()).count == 20 }
            let calls = world.functions.calls()
            world.functions.set { _ in TestFunctions.success }
            _ = world.startHost(mapping)
            for call in calls { call.complete(TestFunctions.success) }
            try await world.waitUntilCommitted()
            #expect(world.functions.numbers().sorted() == Array(1...20), "none is delivered again")
        }
    }

    @Test func aCallThatDoesNotEndIsMadeAgainByTheNextOwner() async throws {
        try await withKafkaWorld(partitions: 2) { world in
            world.functions.set { _ in nil }
            let mapping = try world.mapping(settings: MappingSettings(batchSize: 100))
            try world.publish(1...20)
            let first = world.startHost(mapping, settleMilliseconds: 20)
            try await eventually("both partitions call") { Set(world.functions.numbers()).count == 20 }
            let stuck = world.functions.calls()
            world.functions.set { _ in TestFunctions.success }
            let second = world.startHost(mapping)
            try await world.waitUntilAssigned([first, second])
            // One partition has passed on; the answer to the old call is nobody's.
            try await eventually("the next owner has committed its partition") {
                try world.committed().contains { $0 != nil && $0 != 0 }
            }
            for call in stuck { call.complete(TestFunctions.success) }
            try await world.waitUntilCommitted()
            #expect(Set(world.functions.numbers()) == Set(1...20))
        }
    }

    @Test func aProcessThatStopsWaitsForItsCallsAndCommits() async throws {
        try await withKafkaWorld { world in
            world.functions.set { _ in nil }
            let mapping = try world.mapping(settings: MappingSettings(batchSize: 2))
            try world.publish(1...2)
            // Whichever of the answer and the stop is first, the host has time for both; a second call, which nobody answers, would use it up.
            let host = world.startHost(mapping, settleMilliseconds: 60_000)
            try await eventually("the call is made") { world.functions.calls().count == 1 }
            let stopped = Task.detached { host.stop() }
            world.functions.calls()[0].complete(TestFunctions.success)
            await stopped.value
            #expect(try world.committed() == [2])
            world.functions.set { _ in TestFunctions.success }
            try world.publish(3...4)
            _ = world.startHost(mapping)
            try await world.waitUntilCommitted()
            #expect(world.functions.numbers() == [1, 2, 3, 4])
        }
    }

    /// The committed offset is never ahead: whatever was committed at any moment had been answered before.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func theCommitNeverPassesAnUnfinishedBatch(seed: UInt64) async throws {
        try await withKafkaWorld(partitions: 3) { world in
            let random = Mutex(SeededRandom(seed: seed))
            let answered = Mutex<Set<Int>>([])
            world.functions.set { call in
                if random.withLock({ $0.next() % 4 == 0 }) { return TestFunctions.failure }
                answered.withLock { $0.formUnion(call.numbers) }
                return TestFunctions.success
            }
            let settings = MappingSettings(batchSize: 4, parallelizationFactor: 3)
            let mapping = try world.mapping(settings: settings)
            var hosts = [world.startHost(mapping, settleMilliseconds: 5)]
            for round in 0..<10 {
                try world.publish(round * 20 + 1...round * 20 + 20)
                if random.withLock({ $0.next() % 2 == 0 }) {
                    hosts.append(world.startHost(mapping, settleMilliseconds: 5))
                } else if hosts.count > 1 {
                    hosts.removeFirst().stop()
                }
                // Looked at before what was answered: that can only have grown since.
                let committed = try world.committed()
                let done = answered.withLock { $0 }
                let first = world.numbers(before: committed)
                #expect(first.isSubset(of: done), "seed \(seed)")
            }
            try await world.waitUntilCommitted()
            #expect(answered.withLock { $0 } == Set(1...200), "seed \(seed)")
        }
    }
}
