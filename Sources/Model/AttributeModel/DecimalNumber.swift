import Bytes

/// A DynamoDB number: exact decimal, at most 38 significant digits, magnitude from 1E-130 to 9.99…E+125, or zero.
///
/// Always in normal form (no trailing zeros in the coefficient), so equal numbers are equal values. Rules: reference `data-plane.md` 4.2.
public struct DecimalNumber: Hashable, Sendable {
    public static let significantDigitsMax = 38
    /// Exponents of the leading digit, in scientific notation.
    static let leadingExponents = -130...125

    /// The digits without trailing zeros; 0 only for zero.
    let coefficient: UInt128
    /// The value is `coefficient * 10^exponent`.
    let exponent: Int
    let isNegative: Bool

    public static let zero = DecimalNumber(normalCoefficient: 0, exponent: 0, isNegative: false)

    init(normalCoefficient: UInt128, exponent: Int, isNegative: Bool) {
        coefficient = normalCoefficient
        self.exponent = exponent
        self.isNegative = isNegative
    }

    public init(_ value: Int) {
        self.init(coefficient: UInt64(value.magnitude), exponent: 0, isNegative: value < 0)
    }

    /// A whole number of millionths.
    public init(millionths: Int) {
        self.init(coefficient: UInt64(millionths.magnitude), exponent: -6, isNegative: millionths < 0)
    }

    /// Brings a coefficient into normal form, without a check of the range.
    init(coefficient: UInt64, exponent: Int, isNegative: Bool) {
        var digits = coefficient
        var zeros = 0
        while digits != 0, digits % 10 == 0 {
            digits /= 10
            zeros += 1
        }
        self.init(
            normalCoefficient: UInt128(digits), exponent: digits == 0 ? 0 : exponent + zeros,
            isNegative: isNegative && digits != 0)
    }

    /// Brings a coefficient below 10^38 into normal form and checks the range.
    init(coefficient: UInt128, exponent: Int, isNegative: Bool) throws(NumberError) {
        var digits = coefficient
        var zeros = 0
        while digits > UInt64.max, digits % 10 == 0 {
            digits /= 10
            zeros += 1
        }
        if let short = UInt64(exactly: digits) {
            self.init(coefficient: short, exponent: exponent + zeros, isNegative: isNegative)
        } else {
            self.init(normalCoefficient: digits, exponent: exponent + zeros, isNegative: isNegative)
        }
        if self.coefficient == 0 { return }
        if leadingExponent > Self.leadingExponents.upperBound { throw .overflow }
        if leadingExponent < Self.leadingExponents.lowerBound { throw .underflow }
    }

    /// The number as an integer; nil when it has a fraction, or its magnitude does not fit.
    public var integer: Int? {
        guard exponent >= 0, let magnitude = PowersOfTen.scale(coefficient, by: exponent),
            let value = Int(exactly: magnitude)
        else { return nil }
        return isNegative ? -value : value
    }

    var digitCount: Int { PowersOfTen.digits(of: coefficient) }
    /// The power of ten of the first digit.
    var leadingExponent: Int { digitCount + exponent - 1 }

    public func negated() -> DecimalNumber {
        coefficient == 0
            ? self : DecimalNumber(normalCoefficient: coefficient, exponent: exponent, isNegative: !isNegative)
    }

    /// The exact sum; a sum that needs more than 38 digits or is too large is an overflow, as on AWS.
    public func adding(_ other: DecimalNumber) throws(NumberError) -> DecimalNumber {
        if coefficient == 0 { return other }
        if other.coefficient == 0 { return self }
        // Both as multiples of the smaller power of ten. What does not fit 128 bits has more than 38 digits with either sign.
        let low = min(exponent, other.exponent)
        guard let left = PowersOfTen.scale(coefficient, by: exponent - low),
            let right = PowersOfTen.scale(other.coefficient, by: other.exponent - low)
        else { throw .overflow }
        var digits: UInt128
        let negative: Bool
        if isNegative == other.isNegative {
            let sum = left.addingReportingOverflow(right)
            guard !sum.overflow else { throw .overflow }
            digits = sum.partialValue
            negative = isNegative
        } else {
            digits = left > right ? left - right : right - left
            negative = left > right ? isNegative : other.isNegative
        }
        var exponent = low
        while digits >= PowersOfTen.limit {
            guard digits % 10 == 0 else { throw .overflow }
            digits /= 10
            exponent += 1
        }
        return try DecimalNumber(coefficient: digits, exponent: exponent, isNegative: negative)
    }

    public func subtracting(_ other: DecimalNumber) throws(NumberError) -> DecimalNumber {
        try adding(other.negated())
    }
}

extension DecimalNumber: Comparable {
    public static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative
            ? right.hasSmallerMagnitude(than: left) : left.hasSmallerMagnitude(than: right)
    }

    private func hasSmallerMagnitude(than other: DecimalNumber) -> Bool {
        guard coefficient != 0, other.coefficient != 0 else { return coefficient < other.coefficient }
        if leadingExponent != other.leadingExponent { return leadingExponent < other.leadingExponent }
        let surplus = exponent - other.exponent
        return surplus > 0
            ? coefficient * PowersOfTen.table[surplus] < other.coefficient
            : coefficient < other.coefficient * PowersOfTen.table[-surplus]
    }
}

/// Why a text or a result is not a DynamoDB number.
public enum NumberError: Error, Equatable, Sendable {
    case notNumeric
    case overflow
    case underflow
    case tooManyDigits
}

enum PowersOfTen {
    static let table: [UInt128] = (0...38).map { (power: Int) -> UInt128 in
        (0..<power).reduce(1 as UInt128) { (product: UInt128, _: Int) -> UInt128 in product * 10 }
    }
    /// Coefficients are below this.
    static let limit = table[DecimalNumber.significantDigitsMax]
    /// Ten to the power of 18: the digits of numbers below it can be counted and split with 64-bit arithmetic.
    static let short: UInt64 = 1_000_000_000_000_000_000

    /// The number of decimal digits; 1 for zero.
    static func digits(of value: UInt128) -> Int {
        guard value >= UInt128(short) else { return digits(of: UInt64(truncatingIfNeeded: value)) }
        var count = 19
        while count <= 38, value >= table[count] { count += 1 }
        return count
    }

    private static func digits(of value: UInt64) -> Int {
        var count = 1
        var power: UInt64 = 10
        while value >= power {
            count += 1
            power *= 10
        }
        return count
    }

    /// `value * 10^power`, or nil when that does not fit 128 bits.
    static func scale(_ value: UInt128, by power: Int) -> UInt128? {
        guard power < table.count else { return nil }
        let product = value.multipliedReportingOverflow(by: table[power])
        return product.overflow ? nil : product.partialValue
    }
}
