import ChangeStream
import JSONBytes
import KeyValueStore
import Partition
import Region
import Replication

/// The control events of one region, or of several in the order of their times.
struct EventStreamControlLog: FollowedLog {
    /// Events that are read of one region at a time. Each may hold two items.
    static let eventsPerReadMax = 16

    /// One region's log, and what was read of it and not given out.
    private struct Source: Sendable {
        let region: Region
        /// One past the last event that is wanted; nil for all that come.
        let end: UInt64?
        var after: UInt64
        var waiting: ArraySlice<ControlLog.Entry> = []
        /// Of the first event that waits. Times as texts order as times.
        var time = ""

        /// One past the last event that can be read now.
        var readableEnd: UInt64 { min(end ?? .max, region.controlLog.nextSequence) }
        var backlog: UInt64 { readableEnd - min(readableEnd, after + 1) }
    }

    private var sources: [Source]
    private let names: [String]
    /// Nil for all kinds.
    private let kinds: Set<ControlEvent.Kind>?
    private let isFollowing: Bool

    /// - Parameter isFollowing: whether events count that are yet to come.
    init(
        _ regions: [Region], from position: EventStreamPosition, kinds: Set<ControlEvent.Kind>?, isFollowing: Bool
    ) {
        names = regions.map(\.name.name)
        self.kinds = kinds
        self.isFollowing = isFollowing
        sources = zip(regions, position.after).map { region, after in
            let log = region.controlLog
            // Whoever begins at the beginning has not lost what was forgotten long ago.
            return Source(
                region: region, end: isFollowing ? nil : log.nextSequence,
                after: after == 0 ? log.firstSequence - 1 : after)
        }
    }

    var backlog: UInt64 { sources.reduce(0) { $0 + $1.backlog } }
    var isAtEnd: Bool { !isFollowing && backlog == 0 }
    /// Behind the last event that was given out or passed over.
    var position: String { EventStreamPosition.text(of: sources.map(\.after), in: names) }

    mutating func read(into output: inout EventStreamOutput) throws(StoreError) {
        for _ in 0..<EventStreamFollower.entriesPerTurnMax where output.bytes.count < EventStreamFollower.bytesPerTurn {
            guard let (entry, lost) = try next() else { return }
            if lost > 0 { output.comment("lost \(lost)") }
            if isWanted(entry) { output.append(id: position, event: entry.kind.name, json: entry.json) }
        }
    }

    /// The next events that are wanted, at most `limit` of them.
    mutating func read(limit: Int) throws(StoreError) -> [[UInt8]] {
        var found: [[UInt8]] = []
        while found.count < limit, let (entry, _) = try next() {
            if isWanted(entry) { found.append(entry.json) }
        }
        return found
    }

    private func isWanted(_ entry: ControlLog.Entry) -> Bool { kinds?.contains(entry.kind) ?? true }

    /// The earliest of the events that are next in their regions, and how many the log forgot right before it.
    private mutating func next() throws(StoreError) -> (entry: ControlLog.Entry, lost: UInt64)? {
        for index in sources.indices where sources[index].waiting.isEmpty && sources[index].backlog > 0 {
            try refill(index)
        }
        let ready = sources.indices.filter { !sources[$0].waiting.isEmpty }
        guard let first = ready.min(by: { sources[$0].time < sources[$1].time }),
            let entry = sources[first].waiting.popFirst()
        else { return nil }
        let lost = entry.sequence - min(entry.sequence, sources[first].after + 1)
        sources[first].after = entry.sequence
        noteTime(first)
        return (entry, lost)
    }

    private mutating func refill(_ index: Int) throws(StoreError) {
        let source = sources[index]
        let entries = try ControlLog.entries(
            from: source.after + 1, limit: Self.eventsPerReadMax, reading: source.region.store)
        sources[index].waiting = entries.prefix { $0.sequence < source.readableEnd }
        // Nothing at all is left of what there was.
        if sources[index].waiting.isEmpty { sources[index].after = source.readableEnd - 1 }
        noteTime(index)
    }

    private mutating func noteTime(_ index: Int) {
        guard sources.count > 1, let entry = sources[index].waiting.first,
            let document = try? JSONDocument(parsing: entry.json),
            let time = document.member("time", of: document.root)
        else { return }
        sources[index].time = document.string(time)
    }
}
