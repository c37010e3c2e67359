import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Partition
import Replication
import Testing
import WireProtocol

/// Regions, tables and requests for the tests of table operations.
enum TableFixture {
    static let east = RegionName(stored: "us-east-1")
    static let west = RegionName(stored: "eu-west-1")
    static let south = RegionName(stored: "ap-southeast-1")
    static let regions = [east, west, south]
    /// 2023-11-14T22:13:20.123Z, a Tuesday.
    static let now: UInt64 = 1_700_000_000_123
    static let hour: UInt64 = 3_600_000
    static let tableID = "00000000-0000-4000-8000-000000000001"
    static let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"

    static func context(
        _ tables: [TableDefinition] = [], in region: RegionName = east, now: UInt64 = TableFixture.now,
        counters: TableCounters = TableCounters(), others: [TableDefinition] = []
    ) -> RequestContext {
        RequestContext(
            region: region, catalogue: Catalogue(tables), wallMilliseconds: now, counters: { _ in counters },
            makeID: { "id" },
            replicas: { name in
                Dictionary(uniqueKeysWithValues: others.filter { $0.name == name }.map { ($0.region, $0) })
            })
    }

    /// Table `Orders` with key `p` (S), paid per request, ACTIVE.
    static func table(
        _ name: String = "Orders", in region: RegionName = east, number: TableDefinition.Number = 1,
        status: TableStatus = .active, globalIndexes: [IndexDefinition] = [], localIndexes: [IndexDefinition] = [],
        provisioned: Throughput? = nil, peers: [Peer] = [], _ change: (inout TableDefinition) -> Void = { _ in }
    ) -> TableDefinition {
        let billing =
            provisioned.map { Billing(mode: .provisioned, throughput: $0) }
            ?? Billing(mode: .payPerRequest, throughput: .none, payPerRequestMilliseconds: now - hour)
        let attributes =
            [KeyAttribute(name: "p", type: .string)]
            + (globalIndexes + localIndexes).flatMap {
                $0.keySchema.attributes.filter { $0.name != "p" }
            }
        var table = TableDefinition(
            number: number, name: name, region: region, tableID: tableID, createdMilliseconds: now - hour,
            status: status, keySchema: KeySchema(partitionKeys: [attributes[0]]), attributeDefinitions: attributes,
            billing: billing, localIndexes: localIndexes, globalIndexes: globalIndexes)
        table.peers = peers
        if !peers.isEmpty { table.streams = [stream(.newAndOldImages)] }
        change(&table)
        return table
    }

    static func stream(_ viewType: StreamViewType, isEnabled: Bool = true) -> Stream {
        var stream = Stream(viewType: viewType, nextSequence: 1, nowMilliseconds: now - hour)
        if !isEnabled { stream.disable(nextSequence: 1, nowMilliseconds: now - hour) }
        return stream
    }

    /// A global index with hash key `g` (S).
    static func globalIndex(
        _ name: String = "global", ordinal: IndexDefinition.Ordinal = 1, throughput: Throughput = .none,
        status: IndexDefinition.Status = .active, projection: IndexDefinition.Projection = .all
    ) -> IndexDefinition {
        IndexDefinition(
            ordinal: ordinal, name: name,
            keySchema: KeySchema(partitionKeys: [KeyAttribute(name: "g", type: .string)]), projection: projection,
            throughput: throughput, status: status)
    }

    static func localIndex(_ name: String = "local", ordinal: IndexDefinition.Ordinal = 2) -> IndexDefinition {
        IndexDefinition(
            ordinal: ordinal, name: name,
            keySchema: KeySchema(
                partitionKeys: [KeyAttribute(name: "p", type: .string)],
                sortKeys: [KeyAttribute(name: "l", type: .number)]), projection: .keysOnly)
    }

    static func peer(
        _ region: RegionName, _ status: Peer.Status = .active, source: RegionName? = nil, ageHours: UInt64 = 48
    ) -> Peer {
        Peer(region: region, status: status, source: source, addedMilliseconds: now - ageHours * hour)
    }
}

// MARK: - Requests

/// A JSON object of these members; those with nil are left out.
func jsonObject(_ members: [String: String?]) -> String {
    let pairs = members.sorted { $0.key < $1.key }.compactMap { name, json in json.map { "\"\(name)\":\($0)" } }
    return "{" + pairs.joined(separator: ",") + "}"
}

func jsonArray(_ elements: [String]) -> String { "[" + elements.joined(separator: ",") + "]" }

/// From `p:HASH` or just names, the first of which is the hash key.
func keySchemaJSON(_ keys: String...) -> String {
    jsonArray(
        keys.enumerated().map { position, key in
            let parts = key.split(separator: ":")
            let role = parts.count == 2 ? String(parts[1]) : position == 0 ? "HASH" : "RANGE"
            return #"{"AttributeName":"\#(parts[0])","KeyType":"\#(role)"}"#
        })
}

/// From `p:S`.
func definitionsJSON(_ attributes: String...) -> String {
    jsonArray(
        attributes.map { attribute in
            let parts = attribute.split(separator: ":")
            return #"{"AttributeName":"\#(parts[0])","AttributeType":"\#(parts[1])"}"#
        })
}

func throughputJSON(_ read: Int, _ write: Int) -> String {
    #"{"ReadCapacityUnits":\#(read),"WriteCapacityUnits":\#(write)}"#
}

let projectAll = #"{"ProjectionType":"ALL"}"#

func indexJSON(_ name: String, _ keySchema: String, projection: String? = projectAll, throughput: String? = nil)
    -> String
{
    jsonObject([
        "IndexName": "\"\(name)\"", "KeySchema": keySchema, "Projection": projection,
        "ProvisionedThroughput": throughput,
    ])
}

