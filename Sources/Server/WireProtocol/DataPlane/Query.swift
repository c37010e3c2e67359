import AttributeModel
import Expressions
import Partition

/// Query (reference `data-plane.md` 5.6, 8).
enum Query {
    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        let tableName = try body.tableName()
        var constraints = Constraints()
        let range = try RangeParameters(body, &constraints) { limit, constraints in
            guard let limit, limit < 1 else { return }
            constraints.violateWithoutValue(
                at: "Limit", "Member must have value greater than or equal to 1")
        }
        try body.checkComparisonOperators("KeyConditions", at: "keyConditions", areRequired: true, &constraints)
        try body.checkComparisonOperators("QueryFilter", at: "queryFilter", areRequired: true, &constraints)
        let isForward = try body.boolean("ScanIndexForward") ?? true
        try constraints.throwIfViolated()

        let conditions = try Conditions(body, range)
        let table = try context.servedTable(tableName)
        let definition = table.definition
        let index = try range.index(of: definition)
        let startKey = try conditions.startKey.map { (item) throws(WireError) in
            try StartKey(item, table: definition, index: index, isQuery: true)
        }
        let key = try validating { () throws(ExpressionError) in
            try conditions.key.resolve(against: (index?.keySchema ?? definition.keySchema))
        }
        try startKey?.check(against: key)
        let fetchesWholeItems = try conditions.check(table, index, range.selectedAttributes(body))

        let read = RangeRead(
            table: definition, index: index, bounds: .query(key), start: startKey?.position, isReversed: !isForward,
            limit: range.limit, filter: conditions.filter, fetchesWholeItems: fetchesWholeItems)
        return .read(
            DataRead(
                .range(
                    RangeQuery(
                        read: read, tableName: tableName, countsOnly: range.select == .count,
                        projection: conditions.projection, fetchesWholeItems: fetchesWholeItems,
                        consistency: range.consistency, capacity: range.capacity, startsAtFirstPartition: false,
                        isSinglePage: index == nil && definition.keySchema.sortKeys.isEmpty))))
    }

    /// What the request says about keys, filter and attributes, checked without the table.
    private struct Conditions {
        let key: KeyConditionExpression
        let filter: ConditionExpression?
        /// How texts call the filter.
        let filterName: String
        let projection: ProjectionExpression?
        let startKey: Item?

        init(_ body: RequestBody, _ range: RangeParameters) throws(WireError) {
            var parameters = try ExpressionParameters(body, .query)
            startKey = try StartKey.item(of: body)
            let legacyProjection = try range.legacyProjection()
            try range.selectedAttributes(body).check(hasIndex: range.indexName != nil, isQuery: true)
            let legacyFilter = try body.legacyFilter("QueryFilter", range.conditionalOperator)
            let legacyKey = try body.keyConditions()
            if legacyKey == nil, body.member("KeyConditionExpression") == nil { throw .noKeyCondition }
            try parameters.readPlaceholders()
            let keyExpression = try parameters.keyCondition()
            let filterExpression = try parameters.filter()
            projection = try parameters.projection() ?? legacyProjection
            try parameters.checkAllUsed()
            guard let key = keyExpression ?? legacyKey else { throw .noKeyCondition }
            try validating { () throws(ExpressionError) in try key.checkForm() }
            self.key = key
            filter = filterExpression ?? legacyFilter
            filterName = filterExpression == nil ? "QueryFilter" : "Filter Expression"
        }

        /// Checks filter and projection against the table; tells whether whole items must be fetched.
        func check(
            _ table: CatalogueTable, _ index: IndexDefinition?, _ selected: SelectedAttributes
        ) throws(WireError) -> Bool {
            let definition = table.definition
            try table.validate(projection)
            let readKeys = index?.keySchema ?? definition.keySchema
            if let key = readKeys.attributes.first(where: { filter?.topLevelNames.contains($0.name) ?? false }) {
                throw .validation(
                    "\(filterName) can only contain non-primary key attributes: Primary key attribute: \(key.name)")
            }
            let fetchesWholeItems = try selected.fetchesWholeItems(from: index, of: definition, projection)
            try SelectedAttributes.checkFilter(filter, on: index, of: definition)
            try table.validate(filter)
            return fetchesWholeItems
        }
    }
}

extension WireError {
    fileprivate static let noKeyCondition = validation(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
}
