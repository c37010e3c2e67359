import AttributeModel
import Bytes
import TestSupport
import Testing

/// Reading single attributes and parts of stored items.
struct ItemReadingTests {
    static let item = Item([
        "a": .string("1"), "b": .map(["c": .string("deep")]), "bb": .list([.null]), "c": .stringSet(["x"]),
        "é": .number(DecimalNumber(5)),
        "n": .boolean(false),
    ])

    @Test(
        arguments: [
            ("a", .string("1")), ("b", .map(["c": .string("deep")])), ("bb", .list([.null])), ("c", .stringSet(["x"])),
            ("n", .boolean(false)),
            ("é", .number(DecimalNumber(5))), ("", nil), ("A", nil), ("aa", nil), ("ba", nil), ("bbb", nil), ("z", nil),
            ("e\u{301}", nil), ("\u{FFFF}", nil),
        ] as [(Text, AttributeValue?)])
    func findsAttributesByTheBytesOfTheirNames(name: Text, value: AttributeValue?) {
        #expect(Self.item.value(of: name) == value)
        #expect(Self.item.contains(name) == (value != nil))
        #expect(Self.item.attributes[name] == value)
    }

    @Test
    func projectsInAnyOrderAndWithRepetitions() {
        let item = Self.item
        #expect(item.projecting([]) == .empty)
        #expect(item.projecting(["x", ""]) == .empty)
        #expect(item.projecting(["n", "a", "z", "a"]) == Item(["a": .string("1"), "n": .boolean(false)]))
        #expect(item.projecting(["b"]) == Item(["b": .map(["c": .string("deep")])]))
        #expect(item.projecting(item.attributes.entries.map(\.name).reversed()) == item)
    }

    @Test(arguments: seeds)
    func projectionIsThatOfTheMap(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let attributes = RandomItem.attributes(&random)
            let names = attributes.entries.map(\.name).filter { _ in random.below(2) == 0 }.shuffled(using: &random)
            var expected = AttributeMap()
            for name in names { expected[name] = attributes[name] }
            #expect(Item(attributes).projecting(names + ["absent"]) == Item(expected))
        }
    }

    @Test
    func mapsAreSortedWhateverHappensToThem() {
        var map: AttributeMap = ["b": .null, "a": .boolean(true), "é": .null]
        #expect(map.entries.map(\.name) == ["a", "b", "é"])
        map["aa"] = .string("x")
        map["b"] = .string("y")
        map["a"] = nil
        map["absent"] = nil
        #expect(map.entries.map(\.name) == ["aa", "b", "é"])
        #expect(map["b"] == .string("y"))
        #expect(map["a"] == nil)
        #expect(map.count == 3)
        #expect(!map.isEmpty)
        map["aa"] = nil
        map["b"] = nil
        map["é"] = nil
        #expect(map == AttributeMap())
    }

    @Test(arguments: seeds)
    func mapsAreDictionariesInOrder(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var map = AttributeMap()
        var dictionary: [Text: AttributeValue] = [:]
        for step in 0..<2_000 {
            let name = Text(utf8: random.bytes(countMax: 2, favourites: [0x61, 0x62]).map { $0 & 0x7F })
            let value = random.below(3) == 0 ? nil : AttributeValue.number(DecimalNumber(step))
            map[name] = value
            dictionary[name] = value
            #expect(map[name] == value)
        }
        #expect(map.entries.map(\.name) == dictionary.keys.sorted())
        #expect(map.entries.allSatisfy { dictionary[$0.name] == $0.value })
    }

    @Test
    func typesHaveTheirNamesInJSON() {
        #expect(AttributeType.allCases.map(\.rawValue) == ["S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"])
        #expect(AttributeType.allCases.count == 10)
    }
}
