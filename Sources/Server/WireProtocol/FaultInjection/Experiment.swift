import JSONBytes
import Partition
public import Replication

/// A template with its id.
public struct ExperimentTemplate: Sendable, Equatable {
    public let id: String
    public let region: RegionName
    public let plan: ExperimentPlan
    public let clientToken: String
    let createdMilliseconds: UInt64

    public init(
        id: String, region: RegionName, plan: ExperimentPlan, clientToken: String, createdMilliseconds: UInt64
    ) {
        self.id = id
        self.region = region
        self.plan = plan
        self.clientToken = clientToken
        self.createdMilliseconds = createdMilliseconds
    }

    /// As a region keeps it.
    public var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("id")
        writer.string(id)
        writer.key("clientToken")
        writer.string(clientToken)
        writer.key("createdMilliseconds")
        writer.string(String(createdMilliseconds))
        writer.key("plan")
        writer.raw(plan.json)
        writer.endObject()
        return writer.bytes
    }

    /// - Throws: when the bytes are not what `encoded` made.
    public init(decoding bytes: [UInt8], in region: RegionName) throws(FaultInjectionError) {
        let members = try FaultInjectionMembers(parsing: bytes)
        guard let plan = try members.object("plan") else { throw .validation("plan is required.") }
        self.init(
            id: try members.required("id"), region: region, plan: try ExperimentPlan(plan),
            clientToken: try members.required("clientToken"),
            createdMilliseconds: UInt64(try members.required("createdMilliseconds")) ?? 0)
    }

    private var arn: String { "arn:aws:fis:\(region):\(TableDefinition.account):experiment-template/\(id)" }

    private func appendSummary(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("arn", arn)
        writer.member("creationTime", milliseconds: createdMilliseconds)
        writer.member("lastUpdateTime", milliseconds: createdMilliseconds)
    }

    /// What creating, showing and deleting it answer.
    public var response: FaultInjectionResponse {
        FaultInjectionResponse { writer in
            writer.key("experimentTemplate")
            writer.beginObject()
            appendSummary(to: &writer)
            for (name, json) in plan.shown {
                writer.key(name)
                writer.raw(json)
            }
            writer.key("actions")
            writer.beginObject()
            for action in plan.actions {
                writer.key(action.name)
                writer.raw(action.json)
            }
            writer.endObject()
            writer.key("targetAccountConfigurationsCount")
            writer.number(0)
            writer.endObject()
        }
    }

    public static func list(_ templates: [ExperimentTemplate], _ page: FaultInjectionPage) -> FaultInjectionResponse {
        let (shown, nextToken) = page.cut(templates.sorted { $0.id < $1.id }, id: \.id)
        return FaultInjectionResponse { writer in
            writer.key("experimentTemplates")
            writer.beginArray()
            for template in shown {
                writer.beginObject()
                template.appendSummary(to: &writer)
                writer.member("description", template.plan.description)
                writer.key("tags")
                StringMap.append(template.plan.tags, to: &writer)
                writer.endObject()
            }
            writer.endArray()
            if let nextToken { writer.member("nextToken", nextToken) }
        }
    }
}

/// An experiment: a template's actions in time. Values in, effects out.
public struct Experiment: Sendable {
    public enum Status: String, Sendable {
        case running, completed, stopped, failed
    }

    /// What an experiment wants done.
    public enum Effect: Sendable, Equatable {
        /// Pause the replication of these tables, by ARN.
        case pause([String])
        /// Let them replicate again.
        case resume([String])
    }

    struct ActionState: Sendable, Equatable {
        var status = "pending"
        var startMilliseconds: UInt64?
        var endMilliseconds: UInt64?
    }

    public let id: String
    public let template: ExperimentTemplate
    public let start: ExperimentStart
    let startMilliseconds: UInt64
    public private(set) var status = Status.running
    private var reason = "Experiment is running."
    private var endMilliseconds: UInt64?
    private var states: [ActionState]

    public init(id: String, _ template: ExperimentTemplate, _ start: ExperimentStart, nowMilliseconds: UInt64) {
        self.id = id
        self.template = template
        self.start = start
        startMilliseconds = nowMilliseconds
        states = template.plan.actions.map { _ in ActionState() }
    }

    /// When `advance` has something to do again; nil when it has ended.
    public var nextMilliseconds: UInt64? {
        guard status == .running else { return nil }
        return states.indices.compactMap { end(of: $0) }.min()
    }

    /// Does what is due: starts actions, ends those whose time is over.
    public mutating func advance(to nowMilliseconds: UInt64) -> [Effect] {
        guard status == .running else { return [] }
        if start.skipsActions {
            for index in states.indices { states[index].status = "skipped" }
            finish(.completed, "Experiment completed with all actions skipped.", at: nowMilliseconds)
            return []
        }
        var effects: [Effect] = []
        while let step = nextStep(nowMilliseconds) { effects.append(contentsOf: step) }
        if states.allSatisfy({ $0.status == "completed" }) {
            finish(
                .completed, "Experiment completed.", at: states.compactMap(\.endMilliseconds).max() ?? nowMilliseconds)
        }
        return effects
    }

