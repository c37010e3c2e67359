import EventSource

/// What a request says of how records go to the function; nil where it says nothing.
struct MappingSettingsChange: Sendable, Equatable {
    static let batchItemFailures = "ReportBatchItemFailures"
    /// Stands for "no limit" where a number is optional.
    static let unlimited = -1

    let batchSize: Int?
    let batchingWindowSeconds: Int?
    let parallelizationFactor: Int?
    let retryAttempts: Int?
    let recordAgeSeconds: Int?
    let tumblingWindowSeconds: Int?
    let bisectsBatchOnError: Bool?
    let responseTypes: [String]?

    init(_ members: LambdaMembers) throws(LambdaError) {
        batchSize = try members.integer("BatchSize")
        batchingWindowSeconds = try members.integer("MaximumBatchingWindowInSeconds")
        parallelizationFactor = try members.integer("ParallelizationFactor")
        retryAttempts = try members.integer("MaximumRetryAttempts")
        recordAgeSeconds = try members.integer("MaximumRecordAgeInSeconds")
        tumblingWindowSeconds = try members.integer("TumblingWindowInSeconds")
        bisectsBatchOnError = try members.boolean("BisectBatchOnFunctionError")
        responseTypes = try members.strings("FunctionResponseTypes")
    }

    func check(_ constraints: inout Constraints) {
        constraints.checkRange(batchSize, at: "batchSize", MappingSettings.batchSizeRange)
        constraints.checkRange(batchingWindowSeconds, at: "maximumBatchingWindowInSeconds", 0...300)
        constraints.checkRange(
            parallelizationFactor, at: "parallelizationFactor", MappingSettings.parallelizationFactorRange)
        constraints.checkRange(recordAgeSeconds, at: "maximumRecordAgeInSeconds", Self.unlimited...604_800)
        constraints.checkRange(retryAttempts, at: "maximumRetryAttempts", Self.unlimited...10_000)
        constraints.checkRange(tumblingWindowSeconds, at: "tumblingWindowInSeconds", 0...900)
        constraints.checkChoices(responseTypes, at: "functionResponseTypes", countMax: 1, [Self.batchItemFailures])
    }

    /// The settings with what the request says put in place.
    func applied(to current: MappingSettings) throws(LambdaError) -> MappingSettings {
        var settings = current
        settings.batchSize = batchSize ?? current.batchSize
        settings.parallelizationFactor = parallelizationFactor ?? current.parallelizationFactor
        settings.bisectsBatchOnError = bisectsBatchOnError ?? current.bisectsBatchOnError
        if let batchingWindowSeconds { settings.batchingWindowMilliseconds = UInt64(batchingWindowSeconds) * 1000 }
        if let tumblingWindowSeconds { settings.tumblingWindowMilliseconds = UInt64(tumblingWindowSeconds) * 1000 }
        if let responseTypes { settings.reportsBatchItemFailures = responseTypes.contains(Self.batchItemFailures) }
        if let retryAttempts { settings.retryAttemptsMax = retryAttempts < 0 ? nil : retryAttempts }
        if let recordAgeSeconds {
            settings.recordAgeMaxMilliseconds = recordAgeSeconds < 0 ? nil : UInt64(recordAgeSeconds) * 1000
        }
        // The service model's ranges leave these two to say.
        let ages = MappingSettings.recordAgeMillisecondsRange
        if let age = settings.recordAgeMaxMilliseconds, !ages.contains(age) {
            throw .invalidParameter(
                "MaximumRecordAgeInSeconds must be \(Self.unlimited) or \(ages.lowerBound / 1000) to "
                    + "\(ages.upperBound / 1000), but is \(age / 1000).")
        }
        if settings.hasTumblingWindows, settings.parallelizationFactor > 1 {
            throw .invalidParameter("TumblingWindowInSeconds cannot be used with a ParallelizationFactor above 1.")
        }
        return settings
    }
}

extension Constraints {
    /// A list of enumerated values.
    mutating func checkChoices(_ values: [String]?, at path: String, countMax: Int, _ choices: [String]) {
        guard let values else { return }
        checkCount(values.count, shown: "[\(values.joined(separator: ", "))]", at: path, 0...countMax)
        for (index, value) in values.enumerated() { checkEnum(value, at: "\(path).\(index + 1).member", choices) }
    }
}
