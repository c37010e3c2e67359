import KeyValueStore
import LogTransport
import Partition
import Region
import Replication
import Testing

/// What every feed of a link must do, over the source's own log (embedded), and over topics in memory and in Kafka.
@Suite struct LinkFeedTests {
    enum Kind: CaseIterable, CustomTestStringConvertible {
        case store
        case memory
        case kafka

        var testDescription: String { "\(self)" }
    }

    private static let count: UInt64 = 240

    /// A feed behind a log of `count` records, every third of them by the other region.
    private func withFeed(
        _ kind: Kind, count: UInt64 = Self.count, linkBytesKeptMax: Int? = nil,
        _ scenario: (any LinkFeed, TableDefinition) throws -> Void
    ) throws {
        try withTransport(kind == .kafka ? .kafka : .memory, linkBytesKeptMax: linkBytesKeptMax) { world in
            try world.createGlobalTable()
            let source = try world.region(us)
            let table = try #require(try world.table(in: us))
            for number in 1...count {
                let isForeign = number.isMultiple(of: 3)
                try world.put("k\(number)", "\(number)", in: isForeign ? eu : us)
                if isForeign {
                    try eventually("record \(number) arrives") {
                        source.counters(table.number).nextSequence == number + 1
                    }
                }
            }
            try world.waitUntilPublished()
            let feed: any LinkFeed =
                kind == .store
                ? StoreLinkFeed(source: source, observer: "test")
                : world.transport.makeFeed(from: source, to: try world.region(eu))
            defer { feed.close() }
            try scenario(feed, table)
        }
    }

    private func records(
        _ feed: any LinkFeed, _ table: TableDefinition, from first: UInt64, until end: UInt64 = .max, limit: Int = .max
    ) throws -> [LinkRecord] {
        var found: [LinkRecord] = []
        try feed.visit(table, from: first, until: end) { record in
            found.append(record)
            return found.count < limit ? .next : .stop
        }
        return found
    }

    /// Reads as links do: a look, what can be had without waiting, a wait.
    private func readAll(
        _ feed: any LinkFeed, _ table: TableDefinition, from first: UInt64 = 1, count: UInt64 = Self.count
    ) throws -> [LinkRecord] {
        var found: [LinkRecord] = []
        try eventually("all records come") {
            let next = first + UInt64(found.count)
            let come = try records(feed, table, from: next, limit: 7)
            found += come
            while feed.readAhead(), found.count.isMultiple(of: 2) {}
            if come.isEmpty { feed.wait(milliseconds: 20) }
            return found.last?.sequence == count
        }
        return found
    }

    @Test("records come in the order of the log, without gaps, each by its region", arguments: Kind.allCases)
    func order(kind: Kind) throws {
        try withFeed(kind) { feed, table in
            let found = try readAll(feed, table)
            #expect(found.map(\.sequence) == Array(1...Self.count))
            for record in found {
                switch record.content {
                case .own(let change, let commitMilliseconds):
                    #expect(!record.sequence.isMultiple(of: 3))
                    #expect(change.item == item("k\(record.sequence)", "\(record.sequence)"))
                    #expect(change.version.region == us && commitMilliseconds > 0)
                case .passedOver: #expect(record.sequence.isMultiple(of: 3))
                }
            }
        }
    }

    /// (With room for one record, each is asked for anew, which takes the cluster a tenth of a second.)
    @Test(
        "little memory makes it slower, not wrong", arguments: [Kind.memory, .kafka],
        [(1, 60), (2000, count), (20_000, count)])
    func smallLimit(kind: Kind, limit: (bytes: Int, count: UInt64)) throws {
        try withFeed(kind, count: limit.count, linkBytesKeptMax: limit.bytes) { feed, table in
            let found = try readAll(feed, table, count: limit.count)
            #expect(found.map(\.sequence) == Array(1...limit.count))
        }
    }

    @Test("a visit ends where it must, and can be repeated", arguments: Kind.allCases)
    func bounds(kind: Kind) throws {
        try withFeed(kind) { feed, table in
            try eventually("records come") {
                feed.wait(milliseconds: 20)
                return try records(feed, table, from: 5).count >= 10
            }
            #expect(try records(feed, table, from: 6, until: 9).map(\.sequence) == [6, 7, 8])
            #expect(try records(feed, table, from: 6, until: 9).map(\.sequence) == [6, 7, 8])
            #expect(try records(feed, table, from: 7, limit: 2).map(\.sequence) == [7, 8])
            #expect(try records(feed, table, from: 7, until: 7).isEmpty)
        }
    }

    @Test("a table that was let go is read anew from where it is wanted", arguments: Kind.allCases)
    func anew(kind: Kind) throws {
        try withFeed(kind) { feed, table in
            _ = try readAll(feed, table)
            feed.keep(only: [])
            #expect(try readAll(feed, table, from: 100).map(\.sequence) == Array(100...Self.count))
        }
    }

    /// Waits for topics are short in any case.
    @Test("a wait for the store ends when somebody asks")
    func wakingUp() throws {
        try withFeed(.store) { feed, _ in
            // The commits before have signalled too.
            feed.wait(milliseconds: 1)
            feed.wakeUp()
            let begin = ContinuousClock.now
            feed.wait(milliseconds: 300_000)
            #expect(ContinuousClock.now - begin < .seconds(60))
        }
    }
}
