import CRdKafka

/// The owner of the event that answers a request of the Admin API.
struct AdminAnswer: ~Copyable {
    private let event: OpaquePointer

    /// Sends the request and waits for its answer.
    init(
        from client: KafkaClient, _ operation: rd_kafka_admin_op_t,
        _ send: (_ options: OpaquePointer?, _ queue: OpaquePointer?) -> Void
    ) throws(KafkaFailure) {
        let options = rd_kafka_AdminOptions_new(client.handle, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var text = ErrorText()
        let code = text.write {
            rd_kafka_AdminOptions_set_request_timeout(options, client.requestTimeoutMilliseconds, $0, $1)
        }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaFailure(code: code, text: text.string) }
        let queue = KafkaQueue(rd_kafka_queue_new(client.handle), of: client)
        let answer = withExtendedLifetime(queue) {
            send(options, queue.handle)
            // The request's own timeout ends the waiting.
            return rd_kafka_queue_poll(queue.handle, -1)
        }
        guard let event = answer else { throw KafkaFailure(code: RD_KAFKA_RESP_ERR__TIMED_OUT) }
        let error = rd_kafka_event_error(event)
        guard error == RD_KAFKA_RESP_ERR_NO_ERROR else {
            let failure = KafkaFailure(
                code: error, text: rd_kafka_event_error_string(event).map { String(cString: $0) })
            rd_kafka_event_destroy(event)
            throw failure
        }
        self.event = event
    }

    deinit {
        rd_kafka_event_destroy(event)
    }

    /// Lends the event, from which results are read.
    func withEvent<Result, Failure: Error>(
        _ body: (OpaquePointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(event)
    }
}
