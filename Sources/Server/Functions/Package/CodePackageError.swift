/// Why a code package is refused. The texts name the entry and say what is wrong with it.
public enum CodePackageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes are no zip archive, or a damaged one. `reason` is the library's.
    case notAZip(reason: String)
    case empty
    case tooManyBytes(maximum: Int)
    case tooManyUnpackedBytes(maximum: Int)
    case tooManyEntries(count: Int, maximum: Int)
    /// A path that would lead out of the package, or that no file can have.
    case badPath(entry: String, reason: String)
    case duplicate(entry: String)
    case encrypted(entry: String)
    /// A device, a socket or another thing that is neither file, directory nor link.
    case notAFile(entry: String)
    /// A link out of the package.
    case linkLeaves(entry: String, target: String)
    /// The entry's data is damaged or packed in a way that cannot be read here.
    case unreadable(entry: String, reason: String)
    /// The disk refused.
    case cannotWrite(path: String, reason: String)

    public var description: String {
        switch self {
        case .notAZip(let reason): "the package is not a zip archive that can be read: \(reason)"
        case .empty: "the package has no files"
        case .tooManyBytes(let maximum): "the package is larger than \(maximum) bytes"
        case .tooManyUnpackedBytes(let maximum): "the package is larger than \(maximum) bytes when it is unpacked"
        case .tooManyEntries(let count, let maximum): "the package has \(count) entries; \(maximum) are allowed"
        case .badPath(let entry, let reason): "the package's entry '\(entry)' \(reason)"
        case .duplicate(let entry): "the package has the entry '\(entry)' twice, or as a file and as a directory"
        case .encrypted(let entry): "the package's entry '\(entry)' is encrypted"
        case .notAFile(let entry): "the package's entry '\(entry)' is neither a file nor a directory nor a link"
        case .linkLeaves(let entry, let target):
            "the package's link '\(entry)' leads out of the package, to '\(target)'"
        case .unreadable(let entry, let reason): "the package's entry '\(entry)' cannot be read: \(reason)"
        case .cannotWrite(let path, let reason): "'\(path)' cannot be written: \(reason)"
        }
    }
}
