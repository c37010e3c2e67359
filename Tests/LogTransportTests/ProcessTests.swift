import AttributeModel
import Bytes
import ChangeStream
import Foundation
import KeyValueStore
import LogTransport
import Partition
import RecordLog
import Region
import Replication
import Testing

/// Replication between processes that share nothing but logs.
@Suite struct ProcessTests {
    @Test("a replica in another process gets what was there, and writes travel both ways")
    func addReplica() throws {
        try withProcesses(us, eu) { world in
            try world.createTable()
            for number in 0..<300 { try world.put("k\(number)", "before", in: us) }
            try world.delete("k7", in: us)
            try world.addReplica(in: eu)
            #expect(try world.value("k5", in: eu) == "before")
            #expect(try world.value("k7", in: eu) == nil)
            for number in 0..<40 {
                try world.put("k\(number % 7)", "us \(number)", in: us)
                try world.put("k\(number % 5)", "eu \(number)", in: eu)
            }
            try world.delete("k6", in: eu)
            try world.waitUntilEqual([us, eu])
            #expect(try world.states(of: "T", in: us).count == 298)
            #expect(try world.events(of: eu).contains("replica.caught-up"))
        }
    }

    @Test("a process that is away loses nothing, whichever it is", arguments: [us, eu])
    func restart(name: RegionName) throws {
        try withProcesses(us, eu) { world in
            try world.createTable()
            try world.addReplica(in: eu)
            let other = name == us ? eu : us
            try world.put("a", "1", in: name)
            world.stop(name)
            for number in 0..<100 { try world.put("k\(number % 20)", "\(number)", in: other) }
            try world.start(name)
            for number in 0..<100 { try world.put("k\(number % 30)", "own \(number)", in: name) }
            try world.waitUntilEqual([us, eu])
            #expect(try world.value("k25", in: other) == "own 85")
        }
    }

    @Test("replicas of three processes know each other, whoever adds them")
    func threeProcesses() throws {
        try withProcesses(us, eu, ap) { world in
            try world.createTable()
            try world.put("a", "us", in: us)
            try world.addReplica(in: eu)
            try world.put("b", "eu", in: eu)
            try world.addReplica(in: ap, from: eu)
            #expect(try world.table(in: us)?.peers.map(\.region).sorted() == [ap, eu])
            try world.put("c", "ap", in: ap)
            try world.waitUntilEqual([us, eu, ap])
            #expect(try world.states(of: "T", in: us).count == 3)
        }
    }

    @Test("a replica goes, by its own process or another's, when all others have its last writes", arguments: [us, eu])
    func removeReplica(decider: RegionName) throws {
        try withProcesses(us, eu, ap) { world in
            try world.createTable()
            try world.addReplica(in: eu)
            try world.addReplica(in: ap)
            for number in 0..<50 { try world.put("k\(number)", "eu", in: eu) }
            try world.decide(in: decider) { $0.removeReplica(of: "T", in: eu) }
            try eventually("the replica is gone everywhere") {
                let left = try [us, ap].map { try world.table(in: $0)?.peers.map(\.region) }
                return try world.table(in: eu) == nil && left == [[ap], [us]]
            }
            try world.waitUntilEqual([us, ap])
            #expect(try world.states(of: "T", in: ap).count == 50)
            try world.addReplica(in: eu)
            try world.waitUntilEqual([us, eu, ap])
        }
    }

    @Test("two regions of one process and one of another know each other", arguments: [us, eu])
    func siblings(source: RegionName) throws {
        try withProcesses(groups: [[us], [eu, ap]]) { world in
            try world.createTable()
            try world.put("a", "us", in: us)
            try world.addReplica(in: eu)
            try world.put("b", "eu", in: eu)
            // Over the log from us, or out of the store next door.
            try world.addReplica(in: ap, from: source)
            try world.put("c", "ap", in: ap)
            try world.waitUntilEqual([us, eu, ap])
            #expect(try world.states(of: "T", in: us).count == 3)
            try world.decide(in: us) { $0.removeReplica(of: "T", in: ap) }
            try eventually("it is gone") {
                try world.table(in: ap) == nil && [us, eu].allSatisfy { try world.table(in: $0)?.peers.count == 1 }
            }
        }
    }

