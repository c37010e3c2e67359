/// The fields of a handler.yaml that are there.
struct HandlerFileFields {
    enum Name: String, CaseIterable {
        case table, regions, filters
        case command, runtime, handler, python, url
        case environment, timeout, concurrency, enabled
        case batchSize, maximumBatchingWindowInSeconds, parallelizationFactor, startingPosition
        case maximumRetryAttempts, maximumRecordAgeInSeconds, bisectBatchOnFunctionError
        case reportBatchItemFailures, tumblingWindowInSeconds
        case deliverTransactions, maximumTransactionWaitInSeconds
        case onFailure, onFailurePayload

        static let all = allCases.map(\.rawValue)
    }

    /// The file as a whole, for what is missing.
    let whole: YAMLField
    private var values: [Name: YAMLField] = [:]

    init(whole: YAMLField) {
        self.whole = whole
    }

    mutating func set(_ name: Name, _ field: YAMLField) {
        values[name] = field
    }

    subscript(name: Name) -> YAMLField? { values[name] }
}
