import AttributeModel
import Bytes
import ChangeStream
import EventPattern
import Foundation
import JSONBytes
import Replication

/// The files of `filter-workload.py`, and its events as change records.
struct FilterWorkload {
    let events: [[UInt8]]
    let records: [ChangeRecord]
    /// The stream of the records: the table and the view of the generated events.
    let context = RecordContext(
        region: region, tableID: "benchmark",
        keySchema: KeySchema(
            partitionKeys: [KeyAttribute(name: "pk", type: .string)],
            sortKeys: [KeyAttribute(name: "sk", type: .string)]),
        viewType: .newAndOldImages)

    private static let region = RegionName(stored: "us-east-1")
    private let directory: URL

    init(directory path: String) throws {
        directory = URL(fileURLWithPath: path)
        events = try Self.lines(directory.appendingPathComponent("events.jsonl"))
        records = try events.enumerated().map { try Self.record($1, sequence: UInt64($0 + 1)) }
        if events.isEmpty { throw BenchmarkFailure("\(path)/events.jsonl is empty") }
    }

    var eventBytesMean: Int { events.reduce(0) { $0 + $1.count } / events.count }

    func patterns(_ count: Int) throws -> [[UInt8]] {
        try Self.lines(directory.appendingPathComponent("patterns-\(count).jsonl"))
    }

    private static func lines(_ file: URL) throws -> [[UInt8]] {
        do {
            return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map { [UInt8]($0) }
        } catch {
            throw BenchmarkFailure("\(file.path) cannot be read; see --help for how to make it")
        }
    }

    /// The change that the event tells of. The old image of a MODIFY is not in the event; the record shows the new one as both.
    private static func record(_ event: [UInt8], sequence: UInt64) throws -> ChangeRecord {
        let document = try JSONDocument(parsing: event)
        guard let change = document.member("dynamodb", of: document.root),
            let name = document.member("eventName", of: document.root),
            let image = document.member("NewImage", of: change) ?? document.member("OldImage", of: change)
        else { throw BenchmarkFailure("the workload has an event that is no stream record") }
        let item = try Item(document, image)
        let kind: ChangeRecord.Change =
            switch document.string(name) {
            case "INSERT": .insert(item)
            case "MODIFY": .modify(old: item, new: item)
            default: .remove(item)
            }
        let isExpiry = document.member("userIdentity", of: document.root) != nil
        return ChangeRecord(
            sequence: sequence,
            version: Version(
                timestamp: HybridTimestamp(milliseconds: 1_764_000_000_000 + sequence * 1000), region: region),
            baseVersion: nil, commitMilliseconds: 1_764_000_000_000 + sequence * 1000,
            cause: isExpiry ? .ttl : .user, transaction: nil, change: kind)
    }
}
