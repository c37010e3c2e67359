import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Partition
import Replication
import Testing

@testable import WireProtocol

@Suite struct ControlPlaneIndexUpdateTests {
    static let subject = TableFixture.table(
        globalIndexes: [TableFixture.globalIndex()], localIndexes: [TableFixture.localIndex()])
    static let defined = ["AttributeDefinitions": definitionsJSON("x:S", "g:S")]

    static let indexes: [RefusedTableRequest] = [
        RefusedTableRequest(
            "no action", indexUpdates("{}"),
            invalidParameters + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                + "GlobalSecondaryIndexUpdate.Delete must not be null"),
        RefusedTableRequest(
            "two actions", indexUpdates(#"{"Delete":{"IndexName":"one"},"Update":{"IndexName":"two"}}"#),
            invalidParameters
                + "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"),
        RefusedTableRequest(
            "one index twice", indexUpdates(createIndex(), deleteIndex("fresh"), with: defined),
            invalidParameters
                + "Only one global secondary index update per index is allowed simultaneously. Index: fresh"),
        RefusedTableRequest(
            "members missing", indexUpdates(#"{"Update":{}}"#, #"{"Create":{}}"#),
            "4 validation errors detected: Value null at 'globalSecondaryIndexUpdates.1.member.update.indexName' failed to satisfy "
                + "constraint: Member must not be null; Value null at 'globalSecondaryIndexUpdates.2.member.create.indexName' failed "
                + "to satisfy constraint: Member must not be null; Value null at "
                + "'globalSecondaryIndexUpdates.2.member.create.keySchema' failed to satisfy constraint: Member must not be null; "
                + "Value null at 'globalSecondaryIndexUpdates.2.member.create.projection' failed to satisfy constraint: Member must "
                + "not be null"),
        RefusedTableRequest(
            "no definitions", indexUpdates(createIndex()),
            invalidParameters + "AttributeDefinitions is not specified for index: fresh"),
        RefusedTableRequest(
            "no definition of the key", indexUpdates(createIndex("fresh", "y"), with: defined),
            invalidParameters
                + "Some index key attributes are not defined in AttributeDefinitions. Keys: [y], AttributeDefinitions: [x, g]"
        ),
        RefusedTableRequest(
            "no projection type",
            indexUpdates(
                jsonObject(["Create": indexJSON("fresh", keySchemaJSON("x"), projection: "{}")]), with: defined),
            invalidParameters + "Unknown ProjectionType: null"),
        RefusedTableRequest(
            "name of a global index", indexUpdates(createIndex("global"), with: defined),
            "Attempting to create an index which already exists"),
        RefusedTableRequest(
            "name of a local index", indexUpdates(createIndex("local"), with: defined),
            "Attempting to create an index which already exists"),
        RefusedTableRequest(
            "throughput of a pay-per-request table",
            indexUpdates(createIndex(throughput: throughputJSON(1, 1)), with: defined),
            invalidParameters
                + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: fresh when BillingMode is "
                + "PAY_PER_REQUEST"),
        RefusedTableRequest(
            "new throughput of a pay-per-request table", indexUpdates(updateIndex("global", throughputJSON(1, 1))),
            invalidParameters
                + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: global when BillingMode is "
                + "PAY_PER_REQUEST"),
        RefusedTableRequest(
            "update of nothing", indexUpdates(updateIndex("global", nil)),
            invalidParameters
                + "The only Updates for index: global when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, "
                + "WarmThroughput"),
        RefusedTableRequest(
            "attribute of another type",
            indexUpdates(createIndex(), with: ["AttributeDefinitions": definitionsJSON("x:S", "g:N")]),
            invalidParameters
                + "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. "
                + "Existing schema: Schema:[SchemaElement: key{g:S:HASH}] New schema: Schema:[SchemaElement: key{g:N:HASH}]"
        ),
        RefusedTableRequest(
            "key of another type",
            indexUpdates(
                jsonObject(["Create": indexJSON("fresh", keySchemaJSON("x", "l"))]),
                with: ["AttributeDefinitions": definitionsJSON("x:S", "l:B")]),
            invalidParameters
                + "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. "
                + "Existing schema: Schema:[SchemaElement: key{p:S:HASH}, SchemaElement: key{l:N:RANGE}] "
                + "New schema: Schema:[SchemaElement: key{x:S:HASH}, SchemaElement: key{l:B:RANGE}]"),
        RefusedTableRequest(
            "local index deleted", indexUpdates(deleteIndex("local")),
            "Cannot delete an index that is not a GlobalSecondaryIndex: local"),
        RefusedTableRequest(
            "local index updated", indexUpdates(updateIndex("local", throughputJSON(1, 1))),
            "Cannot update an index that is not a GlobalSecondaryIndex: local"),
        RefusedTableRequest(
            "unknown index deleted", indexUpdates(deleteIndex("nope")), .resourceNotFound,
            "Requested resource not found: Index nope for table Orders"),
        RefusedTableRequest(
            "unknown index updated", indexUpdates(updateIndex("nope", throughputJSON(1, 1))), .resourceNotFound,
            "Requested resource not found: Index nope for table Orders"),
        RefusedTableRequest(
            "two new ones", indexUpdates(createIndex("one"), createIndex("two"), with: defined), .limitExceeded,
            onlyOneOnline.message ?? ""),
        RefusedTableRequest(
            "one new, one deleted", indexUpdates(createIndex(), deleteIndex("global"), with: defined), .limitExceeded,
            onlyOneOnline.message ?? ""),
    ]

    @Test("what is wrong with an index update", arguments: indexes)
    func whatIsWrongWithAnIndexUpdate(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.refusalOfUpdate(refusal.request, Self.subject) == refusal.error)
    }

    @Test("a new index")
    func aNewIndex() throws {
        #expect(
            try TableOperation.steps(
                indexUpdates(
                    jsonObject([
                        "Create": indexJSON(
                            "fresh", keySchemaJSON("x", "g"),
                            projection: #"{"ProjectionType":"INCLUDE","NonKeyAttributes":["a"]}"#)
                    ]), with: ["AttributeDefinitions": definitionsJSON("x:N", "g:S", "unused:B")]), Self.subject)
                == [
                    .createIndex(
                        IndexDefinition(
                            ordinal: 3, name: "fresh",
                            keySchema: KeySchema(
                                partitionKeys: [KeyAttribute(name: "x", type: .number)],
                                sortKeys: [KeyAttribute(name: "g", type: .string)]), projection: .include(["a"]),
                            status: .creating),
                        attributeDefinitions: [
                            KeyAttribute(name: "p", type: .string), KeyAttribute(name: "l", type: .number),
                            KeyAttribute(name: "g", type: .string), KeyAttribute(name: "x", type: .number),
                        ])
                ])
    }

    @Test("an attribute that a deleted index left behind may get another type")
    func anAttributeThatADeletedIndexLeftBehindMayGetAnotherType() throws {
        let table = TableFixture.table { $0.attributeDefinitions.append(KeyAttribute(name: "x", type: .string)) }
        let request = indexUpdates(createIndex(), with: ["AttributeDefinitions": definitionsJSON("x:N")])
        guard case .createIndex(_, let definitions) = try #require(try TableOperation.steps(request, table).first)
        else {
            Issue.record("no index")
            return
        }
        #expect(
            definitions == [KeyAttribute(name: "p", type: .string), KeyAttribute(name: "x", type: .number)])
    }

