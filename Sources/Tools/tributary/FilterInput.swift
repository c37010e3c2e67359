import ArgumentParser
import EventPattern
import Glibc

/// Reads the patterns and events of the `filter` commands.
enum FilterInput {
    private static let chunkBytes = 1 << 16

    /// The argument's text, or the content of the file; exactly one of them must be given.
    static func read(_ name: String, text: String?, file: String?) throws -> [UInt8] {
        switch (text, file) {
        case (let text?, nil): return Array(text.utf8)
        case (nil, "-"): return try read(STDIN_FILENO, "standard input")
        case (nil, let file?):
            let descriptor = open(file, O_RDONLY)
            guard descriptor >= 0 else { throw CommandFailure("\(file) cannot be read: errno \(errno)") }
            defer { close(descriptor) }
            return try read(descriptor, file)
        default: throw ValidationError("give either --\(name) or --\(name)-file")
        }
    }

    /// The pattern of a text; a bad one ends the command with event-ruler's reason.
    static func pattern(_ text: [UInt8]) throws -> FilterPattern {
        do throws(PatternError) {
            return try FilterPattern(parsing: text)
        } catch {
            let place = error.position.map { " at byte \($0)" } ?? ""
            throw CommandFailure("invalid pattern: \(error)\(place)")
        }
    }

    private static func read(_ descriptor: Int32, _ name: String) throws -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunkBytes)
            if count == 0 { return content }
            guard count > 0 else { throw CommandFailure("\(name) cannot be read: errno \(errno)") }
            content += chunk[..<count]
        }
    }
}
