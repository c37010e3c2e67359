import ChangeStream
import Partition
import Replication
import Testing
import WireProtocol

@Suite("ListStreams and DescribeStream (streams.md 3)")
struct StreamsListingTests {
    private func invalid(_ text: String) -> WireError { .validation(oneViolation + text) }

    // MARK: - ListStreams

    @Test("a stream with its table and label")
    func oneStream() throws {
        let region = try StreamsRegion()
        let entry =
            #"{"StreamArn":"\#(StreamsRegion.tableARN)/stream/2023-11-14T22:13:20.123","#
            + #""StreamLabel":"2023-11-14T22:13:20.123","TableName":"Orders"}"#
        #expect(try region.send(.listStreams, "{}") == #"{"Streams":[\#(entry)]}"#)
        #expect(try region.send(.listStreams, #"{"TableName":"Orders"}"#) == #"{"Streams":[\#(entry)]}"#)
        #expect(try region.send(.listStreams, #"{"TableName":"Other"}"#) == #"{"Streams":[]}"#)
    }

    @Test("a table without stream is not listed")
    func noStream() throws {
        #expect(try StreamsRegion(nil).send(.listStreams, "{}") == #"{"Streams":[]}"#)
    }

    @Test("a full page names its last stream, and the next one begins behind it even if that stream is gone")
    func pages() throws {
        let region = try StreamsRegion()
        for name in ["Aaa", "Bbb", "Ccc"] { try region.addTable(name, .keysOnly) }
        func page(_ json: String) throws -> (names: [String], last: String?) {
            let answer = try region.object(.listStreams, json)
            let streams = try #require(answer["Streams"] as? [[String: String]])
            return (streams.compactMap { $0["TableName"] }, answer["LastEvaluatedStreamArn"] as? String)
        }
        let first = try page(#"{"Limit":2}"#)
        #expect(first.names == ["Aaa", "Bbb"])
        let last = try #require(first.last)
        #expect(last == region.table("Bbb").streamARN(region.table("Bbb").streams[0]))
        try region.perform(.changeCatalogue(.drop(region.table("Bbb").number)))
        let second = try page(#"{"Limit":2,"ExclusiveStartStreamArn":"\#(last)"}"#)
        #expect(second.names == ["Ccc", "Orders"])
        let end = try page(#"{"Limit":2,"ExclusiveStartStreamArn":"\#(try #require(second.last))"}"#)
        #expect(end.names == [] && end.last == nil)
        #expect(try page("{}").last == nil)
    }

    @Test("a disabled stream is listed for a day beside its successor")
    func disabledStreams() throws {
        let region = try StreamsRegion(.newImage)
        try region.disableStream()
        region.now += 1
        try region.enableStream(.keysOnly)
        func count() throws -> Int { try #require(try region.object(.listStreams, "{}")["Streams"] as? [Any]).count }
        #expect(try count() == 2)
        region.now += Stream.retentionMilliseconds - 1
        #expect(try count() == 2)
        region.now += 1
        #expect(try count() == 1)
    }

    @Test("what ListStreams refuses")
    func listRefusals() throws {
        let region = try StreamsRegion()
        func refusal(_ json: String) -> WireError? { region.refusal(.listStreams, json) }
        let low = "failed to satisfy constraint: Member must have value greater than or equal to 1"
        #expect(refusal(#"{"Limit":0}"#) == invalid("Value '0' at 'limit' \(low)"))
        #expect(refusal(#"{"Limit":-1}"#) == invalid("Value '-1' at 'limit' \(low)"))
        #expect(
            refusal(#"{"Limit":101}"#)
                == invalid(
                    "Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"
                ))
        #expect(
            refusal(#"{"TableName":"ab"}"#)
                == invalid(
                    "Value 'ab' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"
                ))
        #expect(
            refusal(#"{"ExclusiveStartStreamArn":"short"}"#)
                == invalid(
                    "Value 'short' at 'exclusiveStartStreamArn' failed to satisfy constraint: "
                        + "Member must have length greater than or equal to 37"))
        #expect(
            refusal(#"{"ExclusiveStartStreamArn":"\#(String(repeating: "x", count: 40))"}"#)
                == .validation("Invalid StreamArn"))
        #expect(
            refusal(#"{"Limit":"1"}"#) == WireError(.serialization, "STRING_VALUE cannot be converted to Integer"))
    }

    // MARK: - DescribeStream

    private func description(_ region: StreamsRegion, _ more: String = "") throws -> String {
        try region.send(.describeStream, #"{"StreamArn":"\#(region.streamARN)"\#(more)}"#)
    }

    private func describedShards(_ region: StreamsRegion, _ more: String = "") throws -> (ids: [String], last: String?)
    {
        let answer = try region.object(.describeStream, #"{"StreamArn":"\#(region.streamARN)"\#(more)}"#)
        let description = try #require(answer["StreamDescription"] as? [String: Any])
        let shards = try #require(description["Shards"] as? [[String: Any]])
        return (shards.compactMap { $0["ShardId"] as? String }, description["LastEvaluatedShardId"] as? String)
    }

    private func head(_ region: StreamsRegion, status: String) -> String {
        #"{"StreamDescription":{"StreamArn":"\#(region.streamARN)","StreamLabel":"2023-11-14T22:13:20.123","#
            + #""StreamStatus":"\#(status)","StreamViewType":"NEW_IMAGE","CreationRequestDateTime":1700000000.123,"#
            + #""TableName":"Orders","KeySchema":[{"AttributeName":"p","KeyType":"HASH"}],"#
    }

    @Test("an open shard has no end")
    func openShard() throws {
        let region = try StreamsRegion(.newImage)
        let shard = region.stream.shards[0].id
        #expect(shard.hasPrefix("shardId-00000001700000000123-"))
        #expect(
            try description(region)
                == head(region, status: "ENABLED")
                + #""Shards":[{"ShardId":"\#(shard)","SequenceNumberRange":{"StartingSequenceNumber":"100000000000000000001"}}]}}"#
        )
    }

    @Test("closed shards end with their last record, and name their parents")
    func rolledShards() throws {
        let region = try StreamsRegion(.newImage)
        for key in ["a", "b", "c"] { try region.put(key) }
        try region.wait(hours: 4)
        try region.put("d")
        try region.disableStream()
        let shards = region.stream.shards.map(\.id)
        #expect(shards.count == 2)
        let expected = #"""
            "Shards":[{"ShardId":"\#(shards[0])","SequenceNumberRange":\#
            {"StartingSequenceNumber":"100000000000000000001","EndingSequenceNumber":"100000000000000000003"}},\#
            {"ShardId":"\#(shards[1])","ParentShardId":"\#(shards[0])","SequenceNumberRange":\#
            {"StartingSequenceNumber":"100000000000000000004","EndingSequenceNumber":"100000000000000000004"}}]}}
            """#
        #expect(try description(region) == head(region, status: "DISABLED") + expected)
    }

    @Test("a shard that stayed empty ends where it starts")
    func emptyShard() throws {
        let region = try StreamsRegion(.newImage)
        try region.disableStream()
        #expect(
            try description(region).contains(
                #""StartingSequenceNumber":"100000000000000000001","EndingSequenceNumber":"100000000000000000001""#))
    }

    @Test("shards in pages, in the order of their ids")
    func shardPages() throws {
        let region = try StreamsRegion()
        try region.wait(hours: 12)
        let all = region.stream.shards.map(\.id)
        #expect(all.count == 4 && all == all.sorted())
        let first = try describedShards(region, #","Limit":3"#)
        #expect(first.ids == Array(all[..<3]) && first.last == all[2])
        let second = try describedShards(region, #","Limit":3,"ExclusiveStartShardId":"\#(all[2])""#)
        #expect(second.ids == [all[3]] && second.last == nil)
        let unknown = String(repeating: "z", count: 40)
        #expect(try describedShards(region, #","ExclusiveStartShardId":"\#(unknown)""#).ids == [])
    }

    @Test("the children of a shard")
    func children() throws {
        let region = try StreamsRegion()
        try region.wait(hours: 8)
        let all = region.stream.shards.map(\.id)
        for (parent, children) in [(0, [all[1]]), (1, [all[2]]), (2, [])] {
            let filter = #","ShardFilter":{"Type":"CHILD_SHARDS","ShardId":"\#(all[parent])"}"#
            #expect(try describedShards(region, filter).ids == children)
        }
    }

    @Test("a shard disappears when its last records are a day old")
    func oldShards() throws {
        let region = try StreamsRegion()
        try region.put("a")
        try region.wait(hours: 28)
        let all = region.stream.shards.map(\.id)
        #expect(all.count == 8)
        // The first one was closed when the second was opened, 24 hours ago.
        #expect(try describedShards(region).ids == all)
        region.now += 1
        #expect(try describedShards(region).ids == Array(all.dropFirst()))
    }

    @Test("what DescribeStream refuses")
    func describeRefusals() throws {
        let region = try StreamsRegion()
        let arn = region.streamARN
        func refusal(_ json: String) -> WireError? { region.refusal(.describeStream, json) }
        func missing(_ arn: String) -> WireError {
            WireError(.resourceNotFound, "Requested resource not found: Stream: \(arn) not found")
        }
        #expect(
            refusal("{}") == invalid("Value null at 'streamArn' failed to satisfy constraint: Member must not be null"))
        for other in [
            arn.replacing("Orders", with: "Others"), arn.replacing("2023", with: "2001"),
            arn.replacing("us-east-1", with: "eu-west-1"),
        ] {
            #expect(refusal(#"{"StreamArn":"\#(other)"}"#) == missing(other))
        }
        for malformed in [
            String(repeating: "x", count: 40), arn.replacing("dynamodb", with: "kinesis"), arn + "/more",
            StreamsRegion.tableARN,
        ] {
            #expect(refusal(#"{"StreamArn":"\#(malformed)"}"#) == .validation("Invalid StreamArn"))
        }
        #expect(
            refusal(#"{"StreamArn":"\#(arn)","Limit":101,"ExclusiveStartShardId":"short"}"#)
                == .validation(
                    "2 validation errors detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less "
                        + "than or equal to 100; Value 'short' at 'exclusiveStartShardId' failed to satisfy constraint: Member must "
                        + "have length greater than or equal to 28"))
        #expect(
            refusal(#"{"StreamArn":"\#(arn)","ShardFilter":{"Type":"PARENTS"}}"#)
                == .validation(
                    "2 validation errors detected: Value 'PARENTS' at 'shardFilter.type' failed to satisfy constraint: Member must "
                        + "satisfy enum value set: [CHILD_SHARDS]; Value null at 'shardFilter.shardId' failed to satisfy constraint: "
                        + "Member must not be null"))
        #expect(
            refusal(#"{"StreamArn":"\#(arn)","ShardFilter":{"ShardId":"\#(region.stream.shards[0].id)"}}"#)
                == invalid("Value null at 'shardFilter.type' failed to satisfy constraint: Member must not be null"))
    }
}
