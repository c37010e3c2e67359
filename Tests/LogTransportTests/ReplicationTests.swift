import ChangeMessage
import ChangeStream
import KeyValueStore
import LogTransport
import Partition
import RecordLog
import Region
import Replication
import Testing

@Suite struct ReplicationByLogTests {
    private func waitUntilEqual(_ world: TransportWorld, _ keys: [String]) throws {
        try eventually("the replicas are equal") {
            try keys.allSatisfy { try world.value($0, in: us) == world.value($0, in: eu) }
        }
    }

    @Test(
        "writes travel both ways, from every record format, over one log or two",
        arguments: RecordFormat.allCases, [false, true])
    func bothWays(format: RecordFormat, sharesLog: Bool) throws {
        try withTransport(sharesLog: sharesLog, format: format) { world in
            try world.createTable()
            try world.put("before", "1", in: us)
            try world.addReplica()
            #expect(try world.value("before", in: eu) == "1")
            for number in 0..<40 {
                try world.put("k\(number % 7)", "us \(number)", in: us)
                try world.put("k\(number % 5)", "eu \(number)", in: eu)
            }
            try world.delete("k6", in: us)
            try eventually("the delete arrives") { try world.value("k6", in: eu) == nil }
            try waitUntilEqual(world, (0..<7).map { "k\($0)" })
            #expect(try world.value("k4", in: eu) != nil)
        }
    }

    @Test("hours without the log lose nothing", arguments: TransportWorld.Cluster.allCases)
    func outage(cluster: TransportWorld.Cluster) throws {
        try withTransport(cluster) { world in
            try world.createGlobalTable()
            try world.setReachable(false)
            for number in 0..<100 { try world.put("k\(number % 20)", "us \(number)", in: us) }
            try world.restart()
            for number in 0..<100 { try world.put("k\(number % 30)", "eu \(number)", in: eu) }
            try world.setReachable(true)
            try waitUntilEqual(world, (0..<30).map { "k\($0)" })
            try world.waitUntilPublished(us)
            try world.waitUntilPublished(eu)
        }
    }

    @Test("what retention took from a topic is read from the source's log, and told of")
    func retention() throws {
        try withTransport { world in
            try world.createGlobalTable()
            try world.put("first", "1", in: us)
            try eventually("the link runs") { try world.value("first", in: eu) == "1" }
            _ = world.regions.changeLink(LinkName(from: us, to: eu)) { $0.state = .paused }
            for number in 0..<60 { try world.put("k\(number)", "1", in: us) }
            try world.waitUntilPublished()
            // A new process that has read nothing ahead.
            let log = try #require(world.logs[us])
            let ends = try world.records("t.us-east-1.T.changes").map(\.count)
            log.setReachable(false)
            try world.restart()
            for (partition, end) in ends.enumerated() {
                try log.removeRecords(before: Int64(end), in: TopicPartition("t.us-east-1.T.changes", Int32(partition)))
            }
            log.setReachable(true)
            try world.put("last", "1", in: us)
            try waitUntilEqual(world, (0..<60).map { "k\($0)" } + ["last"])
            let target = try world.region(eu)
            let events = try ControlLog.entries(from: 1, limit: 100, reading: target.store)
            #expect(events.contains { $0.kind == .linkRecordsMissing })
        }
    }

    @Test("a deletion that a replica has not seen is published again, since Kafka forgets it")
    func tombstonesAgain() throws {
        try withTransport { world in
            try world.createGlobalTable()
            try world.put("a", "1", in: us)
            try eventually("it arrives") { try world.value("a", in: eu) == "1" }
            _ = world.regions.changeLink(LinkName(from: us, to: eu)) { $0.state = .cut }
            try world.delete("a", in: us)
            let topic = "t.us-east-1.T.state"
            func deletions() throws -> [LogRecord] { try world.records(topic).joined().filter { $0.value == nil } }
            try eventually("the deletion is published") { try deletions().count == 1 }
            try world.restart()
            try eventually("it is published again") { try deletions().count == 2 }
            let versions = Set(try deletions().map { try #require($0.headers["ce_version"]) })
            #expect(versions.count == 1)
            try world.put("b", "1", in: us)
            try world.waitUntilPublished()
        }
    }

    @Test("messages that nobody can use are passed over")
    func foreignMessages() throws {
        try withTransport { world in
            try world.createGlobalTable()
            try world.put("a", "1", in: us)
            try world.waitUntilPublished()
            let log = try #require(world.logs[us])
            let producer = try log.makeProducer(ProducerSettings()) { _ in }
            defer { producer.close() }
            let genuine = try #require(try world.records("t.us-east-1.T.changes").joined().first)
            func forged(_ changes: [String: String]) -> LogHeaders {
                var headers = LogHeaders()
                genuine.headers.visit { name, value in
                    let name = String(decoding: name, as: UTF8.self)
                    headers.append(name, changes[name].map { Array($0.utf8) } ?? Array(value))
                }
                return headers
            }
            let next = ["ce_sequencenumber": "100000000000000000002"]
            let otherOrigin = next.merging(["ce_version": "1.0@eu-west-1"]) { $1 }
            let strange = [
                LogMessage(partition: 0, key: nil, value: nil, timestampMilliseconds: 0),
                LogMessage(partition: 1, key: Array("x".utf8), value: Array("y".utf8), timestampMilliseconds: 0),
                // Says that it is the next record, and has no value.
                LogMessage(partition: 2, key: genuine.key, value: nil, headers: forged(next), timestampMilliseconds: 0),
                // Says that us wrote it, and bears a version of eu.
                LogMessage(
                    partition: 2, key: genuine.key, value: genuine.value, headers: forged(otherOrigin),
                    timestampMilliseconds: 0),
            ]
            #expect(try producer.append(strange, to: "t.us-east-1.T.changes") == 4)
            try producer.flush(timeoutMilliseconds: 5000)
            try world.put("b", "2", in: us)
            try eventually("the next write arrives") { try world.value("b", in: eu) == "2" }
        }
    }

    @Test("a replica's cursor means the same with a log and without")
    func delaysAndPauses() throws {
        try withTransport { world in
            try world.createGlobalTable()
            let link = LinkName(from: us, to: eu)
            _ = world.regions.changeLink(link) { $0.state = .cut }
            try world.put("a", "1", in: us)
            try world.put("b", "1", in: eu)
            try eventually("the other way is open") { try world.value("b", in: us) == "1" }
            #expect(try world.value("a", in: eu) == nil)
            _ = world.regions.changeLink(link) { settings in
                settings.state = .running
                settings.delay = .uniform(lowest: 0, highest: 50)
                settings.reorders = true
            }
            for number in 0..<200 { try world.put("k\(number % 50)", "\(number)", in: us) }
            try waitUntilEqual(world, (0..<50).map { "k\($0)" } + ["a"])
        }
    }
}
