import AttributeModel
import Expressions
import Partition

/// Scan, parallel too (reference `data-plane.md` 8).
enum Scan {
    static let totalSegmentsMax = 1_000_000

    static func decode(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> DataRequest {
        let tableName = try body.tableName()
        var constraints = Constraints()
        let range = try RangeParameters(body, &constraints) { limit, constraints in
            constraints.checkRange(limit, at: "limit", 1...Int.max)
        }
        try body.checkComparisonOperators("ScanFilter", at: "scanFilter", areRequired: true, &constraints)
        let segment = try body.integer("Segment")
        constraints.checkRange(segment, at: "segment", 0...totalSegmentsMax - 1)
        let totalSegments = try body.integer("TotalSegments")
        constraints.checkRange(totalSegments, at: "totalSegments", 1...totalSegmentsMax)
        try constraints.throwIfViolated()

        var parameters = try ExpressionParameters(body, .scan)
        let startItem = try StartKey.item(of: body)
        let legacyProjection = try range.legacyProjection()
        let selected = range.selectedAttributes(body)
        try selected.check(hasIndex: range.indexName != nil, isQuery: false)
        let legacyFilter = try body.legacyFilter("ScanFilter", range.conditionalOperator)
        try checkSegments(segment, totalSegments)
        try parameters.readPlaceholders()
        let filter = try parameters.filter() ?? legacyFilter
        let projection = try parameters.projection() ?? legacyProjection
        try parameters.checkAllUsed()

        let table = try context.servedTable(tableName)
        let definition = table.definition
        let index = try range.index(of: definition)
        let startKey = try startItem.map { (item) throws(WireError) in
            try StartKey(item, table: definition, index: index, isQuery: false)
        }
        try startKey?.check(segment: segment ?? 0, of: totalSegments ?? 1)
        let fetchesWholeItems = try selected.fetchesWholeItems(from: index, of: definition, projection)
        try table.validate(projection)
        try table.validate(filter)

        let read = RangeRead(
            table: definition, index: index,
            bounds: .scan(segment: segment ?? 0, totalSegments: totalSegments ?? 1), start: startKey?.position,
            limit: range.limit, filter: filter, fetchesWholeItems: fetchesWholeItems)
        return .read(
            DataRead(
                .range(
                    RangeQuery(
                        read: read, tableName: tableName, countsOnly: range.select == .count, projection: projection,
                        fetchesWholeItems: fetchesWholeItems, consistency: range.consistency,
                        capacity: range.capacity, startsAtFirstPartition: startKey == nil && totalSegments ?? 1 == 1,
                        isSinglePage: false))))
    }

    private static func checkSegments(_ segment: Int?, _ totalSegments: Int?) throws(WireError) {
        switch (segment, totalSegments) {
        case (nil, nil): return
        case (_?, nil):
            throw .validation(
                "The TotalSegments parameter is required but was not present in the request "
                    + "when Segment parameter is present")
        case (nil, _?):
            throw .validation(
                "The Segment parameter is required but was not present in the request "
                    + "when parameter TotalSegments is present")
        case (let segment?, let totalSegments?):
            guard segment >= totalSegments else { return }
            throw .validation(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                    + "Segment: \(segment) is not less than TotalSegments: \(totalSegments)")
        }
    }
}
