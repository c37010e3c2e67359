import Partition

/// `GetCallerIdentity` of STS, so that tools that ask for their account before anything else learn the one in the tables' ARNs.
///
/// STS speaks AWS's query protocol: a form in, XML out (`text/xml`), also for errors.
public enum CallerIdentity {
    /// What the content type of the answers is.
    public static let contentType = "text/xml"
    /// Every caller is the root user of the one account.
    public static let arn = "arn:aws:iam::\(TableDefinition.account):root"
    /// How many fields are read; GetCallerIdentity has two.
    private static let fieldsMax = 16
    private static let namespace = "https://sts.amazonaws.com/doc/2011-06-15/"

    /// - Parameters:
    ///   - form: the body, `application/x-www-form-urlencoded`.
    ///   - requestID: what the answer's `x-amzn-RequestId` says.
    public static func response(toForm form: [UInt8], requestID: String) -> WireResponse {
        let fields = FormFields(form, countMax: fieldsMax)
        switch fields["Action"] {
        case "GetCallerIdentity":
            return xml(
                200,
                """
                <GetCallerIdentityResponse xmlns="\(namespace)">
                  <GetCallerIdentityResult>
                    <Arn>\(arn)</Arn>
                    <UserId>\(TableDefinition.account)</UserId>
                    <Account>\(TableDefinition.account)</Account>
                  </GetCallerIdentityResult>
                  <ResponseMetadata>
                    <RequestId>\(requestID)</RequestId>
                  </ResponseMetadata>
                </GetCallerIdentityResponse>

                """)
        case nil:
            return failure("MissingAction", "The request must contain the parameter Action", requestID)
        case let action?:
            let version = fields["Version"] ?? "2011-06-15"
            return failure("InvalidAction", "Could not find operation \(action) for version \(version)", requestID)
        }
    }

    private static func failure(_ code: String, _ message: String, _ requestID: String) -> WireResponse {
        xml(
            400,
            """
            <ErrorResponse xmlns="\(namespace)">
              <Error>
                <Type>Sender</Type>
                <Code>\(code)</Code>
                <Message>\(XMLText.escaped(message))</Message>
              </Error>
              <RequestId>\(requestID)</RequestId>
            </ErrorResponse>

            """)
    }

    private static func xml(_ status: Int, _ text: String) -> WireResponse {
        WireResponse(status: status, body: Array(text.utf8))
    }
}
