import ChangeStream
import EventPattern
import Glibc
public import HandlerKit
import KeyValueStore
import Partition
import Replication
import RocksDBStore

/// A region's change log of a table, read from the data directory of a server that does not run.
public enum RegionLog {
    /// - Parameters:
    ///   - range: which part is read; its region and table are needed.
    ///   - showsAllImages: whether items are shown although the table's stream does not.
    public static func read(
        dataDirectory: String, range: ReplayRange, showsAllImages: Bool
    ) throws(ReplayError) -> Recording {
        guard let region = range.region.flatMap({ RegionName($0) }), let table = range.table else {
            throw ReplayError("a data directory needs --region and --table")
        }
        let path = dataDirectory + "/" + region.name
        // Opening would make what is not there.
        guard access(path + "/FORMAT", F_OK) == 0 else {
            throw ReplayError("\(dataDirectory) has no data of \(region.name): \(path)/FORMAT is not there")
        }
        do {
            let store = try RocksDBStore(path: path)
            defer { store.close() }
            let tables = try RegionEngine(loading: store, as: region).tables.values.map(\.definition)
            return try recording(of: try definition(of: table, in: tables), in: store, range, showsAllImages)
        } catch let error as ReplayError {
            throw error
        } catch {
            throw ReplayError("\(error)")
        }
    }

    private static func definition(
        of name: String, in tables: [TableDefinition]
    ) throws(ReplayError) -> TableDefinition {
        // Of a name that was used again, the newest.
        let named = tables.filter { $0.name == name }.sorted { $0.number < $1.number }
        if let table = named.last(where: { $0.deletedMilliseconds == nil }) ?? named.last { return table }
        let names = tables.map(\.name).sorted().joined(separator: ", ")
        throw ReplayError("there is no table \(name), but \(names.isEmpty ? "none at all" : names)")
    }

    private static func recording(
        of table: TableDefinition, in store: RocksDBStore, _ range: ReplayRange, _ showsAllImages: Bool
    ) throws -> Recording {
        let stream = table.streams.last
        let context = RecordContext(
            region: table.region, tableID: table.tableID, keySchema: table.keySchema,
            viewType: showsAllImages ? .newAndOldImages : stream?.viewType ?? .newAndOldImages,
            eventSourceARN: stream.map(table.streamARN) ?? table.arn + "/stream/log")
        var reader = RecordingReader()
        var failure: ReplayError?
        try store.scan(StorageKeys.changes(table.number, from: 1), in: .changes, reverse: false) { key, value in
            do {
                let sequence = try StorageKeys.sequence(ofChange: key)
                let record = try ChangeRecord(sequence: sequence, decoding: value)
                let change = try RecordedChange(
                    event: context.eventJSON(of: record), milliseconds: record.commitMilliseconds)
                if range.contains(change) { try reader.add(change, source: "table \(table.name)") }
                return .next
            } catch {
                failure = ReplayError("a record of table \(table.name) in \(table.region) cannot be read: \(error)")
                return .stop
            }
        }
        if let failure { throw failure }
        return try reader.recording()
    }
}
