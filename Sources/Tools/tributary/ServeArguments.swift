import ArgumentParser
import Glibc
import Region
import Replication

extension Serve {
    /// Regions that one process holds at the most.
    static let regionsMax = 32
    /// The longest delay of a link, in milliseconds: one day.
    static let linkDelayMillisecondsMax: UInt64 = 24 * 60 * 60 * 1000

    func regionNames() throws -> [RegionName] {
        var names: [RegionName] = []
        for part in regions.split(separator: ",", omittingEmptySubsequences: false) {
            guard let name = RegionName(String(part)) else {
                throw ValidationError("--regions: '\(part)' is not a region name such as eu-west-1")
            }
            if names.contains(name) { throw ValidationError("--regions: \(name) is named twice") }
            names.append(name)
        }
        guard names.count <= Self.regionsMax else {
            throw ValidationError("--regions: at most \(Self.regionsMax) regions in one process")
        }
        return names
    }

    func linkDelaysMilliseconds() throws -> [LinkName: UInt64] {
        let names = try regionNames()
        var delays: [LinkName: UInt64] = [:]
        for link in links {
            let sides = link.split(separator: "=", omittingEmptySubsequences: false)
            let ends = sides[0].split(separator: ":", omittingEmptySubsequences: false)
            guard sides.count == 2, ends.count == 2, let delay = Self.milliseconds(String(sides[1])) else {
                throw ValidationError("--link: '\(link)' is not of the form us-east-1:eu-west-1=200ms")
            }
            let regions = ends.compactMap { end in names.first { $0.name == end } }
            guard regions.count == 2 else {
                throw ValidationError("--link: '\(link)' names a region that is not among \(names)")
            }
            guard regions[0] != regions[1] else {
                throw ValidationError("--link: '\(link)' leads from a region to itself")
            }
            delays[LinkName(from: regions[0], to: regions[1])] = delay
        }
        return delays
    }

    /// Reads `200ms`, `1.5s` or `2m`; nil for other texts, negative ones and those over a day.
    static func milliseconds(_ text: String) -> UInt64? {
        for (unit, factor) in [("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)] where text.hasSuffix(unit) {
            guard let value = Double(text.dropLast(unit.count)), value >= 0,
                value * factor <= Double(linkDelayMillisecondsMax)
            else { return nil }
            return UInt64(value * factor)
        }
        return nil
    }
}

/// Ends the command with one line on stderr and exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Lines must be seen at once by programs that wait for them, also through a pipe.
func flushStandardOutput() {
    fflush(nil)
}