    @Test("a process with two regions that has lost its data makes both replicas anew")
    func lostSiblings() throws {
        try withProcesses(groups: [[us], [eu, ap]]) { world in
            try world.createTable()
            try world.addReplica(in: eu)
            try world.addReplica(in: ap)
            for number in 0..<20 { try world.put("k\(number)", "1", in: ap) }
            try world.waitUntilEqual([us, eu, ap])
            world.stop(eu)
            try world.loseData(of: eu)
            try world.start(eu)
            try eventually("both are back") { try [eu, ap].allSatisfy { try world.table(in: $0)?.status == .active } }
            try world.put("new", "1", in: ap)
            try eventually("the new log is read") { try world.value("new", in: us) == "1" }
            try world.waitUntilEqual([us, eu, ap])
            #expect(try world.states(of: "T", in: us).count == 21)
        }
    }

    @Test("a process is split into two, and one of them may have lost its data", arguments: [false, true])
    func split(losesData: Bool) throws {
        try withProcesses(groups: [[us, eu]]) { world in
            try world.createTable()
            try world.addReplica(in: eu)
            for number in 0..<30 { try world.put("k\(number)", "1", in: eu) }
            try world.waitUntilEqual([us, eu])
            try world.regroup([[us], [eu]])
            if losesData { try world.loseData(of: eu) }
            try world.start(us)
            try world.start(eu)
            try eventually("eu has its table") { try world.table(in: eu)?.status == .active }
            try world.put("a", "us", in: us)
            try world.put("b", "eu", in: eu)
            try eventually("both have come") {
                try world.value("a", in: eu) == "us" && world.value("b", in: us) == "eu"
            }
            try world.waitUntilEqual([us, eu])
            #expect(try [us, eu].allSatisfy { try world.region($0).failure == nil })
        }
    }

    @Test("one of two regions of a process has lost its data")
    func lostSibling() throws {
        try withProcesses(groups: [[us], [eu, ap]]) { world in
            try world.createTable()
            try world.addReplica(in: eu)
            try world.addReplica(in: ap)
            for number in 0..<30 { try world.put("k\(number)", "1", in: ap) }
            try world.waitUntilEqual([us, eu, ap])
            world.stop(ap)
            try world.loseRegion(ap)
            try world.start(ap)
            try eventually("the replica is back") { try world.table(in: ap)?.status == .active }
            for number in 0..<10 { try world.put("n\(number)", "2", in: ap) }
            try eventually("they come") { try world.value("n9", in: eu) == "2" && world.value("n9", in: us) == "2" }
            try world.waitUntilEqual([us, eu, ap])
            #expect(try world.states(of: "T", in: eu).count == 40)
        }
    }

    @Test("a region whose data was put back to an older copy writes no more")
    func olderCopy() throws {
        try withProcesses(us, eu) { world in
            try world.createTable()
            try world.addReplica(in: eu)
            for number in 0..<10 { try world.put("k\(number)", "1", in: us) }
            try world.waitUntilEqual([us, eu])
            world.stop(us)
            try world.keepCopy(of: us)
            try world.start(us)
            for number in 0..<10 { try world.put("k\(number)", "2", in: us) }
            try world.waitUntilEqual([us, eu])
            try eventually("eu has told how far it has read") {
                let table = try #require(try world.table(in: us))
                let told = try world.regions(of: us).remotes.first?.published("T")?.cursor(of: table) ?? 0
                return try told >= world.region(us).counters(table.number).nextSequence
            }
            world.stop(us)
            try world.restoreCopy(of: us)
            try world.start(us)
            try eventually("it says why") { try world.region(us).failure != nil }
        }
    }

