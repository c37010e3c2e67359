/// A rule that the simulator's shell breaks on purpose, to prove that the checks would notice. The engines know nothing of it.
public enum Mutation: String, Sendable, CaseIterable {
    case lastWriterLoses = "last-writer-loses"
    case tombstoneDroppedEarly = "tombstone-dropped-early"
    case cursorBeforeApply = "cursor-saved-before-apply"
    case cursorPastUndurable = "cursor-saved-past-what-the-source-may-lose"
    case batchNotIdempotent = "repeated-batch-applied-again"
    case baseVersionIgnored = "base-version-ignored"
    case clockForgotten = "clock-forgotten-at-restart"
    case logTrimmedEarly = "log-trimmed-before-links-have-read-it"
    case snapshotBeforeCursor = "new-replica-begins-behind-its-snapshot"
    case filterOffByOne = "filter-off-by-one"
    case checkpointAhead = "checkpoint-ahead-of-its-batch"
    case failureCountsAsSuccess = "failed-batch-counts-as-handled"
    case renewedItemExpires = "expiry-ignores-renewal"
    case unsyncedWrites = "client-writes-not-synced"
    case answerBeforeCommit = "answer-before-the-commit"
    case tornBatch = "write-batch-torn-by-a-crash"
    case tokenIgnored = "client-token-ignored"
    case overtakingLink = "changes-of-an-item-overtake-each-other"

    /// Within how many seeds the mutation must be noticed. `simulator meta` holds it.
    public var seedsMax: UInt64 {
        switch self {
        // It takes a power failure of the source alone, in the moment between a link's read and the source's next synced commit.
        case .cursorPastUndurable: 1500
        default: 100
        }
    }
}
