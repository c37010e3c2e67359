import AttributeModel
import Bytes
import TestSupport
import Testing

/// Keys of items (reference `data-plane.md` 4.4).
struct KeySchemaTests {
    static let partitionKey = KeyAttribute(name: "pk", type: .string)
    static let sortKey = KeyAttribute(name: "sk", type: .number)
    static let schema = KeySchema(partitionKeys: [partitionKey], sortKeys: [sortKey])

    static func schema(_ type: KeyType, sort: KeyType? = nil) -> KeySchema {
        KeySchema(
            partitionKeys: [KeyAttribute(name: "pk", type: type)],
            sortKeys: sort.map { [KeyAttribute(name: "sk", type: $0)] } ?? [])
    }

    @Test
    func layout() throws {
        let key = try Self.schema.key(of: Item(json: #"{"pk":{"S":"a"},"sk":{"N":"1"},"other":{"NULL":true}}"#))
        let component: [UInt8] = [0x61, 0x00, 0x01]
        #expect(Array(key.bytes[4...]) == component + [0xFF, 130, 11, 0])
        #expect(key.partitionEnd == 7)
        #expect(key.hash == Murmur2.hash(component))
        #expect(Array(key.partitionPrefix[4...]) == component)
    }

    @Test(
        arguments: [
            (#"{"sk":{"N":"1"}}"#, .missing(partitionKey)), (#"{"pk":{"S":"a"}}"#, .missing(sortKey)),
            (#"{}"#, .missing(partitionKey)),
            (#"{"PK":{"S":"a"},"sk":{"N":"1"}}"#, .missing(partitionKey)),
            (#"{"pk":{"N":"1"},"sk":{"N":"1"}}"#, .wrongType(partitionKey, actual: .number)),
            (#"{"pk":{"S":"a"},"sk":{"S":"1"}}"#, .wrongType(sortKey, actual: .string)),
            (#"{"pk":{"NULL":true},"sk":{"N":"1"}}"#, .wrongType(partitionKey, actual: .null)),
            (#"{"pk":{"SS":["a"]},"sk":{"N":"1"}}"#, .wrongType(partitionKey, actual: .stringSet)),
            (#"{"pk":{"S":"a"},"sk":{"M":{}}}"#, .wrongType(sortKey, actual: .map)),
            (#"{"pk":{"S":"a"},"sk":{"BOOL":false}}"#, .wrongType(sortKey, actual: .boolean)),
            (#"{"pk":{"S":""},"sk":{"N":"1"}}"#, .empty(partitionKey)),
        ] as [(String, KeyError)])
    func errors(json: String, error: KeyError) {
        #expect(throws: error) { try Self.schema.key(of: Item(json: json)) }
    }

    @Test
    func binaryKeysMayNotBeEmpty() {
        let schema = Self.schema(.binary, sort: .binary)
        #expect(throws: KeyError.empty(KeyAttribute(name: "pk", type: .binary))) {
            try schema.key(of: Item(["pk": .binary([]), "sk": .binary([1])]))
        }
        #expect(throws: KeyError.empty(KeyAttribute(name: "sk", type: .binary))) {
            try schema.key(of: Item(["pk": .binary([1]), "sk": .binary([])]))
        }
    }

    @Test(arguments: [KeyType.string, .binary])
    func lengthsAreLimited(type: KeyType) throws {
        let schema = Self.schema(type, sort: type)
        func key(_ partitionBytes: Int, _ sortBytes: Int) throws -> EncodedKey {
            func value(_ count: Int) -> AttributeValue {
                let bytes = [UInt8](repeating: 0x61, count: count)
                return type == .string ? .string(Text(utf8: bytes)) : .binary(bytes)
            }
            return try schema.key(of: Item(["pk": value(partitionBytes), "sk": value(sortBytes)]))
        }
        _ = try key(2048, 1024)
        #expect(throws: KeyError.partitionKeyTooLong) { try key(2049, 1) }
        #expect(throws: KeyError.sortKeyTooLong) { try key(1, 1025) }
        #expect(KeySchema.partitionKeyBytesMax == 2048)
        #expect(KeySchema.sortKeyBytesMax == 1024)
    }

    @Test(
        arguments: [
            (#"{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"y"}}"#, .otherAttributes),
            (#"{"pk":{"S":"a"}}"#, .otherAttributes),
            (#"{}"#, .otherAttributes), (#"{"pk":{"S":"a"},"x":{"N":"1"}}"#, .missing(sortKey)),
            (#"{"pk":{"S":"a"},"sk":{"S":"1"}}"#, .wrongType(sortKey, actual: .string)),
            (#"{"pk":{"S":""},"sk":{"N":"1"}}"#, .empty(partitionKey)),
        ] as [(String, KeyError)])
    func keyMapsHaveExactlyTheKeyAttributes(json: String, error: KeyError) {
        #expect(throws: error) { try Self.schema.key(ofExactly: Item(json: json)) }
    }

    @Test
    func theKeyOfAnItemIsThatOfItsKeyMap() throws {
        let map = try Item(json: #"{"sk":{"N":"10"},"pk":{"S":"a"}}"#)
        let item = try Item(json: #"{"pk":{"S":"a"},"sk":{"N":"1e1"},"zz":{"L":[{"S":"x"}]},"aa":{"NS":["1"]}}"#)
        #expect(try Self.schema.key(ofExactly: map) == Self.schema.key(of: item))
        #expect(try Self.schema.key(of: map) == Self.schema.key(of: item.projecting(["pk", "sk"])))
    }

    @Test(arguments: [
        ("1000", "1e3"), ("1000", "+1000"), ("1000", "1000.000"), ("0", "-0e5"), ("0.5", ".5"), ("-1", "-1.0"),
    ])
    func equalNumbersAreOneKey(left: String, right: String) throws {
        let schema = Self.schema(.number, sort: .number)
        func key(_ text: String) throws -> EncodedKey {
            try schema.key(of: Item(json: #"{"pk":{"N":"\#(text)"},"sk":{"N":"\#(text)"}}"#))
        }
        #expect(try key(left) == key(right))
        #expect(try key(left).hash == key(right).hash)
    }

    @Test
    func differentSpellingsOfTextAreDifferentKeys() throws {
        let schema = Self.schema(.string)
        #expect(
            try schema.key(of: Item(["pk": .string("\u{E9}")])) != schema.key(of: Item(["pk": .string("e\u{301}")])))
    }

    @Test
    func knowsItsAttributes() {
        #expect(Self.schema.attributes == [Self.partitionKey, Self.sortKey])
        #expect(Self.schema.contains("pk"))
        #expect(Self.schema.contains("sk"))
        #expect(!Self.schema.contains("p"))
    }

    /// The components of one value are the same from an item, from a value and in a prefix.
    @Test(arguments: seeds)
    func thereIsOneEncodingOfAValue(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<1_000 {
            let type = random.pick(KeyType.allCases)
            let attribute = KeyAttribute(name: "pk", type: type)
            let value = Self.value(type, &random)
            let key = try KeySchema(partitionKeys: [attribute]).key(of: Item(["pk": value, "o": .null, "z": .null]))
            #expect(try KeySchema(partitionKeys: [attribute]).prefix(partitionValues: [value]) == key)
            var bytes = Array(key.bytes.prefix(4))
            try EncodedKey.append(value, as: attribute, to: &bytes, bytesMax: 2048, isPartitionKey: true)
            #expect(bytes == key.bytes)
        }
    }

    @Test(arguments: [
        (AttributeValue.null, KeyError.wrongType(partitionKey, actual: .null)), (.string(""), .empty(partitionKey)),
        (.string(Text(String(repeating: "x", count: 2049))), .partitionKeyTooLong),
        (.list([]), .wrongType(partitionKey, actual: .list)),
    ])
    func prefixesHaveTheSameErrors(value: AttributeValue, error: KeyError) {
        #expect(throws: error) { try Self.schema.prefix(partitionValues: [value]) }
    }

    /// Within a partition, keys order as the values of the sort key do: texts and binaries by bytes, numbers numerically.
    @Test(arguments: KeyType.allCases, seeds)
    func sortKeysOrderAsTheirValues(type: KeyType, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let schema = Self.schema(.string, sort: type)
        let prefix = try schema.prefix(partitionValues: [.string("p")]).bytes
        for _ in 0..<2_000 {
            let left = Self.value(type, &random)
            let right = Self.value(type, &random)
            let leftKey = try schema.key(of: Item(["pk": .string("p"), "sk": left])).bytes
            let rightKey = try schema.key(of: Item(["pk": .string("p"), "sk": right])).bytes
            #expect(leftKey.precedes(rightKey) == Self.isBefore(left, right), "\(left.json) and \(right.json)")
            #expect((leftKey == rightKey) == (left == right), "\(left.json) and \(right.json)")
            #expect(leftKey.starts(with: prefix))
        }
    }

    /// Items of another partition key never begin with the prefix of this one, so a range over it holds one partition.
    @Test(arguments: seeds)
    func partitionsDoNotMix(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let schema = Self.schema(.binary, sort: .binary)
        for _ in 0..<3_000 {
            let left = random.bytes(countMax: 3) + [1]
            let right = left + random.bytes(countMax: 2) + [random.pick([0, 1, 255])]
            let prefix = try schema.prefix(partitionValues: [.binary(left)]).bytes
            let key = try schema.key(of: Item(["pk": .binary(right), "sk": .binary([1])])).bytes
            #expect(!key[4...].starts(with: prefix[4...]), "\(left) and \(right)")
        }
    }

    @Test(arguments: KeyType.allCases, KeyType.allCases)
    func storedKeysAreReadBack(partition: KeyType, sort: KeyType) throws {
        var random = SeededRandom(seed: 1)
        let schema = Self.schema(partition, sort: sort)
        for _ in 0..<300 {
            let item = Item(["pk": Self.value(partition, &random), "sk": Self.value(sort, &random)])
            let key = try schema.key(of: item)
            #expect(try EncodedKey(decoding: key.bytes, schema: schema) == key)
            for count in 0..<key.bytes.count {
                #expect(throws: DamagedBytes.self) {
                    try EncodedKey(decoding: Array(key.bytes.prefix(count)), schema: schema)
                }
            }
            #expect(throws: DamagedBytes.self) { try EncodedKey(decoding: key.bytes + [0], schema: schema) }
        }
    }

    @Test
    func indexesMayHaveSeveralAttributesOfEachKind() throws {
        let schema = KeySchema(
            partitionKeys: [KeyAttribute(name: "a", type: .string), KeyAttribute(name: "b", type: .number)],
            sortKeys: [KeyAttribute(name: "c", type: .binary), KeyAttribute(name: "d", type: .string)])
        let item = try Item(json: #"{"d":{"S":"x"},"c":{"B":"AA=="},"b":{"N":"7"},"a":{"S":"y"}}"#)
        let key = try schema.key(of: item)
        #expect(
            Array(key.bytes[4...]) == [0x79, 0, 1, 0xFF, 130, 71, 0, 0, 0xFF, 0, 1, 0x78, 0, 1])
        #expect(key.partitionEnd == 4 + 3 + 4)
        #expect(
            try schema.prefix(partitionValues: [.string("y"), .number(DecimalNumber(7))]).bytes
                == Array(key.bytes[..<key.partitionEnd]))
    }

    private static func value(_ type: KeyType, _ random: inout SeededRandom) -> AttributeValue {
        switch type {
        case .string:
            .string(
                Text(
                    String(
                        decoding: random.bytes(countMax: 4, favourites: [0, 1, 0x61]).map { $0 & 0x7F } + [0x62],
                        as: UTF8.self)))
        case .number: .number((try? DecimalNumber(NaiveDecimal.random(&random).plainText)) ?? .zero)
        case .binary: .binary(random.bytes(countMax: 4) + [random.pick([0, 1, 255])])
        }
    }

    private static func isBefore(_ left: AttributeValue, _ right: AttributeValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.binary(let left), .binary(let right)): left.lexicographicallyPrecedes(right)
        case (.number(let left), .number(let right)): left < right
        default: false
        }
    }
}
