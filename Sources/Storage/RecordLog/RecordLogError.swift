/// Why a log did not do what it was asked. The texts are for people and carry no secrets.
public enum RecordLogError: Error, Sendable, Equatable {
    /// The cluster or a broker cannot be reached, or is between leaders: the same call may succeed later.
    case unavailable(reason: String)
    /// No answer within the call's time; what was asked may have happened.
    case timedOut(reason: String)
    /// The producer cannot go on, and its queued messages have failed: look at the end of the log, then make a new one.
    case producerFailed(reason: String)
    /// The message is larger than the producer's or the topic's limit; it would fail again.
    case messageTooLarge(reason: String)
    case unknownTopic(String)
    case unknownPartition(TopicPartition)
    /// The offset to read from is no longer, or not yet, in the log; reading the partition has stopped until it is assigned anew.
    case offsetOutOfRange(TopicPartition)
    case authentication(reason: String)
    /// The broker knows us and does not allow it.
    case notAllowed(reason: String)
    /// A property or setting that the client or the broker refused, named in the reason.
    case invalidConfiguration(reason: String)
    /// The topic's name is not one that Kafka accepts.
    case invalidTopicName(String)
    /// The producer or consumer was closed.
    case closed
    case failed(reason: String)

    /// Whether the same call, with the same producer or consumer, may succeed later by itself.
    public var isRetriable: Bool {
        switch self {
        case .unavailable, .timedOut: true
        default: false
        }
    }

    /// Whether only a new producer can go on.
    public var needsNewProducer: Bool {
        switch self {
        case .producerFailed, .closed: true
        default: false
        }
    }
}

extension RecordLogError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let reason): "the log is unavailable: \(reason)"
        case .timedOut(let reason): "the log did not answer in time: \(reason)"
        case .producerFailed(let reason): "the producer has failed: \(reason)"
        case .messageTooLarge(let reason): "the message is too large: \(reason)"
        case .unknownTopic(let name): "there is no topic '\(name)'"
        case .unknownPartition(let partition): "there is no topic partition \(partition)"
        case .offsetOutOfRange(let partition): "the offset to read from is not in \(partition)"
        case .authentication(let reason): "the log does not accept the credentials: \(reason)"
        case .notAllowed(let reason): "the log does not allow it: \(reason)"
        case .invalidConfiguration(let reason): "the configuration of the log is wrong: \(reason)"
        case .invalidTopicName(let name): "'\(name)' cannot be the name of a topic"
        case .closed: "the producer or consumer is closed"
        case .failed(let reason): "the log failed: \(reason)"
        }
    }
}
