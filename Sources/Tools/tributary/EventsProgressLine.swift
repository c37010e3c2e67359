import Dispatch

/// One line on a terminal that says how a long catch-up is getting on.
struct EventsProgressLine {
    /// A catch-up that is over earlier needs no line.
    static let patienceMilliseconds: UInt64 = 1000
    static let intervalMilliseconds: UInt64 = 250

    private let noun: String
    private let output: EventsOutput
    /// Since when there has been a backlog, and how large it was; nil when there is none.
    private var start: (milliseconds: UInt64, backlog: Int)?
    private var backlog = 0
    private var shownCount = 0
    private var isDrawn = false
    /// It made room for output and comes back at once.
    private var isHidden = false
    private var drawnMilliseconds: UInt64 = 0

    init(noun: String, _ output: EventsOutput) {
        self.noun = noun
        self.output = output
    }

    /// An entry was shown.
    mutating func count() {
        shownCount += 1
        if backlog > 0 { backlog -= 1 }
    }

    /// The server said what is still to come.
    mutating func setBacklog(_ count: Int) {
        backlog = count
        if count == 0 {
            start = nil
            clear()
        } else if start == nil {
            start = (Self.now, count)
        }
    }

    /// Draws the line if it is time.
    mutating func draw() {
        let now = Self.now
        guard output.hasProgress, let start, now >= start.milliseconds + Self.patienceMilliseconds,
            isHidden || now >= drawnMilliseconds + Self.intervalMilliseconds
        else { return }
        isHidden = false
        isDrawn = true
        drawnMilliseconds = now
        output.showProgress(text(atMilliseconds: now - start.milliseconds, of: start.backlog))
    }

    mutating func clear() {
        guard isDrawn else { return }
        isDrawn = false
        output.showProgress("")
    }

    /// Makes room for output on the same terminal.
    mutating func makeRoom() {
        guard isDrawn, output.isTerminal else { return }
        clear()
        isHidden = true
    }

    private func text(atMilliseconds elapsed: UInt64, of first: Int) -> String {
        let perSecond = max(0, first - backlog) * 1000 / Int(max(1, elapsed))
        return "\(shownCount) \(noun) so far, \(perSecond) per second, \(backlog) remaining"
    }

    private static var now: UInt64 { DispatchTime.now().uptimeNanoseconds / 1_000_000 }
}
