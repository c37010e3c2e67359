public import Logging

/// Where the lines go that functions print. It may be called from several threads, and not for long: a function waits in its writes
/// meanwhile.
public struct FunctionLog: Sendable {
    /// One line, without its end, at most `FunctionLimits.logLineBytes` long.
    public struct Line: Sendable, Equatable {
        public var function: String
        /// The invocation during which it was printed; nil outside of any.
        public var requestID: String?
        public var text: String

        public init(function: String, requestID: String?, text: String) {
            self.function = function
            self.requestID = requestID
            self.text = text
        }
    }

    public let write: @Sendable (Line) -> Void

    public init(write: @escaping @Sendable (Line) -> Void) {
        self.write = write
    }

    /// Logs each line with the metadata `handler` and `request`.
    public static func logger(_ logger: Logger) -> FunctionLog {
        FunctionLog { line in
            var metadata: Logger.Metadata = ["handler": "\(line.function)"]
            if let requestID = line.requestID { metadata["request"] = "\(requestID)" }
            logger.info("\(line.text)", metadata: metadata)
        }
    }
}
