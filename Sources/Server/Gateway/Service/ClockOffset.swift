import Region

/// How far a region's clock is moved, as people write it: `1h`, `-30m`, `1d12h`, `1.5s`, `250ms`, `0`.
struct ClockOffset: Equatable {
    let milliseconds: Int64

    /// The larger ones first, as they follow each other in a text.
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Nil when the text is none, or names more than `MovableClock.offsetMillisecondsMax`.
    init?(_ text: String) {
        var rest = text[...]
        let sign = rest.first.flatMap { "+-".contains($0) ? $0 : nil }
        if sign != nil { rest.removeFirst() }
        guard rest != "0" else {
            milliseconds = 0
            return
        }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let value = Double(number), let unit = Self.units.first(where: { $0.name == name }) else {
                return nil
            }
            total += value * Double(unit.milliseconds)
        }
        guard total <= Double(MovableClock.offsetMillisecondsMax) else { return nil }
        milliseconds = Int64(total.rounded()) * (sign == "-" ? -1 : 1)
    }

    /// A text that reads back as the same offset.
    var text: String {
        guard milliseconds != 0 else { return "0" }
        var rest = Int64(milliseconds.magnitude)
        var text = milliseconds < 0 ? "-" : ""
        for unit in Self.units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}
