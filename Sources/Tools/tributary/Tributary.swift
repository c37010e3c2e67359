import ArgumentParser

/// The command line: `serve` runs the server, the other verbs ask a running one.
@main
struct Tributary: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "tributary",
        abstract: "DynamoDB Global Tables that you can run, see and break on your own machine.",
        version: version,
        subcommands: [
            Serve.self, HandlersCommand.self, Status.self, Regions.self, Links.self, Topics.self, Filter.self,
            Events.self, Tail.self,
            ReplayCommand.self,
        ])
}
