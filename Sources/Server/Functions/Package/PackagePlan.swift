import Glibc

/// What unpacking an archive makes, decided from its directory before anything is written.
struct PackagePlan {
    struct File {
        let entry: ZipArchive.Entry
        let path: PackagePath
        let permissions: mode_t
    }

    /// Parents before children.
    private(set) var directories: [String] = []
    private(set) var files: [File] = []
    private(set) var links: [File] = []
    private var directoryNames: Set<String> = []
    private var otherNames: Set<String> = []

    private static let plain: mode_t = 0o644
    private static let executable: mode_t = 0o755
    private static let anyExecutableBit: UInt32 = 0o111
    private static let fileTypeMask: UInt32 = 0o170000

    init(_ archive: ZipArchive, limits: FunctionLimits) throws(CodePackageError) {
        let count = archive.count
        guard count > 0 else { throw .empty }
        guard count <= limits.packageEntries else {
            throw .tooManyEntries(count: count, maximum: limits.packageEntries)
        }
        for index in 0..<count {
            let entry = try archive.entry(at: index)
            try add(entry, PackagePath(entry.name, bytesMax: limits.pathBytes))
        }
    }

    private mutating func add(_ entry: ZipArchive.Entry, _ path: PackagePath) throws(CodePackageError) {
        guard !entry.isEncrypted else { throw .encrypted(entry: entry.name) }
        for parent in path.parents { try addDirectory(parent, for: entry) }
        let isNamedAsDirectory = entry.name.hasSuffix("/")
        switch entry.mode & Self.fileTypeMask {
        case S_IFDIR:
            try addDirectory(path.text, for: entry)
        case 0 where isNamedAsDirectory:
            try addDirectory(path.text, for: entry)
        case 0, S_IFREG, S_IFLNK:
            guard !isNamedAsDirectory else { throw .notAFile(entry: entry.name) }
            guard !directoryNames.contains(path.text), otherNames.insert(path.text).inserted else {
                throw .duplicate(entry: entry.name)
            }
            let isExecutable = entry.mode & Self.anyExecutableBit != 0
            let file = File(entry: entry, path: path, permissions: isExecutable ? Self.executable : Self.plain)
            if entry.mode & Self.fileTypeMask == S_IFLNK { links.append(file) } else { files.append(file) }
        default:
            throw .notAFile(entry: entry.name)
        }
    }

    /// The same directory may be named often.
    private mutating func addDirectory(_ path: String, for entry: ZipArchive.Entry) throws(CodePackageError) {
        guard !otherNames.contains(path) else { throw .duplicate(entry: entry.name) }
        if directoryNames.insert(path).inserted { directories.append(path) }
    }
}
