import EventPattern
import EventSource
import HandlerKit
import Replication
import Yams

/// Makes a definition of the fields of a handler.yaml.
struct HandlerFileReader {
    private static let millisecondsPerSecond: UInt64 = 1000

    let fields: HandlerFileFields
    let name: String
    let directory: String

    func definition() throws(HandlerFileError) -> HandlerDefinition {
        HandlerDefinition(
            name: name, directory: directory, tables: try tables(), regions: try regions(), filters: try filters(),
            settings: try settings(), program: try ProgramFields(fields: fields).program(),
            environment: try environment(),
            timeoutMilliseconds: try fields[.timeout].map { (field) throws(HandlerFileError) in
                UInt64(try field.wholeNumber(HandlerDefinition.timeoutSecondsRange)) * Self.millisecondsPerSecond
            } ?? HandlerDefinition.timeoutMillisecondsDefault,
            concurrencyMax: try fields[.concurrency]?.wholeNumber(HandlerDefinition.concurrencyRange)
                ?? HandlerDefinition.concurrencyDefault,
            failureDestination: try FailureFields(fields: fields, name: name).destination(),
            failurePayload: try FailureFields(fields: fields, name: name).payload(),
            isEnabled: try fields[.enabled]?.boolean() ?? true)
    }

    // MARK: What is read

    private func tables() throws(HandlerFileError) -> TableSelection {
        let what = "a table's name, a list of names, or \"*\""
        guard let field = fields[.table] else {
            throw fields.whole.error("table is missing: \(what)")
        }
        if field.node.scalar?.string == "*" { return .all }
        var names: [String] = []
        for element in try field.elements(what) {
            let table = try element.text("a table's name")
            guard TableName.isValid(table) else { throw element.error("\(TableName.rule), not \"\(table)\"") }
            names.append(table)
        }
        return .named(names)
    }

    private func regions() throws(HandlerFileError) -> [RegionName]? {
        guard let field = fields[.regions] else { return nil }
        var regions: [RegionName] = []
        for element in try field.elements("a list of regions") {
            let text = try element.text("a region's name")
            guard let region = RegionName(text) else {
                throw element.error("must be a region's name such as eu-west-1, not \"\(text)\"")
            }
            regions.append(region)
        }
        return regions
    }

    private func filters() throws(HandlerFileError) -> [FilterPattern] {
        guard let field = fields[.filters] else { return [] }
        guard let list = field.node.sequence else { throw field.error("must be a list, not \(field.found)") }
        guard list.count <= HandlerFile.filtersMax else {
            throw field.error("must be at most \(HandlerFile.filtersMax) filters, not \(list.count)")
        }
        var patterns: [FilterPattern] = []
        for (index, node) in list.enumerated() {
            patterns.append(try FilterNode(field: field.element(index, node)).pattern())
        }
        return patterns
    }

    // MARK: How it is delivered

    private func settings() throws(HandlerFileError) -> MappingSettings {
        var settings = MappingSettings.handler
        if let field = fields[.batchSize] {
            settings.batchSize = try field.wholeNumber(MappingSettings.batchSizeRange)
        }
        if let field = fields[.maximumBatchingWindowInSeconds] {
            settings.batchingWindowMilliseconds = try seconds(
                field, MappingSettings.batchingWindowMillisecondsRange)
        }
        if let field = fields[.maximumRetryAttempts] {
            settings.retryAttemptsMax = try field.wholeNumberOrEndless(MappingSettings.retryAttemptsRange)
        }
        if let field = fields[.maximumRecordAgeInSeconds] {
            let range = secondsRange(MappingSettings.recordAgeMillisecondsRange)
            settings.recordAgeMaxMilliseconds =
                try field.wholeNumberOrEndless(range).map { UInt64($0) * Self.millisecondsPerSecond }
        }
        if let field = fields[.bisectBatchOnFunctionError] { settings.bisectsBatchOnError = try field.boolean() }
        if let field = fields[.reportBatchItemFailures] { settings.reportsBatchItemFailures = try field.boolean() }
        if let field = fields[.startingPosition] { settings.startingPosition = try startingPosition(field) }
        try readLanesAndWindows(into: &settings)
        return settings
    }