    /// One start or end; nil when nothing is due.
    private mutating func nextStep(_ now: UInt64) -> [Effect]? {
        for index in states.indices {
            let action = template.plan.actions[index]
            if let end = end(of: index), end <= now {
                states[index].status = "completed"
                states[index].endMilliseconds = end
                return action.tables.isEmpty ? [] : [.resume(action.tables)]
            }
            guard states[index].status == "pending" else { continue }
            let before = template.plan.actions.indices.filter {
                action.startAfter.contains(template.plan.actions[$0].name)
            }
            guard before.allSatisfy({ states[$0].status == "completed" }) else { continue }
            states[index].status = "running"
            states[index].startMilliseconds =
                before.compactMap { states[$0].endMilliseconds }.max() ?? startMilliseconds
            return action.tables.isEmpty ? [] : [.pause(action.tables)]
        }
        return nil
    }

    private func end(of index: Int) -> UInt64? {
        guard states[index].status == "running", let start = states[index].startMilliseconds else { return nil }
        return start + template.plan.actions[index].durationMilliseconds
    }

    /// Ends it before its time.
    ///
    /// - Parameter status: stopped or failed.
    public mutating func end(_ status: Status, _ reason: String, at nowMilliseconds: UInt64) -> [Effect] {
        guard self.status == .running else { return [] }
        var effects: [Effect] = []
        for index in states.indices {
            switch states[index].status {
            case "running":
                states[index].status = status.rawValue
                states[index].endMilliseconds = nowMilliseconds
                let tables = template.plan.actions[index].tables
                if !tables.isEmpty { effects.append(.resume(tables)) }
            case "pending": states[index].status = "cancelled"
            default: break
            }
        }
        finish(status, reason, at: nowMilliseconds)
        return effects
    }

    private mutating func finish(_ status: Status, _ reason: String, at milliseconds: UInt64) {
        self.status = status
        self.reason = reason
        endMilliseconds = milliseconds
    }
}

// MARK: - As clients see it

extension Experiment {
    private var arn: String { "arn:aws:fis:\(template.region):\(TableDefinition.account):experiment/\(id)" }

    private func appendSummary(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("arn", arn)
        writer.member("experimentTemplateId", template.id)
        writer.key("state")
        writer.beginObject()
        writer.member("status", status.rawValue)
        writer.member("reason", reason)
        writer.endObject()
        writer.member("creationTime", milliseconds: startMilliseconds)
        writer.key("tags")
        StringMap.append(start.tags, to: &writer)
    }

    /// What starting, showing and stopping it answer.
    public var response: FaultInjectionResponse {
        FaultInjectionResponse { writer in
            writer.key("experiment")
            writer.beginObject()
            appendSummary(to: &writer)
            for (name, json) in template.plan.shown where !["description", "tags", "experimentOptions"].contains(name) {
                writer.key(name)
                writer.raw(json)
            }
            writer.key("actions")
            writer.beginObject()
            for (action, state) in zip(template.plan.actions, states) {
                writer.key(action.name)
                append(action, state, to: &writer)
            }
            writer.endObject()
            writer.member("startTime", milliseconds: startMilliseconds)
            if let endMilliseconds { writer.member("endTime", milliseconds: endMilliseconds) }
            writer.key("experimentOptions")
            writer.beginObject()
            writer.member("actionsMode", start.skipsActions ? "skip-all" : "run-all")
            writer.endObject()
            writer.key("targetAccountConfigurationsCount")
            writer.number(0)
            writer.endObject()
        }
    }

    private func append(_ action: ExperimentPlan.Action, _ state: ActionState, to writer: inout JSONWriter) {
        writer.beginObject()
        if let document = try? JSONDocument(parsing: action.json) {
            document.forEachMember(of: document.root) { key, value in
                writer.key(document.string(key))
                writer.raw(document.json(of: value))
            }
        }
        writer.key("state")
        writer.beginObject()
        writer.member("status", state.status)
        writer.endObject()
        if let start = state.startMilliseconds { writer.member("startTime", milliseconds: start) }
        if let end = state.endMilliseconds { writer.member("endTime", milliseconds: end) }
        writer.endObject()
    }

    public static func list(_ experiments: [Experiment], _ page: FaultInjectionPage) -> FaultInjectionResponse {
        let (shown, nextToken) = page.cut(experiments.sorted { $0.id < $1.id }, id: \.id)
        return FaultInjectionResponse { writer in
            writer.key("experiments")
            writer.beginArray()
            for experiment in shown {
                writer.beginObject()
                experiment.appendSummary(to: &writer)
                writer.endObject()
            }
            writer.endArray()
            if let nextToken { writer.member("nextToken", nextToken) }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    /// A time, in seconds.
    fileprivate mutating func member(_ name: StaticString, milliseconds: UInt64) {
        key(name)
        number(Double(milliseconds) / 1000)
    }
}
