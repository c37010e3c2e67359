// swift-tools-version: 6.2
import PackageDescription

// The folders under Sources/ are the layers (Sources/README.md): a target may depend only on targets of its own
// or a lower layer. Tests/TidyTests holds that against `swift package describe`.

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func layer(
    _ folder: String, _ name: String, _ dependencies: [Target.Dependency] = [], flags: [SwiftSetting] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Sources/\(folder)/\(name)", swiftSettings: settings + flags)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], fixtures: [String] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)", exclude: fixtures,
        swiftSettings: settings)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let subprocess: [Target.Dependency] = [
    .product(name: "Subprocess", package: "swift-subprocess"),
    .product(name: "SystemPackage", package: "swift-system"),
]
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

// Programs allocate with jemalloc, as RocksDB advises: messages, blocks and requests are made by one thread and freed by another, which glibc
// answers with locks and scattered memory. Sanitizers bring an allocator of their own: TRIBUTARY_ALLOCATOR=system leaves it out.
let allocator: [LinkerSetting] =
    Context.environment["TRIBUTARY_ALLOCATOR"] == "system" ? [] : [.linkedLibrary("jemalloc")]

let package = Package(
    name: "tributary",
    products: [
        .executable(name: "tributary", targets: ["tributary"]),
        .executable(name: "benchmarks", targets: ["benchmarks"]),
        .executable(name: "simulator", targets: ["simulator"]),
        // For handlers in Swift: what they import, and what runs them in a process of their own.
        .library(name: "HandlerKit", targets: ["HandlerKit"]),
        .library(name: "HandlerRuntime", targets: ["HandlerRuntime"]),
        .executable(name: "audit-log", targets: ["audit-log"]),
    ],
    dependencies: [
        // Command line, with --help and usage errors that users know.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Hash functions for request digests and signatures.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // handler.yaml.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // Log lines with metadata.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // Sockets and the HTTP/1 codec of the AWS endpoint.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // File names and descriptors of the processes' pipes, as Subprocess wants them.
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        // Processes of handlers.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        // Signals and ordered shutdown.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Model
        layer("Model", "Bytes"),
        layer("Model", "JSONBytes", ["Bytes"]),
        layer("Model", "AttributeModel", ["Bytes", "JSONBytes"]),

        // Engine
        layer("Engine", "Expressions", ["Bytes", "AttributeModel"]),
        layer("Engine", "Replication", ["Bytes", "AttributeModel"]),
        layer("Engine", "Capacity"),
        layer("Engine", "ChangeStream", ["Bytes", "JSONBytes", "AttributeModel", "Replication"]),
        layer(
            "Engine", "Partition",
            [
                "Bytes", "JSONBytes", "AttributeModel", "Expressions", "Replication", "Capacity", "ChangeStream",
                "KeyValueStore",
            ]),

        layer(
            "Engine", "ChangeMessage",
            ["Bytes", "JSONBytes", "AttributeModel", "Replication", "ChangeStream", "Partition", "RecordLog"]),
        layer("Engine", "Publication"),
        layer("Engine", "EventPattern", ["Bytes", "JSONBytes", "AttributeModel", "Replication", "ChangeStream"]),
        layer("Engine", "EventSource", ["Bytes", "JSONBytes"]),
        layer("Engine", "Metrics", ["Bytes", "ChangeStream"]),
        layer(
            "Engine", "HandlerKit",
            [
                "Bytes", "JSONBytes", "AttributeModel", "Replication", "ChangeStream", "EventPattern", "EventSource",
            ]),

        // Storage
        layer("Storage", "KeyValueStore", ["Bytes"]),
        .systemLibrary(
            name: "CRocksDB", path: "Sources/Storage/CRocksDB", providers: [.apt(["librocksdb-dev"])]),
        layer("Storage", "RocksDBStore", ["Bytes", "KeyValueStore", "CRocksDB"]),
        layer("Storage", "RecordLog"),
        .systemLibrary(
            name: "CRdKafka", path: "Sources/Storage/CRdKafka", providers: [.apt(["librdkafka-dev"])]),
        layer("Storage", "KafkaLog", ["RecordLog", "CRdKafka", logging]),

        // Server
        layer(
            "Server", "Region",
            [
                "Bytes", "AttributeModel", "Expressions", "Replication", "Capacity", "ChangeStream", "Partition",
                "KeyValueStore", "RocksDBStore", logging,
            ]),
        layer(
            "Server", "LogTransport",
            [
                "AttributeModel", "Bytes", "ChangeMessage", "ChangeStream", "KeyValueStore", "Partition", "Publication",
                "RecordLog", "Region", "Replication", logging,
            ]),
        layer(
            "Server", "WireProtocol",
            [
                "Bytes", "JSONBytes", "AttributeModel", "Expressions", "Replication", "Capacity", "ChangeStream",
                "KeyValueStore", "Partition", "EventPattern", "EventSource", "Metrics", crypto,
            ]),
        layer(
            "Server", "HandlerFolders",
            [
                "Bytes", "JSONBytes", "HandlerKit", "EventPattern", "EventSource", "Replication",
                .product(name: "Yams", package: "Yams"),
            ]),
        layer("Server", "HandlerRuntime", ["HandlerKit"] + nio),
        layer("Server", "HTTPEndpoint", ["Bytes", logging] + nio),
        .systemLibrary(name: "CZip", path: "Sources/Server/CZip", providers: [.apt(["libzip-dev"])]),
        layer(
            "Server", "Functions",
            ["Bytes", "JSONBytes", "Replication", "HTTPEndpoint", "CZip", logging, crypto] + subprocess + nio),
        layer(
            "Server", "EventSources",
            [
                "Bytes", "JSONBytes", "AttributeModel", "Replication", "ChangeStream", "EventPattern", "EventSource",
                "KeyValueStore", "Partition", "Region", "Functions", "RecordLog", "ChangeMessage", logging,
            ]),
        layer(
            "Server", "Gateway",
            [
                "Bytes", "JSONBytes", "AttributeModel", "Capacity", "ChangeStream", "Replication", "Partition",
                "KeyValueStore", "Region", "HTTPEndpoint", "WireProtocol", "EventPattern", "EventSource", "Metrics",
                "Functions", "EventSources", "HandlerKit", "HandlerFolders", "LogTransport", "ChangeMessage",
                "RecordLog",
                logging,
            ] + nio),
        layer(
            "Server", "Replay",
            [
                "Bytes", "JSONBytes", "AttributeModel", "ChangeStream", "Replication", "EventPattern", "EventSource",
                "KeyValueStore", "RocksDBStore", "Partition", "HandlerKit", "HandlerFolders", "Functions", "Gateway",
                "RecordLog", "ChangeMessage", "Publication", "LogTransport", logging,
            ]),

        // Tools
        .executableTarget(
            name: "tributary",
            dependencies: [
                "Bytes", "JSONBytes", "AttributeModel", "KeyValueStore", "Replication", "ChangeStream", "EventPattern",
                "Region", "Functions", "HTTPEndpoint", "Gateway", "HandlerKit", "HandlerFolders", "Replay",
                "ChangeMessage", "RecordLog", "KafkaLog", "LogTransport",
                argumentParser, logging, serviceLifecycle,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Tools/tributary", swiftSettings: settings, linkerSettings: allocator),
        .executableTarget(
            name: "benchmarks",
            dependencies: [
                "CRocksDB", "Bytes", "JSONBytes", "AttributeModel", "Expressions", "Replication", "ChangeStream",
                "EventPattern", "EventSource", "HandlerKit", "KeyValueStore", "Partition", "Region", "Functions",
                "EventSources", "Gateway", "HandlerRuntime", "ChangeMessage", "RecordLog", "KafkaLog", "CRdKafka",
                "LogTransport", argumentParser, logging,
            ],
            path: "Sources/Tools/benchmarks", swiftSettings: settings, linkerSettings: allocator),

        // One thread, and every 25th of its instructions checked that nothing is accessed while it is changed. Debug builds check it.
        layer(
            "Tools", "Simulation",
            [
                "Bytes", "JSONBytes", "AttributeModel", "Expressions", "Replication", "ChangeStream", "Partition",
                "EventPattern", "EventSource", "KeyValueStore",
            ],
            flags: [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]),
        .executableTarget(
            name: "simulator", dependencies: ["Simulation", "KeyValueStore", argumentParser],
            path: "Sources/Tools/simulator", swiftSettings: settings, linkerSettings: allocator),

        // Handlers
        .executableTarget(
            name: "audit-log",
            dependencies: ["HandlerKit", "HandlerRuntime", "AttributeModel", "Bytes", "ChangeStream", "JSONBytes"],
            path: "Handlers/audit-log/Sources", swiftSettings: settings),

        // Tests mirror the targets. Tests/Conformance is Python: it talks to the running server.
        .target(
            name: "TestSupport", dependencies: ["Replication"], path: "Tests/Support/TestSupport",
            swiftSettings: settings),
        tests("BytesTests", ["Bytes"]),
        tests("JSONBytesTests", ["JSONBytes", "Bytes"]),
        tests("AttributeModelTests", ["AttributeModel", "JSONBytes", "Bytes"]),
        tests("KeyValueStoreTests", ["KeyValueStore", "RocksDBStore", "Bytes"]),
        tests("RecordLogTests", ["RecordLog", "KafkaLog", logging]),
        tests("ExpressionsTests", ["Expressions", "AttributeModel", "Bytes"]),
        tests("CapacityTests", ["Capacity"]),
        tests("ReplicationTests", ["Replication", "Bytes"]),
        tests("ChangeStreamTests", ["ChangeStream", "Replication", "AttributeModel", "JSONBytes", "Bytes"]),
        tests(
            "ChangeMessageTests",
            [
                "ChangeMessage", "Partition", "ChangeStream", "Replication", "RecordLog", "AttributeModel", "JSONBytes",
                "Bytes",
            ]),
        tests("PublicationTests", ["Publication"]),
        tests(
            "PartitionTests",
            [
                "Partition", "Capacity", "ChangeStream", "Replication", "Expressions", "AttributeModel", "JSONBytes",
                "Bytes",
                "KeyValueStore",
            ]),
        tests(
            "RegionTests",
            [
                "Region", "Partition", "ChangeStream", "Replication", "Expressions", "AttributeModel", "Bytes",
                "KeyValueStore", logging,
            ]),
        tests(
            "LogTransportTests",
            [
                "LogTransport", "ChangeMessage", "Publication", "RecordLog", "KafkaLog", "Region", "Partition",
                "ChangeStream", "Replication", "Expressions", "AttributeModel", "JSONBytes", "Bytes", "KeyValueStore",
                logging,
            ]),
        tests(
            "WireProtocolTests",
            [
                "WireProtocol", "Partition", "ChangeStream", "Replication", "Expressions", "AttributeModel",
                "JSONBytes",
                "Bytes", "KeyValueStore", "EventSource", "Metrics",
            ]),
        tests("HTTPEndpointTests", ["HTTPEndpoint", "Bytes", logging] + nio),
        tests("EventSourceTests", ["EventSource", "JSONBytes", "Bytes"]),
        tests(
            "EventPatternTests",
            ["EventPattern", "ChangeStream", "Replication", "AttributeModel", "JSONBytes", "Bytes"],
            fixtures: ["Fixtures"]),
        tests(
            "FunctionsTests",
            ["Functions", "HTTPEndpoint", "Replication", "JSONBytes", "Bytes", logging] + nio),
        tests(
            "HandlerKitTests",
            [
                "HandlerKit", "EventPattern", "EventSource", "AttributeModel", "Replication", "ChangeStream",
                "JSONBytes", "Bytes", "audit-log",
            ]),
        tests("HandlerRuntimeTests", ["audit-log", "HandlerRuntime", "HandlerKit", "HTTPEndpoint", logging] + nio),
        tests(
            "HandlerFoldersTests",
            ["HandlerFolders", "HandlerKit", "EventPattern", "EventSource", "Replication", "Bytes"]),
        tests(
            "EventSourcesTests",
            [
                "EventSources", "EventSource", "EventPattern", "Functions", "Region", "Partition", "ChangeStream",
                "Replication", "Expressions", "AttributeModel", "JSONBytes", "Bytes", "KeyValueStore", "RecordLog",
                "ChangeMessage", "HandlerKit", logging,
            ]),
        tests(
            "ReplayTests",
            [
                "Replay", "HandlerKit", "EventPattern", "EventSource", "AttributeModel", "ChangeStream", "Bytes",
                "RecordLog", "ChangeMessage", "Partition", "Replication",
            ],
            fixtures: ["Recordings"]),
        // Tests/Fuzzing/README.md: libFuzzer's entry, and what `swift test` runs of it.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Bytes", "JSONBytes", "AttributeModel", "Expressions", "Replication", "ChangeStream", "EventPattern",
                "EventSource", "HandlerKit", "KeyValueStore", "Partition", "WireProtocol", "HandlerFolders",
                "ChangeMessage", "RecordLog", "Metrics",
            ],
            path: "Tests/Fuzzing/Targets", swiftSettings: settings),
        tests("FuzzingTests", ["FuzzTargets"]),
        tests("MetricsTests", ["Metrics"]),
        tests("SimulationTests", ["Simulation", "KeyValueStore"]),
        tests("TidyTests"),
    ]
)

// Sanitizers (Tests/Sanitizers/run.sh) look at some tests only; of the rest of the package nothing is built then.
if let chosen = Context.environment["TRIBUTARY_ONLY_TESTS"] {
    var wanted: Set<String> = []
    var waiting = chosen.split(separator: ",").map(String.init)
    while let name = waiting.popLast() {
        guard wanted.insert(name).inserted, let target = package.targets.first(where: { $0.name == name }) else {
            continue
        }
        for dependency in target.dependencies {
            if case .byNameItem(let name, _) = dependency { waiting.append(name) }
        }
    }
    package.targets.removeAll { !wanted.contains($0.name) }
    package.products = []
}
