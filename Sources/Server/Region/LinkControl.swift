import ChangeStream
import Partition
public import Replication

/// Names one direction between two regions.
public struct LinkName: Hashable, Sendable {
    public let from: RegionName
    public let to: RegionName

    public init(from: RegionName, to: RegionName) {
        self.from = from
        self.to = to
    }
}

/// One link, for people who look at lag or change how it treats what it carries.
public struct LinkReport: Sendable {
    public let name: LinkName
    public let settings: LinkSettings
    /// Whether changes move: the link runs and neither of its regions is isolated.
    public let isCarrying: Bool
    /// One for each global table that both regions hold.
    public let tables: [LinkStatus]
}

/// One link and table.
public struct LinkStatus: Sendable {
    public let from: RegionName
    public let to: RegionName
    public let table: String
    /// Who holds this table back; empty when it moves as the link does.
    public let pausedBy: [String]
    /// The longest that the link lets a change wait.
    public let delayMilliseconds: UInt64
    /// Records of the source's log that are not yet read.
    public let backlog: UInt64
    /// Changes applied since the process started.
    public let applied: UInt64
    /// Changes that were older than what the target held, since the process started.
    public let lost: UInt64
    /// Changes that were concurrent with a write of the receiving region, whichever won.
    public let conflicts: UInt64
    /// How long ago, by the source's clock, the oldest change was committed that has not arrived; 0 when all have.
    public let lagMilliseconds: UInt64
}

extension RegionSet {
    /// All links, by source and target in the order of the regions.
    public var linkReports: [LinkReport] { links.map { report(of: $0) } }

    /// Nil when there is no such link.
    public func linkReport(_ name: LinkName) -> LinkReport? {
        link(from: name.from, to: name.to).map { report(of: $0) }
    }

    /// How far each link has come with each global table.
    public var linkStatuses: [LinkStatus] { links.flatMap { statuses(of: $0) } }

    private func report(of link: Link) -> LinkReport {
        LinkReport(
            name: link.name, settings: link.settings, isCarrying: link.isCarrying, tables: statuses(of: link))
    }

    private func statuses(of link: Link) -> [LinkStatus] {
        link.target.catalogue.tables.compactMap { table in
            guard table.peers.contains(where: { $0.region == link.source.name }),
                let sourceTable = link.source.table(named: table.name)
            else { return nil }
            let position = link.position(of: table.number)
            // A link that has not begun stands where its target remembers.
            let cursor =
                position?.cursor ?? link.target.head(table.number)?.cursors[link.source.name] ?? LinkCursor(next: 1)
            let head = max(link.source.head(of: sourceTable)?.counters.nextSequence ?? 1, cursor.next)
            let now = link.source.nowMilliseconds
            let oldest = link.oldestWaitingMilliseconds(
                of: sourceTable, to: table.number, behind: cursor)
            return LinkStatus(
                from: link.source.name, to: link.target.name, table: table.name,
                pausedBy: link.settings.pausers(of: table.name),
                delayMilliseconds: link.settings.delay.longestMilliseconds,
                backlog: head - min(head, cursor.next + UInt64(cursor.ahead.count)),
                applied: position?.appliedChanges ?? 0, lost: position?.lostChanges ?? 0,
                conflicts: position?.conflicts ?? 0, lagMilliseconds: oldest.map { now - min(now, $0) } ?? 0)
        }
    }

    // MARK: Changes; not for event loops, they wait until the change has taken effect.

    /// Changes a link's settings until the process ends. Tells of a pause in the region that no longer receives.
    ///
    /// - Returns: false when there is no such link.
    public func changeLink(_ name: LinkName, _ body: (inout LinkSettings) -> Void) -> Bool {
        guard let link = link(from: name.from, to: name.to) else { return false }
        let (before, after) = link.change(body)
        link.settle()
        guard before.state != after.state else { return true }
        _ = link.target.perform(.emit(.link(from: name.from, to: name.to, state: after.state)))
        return true
    }

    /// Holds a table back on a link, or lets it move again as far as `pauser` goes, until the process ends. Tells of it in the region that
    /// receives.
    ///
    /// - Returns: false when there is no such link.
    public func setPaused(_ isPaused: Bool, table: String, on name: LinkName, by pauser: String) -> Bool {
        guard let link = link(from: name.from, to: name.to) else { return false }
        let pause = LinkSettings.TablePause(table: table, by: pauser)
        let (before, after) = link.change { settings in
            if isPaused { settings.tablePauses.insert(pause) } else { settings.tablePauses.remove(pause) }
        }
        link.settle()
        let (wasPaused, isPausedNow) = (!before.pausers(of: table).isEmpty, !after.pausers(of: table).isEmpty)
        guard wasPaused != isPausedNow else { return true }
        let event = ControlEvent.link(
            from: name.from, to: name.to, state: isPausedNow ? .paused : .running, table: table, by: pauser)
        _ = link.target.perform(.emit(event))
        return true
    }

    /// Holds a table of a region back on all links from and to it, or lets it move again as far as `pauser` goes.
    public func setPaused(_ isPaused: Bool, table: String, to region: RegionName, by pauser: String) {
        for link in links where link.source.name == region || link.target.name == region {
            _ = setPaused(isPaused, table: table, on: link.name, by: pauser)
        }
    }

    /// Takes a region off all its links, or back, until the process ends; its clients go on. Tells of it in that region.
    ///
    /// - Returns: false when there is no such region.
    public func setIsolated(_ isIsolated: Bool, _ name: RegionName) -> Bool {
        guard let region = region(name) else { return false }
        guard region.setIsolated(isIsolated) else { return true }
        for link in links where link.source === region || link.target === region { link.settle() }
        _ = region.perform(.emit(.region(name, isIsolated: isIsolated)))
        return true
    }
}
