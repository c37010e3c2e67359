import Foundation
import HandlerFolders
import HandlerKit
import Testing

/// The handlers that come with Tributary: their handler.yaml files are examples, so they must be right.
@Suite struct ShippedHandlersTests {
    private func scan(path: String = #filePath) -> HandlerScan {
        let root = URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return HandlerFolders(directory: root.appendingPathComponent("Handlers").path).scan()
    }

    private func handler(_ name: String) throws -> HandlerDefinition {
        try #require(scan().definitions.first { $0.name == name })
    }

    /// The places of the changes that a handler gets, of a fixed row of changes.
    private func delivered(_ name: String) async throws -> [Int] {
        let handler = try handler(name)
        let double = Handler(name: name, filters: handler.filters, settings: MappingSettings()) { _, _ in .done }
        var driver = try HandlerDriver(double)
        let other = RegionName("eu-west-1")
        func item(_ id: String) -> Item { Item(["id": .string(Text(id))]) }
        try driver.put(item("a"))
        try driver.put(item("b"), from: other)
        try driver.put(item("c"))
        try driver.delete(item("a"), from: other)
        try driver.expire(item("b"))
        try driver.expire(item("c"), in: other)
        await driver.run()
        return driver.deliveries.flatMap(\.records)
    }

    @Test func allThreeAreRight() {
        let scan = scan()
        #expect(scan.errors == [])
        #expect(scan.definitions.map(\.name) == ["audit-log", "local-writes-only", "ttl-archive"])
        #expect(scan.definitions.allSatisfy { $0.tables == .all && $0.settings.violations.isEmpty })
    }

    @Test func localWritesOnly() async throws {
        #expect(
            try handler("local-writes-only").program
                == .python(runtime: "python3", handler: "handler.handler", interpreter: nil))
        #expect(try await delivered("local-writes-only") == [1, 3, 5])
    }

    @Test func auditLog() async throws {
        #expect(try handler("audit-log").program == .command(["audit-log"]))
        #expect(try await delivered("audit-log") == [1, 2, 3, 4, 5, 6])
    }

    @Test func ttlArchive() async throws {
        #expect(try handler("ttl-archive").program == .command(["python3", "ttl_archive.py"]))
        #expect(try await delivered("ttl-archive") == [5])
    }
}
