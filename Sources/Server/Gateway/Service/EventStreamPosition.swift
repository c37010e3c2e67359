/// Where a reader of control events stands: in each of its regions, behind the event with this number.
///
/// As text it is the `id` of a server-sent event: the number for one region, `us-east-1:12,eu-west-1:7` for several.
struct EventStreamPosition: Sendable {
    /// For each region that the reader reads, in the order of the regions.
    var after: [UInt64]

    static func text(of after: [UInt64], in regions: [String]) -> String {
        if regions.count == 1, let number = after.first { return String(number) }
        return zip(regions, after).map { "\($0):\($1)" }.joined(separator: ",")
    }

    /// Behind no event.
    init(beginningOf regions: [String]) {
        after = Array(repeating: 0, count: regions.count)
    }

    /// Nil for what `text` does not write for these regions. Regions that are not named are read from their beginning.
    init?(_ text: String, in regions: [String]) {
        self.init(beginningOf: regions)
        if regions.count == 1, let number = UInt64(text), number < .max {
            after = [number]
            return
        }
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: ":", omittingEmptySubsequences: false)
            guard sides.count == 2, let index = regions.firstIndex(of: String(sides[0])),
                let number = UInt64(sides[1]), number < .max
            else { return nil }
            after[index] = number
        }
    }
}
