import ChangeStream
import JSONBytes

/// How a CloudWatch request travels. AWS's model of the service lists three protocols, and SDKs choose the one that they like best: boto3 and
/// the AWS CLI of today JSON, many others CBOR, those of before 2025 the query protocol.
///
/// Inside there is JSON only: a request becomes JSON when it comes in, an answer something else when it leaves.
public struct CloudWatchWire: Sendable, Equatable {
    enum Format: Sendable {
        /// `X-Amz-Target` names the operation, bodies are JSON 1.0.
        case json
        /// Smithy's RPC v2: the path names the operation, bodies are CBOR.
        case cbor
        /// A form in, XML out.
        case query
    }

    /// Where requests in CBOR go, before the operation.
    static let cborPath = "/service/GraniteServiceVersion20100801/operation/"
    /// What distinguishes forms for CloudWatch from those for other services.
    static let queryVersion = "2010-08-01"

    let format: Format
    /// As the client names it.
    public let operation: String
    /// The request as JSON, or why it is none.
    let body: Result<[UInt8], CloudWatchError>

    /// Nil for requests of other services.
    ///
    /// - Parameters:
    ///   - target: the header `X-Amz-Target`.
    ///   - isForm: whether the body is `application/x-www-form-urlencoded`.
    public init?(
        uri: String, target: String?, isForm: @autoclosure () -> Bool, body: @autoclosure () -> [UInt8]
    ) {
        if let target {
            guard target.hasPrefix(CloudWatchOperation.targetPrefix) else { return nil }
            format = .json
            operation = String(target.dropFirst(CloudWatchOperation.targetPrefix.count))
            self.body = .success(body())
        } else if uri.hasPrefix(Self.cborPath) {
            format = .cbor
            operation = String(uri.dropFirst(Self.cborPath.count).prefix { $0 != "?" })
            self.body = Result { () throws(CloudWatchError) in try Self.json(ofCBOR: body()) }
        } else if isForm() {
            let fields = FormFields(body(), countMax: CloudWatchQuery.fieldsMax)
            guard fields["Version"] == Self.queryVersion, let action = fields["Action"] else { return nil }
            format = .query
            operation = action
            self.body = .success(CloudWatchQuery.json(of: fields))
        } else {
            return nil
        }
    }

    /// Whether the request may lead to a call of a function or an address.
    public var canAct: Bool {
        [CloudWatchOperation.putMetricAlarm, .setAlarmState, .enableAlarmActions].contains { $0.rawValue == operation }
    }

    private static func json(ofCBOR bytes: [UInt8]) throws(CloudWatchError) -> [UInt8] {
        if bytes.isEmpty { return [] }
        var writer = JSONWriter(reserving: bytes.count * 2)
        do throws(CBORError) {
            var reader = CBORReader(bytes)
            try reader.readValue(into: &writer)
            return writer.bytes
        } catch {
            throw CloudWatchError(.serialization, "The request is not CBOR: byte \(error.position)")
        }
    }

    // MARK: Answers

    public var contentType: String {
        switch format {
        case .json: "application/x-amz-json-1.0"
        case .cbor: "application/cbor"
        case .query: "text/xml"
        }
    }

    /// Header fields beside the content type.
    public func fields(of response: CloudWatchResponse) -> [(name: String, value: String)] {
        let protocolField = format == .cbor ? [(name: "smithy-protocol", value: "rpc-v2-cbor")] : []
        let error = response.queryError.map { (name: CloudWatchResponse.queryErrorField, value: $0) }
        return protocolField + (format == .query ? [] : [error].compactMap { $0 })
    }

    /// The body as the client wants it.
    public func encoded(_ response: CloudWatchResponse, requestID: String) -> [UInt8] {
        guard format != .json, let document = try? JSONDocument(parsing: response.body) else { return response.body }
        if format == .cbor {
            var writer = CBORWriter()
            writer.append(document, document.root, member: "")
            return writer.bytes
        }
        let xml =
            response.queryError.map { CloudWatchXML.error(document, code: $0, requestID: requestID) }
            ?? CloudWatchXML.answer(document, to: operation, requestID: requestID)
        return Array(xml.utf8)
    }
}

/// Members whose type JSON does not show.
enum CloudWatchTypes {
    /// Times, in JSON as seconds since 1970.
    static let times: Set<String> = [
        "Timestamp", "Timestamps", "StateUpdatedTimestamp", "StateTransitionedTimestamp",
        "AlarmConfigurationUpdatedTimestamp", "StartTime", "EndTime",
    ]
    static let integers: Set<String> = [
        "Period", "EvaluationPeriods", "DatapointsToAlarm", "MaxRecords", "MaxDatapoints", "StorageResolution",
    ]
    static let lists: Set<String> = [
        "AlarmNames", "AlarmTypes", "Dimensions", "MetricData", "MetricDataQueries", "Statistics",
        "ExtendedStatistics", "OKActions", "AlarmActions", "InsufficientDataActions", "Values", "Counts", "Metrics",
        "Tags",
    ]
}

/// Answers of the query protocol.
enum CloudWatchXML {
    private static let namespace = "http://monitoring.amazonaws.com/doc/2010-08-01/"

    static func answer(_ document: JSONDocument, to operation: String, requestID: String) -> String {
        let members = members(of: document.root, document)
        let result = members.isEmpty ? "" : "<\(operation)Result>\(members)</\(operation)Result>"
        return "<\(operation)Response xmlns=\"\(namespace)\">\(result)<ResponseMetadata><RequestId>\(requestID)"
            + "</RequestId></ResponseMetadata></\(operation)Response>\n"
    }

    /// - Parameter code: the code and who is to blame, with a semicolon between.
    static func error(_ document: JSONDocument, code: String, requestID: String) -> String {
        let parts = code.split(separator: ";")
        let message = document.member("message", of: document.root).map { document.string($0) } ?? ""
        return "<ErrorResponse xmlns=\"\(namespace)\"><Error><Type>\(parts.last ?? "Sender")</Type>"
            + "<Code>\(parts.first ?? "")</Code><Message>\(XMLText.escaped(message))</Message></Error>"
            + "<RequestId>\(requestID)</RequestId></ErrorResponse>\n"
    }

    private static func members(of node: JSONDocument.Node, _ document: JSONDocument) -> String {
        var text = ""
        document.forEachMember(of: node) { key, value in
            let name = document.string(key)
            text += "<\(name)>\(content(of: value, document, member: name))</\(name)>"
        }
        return text
    }

    private static func content(of node: JSONDocument.Node, _ document: JSONDocument, member: String) -> String {
        switch document.kind(node) {
        case .object: return members(of: node, document)
        case .array:
            var text = ""
            document.forEachElement(of: node) {
                text += "<member>\(content(of: $0, document, member: member))</member>"
            }
            return text
        case .string: return XMLText.escaped(document.string(node))
        case .number:
            let number = document.numberText(node)
            guard CloudWatchTypes.times.contains(member), let seconds = Double(number), seconds >= 0 else {
                return number
            }
            return StreamLabel.text(milliseconds: UInt64((seconds * 1000).rounded())) + "Z"
        case .booleanTrue: return "true"
        case .booleanFalse: return "false"
        case .null: return ""
        }
    }
}
