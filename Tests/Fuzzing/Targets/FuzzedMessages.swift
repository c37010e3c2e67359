import AttributeModel
import Bytes
import ChangeMessage
import ChangeStream
import Partition
import RecordLog

/// Messages of topics, where anyone may write.
enum FuzzedMessages {
    private static let reader = ChangeMessageReader(
        keySchema: KeySchema(partitionKeys: [KeyAttribute(name: "id", type: .string)]))

    /// Headers, `name=value` a line, an empty line, the key, a line end and the value.
    static func change(_ bytes: [UInt8]) {
        var headers = LogHeaders()
        var rest = bytes[...]
        while let line = takeLine(&rest), !line.isEmpty {
            let name = line.prefix { $0 != UInt8(ascii: "=") }
            headers.append(String(decoding: name, as: UTF8.self), line.dropFirst(name.count + 1))
        }
        let key = takeLine(&rest).map { Array($0) }
        let value = key == nil ? nil : Array(rest)
        let read = MessageHeaders(headers)
        _ = try? read.sourceRegion()
        _ = try? reader.state(key: key, value: value, headers: read)
        let change = try? reader.change(key: key, value: value, headers: read)
        if let item = change?.change.item { FuzzTarget.checkRoundTrip(item) }
        let observed = try? ObservedChange(key: key, value: value, headers: read)
        if let item = observed?.record.newImage { FuzzTarget.checkRoundTrip(item) }
    }

    /// The bytes up to the next line end; nil when there is none.
    private static func takeLine(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return rest[..<end]
    }
}
