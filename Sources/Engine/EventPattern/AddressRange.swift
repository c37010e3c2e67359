/// The IP addresses of a CIDR block, from the address as written to the end of the block, or one single address.
struct AddressRange: Sendable, Hashable {
    let first: IPAddress
    let last: IPAddress
    /// As it was written.
    let text: [UInt8]

    /// - Parameter text: what the address was read from.
    init(_ address: IPAddress, text: [UInt8]) {
        first = address
        last = address
        self.text = text
    }

    init(cidr text: [UInt8]) throws(PatternError) {
        var parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        while parts.last?.isEmpty == true { parts.removeLast() }
        guard parts.count == 2 else { throw PatternError("Malformed CIDR, one '/' required") }
        guard let bits = Int(String(decoding: parts[1], as: UTF8.self)) else {
            throw PatternError("Malformed CIDR, mask bits must be an integer")
        }
        guard bits >= 0 else { throw PatternError("Malformed CIDR, mask bits must not be negative") }
        guard let address = Array(parts[0]).withUnsafeBytes({ IPAddress($0) }) else {
            throw PatternError("Nonstandard IP address: \(String(decoding: parts[0], as: UTF8.self))")
        }
        guard bits < address.bitCount else {
            throw PatternError("IPv\(address.isV4 ? 4 : 6) mask bits must be < \(address.bitCount)")
        }
        first = address
        self.text = text
        // The first address is the one that is written, even in the middle of its block.
        let free: UInt128 = (1 << UInt128(address.bitCount - bits)) &- 1
        last = IPAddress(isV4: address.isV4, value: address.value | free)
    }

    func contains(_ address: IPAddress) -> Bool {
        address.isV4 == first.isV4 && first.value <= address.value && address.value <= last.value
    }
}

/// An IPv4 or IPv6 address as event-ruler reads it from a text.
struct IPAddress: Sendable, Hashable {
    let isV4: Bool
    let value: UInt128

    var bitCount: Int { isV4 ? 32 : 128 }

    init(isV4: Bool, value: UInt128) {
        self.isV4 = isV4
        self.value = value
    }

    /// Nil when the text is no address. An IPv4 address mapped into IPv6 (`::ffff:…`) is the IPv4 address.
    init?(_ text: UnsafeRawBufferPointer) {
        let isV4 = !text.contains(UInt8(ascii: ":"))
        guard let value = isV4 ? Self.readV4(text) : Self.readV6(text) else { return nil }
        let isMapped = !isV4 && value >> 32 == 0xFFFF
        self.isV4 = isV4 || isMapped
        self.value = isMapped ? value & 0xFFFF_FFFF : value
    }

    private static func readV4(_ text: UnsafeRawBufferPointer) -> UInt128? {
        var value: UInt128 = 0
        var octet = 0
        var octets = 0
        var hasDigit = false
        for index in 0...text.count {
            if index == text.count || text[index] == UInt8(ascii: ".") {
                guard hasDigit, octets < 4 else { return nil }
                value = value << 8 | UInt128(octet)
                octets += 1
                (octet, hasDigit) = (0, false)
                continue
            }
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            octet = octet * 10 + Int(digit)
            hasDigit = true
            guard octet <= 255 else { return nil }
        }
        return octets == 4 ? value : nil
    }

    /// Eight groups of hexadecimal digits between colons; one `::` stands for as many zero groups as are missing.
    private static func readV6(_ text: UnsafeRawBufferPointer) -> UInt128? {
        let colon = UInt8(ascii: ":")
        guard text.count >= 2, text[0] != colon || text[1] == colon else { return nil }
        var value: UInt128 = 0
        var groups = 0
        var gap: Int?
        var index = text[0] == colon ? 1 : 0
        var group: UInt32 = 0
        var hasDigit = false
        while index < text.count {
            if text[index] == colon {
                if hasDigit {
                    guard groups < 8, index + 1 < text.count else { return nil }
                    value = value << 16 | UInt128(group)
                    groups += 1
                    (group, hasDigit) = (0, false)
                } else {
                    guard gap == nil else { return nil }
                    gap = groups
                }
            } else {
                guard let digit = hexadecimal(text[index]) else { return nil }
                group = group << 4 | digit
                hasDigit = true
                guard group <= 0xFFFF else { return nil }
            }
            index += 1
        }
        if hasDigit {
            guard groups < 8 else { return nil }
            value = value << 16 | UInt128(group)
            groups += 1
        }
        guard let gap else { return groups == 8 ? value : nil }
        guard groups < 8 else { return nil }
        let behind = UInt128(16 * (groups - gap))
        let tail = value & ((1 << behind) &- 1)
        return (value >> behind) << UInt128(16 * (8 - gap)) | tail
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}
