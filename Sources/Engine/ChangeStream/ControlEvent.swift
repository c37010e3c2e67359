public import JSONBytes
public import Replication

/// Something that a region's users would like to know and that AWS does not tell: a lost conflict, a half-arrived transaction, a failed
/// handler. It leaves the region as a CloudEvent (DESIGN.md 5).
public struct ControlEvent: Sendable, Equatable {
    /// What happened. The raw values are stored; `name` is what readers see.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case conflictResolved = 1
        case transactionArriving = 2
        case transactionArrived = 3
        case itemExpired = 4
        case replicaCreated = 5
        case replicaRemoved = 6
        case replicaCaughtUp = 7
        case linkPaused = 8
        case linkResumed = 9
        case regionIsolated = 10
        case regionRejoined = 11
        case handlerFailed = 12
        case handlerRecordDropped = 13
        /// A handler did not get a transaction as a whole although its mapping asks for that.
        case transactionDeliveredInParts = 14
        case linkRecordsMissing = 20
        case replicaRebuilt = 21

        public var name: String {
            switch self {
            case .conflictResolved: "conflict.resolved"
            case .transactionArriving: "transaction.arriving"
            case .transactionArrived: "transaction.arrived"
            case .itemExpired: "item.expired"
            case .replicaCreated: "replica.created"
            case .replicaRemoved: "replica.removed"
            case .replicaCaughtUp: "replica.caught-up"
            case .linkPaused: "link.paused"
            case .linkResumed: "link.resumed"
            case .regionIsolated: "region.isolated"
            case .regionRejoined: "region.rejoined"
            case .handlerFailed: "handler.failed"
            case .handlerRecordDropped: "handler.record-dropped"
            case .transactionDeliveredInParts: "transaction.delivered-in-parts"
            case .linkRecordsMissing: "link.records-missing"
            case .replicaRebuilt: "replica.rebuilt"
            }
        }

        public init?(name: String) {
            guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
            self = kind
        }
    }

    public let kind: Kind
    /// What it happened to: a table, a link, a handler.
    public let subject: String
    /// The members of `data`: a JSON object.
    public let data: [UInt8]

    public init(kind: Kind, subject: String, data: [UInt8]) {
        self.kind = kind
        self.subject = subject
        self.data = data
    }

    /// The event with a JSON object whose members `body` writes.
    public init(kind: Kind, subject: String, members body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        writer.beginObject()
        body(&writer)
        writer.endObject()
        self.init(kind: kind, subject: subject, data: writer.bytes)
    }

    /// The event as CloudEvents JSON (structured mode, version 1.0).
    ///
    /// - Parameters:
    ///   - sequence: its place in the region's log of control events, from 1.
    ///   - timeMilliseconds: the region's wall clock, in milliseconds since 1970.
    public func cloudEvent(region: RegionName, sequence: UInt64, timeMilliseconds: UInt64) -> [UInt8] {
        var writer = JSONWriter(reserving: data.count + 256)
        writer.beginObject()
        writer.key("specversion")
        writer.string("1.0")
        writer.key("id")
        writer.string("\(region.name)/\(sequence)")
        writer.key("source")
        writer.string("/tributary/regions/\(region.name)")
        writer.key("type")
        writer.string(kind.name)
        writer.key("time")
        writer.string(StreamLabel.text(milliseconds: timeMilliseconds) + "Z")
        writer.key("subject")
        writer.string(subject)
        writer.key("datacontenttype")
        writer.string("application/json")
        writer.key("data")
        writer.raw(data)
        writer.endObject()
        return writer.bytes
    }
}
