import Dispatch
import Functions
import KeyValueStore
import Logging
import Metrics
import Partition
import Region
import Synchronization
import WireProtocol

/// The metrics and alarms of one region. Alarms are kept in the region; metrics are gone with the process.
final class RegionMetrics: Sendable {
    /// Alarms of one region.
    static let alarmsMax = 5000
    private static let alarmPrefix = "alarm/"
    /// Alarms are looked at when a period ends, and at least so often, in milliseconds.
    private static let evaluationMilliseconds: UInt64 = 60_000

    let region: Region
    private let logger: Logger
    private let store = Mutex(MetricStore())
    private let alarms = Mutex<[String: Alarm]>([:])
    /// For each alarm the stretch of time in which it was last looked at.
    private let evaluated = Mutex<[String: UInt64]>([:])
    /// Changes of alarms, one after the other; they wait for the store.
    let queue: DispatchQueue
    private let actions = Mutex<AlarmActions?>(nil)

    init(region: Region, logger: Logger) {
        self.region = region
        self.logger = logger
        queue = DispatchQueue(label: "alarms.\(region.name)")
    }

    private var now: UInt64 { region.wallClock.milliseconds }

    /// Reads the kept alarms back; they act from now on.
    func start(_ actions: AlarmActions) throws(StoreError) {
        for (name, bytes) in try KeptValue.values(withPrefix: Self.alarmPrefix, reading: region.store) {
            do throws(CloudWatchError) {
                let alarm = try Alarm(decoding: bytes, in: region.name)
                alarms.withLock { $0[alarm.name] = alarm }
            } catch {
                logger.error(
                    "a stored alarm cannot be read",
                    metadata: ["region": "\(region.name)", "alarm": "\(name)", "error": "\(error.message)"])
            }
        }
        self.actions.withLock { $0 = actions }
    }

    // MARK: Samples

    func record(_ set: StatisticSet, _ unit: String, of metric: MetricIdentity) {
        let now = now
        store.withLock { _ = $0.record(set, unit: unit, of: metric, at: now, now: now) }
    }

    func put(_ samples: [MetricSample]) {
        let now = now
        store.withLock { store in
            for sample in samples {
                store.record(sample.set, unit: sample.unit, of: sample.metric, at: sample.milliseconds, now: now)
            }
        }
    }

    func answer(_ query: MetricQuery) -> CloudWatchResponse {
        let store = store.withLock { $0 }
        return query.response(reading: store)
    }

    func trim() {
        let now = now
        store.withLock { $0.trim(now: now) }
    }

    // MARK: Alarms

    var allAlarms: [Alarm] { alarms.withLock { Array($0.values) } }

    /// Makes an alarm, or gives it other settings and leaves its state. To be called on `queue`, as the changes below.
    func put(_ alarm: Alarm) throws(CloudWatchError) {
        var alarm = alarm
        let (known, count) = alarms.withLock { ($0[alarm.name], $0.count) }
        guard known != nil || count < Self.alarmsMax else { throw .tooManyAlarms(Self.alarmsMax) }
        if let known { alarm.standing = known.standing }
        try keep(alarm)
        _ = evaluated.withLock { $0.removeValue(forKey: alarm.name) }
    }

    /// Removes all of them or, if there is one that is not there, none.
    func delete(_ names: [String]) throws(CloudWatchError) {
        try requireAlarms(names)
        for name in names {
            try keep(nil, name)
            _ = alarms.withLock { $0.removeValue(forKey: name) }
        }
    }

    func setActionsEnabled(_ isEnabled: Bool, _ names: [String]) throws(CloudWatchError) {
        try requireAlarms(names)
        for var alarm in names.compactMap({ name in alarms.withLock { $0[name] } }) {
            alarm.actionsEnabled = isEnabled
            alarm.configuredMilliseconds = now
            try keep(alarm)
        }
    }

    /// Says how an alarm stands until it is looked at again.
    func set(_ change: AlarmStateChange) throws(CloudWatchError) {
        guard var alarm = alarms.withLock({ $0[change.name] }) else { throw .noAlarms([change.name]) }
        let before = alarm.standing
        alarm.standing.change(
            to: change.state, reason: change.reason, reasonData: change.reasonData, nowMilliseconds: now)
        try keep(alarm)
        if change.state != before.state { act(on: alarm, before: before) }
    }

    /// Looks at the alarms that are due.
    func evaluate() {
        let now = now
        for alarm in allAlarms {
            let stretch = now / min(alarm.periodSeconds * 1000, Self.evaluationMilliseconds)
            guard evaluated.withLock({ $0.updateValue(stretch, forKey: alarm.name) }) != stretch else { continue }
            evaluate(alarm, now)
        }
        let names = Set(allAlarms.map(\.name))
        evaluated.withLock { $0 = $0.filter { names.contains($0.key) } }
    }

    private func evaluate(_ alarm: Alarm, _ now: UInt64) {
        let series = store.withLock { $0[alarm.metric] }.flatMap {
            alarm.unit == nil || alarm.unit == $0.unit ? $0 : nil
        }
        let range = AlarmEvaluation.range(of: alarm, nowMilliseconds: now)
        let evaluation = AlarmEvaluation(
            alarm, datapoints: series?.statistics(in: range, periodSeconds: alarm.periodSeconds) ?? [],
            nowMilliseconds: now)
        guard let state = evaluation.state, state != alarm.standing.state else { return }
        var changed = alarm
        changed.standing.change(
            to: state, reason: evaluation.reason, reasonData: evaluation.reasonData, nowMilliseconds: now)
        do throws(CloudWatchError) {
            try keep(changed)
            act(on: changed, before: alarm.standing)
        } catch {
            logger.error(
                "an alarm's state cannot be stored",
                metadata: ["region": "\(region.name)", "alarm": "\(alarm.name)"])
        }
    }

    private func act(on alarm: Alarm, before: Alarm.Standing) {
        logger.notice(
            "an alarm changed its state",
            metadata: [
                "region": "\(region.name)", "alarm": "\(alarm.name)", "from": "\(before.state.rawValue)",
                "to": "\(alarm.standing.state.rawValue)", "reason": "\(alarm.standing.reason)",
            ])
        guard alarm.actionsEnabled else { return }
        actions.withLock { $0 }?.perform(alarm, before: before)
    }

    private func requireAlarms(_ names: [String]) throws(CloudWatchError) {
        let missing = names.filter { name in alarms.withLock { $0[name] == nil } }
        if !missing.isEmpty { throw .noAlarms(missing) }
    }

    private func keep(_ alarm: Alarm) throws(CloudWatchError) {
        try keep(alarm.encoded(in: region.name), alarm.name)
        alarms.withLock { $0[alarm.name] = alarm }
    }

    private func keep(_ bytes: [UInt8]?, _ name: String) throws(CloudWatchError) {
        let kept = KeptValue(name: Self.alarmPrefix + name, value: bytes, isDurable: true)
        guard case .done = region.perform(.keep(kept)) else { throw .internalError }
    }
}
