import EventPattern
import Foundation
import TestSupport
import Testing

/// Numbers compare by value where a double can carry it (reference `event-filtering.md` 3.10).
@Suite struct NumberTests {
    /// A number as text, with its exact value.
    private struct Written {
        let text: String
        let exact: Decimal

        init(_ random: inout SeededRandom) throws {
            let digits = 1 + random.below(random.below(4) == 0 ? 20 : 6)
            var text = random.below(4) == 0 ? "-" : ""
            text += String(1 + random.below(9)) + (1..<digits).map { _ in String(random.below(10)) }.joined()
            if random.below(2) == 0 {
                text += "." + (0...random.below(4)).map { _ in String(random.below(10)) }.joined()
            }
            if random.below(3) == 0 {
                text += random.pick(["e", "E"]) + random.pick(["", "+", "-"]) + String(random.below(30))
            }
            self.text = text
            exact = try #require(Decimal(string: text))
        }

        init(text: String) throws {
            self.text = text
            exact = try #require(Decimal(string: text))
        }

        var isComparable: Bool {
            Double(text).flatMap { Decimal(string: "\($0)") } == exact
        }
    }

    @Test("a bound is refused exactly when the nearest double is written differently", arguments: seeds)
    func comparable(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var refused = 0
        for _ in 0..<3_000 {
            let number = try Written(&random)
            let reason = refusal(#"{"a":[{"numeric":["=",\#(number.text)]}]}"#)?.reason
            #expect(reason == (number.isComparable ? nil : "Cannot compare number : \(number.text)"))
            if reason != nil { refused += 1 }
        }
        #expect(refused > 50)
    }

    @Test("ranges hold for the values between them, however numbers are written", arguments: seeds)
    func ranges(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<1_500 {
            let bound = try Written(&random)
            guard bound.isComparable else { continue }
            // The same value in another spelling, a neighbour, or any other number.
            let values = [
                try Written(text: "\(bound.exact)"), try Written(text: "\(bound.exact + 1)"), try Written(&random),
            ]
            for value in values where value.isComparable {
                let event = "{\"a\":\(value.text)}"
                #expect(try matches(#"{"a":[{"numeric":[">",\#(bound.text)]}]}"#, event) == (value.exact > bound.exact))
                #expect(
                    try matches(#"{"a":[{"numeric":["<=",\#(bound.text)]}]}"#, event) == (value.exact <= bound.exact))
                #expect(try matches(#"{"a":[\#(bound.text)]}"#, event) == (value.exact == bound.exact))
                #expect(try matches(#"{"a":[{"anything-but":\#(bound.text)}]}"#, event) == (value.exact != bound.exact))
            }
        }
    }
}
