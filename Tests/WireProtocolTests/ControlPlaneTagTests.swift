import JSONBytes
import Partition
import Testing
import WireProtocol

import struct Partition.Tag

private func tag(_ tags: String, _ arn: String = TableFixture.arn) -> String {
    #"{"ResourceArn":"\#(arn)","Tags":\#(tags)}"#
}

private func untag(_ keys: String, _ arn: String = TableFixture.arn) -> String {
    #"{"ResourceArn":"\#(arn)","TagKeys":\#(keys)}"#
}

@Suite struct ControlPlaneTagTests {
    static let one = #"[{"Key":"a","Value":"1"}]"#

    static let faults: [RefusedTableRequest] = [
        RefusedTableRequest("no tags", tag("[]"), "Atleast one Tag needs to be provided as Input."),
        RefusedTableRequest(
            "tags missing", #"{"ResourceArn":"\#(TableFixture.arn)"}"#, "Atleast one Tag needs to be provided as Input."
        ),
        RefusedTableRequest(
            "prefix of AWS", tag(#"[{"Key":"aws:x","Value":"1"}]"#), "Tag Key cannot be prefixed with aws:, Key: aws:x"),
        RefusedTableRequest(
            "character", tag(#"[{"Key":"a?b","Value":"1"}]"#), "The Tag Key provided is invalid, Key: a?b"),
        RefusedTableRequest("empty key", tag(#"[{"Key":"","Value":"1"}]"#), "The Tag Key provided is invalid, Key: "),
        RefusedTableRequest("no key", tag(#"[{"Value":"1"}]"#), "The Tag Key provided is invalid, Key: null"),
        RefusedTableRequest(
            "key of 129", tag(#"[{"Key":"\#(String(repeating: "k", count: 129))","Value":"1"}]"#),
            "The Tag Key provided is invalid, Key: \(String(repeating: "k", count: 129))"),
        RefusedTableRequest("no value", tag(#"[{"Key":"a"}]"#), "The Tag Value provided is invalid, Value: null"),
        RefusedTableRequest(
            "value of 257", tag(#"[{"Key":"a","Value":"\#(String(repeating: "v", count: 257))"}]"#),
            "The Tag Value provided is invalid, Value: \(String(repeating: "v", count: 257))"),
        RefusedTableRequest(
            "one key twice", tag(#"[{"Key":"a","Value":"1"},{"Key":"a","Value":"2"}]"#),
            "Duplicate Tag Keys provided as input: Duplicate Tag Key found a"),
        RefusedTableRequest(
            "51", tag(jsonArray((1...51).map { #"{"Key":"k\#($0)","Value":""}"# })),
            "Number of Tags exceed the current limit for the provided ResourceArn"),
        RefusedTableRequest(
            "no ARN", #"{"Tags":\#(one)}"#,
            oneViolation + "Value null at 'resourceArn' failed to satisfy constraint: Member must not be null"),
        RefusedTableRequest(
            "something else than an ARN", tag(one, "not-an-arn"),
            invalidParameters + "ARNs must start with 'arn:': not-an-arn"),
        RefusedTableRequest(
            "another service", tag(one, "arn:aws:s3:us-east-1:000000000000:bucket"),
            invalidParameters + "Provided Arn is not a DynamoDB resource arn: arn:aws:s3:us-east-1:000000000000:bucket"),
        RefusedTableRequest(
            "index", tag(one, TableFixture.arn + "/index/global"),
            invalidParameters
                + "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: "
                + TableFixture.arn + "/index/global"),
        RefusedTableRequest(
            "another region", tag(one, "arn:aws:dynamodb:eu-west-1:000000000000:table/Orders"),
            "Invalid TableArn: Invalid ResourceArn provided as input arn:aws:dynamodb:eu-west-1:000000000000:table/Orders"
        ),
        RefusedTableRequest(
            "another account", tag(one, "arn:aws:dynamodb:us-east-1:123456789012:table/Orders"), .accessDenied,
            "User: arn:aws:iam::000000000000:root is not authorized to perform: dynamodb:TagResource on resource: "
                + "arn:aws:dynamodb:us-east-1:123456789012:table/Orders because no resource-based policy allows the "
                + "dynamodb:TagResource action"),
        RefusedTableRequest(
            "unknown table", tag(one, TableFixture.arn + "x"), .resourceNotFound,
            "Requested resource not found: ResourcArn: \(TableFixture.arn)x not found"),
    ]

    @Test("what is wrong with tags", arguments: faults)
    func whatIsWrongWithTags(_ refusal: RefusedTableRequest) {
        #expect(TableOperation.tagResource.refusal(refusal.request, [TableFixture.table()]) == refusal.error)
    }

    @Test("what is wrong with keys to be removed")
    func whatIsWrongWithKeysToBeRemoved() {
        func refusal(_ json: String) -> WireError? {
            TableOperation.untagResource.refusal(json, [TableFixture.table()])
        }
        #expect(refusal(untag("[]")) == .validation("Atleast one Tag Key needs to be provided as Input."))
        #expect(refusal(untag(#"["a?b"]"#)) == .validation("The Tag Key provided is invalid, Key: a?b"))
        #expect(
            refusal(untag(#"["a"]"#, TableFixture.arn + "x"))
                == WireError(
                    .resourceNotFound, "Requested resource not found: ResourcArn: \(TableFixture.arn)x not found"))
    }

    @Test(
        "a table has no tags before it is there",
        arguments: [TableOperation.tagResource, .untagResource, .listTagsOfResource])
    func aTableHasNoTagsBeforeItIsThere(_ operation: TableOperation) {
        let json = jsonObject(["ResourceArn": "\"\(TableFixture.arn)\"", "Tags": Self.one, "TagKeys": #"["a"]"#])
        #expect(
            operation.refusal(json, [TableFixture.table(status: .creating)])
                == WireError(
                    .resourceNotFound, "Requested resource not found: ResourcArn: \(TableFixture.arn) not found"))
        let deleting = WireError(
            .resourceInUse, "Attempt to change a resource which is still in use: Table is being deleted: Orders")
        #expect(
            operation.refusal(json, [TableFixture.table(status: .deleting)])
                == (operation == .listTagsOfResource ? nil : deleting))
    }

    /// The tags after a request.
    private func tags(_ operation: TableOperation, _ json: String, on table: TableDefinition) throws -> [Tag] {
        guard case .edit(let edit) = try operation.run(json, [table]) else { return [] }
        #expect(!edit.isGroupWide)
        var changed = table
        edit.apply(to: &changed)
        return changed.tags
    }

    @Test("tags are added, replaced and removed")
    func tagsAreAddedReplacedAndRemoved() throws {
        let table = TableFixture.table { $0.tags = [Tag(key: "a", value: "1"), Tag(key: "b", value: "2")] }
        #expect(
            try tags(.tagResource, tag(#"[{"Key":"b","Value":"3"},{"Key":"c","Value":""}]"#), on: table)
                == [Tag(key: "a", value: "1"), Tag(key: "b", value: "3"), Tag(key: "c", value: "")])
        #expect(
            try tags(.untagResource, untag(#"["a","unknown"]"#), on: table) == [Tag(key: "b", value: "2")])
    }

    @Test("keys are compared byte by byte")
    func keysAreComparedByteByByte() throws {
        // Swift takes these spellings of "Å" for one and the same.
        let table = TableFixture.table { $0.tags = [Tag(key: "\u{C5}", value: "1")] }
        #expect(try tags(.tagResource, tag("[{\"Key\":\"\u{212B}\",\"Value\":\"2\"}]"), on: table).count == 2)
        #expect(try tags(.untagResource, untag("[\"\u{212B}\"]"), on: table).count == 1)
        #expect(
            TableOperation.tagResource.refusal(
                tag("[{\"Key\":\"\u{212B}\",\"Value\":\"2\"},{\"Key\":\"\u{C5}\",\"Value\":\"2\"}]"), [table]) == nil)
    }

    @Test("keys and values at their limits")
    func keysAndValuesAtTheirLimits() throws {
        let key = String(repeating: "k", count: 128)
        let value = String(repeating: "v", count: 256)
        #expect(
            try tags(
                .tagResource, tag(#"[{"Key":"\#(key)","Value":"\#(value)"},{"Key":"a b+-=._:/9é漢","Value":""}]"#),
                on: TableFixture.table()) == [Tag(key: key, value: value), Tag(key: "a b+-=._:/9é漢", value: "")])
    }

    @Test("at most fifty tags on a table")
    func atMostFiftyTagsOnATable() throws {
        let full = TableFixture.table { $0.tags = (1...50).map { Tag(key: "k\($0)", value: "") } }
        #expect(
            TableOperation.tagResource.refusal(tag(Self.one), [full])
                == .validation("Number of Tags exceed the current limit for the provided ResourceArn"))
        #expect(try tags(.tagResource, tag(#"[{"Key":"k7","Value":"new"}]"#), on: full).count == 50)
    }

    @Test("tags are listed")
    func tagsAreListed() throws {
        let json = #"{"ResourceArn":"\#(TableFixture.arn)"}"#
        #expect(try tableAnswer(.listTagsOfResource, json, [TableFixture.table()]) == #"{"Tags":[]}"#)
        let table = TableFixture.table { $0.tags = [Tag(key: "a", value: "1"), Tag(key: "b", value: "")] }
        #expect(
            try tableAnswer(.listTagsOfResource, json, [table])
                == #"{"Tags":[{"Key":"a","Value":"1"},{"Key":"b","Value":""}]}"#)
    }

    @Test("operations without output have an empty body")
    func operationsWithoutOutputHaveAnEmptyBody() throws {
        let context = TableFixture.context([TableFixture.table()])
        let tagging = try TableOperation.tagResource.decode(
            try JSONDocument(parsing: Array(tag(Self.one).utf8)), context: context)
        let untagging = try TableOperation.untagResource.decode(
            try JSONDocument(parsing: Array(untag(#"["a"]"#).utf8)), context: context)
        guard case .tag(let added) = tagging, case .untag(let removed) = untagging else {
            Issue.record("not what was asked for")
            return
        }
        #expect(added.response == WireResponse(status: 200, body: []))
        #expect(removed.response == WireResponse(status: 200, body: []))
    }
}
