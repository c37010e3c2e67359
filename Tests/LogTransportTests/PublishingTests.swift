import ChangeMessage
import LogTransport
import Partition
import RecordLog
import Region
import Replication
import Testing

@Suite struct PublishingTests {
    @Test(
        "every change is in the topic once, in order per key, whatever stops in between",
        arguments: TransportWorld.Cluster.allCases)
    func restarts(cluster: TransportWorld.Cluster) throws {
        try withTransport(cluster) { world in
            try world.createTable()
            for round in 0..<4 {
                for number in 0..<50 { try world.put("k\(number % 17)", "\(round).\(number)", in: us) }
                try world.restart()
            }
            try world.waitUntilPublished()
            let records = try world.records("t.us-east-1.T.changes")
            #expect(records.filter { !$0.isEmpty }.count > 1, "several partitions are in use")
            for partition in records {
                let keys = partition.map { String(decoding: $0.key ?? [], as: UTF8.self) }
                for other in records where other != partition {
                    #expect(Set(keys).isDisjoint(with: other.map { String(decoding: $0.key ?? [], as: UTF8.self) }))
                }
            }
        }
    }

    @Test(
        "a log that cannot be reached stops no write, and gets everything when it is back",
        arguments: TransportWorld.Cluster.allCases)
    func outage(cluster: TransportWorld.Cluster) throws {
        try withTransport(cluster) { world in
            try world.createTable()
            try world.put("a", "1", in: us)
            try world.waitUntilPublished()
            try world.setReachable(false)
            for number in 0..<100 { try world.put("k\(number)", "x", in: us) }
            try eventually("the backlog is seen") { backlog(world) == 100 }
            try world.setReachable(true)
            try world.waitUntilPublished()
            try eventually("the backlog is gone") { backlog(world) == 0 }
        }
    }

    private func backlog(_ world: TransportWorld) -> UInt64? {
        world.transport.reports.first { $0.content == .changes && $0.table == "T" }?.backlog
    }

    @Test("after a producer that failed for good the topic tells where to go on", arguments: [false, true])
    func failedProducer(appendingQueued: Bool) throws {
        try withTransport { world in
            try world.createTable()
            for number in 0..<50 { try world.put("k\(number)", "1", in: us) }
            world.logs[us]?.failProducers(reason: "fenced", appendingQueued: appendingQueued)
            for number in 0..<50 { try world.put("k\(number)", "2", in: us) }
            try world.waitUntilPublished()
        }
    }

    @Test("a state topic holds what was there before, and the newest of each key")
    func state() throws {
        try withTransport { world in
            world.logs[us]?.setReachable(false)
            try world.createTable()
            try world.put("a", "1", in: us)
            try world.put("b", "1", in: us)
            world.logs[us]?.setReachable(true)
            try world.put("a", "2", in: us)
            try world.delete("b", in: us)
            try world.put("c", "3", in: us)
            func newest() throws -> [String: String] {
                var newest: [String: String] = [:]
                for record in try world.records("t.us-east-1.T.state").joined() {
                    newest[String(decoding: record.key ?? [], as: UTF8.self)] =
                        record.value.map { String(decoding: $0, as: UTF8.self) } ?? "deleted"
                }
                return newest
            }
            let expected = [
                #"{"pk":{"S":"a"}}"#: #"{"pk":{"S":"a"},"v":{"S":"2"}}"#,
                #"{"pk":{"S":"b"}}"#: "deleted",
                #"{"pk":{"S":"c"}}"#: #"{"pk":{"S":"c"},"v":{"S":"3"}}"#,
            ]
            try eventually("the state is published") {
                try newest().filter { $0.value != "deleted" } == expected.filter { $0.value != "deleted" }
            }
            world.logs[us]?.compact("t.us-east-1.T.state")
            try world.restart()
            try world.put("d", "4", in: us)
            try eventually("the state goes on") { try newest().count >= 3 }
        }
    }

