import Glibc
import KeyValueStore
import Synchronization

/// Lets any number of calls use a database, until it is closed: closing waits for the running calls and refuses later ones.
///
/// A call may enter again while it is inside (a visitor that reads).
final class AccessGate: @unchecked Sendable {
    // @unchecked: the pointer is fixed, and a POSIX lock may be used from any thread.
    private let lock: UnsafeMutablePointer<pthread_rwlock_t>
    private let isClosing = Atomic(false)

    init() {
        lock = .allocate(capacity: 1)
        pthread_rwlock_init(lock, nil)
    }

    deinit {
        pthread_rwlock_destroy(lock)
        lock.deallocate()
    }

    /// Runs a call that uses the database.
    func use<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        if !isClosing.load(ordering: .acquiring) {
            pthread_rwlock_rdlock(lock)
            defer { pthread_rwlock_unlock(lock) }
            // It may have closed while this call waited.
            if !isClosing.load(ordering: .acquiring) {
                return try body()
            }
        }
        throw .failed(reason: "the store is closed")
    }

    /// Runs `body` once, after the last running call. A second call waits until the first is done.
    func close(_ body: () -> Void) {
        let isFirst = !isClosing.exchange(true, ordering: .acquiringAndReleasing)
        pthread_rwlock_wrlock(lock)
        defer { pthread_rwlock_unlock(lock) }
        if isFirst { body() }
    }
}
