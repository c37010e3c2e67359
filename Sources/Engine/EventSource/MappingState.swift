/// What a mapping is doing, in the words of the Lambda API (reference `event-source-mapping.md` 1).
public enum MappingState: String, Sendable, CaseIterable {
    case creating = "Creating"
    case enabling = "Enabling"
    case enabled = "Enabled"
    case disabling = "Disabling"
    case disabled = "Disabled"
    case updating = "Updating"
    case deleting = "Deleting"
}

/// How the mapping's last invocation went, in the words of the Lambda API.
public enum LastProcessingResult: String, Sendable, CaseIterable {
    case noRecordsProcessed = "No records processed"
    case succeeded = "OK"
    case functionCallFailed = "PROBLEM: Function call failed"
}
