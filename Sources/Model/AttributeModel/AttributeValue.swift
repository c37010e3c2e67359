public import Bytes

/// One attribute value as the expression engines see it. Sets are sorted and free of duplicates, maps sorted by name.
public enum AttributeValue: Hashable, Sendable {
    case string(Text)
    // Boxed, because it is four times as large as the others.
    indirect case number(DecimalNumber)
    case binary([UInt8])
    case boolean(Bool)
    case null
    case list([AttributeValue])
    case map(AttributeMap)
    case stringSet([Text])
    case numberSet([DecimalNumber])
    case binarySet([[UInt8]])

    public var type: AttributeType {
        switch self {
        case .string: .string
        case .number: .number
        case .binary: .binary
        case .boolean: .boolean
        case .null: .null
        case .list: .list
        case .map: .map
        case .stringSet: .stringSet
        case .numberSet: .numberSet
        case .binarySet: .binarySet
        }
    }
}

/// The ten DynamoDB types; the raw values are their names in JSON.
public enum AttributeType: String, CaseIterable, Sendable {
    case string = "S"
    case number = "N"
    case binary = "B"
    case boolean = "BOOL"
    case null = "NULL"
    case list = "L"
    case map = "M"
    case stringSet = "SS"
    case numberSet = "NS"
    case binarySet = "BS"

    /// The type with this name in JSON.
    init?(name: UnsafeRawBufferPointer) {
        switch (name.first, name.last, name.count) {
        case (UInt8(ascii: "S"), _, 1): self = .string
        case (UInt8(ascii: "N"), _, 1): self = .number
        case (UInt8(ascii: "B"), _, 1): self = .binary
        case (UInt8(ascii: "M"), _, 1): self = .map
        case (UInt8(ascii: "L"), _, 1): self = .list
        case (UInt8(ascii: "S"), UInt8(ascii: "S"), 2): self = .stringSet
        case (UInt8(ascii: "N"), UInt8(ascii: "S"), 2): self = .numberSet
        case (UInt8(ascii: "B"), UInt8(ascii: "S"), 2): self = .binarySet
        case (_, _, 4) where name.elementsEqual("BOOL".utf8): self = .boolean
        case (_, _, 4) where name.elementsEqual("NULL".utf8): self = .null
        default: return nil
        }
    }
}

/// Named attribute values, sorted by the bytes of their names.
public struct AttributeMap: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public let name: Text
        public var value: AttributeValue

        public init(name: Text, value: AttributeValue) {
            self.name = name
            self.value = value
        }
    }

    public private(set) var entries: [Entry] = []

    public init() {}

    /// - Parameter entries: sorted by name, without repetitions, as the item decoder delivers them.
    init(sortedEntries entries: [Entry]) {
        self.entries = entries
    }

    public var isEmpty: Bool { entries.isEmpty }
    public var count: Int { entries.count }

    /// Reading, replacing, adding and (with nil) removing an attribute.
    public subscript(name: Text) -> AttributeValue? {
        get {
            let index = insertionIndex(of: name)
            return index < entries.count && entries[index].name == name ? entries[index].value : nil
        }
        set {
            let index = insertionIndex(of: name)
            let exists = index < entries.count && entries[index].name == name
            switch (newValue, exists) {
            case (let value?, true): entries[index].value = value
            case (let value?, false): entries.insert(Entry(name: name, value: value), at: index)
            case (nil, true): entries.remove(at: index)
            case (nil, false): break
            }
        }
    }

    private func insertionIndex(of name: Text) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension AttributeMap: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (Text, AttributeValue)...) {
        for (name, value) in elements { self[name] = value }
    }
}
