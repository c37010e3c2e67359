import Bytes
import Foundation
import Testing

@testable import Functions

@Suite struct CodePackageTests {
    private typealias Entry = ZipBuilder.Entry

    @Test func anArchiveIsUnpacked() async throws {
        let archive = ZipBuilder.archive([
            .file("bootstrap", "#!/bin/sh\n", mode: 0o100755), .directory("lib/"), .file("lib/data.txt", "data"),
            .file("deep/er/file", "deep"), .file("./dotted", "dot"), .file("setuid", "s", mode: 0o104755),
            Entry(name: "dos", content: Array("dos".utf8), mode: 0o777, system: 0), .link("lib/up", to: "../bootstrap"),
            .link("here", to: "lib/data.txt"), .file("empty", ""),
        ])
        try await withTemporaryDirectory { root in
            try CodePackage(archive).unpack(into: root + "/code")
            let tree = try self.tree(root)
            #expect(
                tree == [
                    "code/bootstrap 755 #!/bin/sh\n", "code/deep/er/file 644 deep", "code/dos 644 dos",
                    "code/dotted 644 dot", "code/empty 644 ", "code/here -> lib/data.txt", "code/lib/data.txt 644 data",
                    "code/lib/up -> ../bootstrap", "code/setuid 755 s",
                ])
        }
    }

    @Test func aPackageIsNamedByItsHash() throws {
        let package = try CodePackage(Array("abc".utf8))
        #expect(package.sha256 == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=")
        #expect(package.fingerprint == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(package.count == 3)
    }

    struct Refused: CustomTestStringConvertible {
        let name: String
        let archive: [UInt8]
        let error: CodePackageError
        var testDescription: String { name }

        fileprivate init(_ name: String, _ entries: [ZipBuilder.Entry], _ error: CodePackageError) {
            self.init(name, bytes: ZipBuilder.archive([.file("first")] + entries), error)
        }

        init(_ name: String, bytes archive: [UInt8], _ error: CodePackageError) {
            (self.name, self.archive, self.error) = (name, archive, error)
        }
    }

    static let limits: FunctionLimits = {
        var limits = FunctionLimits()
        limits.packageBytes = 20_000
        limits.unpackedBytes = 50_000
        limits.packageEntries = 10
        limits.pathBytes = 300
        return limits
    }()

    /// A hundred thousand zero bytes, deflated.
    private static let zeros: [UInt8] = {
        let text = "7cExAQAAAMKg9U9tDQ+g" + String(repeating: "A", count: 128) + "gFcD"
        return (try? Base64.decode(Array(text.utf8))) ?? []
    }()

    static let refused: [Refused] = [
        Refused(
            "an absolute path", [.file("/etc/passwd")], .badPath(entry: "/etc/passwd", reason: "has an absolute path")),
        Refused("a path upward", [.file("../x")], .badPath(entry: "../x", reason: "leads out of the package")),
        Refused(
            "a path upward inside", [.file("a/../../x")],
            .badPath(entry: "a/../../x", reason: "leads out of the package")),
        Refused("a directory upward", [.directory("../")], .badPath(entry: "../", reason: "leads out of the package")),
        Refused("a bare '..'", [.file("..")], .badPath(entry: "..", reason: "leads out of the package")),
        Refused("a backslash", [.file("..\\x")], .badPath(entry: "..\\x", reason: "has a backslash in its path")),
        Refused(
            "a control character", [.file("a\nb")],
            .badPath(entry: "a\nb", reason: "has a control character in its path")),
        Refused("an empty name", [.file("a//b")], .badPath(entry: "a//b", reason: "has an empty name in its path")),
        Refused("a dot inside", [.file("a/./b")], .badPath(entry: "a/./b", reason: "has '.' in its path")),
        Refused(
            "a long name", [.file(String(repeating: "n", count: 256))],
            .badPath(entry: String(repeating: "n", count: 256), reason: "has a name longer than 255 bytes")),
        Refused(
            "a long path", [.file(String(repeating: "n/", count: 200))],
            .badPath(entry: String(repeating: "n/", count: 200), reason: "has a path longer than 300 bytes")),
        Refused("the same file twice", [.file("a"), .file("a")], .duplicate(entry: "a")),
        Refused("the same file, spelled twice", [.file("a"), .file("./a")], .duplicate(entry: "./a")),
        Refused("a file, then a directory", [.file("a"), .file("a/b")], .duplicate(entry: "a/b")),
        Refused("a directory, then a file", [.file("a/b"), .file("a")], .duplicate(entry: "a")),
        Refused("through a link", [.link("l", to: "x"), .file("l/b")], .duplicate(entry: "l/b")),
        Refused("an absolute link", [.link("l", to: "/etc")], .linkLeaves(entry: "l", target: "/etc")),
        Refused("a link upward", [.link("l", to: "..")], .linkLeaves(entry: "l", target: "..")),
        Refused(
            "a link upward from inside", [.link("a/l", to: "../../x")], .linkLeaves(entry: "a/l", target: "../../x")),
        Refused("a link upward at its end", [.link("l", to: "a/../..")], .linkLeaves(entry: "l", target: "a/../..")),
        Refused("an empty link", [.link("l", to: "")], .linkLeaves(entry: "l", target: "")),
        Refused("a device", [.file("d", "", mode: 0o020666)], .notAFile(entry: "d")),
        Refused("a fifo", [.file("p", "", mode: 0o010666)], .notAFile(entry: "p")),
        Refused("a socket", [.file("s", "", mode: 0o140666)], .notAFile(entry: "s")),
        Refused("an encrypted file", [Entry(name: "e", content: [1, 2, 3], flags: 0x0801)], .encrypted(entry: "e")),
        Refused(
            "too much",
            (1...6).map { .file("f\($0)", String(repeating: "x", count: 9000)) }.prefix(2)
                + [Entry(name: "z", content: zeros, method: 8, claimedCount: 100_000, claimedChecksum: 3_557_922_173)],
            .tooManyUnpackedBytes(maximum: 50_000)),
        Refused(
            "more than it says", [Entry(name: "z", content: zeros, method: 8, claimedCount: 10)],
            .tooManyUnpackedBytes(maximum: 50_000)),
        Refused("too many", (1...10).map { .file("f\($0)") }, .tooManyEntries(count: 11, maximum: 10)),
        Refused("nothing", bytes: ZipBuilder.archive([]), .empty),
        Refused("a large archive", [.file("f", String(repeating: "x", count: 20_000))], .tooManyBytes(maximum: 20_000)),
        Refused("no archive", bytes: Array("hello".utf8), .notAZip(reason: "Not a zip archive")),
        Refused("no bytes", bytes: [], .empty),
        Refused(
            "a wrong checksum", [Entry(name: "c", content: [1], claimedChecksum: 7)],
            .unreadable(entry: "c", reason: "CRC error")),
        Refused(
            "an unknown method", [Entry(name: "c", content: [1], method: 77)],
            .unreadable(entry: "c", reason: "Compression method not supported")),
    ]

    @Test("what is refused leaves nothing behind", arguments: refused)
    func refuses(_ refused: Refused) async throws {
        try await withTemporaryDirectory { root in
            #expect(throws: refused.error) {
                try CodePackage(refused.archive, limits: Self.limits).unpack(into: root + "/code")
            }
            let left = try tree(root)
            #expect(left == [])
        }
    }

    @Test func noDamageToAnArchiveDoesHarm() async throws {
        let archive = ZipBuilder.archive([.file("a", "aaaa"), .directory("b/"), .link("b/l", to: "../a")])
        for position in archive.indices {
            for value: UInt8 in [0x2F, 0xFF] where archive[position] != value {
                var damaged = archive
                damaged[position] = value
                try await withTemporaryDirectory { root in
                    _ = try? CodePackage(damaged, limits: Self.limits).unpack(into: root + "/code")
                    let written = try tree(root)
                    #expect(written.allSatisfy { $0.hasPrefix("code/") })
                }
            }
        }
    }

    /// Every file with its permissions and text, every link with its target.
    private func tree(_ root: String) throws -> [String] {
        let manager = FileManager.default
        return try manager.subpathsOfDirectory(atPath: root).sorted().compactMap { path in
            let attributes = try manager.attributesOfItem(atPath: root + "/" + path)
            switch attributes[.type] as? FileAttributeType {
            case .typeSymbolicLink:
                return path + " -> " + (try manager.destinationOfSymbolicLink(atPath: root + "/" + path))
            case .typeRegular:
                let permissions = attributes[.posixPermissions] as? Int ?? 0
                let text = try String(contentsOfFile: root + "/" + path, encoding: .utf8)
                return "\(path) \(String(permissions, radix: 8)) \(text)"
            default: return nil
            }
        }
    }
}
