/// What the `Host` header of a request says about the region that the request is for.
public enum EndpointHost {
    /// The region that a `Host` header names, or `nil` when it names none.
    ///
    /// Understood are `dynamodb.<region>.localhost`, `dynamodb.<region>.amazonaws.com` and both with `streams.` in front,
    /// each with or without a port, in any case. Whether the host wins over the region of the credential scope is the
    /// caller's option, and so is what to do about a region that it does not serve.
    public static func region(fromHost host: String) -> String? {
        let name = host.utf8.prefix { $0 != UInt8(ascii: ":") }
        var labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)[...]
        if let first = labels.first, isEqual(first, "streams") {
            labels.removeFirst()
        }
        guard let service = labels.popFirst(), isEqual(service, "dynamodb"), let region = labels.popFirst() else {
            return nil
        }
        let domain = Array(labels)
        let isKnownDomain =
            domain.count == 1 && isEqual(domain[0], "localhost")
            || domain.count == 2 && isEqual(domain[0], "amazonaws") && isEqual(domain[1], "com")
        let lowered = region.map(lowercased)
        guard isKnownDomain, !lowered.isEmpty, lowered.allSatisfy(isRegionByte) else { return nil }
        return String(decoding: lowered, as: UTF8.self)
    }
}

private func isEqual(_ label: Substring.UTF8View, _ literal: String) -> Bool {
    label.lazy.map(lowercased).elementsEqual(literal.utf8)
}

private func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}

private func isRegionByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
    default: false
    }
}
