/// JSON numbers as patterns compare them: finite doubles whose shortest decimal is the number that was written. Others, such as
/// 9007199254740993, have no comparable value (reference `event-filtering.md` 3.10).
enum ComparableNumber {
    /// Digits that every double of normal size can tell apart.
    private static let exactDigitsMax = 15
    /// Powers of ten that are exact doubles.
    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
    /// A written exponent stops growing here: no text is long enough for its zeros to make up for that.
    private static let exponentMax = 1 << 40

    /// - Parameter text: a number by JSON's grammar.
    static func value(of text: UnsafeRawBufferPointer) -> Double? {
        value(short: text) ?? value(long: text)
    }

    /// The usual numbers, without allocations: few digits and a small exponent. Nil for others.
    private static func value(short text: UnsafeRawBufferPointer) -> Double? {
        var mantissa: UInt64 = 0
        var digits = 0
        var exponent = 0
        var position = text.first == UInt8(ascii: "-") ? 1 : 0
        let isNegative = position == 1
        var isFraction = false
        while position < text.count {
            let digit = text[position] &- UInt8(ascii: "0")
            if digit < 10 {
                if digits > 0 || digit > 0 { digits += 1 }
                guard digits <= exactDigitsMax else { return nil }
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if isFraction { exponent -= 1 }
            } else if text[position] == UInt8(ascii: ".") {
                isFraction = true
            } else {
                guard let written = writtenExponent(text, position + 1), written.magnitude < 1000 else { return nil }
                exponent += written
                break
            }
            position += 1
        }
        if mantissa == 0 { return 0 }
        guard exponent.magnitude < powers.count else { return nil }
        let scale = powers[Int(exponent.magnitude)]
        let value = exponent < 0 ? Double(mantissa) / scale : Double(mantissa) * scale
        return isNegative ? -value : value
    }

    private static func value(long text: UnsafeRawBufferPointer) -> Double? {
        guard let written = Decimal(text) else { return nil }
        if written.digits.isEmpty { return 0 }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else { return nil }
        let shortest = Array(value.description.utf8).withUnsafeBytes { Decimal($0) }
        return shortest == written ? value : nil
    }

    private static func writtenExponent(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var position = start
        guard position < text.count else { return nil }
        let isNegative = text[position] == UInt8(ascii: "-")
        if isNegative || text[position] == UInt8(ascii: "+") { position += 1 }
        var value = 0
        while position < text.count {
            let digit = text[position] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            if value < exponentMax { value = value * 10 + Int(digit) }
            position += 1
        }
        return isNegative ? -value : value
    }

    /// A decimal number in normal form: no zeros at either end of the digits, none at all for zero.
    private struct Decimal: Equatable {
        let isNegative: Bool
        var digits: [UInt8] = []
        /// Power of ten of the last digit.
        var exponent = 0

        init?(_ text: UnsafeRawBufferPointer) {
            isNegative = text.first == UInt8(ascii: "-")
            var isFraction = false
            for position in (isNegative ? 1 : 0)..<text.count {
                let digit = text[position] &- UInt8(ascii: "0")
                if digit < 10 {
                    if !digits.isEmpty || digit > 0 { digits.append(digit) }
                    if isFraction { exponent -= 1 }
                } else if text[position] == UInt8(ascii: ".") {
                    isFraction = true
                } else {
                    guard let written = ComparableNumber.writtenExponent(text, position + 1) else { return nil }
                    exponent += written
                    break
                }
            }
            while digits.last == 0 {
                digits.removeLast()
                exponent += 1
            }
        }
    }
}
