import FoundationEssentials
import JSONBytes
import Testing

/// `SortedJSON` writes what `JSONEncoder` writes.
struct SortedJSONTests {
    private enum Choice: String, Codable { case first, second }

    private enum Shape: Codable {
        case all, none
        case some([String])
    }

    private struct Row: Codable {
        var name = "a\"b/ü\\\n"
        var isOn = true
        var whole = -3
        var largest = UInt64.max
        var short: UInt16 = 7
        var middling = UInt32.max
        var least = Int8.min
        var percent = 70.0
        var tenth = 0.1
        var absent: Int?
        var empty: [UInt64] = []
        var choice = Choice.second
        var shapes: [String: Shape] = ["z": .all, "B": .some(["q"]), "a": .none]
        var gaps: [Int?] = [1, nil, -1]
        var nested: [[String: [Bool]]] = [["x": [true, false]], [:]]
        var tableID = ""
        var tableClass = ""
    }

    @Test
    func asTheEncoderOfFoundation() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let expected = try String(decoding: encoder.encode([Row(), Row(absent: 4)]), as: UTF8.self)
        #expect(try String(decoding: SortedJSON.encode([Row(), Row(absent: 4)]), as: UTF8.self) == expected)
    }

    @Test
    func scalarsAndNothing() throws {
        #expect(try SortedJSON.encode("x") == Array("\"x\"".utf8))
        #expect(try SortedJSON.encode(Int?.none) == Array("null".utf8))
        #expect(try SortedJSON.encode([String]()) == Array("[]".utf8))
        #expect(try SortedJSON.encode([String: Int]()) == Array("{}".utf8))
    }
}
