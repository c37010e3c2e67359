import AttributeModel
import Expressions
import Partition

/// UpdateItem (reference `data-plane.md` 5.5, 7).
enum UpdateItem {
    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        let tableName = try body.tableName()
        var constraints = Constraints()
        try body.checkUpdateActions(&constraints)
        let conditionalOperator = try body.conditionalOperator(&constraints)
        try body.checkComparisonOperators("Expected", at: "expected", areRequired: false, &constraints)
        constraints.require(body.member("Key") != nil, at: "key")
        let options = try WriteOptions(body, &constraints)
        try constraints.throwIfViolated()

        var parameters = try ExpressionParameters(body, .update)
        let keyItem = try body.item("Key") ?? .empty
        let legacyUpdate = try body.attributeUpdates()
        let expected = try body.expected(conditionalOperator)
        try parameters.readPlaceholders()
        let update = try parameters.update() ?? legacyUpdate ?? .none
        let condition = try parameters.condition() ?? expected
        try parameters.checkAllUsed()

        let table = try context.servedTable(tableName)
        do throws(KeyFault) {
            let key = try table.key(ofExactly: keyItem)
            try table.check(update)
            try table.check(condition)
            let write = ItemWrite(
                table: table.definition.number, key: key, keyItem: keyItem, change: .update(update),
                condition: condition)
            return .write(
                .write(write),
                answer: WriteAnswer.make(table, named: tableName, options, item: keyItem, update: update))
        } catch {
            throw .validation(error.message)
        }
    }
}
