import AttributeModel
import Bytes
import ChangeStream
import Foundation
import JSONBytes
import KeyValueStore
import Partition
import Replication
import Testing

@testable import WireProtocol

/// A region of the real engine over a store in memory: requests in, answers out, one after the other.
final class DataPlaneRegion {
    static let name = RegionName(stored: "us-east-1")
    private static let startMilliseconds: UInt64 = 1_760_000_000_000

    private var engine: RegionEngine
    private let store = MemoryStore()
    private(set) var wallMilliseconds = startMilliseconds

    /// - Parameter tables: their numbers count from 1.
    init(_ tables: [TableDefinition] = DataPlaneTables.all) throws {
        engine = try RegionEngine(loading: store, as: Self.name)
        for table in tables { try change(.create(table)) }
    }

    func change(_ change: CatalogueChange) throws {
        guard case .done = try apply(.changeCatalogue(change)) else {
            throw UnexpectedReply()
        }
    }

    func advance(milliseconds: UInt64) {
        wallMilliseconds += milliseconds
    }

    struct UnexpectedReply: Error {}

    private func apply(_ command: Command) throws -> Reply {
        wallMilliseconds += 1
        var group = WriteGroup(reading: store)
        let reply = try engine.apply(command, wallMilliseconds: wallMilliseconds, group: &group)
        _ = engine.finish(&group)
        store.commit(group.batch, durability: .synced)
        return reply
    }

    var context: RequestContext {
        RequestContext(
            region: Self.name, catalogue: Catalogue(engine.tables.values.map(\.definition)),
            wallMilliseconds: wallMilliseconds, counters: { _ in TableCounters() }, makeID: { "transaction" })
    }

    /// Decodes, does what the request asks for, answers.
    func send(_ operation: DataOperation, _ body: String) throws -> WireResponse {
        let document = try JSONDocument(parsing: Array(body.utf8))
        do throws(WireError) {
            switch try operation.decode(document, context: context) {
            case .write(let command, let answer): return answer(try reply(to: command))
            case .read(let read): return try result(of: read)
            }
        } catch {
            return error.response
        }
    }

    private func reply(to command: Command) throws(WireError) -> Reply {
        do { return try apply(command) } catch { throw .internalError }
    }

    private func result(of read: DataRead) throws(WireError) -> WireResponse {
        do { return try read.execute(reading: store) } catch { throw .internalError }
    }

    /// The body of a success.
    func answer(
        _ operation: DataOperation, _ body: String, _ location: SourceLocation = #_sourceLocation
    ) throws -> String {
        let response = try send(operation, body)
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(response.status == 200, "\(text)", sourceLocation: location)
        return text
    }

    /// Expects exactly this body of a success.
    func expect(
        _ operation: DataOperation, _ body: String, answers expected: String,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(try answer(operation, body, location) == expected, sourceLocation: location)
    }

    /// Expects an error, with this text.
    func expect(
        _ operation: DataOperation, _ body: String, fails kind: WireError.Kind = .validation, _ message: String?,
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let response = try send(operation, body)
        let failure = WireFailure(response)
        #expect(failure.kind == kind.rawValue, "\(failure)", sourceLocation: location)
        #expect(failure.message == message, sourceLocation: location)
    }

    func put(_ table: String, _ item: String) throws {
        _ = try answer(.putItem, #"{"TableName":"\#(table)","Item":\#(item)}"#)
    }

    /// The item with this key, or nil.
    func item(_ table: String, _ key: String) throws -> String? {
        let answer = try answer(.getItem, #"{"TableName":"\#(table)","Key":\#(key),"ConsistentRead":true}"#)
        guard answer != "{}" else { return nil }
        return String(answer.dropFirst(#"{"Item":"#.count).dropLast())
    }
}

/// An error body, taken apart.
struct WireFailure: CustomStringConvertible {
    let kind: String?
    let message: String?
    let description: String

    init(_ response: WireResponse) {
        description = String(decoding: response.body, as: UTF8.self)
        let object = (try? JSONSerialization.jsonObject(with: Data(response.body))) as? [String: Any]
        kind = (object?["__type"] as? String)?.split(separator: "#").last.map(String.init)
        message = (object?["message"] ?? object?["Message"]) as? String
    }
}

/// The tables that the tests of the data plane use.
enum DataPlaneTables {
    static let all = [hash, sorted, indexed, binary]

    /// p:S.
    static let hash = table(1, "hash", KeySchema(partitionKeys: [string("p")]))
    /// p:S, s:N.
    static let sorted = table(2, "sorted", KeySchema(partitionKeys: [string("p")], sortKeys: [number("s")]))
    /// p:S, s:S with indexes of every projection.
    static let indexed = table(
        3, "indexed", KeySchema(partitionKeys: [string("p")], sortKeys: [string("s")]),
        local: [
            index(1, "local", ["p"], "l", .keysOnly),
            index(2, "local-all", ["p"], "l", .all),
        ],
        global: [
            index(3, "all", ["g"], "l", .all),
            index(4, "keys", ["g"], nil, .keysOnly),
            index(5, "some", ["g"], "s", .include(["colour"])),
        ])
    /// p:B.
    static let binary = table(4, "binary", KeySchema(partitionKeys: [KeyAttribute(name: "p", type: .binary)]))

    static func string(_ name: Text) -> KeyAttribute { KeyAttribute(name: name, type: .string) }
    static func number(_ name: Text) -> KeyAttribute { KeyAttribute(name: name, type: .number) }

    static func table(
        _ number: TableDefinition.Number, _ name: String, _ keys: KeySchema, status: TableStatus = .active,
        billing: BillingMode = .payPerRequest, local: [IndexDefinition] = [], global: [IndexDefinition] = []
    ) -> TableDefinition {
        TableDefinition(
            number: number, name: name, region: DataPlaneRegion.name,
            tableID: "00000000-0000-4000-8000-00000000000\(number)",
            createdMilliseconds: 0, status: status, keySchema: keys, attributeDefinitions: [],
            billing: Billing(mode: billing, throughput: .none), localIndexes: local, globalIndexes: global)
    }

    /// Indexes of `indexed`: all their key attributes are strings, except l, which is a number.
    static func index(
        _ ordinal: IndexDefinition.Ordinal, _ name: String, _ partitionKeys: [Text], _ sortKey: Text?,
        _ projection: IndexDefinition.Projection, status: IndexDefinition.Status = .active
    ) -> IndexDefinition {
        let sortKeys = sortKey.map { [$0 == "l" ? number($0) : string($0)] } ?? []
        return IndexDefinition(
            ordinal: ordinal, name: name,
            keySchema: KeySchema(partitionKeys: partitionKeys.map(string), sortKeys: sortKeys),
            projection: projection, status: status)
    }
}
