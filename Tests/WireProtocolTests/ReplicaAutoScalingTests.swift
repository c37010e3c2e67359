import JSONBytes
import Partition
import Replication
import Testing
import WireProtocol

/// UpdateTableReplicaAutoScaling, and what an edit means for other replicas (reference `global-tables.md` 3.5, 3.6).
@Suite struct ReplicaAutoScalingTests {
    private static let units = Throughput(readUnits: 5, writeUnits: 5)
    private static let scaling = AutoScaling(
        minimumUnits: 5, maximumUnits: 50, policy: AutoScaling.Policy(name: "own", targetPercent: 70),
        createdMilliseconds: 1)

    private static func replica(_ region: RegionName, peer: RegionName) -> TableDefinition {
        TableFixture.table(
            in: region, globalIndexes: [TableFixture.globalIndex(throughput: units)], provisioned: units,
            peers: [TableFixture.peer(peer)]
        ) { $0.writeScaling = scaling }
    }

    private static let pair = [
        replica(TableFixture.east, peer: TableFixture.west), replica(TableFixture.west, peer: TableFixture.east),
    ]

    private func edits(_ members: [String: String]) throws -> [UpdateReplicaAutoScalingRequest.Edit] {
        let outcome = try TableOperation.updateTableReplicaAutoScaling.run(updateTable(members), Self.pair)
        guard case .scaling(let edits) = outcome else { return [] }
        return edits
    }

    @Test("write settings go to all replicas, and what is not mentioned stays")
    func writeSettingsGoToAllReplicas() throws {
        var expected = Self.scaling
        expected.maximumUnits = 60
        let edit = TableEdit.scaling(ScalableCapacity(.write), expected)
        let found = try edits(["ProvisionedWriteCapacityAutoScalingUpdate": #"{"MaximumUnits":60}"#])
        #expect(found.map(\.edit) == [edit, edit])
        #expect(Set(found.map(\.region)) == [TableFixture.east, TableFixture.west])
    }

    @Test("read settings go to the replica that is named, complete and with a name for the policy")
    func readSettingsGoToOneReplica() throws {
        let settings =
            #"{"MinimumUnits":1,"MaximumUnits":2,"ScalingPolicyUpdate":{"TargetTrackingScalingPolicyConfiguration":{"TargetValue":10}}}"#
        let found = try edits([
            "ReplicaUpdates":
                #"[{"RegionName":"eu-west-1","ReplicaGlobalSecondaryIndexUpdates":[{"IndexName":"global","#
                + #""ProvisionedReadCapacityAutoScalingUpdate":\#(settings)}]}]"#
        ])
        let scaling = AutoScaling(
            minimumUnits: 1, maximumUnits: 2,
            policy: AutoScaling.Policy(
                name: "DynamoDBReadCapacityUtilization:table/Orders/index/global", targetPercent: 10),
            createdMilliseconds: TableFixture.now)
        #expect(found.map(\.region) == [TableFixture.west])
        #expect(found.map(\.edit) == [.scaling(ScalableCapacity(index: "global", .read), scaling)])
    }

    @Test("auto scaling that is disabled is gone")
    func disabled() throws {
        let found = try edits(["ProvisionedWriteCapacityAutoScalingUpdate": #"{"AutoScalingDisabled":true}"#])
        #expect(found.map(\.edit) == Array(repeating: .scaling(ScalableCapacity(.write), nil), count: 2))
    }

    /// What a change of the first region does to a second one whose reads are provisioned by themselves.
    static let propagated: [(name: String, edit: TableEdit, table: Throughput, index: Throughput)] = [
        (
            "write capacity",
            .billing(Billing(mode: .provisioned, throughput: Throughput(readUnits: 5, writeUnits: 6))),
            Throughput(readUnits: 9, writeUnits: 6), Throughput(readUnits: 8, writeUnits: 5)
        ),
        (
            "read capacity", .billing(Billing(mode: .provisioned, throughput: Throughput(readUnits: 6, writeUnits: 5))),
            Throughput(readUnits: 6, writeUnits: 5), Throughput(readUnits: 8, writeUnits: 5)
        ),
        (
            "write capacity of an index", .indexThroughput("global", Throughput(readUnits: 5, writeUnits: 7)),
            Throughput(readUnits: 9, writeUnits: 5), Throughput(readUnits: 8, writeUnits: 7)
        ),
        (
            "read capacity of an index", .indexThroughput("global", Throughput(readUnits: 7, writeUnits: 5)),
            Throughput(readUnits: 9, writeUnits: 5), Throughput(readUnits: 7, writeUnits: 5)
        ),
        (
            "billing mode", .billing(Billing(mode: .payPerRequest, throughput: .none)), .none,
            Throughput(readUnits: 8, writeUnits: 5)
        ),
    ]

    @Test("write capacity is shared, read capacity only when it is changed", arguments: propagated)
    func propagation(name: String, edit: TableEdit, table: Throughput, index: Throughput) throws {
        var other = Self.pair[1]
        other.billing.throughput.readUnits = 9
        other.globalIndexes[0].throughput.readUnits = 8
        try #require(edit.forPeers(before: Self.pair[0])).apply(to: &other)
        #expect(other.billing.throughput == table)
        #expect(other.globalIndexes[0].throughput == index)
    }

    static let own: [TableEdit] = [
        .deletionProtection(true), .recovery(PointInTimeRecovery()), .addTags([Tag(key: "a", value: "b")]),
        .removeTags(["a"]), .scaling(ScalableCapacity(.read), scaling),
    ]

    @Test("what each replica has for itself goes nowhere", arguments: own)
    func ownSettings(edit: TableEdit) {
        #expect(edit.forPeers(before: Self.pair[0]) == nil)
    }
}
