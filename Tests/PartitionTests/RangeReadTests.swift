import AttributeModel
import Bytes
import Expressions
import KeyValueStore
import Partition
import Replication
import Testing

@Suite struct RangeReadTests {
    /// Three partition keys with ten sort keys each, and one tombstone in between. Every third item is in the index.
    private func region() throws -> TestRegion {
        var region = TestRegion()
        try region.create(
            region.definition(
                "T", keys: "pk=S sk=N", global: [.global("G", "g=S sk=N", .include(["v"]))],
                peers: [RegionName(stored: "eu-west-1")]))
        try region.create(region.definition("Neighbour", keys: "pk=S sk=N"))
        for partition in ["a", "b", "c"] {
            for sort in 0..<10 {
                let indexed = sort % 3 == 0 ? #","g":{"S":"x"}"# : ""
                let json =
                    #"{"pk":{"S":"\#(partition)"},"sk":{"N":"\#(sort)"},"v":{"N":"\#(sort)"},"w":{"S":"w"}\#(indexed)}"#
                try region.apply([.write(region.put(json)), .write(region.put(json, in: "Neighbour"))])
            }
        }
        try region.apply(.write(region.put(#"{"pk":{"S":"a"},"sk":{"N":"4.5"}}"#)))
        try region.apply(.write(region.write(.delete, #"{"pk":{"S":"a"},"sk":{"N":"4.5"}}"#)))
        return region
    }

    private func query(_ text: String, _ json: String, _ schema: KeySchema) throws -> RangeRead.Bounds {
        var placeholders = try ExpressionPlaceholders(names: nil, values: placeholderValues(json))
        let expression = try KeyConditionExpression(text, placeholders: &placeholders)
        return .query(try expression.resolve(against: schema))
    }

    private func sortKeys(_ page: ReadPage) -> [AttributeValue?] { page.items.map { $0.value(of: "sk") } }
    private func numbers(_ values: some Sequence<Int>) -> [AttributeValue?] { values.map { number($0) } }

    /// The position behind which the next page begins.
    private func position(_ key: Item, _ table: TableDefinition, _ index: IndexDefinition? = nil) throws -> ReadPosition
    {
        ReadPosition(
            table: table, key: try table.keySchema.key(of: key), index: index,
            indexKey: try index.map { try $0.keySchema.key(of: key) })
    }

    /// All pages of a read, by following the last keys.
    private func pages(
        _ region: TestRegion, _ bounds: RangeRead.Bounds, index: IndexDefinition? = nil, isReversed: Bool = false,
        limit: Int? = nil, filter: ConditionExpression? = nil
    ) throws -> [ReadPage] {
        let table = try region.table()
        var pages: [ReadPage] = []
        var start: ReadPosition?
        repeat {
            let read = RangeRead(
                table: table, index: index, bounds: bounds, start: start, isReversed: isReversed, limit: limit,
                filter: filter)
            let page = try read.page(reading: region.store)
            pages.append(page)
            start = try page.lastKey.map { try position($0, table, index) }
        } while start != nil && pages.count < 200
        return pages
    }

    @Test("a query reads one partition in the order of the sort keys, either way")
    func query() throws {
        let region = try region()
        let bounds = try query("pk = :p", #"{":p":{"S":"a"}}"#, region.table().keySchema)
        let forward = try #require(try pages(region, bounds).first)
        #expect(sortKeys(forward) == numbers(0..<10))
        #expect(forward.lastKey == nil)
        #expect(forward.scannedCount == 10, "the tombstone is not an item")
        #expect(forward.scannedBytes == forward.items.reduce(0) { $0 + $1.size })
        #expect(sortKeys(try pages(region, bounds, isReversed: true)[0]) == numbers((0..<10).reversed()))
    }

    @Test(
        "a condition on the sort key narrows the read",
        arguments: [
            ("sk = :v", 3...3), ("sk < :v", 0...2), ("sk <= :v", 0...3), ("sk > :v", 4...9), ("sk >= :v", 3...9),
            ("sk BETWEEN :v AND :w", 3...7),
        ])
    func sortConditions(text: String, expected: ClosedRange<Int>) throws {
        let region = try region()
        let values = #"{":p":{"S":"b"},":v":{"N":"3"},":w":{"N":"7"}}"#
        let bounds = try query("pk = :p AND " + text, values, region.table().keySchema)
        for isReversed in [false, true] {
            let found = sortKeys(try pages(region, bounds, isReversed: isReversed)[0])
            #expect(found == numbers(isReversed ? Array(expected.reversed()) : Array(expected)))
        }
    }

    @Test(
        "a limit ends the page with the key to go on from, even when nothing follows", arguments: [1, 2, 3, 5, 7, 10])
    func limits(limit: Int) throws {
        let region = try region()
        let bounds = try query("pk = :p", #"{":p":{"S":"a"}}"#, region.table().keySchema)
        for isReversed in [false, true] {
            let pages = try pages(region, bounds, isReversed: isReversed, limit: limit)
            let found = pages.flatMap { sortKeys($0) }
            #expect(found == numbers(isReversed ? Array((0..<10).reversed()) : Array(0..<10)))
            #expect(pages.dropLast().allSatisfy { $0.scannedCount == limit && $0.lastKey?.attributeCount == 2 })
            #expect(pages.count == 10 / limit + 1, "a full last page cannot know that it is the last")
        }
    }

    @Test("a start key need not exist, and is left out when it does")
    func startKeys() throws {
        let region = try region()
        let table = try region.table()
        let bounds = try query("pk = :p", #"{":p":{"S":"a"}}"#, table.keySchema)
        let cases: [(String, Bool, [Int])] = [
            ("4.5", false, [5, 6, 7, 8, 9]), ("4", false, [5, 6, 7, 8, 9]), ("-1", false, Array(0..<10)),
            ("9", false, []), ("4.5", true, [4, 3, 2, 1, 0]), ("4", true, [3, 2, 1, 0]), ("0", true, []),
        ]
        for (sortKey, isReversed, expected) in cases {
            let start = try position(item(#"{"pk":{"S":"a"},"sk":{"N":"\#(sortKey)"}}"#), table)
            let read = RangeRead(table: table, index: nil, bounds: bounds, start: start, isReversed: isReversed)
            #expect(sortKeys(try read.page(reading: region.store)) == numbers(expected), "\(sortKey) \(isReversed)")
        }
    }

    @Test("a start key outside the range that is read never widens it")
    func foreignStartKeys() throws {
        let region = try region()
        let table = try region.table()
        let bounds = try query(
            "pk = :p AND sk BETWEEN :v AND :w", #"{":p":{"S":"b"},":v":{"N":"3"},":w":{"N":"5"}}"#, table.keySchema)
        for partition in ["a", "b", "c"] {
            for sortKey in ["0", "4", "9"] {
                let start = try position(item(#"{"pk":{"S":"\#(partition)"},"sk":{"N":"\#(sortKey)"}}"#), table)
                for isReversed in [false, true] {
                    let read = RangeRead(table: table, index: nil, bounds: bounds, start: start, isReversed: isReversed)
                    let page = try read.page(reading: region.store)
                    #expect(page.items.allSatisfy { $0.value(of: "pk") == .string("b") })
                    #expect(Set(sortKeys(page)).isSubset(of: numbers(3...5)))
                }
            }
        }
    }

    @Test(
        "the segments of a scan are disjoint, and together they are everything", arguments: [1, 2, 3, 7, 16, 1_000_000])
    func segments(total: Int) throws {
        var region = TestRegion()
        try region.create(region.definition("T"))
        for number in 0..<300 { try region.apply(.write(region.put(#"{"pk":{"S":"\#(number)"}}"#))) }
        let schema = try region.table().keySchema
        var found: [Item] = []
        // Of a million segments only those that hold an item, their neighbours, and the ends.
        let all =
            total <= 16
            ? Array(0..<total)
            : [0, total - 1]
                + (0..<300).flatMap { number in
                    let key = try! schema.key(of: item(#"{"pk":{"S":"\#(number)"}}"#))
                    let segment = Int((UInt64(key.hash) * UInt64(total)) >> 32)
                    return [segment - 1, segment, segment + 1]
                }
        for segment in Set(all.filter { (0..<total).contains($0) }) {
            for page in try pages(region, .scan(segment: segment, totalSegments: total), limit: 7) {
                #expect(
                    try page.items.allSatisfy {
                        RangeRead.segment(segment, of: total, contains: try schema.key(of: $0))
                    })
                found += page.items
            }
        }
        #expect(found.count == 300)
        #expect(Set(found).count == 300)
    }

    @Test("a scan reads the whole table and nothing of its neighbours")
    func scan() throws {
        let region = try region()
        let page = try pages(region, .scan(segment: 0, totalSegments: 1))[0]
        #expect(page.items.count == 30)
        #expect(page.lastKey == nil)
    }

    @Test("a filter takes items out of the page after they were counted")
    func filters() throws {
        let region = try region()
        let bounds = try query("pk = :p", #"{":p":{"S":"a"}}"#, region.table().keySchema)
        let filter = try condition("v >= :v", [(":v", number(7))], purpose: .filter)
        let pages = try pages(region, bounds, limit: 4, filter: filter)
        #expect(pages.map(\.scannedCount) == [4, 4, 2])
        #expect(pages.map(\.items.count) == [0, 1, 2])
        #expect(pages.map { $0.lastKey == nil } == [false, false, true])
    }

    @Test("an index is read in its order, shows what it projects, and pages by both keys")
    func indexes() throws {
        let region = try region()
        let table = try region.table()
        let index = try #require(table.index(named: "G"))
        let bounds = try query("g = :g", #"{":g":{"S":"x"}}"#, index.keySchema)
        for limit in [nil, 1, 2, 5] {
            for isReversed in [false, true] {
                let pages = try pages(region, bounds, index: index, isReversed: isReversed, limit: limit)
                let found = pages.flatMap(\.items)
                let sorted = [0, 3, 6, 9].flatMap { [$0, $0, $0] }
                #expect(found.map { $0.value(of: "sk") } == numbers(isReversed ? sorted.reversed() : sorted))
                #expect(Set(found).count == 12)
                #expect(found.allSatisfy { $0.contains("v") && !$0.contains("w") })
                #expect(pages.dropLast().allSatisfy { $0.lastKey?.attributeCount == 3 })
            }
        }
    }

    @Test("items are shown whole where the index allows it, and filters see what is shown")
    func wholeItems() throws {
        let region = try region()
        let table = try region.table()
        let index = try #require(table.index(named: "G"))
        let bounds = try query("g = :g", #"{":g":{"S":"x"}}"#, index.keySchema)
        let filter = try condition("w = :w", [(":w", .string("w"))], purpose: .filter)
        for (fetchesWholeItems, count) in [(false, 0), (true, 12)] {
            let read = RangeRead(
                table: table, index: index, bounds: bounds, start: nil, filter: filter,
                fetchesWholeItems: fetchesWholeItems)
            let page = try read.page(reading: region.store)
            #expect(page.items.count == count)
            #expect(page.scannedCount == 12)
        }
    }

    @Test("a page ends with the item that crosses one megabyte")
    func pageSize() throws {
        var region = TestRegion()
        try region.create(region.definition("T", keys: "pk=S sk=N"))
        let value = String(repeating: "x", count: 300_000)
        for sort in 0..<9 {
            try region.apply(.write(region.put(#"{"pk":{"S":"a"},"sk":{"N":"\#(sort)"},"v":{"S":"\#(value)"}}"#)))
        }
        let bounds = try query("pk = :p", #"{":p":{"S":"a"}}"#, region.table().keySchema)
        let pages = try pages(region, bounds)
        #expect(pages.map(\.scannedCount) == [4, 4, 1])
        #expect(pages.dropLast().allSatisfy { $0.scannedBytes >= RangeRead.pageBytesMax })
        #expect(pages.flatMap { sortKeys($0) } == numbers(0..<9))

        let nothing = try condition("attribute_not_exists(v)", purpose: .filter)
        #expect(try self.pages(region, bounds, filter: nothing).map(\.scannedCount) == [4, 4, 1])
    }

    @Test("an empty table and an empty partition have an empty last page")
    func empty() throws {
        let region = try region()
        let bounds = try query("pk = :p", #"{":p":{"S":"z"}}"#, region.table().keySchema)
        let page = try pages(region, bounds)[0]
        #expect(page.items.isEmpty && page.scannedCount == 0 && page.lastKey == nil)
    }

    @Test("a damaged item is reported")
    func damage() throws {
        let region = try region()
        let write = try region.put(#"{"pk":{"S":"a"},"sk":{"N":"3"}}"#)
        var batch = WriteBatch()
        batch.put(StorageKeys.item(write.table, write.key), [7], in: .items)
        region.store.commit(batch, durability: .synced)
        #expect(throws: StoreError.self) { try pages(region, .scan(segment: 0, totalSegments: 1)) }
    }
}
