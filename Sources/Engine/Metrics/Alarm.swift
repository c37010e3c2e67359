/// An alarm: which statistic of which metric it watches, when that is too much, whom it calls, and how it stands.
public struct Alarm: Sendable, Equatable {
    /// The state of an alarm. The raw values are AWS's names.
    public enum State: String, Sendable, CaseIterable {
        case ok = "OK"
        case alarm = "ALARM"
        case insufficientData = "INSUFFICIENT_DATA"
    }

    /// What an alarm makes of periods without samples. The raw values are AWS's names.
    public enum MissingData: String, Sendable, CaseIterable {
        case missing
        case ignore
        case breaching
        case notBreaching
    }

    /// What the alarm calls when it changes into a state: ARNs of functions, or addresses.
    public struct Actions: Sendable, Equatable {
        public var ok: [String] = []
        public var alarm: [String] = []
        public var insufficientData: [String] = []

        public init() {}

        public subscript(state: State) -> [String] {
            switch state {
            case .ok: ok
            case .alarm: alarm
            case .insufficientData: insufficientData
            }
        }
    }

    /// How an alarm stands, since when, and why.
    public struct Standing: Sendable, Equatable {
        public var state: State
        public var reason: String
        /// JSON; nil when there is none.
        public var reasonData: String?
        /// When the state was last said, in milliseconds since 1970.
        public var updatedMilliseconds: UInt64
        /// When the state last became another.
        public var transitionedMilliseconds: UInt64

        public init(
            state: State, reason: String, reasonData: String? = nil, updatedMilliseconds: UInt64,
            transitionedMilliseconds: UInt64
        ) {
            self.state = state
            self.reason = reason
            self.reasonData = reasonData
            self.updatedMilliseconds = updatedMilliseconds
            self.transitionedMilliseconds = transitionedMilliseconds
        }

        /// Of an alarm that nobody has looked at yet.
        public static func initial(nowMilliseconds: UInt64) -> Standing {
            Standing(
                state: .insufficientData, reason: "Unchecked: Initial alarm creation",
                updatedMilliseconds: nowMilliseconds, transitionedMilliseconds: nowMilliseconds)
        }

        public mutating func change(to state: State, reason: String, reasonData: String?, nowMilliseconds: UInt64) {
            if state != self.state { transitionedMilliseconds = nowMilliseconds }
            self.state = state
            self.reason = reason
            self.reasonData = reasonData
            updatedMilliseconds = nowMilliseconds
        }
    }

    public var name: String
    public var description: String?
    public var actionsEnabled = true
    public var actions = Actions()
    public var metric: MetricIdentity
    public var statistic: Statistic
    public var unit: String?
    public var periodSeconds: UInt64
    public var evaluationPeriods: Int
    /// How many of the periods must be too much; nil for all.
    public var datapointsToAlarm: Int?
    public var threshold: Double
    public var comparison: AlarmComparison
    /// Nil stands for `missing`.
    public var missingData: MissingData?
    public var configuredMilliseconds: UInt64
    public var standing: Standing

    public init(
        name: String, metric: MetricIdentity, statistic: Statistic, periodSeconds: UInt64, evaluationPeriods: Int,
        threshold: Double, comparison: AlarmComparison, nowMilliseconds: UInt64
    ) {
        self.name = name
        self.metric = metric
        self.statistic = statistic
        self.periodSeconds = periodSeconds
        self.evaluationPeriods = evaluationPeriods
        self.threshold = threshold
        self.comparison = comparison
        configuredMilliseconds = nowMilliseconds
        standing = .initial(nowMilliseconds: nowMilliseconds)
    }
}

/// How a value must stand to the threshold to be too much. The raw values are AWS's names.
public enum AlarmComparison: String, Sendable, CaseIterable {
    case greaterOrEqual = "GreaterThanOrEqualToThreshold"
    case greater = "GreaterThanThreshold"
    case less = "LessThanThreshold"
    case lessOrEqual = "LessThanOrEqualToThreshold"

    public func breaches(_ value: Double, _ threshold: Double) -> Bool {
        switch self {
        case .greaterOrEqual: value >= threshold
        case .greater: value > threshold
        case .less: value < threshold
        case .lessOrEqual: value <= threshold
        }
    }

    /// As reasons say it of values that are too much, and of others.
    func text(breaching: Bool) -> String {
        let text =
            switch self {
            case .greaterOrEqual: "greater than or equal to"
            case .greater: "greater than"
            case .less: "less than"
            case .lessOrEqual: "less than or equal to"
            }
        return breaching ? text : "not " + text
    }
}
