import AttributeModel
import Bytes
import ChangeStream
import Expressions
import JSONBytes
import Partition
import Replication
import Testing

/// Carries out the commands of a script on regions in memory. `Tests/Scripts/README.md` lists them.
struct ScriptRunner {
    private var world = TestWorld([])
    private var snapshots: [String: [(key: EncodedKey, state: StoredItem)]] = [:]

    /// What a command answers, in lines.
    mutating func run(_ line: String) -> [String] {
        do {
            var scanner = ScriptScanner(line)
            let output = try run(try scanner.word(), &scanner)
            guard scanner.isAtEnd else { throw ScriptScanner.Failure(description: "too many words") }
            return output
        } catch {
            return ["error: \(error)"]
        }
    }

    private mutating func run(_ verb: String, _ scanner: inout ScriptScanner) throws -> [String] {
        switch verb {
        case "region":
            world = TestWorld(try scanner.words().map { try region($0) })
            return []
        case "table": return try createTable(&scanner)
        case "wait":
            world.wait(milliseconds: UInt64(try integer(&scanner)))
            return []
        case "clock":
            world.skew(try region(&scanner), milliseconds: Int64(try integer(&scanner)))
            return []
        case "at": return try write(in: try region(&scanner), &scanner)
        case "deliver": return try deliver(&scanner)
        case "hold", "release", "link": return try setLink(verb, &scanner)
        case "arrivals": return arrivals(in: try region(&scanner))
        case "redeliver": return try redeliver(&scanner)
        case "get", "scan", "stream", "cursors", "equal": return try show(verb, &scanner)
        case "events": return try events(of: try region(&scanner))
        case "collect":
            let table = try scanner.word()
            return try world.members(table).map { "\($0): \(try world.collectTombstones(table, in: $0)) collected" }
        case "expire":
            let table = try scanner.word()
            try world.setTimeToLive(table, attribute: Text(try scanner.word()))
            return []
        case "sweep":
            let name = try region(&scanner)
            return try loggedLines(in: name, try world[name].sweepCommand(try scanner.word()))
        case "restart":
            try world[try region(&scanner)].restart()
            return []
        case "join", "snapshot", "backfill", "activate", "leave": return try changeMembers(verb, &scanner)
        default: throw ScriptScanner.Failure(description: "there is no command \(verb)")
        }
    }

    private mutating func createTable(_ scanner: inout ScriptScanner) throws -> [String] {
        let name = try scanner.word()
        var keys: [String] = []
        var stream: StreamViewType?
        var members = world.names
        var isLegacy = false
        while !scanner.isAtEnd {
            let word = try scanner.word()
            switch word {
            case "stream": stream = .newAndOldImages
            case "legacy": isLegacy = true
            case "in": members = try scanner.words().map { try region($0) }
            default: keys.append(word)
            }
        }
        try world.createTable(name, keys: keys.joined(separator: " "), stream: stream, isLegacy: isLegacy, in: members)
        return []
    }

    // MARK: Writes

    private mutating func write(in name: RegionName, _ scanner: inout ScriptScanner) throws -> [String] {
        let command: Command
        let isTransaction = scanner.take("transact")
        if isTransaction {
            let id = try scanner.word()
            var writes: [ItemWrite] = []
            repeat { writes.append(try itemWrite(in: name, &scanner)) } while scanner.take("&")
            command = .transact(Transaction(id: id, writes: writes, token: nil))
        } else {
            command = .write(try itemWrite(in: name, &scanner))
        }
        return try loggedLines(in: name, command)
    }

    /// What a command added to the logs of its region; what it answered when that is nothing.
    private mutating func loggedLines(in name: RegionName, _ command: Command) throws -> [String] {
        let heads = world[name].engine.tables.mapValues(\.counters.nextSequence)
        let reply = try world[name].apply(command)
        var lines: [String] = []
        for (number, head) in heads.sorted(by: { $0.key < $1.key }) {
            lines += try world[name].changes(of: number, from: head).map { "logged \(describe($0))" }
        }
        if lines.isEmpty { lines.append(describe(reply)) }
        return lines
    }

    private func itemWrite(in name: RegionName, _ scanner: inout ScriptScanner) throws -> ItemWrite {
        let verb = try scanner.word()
        let table = try scanner.word()
        let json = try scanner.object()
        switch verb {
        case "put": return try world[name].put(json, in: table, if: try condition(&scanner))
        case "delete": return try world[name].write(.delete, json, in: table, if: try condition(&scanner))
        case "check": return try world[name].write(.check, json, in: table, if: try condition(&scanner))
        case "update":
            let text = scanner.text(until: "with")
            let values = scanner.take("with") ? try placeholderValues(try scanner.object()) : nil
            return try world[name].write(.update(try update(text, values)), json, in: table)
        default: throw ScriptScanner.Failure(description: "there is no write \(verb)")
        }
    }

