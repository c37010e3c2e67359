import ArgumentParser
import Functions
import Logging

/// How a process that goes on running tells what happens.
struct LogOptions: ParsableArguments {
    @Option(help: "The least severe log level that is shown: trace, debug, info, notice, warning, error or critical.")
    var logLevel = "notice"

    @Option(help: "How log lines look: text, or json for one object a line.")
    var logFormat = Format.text

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    func validate() throws {
        if Logger.Level(rawValue: logLevel) == nil {
            throw ValidationError("--log-level \(logLevel) is not one of \(Logger.Level.allCases.map(\.rawValue))")
        }
    }

    /// Sets up the process's logging; to be called once.
    func makeLogger() -> Logger {
        let format = logFormat
        LoggingSystem.bootstrap { label in
            switch format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLogHandler(label: label)
            }
        }
        var logger = Logger(label: "tributary")
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .notice
        return logger
    }

    /// Where the lines go that handlers print.
    var functionLog: FunctionLog {
        guard logFormat == .json else { return .standardOutput }
        var logger = Logger(label: "handler")
        logger.logLevel = .info
        return .logger(logger)
    }
}