// MARK: - Running requests

/// What became of a request.
enum TableOutcome: Sendable {
    case answer(WireResponse)
    case created(TableDefinition)
    case steps([TableStep])
    case edit(TableEdit)
    case scaling([UpdateReplicaAutoScalingRequest.Edit])
    case deletion(DeleteTableRequest.Decision)
}

extension TableOperation {
    /// Decodes the request and decides it against the tables of its region and its neighbours.
    func run(
        _ json: String, _ tables: [TableDefinition] = [], in region: RegionName = TableFixture.east,
        now: UInt64 = TableFixture.now
    ) throws -> TableOutcome {
        let context = TableFixture.context(
            tables.filter { $0.region == region }, in: region, now: now, others: tables.filter { $0.region != region })
        let document = try JSONDocument(parsing: Array(json.utf8))
        let request = try decode(document, context: context)
        func current(_ name: String) -> TableDefinition? { context.catalogue.table(named: name) }
        func facts(_ name: String) -> ReplicaFacts {
            let others = tables.filter { $0.region != region && $0.name == name }
            return ReplicaFacts(
                regions: TableFixture.regions, tables: Dictionary(uniqueKeysWithValues: others.map { ($0.region, $0) }))
        }
        switch request {
        case .answer(let response): return .answer(response)
        case .create(let create):
            return .created(try create.definition(number: 7, tableID: TableFixture.tableID, context: context))
        case .update(let update):
            let name = update.tableName
            return .steps(try update.steps(for: current(name), facts: facts(name), context: context))
        case .delete(let delete):
            let name = delete.tableName
            return .deletion(try delete.decide(current: current(name), facts: facts(name), context: context))
        case .tag(let tag): return .edit(try tag.edit(for: current(tag.tableName)))
        case .untag(let untag): return .edit(try untag.edit(for: current(untag.tableName)))
        case .timeToLive(let change):
            return .edit(try change.edit(for: current(change.tableName), context: context))
        case .continuousBackups(let change): return .edit(try change.edit(for: current(change.tableName)))
        case .replicaAutoScaling(let change): return .scaling(try change.edits(context: context))
        }
    }

    /// The error that the request ends with; nil when it succeeds.
    func refusal(
        _ json: String, _ tables: [TableDefinition] = [], in region: RegionName = TableFixture.east,
        now: UInt64 = TableFixture.now
    ) -> WireError? {
        do {
            _ = try run(json, tables, in: region, now: now)
            return nil
        } catch let error as WireError {
            return error
        } catch {
            Issue.record("not an error of the wire: \(error)")
            return nil
        }
    }
}

/// The answer's body of a request that is answered at once.
func tableAnswer(
    _ operation: TableOperation, _ json: String, _ tables: [TableDefinition] = [], now: UInt64 = TableFixture.now
) throws -> String {
    guard case .answer(let response) = try operation.run(json, tables, now: now) else {
        Issue.record("\(operation) is not answered at once")
        return ""
    }
    #expect(response.status == 200)
    return String(decoding: response.body, as: UTF8.self)
}

/// A request that must be refused, and with what.
struct RefusedTableRequest: Sendable, CustomTestStringConvertible {
    let name: String
    let request: String
    let kind: WireError.Kind
    let text: String

    /// A ValidationException.
    init(_ name: String, _ request: String, _ text: String) {
        self.init(name, request, .validation, text)
    }

    init(_ name: String, _ request: String, _ kind: WireError.Kind, _ text: String) {
        self.name = name
        self.request = request
        self.kind = kind
        self.text = text
    }

    var testDescription: String { name }
    var error: WireError { WireError(kind, text) }
}

let invalidParameters = "One or more parameter values were invalid: "
let oneViolation = "1 validation error detected: "

// MARK: - UpdateTable

/// An UpdateTable request for `Orders` with these members.
func updateTable(_ members: [String: String?] = [:]) -> String {
    jsonObject(["TableName": "\"Orders\""].merging(members) { _, changed in changed })
}

func indexUpdates(_ updates: String..., with members: [String: String?] = [:]) -> String {
    updateTable(["GlobalSecondaryIndexUpdates": jsonArray(updates)].merging(members) { _, changed in changed })
}

func createIndex(_ name: String = "fresh", _ key: String = "x", throughput: String? = nil) -> String {
    jsonObject(["Create": indexJSON(name, keySchemaJSON(key), throughput: throughput)])
}

func updateIndex(_ name: String, _ throughput: String?) -> String {
    jsonObject(["Update": jsonObject(["IndexName": "\"\(name)\"", "ProvisionedThroughput": throughput])])
}

func deleteIndex(_ name: String) -> String { #"{"Delete":{"IndexName":"\#(name)"}}"# }

let streamOn = #"{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}"#
let streamOff = #"{"StreamEnabled":false}"#
let onlyOneOnline = WireError(
    .limitExceeded,
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")

extension TableOperation {
    /// What UpdateTable does to this one table.
    static func steps(
        _ json: String, _ table: TableDefinition = TableFixture.table(), now: UInt64 = TableFixture.now
    ) throws -> [TableStep] {
        guard case .steps(let steps) = try updateTable.run(json, [table], now: now) else { return [] }
        return steps
    }

    /// Why UpdateTable does not change this one table.
    static func refusalOfUpdate(
        _ json: String, _ table: TableDefinition = TableFixture.table(), now: UInt64 = TableFixture.now
    ) -> WireError? {
        updateTable.refusal(json, [table], now: now)
    }
}