    private func condition(_ scanner: inout ScriptScanner) throws -> ConditionExpression? {
        guard scanner.take("if") else { return nil }
        let text = scanner.text(until: "with")
        let values = scanner.take("with") ? try placeholderValues(try scanner.object()) : nil
        return try PartitionTests.condition(text, values)
    }

    // MARK: Links

    private mutating func deliver(_ scanner: inout ScriptScanner) throws -> [String] {
        if scanner.take("all") {
            for table in tableNames { try world.heal(table) }
            return []
        }
        let (source, target) = try link(&scanner)
        var limit = scanner.isAtEnd ? Int.max : try integer(&scanner)
        var lines: [String] = []
        for table in tableNames {
            while limit > 0, world.members(table).contains(source), world.members(table).contains(target) {
                let (changes, outcome) = try world.deliver(table, from: source, to: target, limit: 1)
                guard let change = changes.first, let outcome else { break }
                lines.append("\(describe(outcome)) \(describe(change))")
                limit -= 1
            }
        }
        return lines.isEmpty ? ["nothing to deliver"] : lines
    }

    private mutating func redeliver(_ scanner: inout ScriptScanner) throws -> [String] {
        let table = try scanner.word()
        let (source, target) = try link(&scanner)
        let first = UInt64(try integer(&scanner))
        let last = UInt64(try integer(&scanner))
        guard let outcome = try world.redeliver(table, from: source, to: target, sequences: first...last) else {
            return ["no link"]
        }
        return ["applied \(outcome.applied), there already \(outcome.alreadyApplied), lost \(outcome.lost)"]
    }

    /// `hold A -> B`, `release A -> B`, `link A -> B [DELAY] [reorder] [seed N]`.
    private mutating func setLink(_ verb: String, _ scanner: inout ScriptScanner) throws -> [String] {
        let (source, target) = try link(&scanner)
        var settings = world.settings(from: source, to: target)
        if verb == "link" { settings = LinkSettings() }
        settings.state = verb == "hold" ? .paused : .running
        while !scanner.isAtEnd {
            let word = try scanner.word()
            if word == "reorder" {
                settings.reorders = true
            } else if word == "seed" {
                settings.seed = UInt64(try integer(&scanner))
            } else if let delay = LinkDelay(word) {
                settings.delay = delay
            } else {
                throw ScriptScanner.Failure(description: "a link cannot be \(word)")
            }
        }
        world.set(settings, from: source, to: target)
        return []
    }

    private func link(_ scanner: inout ScriptScanner) throws -> (RegionName, RegionName) {
        let source = try region(&scanner)
        guard scanner.take("->") else { throw ScriptScanner.Failure(description: "-> is missing") }
        return (source, try region(&scanner))
    }

    // MARK: Replicas

    private mutating func changeMembers(_ verb: String, _ scanner: inout ScriptScanner) throws -> [String] {
        let table = try scanner.word()
        let name = try region(&scanner)
        switch verb {
        case "join":
            guard scanner.take("from") else { throw ScriptScanner.Failure(description: "from is missing") }
            try world.join(table, name, from: try region(&scanner))
        case "snapshot": snapshots[table] = try world.snapshot(table, name)
        case "backfill":
            var states = snapshots[table] ?? []
            let count = scanner.isAtEnd ? states.count : min(try integer(&scanner), states.count)
            let outcome = try world.backfill(table, name, Array(states[..<count]))
            states.removeFirst(count)
            snapshots[table] = states
            return ["applied \(outcome?.applied ?? 0) of \(count)"]
        case "activate": try world.activate(table, name)
        default: try world.leave(table, name)
        }
        return []
    }
}

// MARK: - What is shown

extension ScriptRunner {
    private func show(_ what: String, _ scanner: inout ScriptScanner) throws -> [String] {
        if what == "equal" {
            let table = try scanner.word()
            let members = world.members(table)
            let states = try members.map { try world.snapshot(table, $0).map { "\($0.key.bytes) \($0.state)" } }
            let isEqual = states.allSatisfy { $0 == states.first }
            return ["\(isEqual ? "equal" : "different") in \(members.map(\.name).joined(separator: ", "))"]
        }
        let name = try region(&scanner)
        let table = try scanner.word()
        switch what {
        case "get":
            let state = try world[name].state(try scanner.object(), in: table)
            return [state.map { describe($0) } ?? "nothing"]
        case "scan":
            let lines = try world.snapshot(table, name).map { describe($0.state) }
            return lines.isEmpty ? ["empty"] : lines
        case "cursors":
            return try world[name].partition(table).cursors.sorted { $0.key < $1.key }
                .map { "\($0.key): next \($0.value.next), watermark \(describe($0.value.watermark))\(ahead($0.value))" }
        default:
            let lines = try world[name].changes(of: table).map { describe($0) }
            return lines.isEmpty ? ["empty"] : lines
        }
    }

