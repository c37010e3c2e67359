import AttributeModel
import Bytes
import TestSupport
import Testing

/// The order of numbers and of the bytes that stand for them.
struct DecimalNumberOrderTests {
    static let ascending = [
        "-9.9999999999999999999999999999999999999e125", "-1e125", "-1e38", "-100", "-99.99", "-11", "-10.5", "-10",
        "-9", "-2", "-1.01",
        "-1.001", "-1", "-0.99", "-0.1", "-0.01", "-1.1e-130", "-1e-130", "0", "1e-130", "1.1e-130", "0.01", "0.099",
        "0.1", "0.11", "0.9",
        "0.99", "1", "1.001", "1.01", "1.1", "2", "9", "9.5", "10", "10.05", "10.5", "11", "19", "20", "99", "100",
        "101", "1000",
        "18446744073709551615", "18446744073709551616", "1e38", "1e125", "9.9999999999999999999999999999999999999e125",
    ]

    @Test
    func orderIsNumeric() throws {
        let numbers = try Self.ascending.map { try DecimalNumber($0) }
        for (index, number) in numbers.enumerated() {
            for (otherIndex, other) in numbers.enumerated() {
                let texts = "\(number.text) and \(other.text)"
                #expect((number < other) == (index < otherIndex), "\(texts)")
                #expect(number.orderedBytes.precedes(other.orderedBytes) == (index < otherIndex), "\(texts)")
            }
        }
    }

    @Test(arguments: seeds)
    func orderIsThatOfTheNaiveDecimal(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<5_000 {
            let left = NaiveDecimal.random(&random)
            var right = NaiveDecimal.random(&random)
            if random.below(2) == 0, !left.digits.isEmpty {
                // A close neighbour: the same beginning.
                right = left
                right.digits = Array(left.digits.prefix(1 + random.below(left.digits.count)))
                while right.digits.last == 0 { right.digits.removeLast() }
                if right.digits.count < 38, random.below(2) == 0 { right.digits.append(1 + random.below(9)) }
                if random.below(8) == 0 { right.isNegative.toggle() }
            }
            let (small, large) = (try DecimalNumber(left.plainText), try DecimalNumber(right.plainText))
            let texts = "\(small.text) and \(large.text)"
            #expect((small < large) == left.isLess(than: right), "\(texts)")
            #expect(small.orderedBytes.precedes(large.orderedBytes) == left.isLess(than: right), "\(texts)")
            #expect((small == large) == (left == right), "\(texts)")
            #expect((small.orderedBytes == large.orderedBytes) == (left == right), "\(texts)")
        }
    }

    @Test(
        arguments: [
            ("0", [0x80]), ("1", [0xFF, 130, 11, 0]), ("10", [0xFF, 131, 11, 0]), ("12", [0xFF, 131, 13, 0]),
            ("123", [0xFF, 132, 13, 31, 0]),
            ("0.5", [0xFF, 129, 51, 0]), ("100.01", [0xFF, 132, 11, 1, 11, 0]), ("1e-130", [0xFF, 0, 11, 0]),
            ("99e124", [0xFF, 255, 100, 0]),
            ("-1", [0x00, 125, 244, 255]), ("-99e124", [0x00, 0, 155, 255]),
        ] as [(String, [UInt8])])
    func storedForm(text: String, bytes: [UInt8]) throws {
        #expect(try DecimalNumber(text).orderedBytes == bytes)
    }

    /// A number shows its own end, whatever follows.
    @Test(arguments: seeds)
    func bytesRoundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<3_000 {
            let number = try DecimalNumber(NaiveDecimal.random(&random).plainText)
            var bytes = number.orderedBytes
            #expect(bytes.count <= 22)
            bytes += random.bytes(countMax: 3)
            let (read, position) = try bytes.withUnsafeBytes { buffer in
                var reader = ByteReader(buffer)
                return (try DecimalNumber(orderedBytes: &reader), reader.position)
            }
            #expect(read == number)
            #expect(position == number.orderedBytes.count)
        }
    }

    /// Every number has one stored form; others are refused, so that equal numbers stay equal bytes.
    @Test(
        arguments: [
            [], [0x01], [0x7F], [0xFF], [0xFF, 130], [0xFF, 130, 11], [0x00, 125, 244],
            // No digits, a first digit of zero, a last pair of zeros, a pair above 99.
            [0xFF, 130, 0], [0xFF, 130, 10, 0], [0xFF, 130, 1, 11, 0], [0xFF, 130, 11, 1, 0], [0xFF, 130, 101, 0],
            [0xFF, 130, 11, 255, 0],
            [0x00, 125, 255], [0x00, 125, 245, 255], [0x00, 125, 244, 254, 255],
            // Forty digits.
            [0xFF, 130] + [UInt8](repeating: 12, count: 20) + [0],
        ] as [[UInt8]])
    func damagedBytesAreErrors(bytes: [UInt8]) {
        #expect(throws: DamagedBytes.self) {
            try bytes.withUnsafeBytes { buffer in
                var reader = ByteReader(buffer)
                return try DecimalNumber(orderedBytes: &reader)
            }
        }
    }

    /// Sizes count digits in pairs on either side of the point, zeros at both ends trimmed (reference `data-plane.md` 4.3).
    @Test(arguments: [
        ("0", 1), ("1", 2), ("-1", 3), ("12", 2), ("123", 3), ("123456", 4), ("-123456", 5), ("3.14159", 5),
        ("1E125", 2), ("1E-130", 2),
        ("100", 2), ("120", 2), ("0.5", 2), ("0.05", 2), ("0.012", 2), ("1.5", 3), ("100.5", 4), ("-0.5", 3),
        ("10.01", 3),
        ("12345678901234567890123456789012345678", 20), ("-1234567890123456789.0123456789012345678", 22),
    ])
    func sizes(text: String, size: Int) throws {
        #expect(try DecimalNumber(text).size == size)
        #expect(AttributeValue.number(try DecimalNumber(text)).size == size)
    }
}
