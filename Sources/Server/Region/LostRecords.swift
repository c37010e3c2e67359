import Replication
import Synchronization

/// Replicas that a link cannot bring up to date any more, until somebody rebuilds them. Told again and again by the link.
final class LostRecords: Sendable {
    struct Loss: Hashable, Sendable {
        let table: String
        /// The region that holds the replica.
        let region: RegionName
        let source: RegionName
    }

    private let losses = Mutex<Set<Loss>>([])

    /// Answers whether that was not known.
    func note(_ loss: Loss) -> Bool { losses.withLock { $0.insert(loss).inserted } }

    func take() -> Set<Loss> {
        losses.withLock { losses in
            defer { losses = [] }
            return losses
        }
    }
}
