import Foundation

/// Paths as processes with another working directory need them.
enum AbsolutePath {
    static func of(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }
}
