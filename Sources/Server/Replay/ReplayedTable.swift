import AttributeModel
public import HandlerKit
import JSONBytes

/// The items of a table as recorded changes leave them, from an empty table on.
public struct ReplayedTable: Sendable {
    private var items: [Item: Item] = [:]
    private var schema: KeySchema?

    /// Throws when the changes are of several streams, or do not show items.
    public init(_ recording: Recording) throws(ReplayError) {
        let streams = recording.streamARNs
        guard streams.count <= 1 else {
            throw ReplayError(
                "the changes are of several streams, and a table is of one; choose with --region and --table: "
                    + streams.joined(separator: ", "))
        }
        for change in recording.changes { try apply(change) }
    }

    public var count: Int { items.count }

    private mutating func apply(_ change: RecordedChange) throws(ReplayError) {
        if change.eventName == .remove {
            items[change.keys] = nil
        } else if let image = change.newImage {
            items[change.keys] = image
        } else {
            throw ReplayError(
                "record \(change.sequenceNumber) does not show the new item (its stream has \(change.viewType.rawValue)): "
                    + "a table can be made of NEW_IMAGE and NEW_AND_OLD_IMAGES")
        }
        if schema == nil { schema = KeySchema(recordedKeys: change.keys) }
    }

    /// A line `{"Item":{…}}` for each item, as table exports have them, in the order of their keys: key attributes compare in the order of their
    /// names.
    public func lines() throws(ReplayError) -> [String] {
        guard let schema else { return [] }
        var placed: [(place: ArraySlice<UInt8>, item: Item)] = []
        for (keys, item) in items {
            do throws(KeyError) {
                placed.append((try schema.key(of: keys).bytes.dropFirst(EncodedKey.hashBytes), item))
            } catch {
                throw ReplayError("the records have keys of different tables: \(error)")
            }
        }
        placed.sort { $0.place.lexicographicallyPrecedes($1.place) }
        return placed.map { _, item in
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("Item")
            item.appendJSON(to: &writer)
            writer.endObject()
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }
}
