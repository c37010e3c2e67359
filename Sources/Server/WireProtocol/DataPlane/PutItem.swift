import AttributeModel
import Expressions
import Partition

/// PutItem (reference `data-plane.md` 7).
enum PutItem {
    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        let tableName = try body.tableName()
        var constraints = Constraints()
        let conditionalOperator = try body.conditionalOperator(&constraints)
        try body.checkComparisonOperators("Expected", at: "expected", areRequired: false, &constraints)
        constraints.require(body.member("Item") != nil, at: "item")
        let options = try WriteOptions(body, &constraints)
        try constraints.throwIfViolated()

        var parameters = try ExpressionParameters(body, .put)
        let item = try body.item("Item") ?? .empty
        try options.requireOldOrNone()
        try item.checkPutSize()
        let condition = try parameters.guardCondition(body, conditionalOperator)

        let table = try context.servedTable(tableName)
        do throws(KeyFault) {
            let key = try table.key(ofPut: item)
            try table.checkIndexKeys(ofPut: item)
            try table.check(condition)
            let write = ItemWrite(
                table: table.definition.number, key: key, keyItem: .empty, change: .put(item), condition: condition)
            return .write(.write(write), answer: WriteAnswer.make(table, named: tableName, options, item: item))
        } catch {
            throw .validation(error.message)
        }
    }
}

extension Item {
    /// The limit that a request's item shows by itself; local indexes make it narrower, which the engine checks.
    func checkPutSize() throws(WireError) {
        // The stored form is never much larger than the size that counts, and computing that walks the item.
        guard bytes.count > Self.sizeMax / 4, size > Self.sizeMax else { return }
        throw .validation("Item size has exceeded the maximum allowed size")
    }
}

extension ExpressionParameters {
    /// The condition of a put or a delete, in either form, with the check that all placeholders are used.
    mutating func guardCondition(
        _ body: RequestBody, _ conditionalOperator: ConditionalOperator?
    ) throws(WireError) -> ConditionExpression? {
        let expected = try body.expected(conditionalOperator)
        try readPlaceholders()
        let condition = try condition()
        try checkAllUsed()
        return condition ?? expected
    }
}
