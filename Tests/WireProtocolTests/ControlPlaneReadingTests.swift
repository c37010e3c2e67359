import AttributeModel
import Bytes
import ChangeStream
import Partition
import Replication
import Testing
import WireProtocol

@Suite struct ControlPlaneReadingTests {
    // MARK: - TableDescription

    private func description(
        _ table: TableDefinition, showing status: TableStatus = .active, counters: TableCounters = TableCounters()
    ) -> String {
        let context = TableFixture.context([table], counters: counters)
        return String(
            decoding: WireResponse.tableDescription(table, showing: status, context: context).body, as: UTF8.self)
    }

    private func table(_ members: String...) -> String {
        #"{"TableDescription":{"# + members.joined(separator: ",") + "}}"
    }

    private func identity(_ status: String, more: String = #""DeletionProtectionEnabled":false"#) -> String {
        #""TableName":"Orders","TableStatus":"\#(status)","CreationDateTime":1699996400.123,"TableArn":"\#(TableFixture.arn)","#
            + #""TableId":"\#(TableFixture.tableID)","TableSizeBytes":0,"ItemCount":0,\#(more)"#
    }

    private let keys =
        #""KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"}]"#
    private let onDemand =
        #""ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":0,"WriteCapacityUnits":0},"#
        + #""BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1699996400.123}"#
    private let warm = #""WarmThroughput":{"ReadUnitsPerSecond":12000,"WriteUnitsPerSecond":4000,"Status":"ACTIVE"}"#

    @Test("a table that pays per request")
    func aTableThatPaysPerRequest() {
        #expect(description(TableFixture.table()) == table(identity("ACTIVE"), keys, onDemand, warm))
    }

