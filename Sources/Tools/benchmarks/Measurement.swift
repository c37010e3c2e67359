import Glibc

/// Nanoseconds of the monotonic clock.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Latencies of one run.
struct Latencies: Sendable {
    private(set) var nanoseconds: [UInt64] = []

    var count: Int { nanoseconds.count }

    mutating func add(_ value: UInt64) {
        nanoseconds.append(value)
    }

    mutating func add(_ other: Latencies) {
        nanoseconds.append(contentsOf: other.nanoseconds)
    }

    /// The value that this share of all latencies does not exceed, in milliseconds, as text.
    func percentile(_ share: Double) -> String {
        guard !nanoseconds.isEmpty else { return "-" }
        let sorted = nanoseconds.sorted()
        let index = min(sorted.count - 1, Int(Double(sorted.count) * share))
        return fixed(Double(sorted[index]) / 1e6, 3) + " ms"
    }
}

/// User and system time that a process has used, in microseconds.
func processorMicroseconds(of process: pid_t) throws(BenchmarkFailure) -> Double {
    guard let file = fopen("/proc/\(process)/stat", "r") else {
        throw BenchmarkFailure("process \(process) is gone")
    }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    guard fgets(&line, Int32(line.count), file) != nil else {
        throw BenchmarkFailure("/proc/\(process)/stat cannot be read")
    }
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The name, in parentheses, may hold blanks; utime and stime are the 12th and 13th fields behind it.
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
        throw BenchmarkFailure("/proc/\(process)/stat has an unknown form")
    }
    return (user + system) * 1e6 / Double(sysconf(Int32(_SC_CLK_TCK)))
}

/// The value with so many digits behind the point.
func fixed(_ value: Double, _ digits: Int) -> String {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let rounded = (value * scale).rounded() / scale
    let text = rounded.description
    guard digits > 0 else { return String(Int(rounded)) }
    let fraction = text.split(separator: ".").last.map(\.count) ?? 0
    return text + String(repeating: "0", count: max(0, digits - fraction))
}