    @Test("deleting an index, and throughput of one")
    func deletingAnIndexAndThroughputOfOne() throws {
        #expect(try TableOperation.steps(indexUpdates(deleteIndex("global")), Self.subject) == [.deleteIndex("global")])
        let table = TableFixture.table(
            globalIndexes: [TableFixture.globalIndex(throughput: ControlPlaneBillingTests.units)],
            provisioned: ControlPlaneBillingTests.units)
        var units = Throughput(readUnits: 5, writeUnits: 9)
        units.increasedMilliseconds = TableFixture.now
        #expect(
            try TableOperation.steps(indexUpdates(updateIndex("global", throughputJSON(5, 9))), table)
                == [.edit(.indexThroughput("global", units))])
        #expect(
            TableOperation.refusalOfUpdate(indexUpdates(updateIndex("global", throughputJSON(5, 5))), table)
                == .validation(
                    "The provisioned throughput for the index global will not change. The requested value equals the current "
                        + "value. Current ReadCapacityUnits provisioned for the index: 5. Requested ReadCapacityUnits: 5. "
                        + "Current WriteCapacityUnits provisioned for the index: 5. Requested WriteCapacityUnits: 5. "
                        + "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
                ))
        #expect(
            TableOperation.refusalOfUpdate(indexUpdates(updateIndex("global", nil)), table)
                == .invalidParameter(
                    "Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: global"))
        #expect(
            TableOperation.refusalOfUpdate(indexUpdates(createIndex(), with: Self.defined), table)
                == .invalidParameter("Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: fresh")
        )
        #expect(
            TableOperation.refusalOfUpdate(
                indexUpdates(updateIndex("global", throughputJSON(1, 1_000_000_000_001))), table)
                == .validation("Given value 1000000000001 for WriteCapacityUnits is out of bounds for index global"))
    }

    @Test("a new index may come with other throughput of an old one")
    func aNewIndexMayComeWithOtherThroughputOfAnOldOne() throws {
        let table = TableFixture.table(
            globalIndexes: [TableFixture.globalIndex(throughput: ControlPlaneBillingTests.units)],
            provisioned: ControlPlaneBillingTests.units)
        let both = indexUpdates(
            createIndex(throughput: throughputJSON(1, 1)), updateIndex("global", throughputJSON(6, 6)),
            with: Self.defined)
        #expect(try TableOperation.steps(both, table).count == 2)
    }

    @Test("a 21st index")
    func a21stIndex() {
        let table = TableFixture.table(
            globalIndexes: (1...20).map { TableFixture.globalIndex("global\($0)", ordinal: UInt16($0)) })
        #expect(
            TableOperation.refusalOfUpdate(indexUpdates(createIndex(), with: Self.defined), table)
                == WireError(
                    .limitExceeded,
                    "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20"))
    }

    @Test("a hundred names are projected already")
    func aHundredNamesAreProjectedAlready() {
        let wide = (1...5).map { number in
            TableFixture.globalIndex(
                "wide\(number)", ordinal: UInt16(number), projection: .include((1...20).map { Text("a\($0)") }))
        }
        let fresh = jsonObject([
            "Create": indexJSON(
                "fresh", keySchemaJSON("x"), projection: #"{"ProjectionType":"INCLUDE","NonKeyAttributes":["a"]}"#)
        ])
        #expect(
            TableOperation.refusalOfUpdate(
                indexUpdates(fresh, with: Self.defined), TableFixture.table(globalIndexes: wide))
                == .invalidParameter("Number of NonKeyAttributes of all indexes exceeds per-table limit of 100"))
    }

    @Test("one index at a time", arguments: [IndexDefinition.Status.creating, .deleting])
    func oneIndexAtATime(_ status: IndexDefinition.Status) throws {
        let busy = TableFixture.table(
            globalIndexes: [
                TableFixture.globalIndex("busy", status: status), TableFixture.globalIndex("idle", ordinal: 2),
            ])
        #expect(TableOperation.refusalOfUpdate(indexUpdates(createIndex(), with: Self.defined), busy) == onlyOneOnline)
        #expect(TableOperation.refusalOfUpdate(indexUpdates(deleteIndex("idle")), busy) == onlyOneOnline)
        if status == .creating {
            #expect(try TableOperation.steps(indexUpdates(deleteIndex("busy")), busy) == [.deleteIndex("busy")])
        } else {
            #expect(
                TableOperation.refusalOfUpdate(indexUpdates(deleteIndex("busy")), busy)
                    == WireError(
                        .resourceInUse,
                        "Attempt to change a resource which is still in use: Index is being deleted. Table: Orders Index: busy"
                    ))
        }
    }

    @Test("a provisioned global table takes no second index, for lack of auto scaling")
    func aProvisionedGlobalTableTakesNoSecondIndexForLackOfAutoScaling() throws {
        let peers = [TableFixture.peer(TableFixture.west)]
        let fresh = indexUpdates(createIndex(throughput: throughputJSON(1, 1)), with: Self.defined)
        #expect(
            try TableOperation.steps(
                fresh, TableFixture.table(provisioned: ControlPlaneBillingTests.units, peers: peers)
            )
            .count == 1)
        #expect(
            TableOperation.refusalOfUpdate(
                fresh,
                TableFixture.table(
                    globalIndexes: [TableFixture.globalIndex(throughput: ControlPlaneBillingTests.units)],
                    provisioned: ControlPlaneBillingTests.units, peers: peers)
            )
                == .validation("GSI write capacity should either be Pay-Per-Request or AutoScaled."))
    }
}
