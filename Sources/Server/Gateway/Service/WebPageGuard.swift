import HTTPEndpoint
import NIOHTTP1
import WireProtocol

/// Keeps web pages away from what could harm the machine: with functions and admin changes, any page in the browser of somebody who runs
/// this server could run programs here. DynamoDB's own operations are open to pages, as on AWS.
enum WebPageGuard {
    /// The refusal of a request that a browser makes for a page: it says so in `Origin`, also when it asks for permission.
    static func refusal(of request: HTTPRequest) -> HTTPResponse? {
        let head = request.head
        guard head.headers.contains(name: "origin") else { return nil }
        let isAdminChange = head.uri.hasPrefix("/_tributary/") && head.method != .GET
        // Alarms call functions and addresses.
        guard
            LambdaRoute.isOfLambda(head.uri[...]) || FaultInjectionRequest.isOfFaultInjection(head.uri) || isAdminChange
                || MetricsSystem.wire(of: request) != nil
        else {
            return nil
        }
        return AdminPages.message(
            .forbidden, "requests of web pages (with an Origin header) may not use \(head.uri.prefix { $0 != "?" })")
    }
}
