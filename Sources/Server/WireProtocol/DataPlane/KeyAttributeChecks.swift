import AttributeModel
import Expressions
import Partition

/// What the request itself shows to be wrong about key attributes, before the item is read (reference `data-plane.md` 4.4, 5.5). What only
/// the item can tell is for the engine.
extension CatalogueTable {
    /// The index key attributes of an item that is put.
    func checkIndexKeys(ofPut item: Item) throws(KeyFault) {
        for index in writtenIndexes {
            for attribute in index.keySchema.attributes {
                guard let value = item.value(of: attribute.name) else { continue }
                try check(value, for: attribute, of: index)
            }
        }
    }

    private func check(
        _ value: AttributeValue, for attribute: KeyAttribute, of index: IndexDefinition
    ) throws(KeyFault) {
        let isPartitionKey = index.keySchema.partitionKeys.contains(attribute)
        var bytes: [UInt8] = []
        do throws(KeyError) {
            try EncodedKey.append(
                value, as: attribute, to: &bytes,
                bytesMax: isPartitionKey ? KeySchema.partitionKeyBytesMax : KeySchema.sortKeyBytesMax,
                isPartitionKey: isPartitionKey)
        } catch {
            switch error {
            case .wrongType(_, let actual): throw KeyFault(typeOf: attribute, actual: actual, in: index)
            case .empty:
                throw KeyFault(
                    "One or more parameter values are not valid. A value specified for a secondary index key is not "
                        + "supported. The AttributeValue for a key attribute cannot contain an empty "
                        + "\(attribute.type.emptyValueName) value. IndexName: \(index.name), IndexKey: \(attribute.name)",
                    isEmptyValue: true)
            case .missing, .partitionKeyTooLong, .sortKeyTooLong, .otherAttributes: throw KeyFault(error)
            }
        }
    }

    /// The attributes that an update writes, and the types that it gives them whatever the item is.
    func check(_ update: UpdateExpression) throws(KeyFault) {
        let names = update.topLevelNames
        if let name = keyNames.first(where: { names.contains($0) }) {
            throw KeyFault(
                "One or more parameter values were invalid: Cannot update attribute \(name). "
                    + "This attribute is part of the key")
        }
        try checkIndexKeys(ofUpdate: update)
        try validatingPaths { () throws(ExpressionError) in
            try update.checkKeyPaths(keyNames, indexKeyNames: indexKeyNames)
        }
    }

    func check(_ condition: ConditionExpression?) throws(KeyFault) {
        guard let condition else { return }
        try validatingPaths { () throws(ExpressionError) in
            try condition.checkKeyPaths(keyNames, indexKeyNames: indexKeyNames)
        }
    }

    func check(_ projection: ProjectionExpression?) throws(KeyFault) {
        guard let projection else { return }
        try validatingPaths { () throws(ExpressionError) in
            try projection.checkKeyPaths(keyNames, indexKeyNames: indexKeyNames)
        }
    }

    private func validatingPaths(_ step: () throws(ExpressionError) -> Void) throws(KeyFault) {
        do throws(ExpressionError) { try step() } catch { throw KeyFault(error.message) }
    }

    private func checkIndexKeys(ofUpdate update: UpdateExpression) throws(KeyFault) {
        guard !writtenIndexes.isEmpty else { return }
        let types = update.literalTypes
        for index in writtenIndexes {
            for attribute in index.keySchema.attributes {
                for written in types where written.name == attribute.name {
                    guard written.type.rawValue != attribute.type.rawValue else { continue }
                    throw KeyFault(typeOf: attribute, actual: written.type, in: index)
                }
            }
        }
    }
}

extension KeyFault {
    fileprivate init(typeOf attribute: KeyAttribute, actual: AttributeType, in index: IndexDefinition) {
        self.init(
            "One or more parameter values were invalid: Type mismatch for Index Key \(attribute.name) "
                + "Expected: \(attribute.type.rawValue) Actual: \(actual.rawValue) IndexName: \(index.name)")
    }
}

extension CatalogueTable {
    func validate(_ projection: ProjectionExpression?) throws(WireError) {
        do throws(KeyFault) { try check(projection) } catch { throw .validation(error.message) }
    }

    func validate(_ condition: ConditionExpression?) throws(WireError) {
        do throws(KeyFault) { try check(condition) } catch { throw .validation(error.message) }
    }
}
