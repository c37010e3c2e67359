import Bytes

/// The tag bytes of stored values (`AttributeModel/CompactValue.swift`, whose layout the record form reads in place).
///
/// Tags are stored in databases and never change their meaning; a property test holds this reading against DynamoDB JSON.
enum CompactTag: UInt8 {
    case string = 1
    case number = 2
    case binary = 3
    case booleanTrue = 4
    case booleanFalse = 5
    case null = 6
    case stringSet = 7
    case numberSet = 8
    case binarySet = 9
    case list = 10
    case map = 11

    /// One more than the highest tag.
    static let tagsEnd: UInt8 = 12

    /// The type's name in DynamoDB JSON.
    var typeName: Text {
        switch self {
        case .string: "S"
        case .number: "N"
        case .binary: "B"
        case .booleanTrue, .booleanFalse: "BOOL"
        case .null: "NULL"
        case .stringSet: "SS"
        case .numberSet: "NS"
        case .binarySet: "BS"
        case .list: "L"
        case .map: "M"
        }
    }
}
