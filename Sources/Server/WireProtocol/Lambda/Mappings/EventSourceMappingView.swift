public import EventSource
import JSONBytes

/// A mapping as the API shows it (reference `event-source-mapping.md` 1): its definition, and what it is doing.
public struct EventSourceMappingView: Sendable, Equatable {
    public var definition: EventSourceMappingDefinition
    public var state: MappingState
    /// How the last invocation went, in Lambda's words.
    public var lastProcessingResult: String
    public var stateTransitionReason: String

    public init(
        _ definition: EventSourceMappingDefinition, state: MappingState,
        lastProcessingResult: String = LastProcessingResult.noRecordsProcessed.rawValue,
        stateTransitionReason: String = "User action"
    ) {
        self.definition = definition
        self.state = state
        self.lastProcessingResult = lastProcessingResult
        self.stateTransitionReason = stateTransitionReason
    }

    /// What GetEventSourceMapping answers.
    public var response: LambdaResponse { response(status: 200) }
    /// What creating, updating and deleting answer: the change has begun.
    public var acceptedResponse: LambdaResponse { response(status: 202) }

    private func response(status: Int) -> LambdaResponse {
        var writer = JSONWriter()
        append(to: &writer)
        return LambdaResponse(status: status, body: writer.bytes)
    }

    /// The place in listings: in the order of creation.
    var listKey: String {
        let time = String(definition.createdMilliseconds)
        return String(repeating: "0", count: max(0, 20 - time.utf8.count)) + time + definition.uuid
    }

    func append(to writer: inout JSONWriter) {
        let settings = definition.settings
        writer.beginObject()
        appendStrings([("UUID", definition.uuid), ("StartingPosition", settings.startingPosition.rawValue)], &writer)
        appendNumbers(
            [
                ("BatchSize", settings.batchSize),
                ("MaximumBatchingWindowInSeconds", Int(settings.batchingWindowMilliseconds / 1000)),
                ("ParallelizationFactor", settings.parallelizationFactor),
            ], &writer)
        appendStrings([("EventSourceArn", definition.streamARN)], &writer)
        appendFilters(&writer)
        appendStrings([("FunctionArn", definition.function.arn)], &writer)
        writer.key("LastModified")
        writer.number(Double(definition.modifiedMilliseconds) / 1000)
        appendStrings(
            [
                ("LastProcessingResult", lastProcessingResult), ("State", state.rawValue),
                ("StateTransitionReason", stateTransitionReason),
            ], &writer)
        appendDestination(&writer)
        appendNumbers(
            [("MaximumRecordAgeInSeconds", settings.recordAgeMaxMilliseconds.map { Int($0 / 1000) } ?? -1)], &writer)
        writer.key("BisectBatchOnFunctionError")
        writer.boolean(settings.bisectsBatchOnError)
        appendNumbers(
            [
                ("MaximumRetryAttempts", settings.retryAttemptsMax ?? -1),
                ("TumblingWindowInSeconds", Int(settings.tumblingWindowMilliseconds / 1000)),
            ], &writer)
        writer.key("FunctionResponseTypes")
        appendList(settings.reportsBatchItemFailures ? [MappingSettingsChange.batchItemFailures] : [], &writer)
        appendStrings([("EventSourceMappingArn", definition.arn)], &writer)
        appendInert(&writer)
        writer.endObject()
    }

    private func appendFilters(_ writer: inout JSONWriter) {
        guard !definition.filterPatterns.isEmpty else { return }
        writer.key("FilterCriteria")
        writer.beginObject()
        writer.key("Filters")
        writer.beginArray()
        for pattern in definition.filterPatterns {
            writer.beginObject()
            appendStrings([("Pattern", pattern)], &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private func appendDestination(_ writer: inout JSONWriter) {
        writer.key("DestinationConfig")
        writer.beginObject()
        writer.key("OnFailure")
        writer.beginObject()
        if let destination = definition.failureDestination {
            appendStrings([("Destination", destination.text)], &writer)
        }
        writer.endObject()
        writer.endObject()
    }

    private func appendInert(_ writer: inout JSONWriter) {
        if let metrics = definition.metrics, !metrics.isEmpty {
            writer.key("MetricsConfig")
            writer.beginObject()
            writer.key("Metrics")
            appendList(metrics, &writer)
            writer.endObject()
        }
        if let logLevel = definition.logLevel {
            writer.key("LoggingConfig")
            writer.beginObject()
            appendStrings([("SystemLogLevel", logLevel)], &writer)
            writer.endObject()
        }
    }

    private func appendStrings(_ members: [(StaticString, String)], _ writer: inout JSONWriter) {
        for (name, value) in members {
            writer.key(name)
            writer.string(value)
        }
    }

    private func appendNumbers(_ members: [(StaticString, Int)], _ writer: inout JSONWriter) {
        for (name, value) in members {
            writer.key(name)
            writer.number(value)
        }
    }

    private func appendList(_ elements: [String], _ writer: inout JSONWriter) {
        writer.beginArray()
        for element in elements { writer.string(element) }
        writer.endArray()
    }
}
