import ArgumentParser
import Glibc
import Region
import Replication

extension Serve {
    /// Regions that one process holds at the most.
    static let regionsMax = 32

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

    /// The links that are named, as they begin.
    func linkSettings() throws -> [LinkName: LinkSettings] {
        let names = try regionNames()
        let all = names + (try kafka.remoteRegions(names))
        var settings: [LinkName: LinkSettings] = [:]
        for link in links {
            let sides = link.split(separator: "=", omittingEmptySubsequences: false)
            let ends = sides[0].split(separator: ":", omittingEmptySubsequences: false)
            guard sides.count == 2, ends.count == 2 else {
                throw ValidationError("--link: '\(link)' is not of the form us-east-1:eu-west-1=200ms")
            }
            let regions = ends.compactMap { end in all.first { $0.name == end } }
            guard regions.count == 2 else {
                throw ValidationError("--link: '\(link)' names a region that is not among \(all)")
            }
            guard names.contains(regions[1]) else {
                throw ValidationError(
                    "--link: '\(link)' leads to a region of another process; links are set where they end")
            }
            guard regions[0] != regions[1] else {
                throw ValidationError("--link: '\(link)' leads from a region to itself")
            }
            let name = LinkName(from: regions[0], to: regions[1])
            try Self.apply(String(sides[1]), of: link, to: &settings[name, default: LinkSettings(seed: seed)])
        }
        return settings
    }

    private static func apply(_ text: String, of link: String, to settings: inout LinkSettings) throws {
        if let state = LinkSettings.State(rawValue: text) {
            settings.state = state
        } else if text == "reorder" {
            settings.reorders = true
        } else if let delay = LinkDelay(text) {
            settings.delay = delay
        } else {
            throw ValidationError("--link: '\(link)' must end in \(LinkDelay.form), or paused, cut or reorder")
        }
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
