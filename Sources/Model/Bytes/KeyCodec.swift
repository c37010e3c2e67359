/// Order-preserving, self-delimiting encoding of key components, so that bytes of composite keys order as their components do.
///
/// A component of raw bytes escapes 0x00 as 0x00 0xFF and ends with 0x00 0x01: a shorter string orders before every longer one
/// that it begins, and no component can run into the next.
public enum KeyCodec {
    static let escape: UInt8 = 0x00
    static let escapedZero: UInt8 = 0xFF
    static let terminator: UInt8 = 0x01

    /// Appends `content` as one component.
    public static func append(_ content: [UInt8], to key: inout [UInt8]) {
        content.withUnsafeBytes { append($0, to: &key) }
    }

    /// Appends `content` as one component.
    public static func append(_ content: UnsafeRawBufferPointer, to key: inout [UInt8]) {
        appendEscaped(content, to: &key)
        key.append(escape)
        key.append(terminator)
    }

    /// Appends `content` without its end, for ranges of all components that begin with it.
    public static func appendPrefix(_ content: [UInt8], to key: inout [UInt8]) {
        content.withUnsafeBytes { appendEscaped($0, to: &key) }
    }

    private static func appendEscaped(_ content: UnsafeRawBufferPointer, to key: inout [UInt8]) {
        var start = 0
        while let zero = content[start...].firstIndex(of: escape) {
            key.append(contentsOf: content[start...zero])
            key.append(escapedZero)
            start = zero + 1
        }
        key.append(contentsOf: content[start...])
    }

    /// Reads one component back.
    public static func read(from reader: inout ByteReader) throws(DamagedBytes) -> [UInt8] {
        var content: [UInt8] = []
        while true {
            let byte = try reader.readByte()
            guard byte == escape else {
                content.append(byte)
                continue
            }
            switch try reader.readByte() {
            case escapedZero: content.append(escape)
            case terminator: return content
            default: throw DamagedBytes(position: reader.position)
            }
        }
    }

    /// Moves behind one component without reading it.
    public static func skip(_ reader: inout ByteReader) throws(DamagedBytes) {
        while true {
            guard try reader.readByte() == escape else { continue }
            switch try reader.readByte() {
            case escapedZero: continue
            case terminator: return
            default: throw DamagedBytes(position: reader.position)
            }
        }
    }
}
