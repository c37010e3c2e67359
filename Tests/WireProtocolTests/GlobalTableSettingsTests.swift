import JSONBytes
import Partition
import Replication
import Testing
import WireProtocol

/// DescribeGlobalTableSettings and UpdateGlobalTableSettings (reference `global-tables.md` 2).
@Suite struct GlobalTableSettingsTests {
    private typealias Fixture = TableFixture
    fileprivate static let prefix = "Failed to update settings for global table with name: ‘Orders’"

    private static func replicas(_ provisioned: Throughput?, index: Throughput = .none) -> [TableDefinition] {
        [(Fixture.east, Fixture.west), (Fixture.west, Fixture.east)].map { region, peer in
            TableFixture.table(
                in: region, globalIndexes: [TableFixture.globalIndex(throughput: index)], provisioned: provisioned,
                peers: [TableFixture.peer(peer)]
            ) { $0.legacyGlobalTable = GlobalTables2017Tests.membership }
        }
    }

    private static let provisioned = replicas(
        Throughput(readUnits: 10, writeUnits: 5), index: Throughput(readUnits: 2, writeUnits: 3))
    private static let onDemand = replicas(nil)

    private static func request(_ members: [String: String?]) -> String {
        jsonObject(["GlobalTableName": "\"Orders\""].merging(members) { $1 })
    }

    /// The edits that a request makes, by region.
    private func edits(_ members: [String: String?], _ tables: [TableDefinition]) throws -> [String: [TableEdit]] {
        guard case .updateSettings(let request) = try decode(.updateGlobalTableSettings, Self.request(members)) else {
            return [:]
        }
        let decision = try request.decide(facts(tables), nowMilliseconds: Fixture.now)
        return Dictionary(uniqueKeysWithValues: decision.edits.map { ($0.table.region.name, $0.edits) })
    }

