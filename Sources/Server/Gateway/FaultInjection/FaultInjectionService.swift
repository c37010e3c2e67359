import Dispatch
import Functions
import HTTPEndpoint
import KeyValueStore
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import Partition
import Region
import Replication
import Synchronization
import WireProtocol

/// The AWS Fault Injection Service, as far as it pauses the replication of global tables.
///
/// Templates are kept in their region. Experiments live as long as the process, as what they do to links does. Everything happens on one
/// queue, which may wait for stores and links.
final class FaultInjectionService: Sendable {
    /// Templates of one region, as on AWS.
    static let templatesMax = 500
    /// Experiments that a region remembers; those that ended first are forgotten first.
    static let experimentsMax = 1000
    /// How often the alarms are looked at that stop experiments, in milliseconds.
    private static let alarmMilliseconds = 1000
    private static let templatePrefix = "experiment-template/"
    private static let idDigits = Array("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ123456789")
    private static let idLength = 14

    private struct State {
        var templates: [RegionName: [String: ExperimentTemplate]] = [:]
        var experiments: [RegionName: [Experiment]] = [:]
        var isWatchingAlarms = false
    }

    private let regions: RegionSet
    private let metrics: MetricsSystem
    private let logger: Logger
    private let queue = DispatchQueue(label: "fault-injection")
    private let state = Mutex(State())

    init(_ regions: RegionSet, _ metrics: MetricsSystem, logger: Logger) {
        self.regions = regions
        self.metrics = metrics
        self.logger = logger
        for region in regions.regions { load(region) }
    }

    private func load(_ region: Region) {
        let kept = (try? KeptValue.values(withPrefix: Self.templatePrefix, reading: region.store)) ?? []
        for (name, bytes) in kept {
            do throws(FaultInjectionError) {
                let template = try ExperimentTemplate(decoding: bytes, in: region.name)
                state.withLock { $0.templates[region.name, default: [:]][template.id] = template }
            } catch {
                logger.error(
                    "a stored experiment template cannot be read",
                    metadata: ["region": "\(region.name)", "template": "\(name)", "error": "\(error.message)"])
            }
        }
    }

    /// Answers a request of the FIS API. Never blocks.
    func handle(_ request: HTTPRequest, in name: RegionName, _ responder: Responder) {
        queue.async { [self] in
            do throws(FaultInjectionError) {
                let request = try FaultInjectionRequest(
                    method: request.head.method.rawValue, uri: request.head.uri,
                    body: Array(request.body.readableBytesView))
                responder.respond(HTTPResponse(try answer(request, in: name)))
            } catch {
                responder.respond(HTTPResponse(error.response))
            }
        }
    }

    private func answer(
        _ request: FaultInjectionRequest, in region: RegionName
    ) throws(FaultInjectionError) -> FaultInjectionResponse {
        switch request {
        case .createTemplate(let plan, let token): return try create(plan, token, in: region).response
        case .getTemplate(let id): return try template(id, in: region).response
        case .listTemplates(let page):
            return ExperimentTemplate.list(state.withLock { Array(($0.templates[region] ?? [:]).values) }, page)
        case .deleteTemplate(let id):
            let template = try template(id, in: region)
            try keep(nil, id, in: region)
            _ = state.withLock { $0.templates[region]?.removeValue(forKey: id) }
            return template.response
        case .start(let start): return try begin(start, in: region).response
        case .getExperiment(let id): return try experiment(id, in: region).response
        case .listExperiments(let page, let templateID):
            let all = state.withLock { $0.experiments[region] ?? [] }
            return Experiment.list(all.filter { templateID == nil || $0.template.id == templateID }, page)
        case .stop(let id):
            guard try experiment(id, in: region).status == .running else {
                throw .validation("The experiment \(id) has ended already.")
            }
            end(id, .stopped, "Experiment stopped by user.", in: region)
            return try experiment(id, in: region).response
        }
    }

    // MARK: Templates

    private func template(_ id: String, in region: RegionName) throws(FaultInjectionError) -> ExperimentTemplate {
        guard let template = state.withLock({ $0.templates[region]?[id] }) else {
            throw .init(.resourceNotFound, "There is no experiment template \(id).")
        }
        return template
    }

    private func create(
        _ plan: ExperimentPlan, _ token: String, in region: RegionName
    ) throws(FaultInjectionError) -> ExperimentTemplate {
        let known = state.withLock { $0.templates[region] ?? [:] }
        if let same = known.values.first(where: { $0.clientToken == token }) {
            guard same.plan == plan else {
                throw .init(.conflict, "The client token \(token) was used for another experiment template.")
            }
            return same
        }
        guard known.count < Self.templatesMax else {
            throw .init(.quotaExceeded, "A region has at most \(Self.templatesMax) experiment templates.")
        }
        let template = ExperimentTemplate(
            id: Self.makeID("EXT"), region: region, plan: plan, clientToken: token,
            createdMilliseconds: WallClock.system.milliseconds)
        try keep(template.encoded, template.id, in: region)
        state.withLock { $0.templates[region, default: [:]][template.id] = template }
        return template
    }

    private func keep(_ bytes: [UInt8]?, _ id: String, in name: RegionName) throws(FaultInjectionError) {
        let kept = KeptValue(name: Self.templatePrefix + id, value: bytes, isDurable: true)
        guard let region = regions.region(name), case .done = region.perform(.keep(kept)) else { throw .internalError }
    }

