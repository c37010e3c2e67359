import JSONBytes

/// Maps from strings to strings as JSON, in byte order of their keys.
enum StringMap {
    static func json(_ map: [String: String]) -> [UInt8] {
        var writer = JSONWriter()
        append(map, to: &writer)
        return writer.bytes
    }

    static func append(_ map: [String: String], to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, value) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            writer.key(key)
            writer.string(value)
        }
        writer.endObject()
    }
}
