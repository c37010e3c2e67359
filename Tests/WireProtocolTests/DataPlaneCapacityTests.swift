import AttributeModel
import Foundation
import JSONBytes
import Partition
import Testing

@testable import WireProtocol

/// ConsumedCapacity and ItemCollectionMetrics (reference `data-plane.md` 7, 9, 10).
@Suite("Data plane: capacity and metrics")
struct DataPlaneCapacityTests {
    private let region: DataPlaneRegion

    init() throws {
        region = try DataPlaneRegion()
    }

    /// The member of an answer, as it stands at its end.
    private func consumed(_ operation: DataOperation, _ body: String, _ detail: String = "TOTAL") throws -> String {
        let answer = try region.answer(operation, #"{\#(body),"ReturnConsumedCapacity":"\#(detail)"}"#)
        let member = try #require(answer.firstRange(of: #""ConsumedCapacity":"#), "\(answer)")
        return String(answer[member.upperBound...].dropLast())
    }

    private func total(_ units: String, _ table: String = "hash") -> String {
        #"{"TableName":"\#(table)","CapacityUnits":\#(units)}"#
    }

    /// An attribute that brings the item {p: x} to exactly this size.
    private func padding(to bytes: Int) -> String {
        #""a":{"S":"\#(String(repeating: "y", count: bytes - "pxa".count))"}"#
    }

    private let key = #""TableName":"hash","Key":{"p":{"S":"x"}}"#

    @Test("reads cost by 4 KB, at least one unit", arguments: [(nil, 1.0), (3, 1), (4096, 1), (4097, 2), (9000, 3)])
    func reads(_ bytes: Int?, _ units: Double) throws {
        if let bytes { try region.put("hash", #"{"p":{"S":"x"},\#(padding(to: bytes))}"#) }
        func text(_ units: Double) -> String { units == units.rounded() ? "\(Int(units))" : "\(units)" }
        #expect(try consumed(.getItem, key) == total(text(units / 2)))
        #expect(try consumed(.getItem, #"\#(key),"ConsistentRead":true"#) == total(text(units)))
        #expect(
            try consumed(.transactGetItems, #""TransactItems":[{"Get":{\#(key)}}]"#)
                == #"[{"TableName":"hash","CapacityUnits":\#(text(units * 2)),"ReadCapacityUnits":\#(text(units * 2))}]"#
        )
        #expect(
            try consumed(.batchGetItem, #""RequestItems":{"hash":{"Keys":[{"p":{"S":"x"}}]}}"#)
                == "[\(total(text(units / 2)))]")
    }

    @Test("writes cost the larger of old and new, by 1 KB")
    func writes() throws {
        func put(_ bytes: Int) -> String { #""TableName":"hash","Item":{"p":{"S":"x"},\#(padding(to: bytes))}"# }
        #expect(try consumed(.deleteItem, key) == total("1"))
        #expect(try consumed(.putItem, put(1024)) == total("1"))
        #expect(try consumed(.putItem, put(3000)) == total("3"))
        #expect(try consumed(.updateItem, #"\#(key),"UpdateExpression":"REMOVE a""#) == total("3"))
        #expect(try consumed(.putItem, put(1025)) == total("2"))
        #expect(
            try consumed(.transactWriteItems, #""TransactItems":[{"Delete":{\#(key)}}]"#)
                == #"[{"TableName":"hash","CapacityUnits":4,"WriteCapacityUnits":4}]"#)
        #expect(
            try consumed(
                .batchWriteItem,
                #""RequestItems":{"hash":[{"PutRequest":{"Item":{"p":{"S":"x"},\#(padding(to: 2000))}}},{"DeleteRequest":{"Key":{"p":{"S":"y"}}}}],"sorted":[{"DeleteRequest":{"Key":{"p":{"S":"y"},"s":{"N":"1"}}}}]}"#
            ) == "[\(total("3")),\(total("1", "sorted"))]")
    }

    @Test("index entries that a write moves, by index")
    func indexWrites() throws {
        func consumed(_ attributes: String) throws -> String {
            try self.consumed(
                .putItem, #""TableName":"indexed","Item":{"p":{"S":"x"},"s":{"S":"y"}\#(attributes)}"#, "INDEXES")
        }
        func units(_ total: Int, _ indexes: String) -> String {
            #"{"TableName":"indexed","CapacityUnits":\#(total),"Table":{"CapacityUnits":1}\#(indexes)}"#
        }
        #expect(try consumed("") == units(1, ""))
        #expect(
            try consumed(#","g":{"S":"g"}"#)
                == units(3, #","GlobalSecondaryIndexes":{"keys":{"CapacityUnits":1},"some":{"CapacityUnits":1}}"#))
        #expect(try consumed(#","g":{"S":"g"}"#) == units(1, ""))
        #expect(
            try consumed(#","g":{"S":"h"}"#)
                == units(5, #","GlobalSecondaryIndexes":{"keys":{"CapacityUnits":2},"some":{"CapacityUnits":2}}"#))
        #expect(
            try consumed(#","g":{"S":"h"},"l":{"N":"1"}"#)
                == units(
                    4,
                    #","GlobalSecondaryIndexes":{"all":{"CapacityUnits":1}},"#
                        + #""LocalSecondaryIndexes":{"local":{"CapacityUnits":1},"local-all":{"CapacityUnits":1}}"#))
        // What the index does not show costs it nothing.
        #expect(
            try consumed(#","g":{"S":"h"},"l":{"N":"1"},"note":{"S":"n"}"#)
                == units(
                    3,
                    #","GlobalSecondaryIndexes":{"all":{"CapacityUnits":1}},"LocalSecondaryIndexes":{"local-all":{"CapacityUnits":1}}"#
                ))
        #expect(
            try self.consumed(.deleteItem, #""TableName":"indexed","Key":{"p":{"S":"x"},"s":{"S":"y"}}"#)
                == total("6", "indexed"))
    }

    @Test("the table is called as the request called it")
    func tableName() throws {
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/hash"
        #expect(try consumed(.getItem, #""TableName":"\#(arn)","Key":{"p":{"S":"x"}}"#) == total("0.5", arn))
        let answer = try region.answer(
            .putItem, #"{"TableName":"hash","Item":{"p":{"S":"x"}},"ReturnConsumedCapacity":"NONE"}"#)
        #expect(answer == "{}")
    }

    @Test("a replayed transaction costs reads")
    func replay() throws {
        let request =
            #""ClientRequestToken":"t","TransactItems":[{"Put":{"TableName":"hash","Item":{"p":{"S":"x"},\#(padding(to: 5000))}}},{"ConditionCheck":{"TableName":"sorted","Key":{"p":{"S":"x"},"s":{"N":"1"}},"ConditionExpression":"attribute_not_exists(p)"}}]"#
        #expect(
            try consumed(.transactWriteItems, request, "INDEXES")
                == #"[{"TableName":"hash","CapacityUnits":10,"WriteCapacityUnits":10,"Table":{"CapacityUnits":10,"WriteCapacityUnits":10}},"#
                + #"{"TableName":"sorted","CapacityUnits":2,"WriteCapacityUnits":2,"Table":{"CapacityUnits":2,"WriteCapacityUnits":2}}]"#
        )
        #expect(
            try consumed(.transactWriteItems, request)
                == #"[{"TableName":"hash","CapacityUnits":4,"ReadCapacityUnits":4},{"TableName":"sorted","CapacityUnits":2,"ReadCapacityUnits":2}]"#
        )
    }

    @Test("a query is rounded once, before filter and projection")
    func query() throws {
        let padding = String(repeating: "x", count: 990)
        for number in 0..<10 {
            try region.put("sorted", #"{"p":{"S":"x"},"s":{"N":"\#(number)"},"a":{"S":"\#(padding)"}}"#)
        }
        let query =
            #""TableName":"sorted","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"x"}}"#
        #expect(try consumed(.query, query) == total("1.5", "sorted"))
        #expect(try consumed(.query, #"\#(query),"ConsistentRead":true"#) == total("3", "sorted"))
        #expect(try consumed(.query, #"\#(query),"FilterExpression":"attribute_exists(z)""#) == total("1.5", "sorted"))
        #expect(try consumed(.query, #"\#(query),"ProjectionExpression":"z""#) == total("1.5", "sorted"))
        #expect(
            try consumed(.query, query, "INDEXES")
                == #"{"TableName":"sorted","CapacityUnits":1.5,"Table":{"CapacityUnits":1.5}}"#)
        let none = query.replacingOccurrences(of: #""S":"x""#, with: #""S":"none""#)
        #expect(try consumed(.query, #"\#(none),"ConsistentRead":true"#) == total("1", "sorted"))
    }

    @Test("reads of indexes are paid by the index; items that are fetched, by the table too")
    func indexReads() throws {
        let padding = String(repeating: "x", count: 5000)
        for number in 0..<3 {
            try region.put(
                "indexed",
                #"{"p":{"S":"x"},"s":{"S":"\#(number)"},"g":{"S":"g"},"l":{"N":"1"},"a":{"S":"\#(padding)"}}"#)
        }
        let global =
            #""TableName":"indexed","IndexName":"keys","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g"}}"#
        #expect(
            try consumed(.query, global, "INDEXES")
                == #"{"TableName":"indexed","CapacityUnits":0.5,"Table":{"CapacityUnits":0},"GlobalSecondaryIndexes":{"keys":{"CapacityUnits":0.5}}}"#
        )
        let local =
            #""TableName":"indexed","IndexName":"local","ConsistentRead":true,"ExpressionAttributeValues":{":p":{"S":"x"}},"KeyConditionExpression":"p = :p""#
        #expect(
            try consumed(.query, local, "INDEXES")
                == #"{"TableName":"indexed","CapacityUnits":1,"Table":{"CapacityUnits":0},"LocalSecondaryIndexes":{"local":{"CapacityUnits":1}}}"#
        )
        #expect(
            try consumed(.query, #"\#(local),"Select":"ALL_ATTRIBUTES""#, "INDEXES")
                == #"{"TableName":"indexed","CapacityUnits":7,"Table":{"CapacityUnits":6},"LocalSecondaryIndexes":{"local":{"CapacityUnits":1}}}"#
        )
        #expect(
            try consumed(
                .scan,
                #""TableName":"indexed","IndexName":"local","FilterExpression":"attribute_exists(z)","ProjectionExpression":"a""#
            )
                == total("2.5", "indexed"))
    }

    @Test("a scan visits every partition of an on-demand table")
    func scan() throws {
        #expect(try consumed(.scan, #""TableName":"hash""#) == total("2"))
        #expect(try consumed(.scan, #""TableName":"hash","ConsistentRead":true"#) == total("4"))
        #expect(try consumed(.scan, #""TableName":"hash","Segment":0,"TotalSegments":4"#) == total("0.5"))
        let region = try DataPlaneRegion([
            DataPlaneTables.table(1, "provisioned", DataPlaneTables.hash.keySchema, billing: .provisioned)
        ])
        try region.expect(
            .scan, #"{"TableName":"provisioned","ReturnConsumedCapacity":"TOTAL"}"#,
            answers: #"{"Items":[],"Count":0,"ScannedCount":0,"ConsumedCapacity":\#(total("0.5", "provisioned"))}"#)
    }

    @Test("item collection metrics, only of tables with local indexes")
    func metrics() throws {
        let size = #""ReturnItemCollectionMetrics":"SIZE""#
        let key = #""TableName":"indexed","Key":{"p":{"S":"x"},"s":{"S":"y"}}"#
        let metrics = #"{"ItemCollectionKey":{"p":{"S":"x"}},"SizeEstimateRangeGB":[0,1]}"#
        let single = #"{"ItemCollectionMetrics":\#(metrics)}"#
        try region.expect(
            .putItem, #"{"TableName":"indexed","Item":{"p":{"S":"x"},"s":{"S":"y"},"a":{"N":"1"}},\#(size)}"#,
            answers: single)
        try region.expect(.updateItem, "{\(key),\(size)}", answers: single)
        try region.expect(.deleteItem, "{\(key),\(size)}", answers: single)
        try region.expect(.putItem, #"{"TableName":"hash","Item":{"p":{"S":"x"}},\#(size)}"#, answers: "{}")
        try region.expect(
            .putItem,
            #"{"TableName":"indexed","Item":{"p":{"S":"x"},"s":{"S":"y"}},"ReturnItemCollectionMetrics":"NONE"}"#,
            answers: "{}")
        try region.expect(
            .batchWriteItem,
            #"{"RequestItems":{"indexed":[{"DeleteRequest":{"Key":{"p":{"S":"x"},"s":{"S":"1"}}}},{"DeleteRequest":{"Key":{"p":{"S":"x"},"s":{"S":"2"}}}}],"hash":[{"DeleteRequest":{"Key":{"p":{"S":"1"}}}}]},\#(size)}"#,
            answers: #"{"UnprocessedItems":{},"ItemCollectionMetrics":{"indexed":[\#(metrics),\#(metrics)]}}"#)
        try region.expect(
            .transactWriteItems,
            #"{"TransactItems":[{"ConditionCheck":{"TableName":"indexed","Key":{"p":{"S":"z"},"s":{"S":"1"}},"ConditionExpression":"attribute_not_exists(p)"}},{"Delete":{\#(key)}}],\#(size)}"#,
            answers: #"{"ItemCollectionMetrics":{"indexed":[\#(metrics)]}}"#)
        try region.expect(
            .transactWriteItems, #"{"TransactItems":[{"Delete":{"TableName":"hash","Key":{"p":{"S":"1"}}}}],\#(size)}"#,
            answers: "{}")
    }

    @Test("only point reads are short")
    func shortReads() throws {
        func isShort(_ operation: DataOperation, _ body: String) throws -> Bool {
            let request = try operation.decode(
                try JSONDocument(parsing: Array(body.utf8)), context: region.context)
            guard case .read(let read) = request else { throw DataPlaneRegion.UnexpectedReply() }
            return read.isShort
        }
        func keys(_ count: Int) -> String {
            (0..<count).map { #"{"p":{"S":"\#($0)"}}"# }.joined(separator: ",")
        }
        #expect(try isShort(.getItem, "{\(key)}"))
        #expect(try !isShort(.scan, #"{"TableName":"hash"}"#))
        #expect(try isShort(.batchGetItem, #"{"RequestItems":{"hash":{"Keys":[\#(keys(8))]}}}"#))
        #expect(try !isShort(.batchGetItem, #"{"RequestItems":{"hash":{"Keys":[\#(keys(9))]}}}"#))
        #expect(try isShort(.transactGetItems, #"{"TransactItems":[{"Get":{\#(key)}}]}"#))
    }
}
