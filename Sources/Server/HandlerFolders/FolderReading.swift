import Glibc

/// Tells whether a file may have changed.
struct FileStamp: Equatable, Sendable {
    let seconds: Int
    let nanoseconds: Int
    let bytes: Int
    let inode: UInt64
}

/// Why a file or folder could not be read.
struct ReadFailure: Error, Equatable, Sendable {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }

    /// In the words of the system for the error that just happened.
    static func system() -> ReadFailure {
        ReadFailure("cannot be read: " + String(cString: strerror(errno)))
    }
}

/// What the scan needs of the file system.
enum FolderReading {
    /// The names of the folders that have a handler.yaml, sorted; none when the folder does not exist.
    static func handlerFolders(in directory: String) -> Result<[String], ReadFailure> {
        guard let stream = opendir(directory) else {
            return errno == ENOENT ? .success([]) : .failure(.system())
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix("."), exists(directory + "/" + name + "/" + HandlerFolders.fileName) else { continue }
            names.append(name)
        }
        return .success(names.sorted())
    }

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0
    }

    /// Nil when the file does not exist.
    static func stamp(of path: String) -> FileStamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return FileStamp(
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, bytes: Int(status.st_size),
            inode: UInt64(status.st_ino))
    }

    /// The whole of a regular file. Anything else is refused without waiting for it.
    static func contents(of path: String, bytesMax: Int) -> Result<[UInt8], ReadFailure> {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return .failure(.system()) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { return .failure(.system()) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(ReadFailure("is no regular file")) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0 { return .failure(.system()) }
            if count == 0 { return .success(content) }
            content.append(contentsOf: buffer[..<count])
            guard content.count <= bytesMax else { return .failure(ReadFailure("is longer than \(bytesMax) bytes")) }
        }
    }
}
