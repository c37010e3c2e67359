import Functions
import Logging
import Metrics
import Region
import Replication
import WireProtocol

/// Calls what alarms of one region name: functions asynchronously, addresses with a POST. Nobody waits for either.
struct AlarmActions: Sendable {
    private let region: RegionName
    private let functions: FunctionRegistry
    private let posts: FailurePosts
    private let logger: Logger

    init(_ lambda: RegionLambda, logger: Logger) {
        region = lambda.region.name
        functions = lambda.functions
        self.logger = logger
        posts = FailurePosts(
            region: region, settings: Functions.FunctionSettings(codeDirectory: "", endpointURL: nil), logger: logger)
    }

    func perform(_ alarm: Alarm, before: Alarm.Standing) {
        let event = AlarmEvent(alarm, before: before, region: region).json
        for text in alarm.actions[alarm.standing.state] {
            switch AlarmAction(text, region: region) {
            case .function(let name):
                let invocation = Functions.Invocation(requestID: RandomUUID.make(), payload: event)
                if let refusal = functions.invokeLater(name, invocation) { tell(alarm, text, "\(refusal)") }
            case .url(let url):
                posts.post(event, to: url) { refusal in
                    if let refusal { tell(alarm, text, refusal) }
                }
            case nil:
                tell(alarm, text, "it is neither a function of this region nor an address")
            }
        }
    }

    private func tell(_ alarm: Alarm, _ action: String, _ reason: String) {
        logger.error(
            "an alarm's action failed",
            metadata: [
                "region": "\(region)", "alarm": "\(alarm.name)", "action": "\(action)", "reason": "\(reason)",
            ])
    }
}
