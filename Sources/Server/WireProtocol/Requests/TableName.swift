/// How requests may name a table: by its name, or by its ARN in the region that they are sent to (reference `data-plane.md` 3, 4.5).
enum TableName {
    /// The longest name, in characters.
    static let lengthMax = 255
    /// The longest ARN, in characters.
    static let arnLengthMax = 1024
    static let arnPrefix = "arn:"

    /// Whether the text can be the name of a table for all that its form says.
    static func isPlain(_ text: String) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= lengthMax && bytes.allSatisfy(isCharacter)
    }

    static func isCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

extension RequestBody {
    /// TableName of an item operation: a fault in it is reported before all others, and alone (reference `data-plane.md` 3).
    func tableName() throws(WireError) -> String {
        let name = try string("TableName")
        var constraints = Constraints()
        constraints.checkTable(name, at: "tableName")
        try constraints.throwIfViolated()
        return name ?? ""
    }
}
