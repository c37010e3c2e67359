import EventSource
import RecordLog
import Region
import Synchronization

/// One mapping of this process as a member of its consumer group: a thread that reads the topic partitions that the group gives it.
final class GroupMember: Sendable {
    enum Message: Sendable {
        case update(MappingSpecification)
        case completed(run: UInt64, InvocationID, InvocationOutcome, problem: String?)
        case settled(run: UInt64, DiscardID)
    }

    let place: KafkaPlace
    let group: String
    let topic: String
    private let specification: MappingSpecification
    private let inbox = Mutex<[Message]>([])
    private let signal = Signal()
    /// What waits for records, to be woken up by messages.
    private let consumer = Mutex<(any GroupConsumer)?>(nil)
    private let shownStatus: Mutex<MappingStatus>
    private let isStopping = StopFlag()
    private let thread = OwnedThread()

    init(_ specification: MappingSpecification, _ place: KafkaPlace) {
        self.specification = specification
        self.place = place
        group = place.group(of: specification)
        topic = place.topicName(specification.tableName)
        var status = MappingStatus(state: .creating)
        status.membership = GroupMembership(group: group, topic: topic)
        shownStatus = Mutex(status)
    }

    func start() {
        thread.start(named: "mapping \(group)") { [self] in
            var loop = GroupMemberLoop(self, specification)
            loop.run()
        }
    }

    func askToStop() {
        isStopping.set()
        wakeUp()
    }

    func waitUntilStopped() { thread.wait() }

    func update(_ specification: MappingSpecification) { send(.update(specification)) }

    var status: MappingStatus { shownStatus.withLock { $0 } }

    func send(_ message: Message) {
        inbox.withLock { $0.append(message) }
        wakeUp()
    }

    private func wakeUp() {
        signal.signal()
        consumer.withLock { $0 }?.wakeUp()
    }

    // MARK: For the loop

    var mustStop: Bool { isStopping.isSet }

    var hasMessages: Bool { inbox.withLock { !$0.isEmpty } }

    /// - Parameter answersOnly: leaves other messages for later.
    func takeMessages(answersOnly: Bool) -> [Message] {
        inbox.withLock { messages in
            let all = messages
            messages = answersOnly ? all.filter { !$0.isAnswer } : []
            return answersOnly ? all.filter(\.isAnswer) : all
        }
    }

    /// Returns after the time, or when something has come.
    func rest(milliseconds: Int) { signal.wait(milliseconds: milliseconds) }

    func noteConsumer(_ new: (any GroupConsumer)?) { consumer.withLock { $0 = new } }

    func publish(_ status: MappingStatus) { shownStatus.withLock { $0 = status } }
}

extension GroupMember.Message {
    fileprivate var isAnswer: Bool {
        switch self {
        case .update: false
        case .completed, .settled: true
        }
    }
}
