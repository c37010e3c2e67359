/// Reads who a request comes from and which region and service it is for, out of its AWS Signature Version 4
/// parameters, with the refusals that DynamoDB has for malformed ones, in its order (data-plane.md section 2,
/// items 1 to 8).
///
/// What it does not do, because Tributary is a developer's tool:
/// - The signature is not verified and every access key is accepted, so `AWS_ACCESS_KEY_ID=test` works.
/// - The date is not compared with any clock, because Tributary's clocks can be moved. It must be well-formed
///   and on the day of the credential, as everywhere in AWS.
public struct Authentication: Sendable {
    /// The regions that a credential may name.
    public let regions: [String]
    /// The services that a credential may name, for instance `dynamodb` and `sts`. The first one is the one that the
    /// refusal of another service names.
    public let services: [String]

    /// An endpoint that serves these regions and services.
    public init(regions: [String], services: [String]) {
        self.regions = regions
        self.services = services
    }

    /// The parts of a request that say who signed it.
    public struct Request: Sendable {
        /// The `Authorization` header.
        public var authorization: String?
        /// The `X-Amz-Date` header.
        public var amzDate: String?
        /// The `Date` header, which counts when there is no `X-Amz-Date`.
        public var date: String?
        /// The request target with its query string.
        public var uri: String

        /// A request with these headers, `nil` for those that it lacks.
        public init(authorization: String?, amzDate: String?, date: String?, uri: String) {
            self.authorization = authorization
            self.amzDate = amzDate
            self.date = date
            self.uri = uri
        }

        fileprivate var signatureDate: String? {
            if let amzDate, !amzDate.isEmpty { return amzDate }
            if let date, !date.isEmpty { return date }
            return nil
        }
    }

    /// The credential scope of `request`.
    /// - Throws: the first refusal in AWS's order.
    public func credentialScope(of request: Request) throws(AuthenticationError) -> CredentialScope {
        let signedQuery = SignedQuery(uri: request.uri)
        if let authorization = request.authorization, !authorization.isEmpty {
            if signedQuery != nil { throw .foundInHeaderAndQuery }
            guard authorization.utf8.drop(while: { $0 == .space }).starts(with: "AWS4-".utf8) else { throw .missing }
            return try credentialScope(authorization: authorization, date: request.signatureDate)
        }
        guard let signedQuery else { throw .missing }
        return try credentialScope(signedQuery: signedQuery)
    }

    private func credentialScope(
        authorization: String, date: String?
    ) throws(AuthenticationError) -> CredentialScope {
        let bytes = authorization.utf8.span
        let header = AuthorizationHeader(bytes)
        guard let credential = header.credential, header.hasSignature, let signedHeaders = header.signedHeaders,
            let date
        else {
            throw .incompleteHeader(missing: header.missingParts(date: date), authorization: authorization)
        }
        try checkDate(date)
        try checkSignedHeaders(bytes, signedHeaders)
        try checkAlgorithm(bytes, header.algorithm)
        return try credentialScope(bytes, credential, date: date)
    }

    private func credentialScope(signedQuery: SignedQuery) throws(AuthenticationError) -> CredentialScope {
        var missing: [AuthenticationError.QueryPart] = []
        for part in AuthenticationError.QueryPart.allCases where signedQuery.values[part]?.isEmpty ?? true {
            missing.append(part)
        }
        guard missing.isEmpty, let algorithm = signedQuery.values[.algorithm],
            let credential = signedQuery.values[.credential],
            let signedHeaders = signedQuery.values[.signedHeaders], let date = signedQuery.values[.date]
        else {
            throw .incompleteQuery(missing: missing)
        }
        try checkDate(date)
        try checkSignedHeaders(signedHeaders.utf8.span, 0..<signedHeaders.utf8.count)
        try checkAlgorithm(algorithm.utf8.span, 0..<algorithm.utf8.count)
        return try credentialScope(credential.utf8.span, 0..<credential.utf8.count, date: date)
    }

    /// Items 7 and 8: the shape of the credential, then its content.
    private func credentialScope(
        _ bytes: Span<UInt8>, _ credential: Range<Int>, date: String
    ) throws(AuthenticationError) -> CredentialScope {
        guard let elements = ScopeElements(bytes, credential) else {
            throw .malformedScope(text(bytes, credential))
        }
        let region = regions.first { matches(bytes, elements.region, $0.utf8.span) }
        let service = services.first { matches(bytes, elements.service, $0.utf8.span) }
        let hasTerminator = matches(bytes, elements.terminator, "aws4_request")
        let isSameDay = matches(bytes, elements.date, date.utf8.span.extracting(first: 8))
        guard let region, let service, hasTerminator, isSameDay else {
            throw .wrongScope(
                .init(
                    region: region == nil ? text(bytes, elements.region) : nil,
                    expectedService: service == nil ? services.first ?? "" : nil,
                    terminator: hasTerminator ? nil : text(bytes, elements.terminator),
                    date: isSameDay ? nil : .init(scopeDate: text(bytes, elements.date), requestDate: date)))
        }
        return CredentialScope(
            accessKeyID: text(bytes, elements.accessKeyID), date: text(bytes, elements.date), region: region,
            service: service)
    }
}

