import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Partition
import Replication
import Testing

@testable import WireProtocol

@Suite struct ControlPlaneUpdateTableTests {
    // MARK: - The request alone

    static let nothing =
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, "
        + "ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, "
        + "OnDemandThroughput, WarmThroughput or TableClass is required"
    static let nothingBesideConsistency =
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, "
        + "ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, DeletionProtectionEnabled, OnDemandThroughput, "
        + "WarmThroughput or TableClass is required"
    static let protection = ["DeletionProtectionEnabled": "true"]
    static let replica = #"[{"Create":{"RegionName":"eu-west-1"}}]"#

    static let alone: [RefusedTableRequest] = [
        RefusedTableRequest("nothing", updateTable(), nothing),
        RefusedTableRequest("no index updates", updateTable(["GlobalSecondaryIndexUpdates": "[]"]), nothing),
        RefusedTableRequest("only definitions", updateTable(["AttributeDefinitions": definitionsJSON("p:S")]), nothing),
        RefusedTableRequest(
            "only consistency", updateTable(["MultiRegionConsistency": "\"EVENTUAL\""]), nothingBesideConsistency),
        RefusedTableRequest(
            "encryption", updateTable(["SSESpecification": #"{"Enabled":true}"#, "DeletionProtectionEnabled": "true"]),
            invalidParameters + "Server-Side Encryption modification must be the only operation in the request"),
        RefusedTableRequest(
            "table class", updateTable(["TableClass": "\"STANDARD\"", "BillingMode": "\"PAY_PER_REQUEST\""]),
            invalidParameters + "TableClass modification must be the only operation in the request"),
        RefusedTableRequest(
            "deletion protection",
            updateTable(["DeletionProtectionEnabled": "true", "BillingMode": "\"PAY_PER_REQUEST\""]),
            invalidParameters + "DeletionProtection modification must be the only operation in the request"),
        RefusedTableRequest(
            "warm throughput",
            updateTable(["WarmThroughput": #"{"ReadUnitsPerSecond":13000}"#, "BillingMode": "\"PAY_PER_REQUEST\""]),
            invalidParameters + "WarmThroughput must be the only operation in the request"),
        RefusedTableRequest(
            "new index and warm throughput",
            indexUpdates(
                createIndex(),
                with: ["AttributeDefinitions": definitionsJSON("x:S"), "WarmThroughput": #"{"ReadUnitsPerSecond":1}"#]),
            invalidParameters + "Create global secondary index cannot be specified when updating WarmThroughput"),
        RefusedTableRequest(
            "limits and a stream",
            updateTable(["OnDemandThroughput": #"{"MaxReadRequestUnits":5}"#, "StreamSpecification": streamOn]),
            invalidParameters + "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"),
        RefusedTableRequest(
            "index and throughput",
            indexUpdates(deleteIndex("global"), with: ["ProvisionedThroughput": throughputJSON(1, 1)]),
            invalidParameters + "You cannot create or delete index while updating table IOPS"),
        RefusedTableRequest(
            "stream and throughput",
            updateTable(["ProvisionedThroughput": throughputJSON(1, 1), "StreamSpecification": streamOn]),
            invalidParameters + "You cannot modify stream status while updating table IOPS"),
        RefusedTableRequest(
            "stream and index", indexUpdates(deleteIndex("global"), with: ["StreamSpecification": streamOn]),
            invalidParameters + "You cannot create or delete index while changing stream status"),
        RefusedTableRequest(
            "strong consistency", updateTable(["MultiRegionConsistency": "\"STRONG\"", "ReplicaUpdates": replica]),
            invalidParameters + "MultiRegionConsistency STRONG (and with it a witness) is not supported by Tributary"),
        RefusedTableRequest(
            "witness", updateTable(["GlobalTableWitnessUpdates": #"[{"Create":{"RegionName":"eu-west-1"}}]"#]),
            "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present."),
        RefusedTableRequest(
            "replication mode", updateTable(["GlobalTableSettingsReplicationMode": "\"ENABLED\""]),
            invalidParameters + "GlobalTableSettingsReplicationMode is not supported by Tributary"),
        RefusedTableRequest(
            "encrypted by default", updateTable(["SSESpecification": #"{"Enabled":false}"#]),
            invalidParameters + "Table is already encrypted by default"),
        RefusedTableRequest(
            "name of two characters", updateTable(["TableName": "\"ab\"", "BillingMode": "\"FREE\""]),
            oneViolation
                + "Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"
        ),
        RefusedTableRequest(
            "throughput constraints", updateTable(["ProvisionedThroughput": throughputJSON(-1, 0)]),
            "2 validation errors detected: Value '0' at 'provisionedThroughput.writeCapacityUnits' failed to satisfy constraint: "
                + "Member must have value greater than or equal to 1; Value '-1' at 'provisionedThroughput.readCapacityUnits' failed "
                + "to satisfy constraint: Member must have value greater than or equal to 1"),
        RefusedTableRequest(
            "too much throughput", updateTable(["ProvisionedThroughput": throughputJSON(1, 1_000_000_000_001)]),
            "Given value 1000000000001 for WriteCapacityUnits is out of bounds"),
    ]

    @Test("what is wrong with the request itself needs no table", arguments: alone)
    func whatIsWrongWithTheRequestItselfNeedsNoTable(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.updateTable.refusal(refusal.request, []) == refusal.error)
        #expect(TableOperation.refusalOfUpdate(refusal.request) == refusal.error)
    }

    @Test("a missing table")
    func aMissingTable() {
        #expect(
            TableOperation.updateTable.refusal(updateTable(Self.protection), [])
                == WireError(.resourceNotFound, "Requested resource not found: Table: Orders not found"))
    }

    static let states: [(TableStatus, String)] = [
        (.creating, "Table is being created: Orders"), (.updating, "Table is being updated: Orders"),
        (.deleting, "Table is being deleted: Orders"),
    ]

    @Test("only an active table can be changed", arguments: states)
    func onlyAnActiveTableCanBeChanged(_ status: TableStatus, _ text: String) {
        #expect(
            TableOperation.refusalOfUpdate(updateTable(Self.protection), TableFixture.table(status: status))
                == WireError(.resourceInUse, "Attempt to change a resource which is still in use: " + text))
    }

    // MARK: - Settings

    @Test("deletion protection and table class")
    func deletionProtectionAndTableClass() throws {
        #expect(try TableOperation.steps(updateTable(Self.protection)) == [.edit(.deletionProtection(true))])
        #expect(
            try TableOperation.steps(updateTable(["TableClass": "\"STANDARD\""])) == [.edit(.tableClass("STANDARD"))])
    }

    @Test("settings without effect are accepted")
    func settingsWithoutEffectAreAccepted() throws {
        #expect(try TableOperation.steps(updateTable(["SSESpecification": #"{"Enabled":true}"#])) == [])
        #expect(try TableOperation.steps(updateTable(["WarmThroughput": #"{"ReadUnitsPerSecond":13000}"#])) == [])
        #expect(try TableOperation.steps(updateTable(["OnDemandThroughput": #"{"MaxReadRequestUnits":-1}"#])) == [])
    }

    // MARK: - Stream

    @Test("a stream is switched on and off")
    func aStreamIsSwitchedOnAndOff() throws {
        #expect(try TableOperation.steps(updateTable(["StreamSpecification": streamOn])) == [.enableStream(.newImage)])
        let enabled = TableFixture.table { $0.streams = [TableFixture.stream(.keysOnly)] }
        #expect(try TableOperation.steps(updateTable(["StreamSpecification": streamOff]), enabled) == [.disableStream])
        let disabled = TableFixture.table { $0.streams = [TableFixture.stream(.keysOnly, isEnabled: false)] }
        #expect(
            try TableOperation.steps(updateTable(["StreamSpecification": streamOn]), disabled) == [
                .enableStream(.newImage)
            ])
    }

    @Test("what a stream refuses")
    func whatAStreamRefuses() {
        let enabled = TableFixture.table { $0.streams = [TableFixture.stream(.newImage)] }
        #expect(
            TableOperation.refusalOfUpdate(updateTable(["StreamSpecification": streamOn]), enabled)
                == .validation("Table already has an enabled stream: TableName: Orders"))
        let disabled = TableFixture.table { $0.streams = [TableFixture.stream(.newImage, isEnabled: false)] }
        for table in [TableFixture.table(), disabled] {
            #expect(
                TableOperation.refusalOfUpdate(updateTable(["StreamSpecification": streamOff]), table)
                    == .validation("Table has no stream to disable: TableName: Orders"))
        }
        #expect(
            TableOperation.refusalOfUpdate(updateTable(["StreamSpecification": #"{"StreamEnabled":true}"#]))
                == .invalidParameter("If stream is being enabled then UpdateViewType is required"))
        #expect(
            TableOperation.refusalOfUpdate(
                updateTable(["StreamSpecification": #"{"StreamEnabled":false,"StreamViewType":"NEW_IMAGE"}"#]), enabled)
                == .invalidParameter("If stream is being disabled, then UpdateViewType must not be specified"))
    }

    @Test("the stream of a global table stays")
    func theStreamOfAGlobalTableStays() {
        let member = TableFixture.table(peers: [TableFixture.peer(TableFixture.west)])
        #expect(
            TableOperation.refusalOfUpdate(updateTable(["StreamSpecification": streamOff]), member)
                == .invalidParameter("Disabling Stream is not allowed for a Global Table replica."))
        #expect(
            TableOperation.refusalOfUpdate(updateTable(["StreamSpecification": streamOn]), member)
                == .validation("Table already has an enabled stream: TableName: Orders"))
        // Even while a replica is being added.
        let adding = TableFixture.table(status: .updating, peers: [TableFixture.peer(TableFixture.west, .creating)])
        #expect(
            TableOperation.refusalOfUpdate(updateTable(["StreamSpecification": streamOff]), adding)
                == .invalidParameter("Disabling Stream is not allowed for a Global Table replica."))
    }

    // MARK: - Edits

    @Test("edits change what they name")
    func editsChangeWhatTheyName() {
        var table = ControlPlaneIndexUpdateTests.subject
        TableEdit.deletionProtection(true).apply(to: &table)
        TableEdit.tableClass("STANDARD").apply(to: &table)
        TableEdit.billing(Billing(mode: .provisioned, throughput: ControlPlaneBillingTests.units)).apply(to: &table)
        TableEdit.indexThroughput("global", ControlPlaneBillingTests.units).apply(to: &table)
        TableEdit.indexThroughput("gone", ControlPlaneBillingTests.units).apply(to: &table)
        #expect(table.isProtectedFromDeletion)
        #expect(table.tableClass == "STANDARD")
        #expect(table.billing.mode == .provisioned)
        #expect(table.globalIndexes.map(\.throughput) == [ControlPlaneBillingTests.units])
        #expect(TableEdit.tableClass("STANDARD").isGroupWide)
        #expect(TableEdit.billing(table.billing).isGroupWide)
        #expect(TableEdit.indexThroughput("global", ControlPlaneBillingTests.units).isGroupWide)
        #expect(!TableEdit.deletionProtection(true).isGroupWide)
        #expect(!TableEdit.addTags([]).isGroupWide)
    }
}
