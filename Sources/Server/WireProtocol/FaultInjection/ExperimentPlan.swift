import JSONBytes
import Partition

/// What an experiment template says: members that are shown as they were given, and the actions that can be carried out.
public struct ExperimentPlan: Sendable, Equatable {
    public static let pauseReplication = "aws:dynamodb:global-table-pause-replication"
    static let wait = "aws:fis:wait"
    static let globalTable = "aws:dynamodb:global-table"
    /// The key under which the action names its target.
    static let targetKey = "Tables"

    /// One action.
    public struct Action: Sendable, Equatable {
        public let name: String
        let durationMilliseconds: UInt64
        /// ARNs of tables whose replication is paused; none for an action that only waits.
        public let tables: [String]
        let startAfter: [String]
        /// As the client gave it.
        let json: [UInt8]
    }

    /// A condition that ends an experiment: the ARN of a CloudWatch alarm.
    public let stopAlarms: [String]
    public let actions: [Action]
    public let tags: [String: String]
    public let description: String
    /// Members that are shown as they are, but for `actions`.
    let shown: [(name: String, json: [UInt8])]
    /// The whole, to be kept.
    let json: [UInt8]

    public static func == (one: ExperimentPlan, other: ExperimentPlan) -> Bool { one.json == other.json }

    private static let shownMembers = [
        "description", "targets", "stopConditions", "roleArn", "tags", "logConfiguration", "experimentOptions",
        "experimentReportConfiguration",
    ]

    init(_ members: FaultInjectionMembers) throws(FaultInjectionError) {
        description = try members.required("description")
        _ = try members.required("roleArn")
        tags = try members.map("tags")
        stopAlarms = try Self.stopAlarms(members)
        let targets = try Self.targets(members)
        var actions: [Action] = []
        for (name, action) in try members.named("actions") {
            actions.append(try Self.action(name, action, targets))
        }
        guard !actions.isEmpty else { throw .validation("An experiment template must have an action.") }
        try Self.checkOrder(actions)
        self.actions = actions
        let document = members.body.document
        var shown: [(name: String, json: [UInt8])] = []
        document.forEachMember(of: members.body.node) { key, value in
            let name = document.string(key)
            if Self.shownMembers.contains(name) {
                shown.append((name, document.json(of: value)))
            }
        }
        self.shown = shown
        json = document.json(of: members.body.node)
    }

    private static func stopAlarms(_ members: FaultInjectionMembers) throws(FaultInjectionError) -> [String] {
        guard let conditions = try members.objects("stopConditions"), !conditions.isEmpty else {
            throw .validation("stopConditions is required; for no condition it is a source none.")
        }
        var alarms: [String] = []
        for condition in conditions {
            switch try condition.required("source") {
            case "none": continue
            case "aws:cloudwatch:alarm": alarms.append(try condition.required("value"))
            case let source: throw .validation("There is no stop condition source \(source).")
            }
        }
        return alarms
    }

    /// ARNs of tables by the target's name.
    private static func targets(
        _ members: FaultInjectionMembers
    ) throws(FaultInjectionError) -> [String: [String]] {
        var targets: [String: [String]] = [:]
        for (name, target) in try members.named("targets") {
            let type = try target.required("resourceType")
            guard type == globalTable else {
                throw .validation("The target \(name) must have the resource type \(globalTable), not \(type).")
            }
            guard try target.required("selectionMode") == "ALL" else {
                throw .validation("The target \(name) must have the selection mode ALL: this server selects nothing.")
            }
            guard let tables = try target.strings("resourceArns"), !tables.isEmpty else {
                throw .validation("The target \(name) must have resourceArns: this server looks for no tags.")
            }
            guard tables.count <= tablesMax else {
                throw .validation("The target \(name) must have at most \(tablesMax) resourceArns.")
            }
            for table in tables where TableARN(table) == nil {
                throw .validation("The target \(name) must have ARNs of tables, not \(table).")
            }
            targets[name] = tables
        }
        return targets
    }

