/// The headers of a message, in their order; a name may occur several times.
///
/// All names and values lie in one buffer, because a published record carries a dozen short headers and an array for each would cost more
/// than the record. A header without a value (Kafka has that) reads as an empty one.
public struct LogHeaders: Sendable, Equatable {
    private var bytes: [UInt8]
    /// For every header the end of its name and the end of its value in `bytes`.
    private var ends: [UInt32]

    public init() {
        bytes = []
        ends = []
    }

    public init(_ headers: [(name: String, value: String)]) {
        self.init()
        for header in headers { append(header.name, header.value) }
    }

    public var count: Int { ends.count / 2 }
    public var byteCount: Int { bytes.count }

    public mutating func reserveCapacity(headers: Int, bytes byteCount: Int) {
        ends.reserveCapacity(headers * 2)
        bytes.reserveCapacity(byteCount)
    }

    public mutating func append(_ name: String, _ value: String) {
        bytes.append(contentsOf: name.utf8)
        ends.append(UInt32(bytes.count))
        bytes.append(contentsOf: value.utf8)
        ends.append(UInt32(bytes.count))
    }

    public mutating func append(_ name: String, _ value: some Collection<UInt8>) {
        bytes.append(contentsOf: name.utf8)
        ends.append(UInt32(bytes.count))
        bytes.append(contentsOf: value)
        ends.append(UInt32(bytes.count))
    }

    public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: name)
        ends.append(UInt32(bytes.count))
        bytes.append(contentsOf: value)
        ends.append(UInt32(bytes.count))
    }

    /// The value of the last header with this name, as Kafka's clients look headers up.
    public subscript(name: String) -> [UInt8]? {
        var found: [UInt8]?
        var name = name
        name.withUTF8 { wanted in
            visit { candidate, value in
                if candidate.elementsEqual(wanted) { found = Array(value) }
            }
        }
        return found
    }

    /// Calls `body` with each header; the buffers are valid during the call only.
    public func visit(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            for index in stride(from: 0, to: ends.count, by: 2) {
                let middle = Int(ends[index])
                let end = Int(ends[index + 1])
                body(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<middle]),
                    UnsafeRawBufferPointer(rebasing: bytes[middle..<end]))
                start = end
            }
        }
    }
}
