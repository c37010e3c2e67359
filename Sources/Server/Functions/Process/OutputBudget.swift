/// How fast a process's output is read, so that one that prints without end cannot fill the log's disk or keep a core busy.
struct OutputBudget {
    private let bytesPerSecond: Int
    private let linesPerSecond: Int
    /// Up to when the output that was read would have taken at the allowed speed.
    private var paidUntilMilliseconds: UInt64 = 0

    /// What may be read at once, as time.
    static let burstMilliseconds: UInt64 = 100

    init(_ limits: FunctionLimits) {
        bytesPerSecond = max(1, limits.outputBytesPerSecond)
        linesPerSecond = max(1, limits.outputLinesPerSecond)
    }

    mutating func charge(_ reading: ProcessOutput.Reading, atMilliseconds now: UInt64) {
        let cost = max(reading.bytes * 1000 / bytesPerSecond, reading.lines * 1000 / linesPerSecond)
        paidUntilMilliseconds = max(paidUntilMilliseconds, now) + UInt64(cost)
    }

    /// How long not to read.
    func pauseMilliseconds(at now: UInt64) -> Int {
        paidUntilMilliseconds > now + Self.burstMilliseconds
            ? Int(paidUntilMilliseconds - now - Self.burstMilliseconds) : 0
    }
}
