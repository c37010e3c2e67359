public import Bytes

/// The stored form of a number: bytes that order as the numbers do and that show their own end.
///
/// Layout: class (0x00 negative, 0x80 zero, 0xFF positive); for non-zero numbers the exponent of the leading digit plus 130, then the
/// digits in pairs as 1 to 100, then 0x00. In negative numbers everything behind the class is complemented.
extension DecimalNumber {
    /// Class, exponent, the pairs of 38 digits, end.
    static let orderedBytesMax = 22

    public var orderedBytes: [UInt8] {
        withOrderedBytes { Array($0) }
    }

    public func appendOrderedBytes(to output: inout [UInt8]) {
        withOrderedBytes { output.append(contentsOf: $0) }
    }

    func withOrderedBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: Self.orderedBytesMax, alignment: 1) { buffer in
            var writer = ByteWriter(buffer)
            appendOrderedBytes(to: &writer)
            return body(writer.written)
        }
    }

    func appendOrderedBytes(to writer: inout ByteWriter) {
        guard coefficient != 0 else { return writer.append(OrderedDigits.zeroClass) }
        let mask = isNegative ? OrderedDigits.negativeMask : 0
        let digits = digitCount
        writer.append(isNegative ? OrderedDigits.negativeClass : OrderedDigits.positiveClass)
        writer.append(UInt8(digits + exponent - 1 - Self.leadingExponents.lowerBound) ^ mask)
        let pairs = writer.appendRoom((digits + 1) / 2)
        var rest = digits % 2 == 0 ? coefficient : coefficient * 10
        var index = pairs.count
        while index > 0 {
            // Eighteen digits at a time: dividing 64-bit numbers is much faster than dividing 128-bit numbers.
            var part = UInt64(truncatingIfNeeded: rest)
            if rest < UInt128(PowersOfTen.short) {
                rest = 0
            } else {
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: UInt128(PowersOfTen.short))
                part = UInt64(truncatingIfNeeded: remainder)
                rest = quotient
            }
            let partStart = max(0, index - 9)
            while index > partStart {
                index -= 1
                pairs[index] = (UInt8(part % 100) + 1) ^ mask
                part /= 100
            }
        }
        writer.append(mask)
    }

    /// Reads one number and stops behind its end.
    public init(orderedBytes reader: inout ByteReader) throws(DamagedBytes) {
        self.init(try OrderedDigits(&reader))
    }

    init(_ digits: OrderedDigits) {
        guard !digits.isZero else {
            self = .zero
            return
        }
        // Nine pairs fit 64 bits; the last pair may end with a zero that is no digit of the number.
        var short: UInt64 = 0
        for index in 0..<min(9, digits.pairCount - 1) { short = short * 100 + UInt64(digits.pair(index)) }
        var coefficient = UInt128(short)
        for index in min(9, digits.pairCount - 1)..<(digits.pairCount - 1) {
            coefficient = coefficient * 100 + UInt128(digits.pair(index))
        }
        let last = UInt128(digits.pair(digits.pairCount - 1))
        coefficient = last % 10 == 0 ? coefficient * 10 + last / 10 : coefficient * 100 + last
        self.init(
            normalCoefficient: coefficient, exponent: digits.leadingExponent - digits.digitCount + 1,
            isNegative: digits.isNegative)
    }
}
