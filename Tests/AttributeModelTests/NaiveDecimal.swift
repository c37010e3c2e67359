import TestSupport

/// Decimal arithmetic the slow and obvious way: an array of digits. The second opinion of the number tests.
struct NaiveDecimal: Equatable {
    /// Without zeros at either end; empty for zero.
    var digits: [Int]
    /// The value is `0.digits * 10^point`.
    var point: Int
    var isNegative: Bool

    /// A number that DynamoDB can hold.
    static func random(_ random: inout SeededRandom) -> NaiveDecimal {
        if random.below(30) == 0 { return NaiveDecimal(digits: [], point: 0, isNegative: false) }
        let count = random.pick([1, 2, 3, 8, 17, 18, 19, 20, 21, 36, 37, 38])
        var digits = (0..<count).map { _ in random.below(3) == 0 ? random.pick([0, 9]) : random.below(10) }
        digits[0] = 1 + random.below(9)
        digits[count - 1] = 1 + random.below(9)
        let point = random.below(3) == 0 ? random.pick([-129, 0, 1, count, 126]) : random.below(60) - 20
        return NaiveDecimal(digits: digits, point: point, isNegative: random.below(2) == 0)
    }

    var plainText: String {
        guard !digits.isEmpty else { return "0" }
        let text = digits.map(String.init).joined()
        let sign = isNegative ? "-" : ""
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + text }
        if point >= digits.count { return sign + text + String(repeating: "0", count: point - digits.count) }
        return sign + text.prefix(point) + "." + text.dropFirst(point)
    }

    /// One of the many ways to write this number.
    func spelling(_ random: inout SeededRandom) -> String {
        let sign = isNegative ? "-" : random.pick(["", "+"])
        let before = random.below(3)
        let shown =
            [Int](repeating: 0, count: before) + (digits.isEmpty ? [0] : digits)
            + [Int](repeating: 0, count: random.below(3))
        let text = shown.map(String.init).joined()
        let split = random.below(text.count + 1)
        let exponent = point - (split - before)
        let mantissa =
            split == text.count && random.below(2) == 0 ? text : text.prefix(split) + "." + text.dropFirst(split)
        if exponent == 0, random.below(2) == 0 { return sign + mantissa }
        let exponentSign = exponent < 0 ? "-" : random.pick(["", "+"])
        return sign + mantissa + random.pick(["e", "E"]) + exponentSign + random.pick(["", "0", "000"])
            + String(exponent.magnitude)
    }

    /// Whether this number is smaller than the other.
    func isLess(than other: NaiveDecimal) -> Bool {
        let left = digits.isEmpty ? 0 : isNegative ? -1 : 1
        let right = other.digits.isEmpty ? 0 : other.isNegative ? -1 : 1
        if left != right { return left < right }
        switch left {
        case 0: return false
        case 1: return hasSmallerMagnitude(than: other)
        default: return other.hasSmallerMagnitude(than: self)
        }
    }

    private func hasSmallerMagnitude(than other: NaiveDecimal) -> Bool {
        point == other.point ? digits.lexicographicallyPrecedes(other.digits) : point < other.point
    }

    /// The exact sum, with as many digits as it needs.
    func adding(_ other: NaiveDecimal) -> NaiveDecimal {
        guard !digits.isEmpty else { return other }
        guard !other.digits.isEmpty else { return self }
        let top = max(point, other.point)
        let bottom = min(point - digits.count, other.point - other.digits.count)
        let left = columns(from: top, to: bottom)
        let right = other.columns(from: top, to: bottom)
        var result: [Int]
        var isNegative = isNegative
        if isNegative == other.isNegative {
            result = zip(left, right).map { $0 + $1 }
        } else if hasSmallerMagnitude(than: other) {
            result = zip(right, left).map { $0 - $1 }
            isNegative = other.isNegative
        } else {
            result = zip(left, right).map { $0 - $1 }
        }
        result.insert(0, at: 0)
        for index in result.indices.dropFirst().reversed() {
            let carry = result[index] >= 10 ? 1 : result[index] < 0 ? -1 : 0
            result[index] -= 10 * carry
            result[index - 1] += carry
        }
        let leadingZeros = result.prefix { $0 == 0 }.count
        var digits = Array(result.dropFirst(leadingZeros))
        while digits.last == 0 { digits.removeLast() }
        if digits.isEmpty { return NaiveDecimal(digits: [], point: 0, isNegative: false) }
        return NaiveDecimal(digits: digits, point: top + 1 - leadingZeros, isNegative: isNegative)
    }

    /// One digit for each power of ten from `top - 1` down to `bottom`.
    private func columns(from top: Int, to bottom: Int) -> [Int] {
        [Int](repeating: 0, count: top - point) + digits + [Int](repeating: 0, count: point - digits.count - bottom)
    }
}
