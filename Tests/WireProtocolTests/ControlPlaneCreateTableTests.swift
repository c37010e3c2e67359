import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Partition
import Replication
import Testing
import WireProtocol

import struct Partition.Tag

/// A CreateTable request for `Orders` with key `p`, changed by `members`; nil removes a member.
private func create(_ members: [String: String?] = [:]) -> String {
    let base: [String: String?] = [
        "TableName": "\"Orders\"", "AttributeDefinitions": definitionsJSON("p:S"), "KeySchema": keySchemaJSON("p"),
        "BillingMode": "\"PAY_PER_REQUEST\"",
    ]
    return jsonObject(base.merging(members) { _, changed in changed })
}

/// With keys `p` and `s`.
private func createWithRange(_ members: [String: String?] = [:]) -> String {
    create(
        ["AttributeDefinitions": definitionsJSON("p:S", "s:S"), "KeySchema": keySchemaJSON("p", "s")]
            .merging(members) { _, changed in changed })
}

private let provisioned: [String: String?] = [
    "BillingMode": "\"PROVISIONED\"", "ProvisionedThroughput": throughputJSON(1, 1),
]

@Suite struct ControlPlaneCreateTableTests {
    // MARK: - Refused

    static let constraints: [RefusedTableRequest] = [
        RefusedTableRequest(
            "no name", "{}", "The parameter 'TableName' is required but was not present in the request"),
        RefusedTableRequest(
            "short name", create(["TableName": "\"ab\"", "BillingMode": "\"FREE\""]),
            oneViolation
                + "Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"
        ),
        RefusedTableRequest(
            "long name", create(["TableName": "\"\(String(repeating: "a", count: 256))\""]),
            oneViolation + "Value '\(String(repeating: "a", count: 256))' at 'tableName' failed to satisfy constraint: "
                + "Member must have length less than or equal to 255"),
        RefusedTableRequest(
            "name with a blank", create(["TableName": "\"with space\""]),
            oneViolation + "Value 'with space' at 'tableName' failed to satisfy constraint: "
                + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
        RefusedTableRequest(
            "several at once",
            create([
                "AttributeDefinitions": nil, "KeySchema": nil, "BillingMode": "\"FREE\"", "ProvisionedThroughput": "{}",
            ]),
            "5 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must not be null; "
                + "Value 'FREE' at 'billingMode' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]; "
                + "Value null at 'provisionedThroughput.writeCapacityUnits' failed to satisfy constraint: Member must not be null; "
                + "Value null at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: Member must not be null; "
                + "Value null at 'keySchema' failed to satisfy constraint: Member must not be null"),
        RefusedTableRequest(
            "key type", create(["KeySchema": keySchemaJSON("p:SORT")]),
            oneViolation + "Value 'SORT' at 'keySchema.1.member.keyType' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [HASH, RANGE]"),
        RefusedTableRequest(
            "attribute type", create(["AttributeDefinitions": definitionsJSON("p:BOOL")]),
            oneViolation
                + "Value 'BOOL' at 'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [B, N, S]"),
        RefusedTableRequest(
            "no key elements", create(["KeySchema": "[]"]),
            oneViolation
                + "Value '[]' at 'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1"
        ),
        RefusedTableRequest(
            "three key elements", create(["KeySchema": keySchemaJSON("p", "s", "x")]),
            oneViolation
                + "Value '[KeySchemaElement(attributeName=p, keyType=HASH), KeySchemaElement(attributeName=s, keyType=RANGE), "
                + "KeySchemaElement(attributeName=x, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: "
                + "Member must have length less than or equal to 2"),
        RefusedTableRequest(
            "zero throughput",
            create(["BillingMode": "\"PROVISIONED\"", "ProvisionedThroughput": throughputJSON(0, 1)]),
            oneViolation + "Value '0' at 'provisionedThroughput.readCapacityUnits' failed to satisfy constraint: "
                + "Member must have value greater than or equal to 1"),
        RefusedTableRequest(
            "index name of two characters",
            create(["GlobalSecondaryIndexes": jsonArray([indexJSON("in", keySchemaJSON("p"))])]),
            oneViolation + "Value 'in' at 'globalSecondaryIndexes.1.member.indexName' failed to satisfy constraint: "
                + "Member must have length greater than or equal to 3"),
        RefusedTableRequest(
            "index of nothing", create(["LocalSecondaryIndexes": "[{}]"]),
            "3 validation errors detected: Value null at 'localSecondaryIndexes.1.member.indexName' failed to satisfy constraint: "
                + "Member must not be null; Value null at 'localSecondaryIndexes.1.member.keySchema' failed to satisfy constraint: "
                + "Member must not be null; Value null at 'localSecondaryIndexes.1.member.projection' failed to satisfy constraint: "
                + "Member must not be null"),
        RefusedTableRequest(
            "projection type",
            create([
                "GlobalSecondaryIndexes": jsonArray([
                    indexJSON("one", keySchemaJSON("p"), projection: #"{"ProjectionType":"SOME"}"#)
                ])
            ]),
            oneViolation
                + "Value 'SOME' at 'globalSecondaryIndexes.1.member.projection.projectionType' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [ALL, INCLUDE, KEYS_ONLY]"),
        RefusedTableRequest(
            "no projected names",
            create([
                "GlobalSecondaryIndexes": jsonArray([
                    indexJSON(
                        "one", keySchemaJSON("p"), projection: #"{"ProjectionType":"INCLUDE","NonKeyAttributes":[]}"#)
                ])
            ]),
            oneViolation
                + "Value '[]' at 'globalSecondaryIndexes.1.member.projection.nonKeyAttributes' failed to satisfy constraint: "
                + "Member must have length greater than or equal to 1"),
        RefusedTableRequest(
            "stream view type", create(["StreamSpecification": #"{"StreamEnabled":true,"StreamViewType":"SOME"}"#]),
            oneViolation + "Value 'SOME' at 'streamSpecification.streamViewType' failed to satisfy constraint: "
                + "Member must satisfy enum value set: [NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY]"),
        RefusedTableRequest(
            "stream without switch", create(["StreamSpecification": "{}"]),
            oneViolation
                + "Value null at 'streamSpecification.streamEnabled' failed to satisfy constraint: Member must not be null"
        ),
    ]

    @Test("a member that breaks a constraint", arguments: constraints)
    func aMemberThatBreaksAConstraint(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.createTable.refusal(refusal.request) == refusal.error)
    }

    static let billing: [RefusedTableRequest] = [
        RefusedTableRequest(
            "throughput of a pay-per-request table", create(["ProvisionedThroughput": throughputJSON(1, 1)]),
            invalidParameters
                + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        ),
        RefusedTableRequest(
            "provisioned without throughput", create(["BillingMode": "\"PROVISIONED\""]),
            invalidParameters
                + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"),
        RefusedTableRequest(
            "provisioned is the default", create(["BillingMode": nil]),
            invalidParameters
                + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"),
        RefusedTableRequest(
            "too much to read",
            create(["BillingMode": nil, "ProvisionedThroughput": throughputJSON(1_000_000_000_001, 1_000_000_000_001)]),
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds"),
        RefusedTableRequest(
            "too much to write",
            create(["BillingMode": nil, "ProvisionedThroughput": throughputJSON(1, 1_000_000_000_001)]),
            "Given value 1000000000001 for WriteCapacityUnits is out of bounds"),
        RefusedTableRequest(
            "limit of a provisioned table",
            create(provisioned.merging(["OnDemandThroughput": #"{"MaxReadRequestUnits":5}"#]) { $1 }),
            invalidParameters
                + "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
        ),
        RefusedTableRequest(
            "limit of nothing", create(["OnDemandThroughput": #"{"MaxWriteRequestUnits":0}"#]),
            invalidParameters
                + "Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range"),
        RefusedTableRequest(
            "billing before keys",
            create(["ProvisionedThroughput": throughputJSON(1, 1), "KeySchema": keySchemaJSON("x")]),
            invalidParameters
                + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        ),
    ]

    @Test("capacity and billing mode must agree", arguments: billing)
    func capacityAndBillingModeMustAgree(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.createTable.refusal(refusal.request) == refusal.error)
    }

    static let undefined = "Invalid KeySchema: Some index key attribute have no definition"
    static let sameName = "Both the Hash Key and the Range Key element in the KeySchema have the same name"
    static let keys: [RefusedTableRequest] = [
        RefusedTableRequest("more keys than definitions", create(["KeySchema": keySchemaJSON("p", "s")]), undefined),
        RefusedTableRequest(
            "one definition for two keys of one name", create(["KeySchema": keySchemaJSON("p", "p")]), undefined),
        RefusedTableRequest("no definitions", create(["AttributeDefinitions": "[]"]), undefined),
        RefusedTableRequest(
            "key without definition", create(["AttributeDefinitions": definitionsJSON("b:S")]),
            invalidParameters
                + "Some index key attributes are not defined in AttributeDefinitions. Keys: [p], AttributeDefinitions: [b]"
        ),
        RefusedTableRequest(
            "attribute defined twice", create(["AttributeDefinitions": definitionsJSON("p:S", "p:N")]),
            "Attribute Name is duplicated: p"),
        RefusedTableRequest("two keys of one name", createWithRange(["KeySchema": keySchemaJSON("p", "p")]), sameName),
        RefusedTableRequest(
            "first key is no hash key", create(["KeySchema": keySchemaJSON("p:RANGE")]),
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
        RefusedTableRequest(
            "second key is no range key", createWithRange(["KeySchema": keySchemaJSON("p:HASH", "s:HASH")]),
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"),
        RefusedTableRequest(
            "unused definition", create(["AttributeDefinitions": definitionsJSON("p:S", "s:S")]),
            invalidParameters
                + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions"
        ),
        RefusedTableRequest(
            "unused definition beside an index",
            create([
                "AttributeDefinitions": definitionsJSON("p:S", "s:S", "x:S"),
                "GlobalSecondaryIndexes": jsonArray([indexJSON("one", keySchemaJSON("s"))]),
            ]),
            invalidParameters
                + "Some AttributeDefinitions are not used. AttributeDefinitions: [p, s, x], keys used: [p, s]"),
        RefusedTableRequest(
            "definitions before order", create(["KeySchema": keySchemaJSON("x:RANGE")]),
            invalidParameters
                + "Some index key attributes are not defined in AttributeDefinitions. Keys: [x], AttributeDefinitions: [p]"
        ),
        RefusedTableRequest(
            "keys before indexes", create(["KeySchema": keySchemaJSON("p:RANGE"), "GlobalSecondaryIndexes": "[]"]),
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ]

    @Test("the key schema must make sense", arguments: keys)
    func theKeySchemaMustMakeSense(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.createTable.refusal(refusal.request) == refusal.error)
    }

    private static func local(_ indexes: String...) -> String {
        createWithRange(["LocalSecondaryIndexes": jsonArray(indexes)])
    }

    static let localIndexes: [RefusedTableRequest] = [
        RefusedTableRequest("empty list", local(), invalidParameters + "List of LocalSecondaryIndexes is empty"),
        RefusedTableRequest(
            "local before global", createWithRange(["LocalSecondaryIndexes": "[]", "GlobalSecondaryIndexes": "[]"]),
            invalidParameters + "List of LocalSecondaryIndexes is empty"),
        RefusedTableRequest(
            "table without range key",
            create([
                "AttributeDefinitions": definitionsJSON("p:S", "x:S"),
                "LocalSecondaryIndexes": jsonArray([indexJSON("one", keySchemaJSON("p", "x"))]),
            ]),
            invalidParameters
                + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"),
        RefusedTableRequest(
            "index without range key", local(indexJSON("one", keySchemaJSON("p"))),
            invalidParameters + "Index KeySchema does not have a range key for index: one"),
        RefusedTableRequest(
            "other hash key", local(indexJSON("one", keySchemaJSON("s", "p"))),
            invalidParameters
                + "Index KeySchema does not have the same leading hash key as table KeySchema for index: one. "
                + "index hash key: s, table hash key: p"),
        RefusedTableRequest(
            "no projection type", local(indexJSON("one", keySchemaJSON("p", "s"), projection: "{}")),
            invalidParameters + "Unknown ProjectionType: null"),
        RefusedTableRequest(
            "one name twice",
            local(indexJSON("one", keySchemaJSON("p", "s")), indexJSON("one", keySchemaJSON("p", "s"))),
            invalidParameters + "Duplicate index name: one"),
        RefusedTableRequest(
            "six",
            createWithRange([
                "LocalSecondaryIndexes": jsonArray((1...6).map { indexJSON("one\($0)", keySchemaJSON("p", "s")) })
            ]),
            invalidParameters + "Number of LocalSecondaryIndexes exceeds per-table limit of 5"),
    ]

    @Test("a local index must fit the table", arguments: localIndexes)
    func aLocalIndexMustFitTheTable(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.createTable.refusal(refusal.request) == refusal.error)
    }

    private static func global(_ indexes: String..., with members: [String: String?] = [:]) -> String {
        create(["GlobalSecondaryIndexes": jsonArray(indexes)].merging(members) { _, changed in changed })
    }

    private static func projection(_ type: String, _ names: String? = nil) -> String {
        jsonObject(["ProjectionType": "\"\(type)\"", "NonKeyAttributes": names])
    }

    /// A GSI on attributes `a` to `j`, all of them defined, with these keys.
    private static func wide(_ keySchema: String, _ names: [String]) -> String {
        let attributes = (["p"] + names).map { #"{"AttributeName":"\#($0)","AttributeType":"S"}"# }
        return global(indexJSON("one", keySchema), with: ["AttributeDefinitions": jsonArray(attributes)])
    }

    static let globalIndexes: [RefusedTableRequest] = [
        RefusedTableRequest("empty list", global(), invalidParameters + "List of GlobalSecondaryIndexes is empty"),
        RefusedTableRequest(
            "throughput of a pay-per-request table",
            global(indexJSON("one", keySchemaJSON("p"), throughput: throughputJSON(1, 1))),
            invalidParameters
                + "ProvisionedThroughput should not be specified for index: one when BillingMode is PAY_PER_REQUEST"
        ),
        RefusedTableRequest(
            "provisioned without throughput", global(indexJSON("one", keySchemaJSON("p")), with: provisioned),
            invalidParameters + "ProvisionedThroughput is not specified for index: one"),
        RefusedTableRequest(
            "too much to read",
            global(
                indexJSON("one", keySchemaJSON("p"), throughput: throughputJSON(1_000_000_000_001, 1)),
                with: provisioned),
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds for index one"),
        RefusedTableRequest(
            "key without definition", global(indexJSON("one", keySchemaJSON("x"))),
            invalidParameters
                + "Some index key attributes are not defined in AttributeDefinitions. Keys: [x], AttributeDefinitions: [p]"
        ),
        RefusedTableRequest(
            "21",
            create(["GlobalSecondaryIndexes": jsonArray((1...21).map { indexJSON("one\($0)", keySchemaJSON("p")) })]),
            invalidParameters + "GlobalSecondaryIndex count exceeds the per-table limit of 20"),
        RefusedTableRequest(
            "name of a local index",
            createWithRange([
                "LocalSecondaryIndexes": jsonArray([indexJSON("one", keySchemaJSON("p", "s"))]),
                "GlobalSecondaryIndexes": jsonArray([indexJSON("one", keySchemaJSON("s"))]),
            ]), invalidParameters + "Duplicate index name: one"),
        RefusedTableRequest(
            "ALL with names", global(indexJSON("one", keySchemaJSON("p"), projection: projection("ALL", #"["x"]"#))),
            invalidParameters + "ProjectionType is ALL, but NonKeyAttributes is specified"),
        RefusedTableRequest(
            "KEYS_ONLY with names",
            global(indexJSON("one", keySchemaJSON("p"), projection: projection("KEYS_ONLY", #"["x"]"#))),
            invalidParameters + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified"),
        RefusedTableRequest(
            "INCLUDE without names", global(indexJSON("one", keySchemaJSON("p"), projection: projection("INCLUDE"))),
            invalidParameters + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"),
        RefusedTableRequest(
            "name projected twice",
            global(indexJSON("one", keySchemaJSON("p"), projection: projection("INCLUDE", #"["x","y","x"]"#))),
            invalidParameters + "Duplicate element in NonKeyAttributes: x"),
        RefusedTableRequest("two keys of one name", wide(keySchemaJSON("a", "a"), ["a"]), sameName),
        RefusedTableRequest(
            "three keys, two of one name", wide(keySchemaJSON("a:HASH", "b:HASH", "a:RANGE"), ["a", "b"]),
            "The KeySchema contains multiple key attributes with the same name"),
        RefusedTableRequest(
            "range key before a hash key", wide(keySchemaJSON("a:HASH", "b:RANGE", "c:HASH"), ["a", "b", "c"]),
            invalidParameters + "All HASH key attributes must precede RANGE key attributes in the KeySchema"),
        RefusedTableRequest(
            "five hash keys",
            wide(keySchemaJSON("a", "b:HASH", "c:HASH", "d:HASH", "e:HASH"), ["a", "b", "c", "d", "e"]),
            invalidParameters + "The KeySchema exceeds the maximum allowed number of HASH key attributes"),
        RefusedTableRequest(
            "five range keys", wide(keySchemaJSON("a", "b", "c", "d", "e", "f"), ["a", "b", "c", "d", "e", "f"]),
            invalidParameters + "The KeySchema exceeds the maximum allowed number of RANGE key attributes"),
    ]

    @Test("a global index must make sense", arguments: globalIndexes)
    func aGlobalIndexMustMakeSense(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.createTable.refusal(refusal.request) == refusal.error)
    }

    static let others: [RefusedTableRequest] = [
        RefusedTableRequest(
            "stream without view type", create(["StreamSpecification": #"{"StreamEnabled":true}"#]),
            invalidParameters + "Table is being created with a stream enabled, UpdateViewType is required"),
        RefusedTableRequest(
            "view type without stream",
            create(["StreamSpecification": #"{"StreamEnabled":false,"StreamViewType":"NEW_IMAGE"}"#]),
            invalidParameters + "Table is being created with a stream disabled, UpdateViewType should not be specified"),
        RefusedTableRequest(
            "table class", create(["TableClass": "\"GOLD\""]),
            "Invalid table-class parameter provided. Please try again with a valid table-class value: "
                + "[STANDARD, STANDARD_INFREQUENT_ACCESS]."),
        RefusedTableRequest(
            "51 tags", create(["Tags": jsonArray((1...51).map { #"{"Key":"k\#($0)","Value":"v"}"# })]),
            "Number of Tags exceed the current limit for the provided ResourceArn"),
        RefusedTableRequest(
            "tag of AWS", create(["Tags": #"[{"Key":"aws:x","Value":"v"}]"#]),
            "Tag Key cannot be prefixed with aws:, Key: aws:x"),
        RefusedTableRequest(
            "policy", create(["ResourcePolicy": "\"{}\""]),
            invalidParameters + "ResourcePolicy is not supported by Tributary"),
        RefusedTableRequest(
            "table of another account",
            create(["TableName": #""arn:aws:dynamodb:us-east-1:123456789012:table/Orders""#]),
            .accessDenied,
            "User: arn:aws:iam::000000000000:root is not authorized to perform: dynamodb:CreateTable on resource: "
                + "arn:aws:dynamodb:us-east-1:123456789012:table/Orders because no resource-based policy allows the "
                + "dynamodb:CreateTable action"),
        RefusedTableRequest(
            "wrong JSON type hides the rest",
            create(["TableName": "\"x\"", "ProvisionedThroughput": #"{"ReadCapacityUnits":"1"}"#]),
            .serialization, "STRING_VALUE cannot be converted to Long"),
    ]

    @Test("other members must make sense", arguments: others)
    func otherMembersMustMakeSense(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.createTable.refusal(refusal.request) == refusal.error)
    }

    @Test(
        "a name can be taken only when the old table is gone",
        arguments: [TableStatus.creating, .active, .updating, .deleting])
    func aNameCanBeTakenOnlyWhenTheOldTableIsGone(_ status: TableStatus) {
        #expect(
            TableOperation.createTable.refusal(create(), [TableFixture.table(status: status)])
                == WireError(.resourceInUse, "Table already exists: Orders"))
    }

    // MARK: - Created

    private func created(_ json: String) throws -> TableDefinition {
        guard case .created(let table) = try TableOperation.createTable.run(json) else {
            throw WireError(.internalServerError, "no table")
        }
        return table
    }

    @Test("the smallest request")
    func theSmallestRequest() throws {
        let table = try created(create())
        #expect(table.number == 7)
        #expect(table.tableID == TableFixture.tableID)
        #expect(table.arn == TableFixture.arn)
        #expect(table.status == .creating)
        #expect(table.createdMilliseconds == TableFixture.now)
        #expect(table.keySchema == KeySchema(partitionKeys: [KeyAttribute(name: "p", type: .string)]))
        #expect(
            table.billing
                == Billing(mode: .payPerRequest, throughput: .none, payPerRequestMilliseconds: TableFixture.now))
        #expect(table.streams.isEmpty && table.tags.isEmpty && table.peers.isEmpty && table.indexes.isEmpty)
        #expect(!table.isProtectedFromDeletion)
        #expect(table.tableClass == nil)
    }

    @Test("everything at once")
    func everythingAtOnce() throws {
        let table = try created(
            jsonObject([
                "TableName": "\"\(TableFixture.arn)\"",
                "AttributeDefinitions": definitionsJSON("p:S", "s:B", "l:N", "a:S", "b:N", "c:S", "d:B"),
                "KeySchema": keySchemaJSON("p", "s"), "ProvisionedThroughput": throughputJSON(5, 6),
                "LocalSecondaryIndexes": jsonArray([
                    indexJSON(
                        "local", keySchemaJSON("p", "l"),
                        projection: #"{"ProjectionType":"INCLUDE","NonKeyAttributes":["x","y"]}"#)
                ]),
                "GlobalSecondaryIndexes": jsonArray([
                    indexJSON(
                        "global", keySchemaJSON("a:HASH", "b:HASH", "c:RANGE", "d:RANGE"),
                        projection: #"{"ProjectionType":"KEYS_ONLY"}"#, throughput: throughputJSON(7, 8))
                ]),
                "StreamSpecification": #"{"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"}"#,
                "SSESpecification": #"{"Enabled":true,"SSEType":"KMS"}"#,
                "TableClass": "\"STANDARD_INFREQUENT_ACCESS\"", "DeletionProtectionEnabled": "true",
                "Tags": #"[{"Key":"team","Value":"a"},{"Key":"empty","Value":""}]"#,
            ]))
        #expect(table.name == "Orders")
        #expect(table.billing == Billing(mode: .provisioned, throughput: Throughput(readUnits: 5, writeUnits: 6)))
        #expect(
            table.localIndexes == [
                IndexDefinition(
                    ordinal: 1, name: "local",
                    keySchema: KeySchema(
                        partitionKeys: [KeyAttribute(name: "p", type: .string)],
                        sortKeys: [KeyAttribute(name: "l", type: .number)]), projection: .include(["x", "y"]))
            ])
        #expect(
            table.globalIndexes == [
                IndexDefinition(
                    ordinal: 2, name: "global",
                    keySchema: KeySchema(
                        partitionKeys: [
                            KeyAttribute(name: "a", type: .string), KeyAttribute(name: "b", type: .number),
                        ],
                        sortKeys: [KeyAttribute(name: "c", type: .string), KeyAttribute(name: "d", type: .binary)]),
                    projection: .keysOnly, throughput: Throughput(readUnits: 7, writeUnits: 8))
            ])
        #expect(table.nextIndexOrdinal == 3)
        #expect(table.enabledStream?.viewType == .oldImage)
        #expect(table.enabledStream?.shards.map(\.first) == [1])
        #expect(table.enabledStream?.createdMilliseconds == TableFixture.now)
        #expect(table.tableClass == "STANDARD_INFREQUENT_ACCESS")
        #expect(table.isProtectedFromDeletion)
        #expect(table.tags == [Tag(key: "team", value: "a"), Tag(key: "empty", value: "")])
    }

    @Test("as many indexes as there may be")
    func asManyIndexesAsThereMayBe() throws {
        let table = try created(
            createWithRange([
                "LocalSecondaryIndexes": jsonArray((1...5).map { indexJSON("local\($0)", keySchemaJSON("p", "s")) }),
                "GlobalSecondaryIndexes": jsonArray((1...20).map { indexJSON("global\($0)", keySchemaJSON("s")) }),
            ]))
        #expect(table.indexes.map(\.ordinal) == Array(1...25))
    }

    @Test("at most a hundred names are projected by all indexes together")
    func atMostAHundredNamesAreProjectedByAllIndexesTogether() throws {
        func indexes(_ count: Int) -> String {
            jsonArray(
                (1...count).map { number in
                    let names = jsonArray((1...20).map { "\"a\(number)-\($0)\"" })
                    return indexJSON(
                        "wide\(number)", keySchemaJSON("p"),
                        projection: #"{"ProjectionType":"INCLUDE","NonKeyAttributes":\#(names)}"#)
                })
        }
        #expect(try created(create(["GlobalSecondaryIndexes": indexes(5)])).globalIndexes.count == 5)
        #expect(
            TableOperation.createTable.refusal(create(["GlobalSecondaryIndexes": indexes(6)]))
                == .invalidParameter("Number of NonKeyAttributes of all indexes exceeds per-table limit of 100"))
    }

    @Test("attributes whose names differ in bytes only are different")
    func attributesWhoseNamesDifferInBytesOnlyAreDifferent() throws {
        // Swift takes these spellings of "é" for one and the same.
        let table = try created(
            create([
                "AttributeDefinitions":
                    #"[{"AttributeName":"\u00e9","AttributeType":"S"},{"AttributeName":"e\u0301","AttributeType":"S"}]"#,
                "KeySchema":
                    #"[{"AttributeName":"\u00e9","KeyType":"HASH"},{"AttributeName":"e\u0301","KeyType":"RANGE"}]"#,
            ]))
        #expect(table.keySchema.attributes.map(\.name.utf8) == [[0xC3, 0xA9], [0x65, 0xCC, 0x81]])
    }
}
