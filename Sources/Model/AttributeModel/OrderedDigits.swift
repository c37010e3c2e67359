import Bytes

/// The ordered bytes of a number, checked to be canonical and taken apart, but not computed: enough for its text and its size.
///
/// Valid as long as the bytes that it was read from.
struct OrderedDigits {
    static let negativeClass: UInt8 = 0x00
    static let zeroClass: UInt8 = 0x80
    static let positiveClass: UInt8 = 0xFF
    static let negativeMask: UInt8 = 0xFF
    private static let pairsMax = DecimalNumber.significantDigitsMax / 2

    private let mask: UInt8
    /// The power of ten of the first digit.
    let leadingExponent: Int
    /// The digits, two in a byte; none for zero.
    private let pairs: UnsafeRawBufferPointer
    let digitCount: Int

    /// Reads one number and stops behind its end.
    init(_ reader: inout ByteReader) throws(DamagedBytes) {
        let numberClass = try reader.readByte()
        if numberClass == Self.zeroClass {
            mask = 0
            leadingExponent = 0
            pairs = UnsafeRawBufferPointer(start: nil, count: 0)
            digitCount = 1
            return
        }
        guard numberClass == Self.negativeClass || numberClass == Self.positiveClass else {
            throw DamagedBytes(position: reader.position)
        }
        mask = ~numberClass
        leadingExponent = Int(try reader.readByte() ^ mask) + DecimalNumber.leadingExponents.lowerBound
        let start = reader.position
        var last: UInt8 = 0
        var pair = try reader.readByte() ^ mask
        // The first digit is not zero.
        guard pair > 10 else { throw DamagedBytes(position: reader.position) }
        repeat {
            guard pair <= 100 else { throw DamagedBytes(position: reader.position) }
            last = pair
            pair = try reader.readByte() ^ mask
        } while pair != 0
        pairs = UnsafeRawBufferPointer(rebasing: reader.bytes[start..<(reader.position - 1)])
        // A last pair of two zeros would be a second spelling of the same number.
        guard last > 1, pairs.count <= Self.pairsMax else { throw DamagedBytes(position: reader.position) }
        digitCount = pairs.count * 2 - (last % 10 == 1 ? 1 : 0)
    }

    var isZero: Bool { pairs.isEmpty }
    var isNegative: Bool { mask != 0 }
    var pairCount: Int { pairs.count }
    /// What the number counts for in an item, in bytes.
    var size: Int {
        isZero
            ? 1
            : DecimalNumber.size(digitCount: digitCount, leadingExponent: leadingExponent, isNegative: isNegative)
    }

    /// Two digits as their value.
    func pair(_ index: Int) -> UInt8 { (pairs[index] ^ mask) - 1 }

    /// One digit as its ASCII character.
    private func character(_ index: Int) -> UInt8 {
        let pair = pair(index / 2)
        return UInt8(ascii: "0") + (index % 2 == 0 ? pair / 10 : pair % 10)
    }

    /// Appends the normal form of the number.
    func appendText(to output: inout [UInt8]) {
        guard !isZero else { return output.append(UInt8(ascii: "0")) }
        /// Digits before the point; not positive when there are zeros behind it.
        let integerDigits = leadingExponent + 1
        let zeros = max(-integerDigits, integerDigits - digitCount, 0)
        // Sign, "0.", digits and zeros.
        output.append(addingCapacity: 3 + digitCount + zeros) { span in
            if isNegative { span.append(UInt8(ascii: "-")) }
            if integerDigits <= 0 {
                span.append(UInt8(ascii: "0"))
                span.append(UInt8(ascii: "."))
                span.append(repeating: UInt8(ascii: "0"), count: zeros)
            }
            for index in 0..<digitCount {
                if index == integerDigits, index > 0 { span.append(UInt8(ascii: ".")) }
                span.append(character(index))
            }
            if integerDigits > digitCount { span.append(repeating: UInt8(ascii: "0"), count: zeros) }
        }
    }
}
