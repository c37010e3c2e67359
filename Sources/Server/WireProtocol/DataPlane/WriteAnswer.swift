import AttributeModel
import Expressions
import JSONBytes
import Partition

/// The answer to a write of one item.
struct WriteAnswer: Sendable {
    /// As the request named the table.
    let tableName: String
    let options: WriteOptions
    /// What UPDATED_OLD and UPDATED_NEW show parts of; nil for other operations.
    let update: UpdateExpression?
    /// Nil when the request does not want them or the table has none.
    let metrics: CollectionMetrics?

    /// The answer of requests that want to know nothing but whether the write succeeded.
    static let plain: @Sendable (Reply) -> WireResponse = { reply in
        switch reply {
        case .written: .emptyObject
        case .failed(let failure): WireError(failure).response
        default: WireError.internalError.response
        }
    }

    /// Makes the function that turns the reply into the answer.
    /// - Parameter item: any item that has the key attributes.
    static func make(
        _ table: CatalogueTable, named tableName: String, _ options: WriteOptions, item: Item,
        update: UpdateExpression? = nil
    ) -> @Sendable (Reply) -> WireResponse {
        if options.isPlain { return plain }
        let answer = WriteAnswer(
            tableName: tableName, options: options, update: update,
            metrics: options.metrics == .size ? CollectionMetrics(of: item, in: table) : nil)
        return { reply in answer.response(to: reply) }
    }

    private func response(to reply: Reply) -> WireResponse {
        switch reply {
        case .written(let outcome): success(outcome)
        case .failed(let failure):
            WireError(failure, returnsItem: options.onConditionFailure == .allOld).response
        default: WireError.internalError.response
        }
    }

    private func success(_ outcome: WriteOutcome) -> WireResponse {
        let attributes = attributes(outcome)
        var writer = JSONWriter(reserving: 128 + 2 * (attributes?.bytes.count ?? 0))
        writer.beginObject()
        if let attributes {
            writer.key("Attributes")
            attributes.appendJSON(to: &writer)
        }
        if options.capacity != .none {
            var capacity = ConsumedCapacity(tableName: tableName)
            capacity.add(outcome)
            writer.key("ConsumedCapacity")
            capacity.append(to: &writer, options.capacity)
        }
        if let metrics {
            writer.key("ItemCollectionMetrics")
            metrics.append(to: &writer)
        }
        writer.endObject()
        return WireResponse(body: writer.bytes)
    }

    /// Nil when there is nothing to show.
    private func attributes(_ outcome: WriteOutcome) -> Item? {
        switch options.values {
        case .none: nil
        case .allOld: outcome.oldItem
        case .allNew: outcome.newItem
        case .updatedOld: touched(in: outcome.oldItem)
        case .updatedNew: touched(in: outcome.newItem)
        }
    }

    private func touched(in item: Item?) -> Item? {
        guard let parts = update?.touched(in: item), parts.attributeCount > 0 else { return nil }
        return parts
    }
}
