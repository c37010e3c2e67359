/// A DynamoDB request as bytes, with the place of a 12-digit number in it that varies from request to request.
struct APIRequest: Sendable {
    static let numberDigits = 12
    private static let marker = String(repeating: "#", count: numberDigits)

    private(set) var bytes: [UInt8]
    private let numberPosition: Int?

    /// - Parameter body: JSON; the first run of twelve `#` is where the number goes.
    init(_ operation: String, region: String, body: String) {
        let head =
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n"
            + "X-Amz-Target: DynamoDB_20120810.\(operation)\r\nX-Amz-Date: 20261121T000000Z\r\n"
            + "Authorization: AWS4-HMAC-SHA256 Credential=test/20261121/\(region)/dynamodb/aws4_request, "
            + "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
            + "Signature=0000000000000000000000000000000000000000000000000000000000000000\r\n"
            + "User-Agent: aws-sdk-benchmark\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
        let text = head + body
        bytes = Array(text.utf8)
        numberPosition = text.range(ofMarker: Self.marker)
    }

    mutating func setNumber(_ number: UInt64) {
        guard let numberPosition else { return }
        var rest = number
        for offset in stride(from: Self.numberDigits - 1, through: 0, by: -1) {
            bytes[numberPosition + offset] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
    }

    static func createTable(_ name: String, region: String, stream: Bool) -> APIRequest {
        let specification =
            stream ? #","StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}"# : ""
        return APIRequest(
            "CreateTable", region: region,
            body: #"{"TableName":"\#(name)","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"#
                + #""KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"BillingMode":"PAY_PER_REQUEST"\#(specification)}"#
        )
    }

    static func addReplica(_ name: String, region: String, target: String) -> APIRequest {
        APIRequest(
            "UpdateTable", region: region,
            body: #"{"TableName":"\#(name)","ReplicaUpdates":[{"Create":{"RegionName":"\#(target)"}}]}"#)
    }

    static func describeTable(_ name: String, region: String) -> APIRequest {
        APIRequest("DescribeTable", region: region, body: #"{"TableName":"\#(name)"}"#)
    }

    /// An item of about 400 bytes, as DynamoDB counts them.
    static func putItem(_ name: String, region: String) -> APIRequest {
        let text = String(repeating: "x", count: 260)
        return APIRequest(
            "PutItem", region: region,
            body: #"{"TableName":"\#(name)","Item":{"id":{"S":"user-\#(marker)"},"name":{"S":"Ada Lovelace"},"#
                + #""email":{"S":"ada.lovelace@example.com"},"age":{"N":"36"},"active":{"BOOL":true},"#
                + #""address":{"M":{"street":{"S":"St James's Square 12"},"city":{"S":"London"}}},"note":{"S":"\#(text)"}}}"#
        )
    }

    static func getItem(_ name: String, region: String) -> APIRequest {
        APIRequest(
            "GetItem", region: region,
            body: #"{"TableName":"\#(name)","Key":{"id":{"S":"user-\#(marker)"}},"ConsistentRead":true}"#)
    }
}

extension String {
    fileprivate func range(ofMarker marker: String) -> Int? {
        let text = Array(utf8)
        let wanted = Array(marker.utf8)
        guard text.count >= wanted.count else { return nil }
        return (0...(text.count - wanted.count)).first { text[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }
}
