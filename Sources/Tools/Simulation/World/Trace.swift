/// What happened, as a running hash, so that two runs can be compared, and as lines for those who want to read them.
struct Trace {
    private let show: ((String) -> Void)?
    /// FNV-1a.
    private(set) var hash: UInt64 = 0xCBF2_9CE4_8422_2325

    init(show: ((String) -> Void)?) {
        self.show = show
    }

    mutating func add(_ number: UInt64) {
        hash = (hash ^ number) &* 0x100_0000_01B3
    }

    mutating func note(_ milliseconds: UInt64, _ text: () -> String) {
        add(milliseconds)
        guard let show else { return }
        let fraction = String(milliseconds % 1000)
        show("\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.utf8.count))\(fraction) s  \(text())")
    }
}
