public import HTTPEndpoint
import NIOHTTP1
import WireProtocol

/// From where requests may come that look into the server or change it, run programs, write files or call addresses.
///
/// The data of the tables is open to whoever reaches the port, as the signatures of requests are not checked.
public enum AdminAccess: Sendable, Equatable {
    /// This machine only.
    case loopback
    case any
    /// These networks and this machine.
    case blocks([AddressBlock])

    /// Why a text names none.
    public struct Invalid: Error, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// - Parameter text: `loopback`, `any`, or addresses and CIDR blocks with commas between.
    public init(_ text: String) throws(Invalid) {
        switch text {
        case "loopback": self = .loopback
        case "any": self = .any
        default:
            var blocks: [AddressBlock] = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                guard let block = AddressBlock(String(part)) else {
                    throw Invalid(
                        description:
                            "must be loopback, any, or addresses and CIDR blocks such as 10.0.0.0/8, not '\(part)'")
                }
                blocks.append(block)
            }
            self = .blocks(blocks)
        }
    }

    /// - Parameter address: nil when it is unknown.
    func allows(_ address: ClientAddress?) -> Bool {
        if self == .any { return true }
        guard let address else { return false }
        if address.isLoopback { return true }
        if case .blocks(let blocks) = self { return blocks.contains { $0.contains(address) } }
        return false
    }

    /// The refusal of a request that may not come from where it comes from; nil for all others.
    func refusal(of request: HTTPRequest) -> HTTPResponse? {
        guard !allows(request.client), let what = GuardedRequest(request) else { return nil }
        return what.response(
            "\(what.text) is for requests from the server's own machine; start the server with --admin-from to allow others",
            requestID: request.id.description)
    }
}

/// What `AdminAccess` and `WebPageGuard` look after.
enum GuardedRequest {
    /// `/_tributary/`.
    case adminPage
    /// Changes in the Lambda API: functions are programs, mappings write files and call addresses.
    case functions
    /// Alarms call functions and addresses.
    case alarms(CloudWatchWire)
    /// Experiments stop replication.
    case experiments

    /// Nil for a request that anybody may make.
    init?(_ request: HTTPRequest) {
        let head = request.head
        if head.uri.hasPrefix("/_tributary/") {
            self = .adminPage
        } else if LambdaRoute.isOfLambda(head.uri[...]) {
            guard head.method != .GET, !Self.isInvocation(head) else { return nil }
            self = .functions
        } else if FaultInjectionRequest.isOfFaultInjection(head.uri) {
            guard head.method != .GET else { return nil }
            self = .experiments
        } else if let wire = MetricsSystem.wire(of: request) {
            guard wire.canAct else { return nil }
            self = .alarms(wire)
        } else {
            return nil
        }
    }

    /// A function that somebody has made may be called by anybody.
    private static func isInvocation(_ head: HTTPRequestHead) -> Bool {
        head.method == .POST && head.uri.prefix { $0 != "?" }.hasSuffix("/invocations")
    }

    var text: String {
        switch self {
        case .adminPage: "/_tributary/"
        case .functions: "changing functions and event source mappings"
        case .alarms: "changing alarms"
        case .experiments: "changing experiments"
        }
    }

    /// The refusal as the client of the API understands it.
    func response(_ sentence: String, requestID: String) -> HTTPResponse {
        switch self {
        case .adminPage: AdminPages.message(.forbidden, sentence)
        case .functions: HTTPResponse(LambdaError(.accessDenied, sentence).response)
        case .experiments: HTTPResponse(FaultInjectionError(.accessDenied, sentence).response)
        case .alarms(let wire): HTTPResponse(CloudWatchError.forbidden(sentence), as: wire, requestID: requestID)
        }
    }
}
