public import Functions

/// How mappings reach the functions of their region.
public struct FunctionCalls: Sendable {
    /// Calls a function; the completion comes once, from any thread.
    public let invoke:
        @Sendable (
            _ function: String, _ invocation: Functions.Invocation,
            _ completion: @escaping @Sendable (InvocationResult) -> Void
        ) -> Void
    /// Queues an asynchronous call; answers why it was not taken, or nil.
    public let enqueue: @Sendable (_ function: String, _ payload: [UInt8]) -> String?
    /// Posts a body to an address; the completion says why that failed, or nil.
    public let post:
        @Sendable (_ url: String, _ body: [UInt8], _ completion: @escaping @Sendable (String?) -> Void) -> Void
    /// Appends a message to a Kafka topic; the completion says why that failed, or nil.
    public let publish: Publish

    public typealias Publish =
        @Sendable (
            _ topic: String, _ key: [UInt8], _ value: [UInt8], _ completion: @escaping @Sendable (String?) -> Void
        ) -> Void

    public init(
        invoke:
            @escaping @Sendable (
                _ function: String, _ invocation: Functions.Invocation,
                _ completion: @escaping @Sendable (InvocationResult) -> Void
            ) -> Void,
        enqueue: @escaping @Sendable (_ function: String, _ payload: [UInt8]) -> String?,
        post:
            @escaping @Sendable (
                _ url: String, _ body: [UInt8], _ completion: @escaping @Sendable (String?) -> Void
            ) -> Void,
        publish: @escaping Publish = { $3("there is no Kafka") }
    ) {
        self.invoke = invoke
        self.enqueue = enqueue
        self.post = post
        self.publish = publish
    }
}
