import KeyValueStore
import Logging
import Partition

/// The one thread that changes a region: takes all queued commands, applies them as one group, commits once, releases the replies.
///
/// There is no waiting for more commands: what queued up during one commit makes the next group.
struct RegionWriter {
    private let region: Region
    private var engine: RegionEngine

    init(region: Region, engine: RegionEngine) {
        self.region = region
        self.engine = engine
    }

    func run() {
        var writer = self
        writer.loop()
    }

    private mutating func loop() {
        var group = WriteGroup(reading: region.store)
        var envelopes: [Region.Envelope] = []
        var replies: [Reply] = []
        while region.takeCommands(into: &envelopes) {
            do throws(StoreError) {
                if let failure = region.failure { throw failure }
                try process(envelopes, in: &group, replies: &replies)
                for (envelope, reply) in zip(envelopes, replies) { envelope.completion(reply) }
            } catch {
                fail(envelopes, error)
                return refuseEverything()
            }
        }
    }

    private mutating func process(
        _ envelopes: [Region.Envelope], in group: inout WriteGroup, replies: inout [Reply]
    ) throws(StoreError) {
        replies.removeAll(keepingCapacity: true)
        group.removeAll()
        let wallMilliseconds = region.wallClock.milliseconds
        for envelope in envelopes {
            replies.append(
                try engine.apply(envelope.command, wallMilliseconds: wallMilliseconds, group: &group))
        }
        engine.advanceClock(wallMilliseconds: wallMilliseconds)
        let touched = engine.finish(&group)
        if !group.batch.isEmpty || group.needsSync {
            try region.store.commit(group.batch, durability: group.needsSync ? .synced : .buffered)
        }
        let hasNewCatalogue = engine.takeCatalogueChange()
        let hasNewEvents = engine.controlLog != region.controlLog
        region.publish(engine, tables: touched, withCatalogue: hasNewCatalogue)
        if !touched.isEmpty || hasNewCatalogue || hasNewEvents { region.notifyObservers() }
    }

    /// The outcome of the group is unknown, so nothing more is written until the region is opened again (DESIGN.md 2.4).
    private func fail(_ envelopes: [Region.Envelope], _ error: StoreError) {
        region.stopWriting(error)
        for envelope in envelopes { envelope.completion(.failed(.unknownOutcome)) }
    }

    private func refuseEverything() {
        var envelopes: [Region.Envelope] = []
        while region.takeCommands(into: &envelopes) {
            for envelope in envelopes { envelope.completion(.failed(.unknownOutcome)) }
        }
    }
}
