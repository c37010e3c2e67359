import Glibc

/// Ends what a handler's process has left behind: its process group, its session, and those that took themselves out of both but still
/// have its environment.
///
/// Called while the process itself is a zombie: until it is reaped, its number belongs to nothing else.
struct ProcessSweep {
    let leader: pid_t
    /// An entry of the environment, `name=value`, that no other process has.
    let mark: String

    /// New processes may be made while one looks.
    private static let roundsMax = 3
    private static let environmentBytesMax = 256 * 1024

    func run() {
        kill(-leader, SIGKILL)
        for _ in 0..<Self.roundsMax {
            let left = FileTree.names(in: "/proc").compactMap { pid_t($0) }.filter { $0 != leader && isOurs($0) }
            if left.isEmpty { return }
            for process in left { kill(process, SIGKILL) }
        }
    }

    private func isOurs(_ process: pid_t) -> Bool {
        guard let status = Self.contents("/proc/\(process)/stat", bytesMax: 4096) else { return false }
        let fields = ProcessStatus(status)
        guard let fields, !fields.isZombie else { return false }
        if fields.session == leader { return true }
        guard let environment = Self.contents("/proc/\(process)/environ", bytesMax: Self.environmentBytesMax) else {
            return false
        }
        return environment.split(separator: 0).contains { $0.elementsEqual(mark.utf8) }
    }

    private static func contents(_ path: String, bytesMax: Int) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while contents.count < bytesMax {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            contents.append(contentsOf: buffer[..<count])
        }
        return contents
    }
}

/// A line of `/proc/<process>/stat`.
struct ProcessStatus {
    let isZombie: Bool
    let session: pid_t

    /// The fields after the command's name, which is in parentheses and may hold anything: state, parent, group, session.
    init?(_ line: [UInt8]) {
        guard let end = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 3, let session = pid_t(String(decoding: fields[3], as: UTF8.self)) else { return nil }
        self.session = session
        isZombie = fields[0].first == UInt8(ascii: "Z")
    }
}
