import Foundation

/// The checkout that these tests belong to.
enum SourceTree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct File {
        /// From the root of the checkout, as in `Sources/Model/Bytes/Text.swift`.
        let path: String
        let lines: [String]

        /// The target's folder name: the third part of the path below Sources.
        var target: String { String(path.split(separator: "/")[2]) }
        var layer: String { String(path.split(separator: "/")[1]) }
    }

    /// All Swift files below a folder of the checkout, in the order of their paths.
    static func swiftFiles(below folder: String) throws -> [File] {
        let base = root.appendingPathComponent(folder)
        guard let enumerator = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else {
            return []
        }
        var files: [File] = []
        for case let url as URL in enumerator where url.pathExtension == "swift" {
            let text = try String(contentsOf: url, encoding: .utf8)
            files.append(
                File(
                    path: String(url.path.dropFirst(root.path.count + 1)),
                    lines: text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)))
        }
        return files.sorted { $0.path < $1.path }
    }
}
