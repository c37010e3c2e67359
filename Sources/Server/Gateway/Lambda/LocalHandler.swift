import EventSource
import EventSources
package import Functions
package import HandlerFolders
import HandlerKit
package import Replication
import WireProtocol

/// Why a handler cannot be used although its file is right.
package struct LocalHandlerError: Error {
    package let reason: String
}

extension FunctionDefinition {
    /// The function that a folder's handler is in a region: also for those that run it without a server.
    package init(_ handler: HandlerDefinition, in region: RegionName) throws(LocalHandlerError) {
        // Whoever has no mapping gives nothing up.
        self = try LocalHandler(handler, refusalOfTopic: { _ in nil }).definition(in: region)
    }
}

/// A handler from `handler.yaml` or from code, as both become a function and mappings.
struct LocalHandler: Sendable {
    let name: String
    /// For people: a folder, or that it is code.
    let origin: String
    let tables: TableSelection
    let regions: [RegionName]?
    let settings: MappingSettings
    let filterPatterns: [String]
    let destination: MappingSpecification.Destination?
    let isEnabled: Bool
    /// What `FunctionTarget.inProcess` stands for.
    let inProcess: FunctionPool.Handler?
    private let base: FunctionDefinition

    init(_ handler: Handler) {
        name = handler.name
        origin = "code"
        tables = handler.tables
        regions = handler.regions
        settings = handler.settings
        filterPatterns = handler.filters.map { String(decoding: $0.text, as: UTF8.self) }
        destination = nil
        isEnabled = true
        base = Self.function(handler.name, .inProcess, timeoutMilliseconds: handler.timeoutMilliseconds)
        inProcess = { invocation in
            let context = HandlerContext(
                requestID: invocation.requestID,
                deadlineMilliseconds: FunctionClock.system.wallMilliseconds() + handler.timeoutMilliseconds,
                functionARN: "")
            return switch await handler.respond(to: invocation.payload, context) {
            case .success(let payload): .success(payload: payload, logTail: [])
            case .failure(let failure):
                .functionError(
                    kind: InvocationResult.unhandled, payload: failure.json(requestID: invocation.requestID),
                    logTail: [])
            }
        }
    }

    /// - Parameter refusalOfTopic: why a Kafka topic cannot take what is given up; nil when it can.
    init(
        _ definition: HandlerDefinition, refusalOfTopic: MappingFacts.RefusalOfTopic
    ) throws(LocalHandlerError) {
        name = definition.name
        origin = definition.directory
        tables = definition.tables
        regions = definition.regions
        settings = definition.settings
        filterPatterns = definition.filters.map { String(decoding: $0.text, as: UTF8.self) }
        isEnabled = definition.isEnabled
        inProcess = nil
        let directory = AbsolutePath.of(definition.directory)
        destination = try Self.destination(of: definition, directory: directory, refusalOfTopic)
        var function = Self.function(
            definition.name, Self.target(of: definition.program, directory: directory),
            timeoutMilliseconds: definition.timeoutMilliseconds)
        function.environment = definition.environment
        function.concurrencyMax = definition.concurrencyMax
        if case .python(let runtime, let handler, nil) = definition.program {
            function.runtime = runtime
            function.handler = handler
        }
        base = function
    }

    private static func function(
        _ name: String, _ target: FunctionTarget, timeoutMilliseconds: UInt64
    ) -> FunctionDefinition {
        var definition = FunctionDefinition(name: name, region: RegionName(stored: "us-east-1"), target: target)
        definition.timeoutMilliseconds = Int(timeoutMilliseconds)
        definition.concurrencyMax = FunctionDefinition.localConcurrencyDefault
        return definition
    }

    private static func target(of program: HandlerProgram, directory: String) -> FunctionTarget {
        switch program {
        case .command(let words): .command(words, workingDirectory: directory)
        case .python(_, let handler, let interpreter?):
            .command([interpreter, "-m", "awslambdaric", handler], workingDirectory: directory)
        case .python(_, _, nil): .package(directory: directory)
        case .url(let url): .url(url)
        }
    }

    private static func destination(
        of definition: HandlerDefinition, directory: String, _ refusalOfTopic: MappingFacts.RefusalOfTopic
    ) throws(LocalHandlerError) -> MappingSpecification.Destination? {
        let includesPayload = definition.failurePayload == .records
        switch definition.failureDestination {
        case nil: return nil
        case .file(let path):
            return .init(
                target: .file(path: path.hasPrefix("/") ? path : directory + "/" + path),
                includesPayload: includesPayload)
        case .url(let url): return .init(target: .url(url), includesPayload: includesPayload)
        case .handler(let name): return .init(target: .function(name: name), includesPayload: includesPayload)
        case .kafkaTopic(let topic):
            if let reason = refusalOfTopic(topic) {
                throw LocalHandlerError(reason: "onFailure: kafka:\(topic) is not possible: \(reason)")
            }
            return .init(target: .kafkaTopic(topic), includesPayload: includesPayload)
        }
    }

    func isOf(_ region: RegionName) -> Bool { regions?.contains(region) ?? true }

    func definition(in region: RegionName) -> FunctionDefinition {
        var definition = base
        definition.region = region
        return definition
    }

    func mapping(
        to streamARN: String, of table: String, in region: RegionName, nowMilliseconds: UInt64
    ) -> RegionLambda.Mapping {
        let definition = EventSourceMappingDefinition(
            uuid: NamedUUID.make("\(region.name)/\(name)/\(table)"),
            function: FunctionReference(name: name, region: region), streamARN: streamARN, settings: settings,
            filterPatterns: filterPatterns, failureDestination: shownDestination(in: region), isEnabled: isEnabled,
            createdMilliseconds: nowMilliseconds, modifiedMilliseconds: nowMilliseconds)
        return RegionLambda.Mapping(definition: definition, handler: name, destination: destination)
    }

    private func shownDestination(in region: RegionName) -> OnFailureDestination? {
        switch destination?.target {
        case nil: nil
        case .file(let path): .file(path)
        case .url(let url): .url(url)
        case .function(let name): .function(FunctionReference(name: name, region: region))
        case .kafkaTopic(let topic): .kafkaTopic(topic)
        }
    }

    /// Handlers that hand their failed batches to each other in a circle would do so for ever.
    func checkLoop(among others: [LocalHandler]) throws(LocalHandlerError) {
        let region = RegionName(stored: "us-east-1")
        func mapping(_ handler: LocalHandler) -> EventSourceMappingDefinition {
            handler.mapping(to: "", of: "", in: region, nowMilliseconds: 0).definition
        }
        do throws(LambdaError) {
            try DestinationLoop.check(mapping(self), among: others.filter { $0.name != name }.map(mapping))
        } catch {
            throw LocalHandlerError(reason: error.message ?? "its failed batches would travel in a circle")
        }
    }
}

/// UUIDs that are the same for the same name.
enum NamedUUID {
    static func make(_ name: String) -> String {
        func hash(_ seed: UInt64) -> UInt64 {
            name.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        }
        let digits =
            hexadecimal(hash(0xCBF2_9CE4_8422_2325) & ~0xF000 | 0x8000) + hexadecimal(hash(0x9AE1_6A3B_2F90_404F))
        let characters = Array(digits.utf8)
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return parts.map { String(decoding: characters[$0], as: UTF8.self) }.joined(separator: "-")
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
