import Glibc
import HandlerKit
import JSONBytes

/// A file of JSON lines that several processes append to, one for each region.
///
/// A batch is one write and one fsync. Whoever holds the file's lock may take for granted that half a line at its end is what a killed process
/// left: it is cut off, because its batch was never answered and comes again.
actor AuditLog {
    /// How many written events are remembered, so that a batch that comes again is not written again.
    private static let rememberedMax = 10_000
    /// How much of a file's end is read to learn what it has, in bytes.
    private static let tailBytesMax = 8 * 1024 * 1024
    private static let blockBytes = 64 * 1024

    private let path: String
    private var remembered: [String] = []
    private var known: Set<String> = []
    private var hasReadTail = false

    init(path: String) {
        self.path = path
    }

    /// Writes a line for each record that is not in the file yet. When it throws, none of them counts as written.
    func append(_ records: [HandlerRecord]) throws(AuditLogError) {
        let file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .system("open", path) }
        // Closing lets go of the lock.
        defer { close(file) }
        while flock(file, LOCK_EX) != 0 {
            guard errno == EINTR else { throw .system("lock", path) }
        }
        let size = try repairedSize(file)
        if !hasReadTail { try readTail(file, size) }
        let fresh = records.filter { !known.contains($0.eventID) }
        guard !fresh.isEmpty else { return }
        let lines = fresh.reduce(into: [UInt8]()) { lines, record in
            lines += AuditLine(record: record).json
            lines.append(UInt8(ascii: "\n"))
        }
        do throws(AuditLogError) {
            try write(lines, to: file)
            guard fsync(file) == 0 else { throw .system("fsync", path) }
        } catch {
            // What the write has left would be repeated with the batch.
            _ = ftruncate(file, size)
            throw error
        }
        remember(fresh.map(\.eventID))
    }

    private func write(_ bytes: [UInt8], to file: Int32) throws(AuditLogError) {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress?.advanced(by: start), $0.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("write", path) }
            start += count
        }
    }

    private func remember(_ events: [String]) {
        remembered += events
        known.formUnion(events)
        guard remembered.count > 2 * Self.rememberedMax else { return }
        remembered.removeFirst(remembered.count - Self.rememberedMax)
        known = Set(remembered)
    }

    // MARK: What is in the file

    /// Cuts off half a line; answers the size of the rest.
    private func repairedSize(_ file: Int32) throws(AuditLogError) -> Int {
        let size = lseek(file, 0, SEEK_END)
        guard size >= 0 else { throw .system("seek in", path) }
        var end = size
        while end > 0 {
            let start = max(0, end - Self.blockBytes)
            if let newline = try read(file, start..<end).lastIndex(of: UInt8(ascii: "\n")) {
                end = start + newline + 1
                break
            }
            end = start
        }
        if end < size, ftruncate(file, end) != 0 { throw .system("truncate", path) }
        return end
    }

    /// Learns which events a process before this one has written.
    private func readTail(_ file: Int32, _ size: Int) throws(AuditLogError) {
        let tail = try read(file, max(0, size - Self.tailBytesMax)..<size)
        let lines = tail.split(separator: UInt8(ascii: "\n")).suffix(Self.rememberedMax)
        remember(lines.compactMap(Self.eventID))
        hasReadTail = true
    }

    /// Nil when the text is no line of this log.
    private static func eventID(_ line: ArraySlice<UInt8>) -> String? {
        guard let document = try? JSONDocument(parsing: Array(line)),
            let event = document.member("eventID", of: document.root), document.kind(event) == .string
        else { return nil }
        return document.string(event)
    }

    private func read(_ file: Int32, _ range: Range<Int>) throws(AuditLogError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress?.advanced(by: filled), $0.count - filled, range.lowerBound + filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("read", path) }
            filled += count
        }
        return bytes
    }
}

/// The file could not be used; the batch comes again.
struct AuditLogError: Error, Equatable, CustomStringConvertible {
    let description: String

    /// For the call that just failed.
    static func system(_ action: String, _ path: String) -> AuditLogError {
        AuditLogError(description: "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}
