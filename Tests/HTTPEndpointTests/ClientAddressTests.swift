import NIOCore
import Testing

@testable import HTTPEndpoint

struct ClientAddressTests {
    private static func client(_ text: String) throws -> ClientAddress {
        try #require(ClientAddress(try SocketAddress(ipAddress: text, port: 1)))
    }

    @Test(
        "loopback in all its forms",
        arguments: [
            ("127.0.0.1", true), ("127.255.255.254", true), ("::1", true), ("::ffff:127.0.0.1", true),
            ("::ffff:127.9.9.9", true), ("128.0.0.1", false), ("126.255.255.255", false), ("::ffff:10.0.0.1", false),
            ("::2", false), ("::", false), ("0.0.0.0", false), ("::127.0.0.1", false), ("fe80::1", false),
        ])
    func loopback(text: String, expected: Bool) throws {
        #expect(try Self.client(text).isLoopback == expected)
    }

    @Test(
        "blocks",
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3/8", "10.9.9.9", true),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true), ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:1::1", true), ("2001:db8::/32", "2001:db9::1", false),
            ("::ffff:10.0.0.0/104", "10.7.7.7", true), ("192.0.2.0/31", "192.0.2.1", true),
        ])
    func blocks(block: String, address: String, expected: Bool) throws {
        #expect(try #require(AddressBlock(block)).contains(try Self.client(address)) == expected)
    }

    @Test(
        "what is no block",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0", "localhost", "::/129", " ::1",
        ])
    func faulty(text: String) {
        #expect(AddressBlock(text) == nil)
    }

    @Test("a unix socket has no address") func unixSocket() throws {
        #expect(ClientAddress(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
        #expect(ClientAddress(nil) == nil)
    }
}
