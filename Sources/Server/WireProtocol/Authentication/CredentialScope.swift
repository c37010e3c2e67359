/// Whom a request claims to come from and where it wants to go: the `Credential` of AWS Signature Version 4,
/// `<access key ID>/<date>/<region>/<service>/aws4_request`.
public struct CredentialScope: Sendable, Hashable {
    /// The access key ID, as sent. Nothing is known about it: Tributary accepts every key.
    public let accessKeyID: String
    /// The day of the signature, `yyyymmdd`; the same day as the request's own date.
    public let date: String
    /// The region the request is for; one of the regions that `Authentication` was given.
    public let region: String
    /// The service the request is for; one of the services that `Authentication` was given.
    public let service: String

    /// A scope of these four parts; the fifth, the terminator, is always `aws4_request`.
    public init(accessKeyID: String, date: String, region: String, service: String) {
        self.accessKeyID = accessKeyID
        self.date = date
        self.region = region
        self.service = service
    }
}
