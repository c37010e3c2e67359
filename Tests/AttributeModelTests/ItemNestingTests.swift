import AttributeModel
import Bytes
import Testing

/// Nesting (reference `data-plane.md` 4.1): a top-level attribute is level 1; 31 nested maps with a scalar at level 32 are
/// accepted, 32 maps with a scalar inside are not.
struct ItemNestingTests {
    @Test(arguments: [
        (#"{"M":{"a":"#, "}}"), (#"{"L":["#, "]}"),
    ])
    func thirtyTwoLevels(open: String, close: String) throws {
        func nested(_ count: Int, _ scalar: String = #"{"S":"x"}"#) -> String {
            String(repeating: open, count: count) + scalar + String(repeating: close, count: count)
        }
        let deepest = try Item(json: "{\"a\":\(nested(31))}")
        #expect(try Item(json: deepest.json) == deepest)
        #expect(try Item(checking: deepest.bytes) == deepest)
        _ = try AttributeValue(json: nested(31))
        #expect(throws: AttributeValueError.tooDeep) { try Item(json: "{\"a\":\(nested(32))}") }
        #expect(throws: AttributeValueError.tooDeep) { try AttributeValue(json: nested(32)) }
        // A container is a value of its level, empty or not.
        _ = try Item(json: "{\"a\":\(nested(31, #"{"M":{}}"#))}")
        #expect(throws: AttributeValueError.tooDeep) { try Item(json: "{\"a\":\(nested(32, #"{"M":{}}"#))}") }
    }

    @Test
    func message() {
        #expect(
            AttributeValueError.tooDeep.message
                == "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
        )
    }

    /// Bytes from outside may claim any depth; they are refused before the stack runs out.
    @Test(arguments: [33, 1000, 100_000])
    func bytesThatAreTooDeepAreRefused(levels: Int) {
        // Built from the inside out: a list of one element, count and length before it.
        var inner: [UInt8] = [6]
        var lengths: [Int] = []
        var length = 1
        for _ in 1..<levels {
            lengths.append(1 + length)
            length += 6
        }
        var bytes: [UInt8] = [1, 1, 0x61]
        for length in lengths.reversed() {
            bytes.append(10)
            bytes.appendBigEndian(UInt32(length))
            bytes.append(1)
        }
        bytes.append(contentsOf: inner)
        inner = []
        #expect(throws: DamagedBytes.self) { try Item(checking: bytes) }
    }

    @Test
    func theBytesOfTheTestAboveAreThoseOfLists() throws {
        var value = AttributeValue.null
        for _ in 1..<32 { value = .list([value]) }
        let bytes = Item(["a": value]).bytes
        #expect(bytes.count == 3 + 31 * 6 + 1)
        #expect(bytes.prefix(5) == [1, 1, 0x61, 10, 0])
        #expect(try Item(checking: bytes).attributes["a"] == value)
        #expect(throws: DamagedBytes.self) { try Item(checking: Item(["a": .list([value])]).bytes) }
    }
}
