import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import Replication

/// Two writes to one item of which neither had seen the other: last writer wins, and somebody's write is lost (DESIGN.md 6).
///
/// It is told in the two regions that made the writes: there one of them is the stored state and the other arrives, so that both are at
/// hand and it is certain that neither knew the other. A third region sees only in which order they come, which says nothing.
///
/// One exception: a replica that is being filled may get a write in the snapshot, write over it, and get it once more over the link whose
/// cursor is older than the snapshot. That is told as a conflict too, for no state tells what it replaced.
struct Conflict {
    enum Side: String {
        /// The write that came over the link was discarded.
        case arriving
        /// The write of this region was overwritten.
        case stored
    }

    let table: String
    let loser: Side
    let arriving: (version: Version, item: Item?)
    let stored: StoredItem
    let keyNames: [Text]

    /// Nil when the writes followed one another, and when both are deletes: then nobody has lost anything.
    ///
    /// - Parameter table: is asked for only when there is a conflict; it is large.
    init?(
        _ change: ReplicatedChange, stored: StoredItem?, in region: RegionName,
        table: @autoclosure () -> TableDefinition
    ) {
        guard let stored, stored.version.region == region, change.item != nil || stored.item != nil else { return nil }
        if change.version > stored.version {
            // Who wrote it had this region's write before its eyes, or a later state.
            if let base = change.baseVersion, base >= stored.version { return nil }
            loser = .stored
        } else {
            loser = .arriving
        }
        let table = table()
        self.table = table.name
        self.stored = stored
        arriving = (change.version, change.item)
        keyNames = table.keySchema.attributes.map(\.name)
    }

    var event: ControlEvent {
        ControlEvent(kind: .conflictResolved, subject: table) { writer in
            writer.key("table")
            writer.string(table)
            writer.key("key")
            (stored.item ?? arriving.item ?? .empty).projecting(keyNames).appendJSON(to: &writer)
            writer.key("discarded")
            writer.string(loser.rawValue)
            let sides = [(arriving.version, arriving.item), (stored.version, stored.item)]
            for (name, side) in zip(["winner", "loser"], loser == .arriving ? sides.reversed() : sides) {
                writer.key(name)
                writer.beginObject()
                writer.key("region")
                writer.string(side.0.region.name)
                writer.key("version")
                writer.string("\(side.0)")
                writer.key("timeMilliseconds")
                writer.number(Int(side.0.timestamp.milliseconds))
                writer.key("item")
                if let item = side.1 { item.appendJSON(to: &writer) } else { writer.raw(Array("null".utf8)) }
                writer.endObject()
            }
        }
    }
}
