import CRocksDB
import KeyValueStore

/// What RocksDB said when a call failed. It tells the kind of an error only by the first words of its text.
struct RocksDBFailure: Error {
    let text: String

    /// The error of opening a database in `path`.
    func whileOpening(_ path: String) -> StoreError {
        if text.hasPrefix("IO error: While lock file") || text.hasPrefix("IO error: lock hold by current process") {
            return .locked(path: path)
        }
        // A file that the database lists and that is not there is damage, too.
        if text.hasPrefix("Corruption") || text.hasPrefix("IO error: No such file or directory") {
            return .corrupted(path: path, reason: text)
        }
        return .unusable(path: path, reason: text)
    }

    /// The error of reading from a database in `path`.
    func whileReading(_ path: String) -> StoreError {
        text.hasPrefix("Corruption") ? .corrupted(path: path, reason: text) : .failed(reason: text)
    }
}

/// Runs a C call that reports failure through its last parameter, and throws what it reported.
func checked<Result>(
    _ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) throws(RocksDBFailure) -> Result {
    var message: UnsafeMutablePointer<CChar>?
    let result = call(&message)
    if let message {
        defer { rocksdb_free(message) }
        throw RocksDBFailure(text: String(cString: message))
    }
    return result
}

extension UnsafeRawBufferPointer {
    /// The bytes as the C API wants them.
    var characters: UnsafePointer<CChar>? {
        baseAddress?.assumingMemoryBound(to: CChar.self)
    }
}
