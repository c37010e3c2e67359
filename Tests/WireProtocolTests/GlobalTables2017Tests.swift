import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Partition
import Replication
import Testing
import WireProtocol

/// The operations on global tables of version 2017.11.29, decided against tables of all regions (reference `global-tables.md` 2).
@Suite struct GlobalTables2017Tests {
    private typealias Fixture = TableFixture
    private static let create = #"{"GlobalTableName":"Orders",\#(groupJSON)}"#

    // MARK: CreateGlobalTable

    @Test("equal, empty tables with a stream may be joined")
    func creates() throws {
        let tables = [streamed(in: Fixture.east), streamed(in: Fixture.west)]
        guard case .create(let request) = try decode(.createGlobalTable, Self.create) else {
            Issue.record("not a request of this operation")
            return
        }
        #expect(try request.regions(facts(tables)) == [Fixture.east, Fixture.west])
    }

    @Test("without the flag it is refused as AWS does today, whatever the tables are like")
    func notOffered() {
        let refusal = refusal(.createGlobalTable, Self.create, [], isOffered: false)
        #expect(
            refusal
                == .validation(
                    "One or more parameter values were invalid: DynamoDB global tables version 2017.11.29 is not supported. "
                        + "We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy)."
                ))
    }

    @Test(
        "what is wrong with a request to create",
        arguments: [
            RefusedTableRequest(
                "no name", "{\(groupJSON)}",
                oneViolation
                    + "Value null at 'globalTableName' failed to satisfy constraint: Member must not be null"),
            .init(
                "a short name", #"{"GlobalTableName":"ab",\#(groupJSON)}"#,
                oneViolation
                    + "Value 'ab' at 'globalTableName' failed to satisfy constraint: Member must have length greater than or equal to 3"
            ),
            .init(
                "no group", #"{"GlobalTableName":"Orders"}"#,
                oneViolation
                    + "Value null at 'replicationGroup' failed to satisfy constraint: Member must not be null"),
            .init(
                "no region", #"{"GlobalTableName":"Orders","ReplicationGroup":[{}]}"#,
                oneViolation
                    + "Value null at 'replicationGroup.1.member.regionName' failed to satisfy constraint: Member must not be null"
            ),
            .init(
                "an empty group", #"{"GlobalTableName":"Orders","ReplicationGroup":[]}"#,
                invalidParameters + "ReplicationGroup must name at least one region"),
            .init(
                "an unknown region", #"{"GlobalTableName":"Orders","ReplicationGroup":[{"RegionName":"mars-1"}]}"#,
                invalidParameters
                    + "Region mars-1 is not supported. Global tables are only supported in the following regions: "
                    + "[us-east-1, eu-west-1, ap-southeast-1]"),
            .init(
                "a region twice",
                #"{"GlobalTableName":"Orders","ReplicationGroup":[{"RegionName":"eu-west-1"},{"RegionName":"eu-west-1"}]}"#,
                invalidParameters + "Region eu-west-1 is specified more than once"),
            .init(
                "a group that is no list", #"{"GlobalTableName":"Orders","ReplicationGroup":"us-east-1"}"#,
                .serialization, "Unexpected field type"),
        ])
    func refusesToCreate(_ request: RefusedTableRequest) {
        let tables = [streamed(in: Fixture.east), streamed(in: Fixture.west)]
        #expect(refusal(.createGlobalTable, request.request, tables) == request.error)
    }

    /// A table in Europe that does not fit the one in America.
    struct Misfit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let change: @Sendable (inout TableDefinition) -> Void
    }

    @Test(
        "tables that do not fit each other",
        arguments: [
            Misfit(
                testDescription: "no stream",
                text: "must have a stream that is enabled with the view type NEW_AND_OLD_IMAGES"
            ) { $0.streams = [] },
            Misfit(
                testDescription: "a stream of keys",
                text: "must have a stream that is enabled with the view type NEW_AND_OLD_IMAGES"
            ) { $0.streams = [TableFixture.stream(.keysOnly)] },
            Misfit(
                testDescription: "a stream that is off",
                text: "must have a stream that is enabled with the view type NEW_AND_OLD_IMAGES"
            ) { $0.streams = [TableFixture.stream(.newAndOldImages, isEnabled: false)] },
            Misfit(
                testDescription: "an index more",
                text: "must have the same global secondary indexes as in region us-east-1"
            ) { $0.globalIndexes = [TableFixture.globalIndex()] },
            Misfit(
                testDescription: "a local index more",
                text: "must have the same local secondary indexes as in region us-east-1"
            ) { $0.localIndexes = [TableFixture.localIndex()] },
            Misfit(
                testDescription: "provisioned",
                text: "must have the same write capacity settings as in region us-east-1"
            ) {
                $0.billing = Billing(mode: .provisioned, throughput: Throughput(readUnits: 1, writeUnits: 1))
            },
        ])
    func misfits(_ misfit: Misfit) {
        let tables = [streamed(in: Fixture.east), streamed(in: Fixture.west, misfit.change)]
        let text = invalidParameters + "Table Orders in region eu-west-1 " + misfit.text
        #expect(refusal(.createGlobalTable, Self.create, tables) == .validation(text))
    }

    @Test("other keys, other write capacity, missing tables, items, replicas of the other version")
    func moreMisfits() {
        let east = streamed(in: Fixture.east)
        #expect(
            refusal(.createGlobalTable, Self.create, [east])
                == WireError(.tableNotFound, "Table not found: Orders in region eu-west-1"))
        let other = Fixture.table(in: Fixture.west) { $0.streams = [Fixture.stream(.newAndOldImages)] }
        let keyed = TableDefinition(
            number: 1, name: "Orders", region: Fixture.west, tableID: Fixture.tableID, createdMilliseconds: 0,
            status: .active, keySchema: KeySchema(partitionKeys: [KeyAttribute(name: "q", type: .string)]),
            attributeDefinitions: [], billing: other.billing, localIndexes: [], globalIndexes: [])
        var withStream = keyed
        withStream.streams = other.streams
        #expect(
            refusal(.createGlobalTable, Self.create, [east, withStream])
                == .validation(
                    invalidParameters
                        + "Table Orders in region eu-west-1 must have the same key schema as in region us-east-1"))
        #expect(
            refusal(.createGlobalTable, Self.create, [east, streamed(in: Fixture.west)], items: ["eu-west-1": 3])
                == .validation(
                    invalidParameters
                        + "All replicas must be empty when one is added. Table Orders holds items in: [eu-west-1]"))
        let current = streamed(in: Fixture.west) { $0.peers = [Fixture.peer(Fixture.south)] }
        #expect(
            refusal(.createGlobalTable, Self.create, [east, current])
                == .validation(
                    invalidParameters
                        + "Table Orders in region eu-west-1 is a replica of a global table of version 2019.11.21. Use UpdateTable to add or delete its replicas."
                ))
        #expect(
            refusal(.createGlobalTable, Self.create, Self.replicas)
                == WireError(.globalTableAlreadyExists, "Global table with name: 'Orders' already exists."))
    }

    @Test("provisioned tables need the same write units, and may differ in read units")
    func writeUnits() throws {
        func table(_ region: RegionName, _ read: Int, _ write: Int) -> TableDefinition {
            streamed(in: region) {
                $0.billing = Billing(mode: .provisioned, throughput: Throughput(readUnits: read, writeUnits: write))
            }
        }
        #expect(
            refusal(.createGlobalTable, Self.create, [table(Fixture.east, 1, 5), table(Fixture.west, 9, 5)]) == nil)
        #expect(
            refusal(.createGlobalTable, Self.create, [table(Fixture.east, 1, 5), table(Fixture.west, 1, 6)])
                == .validation(
                    invalidParameters
                        + "Table Orders in region eu-west-1 must have the same write capacity settings as in region us-east-1"
                ))
    }

    // MARK: UpdateGlobalTable

    @Test("replicas are added and taken away, also in one request")
    func updates() throws {
        let json = updateGlobalTable(
            #"{"Create":{"RegionName":"ap-southeast-1"}}"#, #"{"Delete":{"RegionName":"eu-west-1"}}"#)
        guard case .update(let request) = try decode(.updateGlobalTable, json) else {
            Issue.record("not a request of this operation")
            return
        }
        let decision = try request.decide(facts(Self.replicas + [streamed(in: Fixture.south)]))
        #expect(decision.added == [Fixture.south])
        #expect(decision.removed == [Fixture.west])
    }

    @Test(
        "what is wrong with a request to update",
        arguments: [
            RefusedTableRequest(
                "no updates", #"{"GlobalTableName":"Orders"}"#,
                oneViolation
                    + "Value null at 'replicaUpdates' failed to satisfy constraint: Member must not be null"),
            .init(
                "an empty list", updateGlobalTable(), invalidParameters + "ReplicaUpdates must name at least one region"
            ),
            .init(
                "nothing in it", updateGlobalTable("{}"),
                invalidParameters + "Each of the ReplicaUpdates must have either Create or Delete"),
            .init(
                "both in one",
                updateGlobalTable(#"{"Create":{"RegionName":"eu-west-1"},"Delete":{"RegionName":"us-east-1"}}"#),
                invalidParameters + "Each of the ReplicaUpdates must have either Create or Delete"),
            .init(
                "no region", updateGlobalTable(#"{"Create":{}}"#),
                oneViolation
                    + "Value null at 'replicaUpdates.1.member.create.regionName' failed to satisfy constraint: Member must not be null"
            ),
            .init(
                "a member again", updateGlobalTable(#"{"Create":{"RegionName":"eu-west-1"}}"#), .replicaAlreadyExists,
                "Replica already exists in region: 'eu-west-1'"),
            .init(
                "a stranger", updateGlobalTable(#"{"Delete":{"RegionName":"ap-southeast-1"}}"#), .replicaNotFound,
                "Replica not found in region: 'ap-southeast-1'"),
            .init(
                "a region twice",
                updateGlobalTable(#"{"Delete":{"RegionName":"eu-west-1"}}"#, #"{"Delete":{"RegionName":"eu-west-1"}}"#),
                invalidParameters + "Region eu-west-1 is specified more than once"),
            .init(
                "no table there", updateGlobalTable(#"{"Create":{"RegionName":"ap-southeast-1"}}"#), .tableNotFound,
                "Table not found: Orders in region ap-southeast-1"),
            .init(
                "no such global table",
                #"{"GlobalTableName":"Others","ReplicaUpdates":[{"Delete":{"RegionName":"eu-west-1"}}]}"#,
                .globalTableNotFound, "Global table with name 'Others' does not exist."),
        ])
    func refusesToUpdate(_ request: RefusedTableRequest) {
        #expect(refusal(.updateGlobalTable, request.request, Self.replicas) == request.error)
    }

    @Test("replicas that stay must be empty when one is added, and the global table must be at rest")
    func staying() {
        let all = Self.replicas + [streamed(in: Fixture.south)]
        let add = updateGlobalTable(#"{"Create":{"RegionName":"ap-southeast-1"}}"#)
        #expect(
            refusal(.updateGlobalTable, add, all, items: ["us-east-1": 1])
                == .validation(
                    invalidParameters
                        + "All replicas must be empty when one is added. Table Orders holds items in: [us-east-1]"))
        var busy = all
        busy[1].legacyGlobalTable?.status = .leaving
        #expect(refusal(.updateGlobalTable, add, busy)?.kind == .resourceInUse)
    }

    // MARK: Reading

    @Test("a description has no region in its ARN")
    func describes() throws {
        let json = String(decoding: try facts(Self.replicas).description(ofGlobalTable: "Orders").body, as: UTF8.self)
        #expect(
            json
                == #"{"GlobalTableDescription":{"ReplicationGroup":[{"RegionName":"us-east-1"},{"RegionName":"eu-west-1"}],"GlobalTableArn":"arn:aws:dynamodb::000000000000:global-table/Orders","CreationDateTime":1700000000.123,"GlobalTableStatus":"ACTIVE","GlobalTableName":"Orders"}}"#
        )
    }

    @Test("a list has pages, and only what has a replica in the region that is asked for")
    func lists() throws {
        func replica(_ name: String, in region: RegionName) -> TableDefinition {
            streamed(name, in: region) { $0.legacyGlobalTable = Self.membership }
        }
        let tables = [
            replica("Bbb", in: Fixture.east), replica("Aaa", in: Fixture.west), replica("Ccc", in: Fixture.east),
            streamed("Alone", in: Fixture.east),
        ]
        func names(_ json: String) throws -> String {
            guard case .list(let request) = try decode(.listGlobalTables, json) else { return "?" }
            let answer = try JSONDocument(parsing: try request.answer(facts(tables)).body)
            var names: [String] = []
            answer.forEachElement(of: try #require(answer.member("GlobalTables", of: answer.root))) { table in
                names.append(answer.member("GlobalTableName", of: table).map { answer.string($0) } ?? "")
            }
            let last = answer.member("LastEvaluatedGlobalTableName", of: answer.root).map { answer.string($0) }
            return names.joined(separator: " ") + (last.map { " to \($0)" } ?? "")
        }
        #expect(try names("{}") == "Aaa Bbb Ccc")
        #expect(try names(#"{"Limit":2}"#) == "Aaa Bbb to Bbb")
        #expect(try names(#"{"Limit":2,"ExclusiveStartGlobalTableName":"Bbb"}"#) == "Ccc")
        #expect(try names(#"{"RegionName":"us-east-1"}"#) == "Bbb Ccc")
        #expect(throws: WireError.self) { try names(#"{"RegionName":"mars-1"}"#) }
        #expect(throws: WireError.self) { try names(#"{"Limit":0}"#) }
    }

    // MARK: Interplay

    @Test("a replica of this version is not changed with the other version's means, and does not show them")
    func interplay() throws {
        let replica = Self.replicas[0]
        let request = #"{"TableName":"Orders","ReplicaUpdates":[{"Create":{"RegionName":"ap-southeast-1"}}]}"#
        #expect(
            TableOperation.refusalOfUpdate(request, replica)
                == .validation(
                    invalidParameters
                        + "Table Orders is a replica of a global table of version 2017.11.29. Use UpdateGlobalTable to add or delete its replicas."
                ))
        #expect(
            TableOperation.refusalOfUpdate(updateTable(["StreamSpecification": streamOff]), replica)
                == .validation(invalidParameters + "Disabling Stream is not allowed for a Global Table replica."))
        let description = try tableAnswer(.describeTable, #"{"TableName":"Orders"}"#, [replica])
        #expect(!description.contains("GlobalTableVersion") && !description.contains("Replicas"))
    }

    // MARK: Support

    static let membership = LegacyGlobalTable(createdMilliseconds: Fixture.now, status: .active, firstSequence: 1)

    static let replicas: [TableDefinition] = [
        replica(in: Fixture.east, peer: Fixture.west), replica(in: Fixture.west, peer: Fixture.east),
    ]

    static func replica(in region: RegionName, peer: RegionName) -> TableDefinition {
        TableFixture.table(in: region, peers: [TableFixture.peer(peer)]) { $0.legacyGlobalTable = membership }
    }

    private func streamed(
        _ name: String = "Orders", in region: RegionName, _ change: (inout TableDefinition) -> Void = { _ in }
    ) -> TableDefinition {
        TableFixture.table(name, in: region, number: TableDefinition.Number(name.utf8.first ?? 1)) {
            $0.streams = [TableFixture.stream(.newAndOldImages)]
            change(&$0)
        }
    }
}

private let groupJSON = #""ReplicationGroup":[{"RegionName":"us-east-1"},{"RegionName":"eu-west-1"}]"#

private func updateGlobalTable(_ elements: String...) -> String {
    #"{"GlobalTableName":"Orders","ReplicaUpdates":\#(jsonArray(elements))}"#
}

func decode(_ operation: GlobalTableOperation, _ json: String) throws -> GlobalTableRequest {
    try operation.decode(try JSONDocument(parsing: Array(json.utf8)))
}

/// - Parameter items: how many items the tables hold, by region.
func facts(_ tables: [TableDefinition], isOffered: Bool = true, items: [String: UInt64] = [:]) -> GlobalTableFacts {
    let catalogues = TableFixture.regions.map { region in (region, Catalogue(tables.filter { $0.region == region })) }
    return GlobalTableFacts(
        regions: TableFixture.regions, isOffered: isOffered,
        catalogues: Dictionary(uniqueKeysWithValues: catalogues)
    ) { region, _ in
        var counters = TableCounters()
        counters.itemCount = items[region.name] ?? 0
        return counters
    }
}

/// The error that the request ends with; nil when it succeeds.
func refusal(
    _ operation: GlobalTableOperation, _ json: String, _ tables: [TableDefinition], isOffered: Bool = true,
    items: [String: UInt64] = [:]
) -> WireError? {
    let facts = facts(tables, isOffered: isOffered, items: items)
    do {
        switch try decode(operation, json) {
        case .create(let request): _ = try request.regions(facts)
        case .update(let request): _ = try request.decide(facts)
        case .list(let request): _ = try request.answer(facts)
        case .describe(let name): _ = try facts.description(ofGlobalTable: name)
        case .describeSettings(let name): _ = try facts.settings(ofGlobalTable: name)
        case .updateSettings(let request): _ = try request.decide(facts, nowMilliseconds: TableFixture.now)
        }
        return nil
    } catch let error as WireError {
        return error
    } catch {
        Issue.record("not an error of the wire: \(error)")
        return nil
    }
}
