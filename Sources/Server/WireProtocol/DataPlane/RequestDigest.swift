import Crypto
import JSONBytes

/// Tells whether two requests ask for the same: SHA-256 of a member in a form that leaves out blanks, escapes, nulls, and the order of the
/// members of objects.
struct RequestDigest {
    private let document: JSONDocument
    private var hash = SHA256()

    static func digest(of body: RequestBody, _ member: StaticString) -> [UInt8] {
        var digest = RequestDigest(document: body.document)
        if let node = body.member(member) { digest.add(node) }
        return Array(digest.hash.finalize())
    }

    private init(document: JSONDocument) {
        self.document = document
    }

    private mutating func add(_ node: JSONDocument.Node) {
        let kind = document.kind(node)
        switch kind {
        case .object:
            var members: [(name: [UInt8], value: JSONDocument.Node)] = []
            document.forEachMember(of: node) { key, value in
                if document.kind(value) != .null { members.append((document.stringBytes(key), value)) }
            }
            members.sort { $0.name.lexicographicallyPrecedes($1.name) }
            add(kind, count: members.count)
            for member in members {
                add(.string, member.name)
                add(member.value)
            }
        case .array:
            add(kind, count: document.count(of: node))
            document.forEachElement(of: node) { add($0) }
        case .string: add(kind, document.stringBytes(node))
        case .number, .booleanTrue, .booleanFalse, .null: add(kind, document.withRawBytes(of: node) { Array($0) })
        }
    }

    private mutating func add(_ kind: JSONDocument.Kind, _ content: [UInt8]) {
        add(kind, count: content.count)
        content.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    private mutating func add(_ kind: JSONDocument.Kind, count: Int) {
        withUnsafeBytes(of: kind.rawValue) { hash.update(bufferPointer: $0) }
        withUnsafeBytes(of: UInt64(count).bigEndian) { hash.update(bufferPointer: $0) }
    }
}
