import AttributeModel
import ChangeStream
import Partition
import Replication
import Testing
import WireProtocol

/// An UpdateTable request for `Orders` with these elements of `ReplicaUpdates`.
private func replicas(_ elements: String..., with members: [String: String?] = [:]) -> String {
    jsonObject(
        ["TableName": "\"Orders\"", "ReplicaUpdates": jsonArray(elements)].merging(members) { _, changed in changed })
}

private func action(_ name: String, _ region: RegionName, _ members: [String: String?] = [:]) -> String {
    jsonObject([name: jsonObject(["RegionName": "\"\(region)\""].merging(members) { _, changed in changed })])
}

private func create(_ region: RegionName, _ members: [String: String?] = [:]) -> String {
    action("Create", region, members)
}

private func delete(_ region: RegionName) -> String { action("Delete", region) }

private let readOverride = ["ProvisionedThroughputOverride": #"{"ReadCapacityUnits":5}"#]
private let recentSource =
    "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 "
    + "hours."

@Suite struct ControlPlaneReplicaTests {
    static let east = TableFixture.east
    static let west = TableFixture.west
    static let south = TableFixture.south

    private func steps(_ json: String, _ tables: [TableDefinition], in region: RegionName = east) throws -> [TableStep]
    {
        guard case .steps(let steps) = try TableOperation.updateTable.run(json, tables, in: region) else { return [] }
        return steps
    }

    private func refusal(_ json: String, _ tables: [TableDefinition], in region: RegionName = east) -> WireError? {
        TableOperation.updateTable.refusal(json, tables, in: region)
    }

    /// The table in both regions; `west` was made from `east`.
    private func pair(
        ageHours: UInt64 = 48, status: Peer.Status = .active, _ changeWest: (inout TableDefinition) -> Void = { _ in }
    ) -> [TableDefinition] {
        [
            TableFixture.table(peers: [TableFixture.peer(Self.west, status, source: Self.east, ageHours: ageHours)]),
            TableFixture.table(in: Self.west, peers: [TableFixture.peer(Self.east)], changeWest),
        ]
    }

    // MARK: - Refused

    static let only = invalidParameters + "Replica modification must be the only operation in the request"
    static let local =
        "Cannot add, delete, or update the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as "
        + "required."
    static let noAction = "There are no actions specified in the Replica Update Action of the request."
    static let mixed = "Update table operation with more than one type of replica actions not allowed."
    static let several =
        "Update table operation with more than one create or delete replica actions not allowed"
    static func unsupported(_ region: String) -> String {
        "Region \(region) is not supported. The latest version of global tables are only supported in the following regions: "
            + "[us-east-1, eu-west-1, ap-southeast-1]"
    }
    static func notMember(_ region: String) -> String {
        "Update global table operation failed because one or more replicas were not part of the global table. Please retry the "
            + "request without these replicas: [\(region)]."
    }

    static let faults: [RefusedTableRequest] = [
        RefusedTableRequest(
            "with deletion protection", replicas(create(west), with: ["DeletionProtectionEnabled": "true"]), only),
        RefusedTableRequest(
            "with encryption", replicas(create(west), with: ["SSESpecification": #"{"Enabled":true}"#]), only),
        RefusedTableRequest(
            "with a stream",
            replicas(
                create(west), with: ["StreamSpecification": #"{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"}"#]),
            only),
        RefusedTableRequest(
            "with a billing mode", replicas(create(west), with: ["BillingMode": "\"PAY_PER_REQUEST\""]), only),
        RefusedTableRequest("two regions created", replicas(create(west), create(south)), several),
        RefusedTableRequest("two regions deleted", replicas(delete(west), delete(south)), several),
        RefusedTableRequest(
            "create and delete in one element", replicas(#"{"Create":{"RegionName":"a"},"Delete":{"RegionName":"a"}}"#),
            mixed),
        RefusedTableRequest("create and delete", replicas(create(west), delete(south)), mixed),
        RefusedTableRequest("own region created", replicas(create(east)), local),
        RefusedTableRequest("own region deleted", replicas(delete(east)), local),
        RefusedTableRequest(
            "own region updated", replicas(action("Update", east, ["TableClassOverride": "\"STANDARD\""])), local),
        RefusedTableRequest(
            "unknown region", replicas(#"{"Create":{"RegionName":"mars-north-1"}}"#), unsupported("mars-north-1")),
        RefusedTableRequest(
            "region in capitals", replicas(#"{"Create":{"RegionName":"EU-WEST-1"}}"#), unsupported("EU-WEST-1")),
        RefusedTableRequest(
            "unknown region deleted", replicas(#"{"Delete":{"RegionName":"mars-north-1"}}"#),
            unsupported("mars-north-1")),
        RefusedTableRequest("stranger deleted", replicas(delete(west)), notMember("eu-west-1")),
        RefusedTableRequest(
            "stranger updated", replicas(action("Update", west, ["TableClassOverride": "\"STANDARD\""])),
            notMember("eu-west-1")),
        RefusedTableRequest("update of nothing", replicas(action("Update", west)), noAction),
        RefusedTableRequest("empty element", replicas("{}"), noAction),
        RefusedTableRequest(
            "empty list", replicas(),
            oneViolation
                + "Value '[]' at 'replicaUpdates' failed to satisfy constraint: Member must have length greater than or equal to 1"
        ),
        RefusedTableRequest(
            "no region", replicas(#"{"Create":{}}"#),
            oneViolation
                + "Value null at 'replicaUpdates.1.member.create.regionName' failed to satisfy constraint: Member must not be null"
        ),
        RefusedTableRequest(
            "override of nothing",
            replicas(create(west, ["ProvisionedThroughputOverride": #"{"ReadCapacityUnits":0}"#])),
            oneViolation
                + "Value '0' at 'replicaUpdates.1.member.create.provisionedThroughputOverride.readCapacityUnits' failed to "
                + "satisfy constraint: Member must have value greater than or equal to 1"),
        RefusedTableRequest(
            "customer's key", replicas(create(west, ["KMSMasterKeyId": "\"key\""])),
            invalidParameters + "All replica keys must either be Customer Managed CMK or AWS Managed CMK."),
        RefusedTableRequest(
            "consistency of a deletion", replicas(delete(west), with: ["MultiRegionConsistency": "\"EVENTUAL\""]),
            "Only Replica Create actions are supported when MultiRegionConsistency parameter is provided."),
    ]

    @Test("what is wrong with a replica update", arguments: faults)
    func whatIsWrongWithAReplicaUpdate(_ refusal: RefusedTableRequest) {
        #expect(self.refusal(refusal.request, [TableFixture.table()]) == refusal.error)
    }

    @Test("a missing table")
    func aMissingTable() {
        #expect(
            refusal(replicas(create(Self.west)), [])
                == WireError(.resourceNotFound, "Requested resource not found: Table: Orders not found"))
    }

    @Test("consistency of a group is chosen when it is formed")
    func consistencyOfAGroupIsChosenWhenItIsFormed() throws {
        let request = replicas(create(Self.south), with: ["MultiRegionConsistency": "\"EVENTUAL\""])
        #expect(try steps(request, [TableFixture.table()]).count == 2)
        #expect(
            refusal(request, pair())
                == .validation("MultiRegionConsistency parameter is unsupported on existing global table"))
    }

    @Test("a region where a table of that name exists", arguments: [TableStatus.active, .creating, .deleting])
    func aRegionWhereATableOfThatNameExists(_ status: TableStatus) {
        let taken = WireError.validation(
            "Failed to create a the new replica of table with name: ‘Orders’ because one or more replicas already existed as tables."
        )
        let foreign = TableFixture.table(in: Self.west, status: status)
        #expect(refusal(replicas(create(Self.west)), [TableFixture.table(), foreign]) == taken)
        #expect(refusal(replicas(create(Self.west)), pair()) == taken)
        #expect(refusal(replicas(create(Self.west)), pair(status: .deleting)) == taken)
    }

    @Test("a provisioned table would need auto scaling")
    func aProvisionedTableWouldNeedAutoScaling() {
        let table = TableFixture.table(provisioned: Throughput(readUnits: 1, writeUnits: 1))
        #expect(
            refusal(replicas(create(Self.west)), [table])
                == .validation("Table write capacity should either be Pay-Per-Request or AutoScaled."))
    }

    @Test("with a target and a policy for the writes of table and indexes it has what it needs")
    func aProvisionedTableWithAutoScalingGetsReplicas() throws {
        let units = Throughput(readUnits: 1, writeUnits: 1)
        let target = AutoScaling(minimumUnits: 1, maximumUnits: 9, createdMilliseconds: 0)
        var scaling = target
        scaling.policy = AutoScaling.Policy(name: "p", targetPercent: 70)
        func refusal(table: AutoScaling?, index: AutoScaling?, read: AutoScaling? = nil) -> WireError? {
            var global = TableFixture.globalIndex(throughput: units)
            global.writeScaling = index
            let table = TableFixture.table(globalIndexes: [global], provisioned: units) {
                $0.writeScaling = table
                $0.readScaling = read
            }
            return self.refusal(replicas(create(Self.west)), [table])
        }
        func missing(_ what: String) -> WireError {
            .validation("\(what) write capacity should either be Pay-Per-Request or AutoScaled.")
        }
        #expect(refusal(table: target, index: scaling) == missing("Table"))
        #expect(refusal(table: nil, index: scaling, read: scaling) == missing("Table"))
        #expect(refusal(table: scaling, index: nil) == missing("GSI"))
        #expect(refusal(table: scaling, index: target) == missing("GSI"))
        #expect(refusal(table: scaling, index: scaling) == nil)
    }

    // MARK: - Adding

    @Test("a table without stream gets one")
    func aTableWithoutStreamGetsOne() throws {
        #expect(
            try steps(replicas(create(Self.west)), [TableFixture.table()])
                == [.enableStream(.newAndOldImages), .createReplica(Self.west, .none)])
        let disabled = TableFixture.table { $0.streams = [TableFixture.stream(.newImage, isEnabled: false)] }
        #expect(
            try steps(replicas(create(Self.west)), [disabled])
                == [.enableStream(.newAndOldImages), .createReplica(Self.west, .none)])
    }

    @Test("a table with a stream keeps it", arguments: StreamViewType.allCases)
    func aTableWithAStreamKeepsIt(_ viewType: StreamViewType) throws {
        let table = TableFixture.table { $0.streams = [TableFixture.stream(viewType)] }
        #expect(try steps(replicas(create(Self.west)), [table]) == [.createReplica(Self.west, .none)])
    }

    @Test("one region twice makes one replica")
    func oneRegionTwiceMakesOneReplica() throws {
        #expect(try steps(replicas(create(Self.west), create(Self.west)), [TableFixture.table()]).count == 2)
    }

    @Test("any member may add a replica")
    func anyMemberMayAddAReplica() throws {
        #expect(try steps(replicas(create(Self.south)), pair(), in: Self.west) == [.createReplica(Self.south, .none)])
    }

    @Test("overrides of a new replica")
    func overridesOfANewReplica() throws {
        let members: [String: String?] = [
            "ProvisionedThroughputOverride": #"{"ReadCapacityUnits":5}"#, "TableClassOverride": "\"STANDARD\"",
            "OnDemandThroughputOverride": #"{"MaxReadRequestUnits":9}"#,
            "GlobalSecondaryIndexes":
                #"[{"IndexName":"unknown","ProvisionedThroughputOverride":{"ReadCapacityUnits":6}},{"IndexName":"global"}]"#,
        ]
        var overrides = ReplicaOverrides()
        overrides.readUnits = 5
        overrides.tableClass = "STANDARD"
        overrides.indexReadUnits = ["unknown": 6]
        #expect(
            try steps(replicas(create(Self.west, members)), [TableFixture.table()]).last
                == .createReplica(Self.west, overrides))
    }

    @Test("capacity overrides mean something on provisioned tables only")
    func capacityOverridesMeanSomethingOnProvisionedTablesOnly() {
        var overrides = ReplicaOverrides()
        overrides.readUnits = 5
        overrides.tableClass = "STANDARD"
        overrides.indexReadUnits = ["global": 6, "unknown": 7]
        let units = Throughput(readUnits: 1, writeUnits: 2)
        var provisioned = TableFixture.table(
            globalIndexes: [TableFixture.globalIndex(throughput: units)], provisioned: units)
        overrides.apply(to: &provisioned)
        #expect(provisioned.billing.throughput == Throughput(readUnits: 5, writeUnits: 2))
        #expect(provisioned.globalIndexes.map(\.throughput) == [Throughput(readUnits: 6, writeUnits: 2)])
        #expect(provisioned.tableClass == "STANDARD")
        var onDemand = TableFixture.table(globalIndexes: [TableFixture.globalIndex()])
        overrides.apply(to: &onDemand)
        #expect(onDemand.billing.throughput == .none)
        #expect(onDemand.globalIndexes.map(\.throughput) == [.none])
        #expect(onDemand.tableClass == "STANDARD")
    }

    // MARK: - Updating

    @Test("settings of another replica")
    func settingsOfAnotherReplica() throws {
        var overrides = ReplicaOverrides()
        overrides.tableClass = "STANDARD"
        #expect(
            try steps(replicas(action("Update", Self.west, ["TableClassOverride": "\"STANDARD\""])), pair())
                == [.updateReplica(Self.west, overrides)])
        #expect(
            refusal(replicas(action("Update", Self.west, readOverride)), pair())
                == .invalidParameter(
                    "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
                ))
        let limit = replicas(action("Update", Self.west, ["OnDemandThroughputOverride": #"{"MaxReadRequestUnits":9}"#]))
        #expect(try steps(limit, pair()) == [])
    }

    @Test("read capacity of another replica of a provisioned table")
    func readCapacityOfAnotherReplicaOfAProvisionedTable() throws {
        let units = Throughput(readUnits: 1, writeUnits: 1)
        let table = TableFixture.table(provisioned: units, peers: [TableFixture.peer(Self.west)])
        var overrides = ReplicaOverrides()
        overrides.readUnits = 5
        #expect(
            try steps(replicas(action("Update", Self.west, readOverride)), [table])
                == [.updateReplica(Self.west, overrides)])
        #expect(
            refusal(
                replicas(action("Update", Self.west, ["OnDemandThroughputOverride": #"{"MaxReadRequestUnits":9}"#])),
                [table])
                == .invalidParameter(
                    "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
                ))
    }

    // MARK: - Removing

    @Test("any member may remove another")
    func anyMemberMayRemoveAnother() throws {
        #expect(try steps(replicas(delete(Self.west)), pair()) == [.deleteReplica(Self.west)])
        #expect(try steps(replicas(delete(Self.west), delete(Self.west)), pair()) == [.deleteReplica(Self.west)])
        #expect(try steps(replicas(delete(Self.east)), pair(), in: Self.west) == [.deleteReplica(Self.east)])
    }

    @Test("a replica that is protected from deletion")
    func aReplicaThatIsProtectedFromDeletion() {
        #expect(
            refusal(replicas(delete(Self.west)), pair { $0.isProtectedFromDeletion = true })
                == .validation(
                    "Cannot delete table Orders in region eu-west-1 because it has deletion protection enabled. Disable deletion "
                        + "protection first."))
    }

    /// East made west, west made south; all of them as each region knows them.
    private func chain(ageHours: UInt64) -> [TableDefinition] {
        let westAsSeen = TableFixture.peer(Self.west, source: Self.east, ageHours: ageHours)
        let southAsSeen = TableFixture.peer(Self.south, source: Self.west, ageHours: ageHours)
        return [
            TableFixture.table(peers: [westAsSeen, southAsSeen]),
            TableFixture.table(in: Self.west, peers: [TableFixture.peer(Self.east), southAsSeen]),
            TableFixture.table(in: Self.south, peers: [TableFixture.peer(Self.west), TableFixture.peer(Self.east)]),
        ]
    }

    @Test("a source stays for a day as long as the replica made from it is there")
    func aSourceStaysForADayAsLongAsTheReplicaMadeFromItIsThere() throws {
        let young = chain(ageHours: 23)
        for region in [Self.east, Self.south] {
            #expect(refusal(replicas(delete(Self.west)), young, in: region) == .validation(recentSource))
        }
        // East is the source of the very replica that is asked.
        #expect(refusal(replicas(delete(Self.east)), young, in: Self.west) == .validation(recentSource))
        #expect(try steps(replicas(delete(Self.south)), young) == [.deleteReplica(Self.south)])
        let old = chain(ageHours: 24)
        #expect(try steps(replicas(delete(Self.west)), old) == [.deleteReplica(Self.west)])
        // South is gone, so west may go.
        #expect(try steps(replicas(delete(Self.west)), pair(ageHours: 1)) == [.deleteReplica(Self.west)])
    }

    // MARK: - States

    static let inUse = WireError(.resourceInUse, "The resource which you are attempting to change is in use.")

    @Test("one change of the group at a time", arguments: [Peer.Status.creating, .deleting])
    func oneChangeOfTheGroupAtATime(_ status: Peer.Status) {
        let busy = pair(status: status)
        #expect(refusal(replicas(create(Self.south)), busy) == Self.inUse)
        #expect(refusal(replicas(delete(Self.west)), busy) == Self.inUse)
        #expect(
            refusal(jsonObject(["TableName": "\"Orders\"", "DeletionProtectionEnabled": "true"]), busy) == Self.inUse)
    }

    @Test("a replica that is being filled is there for DescribeTable only")
    func aReplicaThatIsBeingFilledIsThereForDescribeTableOnly() {
        let filling = pair { $0.status = .creating }
        #expect(
            refusal(replicas(create(Self.south)), filling, in: Self.west)
                == .validation(
                    "Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ‘Orders’ "
                        + "in region: ‘eu-west-1’."))
        #expect(
            refusal(
                jsonObject(["TableName": "\"Orders\"", "DeletionProtectionEnabled": "true"]), filling, in: Self.west)
                == WireError(.resourceNotFound, "Requested resource not found: Table: Orders not found"))
    }

    @Test("replicas wait for the table")
    func replicasWaitForTheTable() {
        #expect(
            refusal(replicas(create(Self.west)), [TableFixture.table(status: .creating)])
                == WireError(
                    .resourceInUse, "Attempt to change a resource which is still in use: Table is being created: Orders"
                ))
    }

    // MARK: - DeleteTable

    private func deletion(_ tables: [TableDefinition], in region: RegionName = east) throws -> DeleteTableRequest
        .Decision?
    {
        guard case .deletion(let decision) = try TableOperation.deleteTable.run(Self.deleteTable, tables, in: region)
        else {
            return nil
        }
        return decision
    }

    static let deleteTable = #"{"TableName":"Orders"}"#

    @Test("a table is deleted once")
    func aTableIsDeletedOnce() throws {
        #expect(try deletion([TableFixture.table()]) == .delete)
        #expect(try deletion([TableFixture.table(status: .deleting)]) == .alreadyDeleting)
        #expect(try deletion(pair()) == .delete)
        #expect(try deletion(pair(ageHours: 1), in: Self.west) == .delete)
    }

    static let undeletable: [(TableDefinition, WireError)] = [
        (
            TableFixture.table { $0.isProtectedFromDeletion = true },
            .validation(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
            )
        ),
        (
            TableFixture.table(status: .creating),
            WireError(
                .resourceInUse, "Attempt to change a resource which is still in use: Table is being created: Orders")
        ),
        (
            TableFixture.table(status: .updating),
            WireError(
                .resourceInUse, "Attempt to change a resource which is still in use: Table is being updated: Orders")
        ),
        (TableFixture.table(status: .updating, peers: [TableFixture.peer(west, .creating)]), inUse),
        (
            TableFixture.table(globalIndexes: [TableFixture.globalIndex(status: .creating)]),
            WireError(
                .resourceInUse,
                "Attempt to change a resource which is still in use: Cannot delete table while indexes are being created, updated, "
                    + "or deleted.")
        ),
        (TableFixture.table(peers: [TableFixture.peer(west, source: east, ageHours: 1)]), .validation(recentSource)),
    ]

    @Test("a table that cannot be deleted now", arguments: undeletable)
    func aTableThatCannotBeDeletedNow(_ table: TableDefinition, _ error: WireError) {
        #expect(TableOperation.deleteTable.refusal(Self.deleteTable, [table]) == error)
    }

    @Test("deleting a missing table")
    func deletingAMissingTable() {
        #expect(
            TableOperation.deleteTable.refusal(Self.deleteTable)
                == WireError(.resourceNotFound, "Requested resource not found: Table: Orders not found"))
    }
}
