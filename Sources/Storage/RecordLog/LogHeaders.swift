/// The headers of a message, in their order; a name may occur several times.
///
/// All names and values lie in one buffer, because a published record carries a dozen short headers and an array for each would cost more
/// than the record. A header without a value (Kafka has that) reads as an empty one.
public struct LogHeaders: Sendable, Equatable {
    /// What lies before each name: how long it is, in the low half, and how long the value behind it.
    private typealias Lengths = UInt64

    private var bytes: [UInt8] = []
    public private(set) var count = 0

    public init() {}

    public init(_ headers: [(name: String, value: String)]) {
        self.init()
        for header in headers { append(header.name, header.value) }
    }

    /// Of names and values.
    public var byteCount: Int { bytes.count - count * MemoryLayout<Lengths>.size }

    public mutating func reserveCapacity(headers: Int, bytes byteCount: Int) {
        bytes.reserveCapacity(byteCount + headers * MemoryLayout<Lengths>.size)
    }

    public mutating func append(_ name: String, _ value: String) {
        append(name) { $0.append(contentsOf: value.utf8) }
    }

    public mutating func append(_ name: String, _ value: some Collection<UInt8>) {
        append(name) { $0.append(contentsOf: value) }
    }

    /// Appends a header whose value the closure appends to the bytes that it is given.
    @inline(__always)
    public mutating func append(_ name: String, _ write: (inout [UInt8]) -> Void) {
        let start = begin(name)
        let middle = bytes.count
        write(&bytes)
        noteLengths(start, middle)
    }

    public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        let start = begin(name)
        let middle = bytes.count
        bytes.append(contentsOf: value)
        noteLengths(start, middle)
    }

    /// Appends all headers of others.
    public mutating func append(_ others: LogHeaders) {
        bytes.append(contentsOf: others.bytes)
        count += others.count
    }

    private mutating func begin(_ name: String) -> Int {
        var name = name
        return name.withUTF8 { begin(UnsafeRawBufferPointer($0)) }
    }

    /// Appends room for the lengths and the name; answers where.
    private mutating func begin(_ name: UnsafeRawBufferPointer) -> Int {
        let start = bytes.count
        bytes.append(addingCapacity: MemoryLayout<Lengths>.size + name.count) { span in
            span.withUnsafeMutableBufferPointer { buffer, count in
                let room = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                room.storeBytes(of: 0, as: Lengths.self)
                UnsafeMutableRawBufferPointer(rebasing: room[MemoryLayout<Lengths>.size...]).copyMemory(from: name)
                count += MemoryLayout<Lengths>.size + name.count
            }
        }
        return start
    }

    private mutating func noteLengths(_ start: Int, _ middle: Int) {
        let name = UInt32(middle - start - MemoryLayout<Lengths>.size)
        let lengths = Lengths(name) | Lengths(UInt32(bytes.count - middle)) << 32
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: lengths, toByteOffset: start, as: Lengths.self) }
        count += 1
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
            visitPlaces { name, value in body(name, UnsafeRawBufferPointer(rebasing: bytes[value])) }
        }
    }

    /// Calls `body` with each header, and where its value lies, for `withValue`.
    public func visitPlaces(_ body: (_ name: UnsafeRawBufferPointer, _ value: Range<Int>) -> Void) {
        bytes.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let lengths = bytes.loadUnaligned(fromByteOffset: start, as: Lengths.self)
                let name = start + MemoryLayout<Lengths>.size
                let value = name + Int(UInt32(truncatingIfNeeded: lengths))
                let end = value + Int(lengths >> 32)
                body(UnsafeRawBufferPointer(rebasing: bytes[name..<value]), value..<end)
                start = end
            }
        }
    }

    /// The value that lies at a place.
    public func withValue<Result>(at place: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[place])) }
    }
}
