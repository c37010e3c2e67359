import Foundation
import Glibc

/// Where a command that follows something writes: lines to standard output, everything else to standard error.
struct EventsOutput {
    enum Style: String {
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
    }

    /// Whether standard output is a terminal.
    let isTerminal: Bool
    /// Whether it shows colours, and its user wants them (no-color.org).
    let hasColours: Bool
    /// Whether standard error is a terminal: the place for a line that changes.
    let hasProgress: Bool

    init() {
        let environment = ProcessInfo.processInfo.environment
        let isDumb = environment["TERM"] == "dumb"
        isTerminal = isatty(STDOUT_FILENO) == 1
        hasColours = isTerminal && !isDumb && (environment["NO_COLOR"] ?? "").isEmpty
        hasProgress = isatty(STDERR_FILENO) == 1 && !isDumb
    }

    func paint(_ text: String, _ style: Style) -> String {
        hasColours ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes whole lines, to be seen at once. Ends the process when nobody reads them any more, as in `| head`.
    func write(_ lines: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(lines.utf8))
        } catch {
            exit(0)
        }
    }

    func note(_ text: String) {
        FileHandle.standardError.write(Data("tributary: \(text)\n".utf8))
    }

    /// Replaces the line that changes; an empty text removes it.
    func showProgress(_ text: String) {
        FileHandle.standardError.write(Data("\r\(text)\u{1B}[K".utf8))
    }

    /// Ctrl-C is how one stops to follow: it ends the process at once, with success.
    func endQuietlyWhenInterrupted() {
        for number in [SIGINT, SIGTERM] {
            if hasProgress {
                signal(number) { _ in
                    _ = Glibc.write(STDERR_FILENO, "\r\u{1B}[K", 4)
                    _exit(0)
                }
            } else {
                signal(number) { _ in _exit(0) }
            }
        }
    }
}
