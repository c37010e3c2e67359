import NIOCore

/// Where a connection comes from, as 16 bytes of an IPv6 address; those of IPv4 are mapped into it (RFC 4291, 2.5.5.2).
public struct ClientAddress: Sendable, Hashable {
    /// Bits in network order.
    public let bits: UInt128

    private static let mappedPrefix: UInt128 = 0xFFFF << 32

    public init(bits: UInt128) {
        self.bits = bits
    }

    /// - Parameter bits: an IPv4 address in network order.
    public init(mapping bits: UInt32) {
        self.init(bits: Self.mappedPrefix | UInt128(bits))
    }

    /// Nil for what has no IP address.
    init?(_ address: SocketAddress?) {
        switch address {
        case .v4?: self.init(mapping: UInt32(Self.bits(of: address, at: 4, count: 4)))
        case .v6?: self.init(bits: Self.bits(of: address, at: 8, count: 16))
        case .unixDomainSocket?, nil: return nil
        }
    }

    /// Bytes of a `sockaddr_in`, whose address begins behind family and port, or of a `sockaddr_in6`, where a flow label is between.
    private static func bits(of address: SocketAddress?, at offset: Int, count: Int) -> UInt128 {
        address?.withSockAddr { pointer, size in
            UnsafeRawBufferPointer(start: pointer, count: size).dropFirst(offset).prefix(count).reduce(0) {
                $0 << 8 | UInt128($1)
            }
        } ?? 0
    }

    /// 127.0.0.0/8, as such or mapped, and ::1.
    public var isLoopback: Bool { bits == 1 || bits >> 24 == (Self.mappedPrefix >> 24) | 127 }
}

/// The addresses of one network, as in `10.0.0.0/8` or `fd00::/8`.
public struct AddressBlock: Sendable, Hashable {
    private let bits: UInt128
    private let prefixLength: Int

    /// Nil for what is no address or block. An address alone is a block of one.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let isIPv4 = !parts[0].contains(":")
        guard
            let address = try? SocketAddress(ipAddress: parts[0], port: 0), let client = ClientAddress(address)
        else { return nil }
        var length = 128
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let given = Int(parts[1]), given <= (isIPv4 ? 32 : 128)
            else { return nil }
            length = isIPv4 ? 96 + given : given
        }
        prefixLength = length
        bits = client.bits & Self.mask(length)
    }

    public func contains(_ address: ClientAddress) -> Bool { address.bits & Self.mask(prefixLength) == bits }

    private static func mask(_ length: Int) -> UInt128 { length == 0 ? 0 : UInt128.max << (128 - length) }
}
