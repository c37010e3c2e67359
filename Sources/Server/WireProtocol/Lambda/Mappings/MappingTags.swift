import EventSource

/// Settings that Lambda's API has no members for: an AWS client gives them as tags of the event source mapping.
///
/// `tributary:deliverTransactions` is `complete` or `as-arrived`, `tributary:maximumTransactionWaitInSeconds` a whole number. A tag that is
/// taken away leaves the default.
enum MappingTags {
    static let transactionDelivery = "tributary:deliverTransactions"
    static let transactionWait = "tributary:maximumTransactionWaitInSeconds"

    static func applied(_ tags: [String: String], to settings: MappingSettings) throws(LambdaError) -> MappingSettings {
        var settings = settings
        settings.transactionDelivery = try delivery(tags[transactionDelivery])
        settings.transactionWaitMaxMilliseconds = try waitMilliseconds(tags[transactionWait])
        guard settings.deliversCompleteTransactions else { return settings }
        let tag = "The tag \(transactionDelivery)=\(TransactionDelivery.complete.rawValue)"
        if settings.parallelizationFactor > 1 {
            throw .invalidParameter("\(tag) cannot be used with a ParallelizationFactor above 1.")
        }
        if settings.hasTumblingWindows {
            throw .invalidParameter("\(tag) cannot be used with TumblingWindowInSeconds.")
        }
        return settings
    }

    private static func delivery(_ text: String?) throws(LambdaError) -> TransactionDelivery {
        guard let text else { return .asArrived }
        guard let delivery = TransactionDelivery(rawValue: text) else {
            let choices = TransactionDelivery.allCases.map(\.rawValue).joined(separator: " or ")
            throw .invalidParameter("The tag \(transactionDelivery) must be \(choices), but is \(text).")
        }
        return delivery
    }

    private static func waitMilliseconds(_ text: String?) throws(LambdaError) -> UInt64 {
        guard let text else { return MappingSettings.transactionWaitMaxMillisecondsDefault }
        let range = MappingSettings.transactionWaitMillisecondsRange
        let seconds = range.lowerBound / 1000...range.upperBound / 1000
        guard let value = UInt64(text), seconds.contains(value) else {
            throw .invalidParameter(
                "The tag \(transactionWait) must be \(seconds.lowerBound) to \(seconds.upperBound), but is \(text).")
        }
        return value * 1000
    }
}
