import AttributeModel
import Bytes
import ChangeStream
import EventPattern
import Foundation
import JSONBytes
import Replication
import TestSupport

/// Random change records of a table with the keys `pk` (S) and `sk` (N), and the streams that show them.
struct RecordGenerator {
    static let schema = KeySchema(
        partitionKeys: [KeyAttribute(name: "pk", type: .string)], sortKeys: [KeyAttribute(name: "sk", type: .number)])
    static let region = RegionName(stored: "us-east-1")

    var random: SeededRandom
    private let names = ["a", "b", "b.c", "é", "S", "M", "status"]
    private let texts = ["", "x", "PAID", "with \\\"quote\\\"", "Zürich", "10.0.0.1", "a longer text than eight bytes"]
    private let numbers = ["0", "1", "-0.5", "300", "1E-10", "99999999999999999999", "123.450", "7E20"]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    mutating func context() -> RecordContext {
        RecordContext(
            region: Self.region, tableID: "table-1", keySchema: Self.schema,
            viewType: random.pick(StreamViewType.allCases),
            eventSourceARN: random.below(2) == 0 ? nil : "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/1")
    }

    mutating func record() throws -> ChangeRecord {
        let (old, new) = (try item(), try item())
        let change: ChangeRecord.Change = random.pick([.insert(new), .modify(old: old, new: new), .remove(old)])
        let origin = random.pick([
            Self.region, RegionName(stored: "eu-west-1"), RegionName(stored: "a-region-with-a-long-name-1"),
        ])
        return ChangeRecord(
            sequence: UInt64(1 + random.below(1_000_000)),
            version: Version(timestamp: HybridTimestamp(milliseconds: 1_700_000_000_000), region: origin),
            baseVersion: nil, commitMilliseconds: 1_700_000_000_000 + UInt64(random.below(5000)),
            cause: random.pick([.user, .ttl, .restore]),
            transaction: random.below(3) > 0
                ? nil : .init(id: random.pick(["tx-1", "a-longer-transaction-id"]), index: 0, size: 2),
            change: change)
    }

    private mutating func item() throws -> Item {
        let attributes = names.filter { _ in random.below(2) == 0 }.map { "\"\($0)\":\(value(depth: 2))" }
        let keys = ["\"pk\":{\"S\":\"p\(random.below(3))\"}", "\"sk\":{\"N\":\"\(random.below(3))\"}"]
        let document = try JSONDocument(parsing: Array("{\((keys + attributes).joined(separator: ","))}".utf8))
        return try Item(document, document.root)
    }

    private mutating func value(depth: Int) -> String {
        switch random.below(depth > 0 ? 11 : 8) {
        case 0, 1: return "{\"S\":\"\(random.pick(texts))\"}"
        case 2: return "{\"N\":\"\(random.pick(numbers))\"}"
        case 3: return "{\"B\":\"\(binary())\"}"
        case 4: return "{\"BOOL\":\(random.pick(["true", "false"]))}"
        case 5: return "{\"NULL\":true}"
        case 6: return "{\"SS\":[\"x\",\"PAID\",\"é\"]}"
        case 7: return random.pick(["{\"NS\":[\"1\",\"-0.5\",\"300\"]}", "{\"BS\":[\"AQI=\",\"/w==\"]}"])
        case 8:
            return "{\"L\":[\((0..<random.below(4)).map { _ in value(depth: depth - 1) }.joined(separator: ","))]}"
        default:
            let members = names.filter { _ in random.below(3) == 0 }.map { "\"\($0)\":\(value(depth: depth - 1))" }
            return "{\"M\":{\(members.joined(separator: ","))}}"
        }
    }

    private mutating func binary() -> String {
        Data(random.bytes(countMax: 5)).base64EncodedString()
    }

    // MARK: patterns

    /// A pattern that asks for one to three of the event's leaves, most of them as they are.
    mutating func pattern(for event: Tree) -> String {
        let leaves = event.leaves
        let members = (0..<(1 + random.below(3))).map { _ -> String in
            let leaf = random.pick(leaves)
            let path = random.below(6) == 0 ? leaf.path + random.pick([".S", "x"]) : leaf.path
            return "\(path.quoted):[\(matcher(for: leaf.value))]"
        }
        return "{\(members.joined(separator: ","))}"
    }

    private mutating func matcher(for leaf: Tree) -> String {
        switch (leaf, random.below(10)) {
        case (_, 0): return "{\"exists\":\(random.pick(["true", "false"]))}"
        case (_, 1): return "{\"anything-but\":\(random.pick(["\"x\"", "1", "{\"prefix\":\"1\"}"]))}"
        case (.string(let text), let choice):
            switch choice {
            case 2: return "{\"prefix\":\(String(text.prefix(2)).quoted)}"
            case 3: return "{\"suffix\":\(String(text.suffix(2)).quoted)}"
            case 4: return "{\"equals-ignore-case\":\(text.uppercased().quoted)}"
            case 5: return random.pick(["\"x\"", "\"1\"", "1"])
            default: return text.quoted
            }
        case (.number(let text), let choice):
            return choice < 5 ? "{\"numeric\":[\"\(random.pick(["<", ">=", "="]))\",\(text)]}" : text
        case (.boolean(let flag), let choice): return "\(choice == 2 ? !flag : flag)"
        default: return "null"
        }
    }
}

extension Tree {
    /// The leaves with their paths, without array places.
    var leaves: [(path: String, value: Tree)] { leaves(below: "") }

    private func leaves(below path: String) -> [(path: String, value: Tree)] {
        switch self {
        case .object(let members):
            members.flatMap { $0.value.leaves(below: path.isEmpty ? $0.name : path + "." + $0.name) }
        case .array(let elements): elements.flatMap { $0.leaves(below: path) }
        default: [(path: path, value: self)]
        }
    }
}

extension String {
    /// As a JSON string.
    var quoted: String {
        var writer = JSONWriter()
        writer.string(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
