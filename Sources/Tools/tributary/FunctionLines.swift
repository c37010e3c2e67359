import Foundation
import Functions

extension FunctionLog {
    /// Lines of handlers for people: `[audit-log 1f6c9b2e-…] the line`, with the request's id.
    static let standardOutput = FunctionLog { line in
        let request = line.requestID.map { " " + $0 } ?? ""
        print("[\(line.function)\(request)] \(line.text)")
        flushStandardOutput()
    }

    /// The same beside a command's own output.
    static let standardError = FunctionLog { line in
        FileHandle.standardError.write(Data("[\(line.function)] \(line.text)\n".utf8))
    }
}