    @Test("settings are described replica by replica, in the order of their names")
    func describes() throws {
        let json = String(
            decoding: try facts(Self.provisioned).settings(ofGlobalTable: "Orders").body, as: UTF8.self)
        #expect(
            json.hasPrefix(
                #"{"GlobalTableName":"Orders","ReplicaSettings":[{"RegionName":"eu-west-1","ReplicaStatus":"ACTIVE","ReplicaProvisionedReadCapacityUnits":10,"ReplicaProvisionedReadCapacityAutoScalingSettings":{"AutoScalingDisabled":true},"ReplicaProvisionedWriteCapacityUnits":5,"ReplicaProvisionedWriteCapacityAutoScalingSettings":{"AutoScalingDisabled":true},"ReplicaGlobalSecondaryIndexSettings":[{"IndexName":"global","IndexStatus":"ACTIVE","ProvisionedReadCapacityUnits":2,"#
            ))
    }

    @Test("write units go to all replicas; the answer shows what was before, UPDATING")
    func writeUnits() throws {
        let edits = try edits(["GlobalTableProvisionedWriteCapacityUnits": "15"], Self.provisioned)
        #expect(edits.keys.sorted() == ["eu-west-1", "us-east-1"])
        for edit in edits.values.flatMap(\.self) {
            guard case .billing(let billing) = edit else {
                Issue.record("\(edit)")
                continue
            }
            #expect(billing.throughput.readUnits == 10)
            #expect(billing.throughput.writeUnits == 15)
            #expect(billing.throughput.increasedMilliseconds == Fixture.now)
        }
        #expect(try self.edits(["GlobalTableProvisionedWriteCapacityUnits": "5"], Self.provisioned).isEmpty)
    }

    @Test("read units go to one replica, those of an index too")
    func readUnits() throws {
        let replica = """
            [{"RegionName":"eu-west-1","ReplicaProvisionedReadCapacityUnits":20,"ReplicaTableClass":"STANDARD_INFREQUENT_ACCESS",
              "ReplicaGlobalSecondaryIndexSettingsUpdate":[{"IndexName":"global","ProvisionedReadCapacityUnits":4}]}]
            """
        let edits = try edits(["ReplicaSettingsUpdate": replica], Self.provisioned)
        #expect(edits.keys.sorted() == ["eu-west-1"])
        let table = edits["eu-west-1", default: []].reduce(into: Self.provisioned[1]) { $1.apply(to: &$0) }
        #expect(table.billing.throughput.readUnits == 20)
        #expect(table.billing.throughput.writeUnits == 5)
        #expect(table.globalIndexes[0].throughput.readUnits == 4)
        #expect(table.globalIndexes[0].throughput.writeUnits == 3)
        #expect(table.tableClass == "STANDARD_INFREQUENT_ACCESS")
    }

    @Test("billing modes change in all replicas")
    func billing() throws {
        let toOnDemand = try edits(["GlobalTableBillingMode": "\"PAY_PER_REQUEST\""], Self.provisioned)
        let table = toOnDemand["us-east-1", default: []].reduce(into: Self.provisioned[0]) { $1.apply(to: &$0) }
        #expect(table.billing.mode == .payPerRequest)
        #expect(table.globalIndexes[0].throughput == .none)

        let reads = ["us-east-1", "eu-west-1"].map {
            #"{"RegionName":"\#($0)","ReplicaProvisionedReadCapacityUnits":7}"#
        }
        let back = try edits(
            [
                "GlobalTableBillingMode": "\"PROVISIONED\"", "GlobalTableProvisionedWriteCapacityUnits": "6",
                "ReplicaSettingsUpdate": jsonArray(reads),
            ], Self.onDemand)
        let provisioned = back["eu-west-1", default: []].reduce(into: Self.onDemand[1]) { $1.apply(to: &$0) }
        #expect(provisioned.billing.mode == .provisioned)
        #expect(provisioned.billing.throughput == Throughput(readUnits: 7, writeUnits: 6))
        #expect(provisioned.globalIndexes[0].throughput == Throughput(readUnits: 7, writeUnits: 6))
    }

    private static let autoScaling = "GlobalTableProvisionedWriteCapacityAutoScalingSettingsUpdate"

    @Test(
        "settings that say nothing, too much, or contradict each other",
        arguments: [
            RefusedTableRequest(
                "nothing", request([:]), prefix + " because at least one update parameter must be specified."),
            .init(
                "a region twice",
                request([
                    "ReplicaSettingsUpdate":
                        #"[{"RegionName":"eu-west-1","ReplicaProvisionedReadCapacityUnits":1},{"RegionName":"eu-west-1","ReplicaProvisionedReadCapacityUnits":2}]"#
                ]),
                prefix + " because the regions: ‘[eu-west-1]’ were specified more than once."),
            .init(
                "units of what pays per request",
                request([
                    "GlobalTableBillingMode": "\"PAY_PER_REQUEST\"", "GlobalTableProvisionedWriteCapacityUnits": "5",
                ]),
                invalidParameters
                    + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            ),
            .init(
                "a stranger",
                request([
                    "ReplicaSettingsUpdate":
                        #"[{"RegionName":"ap-southeast-1","ReplicaProvisionedReadCapacityUnits":1}]"#
                ]),
                .replicaNotFound, "Replica not found in region: 'ap-southeast-1'"),
            .init(
                "an index that is not there",
                request([
                    "GlobalTableGlobalSecondaryIndexSettingsUpdate":
                        #"[{"IndexName":"none","ProvisionedWriteCapacityUnits":1}]"#
                ]),
                .indexNotFound, "Index not found: none in region us-east-1"),
            .init(
                "auto scaling without bounds", request([autoScaling: #"{"MinimumUnits":1}"#]),
                prefix + ": Parameters 'MaximumUnits' are required unless auto scaling is being disabled."),
            .init(
                "auto scaling", request([autoScaling: #"{"MinimumUnits":1,"MaximumUnits":9}"#]),
                invalidParameters + "Auto scaling is not supported by Tributary"),
            .init(
                "auto scaling and units",
                request([
                    autoScaling: #"{"MinimumUnits":1,"MaximumUnits":9}"#,
                    "GlobalTableProvisionedWriteCapacityUnits": "7",
                ]), invalidParameters + "Capacity units and auto scaling settings cannot be specified together"),
            .init(
                "no units at all", request(["GlobalTableProvisionedWriteCapacityUnits": "0"]),
                oneViolation
                    + "Value '0' at 'globalTableProvisionedWriteCapacityUnits' failed to satisfy constraint: Member must have value greater than or equal to 1"
            ),
            .init(
                "an unknown mode", request(["GlobalTableBillingMode": "\"FREE\""]),
                oneViolation
                    + "Value 'FREE' at 'globalTableBillingMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]"
            ),
            .init(
                "an empty list", request(["ReplicaSettingsUpdate": "[]"]),
                oneViolation
                    + "Value '[]' at 'replicaSettingsUpdate' failed to satisfy constraint: Member must have length greater than or equal to 1"
            ),
            .init(
                "a text for units", request(["GlobalTableProvisionedWriteCapacityUnits": "\"5\""]), .serialization,
                "STRING_VALUE cannot be converted to Long"),
        ])
    func refuses(_ request: RefusedTableRequest) {
        #expect(refusal(.updateGlobalTableSettings, request.request, Self.provisioned) == request.error)
    }

    @Test("units of replicas that pay per request")
    func onDemand() {
        #expect(
            refusal(
                .updateGlobalTableSettings, Self.request(["GlobalTableProvisionedWriteCapacityUnits": "5"]),
                Self.onDemand)
                == .validation(
                    "Failed to update global table with name ‘Orders‘. Replicas 'eu-west-1', 'us-east-1' BillingMode is PayPerRequest. "
                        + "You must convert table's BillingMode to PROVISIONED to set parameters: 'GlobalTableProvisionedWriteCapacityUnits'."
                ))
        #expect(
            refusal(
                .updateGlobalTableSettings, Self.request(["GlobalTableBillingMode": "\"PROVISIONED\""]), Self.onDemand)?
                .message?.contains("must be specified when GlobalTableBillingMode is PROVISIONED") == true)
    }

    @Test("no such global table, and switching auto scaling off where there is none")
    func others() throws {
        #expect(
            refusal(.updateGlobalTableSettings, #"{"GlobalTableName":"Others"}"#, Self.provisioned)
                == WireError(.globalTableNotFound, "Global table with name 'Others' does not exist."))
        #expect(
            refusal(.describeGlobalTableSettings, #"{"GlobalTableName":"Others"}"#, Self.provisioned)?.kind
                == .globalTableNotFound)
        #expect(try edits([Self.autoScaling: #"{"AutoScalingDisabled":true}"#], Self.provisioned).isEmpty)
    }
}
