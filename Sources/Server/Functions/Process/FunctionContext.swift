import Logging
import Replication

/// What a process of a function is given besides its definition.
struct FunctionContext: Sendable {
    let region: RegionName
    let accountID: String
    let clock: FunctionClock
    let output: ProcessOutput
    /// For what the server has to say about functions.
    let logger: Logger

    func functionARN(_ name: String) -> String {
        "arn:aws:lambda:\(region.name):\(accountID):function:\(name)"
    }
}
