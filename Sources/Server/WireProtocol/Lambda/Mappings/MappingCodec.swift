import EventSource
import JSONBytes
import Replication

/// The stored form of a mapping: a JSON object. Members may be added with a default, never renamed.
extension EventSourceMappingDefinition {
    public func encode() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("uuid")
        writer.string(uuid)
        writer.key("region")
        writer.string(function.region.name)
        writer.key("function")
        writer.string(function.name)
        if let qualifier = function.qualifier {
            writer.key("qualifier")
            writer.string(qualifier)
        }
        writer.key("streamARN")
        writer.string(streamARN)
        writer.key("settings")
        append(settings, to: &writer)
        writer.key("filterPatterns")
        appendList(filterPatterns, to: &writer)
        if let failureDestination {
            writer.key("failureDestination")
            writer.string(failureDestination.text)
        }
        writer.key("isEnabled")
        writer.boolean(isEnabled)
        if let metrics {
            writer.key("metrics")
            appendList(metrics, to: &writer)
        }
        if let logLevel {
            writer.key("logLevel")
            writer.string(logLevel)
        }
        writer.key("tags")
        StringMap.append(tags, to: &writer)
        writer.key("createdMilliseconds")
        writer.number(Int(createdMilliseconds))
        writer.key("modifiedMilliseconds")
        writer.number(Int(modifiedMilliseconds))
        writer.endObject()
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(DamagedMapping) {
        do throws(LambdaError) {
            try self.init(stored: try LambdaMembers(parsing: bytes))
        } catch {
            throw DamagedMapping(reason: error.message ?? error.kind.rawValue)
        }
    }

    private init(stored members: LambdaMembers) throws(LambdaError) {
        let region = RegionName(stored: try members.required("region"))
        self.init(
            uuid: try members.required("uuid"),
            function: FunctionReference(
                name: try members.required("function"), qualifier: try members.string("qualifier"), region: region),
            streamARN: try members.required("streamARN"),
            settings: try Self.settings(try members.object("settings")),
            filterPatterns: try members.strings("filterPatterns") ?? [],
            failureDestination: try OnFailureDestination(
                try members.string("failureDestination") ?? "", in: region),
            isEnabled: try members.boolean("isEnabled") ?? true, tags: try members.map("tags") ?? [:],
            createdMilliseconds: try members.count("createdMilliseconds") ?? 0,
            modifiedMilliseconds: try members.count("modifiedMilliseconds") ?? 0)
        metrics = try members.strings("metrics")
        logLevel = try members.string("logLevel")
    }

    private func append(_ settings: MappingSettings, to writer: inout JSONWriter) {
        writer.beginObject()
        let numbers: [(StaticString, Int?)] = [
            ("batchSize", settings.batchSize),
            ("batchingWindowMilliseconds", Int(settings.batchingWindowMilliseconds)),
            ("parallelizationFactor", settings.parallelizationFactor),
            ("retryAttemptsMax", settings.retryAttemptsMax),
            ("recordAgeMaxMilliseconds", settings.recordAgeMaxMilliseconds.map { Int($0) }),
            ("tumblingWindowMilliseconds", Int(settings.tumblingWindowMilliseconds)),
            ("transactionWaitMaxMilliseconds", Int(settings.transactionWaitMaxMilliseconds)),
        ]
        for (name, value) in numbers {
            guard let value else { continue }
            writer.key(name)
            writer.number(value)
        }
        writer.key("bisectsBatchOnError")
        writer.boolean(settings.bisectsBatchOnError)
        writer.key("reportsBatchItemFailures")
        writer.boolean(settings.reportsBatchItemFailures)
        writer.key("startingPosition")
        writer.string(settings.startingPosition.rawValue)
        writer.key("transactionDelivery")
        writer.string(settings.transactionDelivery.rawValue)
        writer.endObject()
    }

    private static func settings(_ members: LambdaMembers?) throws(LambdaError) -> MappingSettings {
        var settings = MappingSettings()
        guard let members else { return settings }
        settings.batchSize = try members.integer("batchSize") ?? settings.batchSize
        settings.batchingWindowMilliseconds = try members.count("batchingWindowMilliseconds") ?? 0
        settings.parallelizationFactor =
            try members.integer("parallelizationFactor") ?? settings.parallelizationFactor
        settings.retryAttemptsMax = try members.integer("retryAttemptsMax")
        settings.recordAgeMaxMilliseconds = try members.count("recordAgeMaxMilliseconds")
        settings.tumblingWindowMilliseconds = try members.count("tumblingWindowMilliseconds") ?? 0
        settings.bisectsBatchOnError = try members.boolean("bisectsBatchOnError") ?? false
        settings.reportsBatchItemFailures = try members.boolean("reportsBatchItemFailures") ?? false
        settings.transactionWaitMaxMilliseconds =
            try members.count("transactionWaitMaxMilliseconds") ?? settings.transactionWaitMaxMilliseconds
        if let delivery = try members.string("transactionDelivery") {
            guard let known = TransactionDelivery(rawValue: delivery) else {
                throw .validation("no delivery of transactions: \(delivery)")
            }
            settings.transactionDelivery = known
        }
        let position = try members.required("startingPosition")
        guard let known = StartingPosition(rawValue: position) else { throw .validation("no position: \(position)") }
        settings.startingPosition = known
        if let violation = settings.violations.first { throw .validation("\(violation)") }
        return settings
    }

    private func appendList(_ elements: [String], to writer: inout JSONWriter) {
        writer.beginArray()
        for element in elements { writer.string(element) }
        writer.endArray()
    }
}

/// Stored bytes are no mapping.
public struct DamagedMapping: Error, Equatable, Sendable, CustomStringConvertible {
    public let reason: String

    public var description: String { "damaged event source mapping: \(reason)" }
}

extension LambdaMembers {
    fileprivate func required(_ name: StaticString) throws(LambdaError) -> String {
        guard let text = try string(name) else { throw .validation("\(name) is missing") }
        return text
    }

    fileprivate func count(_ name: StaticString) throws(LambdaError) -> UInt64? {
        guard let value = try integer(name) else { return nil }
        guard value >= 0 else { throw .validation("\(name) is negative") }
        return UInt64(value)
    }
}
