/// How records go from a stream to a function: the settings of an event source mapping that the engine obeys.
///
/// Names, ranges and defaults are those of Lambda (reference `event-source-mapping.md` 2), times in milliseconds.
public struct MappingSettings: Sendable, Equatable {
    public static let batchSizeRange = 1...10_000
    public static let batchingWindowMillisecondsRange: ClosedRange<UInt64> = 0...300_000
    public static let parallelizationFactorRange = 1...10
    public static let retryAttemptsRange = 0...10_000
    public static let recordAgeMillisecondsRange: ClosedRange<UInt64> = 60_000...604_800_000
    public static let tumblingWindowMillisecondsRange: ClosedRange<UInt64> = 0...900_000
    /// Not Lambda's.
    public static let transactionWaitMillisecondsRange: ClosedRange<UInt64> = 1_000...86_400_000
    public static let transactionWaitMaxMillisecondsDefault: UInt64 = 3_600_000

    /// The most records of one invocation.
    public var batchSize: Int
    /// How long a batch that is not full waits for more records; 0 sends what is there.
    public var batchingWindowMilliseconds: UInt64
    /// How many invocations may run at a time, each for items of its own.
    public var parallelizationFactor: Int
    /// How often a failed batch is sent again; nil repeats it until its records expire.
    public var retryAttemptsMax: Int?
    /// The age from which records are given up; nil keeps them as long as the stream does.
    public var recordAgeMaxMilliseconds: UInt64?
    /// Whether a failed batch is halved before it is sent again.
    public var bisectsBatchOnError: Bool
    /// Whether `batchItemFailures` in the function's response counts (`ReportBatchItemFailures`).
    public var reportsBatchItemFailures: Bool
    /// The length of the windows over which the function carries state; 0 has none.
    public var tumblingWindowMilliseconds: UInt64
    public var startingPosition: StartingPosition
    /// Whether records of a transaction come together; needs one lane and excludes tumbling windows. Not Lambda's.
    public var transactionDelivery: TransactionDelivery
    /// How long records wait for a transaction of another region to arrive whole; then they are delivered as far as they are there.
    public var transactionWaitMaxMilliseconds: UInt64

    public init(
        batchSize: Int = 100, batchingWindowMilliseconds: UInt64 = 0, parallelizationFactor: Int = 1,
        retryAttemptsMax: Int? = nil, recordAgeMaxMilliseconds: UInt64? = nil, bisectsBatchOnError: Bool = false,
        reportsBatchItemFailures: Bool = false, tumblingWindowMilliseconds: UInt64 = 0,
        startingPosition: StartingPosition = .trimHorizon, transactionDelivery: TransactionDelivery = .asArrived,
        transactionWaitMaxMilliseconds: UInt64 = Self.transactionWaitMaxMillisecondsDefault
    ) {
        self.batchSize = batchSize
        self.batchingWindowMilliseconds = batchingWindowMilliseconds
        self.parallelizationFactor = parallelizationFactor
        self.retryAttemptsMax = retryAttemptsMax
        self.recordAgeMaxMilliseconds = recordAgeMaxMilliseconds
        self.bisectsBatchOnError = bisectsBatchOnError
        self.reportsBatchItemFailures = reportsBatchItemFailures
        self.tumblingWindowMilliseconds = tumblingWindowMilliseconds
        self.startingPosition = startingPosition
        self.transactionDelivery = transactionDelivery
        self.transactionWaitMaxMilliseconds = transactionWaitMaxMilliseconds
    }

    public var deliversCompleteTransactions: Bool { transactionDelivery == .complete }
    public var hasTumblingWindows: Bool { tumblingWindowMilliseconds > 0 }
}

/// Where a new mapping begins to read. Lambda's AT_TIMESTAMP is not for DynamoDB streams.
public enum StartingPosition: String, Sendable, CaseIterable {
    /// With the oldest record that the stream still has.
    case trimHorizon = "TRIM_HORIZON"
    /// With the next record.
    case latest = "LATEST"
}

extension MappingSettings {
    /// A setting that is out of its range, or that excludes another.
    public struct Violation: Error, Sendable, Equatable, CustomStringConvertible {
        /// The property of `MappingSettings`.
        public var field: String
        /// What it must be and what it is.
        public var reason: String

        public init(field: String, reason: String) {
            self.field = field
            self.reason = reason
        }

        public var description: String { "\(field) \(reason)" }
    }

    /// Everything that is wrong with the settings, in the order of the properties; empty when the engine can work with
    /// them.
    public var violations: [Violation] {
        var found: [Violation] = []
        func check<Value: Comparable>(_ field: String, _ value: Value?, _ range: ClosedRange<Value>) {
            guard let value, !range.contains(value) else { return }
            found.append(
                Violation(
                    field: field, reason: "must be \(range.lowerBound) to \(range.upperBound), but is \(value)"))
        }
        check("batchSize", batchSize, Self.batchSizeRange)
        check(
            "batchingWindowMilliseconds", batchingWindowMilliseconds, Self.batchingWindowMillisecondsRange)
        check("parallelizationFactor", parallelizationFactor, Self.parallelizationFactorRange)
        check("retryAttemptsMax", retryAttemptsMax, Self.retryAttemptsRange)
        check("recordAgeMaxMilliseconds", recordAgeMaxMilliseconds, Self.recordAgeMillisecondsRange)
        check(
            "tumblingWindowMilliseconds", tumblingWindowMilliseconds, Self.tumblingWindowMillisecondsRange)
        check(
            "transactionWaitMaxMilliseconds", transactionWaitMaxMilliseconds, Self.transactionWaitMillisecondsRange)
        if deliversCompleteTransactions, parallelizationFactor > 1 {
            found.append(
                Violation(
                    field: "parallelizationFactor",
                    reason: "must be 1 when transactions are delivered complete, but is \(parallelizationFactor)"))
        }
        if deliversCompleteTransactions, hasTumblingWindows {
            found.append(
                Violation(
                    field: "tumblingWindowMilliseconds",
                    reason: "must be 0 when transactions are delivered complete, but is \(tumblingWindowMilliseconds)"))
        }
        if hasTumblingWindows, parallelizationFactor > 1 {
            found.append(
                Violation(
                    field: "tumblingWindowMilliseconds",
                    reason: "must be 0 when parallelizationFactor is above 1, but is \(tumblingWindowMilliseconds)"))
        }
        return found
    }
}
