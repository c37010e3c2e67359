import AttributeModel
import ChangeStream
import KeyValueStore
import Replication
import Testing

@testable import Partition

/// What a region remembers of transactions that have only half arrived. `Tests/Scripts/arrivals.txt` shows the rest.
@Suite struct ArrivalTests {
    private static let home = RegionName(stored: "eu-west-1")

    private func arrival(_ number: Int, since: UInt64) -> Arrival {
        Arrival(
            id: "t\(number)", home: Self.home, shares: [.init(table: "T", first: 1, count: 2)],
            sinceMilliseconds: since, arrived: 1, size: 2)
    }

    @Test("beyond the limit the oldest is forgotten, and counted")
    func limit() {
        var arrivals = Arrivals()
        let count = Arrivals.transactionsMax
        for number in 0..<count { arrivals.remember(arrival(number, since: UInt64(count - number))) }
        #expect(arrivals.forgetOldest() == nil)
        arrivals.remember(arrival(count, since: 99_999))
        #expect(arrivals.forgetOldest()?.id == "t\(count - 1)")
        #expect(arrivals.forgetOldest() == nil)
        #expect(arrivals.count == count && arrivals.forgottenCount == 1)
        #expect(arrivals.oldestMilliseconds == 2)
    }

    @Test("an arrival comes back as it was stored, and its row goes when it is whole")
    func rows() throws {
        var region = TestRegion("us-east-1")
        try region.create(region.definition("T", peers: [Self.home]))
        try region.apply(.changeCatalogue(.setCursor(1, peer: Self.home, LinkCursor(next: 1))))
        func rows() -> Int { region.rows(.metadata).keys.count { $0.first == UInt8(ascii: "a") } }
        func deliver(_ index: Int) throws {
            let item = try readItem("{\"pk\":{\"S\":\"\(index)\"}}")
            let change = ReplicatedChange(
                sequence: UInt64(index + 1), key: try region.table().keySchema.key(of: item),
                version: Version(
                    timestamp: HybridTimestamp(milliseconds: 5, counter: UInt16(index)), region: Self.home),
                baseVersion: nil, item: item, cause: .user, transaction: .init(id: "t", index: index, size: 3))
            try region.apply(
                .replicate(
                    ReplicatedChanges(
                        table: 1, peer: Self.home, changes: [change],
                        cursor: LinkCursor(next: UInt64(index + 2), watermark: .zero))))
        }
        try deliver(0)
        #expect(rows() == 1)
        let known = region.engine.arrivals.halfArrived
        #expect(known.map(\.arrived) == [1] && known.map(\.size) == [3] && known.map(\.home) == [Self.home])
        try region.restart()
        #expect(region.engine.arrivals.halfArrived == known)
        try deliver(1)
        try deliver(2)
        #expect(rows() == 0)
        #expect(region.engine.arrivals.arrivedCount == 1)
        let kinds = try ControlLog.entries(from: 1, limit: 10, reading: region.store).map(\.kind)
        #expect(kinds == [.transactionArriving, .transactionArriving, .transactionArrived])
    }
}
