public import ChangeStream
import JSONBytes
public import Replication

/// Events about replicas, links and regions, as opposed to what is written in them.
extension ControlEvent {
    /// A region's own replica of a global table was created, is complete, or was removed.
    static func replica(_ kind: Kind, table: String, region: RegionName, others: [RegionName]) -> ControlEvent {
        ControlEvent(kind: kind, subject: table) { writer in
            writer.key("table")
            writer.string(table)
            writer.key("region")
            writer.string(region.name)
            writer.key("otherRegions")
            writer.beginArray()
            for other in others { writer.string(other.name) }
            writer.endArray()
        }
    }

    /// A link was paused, cut or set going again; for the region that receives over it.
    ///
    /// - Parameters:
    ///   - table: the only table that it is about; nil for all.
    ///   - pauser: who wants that.
    public static func link(
        from source: RegionName, to target: RegionName, state: LinkSettings.State, table: String? = nil,
        by pauser: String? = nil
    ) -> ControlEvent {
        ControlEvent(kind: state == .running ? .linkResumed : .linkPaused, subject: "\(source):\(target)") { writer in
            writer.key("from")
            writer.string(source.name)
            writer.key("to")
            writer.string(target.name)
            writer.key("state")
            writer.string(state.rawValue)
            if let table {
                writer.key("table")
                writer.string(table)
            }
            if let pauser {
                writer.key("by")
                writer.string(pauser)
            }
        }
    }

    /// A region's replica was brought up to date from the state of another one, because that one's topic no longer held what the replica
    /// lacked.
    public static func replicaRebuilt(table: String, region: RegionName, source: RegionName) -> ControlEvent {
        ControlEvent(kind: .replicaRebuilt, subject: table) { writer in
            for (name, text) in [("table", table), ("region", region.name), ("source", source.name)] {
                writer.key(name)
                writer.string(text)
            }
        }
    }

    /// A topic no longer holds what a link has not read; for the region that receives. The link reads it from the log of a source of the same
    /// process; for a source of another one the replica is rebuilt.
    ///
    /// - Parameter missing: the sequence numbers in the source's log of the table.
    public static func recordsMissing(
        from source: RegionName, to target: RegionName, table: String, topic: String, missing: Range<UInt64>
    ) -> ControlEvent {
        ControlEvent(kind: .linkRecordsMissing, subject: "\(source):\(target)") { writer in
            for (name, text) in [
                ("from", source.name), ("to", target.name), ("table", table), ("topic", topic),
                ("firstSequenceNumber", SequenceNumber.text(of: missing.lowerBound)),
                ("lastSequenceNumber", SequenceNumber.text(of: missing.upperBound - 1)),
            ] {
                writer.key(name)
                writer.string(text)
            }
        }
    }

    /// A region was taken off its links, or put back.
    public static func region(_ name: RegionName, isIsolated: Bool) -> ControlEvent {
        ControlEvent(kind: isIsolated ? .regionIsolated : .regionRejoined, subject: name.name) { writer in
            writer.key("region")
            writer.string(name.name)
        }
    }
}
