import AttributeModel
import Bytes
import ChangeStream
import Foundation
import JSONBytes
import KeyValueStore
import Partition
import Replication
import Testing
import WireProtocol

import struct ChangeStream.Stream

/// A region of the real engine over a store in memory, with table `Orders` (key `p`, S): writes in, stream requests answered.
final class StreamsRegion {
    static let name = RegionName(stored: "us-east-1")
    static let hour: UInt64 = 3_600_000
    static let tableARN = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"

    let store = MemoryStore()
    private(set) var engine: RegionEngine
    var now: UInt64 = 1_700_000_000_123

    init(_ viewType: StreamViewType? = .newAndOldImages) throws {
        engine = try RegionEngine(loading: store, as: Self.name)
        try addTable("Orders", viewType)
    }

    func addTable(_ name: String, _ viewType: StreamViewType?) throws {
        let key = KeyAttribute(name: "p", type: .string)
        var table = TableDefinition(
            number: engine.nextTableNumber, name: name, region: Self.name, tableID: "id of \(name)",
            createdMilliseconds: now, status: .active, keySchema: KeySchema(partitionKeys: [key]),
            attributeDefinitions: [key], billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: [],
            globalIndexes: [])
        if let viewType { table.streams = [Stream(viewType: viewType, nextSequence: 1, nowMilliseconds: now)] }
        try perform(.changeCatalogue(.create(table)))
    }

    func perform(_ command: Command) throws {
        var group = WriteGroup(reading: store)
        let reply = try engine.apply(command, wallMilliseconds: now, group: &group)
        if case .failed(let failure) = reply { throw failure }
        _ = engine.finish(&group)
        store.commit(group.batch, durability: .synced)
    }

    // MARK: - Writing

    func put(_ key: String, _ attributes: AttributeMap = [:]) throws {
        var item = attributes
        item["p"] = .string(Text(key))
        try write(key, .put(Item(item)))
    }

    func delete(_ key: String) throws { try write(key, .delete) }

    private func write(_ key: String, _ change: ItemWrite.Change) throws {
        let keyItem = Item(["p": .string(Text(key))])
        let table = table()
        try perform(
            .write(
                ItemWrite(
                    table: table.number, key: try table.keySchema.key(of: keyItem), keyItem: keyItem, change: change,
                    condition: nil)))
    }

    // MARK: - Time and settings

    func table(_ name: String = "Orders") -> TableDefinition {
        guard let table = context.catalogue.table(named: name) else { preconditionFailure("no table \(name)") }
        return table
    }

    /// Lets hours pass, and with them the shards that roll over.
    func wait(hours: UInt64) throws {
        for _ in 0..<hours {
            now += Self.hour
            try perform(.expire(.rollShards))
        }
    }

    func enableStream(_ viewType: StreamViewType = .newAndOldImages) throws {
        try perform(.changeCatalogue(.enableStream(table().number, viewType)))
    }

    func disableStream() throws { try perform(.changeCatalogue(.disableStream(table().number))) }

    /// Removes change records from the log.
    func trim(before sequence: UInt64) throws {
        try perform(.expire(.changes(table: table().number, before: sequence)))
    }

    // MARK: - Requests

    var context: RequestContext {
        let engine = engine
        return RequestContext(
            region: Self.name, catalogue: Catalogue(engine.tables.values.map(\.definition)), wallMilliseconds: now,
            counters: { engine.tables[$0]?.counters ?? TableCounters() }, makeID: { "id" })
    }

    func send(_ operation: StreamsOperation, _ json: String) throws -> String {
        let response: WireResponse
        switch try operation.decode(try JSONDocument(parsing: Array(json.utf8)), context: context) {
        case .answer(let answer): response = answer
        case .read(let read): response = try read.execute(reading: store).get()
        }
        #expect(response.status == 200)
        return String(decoding: response.body, as: UTF8.self)
    }

    /// The error that the request ends with; nil when it succeeds.
    func refusal(_ operation: StreamsOperation, _ json: String) -> WireError? {
        do {
            _ = try send(operation, json)
            return nil
        } catch let error as WireError {
            return error
        } catch {
            Issue.record("not an error of the wire: \(error)")
            return nil
        }
    }

    /// The answer as a JSON object.
    func object(_ operation: StreamsOperation, _ json: String) throws -> [String: Any] {
        let parsed = try JSONSerialization.jsonObject(with: Data(try send(operation, json).utf8))
        return try #require(parsed as? [String: Any])
    }

    // MARK: - Streams

    var stream: Stream {
        guard let stream = table().streams.last else { preconditionFailure("no stream") }
        return stream
    }

    var streamARN: String { table().streamARN(stream) }

    func iteratorRequest(_ type: String, _ sequenceNumber: String? = nil, shard: Shard? = nil) -> String {
        let position = sequenceNumber.map { #","SequenceNumber":"\#($0)""# } ?? ""
        let shardID = (shard ?? stream.shards[0]).id
        return #"{"StreamArn":"\#(streamARN)","ShardId":"\#(shardID)","ShardIteratorType":"\#(type)"\#(position)}"#
    }

    func iterator(_ type: String, _ sequenceNumber: String? = nil, shard: Shard? = nil) throws -> String {
        let answer = try object(.getShardIterator, iteratorRequest(type, sequenceNumber, shard: shard))
        return try #require(answer["ShardIterator"] as? String)
    }

    struct Page {
        let records: [[String: Any]]
        let next: String?

        /// The partition key of each record.
        var keys: [String] {
            records.map { record in
                let change = record["dynamodb"] as? [String: Any]
                let key = ((change?["Keys"] as? [String: Any])?["p"] as? [String: Any])?["S"] as? String
                return key ?? "none"
            }
        }

        /// Event name and partition key of each record.
        var summary: [String] { zip(records, keys).map { record, key in "\(record["eventName"] ?? "?") \(key)" } }
    }

    func records(_ iterator: String, limit: Int? = nil) throws -> Page {
        let limit = limit.map { #","Limit":\#($0)"# } ?? ""
        let answer = try object(.getRecords, #"{"ShardIterator":"\#(iterator)"\#(limit)}"#)
        return Page(
            records: try #require(answer["Records"] as? [[String: Any]]),
            next: answer["NextShardIterator"] as? String)
    }
}

func sequenceNumber(_ sequence: UInt64) -> String { SequenceNumber.text(of: sequence) }