    @Test("an answer shows what begins", arguments: [TableStatus.updating, .deleting])
    func anAnswerShowsWhatBegins(_ status: TableStatus) {
        #expect(
            description(TableFixture.table(), showing: status) == table(identity(status.rawValue), keys, onDemand, warm)
        )
    }

    @Test("a table that is being created has no warm throughput, and its indexes are created with it")
    func aTableThatIsBeingCreatedHasNoWarmThroughputAndItsIndexesAreCreatedWithIt() throws {
        let text = description(TableFixture.table(globalIndexes: [TableFixture.globalIndex()]), showing: .creating)
        #expect(!text.contains("WarmThroughput"))
        #expect(text.contains(#""IndexStatus":"CREATING""#) && !text.contains("Backfilling"))
    }

    @Test("a provisioned table")
    func aProvisionedTable() {
        var units = Throughput(readUnits: 5, writeUnits: 6)
        units.increasedMilliseconds = TableFixture.now - 2000
        units.decreasedMilliseconds = TableFixture.now - 1000
        units.decreasesToday = 3
        let text = description(TableFixture.table(provisioned: units))
        let throughput = #"""
            "ProvisionedThroughput":{"LastIncreaseDateTime":1699999998.123,"LastDecreaseDateTime":1699999999.123,\#
            "NumberOfDecreasesToday":3,"ReadCapacityUnits":5,"WriteCapacityUnits":6}
            """#
        let warm = #""WarmThroughput":{"ReadUnitsPerSecond":5,"WriteUnitsPerSecond":6,"Status":"ACTIVE"}"#
        #expect(text == table(identity("ACTIVE"), keys, throughput, warm))
        // Yesterday's decreases do not count.
        units.decreasedMilliseconds = TableFixture.now - 24 * TableFixture.hour
        #expect(description(TableFixture.table(provisioned: units)).contains(#""NumberOfDecreasesToday":0"#))
    }

    @Test("a provisioned table that once paid per request says so")
    func aProvisionedTableThatOncePaidPerRequestSaysSo() {
        let once = TableFixture.table(provisioned: Throughput(readUnits: 5, writeUnits: 6)) {
            $0.billing.payPerRequestMilliseconds = TableFixture.now
        }
        #expect(
            description(once).contains(
                #""BillingModeSummary":{"BillingMode":"PROVISIONED","LastUpdateToPayPerRequestDateTime":1700000000.123}"#
            ))
    }

    @Test("counts, protection and class")
    func countsProtectionAndClass() {
        var counters = TableCounters()
        counters.itemCount = 7
        counters.itemBytes = 700
        let text = description(
            TableFixture.table {
                $0.isProtectedFromDeletion = true
                $0.tableClass = "STANDARD_INFREQUENT_ACCESS"
            }, counters: counters)
        #expect(text.contains(#""TableSizeBytes":700,"ItemCount":7,"DeletionProtectionEnabled":true,"#))
        #expect(text.contains(#""TableClassSummary":{"TableClass":"STANDARD_INFREQUENT_ACCESS"}"#))
    }

    @Test("indexes")
    func indexes() {
        let global = TableFixture.globalIndex(status: .creating, projection: .include(["a", "b"]))
        let text = description(TableFixture.table(globalIndexes: [global], localIndexes: [TableFixture.localIndex()]))
        let definitions = #"""
            "AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},{"AttributeName":"g","AttributeType":"S"},\#
            {"AttributeName":"l","AttributeType":"N"}]
            """#
        let localIndex = #"""
            "LocalSecondaryIndexes":[{"IndexName":"local","IndexArn":"\#(TableFixture.arn)/index/local",\#
            "KeySchema":[{"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"l","KeyType":"RANGE"}],\#
            "Projection":{"ProjectionType":"KEYS_ONLY"},"IndexSizeBytes":0,"ItemCount":0}]
            """#
        let globalIndex = #"""
            "GlobalSecondaryIndexes":[{"IndexName":"global","IndexArn":"\#(TableFixture.arn)/index/global",\#
            "KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],\#
            "Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["a","b"]},"IndexSizeBytes":0,"ItemCount":0,\#
            "IndexStatus":"CREATING","Backfilling":true,\#
            "ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":0,"WriteCapacityUnits":0},\#(warm)}]
            """#
        for part in [definitions, localIndex, globalIndex] { #expect(text.contains(part)) }
        #expect(!description(TableFixture.table(globalIndexes: [TableFixture.globalIndex()])).contains("Backfilling"))
    }

    @Test("definitions that a deleted index left behind are not shown")
    func definitionsThatADeletedIndexLeftBehindAreNotShown() {
        let text = description(
            TableFixture.table { $0.attributeDefinitions.append(KeyAttribute(name: "gone", type: .string)) })
        #expect(!text.contains("gone"))
    }

    @Test("the stream, and what stays of it when it is switched off")
    func theStreamAndWhatStaysOfItWhenItIsSwitchedOff() {
        let label = "2023-11-14T21:13:20.123"
        let latest = #""LatestStreamLabel":"\#(label)","LatestStreamArn":"\#(TableFixture.arn)/stream/\#(label)""#
        let specification = #""StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"},"#
        let enabled = description(TableFixture.table { $0.streams = [TableFixture.stream(.newImage)] })
        #expect(enabled == table(identity("ACTIVE"), keys, onDemand, warm, specification + latest))
        let disabled = description(
            TableFixture.table { $0.streams = [TableFixture.stream(.newImage, isEnabled: false)] })
        #expect(disabled == table(identity("ACTIVE"), keys, onDemand, warm, latest))
        #expect(!description(TableFixture.table()).contains("Stream"))
    }

    @Test("replicas of the other regions")
    func replicasOfTheOtherRegions() {
        let peers = [TableFixture.peer(TableFixture.west), TableFixture.peer(TableFixture.south, .creating)]
        let text = description(TableFixture.table(globalIndexes: [TableFixture.globalIndex()], peers: peers))
        func replica(_ region: String, _ status: String) -> String {
            #"""
            {"RegionName":"\#(region)","ReplicaStatus":"\#(status)",\#
            "ReplicaArn":"arn:aws:dynamodb:\#(region):000000000000:table/Orders",\#
            "GlobalTableSettingsReplicationMode":"ENABLED_WITH_OVERRIDES",\#(warm),\#
            "GlobalSecondaryIndexes":[{"IndexName":"global",\#(warm)}]}
            """#
        }
        let listed = replica("eu-west-1", "ACTIVE") + "," + replica("ap-southeast-1", "CREATING")
        #expect(text.hasSuffix(#","GlobalTableVersion":"2019.11.21","Replicas":[\#(listed)]}}"#))
        let regional = description(TableFixture.table())
        #expect(!regional.contains("Replicas") && !regional.contains("GlobalTableVersion"))
    }

    // MARK: - DescribeTable and ListTables

    @Test("a table may be named by its ARN", arguments: ["Orders", TableFixture.arn])
    func aTableMayBeNamedByItsARN(_ name: String) throws {
        let text = try tableAnswer(
            .describeTable, #"{"TableName":"\#(name)"}"#, [TableFixture.table(status: .creating)])
        #expect(text.hasPrefix(#"{"Table":{"TableName":"Orders","TableStatus":"CREATING""#))
    }

    static let names: [RefusedTableRequest] = [
        RefusedTableRequest(
            "missing", #"{"TableName":"Other"}"#, .resourceNotFound,
            "Requested resource not found: Table: Other not found"),
        RefusedTableRequest(
            "no name", "{}", "The parameter 'TableName' is required but was not present in the request"),
        RefusedTableRequest(
            "JSON null", #"{"TableName":null}"#,
            "The parameter 'TableName' is required but was not present in the request"),
        RefusedTableRequest(
            "two faults at once", #"{"TableName":"a;"}"#,
            "2 validation errors detected: Value 'a;' at 'tableName' failed to satisfy constraint: Member must satisfy regular "
                + "expression pattern: [a-zA-Z0-9_.-]+; Value 'a;' at 'tableName' failed to satisfy constraint: Member must have "
                + "length greater than or equal to 3"),
        RefusedTableRequest(
            "another region", #"{"TableName":"arn:aws:dynamodb:eu-west-1:000000000000:table/Orders"}"#,
            oneViolation + "Invalid AWS region in 'arn:aws:dynamodb:eu-west-1:000000000000:table/Orders'"),
        RefusedTableRequest(
            "another partition", #"{"TableName":"arn:aws-cn:dynamodb:us-east-1:000000000000:table/Orders"}"#,
            oneViolation + "Invalid AWS partition in 'arn:aws-cn:dynamodb:us-east-1:000000000000:table/Orders'"),
        RefusedTableRequest(
            "a stream", #"{"TableName":"\#(TableFixture.arn)/stream/2023"}"#,
            oneViolation + "Invalid resource type in '\(TableFixture.arn)/stream/2023'"),
        RefusedTableRequest(
            "half an ARN", #"{"TableName":"arn:aws:dynamodb"}"#,
            oneViolation + "Valid ARN format is 'arn:aws:dynamodb:region:account-id:table/table-name'"),
        RefusedTableRequest(
            "wrong JSON type", #"{"TableName":1}"#, .serialization, "NUMBER_VALUE cannot be converted to String"),
    ]

    @Test("a name that names no table", arguments: names)
    func aNameThatNamesNoTable(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.describeTable.refusal(refusal.request, [TableFixture.table()]) == refusal.error)
    }

    static let tables = ["b", "A", "a", "_", "9"].enumerated().map { number, suffix in
        TableFixture.table("xx" + suffix, number: UInt32(number + 1))
    }

    @Test(
        "tables in byte order, page by page",
        arguments: [
            ("{}", #"{"TableNames":["xx9","xxA","xx_","xxa","xxb"]}"#),
            (#"{"Limit":2}"#, #"{"LastEvaluatedTableName":"xxA","TableNames":["xx9","xxA"]}"#),
            (
                #"{"Limit":2,"ExclusiveStartTableName":"xxA"}"#,
                #"{"LastEvaluatedTableName":"xxa","TableNames":["xx_","xxa"]}"#
            ),
            (#"{"Limit":1,"ExclusiveStartTableName":"xxa"}"#, #"{"TableNames":["xxb"]}"#),
            (#"{"ExclusiveStartTableName":"xxX"}"#, #"{"TableNames":["xx_","xxa","xxb"]}"#),
            (#"{"ExclusiveStartTableName":"xxb"}"#, #"{"TableNames":[]}"#),
            (#"{"Limit":1.9}"#, #"{"LastEvaluatedTableName":"xx9","TableNames":["xx9"]}"#),
        ])
    func tablesInByteOrderPageByPage(_ request: String, _ expected: String) throws {
        #expect(try tableAnswer(.listTables, request, Self.tables) == expected)
    }

    @Test("a page has at most a hundred names")
    func aPageHasAtMostAHundredNames() throws {
        let many = (100..<201).map { TableFixture.table("table\($0)", number: UInt32($0)) }
        let text = try tableAnswer(.listTables, "{}", many)
        #expect(text.contains(#""LastEvaluatedTableName":"table199""#) && !text.contains("table200"))
    }

    @Test(
        "the limit is 1 to 100",
        arguments: [
            (0, "Member must have value greater than or equal to 1"),
            (-1, "Member must have value greater than or equal to 1"),
            (101, "Member must have value less than or equal to 100"),
        ])
    func theLimitIs1To100(_ limit: Int, _ text: String) {
        #expect(
            TableOperation.listTables.refusal(#"{"Limit":\#(limit)}"#)
                == .validation(oneViolation + "Value '\(limit)' at 'limit' failed to satisfy constraint: " + text))
    }

    // MARK: - The rest

    @Test("limits and endpoints")
    func limitsAndEndpoints() throws {
        #expect(
            try tableAnswer(.describeLimits, "{}")
                == #"{"AccountMaxReadCapacityUnits":80000,"AccountMaxWriteCapacityUnits":80000,"#
                + #""TableMaxReadCapacityUnits":40000,"TableMaxWriteCapacityUnits":40000}"#)
        #expect(
            try tableAnswer(.describeEndpoints, "{}")
                == #"{"Endpoints":[{"Address":"dynamodb.us-east-1.amazonaws.com","CachePeriodInMinutes":1440}]}"#)
    }

    static let named = #"{"TableName":"Orders"}"#

    @Test("there are no backups")
    func thereAreNoBackups() throws {
        #expect(
            try tableAnswer(.describeContinuousBackups, Self.named, [TableFixture.table()])
                == #"{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"DISABLED","#
                + #""PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"DISABLED"}}}"#)
        let missing = TableOperation.describeContinuousBackups.refusal(Self.named)
        #expect(missing == WireError(.tableNotFound, "Table not found: Orders"))
        #expect(
            missing.map { String(decoding: $0.response.body, as: UTF8.self) }
                == #"{"__type":"com.amazonaws.dynamodb.v20120810#TableNotFoundException","message":"Table not found: Orders"}"#
        )
    }

    // MARK: - STS

    private func identity(_ form: String) -> (Int, String) {
        let response = CallerIdentity.response(toForm: Array(form.utf8), requestID: "REQUEST")
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test(
        "the caller is the root user of the one account",
        arguments: ["Action=GetCallerIdentity&Version=2011-06-15", "Version=2011-06-15&Action=Get%43aller%49dentity"])
    func theCallerIsTheRootUserOfTheOneAccount(_ form: String) {
        let (status, text) = identity(form)
        #expect(status == 200)
        #expect(
            text == """
                <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                  <GetCallerIdentityResult>
                    <Arn>arn:aws:iam::000000000000:root</Arn>
                    <UserId>000000000000</UserId>
                    <Account>000000000000</Account>
                  </GetCallerIdentityResult>
                  <ResponseMetadata>
                    <RequestId>REQUEST</RequestId>
                  </ResponseMetadata>
                </GetCallerIdentityResponse>

                """)
    }

    @Test("other actions are refused in XML")
    func otherActionsAreRefusedInXML() {
        let (status, text) = identity("Action=Assume<Role>%26+more&Version=2011-06-15")
        #expect(status == 400)
        #expect(text.contains("<Code>InvalidAction</Code>"))
        #expect(
            text.contains(
                "<Message>Could not find operation Assume&lt;Role&gt;&amp; more for version 2011-06-15</Message>"))
        #expect(identity("").1.contains("<Code>MissingAction</Code>"))
        #expect(identity("Action").1.contains("<Code>InvalidAction</Code>"))
        #expect(identity("Action=%ZZ%").1.contains("operation %ZZ% for"))
        #expect(identity("Action=%00%FF").1.contains("operation \u{FFFD}\u{FFFD} for"))
    }

    // MARK: - Targets

    @Test("every operation has a target")
    func everyOperationHasATarget() {
        for operation in DataOperation.allCases {
            #expect(OperationTarget("DynamoDB_20120810." + operation.rawValue) == .data(operation))
        }
        for operation in TableOperation.allCases {
            #expect(OperationTarget("DynamoDB_20120810." + operation.rawValue) == .table(operation))
        }
        for operation in StreamsOperation.allCases {
            #expect(OperationTarget("DynamoDBStreams_20120810." + operation.rawValue) == .streams(operation))
        }
    }

    @Test(
        "everything else is unknown",
        arguments: [
            nil, "", "ListTables", "DynamoDB_20120810.", "DynamoDB_20120810.Fly", "DynamoDB_20111205.ListTables",
            "DynamoDB_20120810.ListStreams", "DynamoDBStreams_20120810.ListTables", "dynamodb_20120810.listtables",
            "a.b.c",
        ])
    func everythingElseIsUnknown(_ header: String?) {
        #expect(OperationTarget(header) == .unknown)
    }
}
