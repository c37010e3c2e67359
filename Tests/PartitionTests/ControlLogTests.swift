import ChangeStream
import JSONBytes
import KeyValueStore
import Partition
import Testing

/// The log of control events of a region.
@Suite struct ControlLogTests {
    @Test("events are numbered, come back after a restart, and read as CloudEvents")
    func events() throws {
        var region = TestRegion("eu-west-1")
        try region.apply([.emit(event("a")), .emit(event("b", kind: .linkPaused))])
        try region.restart()
        try region.apply(.emit(event("c")))
        #expect(region.engine.controlLog.nextSequence == 4)
        let entries = try ControlLog.entries(from: 1, limit: 10, reading: region.store)
        #expect(entries.map(\.sequence) == [1, 2, 3])
        #expect(entries.map(\.kind) == [.handlerFailed, .linkPaused, .handlerFailed])
        #expect(
            String(decoding: entries[1].json, as: UTF8.self)
                == #"{"specversion":"1.0","id":"eu-west-1/2","source":"/tributary/regions/eu-west-1","type":"link.paused","#
                + #""time":"2023-11-14T22:13:20.000Z","subject":"b","datacontenttype":"application/json","data":{"n":1}}"#
        )
        try region.expectConsistent()
    }

    @Test("pages go forwards, and backwards through one kind")
    func pages() throws {
        var region = TestRegion()
        for number in 0..<10 {
            try region.apply(.emit(event("s\(number)", kind: number % 3 == 0 ? .conflictResolved : .itemExpired)))
        }
        #expect(try ControlLog.entries(from: 4, limit: 2, reading: region.store).map(\.sequence) == [4, 5])
        let newest = try ControlLog.newestEntries(before: 10, limit: 2, reading: region.store) {
            $0 == .conflictResolved
        }
        #expect(newest.map(\.sequence) == [7, 4])
    }

    @Test("the oldest go when there are too many")
    func trimming() throws {
        var region = TestRegion()
        // What lies between the first and the last event does not matter here.
        var batch = WriteBatch()
        for sequence in [1, ControlLog.eventsMax + 1022] {
            batch.put(StorageKeys.change(0, sequence), [ControlEvent.Kind.linkPaused.rawValue], in: .changes)
        }
        region.store.commit(batch, durability: .synced)
        try region.restart()
        try region.apply(.emit(event("the last one that fits")))
        #expect(region.engine.controlLog.firstSequence == 1)
        try region.apply(.emit(event("one too many")))
        let log = region.engine.controlLog
        #expect(log.nextSequence - log.firstSequence == ControlLog.eventsMax)
        let oldest = try ControlLog.entries(from: 1, limit: 1, reading: region.store)
        #expect(oldest.map(\.sequence) == [ControlLog.eventsMax + 1022])
    }

    @Test("every kind has a name that leads back to it", arguments: ControlEvent.Kind.allCases)
    func names(kind: ControlEvent.Kind) {
        #expect(ControlEvent.Kind(name: kind.name) == kind)
    }

    private func event(_ subject: String, kind: ControlEvent.Kind = .handlerFailed) -> ControlEvent {
        ControlEvent(kind: kind, subject: subject) { writer in
            writer.key("n")
            writer.number(1)
        }
    }
}
