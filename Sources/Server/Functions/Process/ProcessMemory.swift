import Glibc

/// The memory of a process, as the kernel counts it.
enum ProcessMemory {
    private static let bytesMax = 8192

    /// The most that was in memory at one time, in MB, rounded up; nil when the process has gone.
    static func peakMegabytes(of process: pid_t) -> Int? {
        let descriptor = open("/proc/\(process)/status", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: bytesMax)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return nil }
        for line in buffer[..<count].split(separator: UInt8(ascii: "\n")) where line.starts(with: "VmHWM:".utf8) {
            let digits = line.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return Int(String(decoding: digits, as: UTF8.self)).map { ($0 + 1023) / 1024 }
        }
        return nil
    }
}
