import Bytes
import JSONBytes
public import Partition

/// UpdateTimeToLive (reference `data-plane.md` 14, `global-tables.md` 7).
public struct UpdateTimeToLiveRequest: Sendable, Equatable {
    /// How long after a change of the setting the next one is refused, in milliseconds: one hour, as documented.
    public static let changeIntervalMilliseconds: UInt64 = 60 * 60 * 1000

    public let tableName: String
    private let attributeName: Text
    private let isEnabled: Bool

    init(_ body: RequestBody, _ context: RequestContext) throws(WireError) {
        tableName = try body.tableName(for: .updateTimeToLive, context)
        let specification = try body.object("TimeToLiveSpecification")
        let name = try specification?.string("AttributeName")
        let isEnabled = try specification?.boolean("Enabled")
        let path = "timeToLiveSpecification"
        var constraints = Constraints()
        constraints.require(specification != nil, at: path)
        if specification != nil {
            constraints.require(name != nil, at: path + ".attributeName")
            constraints.checkLength(name, at: path + ".attributeName", 1...RequestBody.attributeNameLengthMax)
            constraints.require(isEnabled != nil, at: path + ".enabled")
        }
        try constraints.throwIfViolated()
        attributeName = Text(name ?? "")
        self.isEnabled = isEnabled ?? false
    }

    /// - Parameter current: the table of that name in the request's region, as it is now.
    public func edit(for current: TableDefinition?, context: RequestContext) throws(WireError) -> TableEdit {
        // A replica that is being filled is there for DescribeTable only.
        guard let current, !(current.status == .creating && current.isGlobal) else { throw .tableNotFound(tableName) }
        guard current.status == .active, current.peers.allSatisfy({ $0.status == .active }) else {
            throw .tableInUse(current)
        }
        try checkChange(of: current.timeToLive)
        try checkInterval(since: current.timeToLive, context)
        return .timeToLive(
            TimeToLive(
                attributeName: attributeName, status: isEnabled ? .enabling : .disabling,
                changedMilliseconds: context.wallMilliseconds))
    }

    private func checkChange(of current: TimeToLive?) throws(WireError) {
        guard let current, current.isOn else {
            if !isEnabled { throw .validation("TimeToLive is already disabled") }
            return
        }
        guard current.attributeName == attributeName else {
            throw .validation(
                "TimeToLive is active on a different AttributeName: current AttributeName is \(current.attributeName)")
        }
        if isEnabled { throw .validation("TimeToLive is already enabled") }
    }

    /// Either way: another region's clock, or this one before it was put back, may have been ahead.
    private func checkInterval(since current: TimeToLive?, _ context: RequestContext) throws(WireError) {
        guard let changed = current?.changedMilliseconds else { return }
        let now = context.wallMilliseconds
        guard max(now, changed) - min(now, changed) < Self.changeIntervalMilliseconds else { return }
        throw .validation("Time to live has been modified multiple times within a fixed interval")
    }

    public var response: WireResponse {
        WireResponse.object { writer in
            writer.key("TimeToLiveSpecification")
            writer.beginObject()
            writer.key("Enabled")
            writer.boolean(isEnabled)
            writer.key("AttributeName")
            writer.string(attributeName.description)
            writer.endObject()
        }
    }
}

/// DescribeTimeToLive: the setting of this region's replica.
enum TimeToLiveReading {
    static func answer(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> WireResponse {
        let name = try body.tableName(for: .describeTimeToLive, context)
        guard let table = context.catalogue.table(named: name) else { throw .tableNotFound(name) }
        if table.status == .creating || table.status == .deleting {
            let state = table.status.rawValue
            throw .validation(
                "Cannot describe time to live while table is in \(state) state: Current table state is \(state)")
        }
        let status = table.timeToLive?.status ?? .disabled
        return WireResponse.object { writer in
            writer.key("TimeToLiveDescription")
            writer.beginObject()
            writer.key("TimeToLiveStatus")
            writer.string(status.rawValue)
            if status != .disabled, let timeToLive = table.timeToLive {
                writer.key("AttributeName")
                writer.string(timeToLive.attributeName.description)
            }
            writer.endObject()
        }
    }
}
