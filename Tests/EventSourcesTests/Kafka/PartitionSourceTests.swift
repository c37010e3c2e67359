import EventSource
import Testing

@testable import EventSources

/// One topic partition without a thread and a log: what is held, and what may be committed.
@Suite struct PartitionSourceTests {
    private func record(_ offset: Int64, key: UInt64 = 0, milliseconds: UInt64 = 0, bytes: Int = 10) -> HeldRecord {
        HeldRecord(
            reference: RecordReference(
                sequence: PartitionSource.sequence(ofOffset: offset), keyHash: key,
                approximateMilliseconds: milliseconds, payloadBytes: bytes),
            json: Array(repeating: 0, count: bytes), streamSequence: UInt64(offset) + 100)
    }

    private func source(_ settings: MappingSettings, at offset: Int64 = 0, max: Int = 8) -> PartitionSource {
        PartitionSource(
            shardID: "t-0", startingAt: offset, settings: settings, isEnabled: true, recordsHeldMax: max)
    }

    private func invocations(_ effects: [EventSourceEffect]) -> [Invocation] {
        effects.compactMap { if case .invoke(let invocation) = $0 { invocation } else { nil } }
    }

    @Test func whatFiltersPassOverIsCommittedAtOnce() {
        var source = source(MappingSettings(), at: 5)
        #expect(source.committableOffset == 5)
        #expect(source.take([], upTo: 9, at: 0).isEmpty == false)
        #expect(source.committableOffset == 9)
    }

    @Test func theOffsetWaitsForTheBatch() throws {
        var source = source(MappingSettings(batchSize: 2))
        let calls = invocations(source.take([record(1), record(3), record(4)], upTo: 7, at: 0))
        let first = try #require(calls.first)
        #expect(first.records.map(\.sequence) == [2, 4])
        #expect(source.committableOffset == 1, "the message before the first record is passed over")
        let next = try #require(invocations(source.completed(first.id, .success(state: nil), at: 1)).first)
        #expect(source.committableOffset == 4)
        #expect(source.held.count == 1)
        _ = source.completed(next.id, .success(state: nil), at: 2)
        #expect(source.committableOffset == 7)
        #expect(source.held.count == 0 && source.held.byteCount == 0)
    }

    @Test func readingPausesWhenSoMuchIsHeldAndGoesOnAtHalf() throws {
        var source = source(MappingSettings(batchSize: 2))
        var call = invocations(source.take((0..<7).map { record($0) }, upTo: 7, at: 0)).first
        #expect(!source.isFull)
        _ = source.take([record(7)], upTo: 8, at: 0)
        #expect(source.isFull && !source.hasRoom)
        for _ in 0..<2 {
            let id = try #require(call?.id)
            call = invocations(source.completed(id, .success(state: nil), at: 1)).first
        }
        #expect(source.held.count == 4 && source.hasRoom && !source.isFull)
    }

    @Test func largeRecordsFillTheirPlaceSooner() {
        var source = source(MappingSettings(batchSize: 100), max: 1000)
        let bytes = 5 << 20
        _ = source.take((0..<6).map { record($0, bytes: bytes) }, upTo: 6, at: 0)
        #expect(!source.isFull)
        _ = source.take([record(6, bytes: bytes)], upTo: 7, at: 0)
        #expect(source.isFull)
    }

    /// One lane fails for ever; what the other has finished must not stay in memory, nor stop it before the place is taken by the failing lane.
    @Test func finishedRecordsBehindAFailingOneMakeRoom() throws {
        var source = source(MappingSettings(batchSize: 1, parallelizationFactor: 2))
        var offset: Int64 = 0
        let poison = try #require(invocations(source.take([record(0, key: 0)], upTo: 1, at: 0)).first)
        for _ in 0..<50 {
            offset += 1
            let calls = invocations(source.take([record(offset, key: 1)], upTo: offset + 1, at: 0))
            let call = try #require(calls.first)
            _ = source.completed(call.id, .success(state: nil), at: 0)
            #expect(!source.isFull)
        }
        #expect(source.committableOffset == 0)
        _ = source.completed(poison.id, .success(state: nil), at: 0)
        #expect(source.committableOffset == 51)
    }

    @Test func theOffsetWaitsForTheEndOfATumblingWindow() throws {
        var source = source(MappingSettings(batchSize: 1, tumblingWindowMilliseconds: 1_000))
        let effects = source.take([record(0, milliseconds: 100), record(1, milliseconds: 1_500)], upTo: 2, at: 1_600)
        let first = try #require(invocations(effects).first)
        let final = try #require(invocations(source.completed(first.id, .success(state: []), at: 1_700)).first)
        #expect(final.window?.isFinal == true)
        #expect(source.committableOffset == 0, "the window's state is nowhere else")
        let second = try #require(invocations(source.completed(final.id, .success(state: nil), at: 1_800)).first)
        #expect(source.committableOffset == 1, "the next window has begun; nothing of it is finished")
        _ = source.completed(second.id, .success(state: []), at: 1_900)
        #expect(source.committableOffset == 1)
    }
}
