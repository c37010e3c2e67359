import EventSource
import Testing

@Suite struct MappingSettingsTests {
    @Test("the defaults are those of Lambda")
    func defaults() {
        let settings = MappingSettings()
        #expect(settings.violations == [])
        #expect(settings.batchSize == 100)
        #expect(settings.batchingWindowMilliseconds == 0)
        #expect(settings.parallelizationFactor == 1)
        #expect(settings.retryAttemptsMax == nil)
        #expect(settings.recordAgeMaxMilliseconds == nil)
        #expect(!settings.bisectsBatchOnError)
        #expect(!settings.reportsBatchItemFailures)
        #expect(!settings.hasTumblingWindows)
    }

    struct Example: Sendable {
        var settings: MappingSettings
        var violation: String?

        init(_ settings: MappingSettings, _ violation: String? = nil) {
            self.settings = settings
            self.violation = violation
        }
    }

    @Test(
        "a violation names the field, its range and its value",
        arguments: [
            Example(MappingSettings(batchSize: 1)),
            Example(MappingSettings(batchSize: 10_000)),
            Example(MappingSettings(batchSize: 0), "batchSize must be 1 to 10000, but is 0"),
            Example(MappingSettings(batchSize: 10_001), "batchSize must be 1 to 10000, but is 10001"),
            Example(MappingSettings(batchingWindowMilliseconds: 300_000)),
            Example(
                MappingSettings(batchingWindowMilliseconds: 300_001),
                "batchingWindowMilliseconds must be 0 to 300000, but is 300001"),
            Example(MappingSettings(parallelizationFactor: 10)),
            Example(
                MappingSettings(parallelizationFactor: 11), "parallelizationFactor must be 1 to 10, but is 11"),
            Example(MappingSettings(parallelizationFactor: 0), "parallelizationFactor must be 1 to 10, but is 0"),
            Example(MappingSettings(retryAttemptsMax: 0)),
            Example(MappingSettings(retryAttemptsMax: 10_000)),
            Example(MappingSettings(retryAttemptsMax: -1), "retryAttemptsMax must be 0 to 10000, but is -1"),
            Example(MappingSettings(retryAttemptsMax: 10_001), "retryAttemptsMax must be 0 to 10000, but is 10001"),
            Example(MappingSettings(recordAgeMaxMilliseconds: 60_000)),
            Example(MappingSettings(recordAgeMaxMilliseconds: 604_800_000)),
            Example(
                MappingSettings(recordAgeMaxMilliseconds: 59_999),
                "recordAgeMaxMilliseconds must be 60000 to 604800000, but is 59999"),
            Example(
                MappingSettings(recordAgeMaxMilliseconds: 604_800_001),
                "recordAgeMaxMilliseconds must be 60000 to 604800000, but is 604800001"),
            Example(MappingSettings(tumblingWindowMilliseconds: 900_000)),
            Example(
                MappingSettings(tumblingWindowMilliseconds: 900_001),
                "tumblingWindowMilliseconds must be 0 to 900000, but is 900001"),
            Example(
                MappingSettings(parallelizationFactor: 2, tumblingWindowMilliseconds: 1000),
                "tumblingWindowMilliseconds must be 0 when parallelizationFactor is above 1, but is 1000"),
        ])
    func ranges(example: Example) {
        #expect(example.settings.violations.map(\.description) == (example.violation.map { [$0] } ?? []))
    }

    @Test func everyViolationIsFound() {
        let settings = MappingSettings(batchSize: 0, parallelizationFactor: 11, retryAttemptsMax: -1)
        #expect(settings.violations.map(\.field) == ["batchSize", "parallelizationFactor", "retryAttemptsMax"])
    }

    @Test("states and results are texts of the API")
    func texts() {
        let states = MappingState.allCases.map(\.rawValue)
        #expect(states == ["Creating", "Enabling", "Enabled", "Disabling", "Disabled", "Updating", "Deleting"])
        let results = LastProcessingResult.allCases.map(\.rawValue)
        #expect(results == ["No records processed", "OK", "PROBLEM: Function call failed"])
        #expect(StartingPosition(rawValue: "TRIM_HORIZON") == .trimHorizon)
        #expect(StartingPosition(rawValue: "AT_TIMESTAMP") == nil)
    }
}
