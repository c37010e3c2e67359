import AttributeModel
import Bytes
import ChangeStream
import EventPattern
import EventSource
import Expressions
import HandlerFolders
import HandlerKit
import JSONBytes
import Partition
import Replication
import WireProtocol

/// Everything that reads bytes from outside, or back from the disk: one entry for each, which may refuse its input and must not trap on it.
/// What is accepted must also read back as it was written.
///
/// `Tests/Fuzzing/README.md` tells how they are run. The raw values are the names of the corpus' folders.
public enum FuzzTarget: String, CaseIterable, Sendable {
    case json
    case item
    case storedItem = "stored-item"
    case changeRecord = "change-record"
    case keys
    case positions
    case condition
    case update
    case keyCondition = "key-condition"
    case projection
    case filterPattern = "filter-pattern"
    case filterMatch = "filter-match"
    case authorization
    case operation
    case lambdaRequest = "lambda-request"
    case cloudWatch = "cloudwatch"
    case faultInjection = "fault-injection"
    case changeMessage = "change-message"
    case handlerFile = "handler-file"
    case recording

    public func run(_ bytes: [UInt8]) {
        switch self {
        case .json: Self.json(bytes)
        case .item: Self.item(bytes)
        case .storedItem, .changeRecord, .keys, .positions: runDecoder(bytes)
        case .condition, .update, .keyCondition, .projection: runExpression(bytes)
        case .filterPattern: Self.filterPattern(bytes)
        case .filterMatch: Self.filterMatch(bytes)
        case .authorization: Self.authorization(bytes)
        case .operation: FuzzedRequests.operation(bytes)
        case .lambdaRequest: FuzzedRequests.lambda(bytes)
        case .cloudWatch: FuzzedRequests.cloudWatch(bytes)
        case .faultInjection: FuzzedRequests.faultInjection(bytes)
        case .changeMessage: FuzzedMessages.change(bytes)
        case .handlerFile: _ = try? HandlerFile.parse(String(decoding: bytes, as: UTF8.self), directory: "fuzzed")
        case .recording: _ = try? Recording(parsing: bytes, file: "fuzzed")
        }
    }

    // MARK: JSON and items

    private static func json(_ bytes: [UInt8]) {
        guard let document = try? JSONDocument(parsing: bytes) else { return }
        var nodes = [document.root]
        while let node = nodes.popLast() {
            switch document.kind(node) {
            case .object:
                document.forEachMember(of: node) { key, value in
                    _ = document.string(key)
                    nodes.append(value)
                }
            case .array: document.forEachElement(of: node) { nodes.append($0) }
            case .string: _ = document.text(node)
            case .number, .booleanTrue, .booleanFalse, .null: document.withRawBytes(of: node) { _ in }
            }
        }
    }

    private static func item(_ bytes: [UInt8]) {
        guard let document = try? JSONDocument(parsing: bytes), let item = try? Item(document, document.root) else {
            return
        }
        checkRoundTrip(item)
    }

    static func checkRoundTrip(_ item: Item) {
        precondition(Item(item.attributes) == item, "an item is its attributes")
        _ = item.size
        var writer = JSONWriter()
        item.appendJSON(to: &writer)
        let again = try? JSONDocument(parsing: writer.bytes)
        precondition(again.flatMap { try? Item($0, $0.root) } == item, "an item reads back from its JSON")
    }

    // MARK: What comes back from the disk

