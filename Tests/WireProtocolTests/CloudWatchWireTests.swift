import JSONBytes
import Testing

@testable import WireProtocol

/// The three ways in which CloudWatch requests travel.
struct CloudWatchWireTests {
    private static func json(ofCBOR bytes: [UInt8]) throws(CBORError) -> String {
        var writer = JSONWriter()
        var reader = CBORReader(bytes)
        try reader.readValue(into: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func cbor(ofJSON text: String) throws -> [UInt8] {
        let document = try JSONDocument(parsing: Array(text.utf8))
        var writer = CBORWriter()
        writer.append(document, document.root, member: "")
        return writer.bytes
    }

    @Test(
        "CBOR becomes JSON (RFC 8949, appendix A)",
        arguments: [
            ([0x00], "0"), ([0x17], "23"), ([0x18, 0x64], "100"), ([0x19, 0x03, 0xE8], "1000"),
            ([0x1A, 0x00, 0x0F, 0x42, 0x40], "1000000"), ([0x20], "-1"), ([0x39, 0x03, 0xE7], "-1000"),
            ([0xF9, 0x3C, 0x00], "1"), ([0xF9, 0x3E, 0x00], "1.5"), ([0xF9, 0xC4, 0x00], "-4"),
            ([0xFA, 0x47, 0xC3, 0x50, 0x00], "100000"),
            ([0xFB, 0x3F, 0xF1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A], "1.1"), ([0xF4], "false"), ([0xF5], "true"),
            ([0xF6], "null"), ([0xC1, 0x1A, 0x51, 0x4B, 0x67, 0xB0], "1363896240"), ([0x61, 0x61], "\"a\""),
            ([0x62, 0xC3, 0xBC], "\"ü\""), ([0x80], "[]"), ([0x83, 0x01, 0x02, 0x03], "[1,2,3]"),
            ([0xA1, 0x61, 0x61, 0x01], "{\"a\":1}"), ([0x9F, 0x01, 0x82, 0x02, 0x03, 0xFF], "[1,[2,3]]"),
            ([0xBF, 0x61, 0x61, 0x01, 0xFF], "{\"a\":1}"), ([0x7F, 0x61, 0x61, 0x61, 0x62, 0xFF], "\"ab\""),
        ] as [([UInt8], String)])
    func reading(bytes: [UInt8], expected: String) throws {
        #expect(try Self.json(ofCBOR: bytes) == expected)
    }

    @Test(
        "what is not CBOR is an error, whatever it claims of its length",
        arguments: [
            [], [0x18], [0x61], [0x62, 0x61], [0x9F, 0x01], [0xA1, 0x01, 0x02], [0x00, 0x00], [0x41, 0x00], [0x1C],
            [0x7B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x61, 0xFF], [0xFF],
            Array(repeating: 0x81, count: 5000),
        ] as [[UInt8]])
    func garbage(bytes: [UInt8]) {
        #expect(throws: CBORError.self) { try Self.json(ofCBOR: bytes) }
    }

    @Test("an answer becomes CBOR: whole numbers by name, times with a tag, everything else 64-bit floats")
    func writing() throws {
        #expect(
            try Self.cbor(ofJSON: #"{"Period":60,"Sum":1,"Timestamp":1.5,"L":["x",true,null]}"#)
                == [0xA4] + [0x66] + Array("Period".utf8) + [0x18, 60]
                + [0x63] + Array("Sum".utf8) + [0xFB, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]
                + [0x69] + Array("Timestamp".utf8) + [0xC1, 0xFB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0]
                + [0x61] + Array("L".utf8) + [0x83, 0x61, 0x78, 0xF5, 0xF6])
        let text = #"{"a":{"b":[-2.5,"\u00fc",{}]},"c":false}"#
        #expect(try Self.json(ofCBOR: try Self.cbor(ofJSON: text)) == #"{"a":{"b":[-2.5,"ü",{}]},"c":false}"#)
    }

    @Test("a form becomes JSON: lists by their numbers, numbers and times by their names") func forms() {
        let form =
            "Action=PutMetricData&Version=2010-08-01&Namespace=a%2Fb+c&MetricData.member.2.MetricName=n"
            + "&MetricData.member.1.Value=3&MetricData.member.1.Dimensions.member.1.Name=d"
            + "&MetricData.member.1.Timestamp=2026-11-29T07%3A12%3A30.5Z&Period=60&AlarmNames=&X=60"
        let fields = FormFields(Array(form.utf8), countMax: 100)
        #expect(
            String(decoding: CloudWatchQuery.json(of: fields), as: UTF8.self)
                == #"{"AlarmNames":[],"MetricData":[{"Dimensions":[{"Name":"d"}],"Timestamp":1795936350.5,"Value":"3"},"#
                + #"{"MetricName":"n"}],"Namespace":"a/b c","Period":60,"X":"60"}"#)
    }

    @Test(
        "times",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-29T07:12:30Z", 1_795_936_350_000),
            ("2026-11-29T07:12:30.1239+00:00", 1_795_936_350_123), ("2026-11-29T08:12:30+01:00", 1_795_936_350_000),
            ("2000-02-29T00:00:00", 951_782_400_000), ("1969-12-31T23:59:59Z", nil), ("2026-13-01T00:00:00Z", nil),
            ("2026-11-29", nil), ("2026-11-29T07:12:30Zx", nil), ("", nil), ("now", nil),
        ] as [(String, UInt64?)])
    func times(text: String, expected: UInt64?) {
        #expect(TimeText.milliseconds(text) == expected)
    }

    @Test("what belongs to other services is left to them") func otherServices() {
        let sts = Array("Action=GetCallerIdentity&Version=2011-06-15".utf8)
        #expect(CloudWatchWire(uri: "/", target: nil, isForm: true, body: sts) == nil)
        #expect(CloudWatchWire(uri: "/", target: "DynamoDB_20120810.GetItem", isForm: false, body: []) == nil)
        #expect(CloudWatchWire(uri: "/service/Other/operation/X", target: nil, isForm: false, body: []) == nil)
    }

    @Test("answers and errors as XML") func xml() throws {
        let wire = try #require(
            CloudWatchWire(
                uri: "/", target: nil, isForm: true, body: Array("Action=Get&Version=2010-08-01".utf8)))
        let answer = CloudWatchResponse(body: Array(#"{"Label":"<a&b>","Points":[{"Timestamp":0.5,"Sum":2}]}"#.utf8))
        #expect(
            String(decoding: wire.encoded(answer, requestID: "R"), as: UTF8.self)
                == #"<GetResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><GetResult>"#
                + "<Label>&lt;a&amp;b&gt;</Label><Points><member><Timestamp>1970-01-01T00:00:00.500Z</Timestamp>"
                + "<Sum>2</Sum></member></Points></GetResult><ResponseMetadata><RequestId>R</RequestId>"
                + "</ResponseMetadata></GetResponse>\n")
        let error = CloudWatchError(.missingParameter, "no <x>")
        #expect(
            String(decoding: wire.encoded(error.response, requestID: "R"), as: UTF8.self)
                == #"<ErrorResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><Error><Type>Sender</Type>"#
                + "<Code>MissingParameter</Code><Message>no &lt;x&gt;</Message></Error><RequestId>R</RequestId>"
                + "</ErrorResponse>\n")
    }
}
