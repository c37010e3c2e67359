import JSONBytes

/// The error objects that Lambda makes itself (reference 6, error bodies).
enum ErrorObject {
    /// `Task timed out after 1.00 seconds`.
    static func timedOut(requestID: String, milliseconds: Int) -> [UInt8] {
        object(
            "Sandbox.Timedout",
            "RequestId: \(requestID) Error: Task timed out after \(seconds(milliseconds)) seconds")
    }

    static func initTimedOut(requestID: String, milliseconds: Int) -> [UInt8] {
        object(
            "Sandbox.Timedout",
            "RequestId: \(requestID) Error: Init timed out after \(seconds(milliseconds)) seconds")
    }

    static func exited(requestID: String, _ end: HandlerProcess.End) -> [UInt8] {
        object("Runtime.ExitError", "RequestId: \(requestID) Error: \(end.text)")
    }

    static func invalidEntrypoint(requestID: String, _ reason: String) -> [UInt8] {
        object("Runtime.InvalidEntrypoint", "RequestId: \(requestID) Error: \(reason)")
    }

    static func responseTooLarge(maximum: Int) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("errorMessage")
        writer.string("Response payload size exceeded maximum allowed payload size (\(maximum) bytes).")
        writer.key("errorType")
        writer.string("Function.ResponseSizeTooLarge")
        writer.endObject()
        return writer.bytes
    }

    static func object(_ type: String, _ message: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("errorType")
        writer.string(type)
        writer.key("errorMessage")
        writer.string(message)
        writer.endObject()
        return writer.bytes
    }

    /// With two decimals.
    static func seconds(_ milliseconds: Int) -> String {
        let hundredths = (milliseconds + 5) / 10
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
