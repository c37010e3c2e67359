import AttributeModel
import Bytes
import Replication

/// Which index entries a change of an item adds and deletes, and whether its index keys are legal (reference `data-plane.md` 4.4, 13).
final class IndexMaintenance: Sendable {
    let definition: TableDefinition
    /// What every write asks of the definition, which is large.
    let isGlobal: Bool
    let isLegacyGlobal: Bool
    let logsChanges: Bool
    let servesItems: Bool
    let versionFloor: HybridTimestamp?
    private let kept: [KeptIndex]

    /// An index that is written, with what every write asks of it.
    private struct KeptIndex {
        let definition: IndexDefinition
        let isLocal: Bool
        /// What its entries show; nil for all attributes.
        let projectedNames: [Text]?
    }

    init(definition: TableDefinition) {
        self.definition = definition
        isGlobal = definition.isGlobal
        isLegacyGlobal = definition.isLegacyGlobal
        logsChanges = definition.logsChanges
        servesItems = definition.servesItems
        versionFloor = definition.versionFloor
        let localCount = definition.localIndexes.count
        kept = definition.indexes.enumerated().filter { $0.element.status != .deleting }.map { position, index in
            KeptIndex(
                definition: index, isLocal: position < localCount, projectedNames: index.projectedNames(of: definition))
        }
    }

    /// For a client's write: an item that an index cannot hold is refused. Empty when no index is touched.
    func changes(
        from old: Item?, to new: Item?, tableKey: EncodedKey, isUpdate: Bool
    ) throws(WriteFailure) -> [IndexEntryChange] {
        try changes(from: old, to: new, tableKey: tableKey) { (item, index) throws(WriteFailure) in
            try entryKey(of: item, in: index, isUpdate: isUpdate)
        }
    }

    /// For a replicated write, which cannot be refused: an item that an index cannot hold is left out of it.
    func changesLeavingOutUnfit(from old: Item?, to new: Item?, tableKey: EncodedKey) -> [IndexEntryChange] {
        changes(from: old, to: new, tableKey: tableKey) { item, index in existingEntryKey(of: item, in: index) }
    }

    private func changes<Failure: Error>(
        from old: Item?, to new: Item?, tableKey: EncodedKey,
        entryKeyAfter: (Item, IndexDefinition) throws(Failure) -> EncodedKey?
    ) throws(Failure) -> [IndexEntryChange] {
        var changes: [IndexEntryChange] = []
        for index in kept {
            var after: EncodedKey?
            if let new { after = try entryKeyAfter(new, index.definition) }
            let before = old.flatMap { existingEntryKey(of: $0, in: index.definition) }
            let change = change(index, before: before, after: after, old: old, new: new, tableKey)
            if let change { changes.append(change) }
        }
        return changes
    }

    /// Nil when neither the entry nor what it shows changes.
    private func change(
        _ kept: KeptIndex, before: EncodedKey?, after: EncodedKey?, old: Item?, new: Item?, _ tableKey: EncodedKey
    ) -> IndexEntryChange? {
        guard before != nil || after != nil else { return nil }
        let oldEntry = before == nil ? nil : old.map { projection(of: $0, in: kept) }
        let newEntry = after == nil ? nil : new.map { projection(of: $0, in: kept) }
        if before == after, oldEntry == newEntry { return nil }
        let number = definition.number
        let ordinal = kept.definition.ordinal
        let isMoved = before != after
        return IndexEntryChange(
            added: isMoved ? after.map { StorageKeys.indexEntry(number, ordinal, $0, of: tableKey) } : nil,
            deleted: isMoved ? before.map { StorageKeys.indexEntry(number, ordinal, $0, of: tableKey) } : nil,
            writes: writes(kept, isMoved: isMoved, old: oldEntry, new: newEntry))
    }

    /// A moved entry is deleted in one place and put in another; both count.
    private func writes(_ kept: KeptIndex, isMoved: Bool, old: Item?, new: Item?) -> [IndexWrite] {
        let sizes = [old, new].compactMap { $0?.size }
        let counted = isMoved ? sizes : [sizes.max() ?? 0]
        return counted.map { IndexWrite(index: kept.definition.name, isLocal: kept.isLocal, entryBytes: $0) }
    }

    private func projection(of item: Item, in kept: KeptIndex) -> Item {
        guard let names = kept.projectedNames else { return item }
        return item.projecting(names)
    }

    /// The entry of an item that was there before the index, and may not qualify for it.
    func existingEntryKey(of item: Item, in index: IndexDefinition) -> EncodedKey? {
        try? index.keySchema.key(of: item)
    }

    /// The entry of an item that is being written; nil when the item lacks an index key attribute.
    private func entryKey(
        of item: Item, in index: IndexDefinition, isUpdate: Bool
    ) throws(WriteFailure) -> EncodedKey? {
        do throws(KeyError) {
            return try index.keySchema.key(of: item)
        } catch {
            // One attribute may be missing while another is present and wrong.
            for attribute in index.keySchema.attributes {
                if let value = item.value(of: attribute.name), value.type.rawValue != attribute.type.rawValue {
                    throw invalid(.wrongType(attribute, actual: value.type), in: index, isUpdate: isUpdate)
                }
            }
            if case .missing = error { return nil }
            throw invalid(error, in: index, isUpdate: isUpdate)
        }
    }

    private func invalid(_ error: KeyError, in index: IndexDefinition, isUpdate: Bool) -> WriteFailure {
        let prefix = "One or more parameter values were invalid: "
        switch error {
        case .wrongType where isUpdate:
            return .invalid("The update expression attempted to update the secondary index key to unsupported type")
        case .wrongType(let attribute, let actual):
            return .invalid(
                prefix
                    + "Type mismatch for Index Key \(attribute.name) Expected: \(attribute.type.rawValue) "
                    + "Actual: \(actual.rawValue) IndexName: \(index.name)")
        case .empty(let attribute):
            let kind = attribute.type == .binary ? "binary" : "string"
            if isUpdate {
                return .invalid(
                    "One or more parameter values are not valid. The update expression attempted to update a secondary "
                        + "index key to a value that is not supported. The AttributeValue for a key attribute cannot "
                        + "contain an empty \(kind) value.")
            }
            return .invalid(
                "One or more parameter values are not valid. A value specified for a secondary index key is not supported. "
                    + "The AttributeValue for a key attribute cannot contain an empty \(kind) value. "
                    + "IndexName: \(index.name), IndexKey: \(attribute.name)")
        case .partitionKeyTooLong:
            return .invalid(prefix + "Size of hashkey has exceeded the maximum size limit of2048 bytes")
        case .sortKeyTooLong:
            return .invalid(
                prefix + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
        case .missing, .otherAttributes:
            preconditionFailure("a missing index key leaves the item out of the index")
        }
    }

    /// The item alone, and the item with its projections into local indexes, must stay within the limit.
    ///
    /// - Parameter itemSize: the item's.
    func checkSize(of item: Item, sized itemSize: Int, isUpdate: Bool) throws(WriteFailure) {
        var size = itemSize
        for index in kept where index.isLocal && existingEntryKey(of: item, in: index.definition) != nil {
            size += projection(of: item, in: index).size
        }
        if size > Item.sizeMax {
            throw .invalid(
                isUpdate
                    ? "Item size to update has exceeded the maximum allowed size"
                    : "Item size has exceeded the maximum allowed size")
        }
    }
}

/// Entry keys to add and to delete in one index, and what that costs.
struct IndexEntryChange {
    let added: [UInt8]?
    let deleted: [UInt8]?
    let writes: [IndexWrite]
}
