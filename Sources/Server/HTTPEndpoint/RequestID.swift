/// The `x-amzn-RequestId` of one request: 52 characters of `0-9A-V` (data-plane.md section 1).
///
/// It is 256 random bits, so no two requests share one. Random here means distinct, not unpredictable.
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
    /// How many characters the written form has.
    static let length = 52

    private let words: (UInt64, UInt64, UInt64, UInt64)

    init(_ words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    public static func == (left: RequestID, right: RequestID) -> Bool {
        left.words == right.words
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    public var description: String {
        String(unsafeUninitializedCapacity: Self.length) { characters in
            write(into: UnsafeMutableRawBufferPointer(characters))
            return Self.length
        }
    }

    /// Writes the 52 characters to the start of `bytes`: thirteen per word, five bits each but for the last, which
    /// takes the four that are left.
    func write(into bytes: UnsafeMutableRawBufferPointer) {
        writeWord(words.0, into: bytes, at: 0)
        writeWord(words.1, into: bytes, at: 13)
        writeWord(words.2, into: bytes, at: 26)
        writeWord(words.3, into: bytes, at: 39)
    }
}

@inline(__always)
private func writeWord(_ word: UInt64, into bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
    var rest = word
    for index in 0..<13 {
        let digit = UInt8(truncatingIfNeeded: rest & 31)
        bytes[offset + index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") - 10 + digit
        rest >>= 5
    }
}

/// Makes request IDs: xoshiro256++, seeded once from the operating system.
struct RequestIDGenerator {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init() {
        var system = SystemRandomNumberGenerator()
        // Not all four words may be zero.
        state = (system.next(), system.next(), system.next(), system.next() | 1)
    }

    mutating func next() -> RequestID {
        RequestID((nextWord(), nextWord(), nextWord(), nextWord()))
    }

    private mutating func nextWord() -> UInt64 {
        let sum = state.0 &+ state.3
        let result = (sum << 23 | sum >> 41) &+ state.0
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3 << 45 | state.3 >> 19
        return result
    }
}
