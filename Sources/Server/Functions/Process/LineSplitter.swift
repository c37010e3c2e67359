/// Cuts output into lines. What a line has more than the limit is thrown away, so that output without line ends takes no memory.
struct LineSplitter {
    private let lineBytesMax: Int
    private var line: [UInt8] = []
    private var isCut = false

    /// Stands at the end of a line that was cut.
    private static let cutMark = Array(" …".utf8)

    init(lineBytesMax: Int) {
        self.lineBytesMax = lineBytesMax
    }

    /// Hands each line that `bytes` completes to `take`, without its line feed or carriage return.
    mutating func add(_ bytes: UnsafeRawBufferPointer, _ take: ([UInt8]) -> Void) {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let room = lineBytesMax - line.count
            line.append(contentsOf: bytes[start..<min(end, start + room)])
            if end - start > room { isCut = true }
            if end < bytes.count { finish(take) }
            start = end + 1
        }
    }

    /// Hands out what has no line end yet, if there is anything.
    mutating func flush(_ take: ([UInt8]) -> Void) {
        if !line.isEmpty { finish(take) }
    }

    private mutating func finish(_ take: ([UInt8]) -> Void) {
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if isCut { line.append(contentsOf: Self.cutMark) }
        take(line)
        line.removeAll(keepingCapacity: true)
        isCut = false
    }
}

/// The last bytes of what was printed.
struct LogTail {
    private let bytesMax: Int
    private var kept: [UInt8] = []

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    var bytes: [UInt8] { Array(kept.suffix(bytesMax)) }

    mutating func append(line: [UInt8]) {
        kept.append(contentsOf: line)
        kept.append(UInt8(ascii: "\n"))
        if kept.count > 2 * bytesMax { kept.removeFirst(kept.count - bytesMax) }
    }
}