    private func events(of name: RegionName) throws -> [String] {
        let entries = try ControlLog.entries(from: 1, limit: 100, reading: world[name].store)
        let lines = try entries.map { entry in
            let event = try JSONDocument(parsing: entry.json)
            let data = try #require(event.member("data", of: event.root))
            func text(_ path: StaticString...) -> String {
                path.reduce(data as JSONDocument.Node?) { node, name in node.flatMap { event.member(name, of: $0) } }
                    .map { event.string($0) } ?? ""
            }
            if entry.kind == .transactionArriving || entry.kind == .transactionArrived {
                func number(_ name: StaticString) -> String {
                    event.member(name, of: data).map { node in
                        event.withRawBytes(of: node) { String(decoding: $0, as: UTF8.self) }
                    } ?? ""
                }
                return "\(entry.sequence) \(entry.kind.name) \(text("transaction")) from \(text("homeRegion")): "
                    + "\(number("arrived")) of \(number("size")) after \(number("halfVisibleMilliseconds")) ms"
            }
            guard entry.kind == .conflictResolved else {
                return "\(entry.sequence) \(entry.kind.name) \(text("table"))"
            }
            return "\(entry.sequence) \(entry.kind.name) \(text("table")): \(text("winner", "region")) over "
                + "\(text("loser", "region")), the \(text("discarded")) write is discarded"
        }
        return lines.isEmpty ? ["none"] : lines
    }

    private func arrivals(in name: RegionName) -> [String] {
        let arrivals = world[name].engine.arrivals
        let lines = arrivals.halfArrived.map { "\($0.id) from \($0.home): \($0.arrived) of \($0.size)" }
        return lines.isEmpty ? ["none"] : lines
    }

    private func ahead(_ cursor: LinkCursor) -> String {
        cursor.ahead.isEmpty ? "" : ", ahead \(cursor.ahead.map(String.init).joined(separator: " "))"
    }

    private func describe(_ state: StoredItem) -> String {
        "\(state.item.map { text($0) } ?? "deleted") \(describe(state.version))"
    }

    private func describe(_ record: ChangeRecord) -> String {
        let images = [record.oldImage, record.newImage].compactMap { $0.map { text($0) } }.joined(separator: " -> ")
        let transaction = record.transaction.map { " of \($0.id) (\($0.index + 1) of \($0.size))" } ?? ""
        let cause = record.cause == .ttl ? " by time to live" : ""
        return "\(record.sequence) \(record.kind.eventName) \(images) \(describe(record.version))\(transaction)\(cause)"
    }

    private func describe(_ change: ReplicatedChange) -> String {
        let transaction = change.transaction.map { " of \($0.id) (\($0.index + 1) of \($0.size))" } ?? ""
        return "\(change.item.map { text($0) } ?? "deletion") \(describe(change.version))\(transaction)"
    }

    private func describe(_ outcome: ReplicationOutcome) -> String {
        let skew = outcome.skewMilliseconds.map { " (\($0) ms ahead)" } ?? ""
        let conflict = outcome.conflicts > 0 ? ", a conflict" : ""
        if outcome.applied > 0 { return "applied\(skew)\(conflict)" }
        return outcome.lost > 0 ? "lost\(conflict)" : "there already"
    }

    private func describe(_ reply: Reply) -> String {
        switch reply {
        case .written, .transacted: "unchanged"
        case .swept(let deleted): "\(deleted) expired"
        case .failed(.conditionFailed(let item)): "condition failed\(item.map { " " + text($0) } ?? "")"
        case .failed(let failure): "failed: \(failure)"
        case .cancelled(let reasons):
            "cancelled: \(reasons.map { if case .none = $0 { "none" } else { "failed" } }.joined(separator: ", "))"
        default: "\(reply)"
        }
    }

    /// Milliseconds count from the beginning of the script.
    private func describe(_ version: Version) -> String { "\(describe(version.timestamp))@\(version.region)" }

    private func describe(_ timestamp: HybridTimestamp) -> String {
        if timestamp == .zero { return "none" }
        return "\(Int64(timestamp.milliseconds) - Int64(TestRegion.start)).\(timestamp.counter)"
    }

    // MARK: Words

    private var tableNames: [String] {
        Set(world.regions.values.flatMap { $0.engine.tables.values.map(\.definition.name) }).sorted()
    }

    private func region(_ scanner: inout ScriptScanner) throws -> RegionName { try region(try scanner.word()) }

    private func region(_ name: String) throws -> RegionName {
        guard let region = RegionName(name) else { throw ScriptScanner.Failure(description: "\(name) is no region") }
        return region
    }

    private func integer(_ scanner: inout ScriptScanner) throws -> Int {
        let word = try scanner.word()
        guard let value = Int(word) else { throw ScriptScanner.Failure(description: "\(word) is no number") }
        return value
    }
}
