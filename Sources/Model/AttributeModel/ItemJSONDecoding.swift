import Bytes
public import JSONBytes

/// Items from DynamoDB JSON, straight into the stored form.
extension Item {
    /// Levels that attribute values may nest; a top-level attribute is level 1.
    public static let nestingLevelsMax = 32

    /// Reads `{"name":{"S":"…"},…}`; with repeated names the last one counts. JSON null members are absent.
    public init(_ document: JSONDocument, _ node: JSONDocument.Node) throws(AttributeValueError) {
        self = try JSONItemEncoder.encode(document, node) { (encoder) throws(AttributeValueError) in
            try encoder.appendEntries(of: node, level: 1)
            return Item(trusted: Array(encoder.writer.written))
        }
    }
}

extension AttributeValue {
    /// Reads one `{"S":"…"}`.
    public init(_ document: JSONDocument, _ node: JSONDocument.Node) throws(AttributeValueError) {
        self = try JSONItemEncoder.encode(document, node) { (encoder) throws(AttributeValueError) in
            try encoder.appendValue(of: node, level: 1)
            var reader = ByteReader(encoder.writer.written)
            guard let decoded = try? CompactValue.decode(&reader) else {
                preconditionFailure("the encoder writes what the decoder reads")
            }
            return decoded
        }
    }
}

/// Encodes attribute values from a JSON document while checking them. Values are written in the order of the text; members of maps
/// and sets are put in order when all of them are there.
private struct JSONItemEncoder {
    private let document: JSONDocument
    private(set) var writer: ByteWriter
    /// The members of all maps and sets that are being written, those of the innermost last.
    private var members: [EncodedMember] = []

    private init(_ document: JSONDocument, _ buffer: UnsafeMutableRawBufferPointer) {
        self.document = document
        writer = ByteWriter(buffer)
        members.reserveCapacity(16)
    }

    /// Lends an encoder with room for all that `node` can become.
    static func encode<Result>(
        _ document: JSONDocument, _ node: JSONDocument.Node,
        _ body: (inout JSONItemEncoder) throws(AttributeValueError) -> Result
    ) throws(AttributeValueError) -> Result {
        // What grows most are sets of one-digit numbers: `"1",` becomes length, class, exponent, digits and end.
        let textBytes = document.withRawBytes(of: node) { $0.count }
        let bytesMax = textBytes + textBytes / 4 + 16
        return try withUnsafeTemporaryAllocation(byteCount: bytesMax, alignment: 1) {
            (buffer) throws(AttributeValueError) in
            var encoder = JSONItemEncoder(document, buffer)
            return try body(&encoder)
        }
    }

    /// Appends varint count and sorted entries.
    mutating func appendEntries(of node: JSONDocument.Node, level: Int) throws(AttributeValueError) {
        guard document.kind(node) == .object else { throw .binding }
        var list = openList(countMax: document.count(of: node))
        try document.forEachMember(of: node) { (key, value) throws(AttributeValueError) in
            guard document.kind(value) != .null else { return }
            let start = writer.count
            let name = document.withStringBytes(of: key) { writer.appendLengthPrefixed($0) }
            guard !name.isEmpty else { throw .emptyName }
            try appendValue(of: value, level: level)
            add(EncodedMember(start: start, key: name, end: writer.count, in: writer.written), to: &list)
        }
        close(list)
    }

    /// Appends tag and payload of `{"S":"…"}`.
    mutating func appendValue(of node: JSONDocument.Node, level: Int) throws(AttributeValueError) {
        guard document.kind(node) == .object else { throw .binding }
        guard level <= Item.nestingLevelsMax else { throw .tooDeep }
        let start = writer.count
        var found: AttributeType?
        var hasSeveralTypes = false
        try document.forEachMember(of: node) { (key, value) throws(AttributeValueError) in
            guard document.kind(value) != .null, let type = type(of: key) else { return }
            if let found, found != type { hasSeveralTypes = true }
            found = type
            writer.rewind(to: start)
            try appendValue(type, value, level: level)
        }
        if found == nil { throw .noType }
        if hasSeveralTypes { throw .severalTypes }
    }

    private func type(of key: JSONDocument.Node) -> AttributeType? {
        document.withStringBytes(of: key) { AttributeType(name: $0) }
    }

    private mutating func appendValue(
        _ type: AttributeType, _ node: JSONDocument.Node, level: Int
    ) throws(AttributeValueError) {
        switch type {
        case .string:
            guard document.kind(node) == .string else { throw .binding }
            writer.append(CompactValue.Tag.string.rawValue)
            _ = document.withStringBytes(of: node) { writer.appendLengthPrefixed($0) }
        case .number:
            let number = try number(node)
            writer.append(CompactValue.Tag.number.rawValue)
            number.appendOrderedBytes(to: &writer)
        case .binary:
            let content = try binary(node)
            writer.append(CompactValue.Tag.binary.rawValue)
            _ = content.withUnsafeBytes { writer.appendLengthPrefixed($0) }
        case .boolean:
            writer.append((try boolean(node) ? CompactValue.Tag.booleanTrue : .booleanFalse).rawValue)
        case .null:
            guard try boolean(node) else { throw .nullIsFalse }
            writer.append(CompactValue.Tag.null.rawValue)
        case .list: try appendList(node, level: level)
        case .map:
            let container = writer.openContainer(.map)
            try appendEntries(of: node, level: level + 1)
            writer.closeContainer(container)
        case .stringSet: try appendSet(.stringSet, node)
        case .numberSet: try appendSet(.numberSet, node)
        case .binarySet: try appendSet(.binarySet, node)
        }
    }

