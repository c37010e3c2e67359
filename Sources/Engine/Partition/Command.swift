public import AttributeModel
public import ChangeStream
public import Expressions
public import Replication

/// Everything that changes a region's state. The region's writer applies commands one after the other (`RegionEngine.apply`).
public enum Command: Sendable {
    case write(ItemWrite)
    /// Independent writes of one request, as in BatchWriteItem.
    case writeEach([ItemWrite])
    case transact(Transaction)
    /// Changes that arrived over a link, with the cursor behind them.
    case replicate(ReplicatedChanges)
    /// Items of the source's snapshot for a replica that is being created.
    case backfill(BackfillChunk)
    /// Adds existing items to an index that is being created, or to the list by expiry (`StorageKeys.expiryOrdinal`).
    case indexItems(table: TableDefinition.Number, ordinal: IndexDefinition.Ordinal, keys: [EncodedKey])
    /// (Behind a reference: a definition is large, and every command would take its room.)
    indirect case changeCatalogue(CatalogueChange)
    /// Work that time brings: shards that roll over, records, tombstones and tokens that expire.
    case expire(Expiry)
    /// Deletes items whose time to live is over, those of them that still are when the command's turn comes.
    case deleteExpired(table: TableDefinition.Number, keys: [EncodedKey])
    /// A value that the shell keeps in the region.
    case keep(KeptValue)
    /// Something that happened in the shell and that users want to know.
    case emit(ControlEvent)
    /// Waits until everything before it is durable.
    case flush
}

/// One write of a client.
public struct ItemWrite: Sendable {
    public enum Change: Sendable {
        case put(Item)
        case update(UpdateExpression)
        case delete
        /// Only evaluates the condition (ConditionCheck of a transaction).
        case check
    }

    public let table: TableDefinition.Number
    public let key: EncodedKey
    /// The key attributes, as an item that an update creates begins with.
    public let keyItem: Item
    public let change: Change
    public let condition: ConditionExpression?

    public init(
        table: TableDefinition.Number, key: EncodedKey, keyItem: Item, change: Change, condition: ConditionExpression?
    ) {
        self.table = table
        self.key = key
        self.keyItem = keyItem
        self.change = change
        self.condition = condition
    }
}

/// TransactWriteItems: all writes or none.
public struct Transaction: Sendable {
    public let id: String
    public let writes: [ItemWrite]
    public let token: IdempotencyToken?

    public init(id: String, writes: [ItemWrite], token: IdempotencyToken?) {
        self.id = id
        self.writes = writes
        self.token = token
    }
}

/// ClientRequestToken with a digest of the request that it came with.
public struct IdempotencyToken: Sendable, Hashable {
    /// How long a completed request is remembered, in milliseconds (reference `data-plane.md` 10).
    public static let lifetimeMilliseconds: UInt64 = 10 * 60 * 1000

    public let token: String
    public let digest: [UInt8]

    public init(token: String, digest: [UInt8]) {
        self.token = token
        self.digest = digest
    }
}

/// Changes of a peer's log that were made in that peer's region, those of one item in the order of the log.
public struct ReplicatedChanges: Sendable {
    public let table: TableDefinition.Number
    public let peer: RegionName
    public let changes: [ReplicatedChange]
    /// How far the link has come, once the changes are applied. It covers exactly what was carried so far.
    public let cursor: LinkCursor

    public init(table: TableDefinition.Number, peer: RegionName, changes: [ReplicatedChange], cursor: LinkCursor) {
        self.table = table
        self.peer = peer
        self.changes = changes
        self.cursor = cursor
    }
}

/// A whole item, or its deletion, as it travels over a link.
public struct ReplicatedChange: Sendable {
    /// Place in the log of the region that wrote it.
    public let sequence: UInt64
    public let key: EncodedKey
    public let version: Version
    public let baseVersion: Version?
    /// Nil when the item was deleted.
    public let item: Item?
    public let cause: ChangeRecord.Cause
    public let transaction: ChangeRecord.Transaction?

    public init(
        sequence: UInt64, key: EncodedKey, version: Version, baseVersion: Version?, item: Item?,
        cause: ChangeRecord.Cause, transaction: ChangeRecord.Transaction?
    ) {
        self.sequence = sequence
        self.key = key
        self.version = version
        self.baseVersion = baseVersion
        self.item = item
        self.cause = cause
        self.transaction = transaction
    }
}

public struct BackfillChunk: Sendable {
    public let table: TableDefinition.Number
    public let states: [(key: EncodedKey, state: StoredItem)]
    /// Whether the states of new items are changes too: of a replica that others read already, in place of records that were lost.
    public let isLogged: Bool

    public init(
        table: TableDefinition.Number, states: [(key: EncodedKey, state: StoredItem)], isLogged: Bool = false
    ) {
        self.table = table
        self.states = states
        self.isLogged = isLogged
    }
}

/// A change of the catalogue, already decided and checked by the control plane.
public enum CatalogueChange: Sendable {
    case create(TableDefinition)
    /// Applied to the definition as the writer then has it, so that nothing decided meanwhile is lost.
    case edit(TableDefinition.Number, @Sendable (inout TableDefinition) -> Void)
    /// Removes the table and all its rows, but for the records of its streams, which stay readable for a day.
    case drop(TableDefinition.Number)
    case enableStream(TableDefinition.Number, StreamViewType)
    case disableStream(TableDefinition.Number)
    case dropIndex(TableDefinition.Number, IndexDefinition.Ordinal)
    /// Where a link of a new replica begins.
    case setCursor(TableDefinition.Number, peer: RegionName, LinkCursor)
    case removeCursor(TableDefinition.Number, peer: RegionName)
    /// Makes an empty table a replica of a global table of version 2017.11.29; nothing when it holds items by then.
    case joinLegacyGlobalTable(TableDefinition.Number, LegacyMembership)
    /// Makes a replica of such a global table a table that stands alone, with all its items.
    case leaveLegacyGlobalTable(TableDefinition.Number)
    /// Forgets another replica of such a global table.
    case removeLegacyPeer(TableDefinition.Number, RegionName)
}

/// What may go, as the shell has found out by reading logs and peers.
public enum Expiry: Sendable {
    case rollShards
    /// Change records before this one are older than a day and read by all links. Streams that were disabled a day ago go too.
    case changes(table: TableDefinition.Number, before: UInt64)
    /// Tombstones up to this timestamp have been seen by every replica, which can send nothing older.
    case tombstones(table: TableDefinition.Number, keys: [(timestamp: HybridTimestamp, key: EncodedKey)])
    case idempotencyTokens
    /// Deleted tables whose streams nobody can read any more.
    case deletedTables
}
