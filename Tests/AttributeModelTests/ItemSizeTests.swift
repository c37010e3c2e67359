import AttributeModel
import Bytes
import TestSupport
import Testing

/// Sizes as DynamoDB counts them (reference `data-plane.md` 4.3); those of numbers are with the numbers.
struct ItemSizeTests {
    @Test(arguments: [
        (#"{"S":""}"#, 0), (#"{"S":"abc"}"#, 3), (#"{"S":"é"}"#, 2), (#"{"S":"😀"}"#, 4), (#"{"S":"\u0000\n"}"#, 2),
        (#"{"B":""}"#, 0),
        (#"{"B":"AAEC"}"#, 3), (#"{"BOOL":true}"#, 1), (#"{"BOOL":false}"#, 1), (#"{"NULL":true}"#, 1),
        (#"{"N":"0"}"#, 1), (#"{"N":"1"}"#, 2),
        (#"{"N":"-3.14159"}"#, 6), (#"{"SS":["a","bcd",""]}"#, 4), (#"{"NS":["0","1","-123456"]}"#, 8),
        (#"{"BS":["AAEC","AA=="]}"#, 4),
        (#"{"L":[]}"#, 3), (#"{"L":[{"S":"abc"}]}"#, 7), (#"{"L":[{"S":"abc"},{"N":"1"},{"NULL":true}]}"#, 12),
        (#"{"M":{}}"#, 3),
        (#"{"M":{"key":{"S":"abc"}}}"#, 10),
        (#"{"M":{"a":{"M":{"b":{"L":[{"NULL":true}]}}}}}"#, 3 + 2 + 3 + 2 + 3 + 1 + 1),
    ])
    func values(text: String, size: Int) throws {
        #expect(try AttributeValue(json: text).size == size)
        #expect(try Item(json: "{\"name\":\(text)}").size == 4 + size)
        #expect(try Item(json: "{\"name\":\(text),\"é\":{\"NULL\":true}}").size == 4 + size + 2 + 1)
    }

    @Test
    func theEmptyItemHasNoSize() {
        #expect(Item.empty.size == 0)
        #expect(Item.sizeMax == 400 * 1024)
    }

    @Test
    func theLargestItemIsCountedExactly() throws {
        let text = String(repeating: "x", count: Item.sizeMax - 1)
        #expect(try Item(json: #"{"a":{"S":"\#(text)"}}"#).size == Item.sizeMax)
        #expect(try Item(json: #"{"ab":{"S":"\#(text)"}}"#).size == Item.sizeMax + 1)
    }

    /// Sizes are sums over the parts.
    @Test(arguments: seeds)
    func itemsAreTheSumOfTheirAttributes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let attributes = RandomItem.attributes(&random)
            #expect(Item(attributes).size == attributes.entries.reduce(0) { $0 + $1.name.count + size(of: $1.value) })
            #expect(Item(attributes).size == attributes.entries.reduce(0) { $0 + $1.name.count + $1.value.size })
        }
    }

    /// What reads rely on that do not walk small items (`ReadAccount`). An empty list in a list is the worst.
    @Test(arguments: seeds)
    func noItemCountsForMoreThanFourTimesItsStoredForm(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let item = Item(RandomItem.attributes(&random))
            #expect(item.size <= 4 * item.bytes.count)
        }
        for element in [#"{"L":[]}"#, #"{"M":{}}"#, #"{"NULL":true}"#, #"{"N":"0"}"#, #"{"N":"-1"}"#, #"{"S":""}"#] {
            let elements = Array(repeating: element, count: 1000).joined(separator: ",")
            let item = try Item(json: #"{"a":{"L":[\#(elements)]}}"#)
            #expect(item.size <= 4 * item.bytes.count)
        }
    }

    private func size(of value: AttributeValue) -> Int {
        switch value {
        case .string(let text): text.count
        case .number(let number): number.size
        case .binary(let content): content.count
        case .boolean, .null: 1
        case .stringSet(let members): members.reduce(0) { $0 + $1.count }
        case .numberSet(let members): members.reduce(0) { $0 + $1.size }
        case .binarySet(let members): members.reduce(0) { $0 + $1.count }
        case .list(let elements): elements.reduce(3) { $0 + 1 + size(of: $1) }
        case .map(let map): map.entries.reduce(3) { $0 + 1 + $1.name.count + size(of: $1.value) }
        }
    }
}
