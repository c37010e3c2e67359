import CRdKafka
import Logging
import RecordLog
import Synchronization

/// What librdkafka's callbacks tell about one client: they may come from any of its threads.
final class ClientContext: Sendable {
    private struct Observed {
        var trouble: RecordLogError?
        var rebalances: [Rebalance] = []
        var isLeaving = false
    }

    let logger: Logger
    private let observed = Mutex(Observed())

    init(logger: Logger) {
        self.logger = logger
    }

    /// What went wrong last and has not been followed by a success.
    var trouble: RecordLogError? { observed.withLock { $0.trouble } }

    func noteTrouble(_ trouble: RecordLogError) { observed.withLock { $0.trouble = trouble } }
    func noteSuccess() { observed.withLock { $0.trouble = nil } }

    /// From now on partitions are given away at once.
    func noteLeaving() { observed.withLock { $0.isLeaving = true } }
    var isLeaving: Bool { observed.withLock { $0.isLeaving } }

    func add(_ rebalance: Rebalance) { observed.withLock { $0.rebalances.append(rebalance) } }

    func takeRebalance() -> Rebalance? {
        observed.withLock { $0.rebalances.isEmpty ? nil : $0.rebalances.removeFirst() }
    }

    /// A change of a group member's partitions that the member has not been told yet.
    enum Rebalance: Sendable {
        case assign([TopicPartition])
        case revoke([TopicPartition], isLost: Bool)
    }
}

extension ClientConfiguration {
    /// The context's reference stays with the client, who releases it after the last callback.
    func setCallbacks(to context: Unmanaged<ClientContext>) {
        rd_kafka_conf_set_opaque(handle, context.toOpaque())
        rd_kafka_conf_set_log_cb(handle) { client, level, facility, text in
            guard let client, let facility, let text, let context = ClientContext.from(rd_kafka_opaque(client)) else {
                return
            }
            context.log(level: level, facility: String(cString: facility), text: String(cString: text))
        }
        rd_kafka_conf_set_error_cb(handle) { client, code, text, opaque in
            guard let context = ClientContext.from(opaque) else { return }
            let failure = KafkaFailure(
                code: rd_kafka_resp_err_t(rawValue: code), text: text.map { String(cString: $0) })
            context.noteTrouble(failure.recordLogError())
        }
    }

    /// Rebalances are kept for the member's next `poll`, which answers them: the group waits until it does.
    func setRebalanceCallback() {
        rd_kafka_conf_set_rebalance_cb(handle) { client, code, partitions, opaque in
            guard let client, let partitions, let context = ClientContext.from(opaque) else { return }
            guard !context.isLeaving else {
                rd_kafka_assign(client, nil)
                return
            }
            let named = PartitionList.topicPartitions(in: partitions)
            if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                context.add(.assign(named))
            } else {
                context.add(.revoke(named, isLost: rd_kafka_assignment_lost(client) == 1))
            }
            rd_kafka_yield(client)
        }
    }
}

extension ClientContext {
    fileprivate static func from(_ opaque: UnsafeMutableRawPointer?) -> ClientContext? {
        opaque.map { Unmanaged<ClientContext>.fromOpaque($0).takeUnretainedValue() }
    }

    /// librdkafka repairs most of what it calls an error by itself, and tells the rest by the failing call.
    fileprivate func log(level: CInt, facility: String, text: String) {
        // Producers and consumers share their properties, so that each is given some that concern the other only.
        let level: Logger.Level = facility == "CONFWARN" ? .debug : level <= 2 ? .error : level <= 4 ? .warning : .debug
        logger.log(level: level, "kafka: \(text)", metadata: ["facility": "\(facility)"])
    }
}