/// Item 4: `yyyymmddThhmmssZ`.
private func checkDate(_ date: String) throws(AuthenticationError) {
    let bytes = date.utf8.span
    guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else {
        throw .malformedDate(date)
    }
    for index in 0..<15 where index != 8 && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
        throw .malformedDate(date)
    }
}

/// Item 5: `host` is among the names between semicolons, in any case.
private func checkSignedHeaders(_ bytes: Span<UInt8>, _ names: Range<Int>) throws(AuthenticationError) {
    let host: StaticString = "host"
    var start = names.lowerBound
    for index in names.lowerBound...names.upperBound
    where index == names.upperBound || bytes[index] == UInt8(ascii: ";") {
        if index - start == host.utf8CodeUnitCount,
            (0..<4).allSatisfy({ bytes[start + $0] | 0x20 == host.utf8Start[$0] })
        {
            return
        }
        start = index + 1
    }
    throw .unsignedHost
}

/// Item 6.
private func checkAlgorithm(_ bytes: Span<UInt8>, _ algorithm: Range<Int>) throws(AuthenticationError) {
    guard matches(bytes, algorithm, "AWS4-HMAC-SHA256") else {
        throw .unsupportedAlgorithm(text(bytes, algorithm))
    }
}

/// Where the parameters of an `Authorization` header are. They may stand between commas, spaces or both; of a
/// parameter that stands there twice the last one counts.
private struct AuthorizationHeader {
    private(set) var algorithm = 0..<0
    private(set) var credential: Range<Int>?
    private(set) var hasSignature = false
    /// May be empty: what is missing then is the signed `host`.
    private(set) var signedHeaders: Range<Int>?

    init(_ bytes: Span<UInt8>) {
        var index = 0
        var isFirst = true
        while index < bytes.count {
            if isSeparator(bytes[index]) {
                index += 1
                continue
            }
            let start = index
            while index < bytes.count, !isSeparator(bytes[index]) { index += 1 }
            if isFirst {
                algorithm = start..<index
                isFirst = false
            } else {
                read(bytes, parameter: start..<index)
            }
        }
    }

    private mutating func read(_ bytes: Span<UInt8>, parameter: Range<Int>) {
        guard let equals = parameter.first(where: { bytes[$0] == .equals }) else { return }
        let name = parameter.lowerBound..<equals
        let value = equals + 1..<parameter.upperBound
        if matches(bytes, name, "Credential") {
            credential = value.isEmpty ? nil : value
        } else if matches(bytes, name, "Signature") {
            hasSignature = !value.isEmpty
        } else if matches(bytes, name, "SignedHeaders") {
            signedHeaders = value
        }
    }

    func missingParts(date: String?) -> [AuthenticationError.HeaderPart] {
        var parts: [AuthenticationError.HeaderPart] = []
        if credential == nil { parts.append(.credential) }
        if !hasSignature { parts.append(.signature) }
        if signedHeaders == nil { parts.append(.signedHeaders) }
        if date == nil { parts.append(.date) }
        return parts
    }
}

private func isSeparator(_ byte: UInt8) -> Bool {
    byte == .space || byte == .comma
}

/// Where the five elements of a credential are. Slashes at the end do not count.
private struct ScopeElements {
    let accessKeyID, date, region, service, terminator: Range<Int>

    init?(_ bytes: Span<UInt8>, _ credential: Range<Int>) {
        var end = credential.upperBound
        while end > credential.lowerBound, bytes[end - 1] == .slash { end -= 1 }
        var slashes: InlineArray<4, Int> = .init(repeating: 0)
        var count = 0
        for index in credential.lowerBound..<end where bytes[index] == .slash {
            guard count < 4 else { return nil }
            slashes[count] = index
            count += 1
        }
        guard count == 4 else { return nil }
        accessKeyID = credential.lowerBound..<slashes[0]
        date = slashes[0] + 1..<slashes[1]
        region = slashes[1] + 1..<slashes[2]
        service = slashes[2] + 1..<slashes[3]
        terminator = slashes[3] + 1..<end
    }
}

private func matches(_ bytes: Span<UInt8>, _ range: Range<Int>, _ other: Span<UInt8>) -> Bool {
    guard range.count == other.count else { return false }
    for index in 0..<other.count where bytes[range.lowerBound + index] != other[index] { return false }
    return true
}

private func matches(_ bytes: Span<UInt8>, _ range: Range<Int>, _ literal: StaticString) -> Bool {
    guard range.count == literal.utf8CodeUnitCount else { return false }
    for index in 0..<literal.utf8CodeUnitCount where bytes[range.lowerBound + index] != literal.utf8Start[index] {
        return false
    }
    return true
}

private func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    bytes.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
}

extension UInt8 {
    fileprivate static var space: UInt8 { UInt8(ascii: " ") }
    fileprivate static var comma: UInt8 { UInt8(ascii: ",") }
    fileprivate static var equals: UInt8 { UInt8(ascii: "=") }
    fileprivate static var slash: UInt8 { UInt8(ascii: "/") }
}
