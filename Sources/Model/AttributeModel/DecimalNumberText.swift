import Bytes

extension DecimalNumber {
    /// Reads DynamoDB's number grammar: optional sign, digits with optional fraction (`.5` too), optional exponent; no blanks.
    public init(text: UnsafeRawBufferPointer) throws(NumberError) {
        if let short = DecimalNumber(shortText: text) {
            self = short
            return
        }
        var scanner = NumberScanner()
        try scanner.scan(text)
        try self.init(
            coefficient: scanner.coefficient, exponent: scanner.exponent, isNegative: scanner.isNegative)
        if scanner.hasTooManyDigits { throw .tooManyDigits }
    }

    public init(_ text: String) throws(NumberError) {
        self = try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(NumberError) in
            try DecimalNumber(text: UnsafeRawBufferPointer(bytes))
        }
    }

    /// Reads the usual numbers fast: at most 18 digits, no exponent. Answers nil for all else, be it a number or not.
    private init?(shortText text: UnsafeRawBufferPointer) {
        let isNegative = text.first == UInt8(ascii: "-")
        let start = isNegative ? 1 : 0
        guard text.count - start <= 18 else { return nil }
        var coefficient: UInt64 = 0
        var pointPosition: Int?
        for position in start..<text.count {
            let digit = text[position] &- UInt8(ascii: "0")
            if digit < 10 {
                coefficient = coefficient &* 10 &+ UInt64(digit)
            } else {
                guard text[position] == UInt8(ascii: "."), pointPosition == nil else { return nil }
                pointPosition = position
            }
        }
        let characters = text.count - start
        guard characters > (pointPosition == nil ? 0 : 1) else { return nil }
        let fractionDigits = pointPosition.map { text.count - 1 - $0 } ?? 0
        self.init(coefficient: coefficient, exponent: -fractionDigits, isNegative: isNegative)
    }

    /// Appends the normal form: plain decimal, no exponent, no sign but `-`, no surplus zeros.
    public func appendText(to output: inout [UInt8]) {
        withOrderedBytes { bytes in
            var reader = ByteReader(bytes)
            guard let digits = try? OrderedDigits(&reader) else {
                preconditionFailure("a number's bytes can be read back")
            }
            digits.appendText(to: &output)
        }
    }

    public var text: String {
        var output: [UInt8] = []
        appendText(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Bytes that this number counts for in an item: one, one more for each two digits before and after the point, one more when
    /// negative, zeros at both ends trimmed (reference `data-plane.md` 4.3).
    public var size: Int {
        coefficient == 0
            ? 1
            : Self.size(digitCount: digitCount, leadingExponent: leadingExponent, isNegative: isNegative)
    }

    static func size(digitCount: Int, leadingExponent: Int, isNegative: Bool) -> Int {
        let integerDigits = min(max(leadingExponent + 1, 0), digitCount)
        let fractionDigits = digitCount - integerDigits
        return 1 + (integerDigits + 1) / 2 + (fractionDigits + 1) / 2 + (isNegative ? 1 : 0)
    }
}

/// Collects digits and exponent of a number's text.
private struct NumberScanner {
    /// A written exponent stops growing here: no text is long enough for its zeros to make up for that.
    private static let exponentMax = 1 << 40

    private(set) var coefficient: UInt128 = 0
    /// Power of ten of the last collected digit.
    private(set) var exponent = 0
    private(set) var isNegative = false
    /// Digits behind the 38th significant one were dropped, and not all of them were zeros.
    private(set) var hasTooManyDigits = false
    private var significantDigits = 0
    /// Digits behind the last collected one.
    private var pendingDigits = 0
    private var sawDigit = false

    mutating func scan(_ text: UnsafeRawBufferPointer) throws(NumberError) {
        var position = scanSign(text, at: 0, &isNegative)
        var isFraction = false
        while position < text.count {
            let digit = text[position] &- UInt8(ascii: "0")
            if digit < 10 {
                append(digit)
                if isFraction { exponent -= 1 }
            } else if text[position] == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else {
                break
            }
            position += 1
        }
        guard sawDigit else { throw .notNumeric }
        exponent += pendingDigits
        if position < text.count { exponent += try scanExponent(text, position) }
    }

    private mutating func append(_ digit: UInt8) {
        sawDigit = true
        guard digit != 0 else {
            if significantDigits > 0 { pendingDigits += 1 }
            return
        }
        let added = pendingDigits + 1
        guard significantDigits + added <= DecimalNumber.significantDigitsMax else {
            hasTooManyDigits = true
            pendingDigits += 1
            return
        }
        coefficient = coefficient * PowersOfTen.table[added] + UInt128(digit)
        significantDigits += added
        pendingDigits = 0
    }

    private func scanSign(_ text: UnsafeRawBufferPointer, at position: Int, _ isNegative: inout Bool) -> Int {
        guard position < text.count else { return position }
        isNegative = text[position] == UInt8(ascii: "-")
        return isNegative || text[position] == UInt8(ascii: "+") ? position + 1 : position
    }

    private func scanExponent(_ text: UnsafeRawBufferPointer, _ start: Int) throws(NumberError) -> Int {
        guard text[start] | 0x20 == UInt8(ascii: "e") else { throw .notNumeric }
        var isNegative = false
        var position = scanSign(text, at: start + 1, &isNegative)
        guard position < text.count else { throw .notNumeric }
        var value = 0
        while position < text.count {
            let digit = text[position] &- UInt8(ascii: "0")
            guard digit < 10 else { throw .notNumeric }
            if value < Self.exponentMax { value = value * 10 + Int(digit) }
            position += 1
        }
        return isNegative ? -value : value
    }
}
