/// Lambda's own lines around what a function prints (reference 7).
struct InvocationReport {
    let requestID: String
    let duration: Duration
    let memoryMegabytes: Int
    /// Nil when the process has gone.
    let peakMemoryMegabytes: Int?
    /// What ended the invocation, if the function did not.
    let note: String?

    /// The last `bytesMax` bytes of all lines.
    func logTail(printed: [UInt8], bytesMax: Int) -> [UInt8] {
        var log = Array("START RequestId: \(requestID) Version: $LATEST\n".utf8)
        log.append(contentsOf: printed)
        if let note { log.append(contentsOf: "\(requestID) \(note)\n".utf8) }
        log.append(contentsOf: "END RequestId: \(requestID)\n\(reportLine)\n".utf8)
        return Array(log.suffix(bytesMax))
    }

    private var reportLine: String {
        let microseconds = Int(duration / .microseconds(1))
        let hundredths = (microseconds + 5) / 10
        let rest = hundredths % 100
        let fields = [
            "Duration: \(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) ms",
            "Billed Duration: \((microseconds + 999) / 1000) ms",
            "Memory Size: \(memoryMegabytes) MB",
            "Max Memory Used: \(peakMemoryMegabytes ?? 0) MB",
        ]
        return "REPORT RequestId: \(requestID)\t" + fields.joined(separator: "\t")
    }
}
