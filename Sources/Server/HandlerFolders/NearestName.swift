/// Finds what somebody meant who wrote a name that there is not.
enum NearestName {
    /// The name that is nearest, when it is near enough to be meant.
    static func find(_ text: String, in names: [String]) -> String? {
        let wanted = Array(text.lowercased())
        let distances = names.map { (name: $0, distance: distance(wanted, Array($0.lowercased()))) }
        guard let nearest = distances.min(by: { $0.distance < $1.distance }) else { return nil }
        return nearest.distance <= max(1, nearest.name.count / 3) ? nearest.name : nil
    }

    /// How many characters must be inserted, removed or replaced.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let replaced = diagonal + (character == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
