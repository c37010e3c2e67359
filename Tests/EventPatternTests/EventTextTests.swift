import EventPattern
import JSONBytes
import TestSupport
import Testing

/// The reader of events accepts exactly JSON objects, also in what no pattern names.
@Suite struct EventTextTests {
    private static func error(_ event: [UInt8], _ pattern: String = #"{"a":["x"],"b":{"c":[1]}}"#) throws -> EventError?
    {
        var matcher = PatternMatcher(PatternSet(try FilterPattern(pattern)))
        do throws(EventError) {
            try matcher.match(json: event)
            return nil
        } catch {
            #expect(matcher.matches.isEmpty)
            return error
        }
    }

    @Test(arguments: ["[]", "1", "\"x\"", "null", " [{}] "])
    func otherJSON(_ event: String) throws {
        #expect(try Self.error(Array(event.utf8)) == .notAnObject)
    }

    @Test(arguments: [
        ("", 0), ("{", 1), ("{\"a\"}", 4), ("{\"a\":}", 5), ("{\"a\":1,}", 7), ("{\"a\":01}", 5), ("{} {}", 3),
        ("{\"x\":[1,]}", 8), ("{\"x\":tru}", 5), ("{\"x\":\"\\q\"}", 6), ("{\"x\":\"\u{1}\"}", 6),
        ("{\"x\":{\"y\":[}}", 11),
    ])
    func noJSON(event: String, position: Int) throws {
        #expect(try Self.error(Array(event.utf8)) == .notJSON(position: position))
    }

    @Test("whatever bytes are damaged, events are refused as the strict parser refuses them", arguments: seeds)
    func agreesWithTheParser(seed: UInt64) throws {
        var generator = PatternGenerator(seed: seed)
        let alphabet = Array("{}[]\",:\\ue+-.0123456789tfn\u{E9}\n\u{0}".utf8)
        var refused = 0
        for _ in 0..<1_500 {
            var event = Array(generator.event().utf8)
            for _ in 0..<generator.random.below(3) where !event.isEmpty {
                let index = generator.random.below(event.count)
                switch generator.random.below(3) {
                case 0: event.remove(at: index)
                case 1: event.insert(generator.random.pick(alphabet), at: index)
                default: event[index] = generator.random.pick(alphabet)
                }
            }
            let document = try? JSONDocument(parsing: event)
            let isEvent = document.map { $0.kind($0.root) == .object } ?? false
            let error = try Self.error(event, #"{"a":{"b":["x"]},"c":[1],"é":["x"]}"#)
            #expect((error == nil) == isEvent, "\(String(decoding: event, as: UTF8.self))")
            if !isEvent { refused += 1 }
        }
        #expect(refused > 100)
    }

    @Test func nestingIsLimited() throws {
        func nested(_ depth: Int, in name: String) -> [UInt8] {
            Array("{\"\(name)\":".utf8) + [UInt8](repeating: UInt8(ascii: "["), count: depth)
                + [UInt8](repeating: UInt8(ascii: "]"), count: depth) + Array("}".utf8)
        }
        for name in ["a", "unnamed"] {
            #expect(try Self.error(nested(511, in: name)) == nil)
            #expect(try Self.error(nested(512, in: name)) != nil)
            #expect(try Self.error(nested(100_000, in: name)) != nil)
        }
    }

    @Test("a refused event leaves nothing behind for the next")
    func startsAfresh() throws {
        var matcher = PatternMatcher(PatternSet(try FilterPattern(#"{"a":["x"],"b":["y"]}"#)))
        #expect(throws: EventError.self) { try matcher.match(json: Array(#"{"a":"x","#.utf8)) }
        try matcher.match(json: Array(#"{"b":"y"}"#.utf8))
        #expect(matcher.matches.isEmpty)
        try matcher.match(json: Array(#"{"a":"x","b":"y"}"#.utf8))
        #expect(matcher.matches == [0])
    }
}
