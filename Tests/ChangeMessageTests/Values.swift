import AttributeModel
import Bytes
import ChangeMessage
import ChangeStream
import JSONBytes
import Partition
import RecordLog
import Replication

let home = RegionName(stored: "us-east-1")
let other = RegionName(stored: "eu-west-1")

func item(_ json: String) -> Item {
    guard let document = try? JSONDocument(parsing: Array(json.utf8)), let item = try? Item(document, document.root)
    else { preconditionFailure("\(json) is no item") }
    return item
}

func version(_ milliseconds: UInt64, _ counter: UInt16 = 0, _ region: RegionName = home) -> Version {
    Version(timestamp: HybridTimestamp(milliseconds: milliseconds, counter: counter), region: region)
}

func record(
    _ change: ChangeRecord.Change, sequence: UInt64 = 7, version: Version = version(1_764_400_361_123, 5),
    baseVersion: Version? = nil, commitMilliseconds: UInt64 = 1_764_400_361_124, cause: ChangeRecord.Cause = .user,
    transaction: ChangeRecord.Transaction? = nil
) -> ChangeRecord {
    ChangeRecord(
        sequence: sequence, version: version, baseVersion: baseVersion, commitMilliseconds: commitMilliseconds,
        cause: cause, transaction: transaction, change: change)
}

/// Keys are a text `id`, and with `sorted` a number `at`.
func table(sorted: Bool = false) -> TableDefinition {
    let sortKeys = sorted ? [KeyAttribute(name: "at", type: .number)] : []
    return TableDefinition(
        number: 1, name: "Orders", region: home, tableID: "0b1c", createdMilliseconds: 1_764_400_000_000,
        status: .active,
        keySchema: KeySchema(partitionKeys: [KeyAttribute(name: "id", type: .string)], sortKeys: sortKeys),
        attributeDefinitions: [], billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: [],
        globalIndexes: [])
}

func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

extension LogMessage {
    func header(_ name: String) -> String? { text(headers[name]) }

    /// Names and values, for changing them.
    var headerList: [(name: String, value: [UInt8])] {
        var list: [(String, [UInt8])] = []
        headers.visit { list.append((String(decoding: $0, as: UTF8.self), Array($1))) }
        return list
    }
}

extension LogHeaders {
    init(list: [(name: String, value: [UInt8])]) {
        self.init()
        for header in list { append(header.name, header.value) }
    }
}

extension ChangeMessageWriter {
    convenience init(_ table: TableDefinition, format: RecordFormat) { self.init(table, format: format, partitions: 6) }

    func change(_ record: ChangeRecord) -> LogMessage { change(record, nowMilliseconds: 5) }

    func state(_ record: ChangeRecord) -> LogMessage { state(record, nowMilliseconds: 5) }
}
