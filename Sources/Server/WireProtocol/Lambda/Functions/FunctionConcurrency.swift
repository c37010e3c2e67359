import JSONBytes

/// Limits of the account that all functions share, and what PutFunctionConcurrency may take of them.
public enum AccountConcurrency {
    /// How many invocations may run at a time, over all functions of a region.
    public static let executionsMax = 1000
    /// What reservations must leave to the functions that have none.
    public static let unreservedMin = 100
    static let codeBytesMax = 80_530_636_800
    static let unzippedBytesMax = 262_144_000

    /// Checks a new reservation.
    /// - Parameter others: what the other functions of the region have reserved together.
    public static func check(_ reserved: Int, others: Int) throws(LambdaError) {
        guard executionsMax - others - reserved >= unreservedMin else {
            throw .invalidParameter(
                "Specified ReservedConcurrentExecutions for function decreases account's "
                    + "UnreservedConcurrentExecution below its minimum value of [\(unreservedMin)].")
        }
    }

    /// What PutFunctionConcurrency and GetFunctionConcurrency answer.
    public static func response(_ reserved: Int?) -> LambdaResponse {
        .object { writer in
            if let reserved {
                writer.key("ReservedConcurrentExecutions")
                writer.number(reserved)
            }
        }
    }

    /// What GetAccountSettings answers.
    /// - Parameters:
    ///   - codeBytes: the packages of the region's functions together.
    ///   - reserved: what the region's functions have reserved together.
    public static func accountSettings(functionCount: Int, codeBytes: Int, reserved: Int) -> LambdaResponse {
        .object { writer in
            let limits = [
                ("TotalCodeSize", codeBytesMax), ("CodeSizeUnzipped", unzippedBytesMax),
                ("CodeSizeZipped", FunctionCodeSource.zipBytesMax), ("ConcurrentExecutions", executionsMax),
                ("UnreservedConcurrentExecutions", max(0, executionsMax - reserved)),
            ]
            for (section, members) in [
                ("AccountLimit", limits),
                ("AccountUsage", [("TotalCodeSize", codeBytes), ("FunctionCount", functionCount)]),
            ] {
                writer.key(section)
                writer.beginObject()
                for (name, value) in members {
                    writer.key(name)
                    writer.number(value)
                }
                writer.endObject()
            }
        }
    }
}