    private mutating func appendList(_ node: JSONDocument.Node, level: Int) throws(AttributeValueError) {
        guard document.kind(node) == .array else { throw .binding }
        let container = writer.openContainer(.list)
        writer.appendVarint(document.count(of: node))
        try document.forEachElement(of: node) { (element) throws(AttributeValueError) in
            try appendValue(of: element, level: level + 1)
        }
        writer.closeContainer(container)
    }

    private mutating func appendSet(_ tag: CompactValue.Tag, _ node: JSONDocument.Node) throws(AttributeValueError) {
        guard document.kind(node) == .array else { throw .binding }
        let count = document.count(of: node)
        let container = writer.openContainer(tag)
        var list = openList(countMax: count)
        try document.forEachElement(of: node) { (element) throws(AttributeValueError) in
            let start = writer.count
            let content = try appendMember(of: tag, element)
            add(EncodedMember(start: start, key: content, end: writer.count, in: writer.written), to: &list)
        }
        if count == 0 { throw emptySetError(tag) }
        if close(list) < count { throw duplicatesError(tag, node) }
        writer.closeContainer(container)
    }

    /// Appends one length-prefixed member of a set; answers where its content lies.
    private mutating func appendMember(
        of tag: CompactValue.Tag, _ node: JSONDocument.Node
    ) throws(AttributeValueError) -> Range<Int> {
        switch tag {
        case .numberSet: return try number(node).withOrderedBytes { writer.appendLengthPrefixed($0) }
        case .binarySet: return try binary(node).withUnsafeBytes { writer.appendLengthPrefixed($0) }
        default:
            guard document.kind(node) == .string else { throw .binding }
            return document.withStringBytes(of: node) { writer.appendLengthPrefixed($0) }
        }
    }

    private func emptySetError(_ tag: CompactValue.Tag) -> AttributeValueError {
        switch tag {
        case .numberSet: .emptyNumberSet
        case .binarySet: .emptyBinarySet
        default: .emptyStringSet
        }
    }

    private func duplicatesError(_ tag: CompactValue.Tag, _ node: JSONDocument.Node) -> AttributeValueError {
        if tag == .numberSet { return .duplicateNumbers }
        var members: [Text] = []
        document.forEachElement(of: node) { members.append(document.text($0)) }
        return tag == .binarySet ? .duplicateBinaries(members.map(\.description)) : .duplicateStrings(members)
    }

    private func number(_ node: JSONDocument.Node) throws(AttributeValueError) -> DecimalNumber {
        guard document.kind(node) == .string else { throw .binding }
        return try document.withStringBytes(of: node) { (bytes) throws(AttributeValueError) in
            do throws(NumberError) {
                return try DecimalNumber(text: bytes)
            } catch {
                throw .number(error, text: document.text(node))
            }
        }
    }

    private func binary(_ node: JSONDocument.Node) throws(AttributeValueError) -> [UInt8] {
        guard document.kind(node) == .string else { throw .binding }
        return try document.withStringBytes(of: node) { (bytes) throws(AttributeValueError) in
            do throws(Base64Error) {
                return try Base64.decode(bytes)
            } catch {
                throw .binding
            }
        }
    }

    /// JSON booleans, and the words that AWS reads as booleans, in any case.
    private func boolean(_ node: JSONDocument.Node) throws(AttributeValueError) -> Bool {
        switch document.kind(node) {
        case .booleanTrue: return true
        case .booleanFalse: return false
        case .string:
            switch document.string(node).lowercased() {
            case "true", "yes", "1": return true
            case "false", "no", "0": return false
            default: throw .binding
            }
        default: throw .binding
        }
    }
}

/// Lists of members that are kept in byte order of their keys.
extension JSONItemEncoder {
    private struct MemberList {
        /// Where the count lies; the members follow it.
        let countPosition: Int
        let contentStart: Int
        let countMax: Int
        /// Where the list begins in `members`.
        let base: Int
        var isSorted = true
    }

    private mutating func openList(countMax: Int) -> MemberList {
        let countPosition = writer.count
        writer.appendVarint(countMax)
        return MemberList(
            countPosition: countPosition, contentStart: writer.count, countMax: countMax, base: members.count)
    }

    private mutating func add(_ member: EncodedMember, to list: inout MemberList) {
        if members.count > list.base, !members[members.count - 1].isBefore(member, in: writer.written) {
            list.isSorted = false
        }
        members.append(member)
    }

    /// Puts the members in order, keeping the last of those with one key; answers how many there are.
    @discardableResult
    private mutating func close(_ list: MemberList) -> Int {
        if !list.isSorted { sortMembers(from: list.base) }
        let count = members.count - list.base
        if !list.isSorted || count < list.countMax { rewrite(list) }
        members.removeLast(count)
        return count
    }

    private mutating func sortMembers(from base: Int) {
        let written = writer.written
        members.withUnsafeMutableBufferPointer { members in
            var list = UnsafeMutableBufferPointer(rebasing: members[base...])
            list.sort { $0.isBefore($1, in: written) }
        }
        var end = base
        for index in base..<members.count {
            let isRepeated = end > base && !members[end - 1].isBefore(members[index], in: written)
            if isRepeated { end -= 1 }
            members[end] = members[index]
            end += 1
        }
        members.removeLast(members.count - end)
    }

    private mutating func rewrite(_ list: MemberList) {
        let content = UnsafeRawBufferPointer(rebasing: writer.written[list.contentStart...])
        withUnsafeTemporaryAllocation(byteCount: content.count, alignment: 1) { copy in
            copy.copyMemory(from: content)
            writer.rewind(to: list.countPosition)
            writer.appendVarint(members.count - list.base)
            for member in members[list.base...] {
                let range = (member.start - list.contentStart)..<(member.end - list.contentStart)
                writer.append(UnsafeRawBufferPointer(rebasing: copy[range]))
            }
        }
    }
}
