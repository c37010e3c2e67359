import ArgumentParser

/// Event filter patterns without a server: what they match, why, and what in them is in vain.
struct Filter: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try and check event filter patterns.",
        discussion: """
            Patterns are those of Lambda event source mappings and EventBridge. An event is one DynamoDB stream record \
            as a Lambda function gets it; Tributary adds the member "tributary" with originRegion, replicated, cause \
            and transactionId.
            """,
        subcommands: [FilterMatch.self, FilterExplain.self, FilterLintCommand.self])
}

/// How an answer for people or programs is printed.
enum FilterOutput: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}