    /// Windows and complete transactions need all records of a shard in one lane: they lower the default, and exclude more lanes.
    private func readLanesAndWindows(into settings: inout MappingSettings) throws(HandlerFileError) {
        if let field = fields[.tumblingWindowInSeconds] {
            settings.tumblingWindowMilliseconds = try seconds(
                field, MappingSettings.tumblingWindowMillisecondsRange)
            if settings.hasTumblingWindows { settings.parallelizationFactor = 1 }
        }
        try readTransactionDelivery(into: &settings)
        guard let field = fields[.parallelizationFactor] else { return }
        settings.parallelizationFactor = try field.wholeNumber(MappingSettings.parallelizationFactorRange)
        guard !settings.hasTumblingWindows || settings.parallelizationFactor == 1 else {
            throw field.error("must be 1 when there is a tumblingWindowInSeconds, not \(field.found)")
        }
        guard !settings.deliversCompleteTransactions || settings.parallelizationFactor == 1 else {
            throw field.error("must be 1 with deliverTransactions: complete, not \(field.found)")
        }
    }

    private func readTransactionDelivery(into settings: inout MappingSettings) throws(HandlerFileError) {
        if let field = fields[.deliverTransactions] {
            let choices = TransactionDelivery.allCases.map(\.rawValue).joined(separator: " or ")
            guard let delivery = TransactionDelivery(rawValue: try field.text(choices)) else {
                throw field.error("must be \(choices), not \(field.found)")
            }
            settings.transactionDelivery = delivery
            guard !settings.deliversCompleteTransactions || !settings.hasTumblingWindows else {
                throw field.error("excludes a tumblingWindowInSeconds")
            }
            if settings.deliversCompleteTransactions { settings.parallelizationFactor = 1 }
        }
        guard let field = fields[.maximumTransactionWaitInSeconds] else { return }
        settings.transactionWaitMaxMilliseconds = try seconds(field, MappingSettings.transactionWaitMillisecondsRange)
        guard settings.deliversCompleteTransactions else {
            throw field.error("goes with deliverTransactions: complete only")
        }
    }

    private func startingPosition(_ field: YAMLField) throws(HandlerFileError) -> StartingPosition {
        let choices = StartingPosition.allCases.map(\.rawValue).joined(separator: " or ")
        guard let position = StartingPosition(rawValue: try field.text(choices)) else {
            throw field.error("must be \(choices), not \(field.found)")
        }
        return position
    }

    private func seconds(
        _ field: YAMLField, _ milliseconds: ClosedRange<UInt64>
    ) throws(HandlerFileError) -> UInt64 {
        UInt64(try field.wholeNumber(secondsRange(milliseconds))) * Self.millisecondsPerSecond
    }

    private func secondsRange(_ milliseconds: ClosedRange<UInt64>) -> ClosedRange<Int> {
        Int(
            milliseconds.lowerBound / Self.millisecondsPerSecond)...Int(
                milliseconds.upperBound / Self.millisecondsPerSecond)
    }

    // MARK: Where it runs

    private func environment() throws(HandlerFileError) -> [String: String] {
        guard let field = fields[.environment] else { return [:] }
        guard let mapping = field.node.mapping else {
            throw field.error("must be a mapping of names to texts, not \(field.found)")
        }
        var variables: [String: String] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            let place = field.member(name, value)
            guard EnvironmentName.isValid(name) else {
                throw YAMLField(file: field.file, name: field.name, node: key).error(
                    "\(EnvironmentName.rule), not \"\(name)\"")
            }
            guard !EnvironmentName.isReserved(name) else { throw place.error("is set by Tributary") }
            guard let text = value.scalar?.string else { throw place.error("must be a text, not \(place.found)") }
            guard !text.utf8.contains(0) else { throw place.error("must not have a null character") }
            variables[name] = text
        }
        return variables
    }
}

/// Names of tables (reference `data-plane.md`): 3 to 255 of a few characters.
private enum TableName {
    static let rule = "must be 3 to 255 letters, digits, hyphens, underscores and dots"

    static func isValid(_ name: String) -> Bool {
        (3...255).contains(name.utf8.count)
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }
}

/// Names of environment variables, and those that tell a function where it is.
private enum EnvironmentName {
    static let rule = "must have names of letters, digits and underscores"
    private static let reserved: Set<String> = [
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    ]

    static func isValid(_ name: String) -> Bool {
        guard let first = name.first, !first.isNumber else { return false }
        return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    }

    static func isReserved(_ name: String) -> Bool {
        reserved.contains(name) || name.hasPrefix("AWS_LAMBDA_")
    }
}
