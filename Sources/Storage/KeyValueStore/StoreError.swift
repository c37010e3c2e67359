/// Why a store could not be opened, read or written.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process holds the directory.
    case locked(path: String)
    /// The directory cannot be created, read or written.
    case unusable(path: String, reason: String)
    /// The directory was written by a program with another storage format.
    case otherFormat(path: String, found: String, expected: String)
    /// The stored bytes are damaged; nothing was changed.
    case corrupted(path: String, reason: String)
    /// Reading or writing failed. For a commit: whether it took effect is unknown until the store is opened again.
    case failed(reason: String)
    /// An earlier commit failed; nothing is written until the store is opened again.
    case poisoned(reason: String)

    public var description: String {
        switch self {
        case .locked(let path):
            "the data directory \(path) is in use by another process"
        case .unusable(let path, let reason):
            "the data directory \(path) cannot be used: \(reason)"
        case .otherFormat(let path, let found, let expected):
            "the data directory \(path) has storage format \(found), but this program reads and writes format \(expected)"
        case .corrupted(let path, let reason):
            "the data directory \(path) is damaged: \(reason)"
        case .failed(let reason):
            "storage failed: \(reason)"
        case .poisoned(let reason):
            "storage is closed for writing after an earlier failure: \(reason)"
        }
    }
}
