import Glibc

/// Why a file could not be read or written.
public struct FileReadingError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
}

/// Whole files, for the command line.
public enum FileReading {
    private static let chunkBytes = 1 << 20

    /// - Parameter path: `-` is standard input.
    public static func contents(of path: String, bytesMax: Int = 1 << 30) throws(FileReadingError) -> [UInt8] {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, "read") }
        defer { if file != STDIN_FILENO { close(file) } }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = read(file, &chunk, chunkBytes)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "read") }
            if count == 0 { return content }
            content += chunk[..<count]
            guard content.count <= bytesMax else {
                throw FileReadingError(description: "\(path) is larger than the \(bytesMax) bytes it may be")
            }
        }
    }

    public static func write(_ content: [UInt8], to path: String) throws(FileReadingError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure(path, "written") }
        defer { close(file) }
        var start = 0
        while start < content.count {
            let count = content[start...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(path, "written") }
            start += count
        }
    }

    private static func failure(_ path: String, _ what: String) -> FileReadingError {
        FileReadingError(description: "\(path) cannot be \(what): \(String(cString: strerror(errno)))")
    }
}
