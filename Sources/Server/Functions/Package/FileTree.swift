import Glibc

/// The few things that are done with directories.
enum FileTree {
    private static let directoryPermissions: mode_t = 0o755

    /// Makes a directory; its parent is there. It may be there already.
    static func makeDirectory(_ path: String) throws(CodePackageError) {
        guard mkdir(path, directoryPermissions) == 0 || errno == EEXIST else { throw failure(path) }
    }

    /// Makes a directory and those above it.
    static func makeDirectories(_ path: String) throws(CodePackageError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            try makeDirectory(String(path[..<end]))
        }
    }

    /// Removes a file, or a directory with all that is in it; links are removed, not followed. What cannot be removed stays.
    static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        guard let directory = opendir(path) else { return }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = self.name(of: entry)
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(directory)
        for name in names { remove(path + "/" + name) }
        rmdir(path)
    }

    /// The names in a directory; none when it cannot be read.
    static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = self.name(of: entry)
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Whether there is a regular file, and whether this process may execute it.
    static func fileKind(_ path: String) -> (isFile: Bool, isExecutable: Bool) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return (false, false) }
        return (true, access(path, X_OK) == 0)
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func write(
        _ bytes: UnsafeRawBufferPointer, to descriptor: CInt, _ path: String
    ) throws(CodePackageError) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(path) }
            written += count
        }
    }

    /// The system's error of the last call.
    static func failure(_ path: String) -> CodePackageError {
        .cannotWrite(path: path, reason: String(cString: strerror(errno)))
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        withUnsafePointer(to: &entry.pointee.d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
                String(cString: $0)
            }
        }
    }
}
