import AttributeModel
import Bytes
import JSONBytes
import TestSupport

/// Items and values from and to JSON texts, for tests.
extension Item {
    init(json: String) throws {
        let document = try JSONDocument(parsing: Array(json.utf8))
        try self.init(document, document.root)
    }

    var json: String {
        var writer = JSONWriter()
        appendJSON(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension AttributeValue {
    init(json: String) throws {
        let document = try JSONDocument(parsing: Array(json.utf8))
        try self.init(document, document.root)
    }

    var json: String {
        var writer = JSONWriter()
        appendJSON(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// Random values, written as JSON with whatever order and spelling a client may choose.
struct RandomItem {
    private static let names = [
        "", "a", "A", "b", "aa", "attribute", "attribute1", "attribute2", "é", "\"", "\\", "\u{0}", "😀", "Z",
    ]

    static func attributes(_ random: inout SeededRandom, depth: Int = 0) -> AttributeMap {
        var map = AttributeMap()
        for _ in 0..<random.below(depth == 0 ? 12 : 4) {
            map[Text(random.pick(names) + random.pick(["", "x", "yy"]) + "n")] = value(&random, depth: depth + 1)
        }
        return map
    }

    static func value(_ random: inout SeededRandom, depth: Int = 1) -> AttributeValue {
        switch random.below(depth < 4 ? 10 : 8) {
        case 0: return .string(text(&random))
        case 1: return .number(number(&random))
        case 2: return .binary(random.bytes(countMax: 9))
        case 3: return .boolean(random.below(2) == 0)
        case 4: return .null
        case 5: return .stringSet(Set((0...random.below(3)).map { _ in text(&random) }).sorted())
        case 6: return .numberSet(Set((0...random.below(3)).map { _ in number(&random) }).sorted())
        case 7:
            return .binarySet(
                Set((0...random.below(3)).map { _ in random.bytes(countMax: 3) }).sorted { $0.precedes($1) })
        case 8: return .list((0..<random.below(4)).map { _ in value(&random, depth: depth + 1) })
        default: return .map(attributes(&random, depth: depth))
        }
    }

    private static func number(_ random: inout SeededRandom) -> DecimalNumber {
        (try? DecimalNumber(NaiveDecimal.random(&random).plainText)) ?? .zero
    }

    private static func text(_ random: inout SeededRandom) -> Text {
        let pieces = ["", "a", "é", "😀", "\"", "\\", "\n", "\u{0}", "plain words of some length"]
        return Text((0..<random.below(4)).map { _ in random.pick(pieces) }.joined())
    }

    /// The JSON of a value with members in a random order.
    static func json(_ value: AttributeValue, _ random: inout SeededRandom) -> String {
        switch value {
        case .list(let elements):
            return #"{"L":["# + elements.map { json($0, &random) }.joined(separator: ",") + "]}"
        case .map(let map): return #"{"M":"# + json(map, &random) + "}"
        case .stringSet(let members):
            return #"{"SS":["# + members.shuffled(using: &random).map { quoted($0) }.joined(separator: ",") + "]}"
        case .numberSet(let members):
            return #"{"NS":["# + members.shuffled(using: &random).map { "\"\($0.text)\"" }.joined(separator: ",") + "]}"
        case .binarySet(let members):
            let texts = members.shuffled(using: &random).map { "\"\(Base64.encode($0))\"" }
            return #"{"BS":["# + texts.joined(separator: ",") + "]}"
        default: return value.json
        }
    }

    static func json(_ map: AttributeMap, _ random: inout SeededRandom) -> String {
        let members = map.entries.shuffled(using: &random).map { "\(quoted($0.name)): \(json($0.value, &random))" }
        return "{" + members.joined(separator: ", ") + "}"
    }

    private static func quoted(_ text: Text) -> String {
        var writer = JSONWriter()
        text.utf8.withUnsafeBytes { writer.string(utf8: $0) }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
