/// Where two texts differ, line by line, as `diff -u` shows it.
public struct GoldenDifference: Sendable {
    /// Equal lines around a difference that are shown.
    private static let contextLines = 2
    /// Beyond so many lines that are not common at the ends, only the first difference is shown.
    private static let comparedLinesMax = 4000

    private struct Line {
        let mark: Character
        let text: Substring
        /// Its number in the golden file, or where it would be.
        let number: Int
    }

    private let lines: [Line]
    private let isCut: Bool

    /// Nil when they are equal.
    public init?(golden: String, output: String) {
        guard golden != output else { return nil }
        let old = golden.split(separator: "\n", omittingEmptySubsequences: false)
        let new = output.split(separator: "\n", omittingEmptySubsequences: false)
        let start = zip(old, new).prefix { $0 == $1 }.count
        let end = zip(old[start...].reversed(), new[start...].reversed()).prefix { $0 == $1 }.count
        isCut = max(old.count, new.count) - start - end > Self.comparedLinesMax
        let oldRange = start..<(isCut ? min(old.count, start + Self.contextLines) : old.count - end)
        let newRange = start..<(isCut ? min(new.count, start + Self.contextLines) : new.count - end)
        lines = Self.lines(old, oldRange, new, newRange)
    }

    private static func lines(
        _ old: [Substring], _ oldRange: Range<Int>, _ new: [Substring], _ newRange: Range<Int>
    ) -> [Line] {
        let difference = new[newRange].difference(from: old[oldRange])
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in difference {
            switch change {
            case .remove(let offset, _, _): removed.insert(oldRange.lowerBound + offset)
            case .insert(let offset, _, _): inserted.insert(newRange.lowerBound + offset)
            }
        }
        var lines = old[max(0, oldRange.lowerBound - contextLines)..<oldRange.lowerBound].indices.map {
            Line(mark: " ", text: old[$0], number: $0 + 1)
        }
        var (left, right) = (oldRange.lowerBound, newRange.lowerBound)
        while left < oldRange.upperBound || right < newRange.upperBound {
            if left < oldRange.upperBound, removed.contains(left) {
                lines.append(Line(mark: "-", text: old[left], number: left + 1))
                left += 1
            } else if right < newRange.upperBound, inserted.contains(right) {
                lines.append(Line(mark: "+", text: new[right], number: left + 1))
                right += 1
            } else {
                lines.append(Line(mark: " ", text: old[left], number: left + 1))
                left += 1
                right += 1
            }
        }
        return lines
            + old[oldRange.upperBound..<min(old.count, oldRange.upperBound + contextLines)].indices.map {
                Line(mark: " ", text: old[$0], number: $0 + 1)
            }
    }

    /// `-` stands before what only the golden file has, `+` before what only the output has.
    public func text(golden: String, output: String) -> String {
        var text = "--- \(golden)\n+++ \(output)\n"
        var previous: Int?
        for (index, line) in lines.enumerated() where isShown(index) {
            if previous != index - 1 { text += "@@ line \(line.number) @@\n" }
            text += "\(line.mark)\(line.text)\n"
            previous = index
        }
        return isCut ? text + "… and more: the rest is not compared\n" : text
    }

    private func isShown(_ index: Int) -> Bool {
        let near = max(0, index - Self.contextLines)...min(lines.count - 1, index + Self.contextLines)
        return lines[near].contains { $0.mark != " " }
    }
}
