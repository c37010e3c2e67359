import EventPattern
import Testing

/// What event-ruler itself answers for 10,000 patterns and events (reference `event-filtering.md`).
@Suite struct VectorTests {
    @Test func everyVectorAgrees() throws {
        let vectors = try Vector.readAll()
        #expect(vectors.count == 10_000)
        for vector in vectors {
            let actual = try Self.answer(vector)
            #expect(
                actual == vector.expected,
                "line \(vector.line): \(String(decoding: vector.pattern, as: UTF8.self)) on \(String(decoding: vector.event, as: UTF8.self))"
            )
        }
    }

    private static func answer(_ vector: Vector) throws -> Vector.Expected {
        let pattern: FilterPattern
        do throws(PatternError) {
            pattern = try FilterPattern(parsing: vector.pattern)
        } catch {
            return .invalid
        }
        var matcher = PatternMatcher(PatternSet(pattern))
        try matcher.match(json: vector.event)
        return matcher.matches.isEmpty ? .fails : .matches
    }
}
