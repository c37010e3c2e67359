public import AttributeModel
import Replication

/// What a command led to. A reply leaves the region only when the commit that covers it is durable.
public enum Reply: Sendable {
    case written(WriteOutcome)
    case writtenEach([WriteOutcome])
    /// Of independent writes some were made; nil stands for those that found no capacity left.
    case writtenSome([WriteOutcome?])
    case transacted(TransactionOutcome)
    case replicated(ReplicationOutcome)
    /// Catalogue changes, backfills, expiries, flushes.
    case done
    /// How many items were expired and are deleted.
    case swept(deleted: Int)
    case failed(WriteFailure)
    case eachFailed(index: Int, WriteFailure)
    case cancelled([CancellationReason])
    /// The token came with another request before.
    case tokenMismatch
}

/// What a write did, with all that ReturnValues and ReturnConsumedCapacity ask for.
public struct WriteOutcome: Sendable {
    public let oldItem: Item?
    public let newItem: Item?
    /// Index entries written or deleted, by index name, in write units' worth of bytes each.
    public let indexWrites: [IndexWrite]

    public init(oldItem: Item?, newItem: Item?, indexWrites: [IndexWrite] = []) {
        self.oldItem = oldItem
        self.newItem = newItem
        self.indexWrites = indexWrites
    }
}

/// One put or delete of an index entry.
public struct IndexWrite: Sendable, Equatable {
    public let index: String
    public let isLocal: Bool
    /// Size of the larger of the entries before and after.
    public let entryBytes: Int

    public init(index: String, isLocal: Bool, entryBytes: Int) {
        self.index = index
        self.isLocal = isLocal
        self.entryBytes = entryBytes
    }
}

public enum TransactionOutcome: Sendable {
    case committed([WriteOutcome])
    /// The token's request was completed before; nothing was written. The items as they are now, for the capacity.
    case replayed([Item?])
}

/// What the changes of a link did.
public struct ReplicationOutcome: Sendable, Equatable {
    public var applied = 0
    public var alreadyApplied = 0
    public var lost = 0
    /// How many were concurrent with a write of this region, whichever of the two won.
    public var conflicts = 0
    /// A peer's timestamps are further ahead of this region's clock than is trusted, in milliseconds.
    public var skewMilliseconds: UInt64?
    /// Half-arrived transactions that the region no longer follows, because there are too many.
    public var forgottenTransactions = 0

    public init() {}
}

/// Why a write was not made. Nothing of it is stored.
public enum WriteFailure: Error, Sendable, Equatable {
    /// Missing, being created or being deleted.
    case tableNotFound
    /// The item as it was, for ReturnValuesOnConditionCheckFailure.
    case conditionFailed(Item?)
    /// A ValidationException that only the stored item or the indexes could tell.
    case invalid(String)
    /// Provisioned capacity is used up.
    case throttled(Throttling)
    /// The store failed: the outcome is unknown.
    case unknownOutcome
}

/// Why an action of a cancelled transaction was refused, or that it was not.
public enum CancellationReason: Sendable, Equatable {
    case none
    case conditionFailed(Item?)
    case invalid(String)
    case throttled(Throttling)
}