    /// ARNs of one target.
    private static let tablesMax = 5

    private static func action(
        _ name: String, _ members: FaultInjectionMembers, _ targets: [String: [String]]
    ) throws(FaultInjectionError) -> Action {
        let id = try members.required("actionId")
        guard id == pauseReplication || id == wait else {
            throw .validation("The action \(name) must be \(pauseReplication) or \(wait): this server has no \(id).")
        }
        let duration = try members.map("parameters")["duration"] ?? ""
        guard let milliseconds = DurationText.milliseconds(duration), durationRange.contains(milliseconds) else {
            throw .validation(
                "The action \(name) must have a duration from 1 second to 12 hours such as PT5M, not '\(duration)'.")
        }
        var tables: [String] = []
        if id == pauseReplication {
            let target = try members.map("targets")[targetKey] ?? ""
            guard let found = targets[target] else {
                throw .validation(
                    "The action \(name) must have a target \(targetKey) that the template has, not '\(target)'.")
            }
            tables = found
        }
        let document = members.body.document
        return Action(
            name: name, durationMilliseconds: milliseconds, tables: tables,
            startAfter: try members.strings("startAfter") ?? [],
            json: document.json(of: members.body.node))
    }

    private static let durationRange: ClosedRange<UInt64> = 1000...12 * 3_600_000

    /// Actions may follow on each other, and not on themselves.
    private static func checkOrder(_ actions: [Action]) throws(FaultInjectionError) {
        var ready: Set<String> = []
        var rest = actions
        while !rest.isEmpty {
            let next = rest.filter { $0.startAfter.allSatisfy { ready.contains($0) } }
            guard !next.isEmpty else {
                throw .validation("The action \(rest[0].name) can never start: look at its startAfter.")
            }
            ready.formUnion(next.map(\.name))
            rest.removeAll { ready.contains($0.name) }
        }
    }
}

/// `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`.
public struct TableARN: Sendable, Equatable {
    public let region: String
    public let table: String

    public init?(_ text: String) {
        guard let arn = ResourceARN(text), arn.service == "dynamodb", arn.resource.hasPrefix("table/") else {
            return nil
        }
        let name = arn.resource.dropFirst("table/".count)
        guard !name.isEmpty, !name.contains("/") else { return nil }
        region = arn.region
        table = String(name)
    }
}

/// Durations as in `PT1H30M` (ISO 8601), without years, months and weeks.
enum DurationText {
    static func milliseconds(_ text: String) -> UInt64? {
        guard text.hasPrefix("P"), text.utf8.count <= 32 else { return nil }
        var seconds: UInt64 = 0
        var number: UInt64?
        var units = "DTHMS"[...]
        var hasUnit = false
        // Behind the T an M is minutes; before it, it would be months.
        var isTime = false
        for character in text.dropFirst() {
            if let digit = character.wholeNumberValue, character.isASCII {
                let (tens, overflows) = (number ?? 0).multipliedReportingOverflow(by: 10)
                guard !overflows, tens < 1 << 40 else { return nil }
                number = tens + UInt64(digit)
                continue
            }
            guard let place = units.firstIndex(of: character) else { return nil }
            units = units[units.index(after: place)...]
            if character == "T" {
                guard number == nil else { return nil }
                isTime = true
                continue
            }
            guard let count = number, isTime != (character == "D") else { return nil }
            number = nil
            hasUnit = true
            seconds += count * (character == "D" ? 86_400 : character == "H" ? 3600 : character == "M" ? 60 : 1)
        }
        return hasUnit && number == nil && text.last != "T" ? seconds * 1000 : nil
    }
}

extension JSONDocument {
    /// A value as it stands in the text, a string with its quotes.
    func json(of node: Node) -> [UInt8] {
        let raw = withRawBytes(of: node) { Array($0) }
        return kind(node) == .string ? [UInt8(ascii: "\"")] + raw + [UInt8(ascii: "\"")] : raw
    }
}
