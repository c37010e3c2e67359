import Foundation
import Testing

/// A target imports only what Package.swift names for it, and only from its own or a lower layer (Sources/README.md).
@Suite struct LayeringTests {
    /// From the lowest to the highest; a target may use those of its own layer and those before it.
    static let layers = ["Model", "Storage", "Engine", "Server", "Tools"]
    /// Storage that engines must not know: they see the protocols of the store and the record log only.
    static let adapters: Set<String> = ["RocksDBStore", "CRocksDB", "KafkaLog", "CRdKafka"]

    @Test func everyImportIsADeclaredDependencyOfAnAllowedLayer() throws {
        let package = try Manifest(text: Manifest.read())
        let files = try SourceTree.swiftFiles(below: "Sources")
        try #require(files.count > 50)
        #expect(Layering(manifest: package).violations(in: files) == [])
    }

    @Test func everyLayerIsAFolderOfSources() throws {
        for file in try SourceTree.swiftFiles(below: "Sources") {
            #expect(Self.layers.contains(file.layer), "\(file.path) lies in no layer")
        }
    }

    @Test(
        "the check sees what it must",
        arguments: [
            ("Sources/Model/Bytes/X.swift", "import Partition", "Bytes imports Partition, which it does not declare"),
            (
                "Sources/Engine/Partition/X.swift", "internal import RocksDBStore",
                "Partition imports RocksDBStore, which it does not declare"
            ),
            (
                "Sources/Engine/Partition/X.swift", "@testable public import Region",
                "Partition imports Region, which it does not declare"
            ),
        ])
    func findsAnUndeclaredImport(path: String, line: String, expected: String) throws {
        let layering = Layering(manifest: try Manifest(text: Manifest.read()))
        #expect(layering.violations(in: [.init(path: path, lines: [line])]) == ["\(path): \(expected)"])
    }

    @Test func findsADeclaredImportOfAHigherLayer() throws {
        let manifest = try Manifest(
            text: """
                layer("Model", "Bytes", ["Region"]),
                layer("Server", "Region"),
                layer("Engine", "Partition", ["RocksDBStore"]),
                layer("Storage", "RocksDBStore"),
                """)
        let layering = Layering(manifest: manifest)
        let bytes = SourceTree.File(path: "Sources/Model/Bytes/X.swift", lines: ["public import Region"])
        let partition = SourceTree.File(path: "Sources/Engine/Partition/X.swift", lines: ["import RocksDBStore"])
        #expect(
            layering.violations(in: [bytes, partition]) == [
                "Sources/Model/Bytes/X.swift: Bytes imports Region of the higher layer Server",
                "Sources/Engine/Partition/X.swift: Partition imports RocksDBStore, an adapter",
            ])
    }
}

/// The targets of Package.swift with their layers and dependencies, read from its text: running `swift package` inside `swift test` would
/// wait for its own build.
struct Manifest {
    private(set) var dependencies: [String: Set<String>] = [:]
    private(set) var layerOfTarget: [String: String] = [:]

    static func read() throws -> String {
        try String(contentsOf: SourceTree.root.appendingPathComponent("Package.swift"), encoding: .utf8)
    }

    init(text: String) throws {
        let flat = text.replacing(/\s+/, with: " ")
        for match in flat.matches(of: /layer\( ?"(\w+)", "(\w+)"(?:, \[([^\]]*)\])?/) {
            add(String(match.2), layer: String(match.1), dependencies: match.3.map(String.init) ?? "")
        }
        for match in flat.matches(of: /executableTarget\( name: "(\w+)", dependencies: \[([^\]]*)\]/) {
            add(String(match.1), layer: "Tools", dependencies: String(match.2))
        }
        for match in flat.matches(of: /systemLibrary\( name: "(\w+)", path: "Sources\/(\w+)\//) {
            add(String(match.1), layer: String(match.2), dependencies: "")
        }
    }

    private mutating func add(_ target: String, layer: String, dependencies text: String) {
        layerOfTarget[target] = layer
        dependencies[target] = Set(text.matches(of: /"(\w+)"/).map { String($0.1) })
    }
}

struct Layering {
    let manifest: Manifest

    func violations(in files: [SourceTree.File]) -> [String] {
        files.flatMap { file in
            file.lines.compactMap { line -> String? in
                guard let imported = Self.module(importedBy: line) else { return nil }
                return violation(of: file.target, importing: imported).map { "\(file.path): \($0)" }
            }
        }
    }

    private static func module(importedBy line: String) -> String? {
        // Far quicker than the pattern, which nearly no line matches.
        guard line.withCString({ strstr($0, "import ") != nil }) else { return nil }
        let match = line.firstMatch(
            of: /^(?:@\w+ )*(?:(?:public|package|internal|private) )?import (?:(?:struct|func|enum|class) )?(\w+)/)
        return match.map { String($0.1) }
    }

    private func violation(of target: String, importing imported: String) -> String? {
        guard let layer = manifest.layerOfTarget[imported] else { return nil }
        guard manifest.dependencies[target]?.contains(imported) == true else {
            return "\(target) imports \(imported), which it does not declare"
        }
        guard let own = manifest.layerOfTarget[target], let ownRank = LayeringTests.layers.firstIndex(of: own),
            let rank = LayeringTests.layers.firstIndex(of: layer)
        else { return "\(target) or \(imported) lies in no layer" }
        if rank > ownRank { return "\(target) imports \(imported) of the higher layer \(layer)" }
        if own == "Engine", LayeringTests.adapters.contains(imported) {
            return "\(target) imports \(imported), an adapter"
        }
        return nil
    }
}
