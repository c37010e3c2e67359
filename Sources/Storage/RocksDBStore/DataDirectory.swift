import Glibc
import KeyValueStore

/// The directory of one store: made if it is missing, locked against other processes, and of a format that we read. All this is
/// settled before RocksDB opens a file.
///
/// A `FORMAT` file marks the directory as ours. It is on disk before any other file, and the lock is held on it, so that there is
/// no moment at which a crash leaves a directory that the next start refuses, or at which two processes both create a store.
struct DataDirectory: ~Copyable {
    static let formatFileName = "FORMAT"
    static let formatPrefix = "tributary-format "
    /// Raise it with every change that an older program would misread.
    static let formatVersion = "1"

    let path: String
    /// The open `FORMAT` file, which carries the lock until it is closed.
    private let descriptor: CInt

    /// More than any format file that we will ever write; what is longer is not ours.
    private static let formatSizeMaximumBytes = 64
    /// A new file system's own directory, often the only entry of a volume that was mounted for us.
    private static let ignoredNames: Set<String> = [".", "..", "lost+found"]

    init(path: String) throws(StoreError) {
        try Self.createDirectory(path)
        let names = try Self.listFiles(path)
        guard names.contains(Self.formatFileName) || names.isEmpty else {
            throw .unusable(
                path: path,
                reason: "it holds files but no \(Self.formatFileName) file, so it is not a Tributary data directory")
        }
        let descriptor = try Self.openFormatFile(path)
        do throws(StoreError) {
            try Self.settleFormat(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The names of the files that are there now.
    func fileNames() throws(StoreError) -> [String] {
        try Self.listFiles(path)
    }
}

extension DataDirectory {
    /// Makes the directory and those above it that are missing, each durably.
    private static func createDirectory(_ path: String) throws(StoreError) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw .unusable(path: path, reason: "it is not a path")
        }
        if mkdir(path, 0o700) == 0 {
            return try synchronizeDirectory(parent(of: path), for: path)
        }
        switch errno {
        case EEXIST:
            return
        case ENOENT where parent(of: path) != path:
            do throws(StoreError) {
                try createDirectory(parent(of: path))
            } catch {
                if case .unusable(_, let reason) = error { throw .unusable(path: path, reason: reason) }
                throw error
            }
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw systemError(path) }
            try synchronizeDirectory(parent(of: path), for: path)
        default:
            throw systemError(path)
        }
    }

    private static func parent(of path: String) -> String {
        let parts = path.split(separator: "/")
        let parent = parts.dropLast().joined(separator: "/")
        if path.hasPrefix("/") { return "/" + parent }
        return parent.isEmpty ? "." : parent
    }

    private static func listFiles(_ path: String) throws(StoreError) -> [String] {
        guard let directory = opendir(path) else { throw systemError(path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
                    String(cString: $0)
                }
            }
            if !ignoredNames.contains(name) { names.append(name) }
        }
        return names
    }

    private static func openFormatFile(_ path: String) throws(StoreError) -> CInt {
        let descriptor = open("\(path)/\(formatFileName)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw systemError(path) }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let error: StoreError = errno == EWOULDBLOCK ? .locked(path: path) : systemError(path)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Writes the format file when it is new, and else checks it.
    private static func settleFormat(_ descriptor: CInt, _ path: String) throws(StoreError) {
        let expected = Array("\(formatPrefix)\(formatVersion)\n".utf8)
        var found = [UInt8](repeating: 0, count: formatSizeMaximumBytes)
        let count = pread(descriptor, &found, found.count, 0)
        guard count >= 0 else { throw systemError(path) }
        found.removeSubrange(count...)
        if found == expected { return }

        // A crash while the file was written leaves a part of it, and nothing else in the directory.
        guard expected.starts(with: found) else {
            throw .otherFormat(path: path, found: formatName(found), expected: formatVersion)
        }
        guard pwrite(descriptor, expected, expected.count, 0) == expected.count, fsync(descriptor) == 0 else {
            throw systemError(path)
        }
        try synchronizeDirectory(path, for: path)
    }

    private static func formatName(_ content: [UInt8]) -> String {
        let text = String(decoding: content.last == 0x0A ? content.dropLast() : content[...], as: UTF8.self)
        return text.hasPrefix(formatPrefix) ? String(text.dropFirst(formatPrefix.count)) : "'\(text)'"
    }

    /// Makes the entries of a directory durable.
    private static func synchronizeDirectory(_ directory: String, for path: String) throws(StoreError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw systemError(path) }
    }

    /// What the last system call said.
    private static func systemError(_ path: String) -> StoreError {
        .unusable(path: path, reason: String(cString: strerror(errno)))
    }
}
