import Testing

@testable import WireProtocol

/// Reference `data-plane.md` 8.
@Suite("Data plane: Scan")
struct DataPlaneScanTests {
    private let region: DataPlaneRegion

    init() throws {
        region = try DataPlaneRegion()
    }

    /// Puts items with n from 0 on into `hash`.
    private func fill(_ count: Int) throws {
        for number in 0..<count { try region.put("hash", #"{"p":{"S":"key-\#(number)"},"n":{"N":"\#(number)"}}"#) }
    }

    /// The n of all items, over all pages.
    private func numbers(_ rest: String, expectPages: Bool = true) throws -> [Int] {
        var numbers: [Int] = []
        var start = ""
        while true {
            let answer = try region.answer(.scan, #"{"TableName":"hash"\#(rest)\#(start)}"#)
            numbers += answer.matches(of: /\{"n":\{"N":"(\d+)"\}/).compactMap { Int($0.1) }
            guard let key = answer.firstMatch(of: /"LastEvaluatedKey":(\{.*\})\}$/) else { return numbers }
            start = #","ExclusiveStartKey":\#(key.1)"#
        }
    }

    @Test("pages and segments cover the table once", arguments: [1, 2, 3, 16, 1_000_000], [nil, 7])
    func segments(_ totalSegments: Int, _ limit: Int?) throws {
        try fill(100)
        let pages = limit.map { #","Limit":\#($0)"# } ?? ""
        var found: [Int] = []
        // Of a million segments those that hold something are found by their hash.
        let segments = totalSegments == 1_000_000 ? [0, 499_999, 999_999] : Array(0..<totalSegments)
        for segment in segments {
            found += try numbers(#","Segment":\#(segment),"TotalSegments":\#(totalSegments)\#(pages)"#)
        }
        #expect(Set(found).count == found.count)
        if totalSegments < 100 { #expect(found.sorted() == Array(0..<100)) }
        if totalSegments == 1 { #expect(try numbers(pages) == found) }
    }

    @Test("a start key of another segment")
    func foreignStart() throws {
        try fill(50)
        let own = Set(try numbers(#","Segment":0,"TotalSegments":2"#))
        let foreign = try #require((0..<50).first { !own.contains($0) })
        try region.expect(
            .scan,
            #"{"TableName":"hash","Segment":0,"TotalSegments":2,"ExclusiveStartKey":{"p":{"S":"key-\#(foreign)"}}}"#,
            fails: .validation,
            "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct "
                + "Segment. TotalSegments: 2 Segment: 0")
    }

    @Test("filters may name keys; Count and ScannedCount differ")
    func filter() throws {
        try fill(10)
        try region.expect(
            .scan,
            #"{"TableName":"hash","Select":"COUNT","FilterExpression":"p = :p OR n < :n","ExpressionAttributeValues":{":p":{"S":"key-9"},":n":{"N":"2"}}}"#,
            answers: #"{"Count":3,"ScannedCount":10}"#)
        try region.expect(
            .scan,
            #"{"TableName":"hash","ScanFilter":{"n":{"ComparisonOperator":"GT","AttributeValueList":[{"N":"8"}]}},"AttributesToGet":["n"]}"#,
            answers: #"{"Items":[{"n":{"N":"9"}}],"Count":1,"ScannedCount":10}"#)
    }

    @Test("indexes are scanned sparsely, with their projection")
    func index() throws {
        try region.put("indexed", #"{"p":{"S":"x"},"s":{"S":"1"},"g":{"S":"g"},"colour":{"S":"red"},"note":{"S":"n"}}"#)
        try region.put("indexed", #"{"p":{"S":"x"},"s":{"S":"2"},"l":{"N":"1"}}"#)
        try region.expect(
            .scan, #"{"TableName":"indexed","IndexName":"some"}"#,
            answers:
                #"{"Items":[{"colour":{"S":"red"},"g":{"S":"g"},"p":{"S":"x"},"s":{"S":"1"}}],"Count":1,"ScannedCount":1}"#
        )
        try region.expect(
            .scan, #"{"TableName":"indexed","IndexName":"local","ConsistentRead":true}"#,
            answers: #"{"Items":[{"l":{"N":"1"},"p":{"S":"x"},"s":{"S":"2"}}],"Count":1,"ScannedCount":1}"#)
    }

    private static let refusalCases: [(rest: String, message: String)] = [
        (
            #","Segment":0"#,
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
        ),
        (
            #","TotalSegments":2"#,
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
        ),
        (
            #","Segment":5,"TotalSegments":5"#,
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                + "Segment: 5 is not less than TotalSegments: 5"
        ),
        (
            #","Select":"SPECIFIC_ATTRIBUTES""#,
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        ),
        (#","Select":"ALL_PROJECTED_ATTRIBUTES""#, "ALL_PROJECTED_ATTRIBUTES can be used only when scanning an index"),
        (#","ConditionalOperator":"OR""#, "ConditionalOperator cannot be used without Filter or Expected"),
        (
            #","ScanFilter":{"n":{"ComparisonOperator":"BETWEEN","AttributeValueList":[{"N":"2"},{"N":"1"}]}}"#,
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        ),
        (
            #","ScanFilter":{},"FilterExpression":"a = b","AttributesToGet":["a"]"#,
            "Can not use both expression and non-expression parameters in the same request: "
                + "Non-expression parameters: {AttributesToGet, ScanFilter} Expression parameters: {FilterExpression}"
        ),
        (
            #","ExpressionAttributeValues":{":a":{"S":"x"}}"#,
            "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null"
        ),
        (
            #","ProjectionExpression":"a","ExpressionAttributeValues":{":a":{"S":"x"}}"#,
            "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null"
        ),
        (#","IndexName":"nope""#, "The table does not have the specified index: nope"),
    ]

    @Test("refusals", arguments: refusalCases)
    func refusal(_ scan: (rest: String, message: String)) throws {
        try region.expect(.scan, #"{"TableName":"hash"\#(scan.rest)}"#, fails: .validation, scan.message)
    }

    @Test("an unknown table comes before its indexes")
    func unknownTable() throws {
        try region.expect(
            .scan, #"{"TableName":"none","IndexName":"nope"}"#, fails: .resourceNotFound, "Requested resource not found"
        )
    }

    @Test("a page ends with the item that crosses 1 MB")
    func pageSize() throws {
        let padding = String(repeating: "x", count: 300_000)
        for number in 0..<5 {
            try region.put("sorted", #"{"p":{"S":"x"},"s":{"N":"\#(number)"},"a":{"S":"\#(padding)"}}"#)
        }
        let answer = try region.answer(.scan, #"{"TableName":"sorted","ProjectionExpression":"s"}"#)
        #expect(answer.contains(#""Count":4,"ScannedCount":4,"LastEvaluatedKey":{"p":{"S":"x"},"s":{"N":"3"}}"#))
    }
}
