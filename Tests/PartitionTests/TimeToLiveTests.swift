import AttributeModel
import Bytes
import ChangeStream
import KeyValueStore
import Partition
import Replication
import TestSupport
import Testing

/// Items that expire: which, when, and what is left of them (reference `data-plane.md` 14).
@Suite struct TimeToLiveTests {
    private static let start = Int(TestRegion.start / 1000)
    private static let fiveYears = 5 * 365 * 86_400
    private static let peer = RegionName(stored: "eu-west-1")

    private func region(
        global: [IndexDefinition] = [], peers: [RegionName] = [], attribute: Text = "ttl"
    ) throws -> TestRegion {
        var region = TestRegion()
        try region.create(region.definition("T", global: global, peers: peers))
        try region.setTimeToLive(attribute: attribute)
        return region
    }

    /// An item whose attribute `ttl` is this JSON.
    private func json(_ key: String, ttl: String, _ others: String = "") -> String {
        #"{"pk":{"S":"\#(key)"},"ttl":\#(ttl)\#(others)}"#
    }

    private func seconds(_ seconds: Int) -> String { #"{"N":"\#(seconds)"}"# }

    private func key(_ name: String) -> String { #"{"pk":{"S":"\#(name)"}}"# }

    private func expiryRows(_ region: TestRegion) -> Int {
        region.rows(.indexes).keys.count { $0[4...].starts(with: [0xFF, 0xFF]) }
    }

    // MARK: Which items expire

    /// The attribute's value, and whether the item goes at the very second.
    static let values: [(value: String, expires: Bool)] = [
        (#"{"N":"\#(start)"}"#, true),
        (#"{"N":"\#(start - 1)"}"#, true),
        (#"{"N":"\#(start + 1)"}"#, false),
        (#"{"N":"\#(start).5"}"#, false),
        (#"{"N":"\#(start - 1).5"}"#, true),
        (#"{"N":"1.6E9"}"#, true),
        (#"{"N":"\#(start - fiveYears + 1)"}"#, true),
        (#"{"N":"\#(start - fiveYears)"}"#, false),
        (#"{"N":"\#(start - fiveYears).1"}"#, true),
        (#"{"N":"\#(start)000"}"#, false),
        (#"{"N":"9.9E125"}"#, false),
        (#"{"N":"1"}"#, false),
        (#"{"N":"0"}"#, false),
        (#"{"N":"-\#(start)"}"#, false),
        (#"{"S":"\#(start - 1)"}"#, false),
        (#"{"NS":["\#(start - 1)"]}"#, false),
        (#"{"L":[{"N":"\#(start - 1)"}]}"#, false),
        (#"{"M":{"ttl":{"N":"\#(start - 1)"}}}"#, false),
        (#"{"NULL":true}"#, false),
    ]

    @Test("only a number of seconds that is over, but not for five years, lets an item expire", arguments: values)
    func whichExpire(value: String, expires: Bool) throws {
        var region = try region()
        try region.apply(.write(region.put(json("a", ttl: value))))
        try region.expectConsistent()
        #expect(try region.apply(region.sweepCommand()).swept == (expires ? 1 : 0))
        #expect(try (region.item(key("a")) == nil) == expires)
        // Whoever names the item all the same: the engine decides by itself.
        let named = Command.deleteExpired(
            table: 1, keys: [try region.table().keySchema.key(of: readItem(key("a")))])
        #expect(try region.apply(named).swept == 0)
        try region.expectConsistent()
    }

    @Test("an item without the attribute never expires")
    func withoutAttribute() throws {
        var region = try region()
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"other":{"N":"\#(Self.start - 1)"}}"#)))
        #expect(try region.apply(region.sweepCommand()).swept == 0)
        #expect(expiryRows(region) == 0)
    }

    @Test("a key attribute may be the expiry")
    func keyAttribute() throws {
        var region = TestRegion()
        try region.create(region.definition("T", keys: "pk=S at=N"))
        try region.setTimeToLive(attribute: "at")
        for offset in [-1, 1] {
            try region.apply(.write(region.put(#"{"pk":{"S":"a"},"at":{"N":"\#(Self.start + offset)"}}"#)))
        }
        #expect(try region.apply(region.sweepCommand()).swept == 1)
        #expect(try region.counters().itemCount == 1)
        try region.expectConsistent()
    }

    // MARK: The list

    @Test("the list is read in the order of expiry, up to a limit")
    func order() throws {
        var region = try region()
        for offset in [-30, -10, -20, 20, 10, -Self.fiveYears - 5] {
            try region.apply(.write(region.put(json("\(offset)", ttl: seconds(Self.start + offset)))))
        }
        func expired(_ limit: Int = 10, after milliseconds: UInt64 = 0) throws -> [EncodedKey] {
            try StorageKeys.expiredItems(
                of: region.table(), atMilliseconds: region.wallMilliseconds + milliseconds, limit: limit,
                reading: region.store)
        }
        func keys(_ names: [String]) throws -> [EncodedKey] {
            try names.map { try region.table().keySchema.key(of: readItem(key($0))) }
        }
        #expect(try expired() == keys(["-30", "-20", "-10"]))
        #expect(try expired(2) == keys(["-30", "-20"]))
        #expect(try expired(after: 9_999) == keys(["-30", "-20", "-10"]))
        #expect(try expired(after: 10_000) == keys(["-30", "-20", "-10", "10"]))
    }

    @Test("a table without time to live pays nothing")
    func costsNothing() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        try region.apply(.write(region.put(json("a", ttl: seconds(Self.start)))))
        #expect(region.rows(.indexes).isEmpty)
    }

    @Test("a write that keeps the expiry does not touch the list")
    func untouched() throws {
        var region = try region()
        try region.apply(.write(region.put(json("a", ttl: seconds(Self.start + 5)))))
        let rows = region.rows(.indexes)
        try region.apply(.write(region.put(json("a", ttl: #"{"N":"\#(Self.start + 5).0"}"#, #","n":{"N":"1"}"#))))
        #expect(region.rows(.indexes) == rows)
        let touchesList = region.lastBatch.operations.contains { operation in
            switch operation {
            case .put(_, _, let space), .delete(_, let space), .deleteRange(_, _, let space): space == .indexes
            }
        }
        #expect(!touchesList)
        try region.apply(.write(region.put(json("a", ttl: seconds(Self.start + 6)))))
        #expect(region.rows(.indexes) != rows)
        try region.expectConsistent()
    }

    @Test(
        "the list is right after random writes, sweeps, settings and restarts", arguments: 1...8 as ClosedRange<UInt64>)
    func listProperty(seed: UInt64) throws {
        print("TimeToLiveTests.listProperty seed \(seed)")
        var random = SeededRandom(seed: seed)
        var region = TestRegion()
        try region.create(region.definition("T", global: [.global("G", "g=S")], peers: [Self.peer]))
        var arrivals: UInt64 = 0
        for _ in 0..<400 {
            let name = "\(random.below(8))"
            let ttl = [seconds(Self.start + random.below(40)), #"{"S":"x"}"#][random.below(2)]
            let item = json(name, ttl: ttl, #","g":{"S":"\#(random.below(2))"}"#)
            switch random.below(20) {
            case ..<8: try region.apply(.write(region.put(item)))
            case ..<10: try region.apply(.write(region.write(.delete, key(name))))
            case ..<13:
                arrivals += 1
                let time = at(region.wallMilliseconds &- 10 &+ UInt64(random.below(20)), UInt16(arrivals))
                try region.replicate(
                    item, isDeletion: random.isTrue(1, in: 4), from: Self.peer, at: time, next: arrivals + 1)
            case ..<16: try region.apply(region.sweepCommand(limit: 1 + random.below(3)))
            case ..<17: try region.setTimeToLive(attribute: ["ttl", "g"][random.below(2)])
            case ..<18: try region.setTimeToLive(attribute: "ttl", status: [.disabling, .disabled][random.below(2)])
            case ..<19: try region.restart()
            default: region.wallMilliseconds += UInt64(random.below(8_000))
            }
            try region.expectConsistent("seed \(seed)")
        }
    }

    // MARK: Settings

    @Test("items that were there before are listed when the setting is made, and forgotten when it goes")
    func enablingAndDisabling() throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        for number in 0..<5 { try region.apply(.write(region.put(json("\(number)", ttl: seconds(Self.start - 1))))) }
        #expect(try region.apply(region.sweepCommand()).swept == 0)
        try region.setTimeToLive(attribute: "ttl", status: .enabling)
        #expect(expiryRows(region) == 5)
        #expect(try region.apply(region.sweepCommand()).swept == 0, "nothing expires before the setting is ENABLED")
        try region.setTimeToLive(attribute: "ttl")
        try region.expectConsistent()
        #expect(try region.apply(region.sweepCommand(limit: 2)).swept == 2)

        try region.setTimeToLive(attribute: "ttl", status: .disabling)
        #expect(expiryRows(region) == 0)
        try region.apply(.write(region.put(json("new", ttl: seconds(Self.start - 1)))))
        #expect(try region.apply(region.sweepCommand()).swept == 0)
        try region.expectConsistent()
        try region.setTimeToLive(attribute: "ttl")
        #expect(try region.apply(region.sweepCommand()).swept == 4)
    }

    @Test("a setting survives a restart, and definitions of before have none")
    func restart() throws {
        var region = TestRegion()
        try region.create(region.definition("Old"))
        try region.create(region.definition("T"))
        try region.setTimeToLive(attribute: "ttl")
        let stored = region.rows(.metadata).values.map { String(decoding: $0, as: UTF8.self) }
        #expect(stored.contains { $0.contains(#""name":"Old""#) && !$0.contains("timeToLive") })
        try region.restart()
        #expect(
            try region.table().timeToLive
                == TimeToLive(attributeName: "ttl", status: .enabled, changedMilliseconds: region.wallMilliseconds))
        #expect(try region.table("Old").timeToLive == nil)
    }

    @Test("a dropped table leaves nothing of its list")
    func dropped() throws {
        var region = try region()
        try region.apply(.write(region.put(json("a", ttl: seconds(Self.start - 1)))))
        let sweep = try region.sweepCommand()
        try region.apply(.changeCatalogue(.drop(1)))
        #expect(region.rows(.indexes).isEmpty)
        #expect(try region.apply(sweep).swept == 0)
    }

    // MARK: What the sweep does

    @Test("a sweep's delete is a durable write of its region that says why, and is told as an event")
    func record() throws {
        var region = try region(global: [.global("G", "g=S")], peers: [Self.peer])
        try region.apply(.write(region.put(json("a", ttl: seconds(Self.start + 10), #","g":{"S":"x"}"#))))
        let before = try region.version(key("a"))
        region.wallMilliseconds += 10_000
        #expect(try region.apply(region.sweepCommand()).swept == 1)
        #expect(region.lastGroupNeededSync, "links forward it at once")
        let record = try #require(try region.changes().last)
        #expect(record.kind == .remove && record.cause == .ttl && record.transaction == nil)
        #expect(record.version.region == region.name && record.version > before)
        #expect(record.baseVersion == before)
        #expect(try region.state(key("a"))?.item == nil)
        #expect(try region.state(key("a")) != nil, "a tombstone stays")
        try region.expectConsistent()
        let event = try #require(try ControlLog.entries(from: 1, limit: 10, reading: region.store).last)
        #expect(event.kind == .itemExpired)
        #expect(
            String(decoding: event.json, as: UTF8.self).hasSuffix(
                #""data":{"table":"T","key":{"pk":{"S":"a"}},"expirySeconds":"\#(Self.start + 10)"}}"#))
    }

    @Test("a sweep that finds nothing is not worth a synced commit")
    func nothingToDo() throws {
        var region = try region()
        try region.apply(region.sweepCommand())
        #expect(!region.lastGroupNeededSync)
        #expect(region.lastBatch.isEmpty)
    }

    @Test("what happens between the look and the delete counts")
    func updatedMeanwhile() throws {
        var region = try region()
        let old = seconds(Self.start - 1)
        for name in ["renewed", "unset", "text", "deleted", "same"] {
            try region.apply(.write(region.put(json(name, ttl: old))))
        }
        let sweep = try region.sweepCommand()
        // In the same commit as the sweep, and in one before it.
        try region.apply([
            .write(region.put(json("renewed", ttl: seconds(Self.start + 60)))),
            .write(region.put(key("unset"))),
        ])
        let replies = try region.apply([
            .write(region.put(json("text", ttl: #"{"S":"never"}"#))),
            .write(region.write(.delete, key("deleted"))),
            .write(region.put(json("same", ttl: old, #","n":{"N":"1"}"#))),
            sweep,
        ])
        #expect(replies.last?.swept == 1, "only the one that is still expired")
        #expect(try region.item(key("same")) == nil)
        for name in ["renewed", "unset", "text"] { #expect(try region.item(key(name)) != nil, "\(name)") }
        try region.expectConsistent()
    }

    @Test("a clock that went back keeps what it would have deleted")
    func clockPutBack() throws {
        var region = try region()
        try region.apply(.write(region.put(json("a", ttl: seconds(Self.start + 10)))))
        region.wallMilliseconds += 10_000
        let sweep = try region.sweepCommand()
        region.wallMilliseconds -= 1
        #expect(try region.apply(sweep).swept == 0)
        #expect(try region.item(key("a")) != nil)
    }

    @Test("an item that two regions let expire is deleted once in each of their streams")
    func twoSweeps() throws {
        var world = TestWorld([Self.peer, TestRegion().name])
        try world.createTable("T", keys: "pk=S", stream: .newAndOldImages, in: world.names)
        try world.setTimeToLive("T", attribute: "ttl")
        let names = world.names
        try world[names[0]].apply(.write(world[names[0]].put(json("a", ttl: seconds(Self.start - 1)))))
        try world.heal("T")
        for name in names { #expect(try world[name].apply(world[name].sweepCommand()).swept == 1) }
        try world.heal("T")
        for name in names {
            let records = try world[name].changes()
            #expect(records.map(\.kind) == [.insert, .remove])
            #expect(records.last?.version.region == name)
            #expect(try world[name].state(key("a"))?.version == world[names[0]].state(key("a"))?.version)
            try world[name].expectConsistent()
        }
    }
}
