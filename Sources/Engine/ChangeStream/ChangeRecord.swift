public import AttributeModel
public import Replication

/// One effective change of one item, as it stands in the change log of a region and table.
public struct ChangeRecord: Sendable, Equatable {
    /// What happened to the item, in the words of DynamoDB Streams.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case insert = 1
        case modify = 2
        case remove = 3

        /// Among all cases.
        var place: Int { Int(rawValue) - 1 }

        public var eventName: String {
            switch self {
            case .insert: "INSERT"
            case .modify: "MODIFY"
            case .remove: "REMOVE"
            }
        }
    }

    /// Why the write happened, in the region it comes from. The raw values are stored.
    public enum Cause: UInt8, Sendable {
        case user = 1
        case ttl = 2
        /// It came in a snapshot that does not tell.
        case restore = 3
    }

    /// The transaction that a write belongs to: items of one transaction travel between regions one by one.
    public struct Transaction: Sendable, Equatable {
        /// The same in all records of the transaction, unique over regions and time.
        public var id: String
        /// From 0, among the items that the transaction changed.
        public var index: Int
        /// How many items the transaction changed.
        public var size: Int
        /// Where its records lie, for each global table that it changed. Empty when all of them are in the table of this record.
        public var shares: [Share]

        public init(id: String, index: Int, size: Int, shares: [Share] = []) {
            self.id = id
            self.index = index
            self.size = size
            self.shares = shares
        }

        /// The part of a transaction that lies in one table: consecutive records of the home region's log.
        public struct Share: Sendable, Hashable {
            public var table: String
            /// Sequence number of the first record in the log of the region that made the transaction.
            public var first: UInt64
            public var count: UInt64

            public init(table: String, first: UInt64, count: UInt64) {
                self.table = table
                self.first = first
                self.count = count
            }
        }
    }

    /// Place in this region's log of the table, without gaps from 1.
    public var sequence: UInt64
    /// Version of the item after the change; its region is where the write was made.
    public var version: Version
    /// Version that the write replaced in the region that made it; nil when there was no state, not even a tombstone.
    public var baseVersion: Version?
    /// When this region committed the change, in milliseconds since 1970.
    public var commitMilliseconds: UInt64
    public var cause: Cause
    public var transaction: Transaction?
    public var change: Change

    /// The item before and after: never neither.
    public enum Change: Sendable, Equatable {
        case insert(Item)
        case modify(old: Item, new: Item)
        case remove(Item)
    }

    public init(
        sequence: UInt64, version: Version, baseVersion: Version?, commitMilliseconds: UInt64, cause: Cause,
        transaction: Transaction?, change: Change
    ) {
        self.sequence = sequence
        self.version = version
        self.baseVersion = baseVersion
        self.commitMilliseconds = commitMilliseconds
        self.cause = cause
        self.transaction = transaction
        self.change = change
    }

    public var kind: Kind {
        switch change {
        case .insert: .insert
        case .modify: .modify
        case .remove: .remove
        }
    }

    public var newImage: Item? {
        switch change {
        case .insert(let item), .modify(_, let item): item
        case .remove: nil
        }
    }

    public var oldImage: Item? {
        switch change {
        case .insert: nil
        case .modify(let item, _), .remove(let item): item
        }
    }
}
