import JSONBytes
public import Partition

/// UpdateContinuousBackups (reference `data-plane.md` 16). The setting is kept and shown; there are no backups here to recover from.
public struct UpdateContinuousBackupsRequest: Sendable, Equatable {
    private static let periodDays = 1...35

    public let tableName: String
    private let recovery: PointInTimeRecovery?

    init(_ body: RequestBody, _ context: RequestContext) throws(WireError) {
        tableName = try body.tableName(for: .updateContinuousBackups, context)
        let specification = try body.object("PointInTimeRecoverySpecification")
        let isEnabled = try specification?.boolean("PointInTimeRecoveryEnabled")
        let days = try specification?.integer("RecoveryPeriodInDays")
        let path = "pointInTimeRecoverySpecification"
        var constraints = Constraints()
        constraints.require(specification != nil, at: path)
        if specification != nil { constraints.require(isEnabled != nil, at: path + ".pointInTimeRecoveryEnabled") }
        constraints.checkRange(days, at: path + ".recoveryPeriodInDays", Self.periodDays)
        try constraints.throwIfViolated()
        if isEnabled == false, days != nil {
            throw .invalidParameter("RecoveryPeriodInDays cannot be specified when point in time recovery is disabled")
        }
        recovery =
            isEnabled == true
            ? PointInTimeRecovery(periodDays: days ?? PointInTimeRecovery.periodDaysDefault) : nil
    }

    /// - Parameter current: the table of that name in the request's region, as it is now.
    public func edit(for current: TableDefinition?) throws(WireError) -> TableEdit {
        _ = try ContinuousBackupsReading.served(current, named: tableName)
        return .recovery(recovery)
    }

    public var response: WireResponse { ContinuousBackupsReading.response(recovery) }
}

/// DescribeContinuousBackups: the setting of this region's replica.
enum ContinuousBackupsReading {
    static func answer(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> WireResponse {
        let name = try body.tableName(for: .describeContinuousBackups, context)
        return response(try served(context.catalogue.table(named: name), named: name).recovery)
    }

    fileprivate static func served(
        _ table: TableDefinition?, named name: String
    ) throws(WireError) -> TableDefinition {
        guard let table, table.servesItems else { throw WireError(.tableNotFound, "Table not found: \(name)") }
        return table
    }

    /// No times are given from and to which a table could be restored, because none can.
    fileprivate static func response(_ recovery: PointInTimeRecovery?) -> WireResponse {
        let status = recovery == nil ? "DISABLED" : "ENABLED"
        return WireResponse.object { writer in
            writer.key("ContinuousBackupsDescription")
            writer.beginObject()
            writer.key("ContinuousBackupsStatus")
            writer.string(status)
            writer.key("PointInTimeRecoveryDescription")
            writer.beginObject()
            writer.key("PointInTimeRecoveryStatus")
            writer.string(status)
            if let recovery {
                writer.key("RecoveryPeriodInDays")
                writer.number(recovery.periodDays)
            }
            writer.endObject()
            writer.endObject()
        }
    }
}
