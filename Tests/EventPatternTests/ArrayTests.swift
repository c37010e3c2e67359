import EventPattern
import Testing

/// Large arrays take no more than polynomial time.
@Suite struct ArrayTests {
    private static func array(_ count: Int, _ element: (Int) -> String) -> String {
        "[" + (0..<count).map(element).joined(separator: ",") + "]"
    }

    @Test("fields of many arrays that nearly go together are decided without trying all choices")
    func independentArrays() throws {
        let names = ["a", "b", "c", "d", "e", "f"]
        let arrays = names.map { name in
            "\"\(name)\":" + Self.array(40) { "{\"x\":1,\"y\":\($0 == 20 ? 1 : 2)}" }
        }
        // In the last array no element has both.
        let event =
            "{" + arrays.joined(separator: ",") + ",\"z\":" + Self.array(40) { "{\"\($0 % 2 == 0 ? "x" : "y")\":1}" }
            + "}"
        let fields = (names + ["z"]).map { "\"\($0)\":{\"x\":[1],\"y\":[1]}" }
        #expect(try !matches("{\(fields.joined(separator: ","))}", event))
        #expect(try matches("{\(fields.dropLast().joined(separator: ","))}", event))
    }

    @Test("arrays in the elements of an array too")
    func nestedArrays() throws {
        let inner = Self.array(8) { _ in "{\"x\":1,\"y\":1}" }
        let element = "{" + ["p", "q", "r", "s"].map { "\"\($0)\":\(inner)" }.joined(separator: ",")
        let event = "{\"a\":" + Self.array(6) { element + ",\"t\":\($0)}" } + "}"
        let fields = ["p", "q", "r", "s"].map { "\"\($0)\":{\"x\":[1],\"y\":[1]}" }.joined(separator: ",")
        #expect(try !matches("{\"a\":{\(fields),\"t\":[7]}}", event))
        #expect(try !matches("{\"a\":{\(fields),\"t\":[5],\"u\":[1]}}", event))
        #expect(try matches("{\"a\":{\(fields),\"t\":[5]}}", event))
    }
}
