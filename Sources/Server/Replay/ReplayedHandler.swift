import EventSource
import Functions
import Gateway
import Glibc
public import HandlerFolders
import HandlerKit
import JSONBytes
import Logging
import Replication
import Synchronization

/// A folder's handler whose program runs for a replay: as on a server, but for the clock.
final class ReplayedHandler: Sendable {
    let handler: Handler
    private let pool: FunctionPool
    private let refusalBox: RefusalBox

    init(
        _ definition: HandlerDefinition, region: RegionName, settings: FunctionSettings, log: FunctionLog,
        logger: Logger
    ) throws(ReplayError) {
        var function: FunctionDefinition
        do throws(LocalHandlerError) {
            function = try FunctionDefinition(definition, in: region)
        } catch {
            throw ReplayError("\(definition.directory): \(error.reason)")
        }
        // One batch at a time, in the same process if it lives.
        function.concurrencyMax = 1
        let pool = FunctionPool(function, settings: settings, log: log, logger: logger)
        let refusalBox = RefusalBox()
        var delivery = definition.settings
        delivery.startingPosition = .trimHorizon
        handler = Handler(
            name: definition.name, tables: definition.tables, regions: definition.regions, filters: definition.filters,
            settings: delivery, timeoutMilliseconds: definition.timeoutMilliseconds
        ) { payload, context in
            await withCheckedContinuation { continuation in
                pool.invoke(Functions.Invocation(requestID: context.requestID, payload: payload)) { result in
                    switch result {
                    case .success(let response, _): continuation.resume(returning: .success(response))
                    case .functionError(_, let error, _):
                        continuation.resume(returning: .failure(HandlerFailure(errorObject: error)))
                    case .notStarted(let reason):
                        refusalBox.refusal.withLock { $0 = "\(reason)" }
                        let failure = HandlerFailure(errorType: "NotStarted", errorMessage: "\(reason)")
                        continuation.resume(returning: .failure(failure))
                    }
                }
            }
        }
        self.pool = pool
        self.refusalBox = refusalBox
    }

    /// Why the program did not run; nil when it did.
    var refusal: String? { refusalBox.refusal.withLock { $0 } }

    func stop() async { await pool.stop() }

    private final class RefusalBox: Sendable {
        let refusal = Mutex<String?>(nil)
    }
}

extension HandlerFailure {
    /// What a process reported, without the stack trace: paths of one machine are not of another.
    fileprivate init(errorObject: [UInt8]) {
        let document = try? JSONDocument(parsing: errorObject)
        func text(_ name: StaticString) -> String? {
            guard let document, let value = document.member(name, of: document.root), document.kind(value) == .string
            else { return nil }
            return document.string(value)
        }
        self.init(
            errorType: text("errorType") ?? "Error",
            errorMessage: text("errorMessage") ?? String(decoding: errorObject, as: UTF8.self))
    }
}

extension HandlerDefinition {
    /// Reads one handler's folder.
    public init(folder: String) throws(ReplayError) {
        var path = Substring(folder)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let file = path + "/" + HandlerFolders.fileName
        guard let resolved = realpath(String(path), nil) else {
            throw ReplayError("\(folder): \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        do throws(FileReadingError) {
            let text = String(decoding: try FileReading.contents(of: String(file)), as: UTF8.self)
            self = try Self.parse(text, directory: String(cString: resolved))
        } catch {
            throw ReplayError(error.description)
        }
    }

    private static func parse(_ text: String, directory: String) throws(FileReadingError) -> HandlerDefinition {
        do throws(HandlerFileError) {
            return try HandlerFile.parse(text, directory: directory)
        } catch {
            throw FileReadingError(description: "\(error)")
        }
    }
}
