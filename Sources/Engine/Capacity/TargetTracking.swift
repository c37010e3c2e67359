/// Decides on the capacity of one table or index that follows its use, as target tracking does: what is consumed should be a certain part
/// of what is provisioned.
///
/// AWS watches with two alarms that it makes by itself, and so does this: out when two minutes in a row were above the target, in when
/// fifteen were more than a tenth below it. (How far below, AWS does not promise; its alarms show nine tenths of the target.)
public struct TargetTracking: Sendable, Equatable {
    public static let periodMilliseconds: UInt64 = 60_000
    /// Minutes above the target before capacity grows.
    public static let periodsBeforeOut = 2
    /// Minutes below the target before capacity shrinks.
    public static let periodsBeforeIn = 15
    /// What part of the target is so low that capacity shrinks.
    public static let lowPart = 0.9

    /// What is wished.
    public struct Settings: Sendable, Equatable {
        public let minimumUnits: Int
        public let maximumUnits: Int
        /// Nil when nothing follows the use; only the bounds hold then.
        public let targetPercent: Double?
        public let isScaleInDisabled: Bool
        public let scaleInCooldownMilliseconds: UInt64
        public let scaleOutCooldownMilliseconds: UInt64

        public init(
            minimumUnits: Int, maximumUnits: Int, targetPercent: Double?, isScaleInDisabled: Bool = false,
            scaleInCooldownMilliseconds: UInt64 = 0, scaleOutCooldownMilliseconds: UInt64 = 0
        ) {
            self.minimumUnits = minimumUnits
            self.maximumUnits = maximumUnits
            self.targetPercent = targetPercent
            self.isScaleInDisabled = isScaleInDisabled
            self.scaleInCooldownMilliseconds = scaleInCooldownMilliseconds
            self.scaleOutCooldownMilliseconds = scaleOutCooldownMilliseconds
        }
    }

    /// When the minute began that is being watched; nil before the first look.
    private var periodMilliseconds: UInt64?
    private var unitsBefore = 0.0
    /// Units a second of the last minutes, newest last.
    private var rates: [Double] = []
    private var scaledOutMilliseconds: UInt64?
    private var scaledInMilliseconds: UInt64?

    public init() {}

    /// Looks at the use once; the more often, the more exactly minutes begin and end.
    ///
    /// - Parameters:
    ///   - units: what was used in total. It only grows.
    ///   - provisioned: units a second.
    /// - Returns: what should be provisioned instead; nil when nothing should change.
    public mutating func look(
        units: Double, provisioned: Int, _ settings: Settings, nowMilliseconds now: UInt64
    ) -> Int? {
        let bounded = min(max(provisioned, settings.minimumUnits), settings.maximumUnits)
        guard let began = periodMilliseconds, now >= began, units >= unitsBefore else {
            begin(units, now)
            rates = []
            return bounded == provisioned ? nil : bounded
        }
        guard now - began >= Self.periodMilliseconds else { return bounded == provisioned ? nil : bounded }
        rates.append((units - unitsBefore) * 1000 / Double(now - began))
        rates.removeFirst(max(0, rates.count - Self.periodsBeforeIn))
        begin(units, now)
        let wanted = scaled(from: bounded, settings, now)
        return wanted == provisioned ? nil : wanted
    }

    private mutating func begin(_ units: Double, _ now: UInt64) {
        periodMilliseconds = now
        unitsBefore = units
    }

    private mutating func scaled(from provisioned: Int, _ settings: Settings, _ now: UInt64) -> Int {
        guard let percent = settings.targetPercent else { return provisioned }
        let target = percent / 100
        let high = target * Double(provisioned)
        let newest = rates.suffix(Self.periodsBeforeOut)
        if newest.count == Self.periodsBeforeOut, newest.allSatisfy({ $0 > high }),
            hasPassed(settings.scaleOutCooldownMilliseconds, since: scaledOutMilliseconds, now)
        {
            let wanted = min(settings.maximumUnits, units(for: newest.max() ?? 0, target))
            guard wanted > provisioned else { return provisioned }
            scaledOutMilliseconds = now
            return wanted
        }
        if !settings.isScaleInDisabled, rates.count == Self.periodsBeforeIn,
            rates.allSatisfy({ $0 < high * Self.lowPart }),
            hasPassed(settings.scaleInCooldownMilliseconds, since: scaledInMilliseconds, now)
        {
            let wanted = max(settings.minimumUnits, units(for: rates.max() ?? 0, target))
            guard wanted < provisioned else { return provisioned }
            scaledInMilliseconds = now
            return wanted
        }
        return provisioned
    }

    private func units(for rate: Double, _ target: Double) -> Int {
        Int(min((rate / target).rounded(.up), 1e12))
    }

    private func hasPassed(_ milliseconds: UInt64, since before: UInt64?, _ now: UInt64) -> Bool {
        guard let before else { return true }
        return now < before || now - before >= milliseconds
    }
}
