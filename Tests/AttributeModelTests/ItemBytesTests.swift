import AttributeModel
import Bytes
import TestSupport
import Testing

/// Stored items that come from outside: `Item(checking:)` accepts exactly what `Item` writes.
struct ItemBytesTests {
    @Test
    func layout() throws {
        let item = Item([
            "b": .boolean(true), "a": .list([.string("x"), .number(DecimalNumber(1))]), "c": .stringSet(["y", "x"]),
        ])
        #expect(
            item.bytes == [
                3,
                1, 0x61, 10, 0, 0, 0, 9, 2, 1, 1, 0x78, 2, 0xFF, 130, 11, 0,
                1, 0x62, 4,
                1, 0x63, 7, 0, 0, 0, 5, 2, 1, 0x78, 1, 0x79,
            ])
        #expect(Item.empty.bytes == [0])
        #expect(try Item(checking: item.bytes) == item)
        #expect(try Item(checking: [0]) == .empty)
    }

    /// One stored form for each item: everything else is damage, though it could be decoded.
    @Test(
        "not canonical",
        arguments: [
            // No count, too many attributes, too few, something behind the end.
            [], [1], [2, 1, 0x61, 6], [0, 1, 0x61, 6], [0, 0], [1, 1, 0x61, 6, 0],
            // A count and a length in more bytes than needed.
            [0x81, 0x00, 1, 0x61, 6], [1, 0x81, 0x00, 0x61, 6],
            // Names empty, repeated, out of order, not UTF-8.
            [1, 0, 6], [2, 1, 0x61, 6, 1, 0x61, 6], [2, 1, 0x62, 6, 1, 0x61, 6], [1, 1, 0xFF, 6],
            // Unknown tags.
            [1, 1, 0x61, 0], [1, 1, 0x61, 12], [1, 1, 0x61, 255],
            // Strings that are too short or not UTF-8.
            [1, 1, 0x61, 1, 2, 0x78], [1, 1, 0x61, 1, 1, 0xC3], [1, 1, 0x61, 3, 1],
            // Numbers that are no numbers.
            [1, 1, 0x61, 2], [1, 1, 0x61, 2, 0x7F], [1, 1, 0x61, 2, 0xFF, 130, 0],
            [1, 1, 0x61, 2, 0xFF, 130, 11, 1, 0],
            // Containers whose length is not that of their members.
            [1, 1, 0x61, 10, 0, 0, 0, 0], [1, 1, 0x61, 10, 0, 0, 0, 2, 0], [1, 1, 0x61, 10, 0, 0, 0, 1, 1, 6],
            [1, 1, 0x61, 10, 0, 0, 0, 3, 1, 6, 6], [1, 1, 0x61, 10, 0xFF, 0xFF, 0xFF, 0xFF, 0],
            [1, 1, 0x61, 11, 0, 0, 0, 2, 0, 0],
            // Sets without members, with repetitions, out of order, with members that are no texts or numbers.
            [1, 1, 0x61, 7, 0, 0, 0, 1, 0], [1, 1, 0x61, 9, 0, 0, 0, 1, 0],
            [1, 1, 0x61, 7, 0, 0, 0, 5, 2, 1, 0x78, 1, 0x78],
            [1, 1, 0x61, 9, 0, 0, 0, 5, 2, 1, 0x79, 1, 0x78], [1, 1, 0x61, 7, 0, 0, 0, 3, 1, 1, 0xFF],
            [1, 1, 0x61, 8, 0, 0, 0, 3, 1, 1, 0x78], [1, 1, 0x61, 8, 0, 0, 0, 4, 1, 2, 0x80, 0x80],
            [1, 1, 0x61, 8, 0, 0, 0, 2, 1, 0],
        ] as [[UInt8]])
    func damage(bytes: [UInt8]) {
        #expect(throws: DamagedBytes.self) { try Item(checking: bytes) }
    }

    @Test(arguments: seeds)
    func everyTruncationIsAnError(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<20 {
            let bytes = Item(RandomItem.attributes(&random)).bytes
            for count in 0..<bytes.count {
                #expect(throws: DamagedBytes.self) { try Item(checking: Array(bytes.prefix(count))) }
            }
        }
    }

    /// Whatever the bytes: either an error, or an item that can be read in every way and that is canonical.
    @Test(arguments: seeds)
    func mutatedBytesNeverTrap(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var accepted = 0
        for _ in 0..<4_000 {
            var bytes = Item(RandomItem.attributes(&random)).bytes
            for _ in 0...random.below(2) { Self.mutate(&bytes, &random) }
            guard let item = try? Item(checking: bytes) else { continue }
            accepted += 1
            let attributes = item.attributes
            #expect(Item(attributes).bytes == bytes)
            #expect(item.attributeCount == attributes.count)
            #expect(item.size == attributes.entries.reduce(0) { $0 + $1.name.count + $1.value.size })
            #expect(try Item(json: item.json) == item)
            for entry in attributes.entries { #expect(item.value(of: entry.name) == entry.value) }
            #expect(item.projecting(attributes.entries.map(\.name)) == item)
        }
        #expect(accepted > 50)
        #expect(accepted < 3_900)
    }

    @Test(arguments: seeds)
    func randomBytesNeverTrap(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<4_000 {
            let bytes = random.bytes(countMax: 30, favourites: Array(0...12))
            guard let item = try? Item(checking: bytes) else { continue }
            #expect(Item(item.attributes).bytes == bytes)
        }
    }

    private static func mutate(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let favourites: [UInt8] = [0, 1, 2, 6, 7, 8, 9, 10, 11, 12, 0x7F, 0x80, 0xFF]
        guard !bytes.isEmpty else { return }
        let position = random.below(bytes.count)
        switch random.below(5) {
        case 0: bytes[position] = random.pick(favourites)
        case 1: bytes[position] ^= 1 << UInt8(random.below(8))
        case 2: bytes.insert(random.pick(favourites), at: position)
        case 3: bytes.remove(at: position)
        default:
            let other = random.below(bytes.count)
            bytes.swapAt(position, other)
        }
    }
}