    private static func makeID(_ prefix: String) -> String {
        prefix + String((0..<idLength).map { _ in idDigits[Int.random(in: idDigits.indices)] })
    }

    // MARK: Experiments

    private func experiment(_ id: String, in region: RegionName) throws(FaultInjectionError) -> Experiment {
        guard let experiment = state.withLock({ $0.experiments[region]?.first { $0.id == id } }) else {
            throw .init(.resourceNotFound, "There is no experiment \(id).")
        }
        return experiment
    }

    private func begin(_ start: ExperimentStart, in region: RegionName) throws(FaultInjectionError) -> Experiment {
        let template = try template(start.templateID, in: region)
        if let same = state.withLock({ $0.experiments[region]?.first { $0.start.clientToken == start.clientToken } }) {
            guard same.start == start else {
                throw .init(.conflict, "The client token \(start.clientToken) was used for another experiment.")
            }
            return same
        }
        let now = WallClock.system.milliseconds
        let experiment = Experiment(id: Self.makeID("EXP"), template, start, nowMilliseconds: now)
        state.withLock { state in
            var all = state.experiments[region] ?? []
            if all.count >= Self.experimentsMax, let old = all.firstIndex(where: { $0.status != .running }) {
                all.remove(at: old)
            }
            state.experiments[region] = all + [experiment]
        }
        if !start.skipsActions, let reason = unresolved(template.plan, in: region) {
            end(experiment.id, .failed, reason, in: region)
        } else {
            advance(experiment.id, in: region)
            watchAlarms()
        }
        return try self.experiment(experiment.id, in: region)
    }

    /// Why a target is none; nil when all are global tables of the region.
    private func unresolved(_ plan: ExperimentPlan, in name: RegionName) -> String? {
        for arn in plan.actions.flatMap(\.tables) {
            guard let table = TableARN(arn), table.region == name.name,
                let found = regions.region(name)?.catalogue.table(named: table.table), found.isGlobal
            else { return "Target resolution returned empty set: \(arn) is no global table of \(name)." }
        }
        return nil
    }

    private func advance(_ id: String, in region: RegionName) {
        let now = WallClock.system.milliseconds
        let (effects, next) = change(id, in: region) { ($0.advance(to: now), $0.nextMilliseconds) } ?? ([], nil)
        perform(effects, of: id, in: region)
        guard let next else { return }
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(clamping: max(next, now + 1) - now))) { [weak self] in
            self?.advance(id, in: region)
        }
    }

    private func end(_ id: String, _ status: Experiment.Status, _ reason: String, in region: RegionName) {
        let now = WallClock.system.milliseconds
        perform(change(id, in: region) { $0.end(status, reason, at: now) } ?? [], of: id, in: region)
    }

    private func change<Result>(
        _ id: String, in region: RegionName, _ body: (inout Experiment) -> Result
    ) -> Result? {
        state.withLock { state in
            guard let index = state.experiments[region]?.firstIndex(where: { $0.id == id }),
                var experiment = state.experiments[region]?[index]
            else { return nil }
            defer { state.experiments[region]?[index] = experiment }
            return body(&experiment)
        }
    }

    private func perform(_ effects: [Experiment.Effect], of id: String, in region: RegionName) {
        for effect in effects {
            let (tables, isPaused) =
                switch effect {
                case .pause(let tables): (tables, true)
                case .resume(let tables): (tables, false)
                }
            for table in tables.compactMap({ TableARN($0) }) {
                regions.setPaused(isPaused, table: table.table, to: region, by: id)
            }
        }
    }

    // MARK: Alarms that stop experiments

    private func watchAlarms() {
        let mustStart = state.withLock { state in
            guard !state.isWatchingAlarms, Self.hasWatched(state) else { return false }
            state.isWatchingAlarms = true
            return true
        }
        if mustStart { scheduleLook() }
    }

    private static func hasWatched(_ state: State) -> Bool {
        state.experiments.values.contains { all in
            all.contains { $0.status == .running && !$0.template.plan.stopAlarms.isEmpty }
        }
    }

    private func scheduleLook() {
        queue.asyncAfter(deadline: .now() + .milliseconds(Self.alarmMilliseconds)) { [weak self] in self?.lookAtAlarms()
        }
    }

    private func lookAtAlarms() {
        for (region, experiments) in state.withLock({ $0.experiments }) {
            let ringing = Set(
                (metrics.regions[region]?.allAlarms ?? []).filter { $0.standing.state == .alarm }
                    .map { $0.arn(in: region) })
            for experiment in experiments where experiment.status == .running {
                guard let alarm = experiment.template.plan.stopAlarms.first(where: { ringing.contains($0) }) else {
                    continue
                }
                end(experiment.id, .stopped, "Experiment stopped by the stop condition \(alarm).", in: region)
            }
        }
        let mustLook = state.withLock { state in
            state.isWatchingAlarms = Self.hasWatched(state)
            return state.isWatchingAlarms
        }
        if mustLook { scheduleLook() }
    }
}

extension HTTPResponse {
    init(_ response: FaultInjectionResponse) {
        var fields = HTTPHeaders()
        if let error = response.errorType { fields.add(name: FaultInjectionResponse.errorField, value: error) }
        self.init(
            status: HTTPResponseStatus(statusCode: response.status),
            headers: AWSResponseHeaders(contentType: .json, hasChecksum: false), fields: fields,
            body: response.body)
    }
}
