import Partition
import Replication
import Synchronization
import WireProtocol

/// What became of the requests of all regions: counts and durations by operation, kept as a few atomic numbers that exist from the start,
/// so that counting a request takes no lock and no memory.
final class RequestMetrics: Sendable {
    /// One operation of one region.
    final class Cell: Sendable {
        /// Upper ends of the histogram's buckets, in seconds.
        static let boundsSeconds = [
            0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        ]
        private static let boundsNanoseconds = boundsSeconds.map { UInt64($0 * 1_000_000_000) }
        private static let bucketCount = 17

        let region: String
        let operation: String
        private let buckets = InlineArray<17, Atomic<UInt64>> { _ in Atomic(0) }
        private let nanoseconds = Atomic<UInt64>(0)
        private let successNanoseconds = Atomic<UInt64>(0)
        private let userErrors = Atomic<UInt64>(0)
        private let successes = Atomic<UInt64>(0)
        private let clientErrors = Atomic<UInt64>(0)
        private let serverErrors = Atomic<UInt64>(0)

        init(region: String, operation: String) {
            self.region = region
            self.operation = operation
        }

        /// - Parameter isUserError: false for errors of which tables keep count under names of their own.
        func record(status: Int, nanoseconds duration: UInt64, isUserError: Bool) {
            var bucket = 0
            while bucket < Self.bucketCount - 1, duration > Self.boundsNanoseconds[bucket] { bucket += 1 }
            buckets[bucket].add(1, ordering: .relaxed)
            nanoseconds.add(duration, ordering: .relaxed)
            switch status {
            case ..<400:
                successes.add(1, ordering: .relaxed)
                successNanoseconds.add(duration, ordering: .relaxed)
            case ..<500:
                clientErrors.add(1, ordering: .relaxed)
                if isUserError { userErrors.add(1, ordering: .relaxed) }
            default: serverErrors.add(1, ordering: .relaxed)
            }
        }

        var counts: Counts {
            var counts = Counts()
            for index in 0..<Self.bucketCount { counts.buckets.append(buckets[index].load(ordering: .relaxed)) }
            counts.seconds = Double(nanoseconds.load(ordering: .relaxed)) / 1_000_000_000
            counts.successSeconds = Double(successNanoseconds.load(ordering: .relaxed)) / 1_000_000_000
            counts.userErrors = userErrors.load(ordering: .relaxed)
            counts.successes = successes.load(ordering: .relaxed)
            counts.clientErrors = clientErrors.load(ordering: .relaxed)
            counts.serverErrors = serverErrors.load(ordering: .relaxed)
            return counts
        }
    }

    /// A cell's numbers at one moment; requests that end meanwhile may be in some of them only.
    struct Counts {
        var buckets: [UInt64] = []
        var seconds = 0.0
        /// Of the successes alone.
        var successSeconds = 0.0
        /// Of the client errors, those that AWS counts as `UserErrors`.
        var userErrors: UInt64 = 0
        var successes: UInt64 = 0
        var clientErrors: UInt64 = 0
        var serverErrors: UInt64 = 0

        var total: UInt64 { successes + clientErrors + serverErrors }
    }

    /// Requests that failed in a way of which tables keep count.
    struct TableFailure: Hashable, Sendable {
        enum Kind: Sendable {
            case conditionalCheckFailed
            case transactionConflict
            case throttled
            case system
        }

        let region: RegionName
        let table: TableDefinition.Number
        let operation: String
        let kind: Kind
    }

    /// Tables, operations and kinds of which failures are counted at the most.
    static let failuresMax = 10_000

    private let cells: [RegionName: [String: Cell]]
    /// Requests whose region or operation cannot be told.
    let unknown = Cell(region: "", operation: "unknown")
    private let failures = Mutex<[TableFailure: UInt64]>([:])

    init(regions: [RegionName]) {
        let targets =
            DataOperation.allCases.map { ("DynamoDB_20120810.", $0.rawValue) }
            + TableOperation.allCases.map { ("DynamoDB_20120810.", $0.rawValue) }
            + GlobalTableOperation.allCases.map { ("DynamoDB_20120810.", $0.rawValue) }
            + StreamsOperation.allCases.map { ("DynamoDBStreams_20120810.", $0.rawValue) }
        cells = Dictionary(
            uniqueKeysWithValues: regions.map { region in
                let named = targets.map { ($0.0 + $0.1, Cell(region: region.name, operation: $0.1)) }
                return (region, Dictionary(uniqueKeysWithValues: named))
            })
    }

    /// - Parameter target: the whole of `X-Amz-Target`.
    func cell(_ target: String?, in region: RegionName) -> Cell {
        target.flatMap { cells[region]?[$0] } ?? unknown
    }

    /// The cells that have counted something, in order.
    var used: [Cell] {
        let all = cells.values.flatMap(\.values).sorted { ($0.region, $0.operation) < ($1.region, $1.operation) }
        return ([unknown] + all).filter { $0.counts.total > 0 }
    }

    func cells(in region: RegionName) -> [Cell] { cells[region].map { Array($0.values) } ?? [] }

    func count(_ failure: TableFailure) {
        failures.withLock { failures in
            guard failures[failure] != nil || failures.count < Self.failuresMax else { return }
            failures[failure, default: 0] += 1
        }
    }

    var tableFailures: [TableFailure: UInt64] { failures.withLock { $0 } }
}
