import Dispatch
import EventSource
import Logging
public import RecordLog
public import Replication
import Synchronization

/// Runs the event source mappings of one region over the region's `.changes` topics: each mapping is a consumer group, so that it shares
/// its topic's partitions with the same mapping in other processes.
///
/// Positions are the groups' offsets in Kafka. They outlive a mapping: one that is made again with the same group goes on where it was.
public final class KafkaMappingHost: MappingHost {
    /// Mappings of one region; each has a thread and a connection of its own.
    public static let mappingsMax = 1_000

    let place: KafkaPlace
    private let members = Mutex<[String: GroupMember]>([:])
    /// Members that leave their groups after `remove`.
    private let leaving = DispatchGroup()

    public init(_ place: KafkaPlace) {
        self.place = place
    }

    public func start() {}

    /// Waits for calls that are under way, for a few seconds at the most; commits; leaves all groups.
    public func stop() {
        let all = members.withLock { members in
            defer { members = [:] }
            return Array(members.values)
        }
        for member in all { member.askToStop() }
        for member in all { member.waitUntilStopped() }
        leaving.wait()
    }

    /// Starts or changes a mapping. Whole transactions cannot be had here: their records lie in several partitions, which different processes
    /// may read.
    public func put(_ specification: MappingSpecification) {
        var specification = specification
        if specification.settings.deliversCompleteTransactions {
            specification.settings.transactionDelivery = .asArrived
            place.reports.logger.warning(
                "a handler gets transactions as they arrive: a consumer group on Kafka cannot wait for whole ones",
                metadata: place.reports.metadata(of: specification))
        }
        let known = members.withLock { $0[specification.id] }
        if let known, known.topic == place.topicName(specification.tableName) { return known.update(specification) }
        if known != nil { remove(id: specification.id) }
        let member = GroupMember(specification, place)
        let hasRoom = members.withLock { members in
            guard members.count < Self.mappingsMax else { return false }
            members[specification.id] = member
            return true
        }
        guard hasRoom else {
            return place.reports.logger.error(
                "a mapping does not run: \(Self.mappingsMax) mappings of a region are the most",
                metadata: place.reports.metadata(of: specification))
        }
        member.start()
    }

    /// Ends a mapping. Its group's offsets stay in Kafka.
    public func remove(id: String) {
        guard let member = members.withLock({ $0.removeValue(forKey: id) }) else { return }
        member.askToStop()
        leaving.enter()
        DispatchQueue.global().async { [leaving] in
            member.waitUntilStopped()
            leaving.leave()
        }
    }

    public func status(of id: String) -> MappingStatus? { members.withLock { $0[id] }?.status }
}

/// Where the mappings of a region read, and what they call.
public struct KafkaPlace: Sendable {
    public let region: RegionName
    let log: any RecordLog
    let topicName: @Sendable (_ table: String) -> String
    /// What the names of topics and groups begin with.
    let prefix: String
    let calls: FunctionCalls
    let reports: MappingReports
    let clock: @Sendable () -> UInt64
    /// How long calls under way may hold up a rebalance or the end of the process, in milliseconds.
    let settleMilliseconds: UInt64
    public static let settleMillisecondsDefault: UInt64 = 3_000
    /// Builds payloads and delivers failures.
    let workers: DispatchQueue

    /// - Parameters:
    ///   - topicName: the `.changes` topic of a table of the region.
    ///   - prefix: what the names of topics and consumer groups begin with.
    ///   - clock: the region's wall clock, in milliseconds since 1970.
    public init(
        region: RegionName, log: any RecordLog, topicName: @escaping @Sendable (_ table: String) -> String,
        prefix: String, calls: FunctionCalls, reports: MappingReports, clock: @escaping @Sendable () -> UInt64,
        settleMilliseconds: UInt64 = Self.settleMillisecondsDefault
    ) {
        self.region = region
        self.log = log
        self.topicName = topicName
        self.prefix = prefix
        self.calls = calls
        self.reports = reports
        self.clock = clock
        self.settleMilliseconds = settleMilliseconds
        workers = DispatchQueue(label: "kafka-mappings.\(region)", attributes: .concurrent)
    }

    /// `<prefix>.handler.<region>.<handler>.<table>`, the table as it is in the topic's name; or with the UUID of a mapping of the Lambda API:
    /// `<prefix>.handler.<region>.<uuid>`.
    func group(of specification: MappingSpecification) -> String {
        let start = "\(prefix).handler.\(region.name)."
        guard let handler = specification.handlerName else { return start + specification.id }
        let topic = topicName(specification.tableName)
        let table = topic.dropFirst("\(prefix).\(region.name).".count).dropLast(".changes".count)
        return start + handler + "." + table
    }
}
