import Bytes
import Partition
import Replication

/// Where the records of a batch go that is given up: `DestinationConfig.OnFailure.Destination`.
///
/// AWS's queues, topics and buckets are not here. What is:
/// * `file:///absolute/path.jsonl`: one line of JSON per batch is appended;
/// * `http://…`, `https://…`: the JSON is posted;
/// * `kafka://<topic>`: the JSON is the value of a message, where the server has Kafka;
/// * `arn:aws:lambda:<region>:<account>:function:<name>`: the function is invoked asynchronously with it.
public enum OnFailureDestination: Sendable, Equatable {
    /// An absolute path.
    case file(String)
    case url(String)
    case function(FunctionReference)
    /// The topic's name.
    case kafkaTopic(String)

    /// The longest text, in characters.
    static let lengthMax = 350

    /// Nil for the empty text, which stands for none.
    init?(_ text: String, in region: RegionName) throws(LambdaError) {
        if text.isEmpty { return nil }
        let scheme = text.prefix { $0 != ":" }
        switch scheme {
        case "file": self = .file(try Self.filePath(text))
        case "http", "https":
            let rest = text.dropFirst(scheme.count)
            guard rest.hasPrefix("://"), rest.count > 3, !rest.dropFirst(3).hasPrefix("/"),
                text.utf8.allSatisfy({ (0x21..<0x7F).contains($0) })
            else { throw .invalidParameter("The OnFailure destination is no URL: \(text)") }
            self = .url(text)
        case "kafka": self = .kafkaTopic(try Self.topic(text))
        case "arn" where ResourceARN(text)?.service == "lambda":
            self = .function(
                try FunctionReference(
                    text, in: region, lengthMax: Self.lengthMax,
                    path: "destinationConfig.onFailure.destination"))
        default:
            throw .invalidParameter(
                "The OnFailure destination '\(text)' is not possible here: give a file (file:///path.jsonl), a URL "
                    + "(http://… or https://…), a Kafka topic (kafka://<topic>) or a function "
                    + "(\(FunctionReference.arn("<name>", region))).")
        }
    }

    /// As the API shows it; reading it gives the same destination.
    public var text: String {
        switch self {
        case .file(let path): "file://" + path
        case .url(let url): url
        case .function(let function): function.arn
        case .kafkaTopic(let topic): "kafka://" + topic
        }
    }

    private static func topic(_ text: String) throws(LambdaError) -> String {
        let topic = text.dropFirst("kafka://".count)
        guard text.hasPrefix("kafka://"), KafkaSource.topicPattern.matches(String(topic)) else {
            throw .invalidParameter(
                "The OnFailure destination must name a Kafka topic, as in kafka://failures: \(text)")
        }
        return String(topic)
    }

    private static func filePath(_ text: String) throws(LambdaError) -> String {
        let path = text.dropFirst("file://".count)
        guard text.hasPrefix("file:///"), path.count > 1, !path.hasSuffix("/"),
            !path.utf8.contains(where: { $0 < 0x20 })
        else {
            throw .invalidParameter(
                "The OnFailure destination must name a file by its absolute path, as in file:///tmp/failures.jsonl: "
                    + text)
        }
        return String(path)
    }
}

extension LambdaError {
    /// A Kafka source of one's own is no stream of a table.
    static var hasNoKafkaSources: LambdaError {
        .invalidParameter(
            "A self-managed Kafka cluster cannot be an event source here: give the stream of a table. With --kafka its "
                + "mappings consume the table's topic as consumer groups.")
    }
}

/// Functions that hand their failed batches to each other in a circle would do so for ever.
public enum DestinationLoop {
    /// Throws when the OnFailure destinations of the mappings lead from the function of `mapping` back to it.
    /// - Parameter others: all other mappings of the region.
    public static func check(
        _ mapping: EventSourceMappingDefinition, among others: [EventSourceMappingDefinition]
    ) throws(LambdaError) {
        let own = mapping.function.name
        guard let first = destination(of: mapping) else { return }
        if first == own {
            throw .invalidParameter(
                "The OnFailure destination is the mapping's own function \(own), which would get its failed batches "
                    + "again.")
        }
        var next: [String: [String]] = [:]
        for other in others where other.uuid != mapping.uuid {
            if let destination = destination(of: other) { next[other.function.name, default: []].append(destination) }
        }
        guard let path = path(from: first, to: own, next) else { return }
        throw .invalidParameter(
            "The OnFailure destination closes a loop of functions: \(([own] + path).joined(separator: " → ")).")
    }

    private static func destination(of mapping: EventSourceMappingDefinition) -> String? {
        guard case .function(let function) = mapping.failureDestination else { return nil }
        return function.name
    }

    /// The shortest way, both ends included.
    private static func path(from start: String, to end: String, _ next: [String: [String]]) -> [String]? {
        var queue = [[start]]
        var seen: Set<String> = [start]
        var position = 0
        while position < queue.count {
            let path = queue[position]
            position += 1
            guard let last = path.last else { continue }
            if last == end { return path }
            for function in next[last] ?? [] where seen.insert(function).inserted { queue.append(path + [function]) }
        }
        return nil
    }
}
