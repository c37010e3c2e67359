import Glibc

/// A pipe that no other process inherits. Reading never waits; writing does.
struct Pipe: Sendable {
    let readEnd: CInt
    let writeEnd: CInt

    init() throws(ProcessFailure) {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("no pipe", errno) }
        (readEnd, writeEnd) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
    }

    func close() {
        Glibc.close(readEnd)
        Glibc.close(writeEnd)
    }
}

/// What the system refused while a process was started.
enum ProcessFailure: Error {
    case system(String, CInt)

    var text: String {
        switch self {
        case .system(let what, let number): "\(what): \(String(cString: strerror(number)))"
        }
    }
}
