import AttributeModel
import Bytes
import JSONBytes

/// Items as JSON without DynamoDB's type letters: numbers with all their digits, sets as arrays, binary as base64.
extension Item {
    func appendPlainJSON(to writer: inout JSONWriter) {
        AttributeValue.map(attributes).appendPlainJSON(to: &writer)
    }
}

extension AttributeValue {
    fileprivate func appendPlainJSON(to writer: inout JSONWriter) {
        switch self {
        case .string(let text): writer.string(utf8: text)
        case .number(let number): writer.number(number)
        case .binary(let bytes): writer.binary(bytes)
        case .boolean(let value): writer.boolean(value)
        case .null: writer.raw(Array("null".utf8))
        case .list(let elements): writer.array(elements) { $0.appendPlainJSON(to: &$1) }
        case .map(let map):
            writer.beginObject()
            for entry in map.entries {
                entry.name.utf8.withUnsafeBytes { writer.key(utf8: $0) }
                entry.value.appendPlainJSON(to: &writer)
            }
            writer.endObject()
        case .stringSet(let members): writer.array(members) { $1.string(utf8: $0) }
        case .numberSet(let members): writer.array(members) { $1.number($0) }
        case .binarySet(let members): writer.array(members) { $1.binary($0) }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func string(utf8 text: Text) {
        text.utf8.withUnsafeBytes { string(utf8: $0) }
    }

    fileprivate mutating func number(_ number: DecimalNumber) {
        var text: [UInt8] = []
        number.appendText(to: &text)
        raw(text)
    }

    fileprivate mutating func binary(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { content in plainString { Base64.append(content, to: &$0) } }
    }

    fileprivate mutating func array<Element>(_ elements: [Element], _ append: (Element, inout JSONWriter) -> Void) {
        beginArray()
        for element in elements { append(element, &self) }
        endArray()
    }
}