    private func runDecoder(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            switch self {
            case .storedItem:
                guard let stored = try? StoredItem(decoding: buffer) else { return }
                if let item = stored.item, (try? Item(checking: item.bytes)) != nil { Self.checkRoundTrip(item) }
            case .changeRecord:
                _ = try? ChangeRecord.isMade(in: RegionName(stored: "us-east-1"), buffer)
                guard let record = try? ChangeRecord(sequence: 1, decoding: buffer) else { return }
                let images = [record.newImage, record.oldImage].compactMap { $0 }
                for image in images where (try? Item(checking: image.bytes)) != nil { Self.checkRoundTrip(image) }
            case .keys:
                let schema = KeySchema(
                    partitionKeys: [KeyAttribute(name: "p", type: .string)],
                    sortKeys: [KeyAttribute(name: "s", type: .number)])
                _ = try? EncodedKey(decoding: bytes, schema: schema)
                var reader = ByteReader(buffer)
                guard let content = try? KeyCodec.read(from: &reader) else { return }
                var key: [UInt8] = []
                KeyCodec.append(content, to: &key)
                precondition(bytes.starts(with: key), "a key component has one form")
            case .positions:
                var reader = ByteReader(buffer)
                if let positions = try? EventSourcePositions(decoding: &reader) { _ = positions.spread(over: 3) }
                reader = ByteReader(buffer)
                _ = try? LinkCursor(decoding: &reader)
                reader = ByteReader(buffer)
                _ = try? ChangeRecord.Transaction.readShares(&reader)
            default: break
            }
        }
    }

    // MARK: Expressions and patterns

    private static let sample = Item([
        "a": .number(DecimalNumber(5)), "b": .string("text"), "c": .map(["d": .list([.boolean(true), .null])]),
        "e": .stringSet(["x", "y"]),
    ])

    private static func placeholders() -> ExpressionPlaceholders? {
        try? ExpressionPlaceholders(
            names: [("#a", "a"), ("#n", "name")],
            values: [
                (":n", .number(DecimalNumber(3))), (":s", .string("s")), (":l", .list([])), (":e", .stringSet(["x"])),
            ])
    }

    private func runExpression(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard var placeholders = Self.placeholders() else { return }
        switch self {
        case .condition:
            let condition = try? ConditionExpression(text, purpose: .condition, placeholders: &placeholders)
            _ = condition?.isSatisfied(by: Self.sample)
        case .update:
            guard let update = try? UpdateExpression(text, placeholders: &placeholders) else { return }
            for old in [Self.sample, nil] {
                if let updated = try? update.apply(to: old, key: Item(["k": .string("k")])) {
                    Self.checkRoundTrip(updated)
                }
            }
        case .keyCondition:
            let schema = KeySchema(
                partitionKeys: [KeyAttribute(name: "a", type: .number)],
                sortKeys: [KeyAttribute(name: "b", type: .string)])
            let condition = try? KeyConditionExpression(text, placeholders: &placeholders)
            _ = try? condition?.resolve(against: schema)
        case .projection:
            let projection = try? ProjectionExpression(text, placeholders: &placeholders)
            if let projected = projection?.project(Self.sample) { Self.checkRoundTrip(projected) }
        default: break
        }
    }

    private static let event = Array(
        #"""
        {"eventName":"INSERT","dynamodb":{"Keys":{"id":{"S":"a-1"}},"NewImage":{"id":{"S":"a-1"},"n":{"N":"12.5"},"ip":{"S":"10.0.0.7"},
        "tags":{"L":[{"S":"x"},{"S":"y"}]}}},"tributary":{"replicated":false}}
        """#.utf8)

    private static func filterPattern(_ bytes: [UInt8]) {
        guard let pattern = try? FilterPattern(parsing: bytes) else { return }
        _ = FilterLint.warnings(for: pattern)
        var matcher = PatternMatcher(PatternSet(pattern))
        precondition((try? matcher.match(json: event)) != nil, "the event is one")
    }

    /// A pattern and an event, with a line end between them.
    private static func filterMatch(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let pattern = try? FilterPattern(parsing: Array(parts[0])) else { return }
        var matcher = PatternMatcher(PatternSet(pattern))
        try? matcher.match(json: Array(parts[1]))
    }

    // MARK: Headers

    /// Authorization, X-Amz-Date and the URI, a line each.
    private static func authorization(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        let authentication = Authentication(regions: ["us-east-1", "eu-west-1"], services: ["dynamodb", "sts"])
        let request = Authentication.Request(
            authorization: lines[0], amzDate: lines.count > 1 ? lines[1] : nil, date: nil,
            uri: lines.count > 2 ? lines[2] : "/")
        do throws(AuthenticationError) {
            _ = try authentication.credentialScope(of: request)
        } catch {
            _ = "\(error)"
        }
    }
}
