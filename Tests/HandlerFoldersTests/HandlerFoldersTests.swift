import Foundation
import HandlerKit
import Testing

@testable import HandlerFolders

/// A folder of handlers that goes away after the test.
private final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/handlers-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ yaml: String) throws {
        try makeFolder(name)
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: file(name)))
    }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }
    func file(_ name: String) -> String { path + "/" + name + "/handler.yaml" }

    /// Sets the time of the last change, so that tests need not wait for the clock of the file system.
    func setTime(_ name: String, _ seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: file(name))
    }
}

private let good = "table: Orders\ncommand: ./run\n"

@Suite struct HandlerFoldersTests {
    @Test func findsHandlersInTheOrderOfTheirNames() throws {
        let folder = try Folder()
        try folder.write("b", good)
        try folder.write("a", good)
        let scan = HandlerFolders(directory: folder.path + "//").scan()
        #expect(scan.definitions.map(\.name) == ["a", "b"])
        #expect(scan.definitions.first?.directory == folder.path + "/a")
        #expect(scan.errors == [])
        #expect(scan.changes == scan.definitions.map { .added($0) })
    }

    @Test func passesOverWhatIsNoHandler() throws {
        let folder = try Folder()
        try folder.makeFolder("empty")
        try folder.write(".hidden", good)
        try Data("x".utf8).write(to: URL(fileURLWithPath: folder.path + "/README.md"))
        let scan = HandlerFolders(directory: folder.path).scan()
        #expect(scan.definitions == [] && scan.errors == [] && scan.changes == [])
    }

    @Test func folderThatDoesNotExistHasNoHandlers() throws {
        let scan = HandlerFolders(directory: "/nowhere/Handlers").scan()
        #expect(scan.definitions == [] && scan.errors == [])
    }

    @Test func secondScanOfTheSameFolderChangesNothing() throws {
        let folder = try Folder()
        try folder.write("a", good)
        try folder.write("wrong", "table: Orders")
        let folders = HandlerFolders(directory: folder.path)
        let first = folders.scan()
        let second = folders.scan(previous: first)
        #expect(second.changes == [])
        #expect(second.definitions == first.definitions)
        #expect(second.errors == first.errors && second.errors.count == 1)
    }

    @Test func seesNewChangedAndRemovedHandlers() throws {
        let folder = try Folder()
        let folders = HandlerFolders(directory: folder.path)
        try folder.write("a", good)
        var scan = folders.scan()
        try folder.write("b", good)
        scan = folders.scan(previous: scan)
        #expect(scan.changes == [.added(try #require(scan.definitions.last))])
        try folder.write("a", good + "batchSize: 7\n")
        scan = folders.scan(previous: scan)
        #expect(scan.definitions.first?.settings.batchSize == 7)
        #expect(scan.changes == [.changed(try #require(scan.definitions.first))])
        try folder.remove("b")
        scan = folders.scan(previous: scan)
        #expect(scan.changes == [.removed(name: "b")])
        #expect(scan.definitions.map(\.name) == ["a"])
    }

    @Test func fileOfTheSameSizeIsReadAgainWhenItsTimeChanges() throws {
        let folder = try Folder()
        let folders = HandlerFolders(directory: folder.path)
        try folder.write("a", good + "batchSize: 7\n")
        try folder.setTime("a", 1_700_000_000)
        let first = folders.scan()
        try folder.write("a", good + "batchSize: 8\n")
        try folder.setTime("a", 1_700_000_001)
        let scan = folders.scan(previous: first)
        #expect(scan.definitions.first?.settings.batchSize == 8)
    }

    @Test func fileWrittenAgainWithTheSameContentAsksForARestart() throws {
        let folder = try Folder()
        let folders = HandlerFolders(directory: folder.path)
        try folder.write("a", good)
        try folder.setTime("a", 1_700_000_000)
        let first = folders.scan()
        try folder.setTime("a", 1_700_000_001)
        let second = folders.scan(previous: first)
        #expect(second.changes == [.rewritten(try #require(first.definitions.first))])
        #expect(folders.scan(previous: second).changes == [])
    }

    @Test func handlerGoesOnWhenItsFileBecomesWrong() throws {
        let folder = try Folder()
        let folders = HandlerFolders(directory: folder.path)
        try folder.write("a", good)
        let first = folders.scan()
        try folder.write("a", good + "batchSize: 20000\n")
        let broken = folders.scan(previous: first)
        let error = HandlerFileError(
            file: folder.file("a"), line: 3, column: 12, field: "batchSize",
            reason: "must be between 1 and 10000, not 20000")
        #expect(broken.changes == [.broken(error)])
        #expect(broken.errors == [error])
        #expect(broken.definitions == first.definitions)
        #expect(folders.scan(previous: broken).changes == [])
        try folder.write("a", good + "batchSize: 200\n")
        let repaired = folders.scan(previous: broken)
        #expect(repaired.errors == [])
        #expect(repaired.changes == [.changed(try #require(repaired.definitions.first))])
    }

    @Test func fileThatIsTooLongOrNoTextIsAnError() throws {
        let folder = try Folder()
        try folder.write("long", good + String(repeating: "#", count: HandlerFolders.fileBytesMax))
        try folder.makeFolder("bytes")
        try Data([0x61, 0xFF]).write(to: URL(fileURLWithPath: folder.file("bytes")))
        try folder.makeFolder("folder/handler.yaml")
        let scan = HandlerFolders(directory: folder.path).scan()
        #expect(
            scan.errors.map(\.description) == [
                folder.file("bytes") + ": is not UTF-8", folder.file("folder") + ": is no regular file",
                folder.file("long") + ": is longer than 65536 bytes",
            ])
    }

    @Test func thereIsALimitOfHandlers() throws {
        let folder = try Folder()
        for name in ["a", "b", "c", "d"] { try folder.write(name, good) }
        let folders = HandlerFolders(directory: folder.path, handlersMax: 2)
        let scan = folders.scan()
        #expect(scan.definitions.map(\.name) == ["a", "b"])
        #expect(
            scan.errors.map(\.description) == [
                folder.path + ": has more than 2 handlers: c and what follows is ignored"
            ])
        #expect(folders.scan(previous: scan).changes == [])
    }

    @Test func handlersGoOnWhenTheFolderCannotBeRead() throws {
        let folder = try Folder()
        try folder.write("a", good)
        let folders = HandlerFolders(directory: folder.path)
        let first = folders.scan()
        // A file where the folder was: unreadable for root, too.
        try FileManager.default.removeItem(atPath: folder.path)
        try Data().write(to: URL(fileURLWithPath: folder.path))
        let scan = folders.scan(previous: first)
        #expect(scan.definitions == first.definitions)
        #expect(scan.errors.map(\.description) == [folder.path + ": cannot be read: Not a directory"])
        #expect(folders.scan(previous: scan).changes == [])
    }
}
