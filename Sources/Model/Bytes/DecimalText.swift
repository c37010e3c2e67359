/// Numbers in decimal digits, without a string between.
extension Array where Element == UInt8 {
    /// The most digits of a `UInt64`.
    private static var decimalDigitsMax: Int { 20 }

    /// Appends the digits of a number.
    public mutating func appendDecimal(_ value: UInt64) {
        var width = 1
        var rest = value
        while rest >= 10 {
            rest /= 10
            width += 1
        }
        appendDecimal(value, width: width)
    }

    /// Appends the last digits of a number, with zeros in front up to the width.
    public mutating func appendDecimal(_ value: UInt64, width: Int) {
        precondition((1...Self.decimalDigitsMax).contains(width), "no UInt64 has \(width) digits")
        append(addingCapacity: width) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                var rest = value
                for place in (count..<count + width).reversed() {
                    buffer.initializeElement(at: place, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                    rest /= 10
                }
                count += width
            }
        }
    }
}

extension UInt64 {
    /// Reads decimal digits; nil for anything else, and for what is too large.
    public init?(decimal digits: UnsafeRawBufferPointer) {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (next, isTooLargeThen) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
            guard !isTooLarge, !isTooLargeThen else { return nil }
            value = next
        }
        self = value
    }

    /// Reads a part of the text; nil too when it does not have that part.
    public init?(decimal text: UnsafeRawBufferPointer, _ range: Range<Int>) {
        guard range.upperBound <= text.count else { return nil }
        self.init(decimal: UnsafeRawBufferPointer(rebasing: text[range]))
    }
}
