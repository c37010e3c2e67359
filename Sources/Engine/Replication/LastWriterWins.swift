/// What a write that arrives from another region does to the stored state of its item.
public enum LastWriterWins: Sendable, Equatable {
    /// The arriving write is newer, or nothing is stored: it replaces the state.
    case replaces
    /// The very write was applied before: nothing happens.
    case alreadyApplied
    /// The stored state is newer: the arriving write is discarded.
    case loses

    /// The whole decision; deterministic, and the same in every region (reference `global-tables.md` 5).
    public static func decide(arriving: Version, stored: Version?) -> LastWriterWins {
        guard let stored else { return .replaces }
        if arriving == stored { return .alreadyApplied }
        return arriving > stored ? .replaces : .loses
    }
}