    @Test("settings that replicas have in common are taken over")
    func settings() throws {
        try withProcesses(us, eu) { world in
            try world.createTable()
            try world.put("a", "1", in: us)
            try world.addReplica(in: eu)
            let own = try #require(try world.table(in: eu))
            try world.decide(in: eu) { controlPlane in
                controlPlane.edit(own) {
                    $0.timeToLive = TimeToLive(attributeName: "expires", status: .enabling, changedMilliseconds: 1)
                }
                let index = IndexDefinition(
                    ordinal: 0, name: "byV",
                    keySchema: KeySchema(partitionKeys: [KeyAttribute(name: "v", type: .string)]), projection: .all)
                controlPlane.createIndex(
                    index, attributeDefinitions: own.attributeDefinitions + index.keySchema.attributes, on: own)
            }
            try eventually("us has both") {
                let table = try world.table(in: us)
                return table?.timeToLive?.status == .enabled && table?.globalIndexes.first?.status == .active
                    && table?.status == .active
            }
            let other = try #require(try world.table(in: us))
            try world.decide(in: us) { $0.deleteIndex("byV", on: other) }
            try eventually("eu has dropped the index") { try world.table(in: eu)?.globalIndexes.isEmpty == true }
            #expect(try world.table(in: us)?.settingsVersions == world.table(in: eu)?.settingsVersions)
        }
    }

    @Test("a process that has lost its data makes its replica anew from another's state")
    func lostData() throws {
        try withProcesses(us, eu) { world in
            try world.createTable()
            for number in 0..<50 { try world.put("k\(number)", "1", in: us) }
            try world.addReplica(in: eu)
            for number in 0..<60 { try world.put("e\(number)", "1", in: eu) }
            try world.waitUntilEqual([us, eu])
            world.stop(eu)
            try world.loseData(of: eu)
            try world.delete("k3", in: us)
            try world.start(eu)
            try eventually("the replica is back") { try world.table(in: eu)?.status == .active }
            // Its log has begun anew, with fewer records than us had read of the old one.
            try world.put("new", "1", in: eu)
            try world.waitUntilEqual([us, eu])
            #expect(try world.value("new", in: us) == "1")
            #expect(try world.value("e59", in: eu) == "1")
        }
    }

    @Test("a replica is rebuilt from the state when the source's topic no longer holds what it lacks")
    func rebuild() throws {
        try withProcesses(us, eu) { world in
            try world.createTable()
            for number in 0..<40 { try world.put("k\(number)", "1", in: us) }
            try world.addReplica(in: eu)
            world.stop(eu)
            for number in 0..<60 { try world.put("k\(number)", "2", in: us) }
            for number in 0..<10 { try world.delete("k\(number)", in: us) }
            let topic = "t.us-east-1.T.changes"
            let head = try world.region(us).counters(try #require(try world.table(in: us)).number).nextSequence
            try eventually("all is published") { try world.regions(of: us).isPublished("T", until: head) }
            let log = try #require(world.logs[us])
            let partitions = (0..<3).map { TopicPartition(topic, Int32($0)) }
            for (partition, range) in zip(partitions, try log.offsets(of: partitions)) {
                try log.removeRecords(before: range.end, in: partition)
            }
            try world.start(eu)
            try world.waitUntilEqual([us, eu])
            #expect(try world.value("k3", in: eu) == nil)
            #expect(try world.value("k59", in: eu) == "2")
            try eventually("it is told") { try world.events(of: eu).contains("replica.rebuilt") }
            #expect(try world.events(of: eu).contains("link.records-missing"))
            try world.put("after", "1", in: us)
            try eventually("the link goes on") { try world.value("after", in: eu) == "1" }
        }
    }

    @Test("an isolated region of another process is not heard until it rejoins")
    func isolation() throws {
        try withProcesses(us, eu) { world in
            try world.createTable()
            try world.addReplica(in: eu)
            #expect(try world.regions(of: us).setIsolated(true, us))
            let link = LinkName(from: us, to: eu)
            try eventually("eu knows") { try world.regions(of: eu).linkReport(link)?.isCarrying == false }
            try world.put("a", "1", in: us)
            try eventually("eu sees that something waits") {
                try (world.regions(of: eu).linkReport(link)?.tables.first?.backlog ?? 0) > 0
            }
            #expect(try world.value("a", in: eu) == nil)
            #expect(try world.regions(of: us).setIsolated(false, us))
            try eventually("it arrives") { try world.value("a", in: eu) == "1" }
        }
    }
}

extension RegionSet {
    /// Whether a table's records before `end` are all in its topic.
    fileprivate func isPublished(_ name: String, until end: UInt64) throws -> Bool {
        let region = try #require(regions.first)
        let table = try #require(region.catalogue.table(named: name))
        return region.counters(table.number).nextSequence >= end
            && unpublishedRecords(of: table, in: region) == 0
    }
}
