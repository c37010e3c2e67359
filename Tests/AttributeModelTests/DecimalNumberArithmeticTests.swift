import AttributeModel
import TestSupport
import Testing

/// Sums and differences are exact or an error (reference `data-plane.md` 4.2).
struct DecimalNumberArithmeticTests {
    @Test(arguments: arithmeticTable)
    func asPythonDecimal(row: ArithmeticRow) throws {
        let left = try DecimalNumber(row.left)
        let right = try DecimalNumber(row.right)
        #expect(outcome { () throws(NumberError) in try left.adding(right) } == expected(row.sum))
        #expect(outcome { () throws(NumberError) in try right.adding(left) } == expected(row.sum))
        #expect(outcome { () throws(NumberError) in try left.subtracting(right) } == expected(row.difference))
    }

    @Test
    func integers() throws {
        let largest = Int.max
        for value in [0, 7, -7, 1_700_000_000, largest, -largest] { #expect(DecimalNumber(value).integer == value) }
        for text in ["0.5", "9223372036854775808", "1E+125"] { #expect(try DecimalNumber(text).integer == nil) }
    }

    @Test(arguments: seeds)
    func asTheNaiveDecimal(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var exactSums = 0
        for _ in 0..<3_000 {
            let left = NaiveDecimal.random(&random)
            var right = NaiveDecimal.random(&random)
            if random.below(3) > 0 { right.point = min(126, max(-129, left.point + random.below(9) - 4)) }
            if right.digits.isEmpty { right.point = 0 }
            let sum = left.adding(right)
            let result = outcome { () throws(NumberError) in
                try DecimalNumber(left.plainText).adding(try DecimalNumber(right.plainText))
            }
            if sum.digits.count > 38 || sum.point > 126 {
                #expect(result == .failure(.overflow), "\(left.plainText) + \(right.plainText)")
            } else if sum.point < -129 {
                #expect(result == .failure(.underflow), "\(left.plainText) + \(right.plainText)")
            } else {
                #expect(try result.get().text == sum.plainText, "\(left.plainText) + \(right.plainText)")
                exactSums += 1
            }
        }
        #expect(exactSums > 500)
    }

    @Test
    func negationHasNoNegativeZero() throws {
        #expect(DecimalNumber.zero.negated() == .zero)
        #expect(try DecimalNumber("1.5").negated().text == "-1.5")
        #expect(try DecimalNumber("-1.5").negated().text == "1.5")
        #expect(try DecimalNumber("-1.5").subtracting(DecimalNumber("-1.5")) == .zero)
    }

    private func expected(_ text: String) -> Result<DecimalNumber, NumberError> {
        switch text {
        case "overflow": .failure(.overflow)
        case "underflow": .failure(.underflow)
        default: outcome { () throws(NumberError) in try DecimalNumber(text) }
        }
    }

    private func outcome(_ compute: () throws(NumberError) -> DecimalNumber) -> Result<DecimalNumber, NumberError> {
        do throws(NumberError) { return .success(try compute()) } catch { return .failure(error) }
    }
}
