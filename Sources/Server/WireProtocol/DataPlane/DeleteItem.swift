import AttributeModel
import Expressions
import Partition

/// DeleteItem (reference `data-plane.md` 7).
enum DeleteItem {
    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        let tableName = try body.tableName()
        var constraints = Constraints()
        let conditionalOperator = try body.conditionalOperator(&constraints)
        try body.checkComparisonOperators("Expected", at: "expected", areRequired: false, &constraints)
        constraints.require(body.member("Key") != nil, at: "key")
        let options = try WriteOptions(body, &constraints)
        try constraints.throwIfViolated()

        var parameters = try ExpressionParameters(body, .put)
        let keyItem = try body.item("Key") ?? .empty
        try options.requireOldOrNone()
        let condition = try parameters.guardCondition(body, conditionalOperator)

        let table = try context.servedTable(tableName)
        do throws(KeyFault) {
            let key = try table.key(ofExactly: keyItem)
            try table.check(condition)
            let write = ItemWrite(
                table: table.definition.number, key: key, keyItem: keyItem, change: .delete, condition: condition)
            return .write(.write(write), answer: WriteAnswer.make(table, named: tableName, options, item: keyItem))
        } catch {
            throw .validation(error.message)
        }
    }
}
