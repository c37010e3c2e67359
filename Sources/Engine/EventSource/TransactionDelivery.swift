/// How a function gets the records of a transaction. Lambda has nothing like it: there a transaction has no meaning beyond its home region.
public enum TransactionDelivery: String, Sendable, CaseIterable {
    /// As any others: those of other regions one by one, as they arrive.
    case asArrived = "as-arrived"
    /// Those of one table together in one batch, once the whole transaction has arrived in this region.
    case complete
}

/// The transaction that a record belongs to, as far as its delivery depends on it.
public struct TransactionMembership: Sendable, Equatable {
    /// The same in all records of the transaction.
    public var id: String
    /// How many records of it the stream has at most: writes that lose against later ones leave none.
    public var recordsMax: Int
    /// Whether this region made it: then its records are neighbours in the log.
    public var isLocal: Bool

    public init(id: String, recordsMax: Int, isLocal: Bool) {
        self.id = id
        self.recordsMax = recordsMax
        self.isLocal = isLocal
    }
}

/// Which transactions of other regions have arrived in part, at one moment.
public struct ArrivingTransactions: Sendable, Equatable {
    /// Those that are not yet whole.
    public var incomplete: Set<String>
    /// Those that were too many to be followed: nobody knows whether they are whole.
    public var forgotten: Set<String>
    /// The number that the table's next change got at that moment: records below are covered.
    public var nextSequence: UInt64

    public init(incomplete: Set<String> = [], forgotten: Set<String> = [], nextSequence: UInt64) {
        self.incomplete = incomplete
        self.forgotten = forgotten
        self.nextSequence = nextSequence
    }
}

/// A transaction whose records a function did not get together although its mapping asks for that.
public struct TransactionInParts: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        /// It had not arrived whole within `MappingSettings.transactionWaitMaxMilliseconds`.
        case waitedTooLong = "it had not arrived whole within the longest wait of the mapping"
        /// The region followed so many half-arrived transactions that it gave this one up.
        case forgotten = "too many transactions were half visible, and this one was no longer followed"
        /// More records waited than a mapping holds.
        case tooManyWait = "more records waited for their transactions than a mapping holds"
        /// It does not fit into one batch.
        case tooLarge = "its records do not fit into one batch"
    }

    public var id: String
    public var reason: Reason
    /// Sequence numbers of what is delivered now, ascending.
    public var records: [UInt64]

    public init(id: String, reason: Reason, records: [UInt64]) {
        self.id = id
        self.reason = reason
        self.records = records
    }
}
