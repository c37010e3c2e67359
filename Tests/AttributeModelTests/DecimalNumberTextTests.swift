import AttributeModel
import Bytes
import TestSupport
import Testing

/// The text of numbers (reference `data-plane.md` 4.2).
struct DecimalNumberTextTests {
    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("+0", "0"), ("0.0", "0"), ("-0.000", "0"), ("0e5", "0"), ("00", "0"), (".0", "0"),
        ("0.", "0"),
        ("1", "1"), ("+1", "1"), ("-1", "-1"), ("01", "1"), ("1.0", "1"), ("1.", "1"), ("1.50", "1.5"), (".5", "0.5"),
        ("-.5", "-0.5"),
        ("0042.1200", "42.12"), ("10", "10"), ("100", "100"), ("1e3", "1000"), ("1E3", "1000"), ("1e+3", "1000"),
        ("1E-3", "0.001"),
        ("1.5e1", "15"), ("1.5e0", "1.5"), ("15e-1", "1.5"), ("150e-2", "1.5"), ("0.00150e3", "1.5"),
        ("1.50e-5", "0.000015"),
        ("120e0001", "1200"), ("1e00000000000000000000000000003", "1000"), ("3.14159", "3.14159"),
        ("1000000.000001", "1000000.000001"),
        ("123456789012345678", "123456789012345678"), ("1234567890123456789", "1234567890123456789"),
        ("18446744073709551615", "18446744073709551615"), ("18446744073709551616", "18446744073709551616"),
        ("-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999"),
        ("0.10000000000000000000000000000000000001", "0.10000000000000000000000000000000000001"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
    ])
    func normalForm(text: String, normal: String) throws {
        let number = try DecimalNumber(text)
        #expect(number.text == normal)
        #expect(try DecimalNumber(normal) == number)
        #expect(try DecimalNumber(normal).hashValue == number.hashValue)
    }

    @Test(arguments: [
        "", " ", "+", "-", ".", "-.", "+.", "e", "e1", ".e1", "-e1", "1e", "1e+", "1e-", "1e1.5", "1e1e1", "1.2.3",
        "..1", "1..", "--1", "++1",
        "+-1", "1-", "1+1", " 1", "1 ", "1 0", "1,000", "1_000", "0x10", "1f", "NaN", "Infinity", "-Infinity", "abc",
        "１", "1\u{0}", "1e ",
        "1e5 ", "12345678901234567890x", "1e99999999999999999999x", "0e", "0x", "/", ":",
    ])
    func notNumbers(text: String) {
        #expect(throws: NumberError.notNumeric) { try DecimalNumber(text) }
    }

    @Test
    func hasAtMost38SignificantDigits() throws {
        let digits38 = "12345678901234567890123456789012345678"
        #expect(try DecimalNumber(digits38).text == digits38)
        // Zeros at both ends do not count, however many there are.
        let zeros = String(repeating: "0", count: 1000)
        #expect(try DecimalNumber(zeros + digits38 + "." + zeros).text == digits38)
        #expect(try DecimalNumber(digits38 + zeros + "e-1000").text == digits38)
        #expect(try DecimalNumber("." + zeros + digits38 + zeros + "e1038").text == digits38)
        #expect(try DecimalNumber(digits38 + zeros + "." + zeros + "e-1000").text == digits38)
        // Zeros inside do.
        #expect(throws: NumberError.tooManyDigits) { try DecimalNumber("1" + digits38) }
        #expect(throws: NumberError.tooManyDigits) { try DecimalNumber(digits38 + ".1") }
        #expect(throws: NumberError.tooManyDigits) { try DecimalNumber(digits38 + "0001") }
        #expect(throws: NumberError.tooManyDigits) { try DecimalNumber(digits38 + "1000") }
        #expect(throws: NumberError.tooManyDigits) { try DecimalNumber("1." + String(repeating: "0", count: 37) + "1") }
        #expect(try DecimalNumber("1." + String(repeating: "0", count: 36) + "1").text.utf8.count == 39)
        #expect(throws: NumberError.tooManyDigits) { try DecimalNumber("1" + zeros + "1e-1001") }
    }

    @Test
    func hasARange() throws {
        let nines = String(repeating: "9", count: 38)
        #expect(try DecimalNumber("1e125").text == "1" + String(repeating: "0", count: 125))
        #expect(try DecimalNumber("9.\(nines.dropFirst())e125").text == nines + String(repeating: "0", count: 88))
        #expect(try DecimalNumber("-9.9e125").text == "-99" + String(repeating: "0", count: 124))
        #expect(try DecimalNumber("0.001e128") == DecimalNumber("1e125"))
        #expect(try DecimalNumber("1e-130").text == "0." + String(repeating: "0", count: 129) + "1")
        #expect(
            try DecimalNumber("1.\(nines.dropFirst())e-130").text == "0." + String(repeating: "0", count: 129) + "1"
                + nines.dropFirst())
        #expect(try DecimalNumber("1000e-133") == DecimalNumber("1e-130"))
        for text in ["1e126", "-1e126", "10e125", "0.1e127", "1e999999999999999999999999", "99999999999999999999e107"] {
            #expect(throws: NumberError.overflow, "\(text)") { try DecimalNumber(text) }
        }
        for text in [
            "1e-131", "-1e-131", "0.9e-130", "0.1e-130", "1e-999999999999999999999999", "99999999999999999999e-150",
        ] {
            #expect(throws: NumberError.underflow, "\(text)") { try DecimalNumber(text) }
        }
    }

    @Test(arguments: [
        "0e126", "0.0e126", "-0e126", "0e-131", "0e999999999999999999999999", "0e-999999999999999999999999",
    ])
    func zeroHasAnyExponent(text: String) throws {
        #expect(try DecimalNumber(text) == .zero)
        #expect(try DecimalNumber(text).text == "0")
    }

    /// Zeros and exponent that cancel each other are one number, also when both are huge.
    @Test(arguments: [10, 1000, 1_100_000])
    func longRunsOfZerosAreCountedExactly(count: Int) throws {
        let zeros = String(repeating: "0", count: count)
        #expect(try DecimalNumber("0.\(zeros)1e\(count + 1)") == DecimalNumber(1))
        #expect(try DecimalNumber("1\(zeros)e-\(count)") == DecimalNumber(1))
        #expect(throws: NumberError.overflow) { try DecimalNumber("0.\(zeros)1e\((count + 1) * 100)") }
        #expect(throws: NumberError.underflow) { try DecimalNumber("1\(zeros)e-\(count * 100)") }
    }

    /// The range is looked at before the digits, as dynalite does.
    @Test
    func rangeErrorsComeBeforeTooManyDigits() {
        let digits39 = String(repeating: "1", count: 39)
        #expect(throws: NumberError.overflow) { try DecimalNumber(digits39 + "e100") }
        #expect(throws: NumberError.underflow) { try DecimalNumber("0." + digits39 + "e-130") }
        #expect(throws: NumberError.tooManyDigits) { try DecimalNumber(digits39 + "e87") }
        #expect(throws: NumberError.overflow) { try DecimalNumber(digits39 + "e88") }
    }

    @Test(arguments: [
        (NumberError.notNumeric, "abc", "The parameter cannot be converted to a numeric value: abc"),
        (.notNumeric, "", "The parameter cannot be converted to a numeric value"),
        (
            .overflow, "1e126",
            "Number overflow. Attempting to store a number with magnitude larger than supported range"
        ),
        (
            .underflow, "1e-131",
            "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        ),
        (.tooManyDigits, "1", "Attempting to store more than 38 significant digits in a Number"),
    ])
    func messages(error: NumberError, text: String, message: String) {
        #expect(error.message(for: Text(text)) == message)
    }

    @Test(arguments: [
        (0, "0"), (1, "1"), (-1, "-1"), (10, "10"), (1200, "1200"), (Int.max, "9223372036854775807"),
        (Int.min, "-9223372036854775808"),
        (1_000_000_000_000_000_000, "1000000000000000000"), (-90, "-90"),
    ])
    func fromIntegers(value: Int, text: String) throws {
        #expect(DecimalNumber(value).text == text)
        #expect(try DecimalNumber(text) == DecimalNumber(value))
    }

    /// Any spelling of a number reads as the same number: against a naive decimal that shifts digits in an array.
    @Test(arguments: seeds)
    func spellingsAreOneNumber(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<3_000 {
            let naive = NaiveDecimal.random(&random)
            let number = try DecimalNumber(naive.spelling(&random))
            #expect(number.text == naive.plainText)
            #expect(try DecimalNumber(naive.spelling(&random)) == number)
            #expect(try DecimalNumber(number.text) == number)
        }
    }
}
