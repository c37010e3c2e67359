import AttributeModel
import Bytes
import ChangeStream
import Expressions
import KeyValueStore
import Partition
import Replication
import Testing

/// TransactWriteItems (`reference/data-plane.md` 10).
@Suite struct TransactionTests {
    private func region() throws -> TestRegion {
        var region = TestRegion()
        try region.create(region.definition("T", global: [.global("G", "g=S")]))
        try region.create(region.definition("U"))
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"n":{"N":"1"}}"#)))
        return region
    }

    private func transact(
        _ region: inout TestRegion, _ writes: [ItemWrite], token: IdempotencyToken? = nil, id: String = "t"
    ) throws -> Reply {
        let reply = try region.apply(.transact(Transaction(id: id, writes: writes, token: token)))
        try region.expectConsistent()
        return reply
    }

    private func committed(_ reply: Reply) throws -> [WriteOutcome] {
        guard case .transacted(.committed(let outcomes)) = reply else {
            throw UnexpectedReply(reply: reply)
        }
        return outcomes
    }

    struct UnexpectedReply: Error {
        let reply: Reply
    }

    @Test("all actions are made, in one commit, each with its record and its place in the transaction")
    func commits() throws {
        var region = try region()
        let add = try update("ADD n :v", [(":v", number(5))])
        let writes = [
            try region.put(#"{"pk":{"S":"b"}}"#),
            try region.write(.update(add), #"{"pk":{"S":"a"}}"#),
            try region.put(#"{"pk":{"S":"a"}}"#, in: "U"),
            try region.write(.delete, #"{"pk":{"S":"missing"}}"#),
        ]
        let check = try region.write(.check, #"{"pk":{"S":"c"}}"#, if: try condition("attribute_not_exists(pk)"))
        let outcomes = try committed(try transact(&region, writes + [check], id: "t-1"))
        #expect(
            outcomes.map(\.newItem) == [
                item(#"{"pk":{"S":"b"}}"#), item(#"{"pk":{"S":"a"},"n":{"N":"6"}}"#), item(#"{"pk":{"S":"a"}}"#), nil,
                nil,
            ])
        #expect(region.lastGroupNeededSync)
        let memberships = try (region.changes(of: "T") + region.changes(of: "U")).compactMap(\.transaction)
        #expect(memberships == [0, 1, 2].map { ChangeRecord.Transaction(id: "t-1", index: $0, size: 3) })
    }

    @Test("all conditions that fail are reported, and nothing is written")
    func conditions() throws {
        var region = try region()
        let isNew = try condition("attribute_not_exists(pk)")
        let exists = try condition("attribute_exists(pk)")
        let before = region.rows(.items)
        let reply = try transact(
            &region,
            [
                try region.put(#"{"pk":{"S":"a"},"n":{"N":"9"}}"#, if: isNew),
                try region.put(#"{"pk":{"S":"b"}}"#, if: isNew),
                try region.write(.delete, #"{"pk":{"S":"c"}}"#, if: exists),
                try region.write(.check, #"{"pk":{"S":"d"}}"#, if: exists),
            ])
        #expect(
            reply.cancellation == [
                .conditionFailed(item(#"{"pk":{"S":"a"},"n":{"N":"1"}}"#)), .none, .conditionFailed(nil),
                .conditionFailed(nil),
            ])
        #expect(region.rows(.items) == before)
        #expect(try region.changes().count == 1)
    }

    @Test("the first faulty action is the only one that is reported")
    func faults() throws {
        var region = try region()
        let isNew = try condition("attribute_not_exists(pk)")
        let reply = try transact(
            &region,
            [
                try region.put(#"{"pk":{"S":"a"}}"#, if: isNew),
                try region.put(#"{"pk":{"S":"b"},"g":{"N":"1"}}"#),
                try region.put(#"{"pk":{"S":"c"},"g":{"N":"2"}}"#),
            ])
        #expect(
            reply.cancellation == [
                .none,
                .invalid(
                    "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: G"
                ), .none,
            ])
    }

    @Test("a table that is missing stops everything")
    func missingTable() throws {
        var region = try region()
        let write = try region.put(#"{"pk":{"S":"b"}}"#)
        let gone = try region.put(#"{"pk":{"S":"a"}}"#, in: "U")
        try region.apply(.changeCatalogue(.drop(gone.table)))
        #expect(try transact(&region, [write, gone]).failure == .tableNotFound)
        #expect(try region.item(#"{"pk":{"S":"b"}}"#) == nil)
    }

    @Test("a token's request is made once, and answered again with the items as they are")
    func replay() throws {
        var region = try region()
        let add = try update("ADD n :v", [(":v", number(5))])
        let token = IdempotencyToken(token: "token", digest: [1, 2, 3])
        let writes = [try region.write(.update(add), #"{"pk":{"S":"a"}}"#), try region.put(#"{"pk":{"S":"b"}}"#)]
        _ = try committed(try transact(&region, writes, token: token))
        try region.apply(.write(region.write(.delete, #"{"pk":{"S":"b"}}"#)))

        let before = try region.changes()
        for isRestarted in [false, true] {
            if isRestarted { try region.restart() }
            guard case .transacted(.replayed(let items)) = try transact(&region, writes, token: token) else {
                Issue.record("the token was not remembered (restarted: \(isRestarted))")
                return
            }
            #expect(items == [item(#"{"pk":{"S":"a"},"n":{"N":"6"}}"#), nil])
            #expect(try region.changes() == before)
        }
    }

    @Test("a token with another request is refused")
    func mismatch() throws {
        var region = try region()
        let writes = [try region.put(#"{"pk":{"S":"b"}}"#)]
        _ = try committed(try transact(&region, writes, token: IdempotencyToken(token: "token", digest: [1])))
        guard case .tokenMismatch = try transact(&region, writes, token: IdempotencyToken(token: "token", digest: [2]))
        else {
            Issue.record("the digests differ")
            return
        }
    }

    @Test("tokens are compared byte by byte")
    func tokenBytes() throws {
        var region = try region()
        let writes = [try region.put(#"{"pk":{"S":"b"}}"#)]
        _ = try committed(try transact(&region, writes, token: IdempotencyToken(token: "\u{E9}", digest: [1])))
        _ = try committed(try transact(&region, writes, token: IdempotencyToken(token: "e\u{301}", digest: [2])))
    }

    @Test("only a request that was carried out is remembered, for ten minutes")
    func lifetime() throws {
        var region = try region()
        let add = try update("ADD n :v", [(":v", number(1))])
        let isThere = try condition("attribute_exists(pk)")
        let writes = [try region.write(.update(add), #"{"pk":{"S":"b"}}"#, if: isThere)]
        let token = IdempotencyToken(token: "token", digest: [1])
        #expect(try transact(&region, writes, token: token).cancellation == [.conditionFailed(nil)])
        try region.apply(.write(region.put(#"{"pk":{"S":"b"}}"#)))
        _ = try committed(try transact(&region, writes, token: token))

        region.wallMilliseconds += IdempotencyToken.lifetimeMilliseconds
        guard case .transacted(.replayed) = try transact(&region, writes, token: token) else {
            Issue.record("the token is still known")
            return
        }
        region.wallMilliseconds += 1
        _ = try committed(try transact(&region, writes, token: token))
        #expect(try region.item(#"{"pk":{"S":"b"}}"#) == item(#"{"pk":{"S":"b"},"n":{"N":"2"}}"#))
    }
}