    @Test("a table that is made anew shares the topic; its records tell that they are of another one")
    func remadeTable() throws {
        try withTransport { world in
            try world.createTable(id: "one")
            for number in 0..<20 { try world.put("k\(number)", "1", in: us) }
            let table = try #require(try world.table(in: us))
            _ = try world.region(us).perform(.changeCatalogue(.drop(table.number)))
            try world.createTable(id: "two")
            for number in 0..<20 { try world.put("k\(number)", "2", in: us) }
            try eventually("both are published") {
                try world.records("t.us-east-1.T.changes").reduce(0) { $0 + $1.count } == 40
            }
            // The end of the topic no longer tells how far the first one was published.
            try world.restart()
            try world.put("last", "3", in: us)
            try eventually("the next change is published") {
                try world.records("t.us-east-1.T.changes").reduce(0) { $0 + $1.count } >= 41
            }
            let ofFirst = try world.records("t.us-east-1.T.changes").joined()
                .map { try MessageHeaders($0.headers).place() }.filter { $0.generation == "one" }
            #expect(ofFirst.map(\.sequence).sorted() == Array(1...20))
            for partition in try world.records("t.us-east-1.T.changes") {
                let generations = try partition.map { try MessageHeaders($0.headers).place().generation }
                #expect(generations == generations.sorted(), "the records of the first one come first")
            }
        }
    }

    @Test("what a table of the same name had before is taken out of the state topic")
    func staleStates() throws {
        try withTransport { world in
            try world.createTable(id: "one")
            for number in 0..<20 { try world.put("k\(number)", "1", in: us) }
            func newest() throws -> [String: String?] {
                var newest: [String: String?] = [:]
                for record in try world.records("t.us-east-1.T.state").joined() {
                    newest[String(decoding: record.key ?? [], as: UTF8.self)] =
                        record.value.map { String(decoding: $0, as: UTF8.self) }
                }
                return newest
            }
            try eventually("the states are published") { try newest().count == 20 }
            let table = try #require(try world.table(in: us))
            _ = try world.region(us).perform(.changeCatalogue(.drop(table.number)))
            try world.createTable(id: "two")
            try world.put("k3", "2", in: us)
            try eventually("only the new state is left") {
                try newest().compactMapValues { $0 } == [#"{"pk":{"S":"k3"}}"#: #"{"pk":{"S":"k3"},"v":{"S":"2"}}"#]
            }
        }
    }

    @Test("foreign messages at the end of a topic do not hide where it ends")
    func foreignMessages() throws {
        try withTransport { world in
            try world.createTable()
            for number in 0..<30 { try world.put("k\(number)", "1", in: us) }
            try world.waitUntilPublished()
            let log = try #require(world.logs[us])
            let producer = try log.makeProducer(ProducerSettings()) { _ in }
            let messages = (0..<60).map { number in
                LogMessage(partition: Int32(number % 3), key: nil, value: nil, timestampMilliseconds: 0)
            }
            #expect(try producer.append(messages, to: "t.us-east-1.T.changes") == 60)
            try producer.flush(timeoutMilliseconds: 5000)
            producer.close()
            try world.restart()
            try world.put("k1", "2", in: us)
            try eventually("the next change is published") {
                try world.records("t.us-east-1.T.changes").reduce(0) { $0 + $1.count } >= 91
            }
            let sequences = try world.records("t.us-east-1.T.changes").joined()
                .compactMap { try? MessageHeaders($0.headers).place().sequence }
            #expect(sequences.sorted() == Array(1...31))
        }
    }

    @Test("control events are published in order, and once")
    func controlEvents() throws {
        try withTransport { world in
            try world.createGlobalTable()
            try world.restart()
            try eventually("the events of the new replica are published") {
                try world.records("t.eu-west-1.control", of: eu).joined().map {
                    String(decoding: $0.key ?? [], as: UTF8.self)
                } == ["replica.created", "replica.caught-up"]
            }
        }
    }

    @Test("a topic with other settings is used as it is, and told of")
    func otherSettings() throws {
        try withTransport { world in
            let log = try #require(world.logs[us])
            _ = try log.ensureTopics([
                TopicSpecification(name: "t.us-east-1.T.changes", settings: TopicSettings(partitions: 2))
            ])
            try world.createTable()
            for number in 0..<10 { try world.put("k\(number)", "1", in: us) }
            try world.waitUntilPublished()
            #expect(try world.records("t.us-east-1.T.changes").count == 2)
            try eventually("it is told") {
                let report = world.transport.reports.first { $0.topic == "t.us-east-1.T.changes" }
                return report?.differences.contains("partitions is 2, wanted 3") == true
            }
        }
    }
}
