import EventPattern
import TestSupport
import Testing

/// The compiled matcher against a matcher that is too simple to be wrong in the same way.
@Suite struct AgreementTests {
    @Test(
        "sets of random patterns find in random events what each pattern alone means", arguments: seeds,
        [PatternGenerator.Flavour.everything, .arrays])
    func setsAgree(seed: UInt64, flavour: PatternGenerator.Flavour) throws {
        var generator = PatternGenerator(seed: seed, flavour)
        var found = 0
        var tried = 0
        for _ in 0..<(flavour == .arrays ? 8 : 20) {
            let texts = (0..<(1 + generator.random.below(40))).map { _ in generator.pattern() }
            let naive = try texts.map { NaiveMatcher(try Tree($0)) }
            let patterns = try texts.enumerated().map { (identifier: $0, pattern: try FilterPattern($1)) }
            var matcher = PatternMatcher(PatternSet(patterns))
            for _ in 0..<30 {
                let event = generator.event()
                let tree = try Tree(event)
                let expected = texts.indices.filter { naive[$0].matches(tree) }
                try matcher.match(json: Array(event.utf8))
                let actual = matcher.matches.sorted()
                if actual != expected {
                    let wrong = Set(actual).symmetricDifference(expected).map { texts[$0] }
                    Issue.record("\(wrong) on \(event): \(actual) is not \(expected)")
                }
                found += expected.count
                tried += texts.count
            }
        }
        // Patterns that never match would prove nothing.
        #expect(found > tried / 50, "\(found) of \(tried)")
    }
}
