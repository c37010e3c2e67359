public import Replication

/// A replica's place in a global table of version 2017.11.29 (reference `global-tables.md` 1 and 2).
///
/// Such a global table joins empty tables that users made, stamps what is written (`LegacyStamp`), and lets replicas go as tables that stand alone.
public struct LegacyGlobalTable: Sendable, Equatable, Codable {
    public enum Status: String, Sendable, Codable {
        case joining
        case active
        case leaving
    }

    /// When the global table was made, in milliseconds since 1970; the same in all its replicas.
    public let createdMilliseconds: UInt64
    public var status: Status
    /// Sequence number of the first change that the others need. Those before it were made while the table stood alone.
    public let firstSequence: UInt64

    public init(createdMilliseconds: UInt64, status: Status, firstSequence: UInt64) {
        self.createdMilliseconds = createdMilliseconds
        self.status = status
        self.firstSequence = firstSequence
    }
}

/// What a table that becomes a replica must know.
public struct LegacyMembership: Sendable, Equatable {
    /// When the global table was made, in milliseconds since 1970.
    public let createdMilliseconds: UInt64
    public let peers: [RegionName]
    /// The latest of the peers' hybrid clocks: see `TableDefinition.versionFloor`.
    public let versionFloor: HybridTimestamp

    public init(createdMilliseconds: UInt64, peers: [RegionName], versionFloor: HybridTimestamp) {
        self.createdMilliseconds = createdMilliseconds
        self.peers = peers
        self.versionFloor = versionFloor
    }
}
