import Capacity
import Logging
import Partition
import Region
import WireProtocol

/// The thread that lets provisioned capacity follow its use.
final class CapacityScaling: Sendable {
    /// How often the use is looked at, in milliseconds.
    private static let intervalMilliseconds = 1000

    private let regions: RegionSet
    private let controlPlane: ControlPlane
    private let logger: Logger
    private let wakeUp = Signal()
    private let isStopping = StopFlag()
    private let thread = OwnedThread()

    init(_ regions: RegionSet, _ controlPlane: ControlPlane, logger: Logger) {
        self.regions = regions
        self.controlPlane = controlPlane
        self.logger = logger
    }

    func start() {
        thread.start(named: "capacity") { [self] in
            var scaler = CapacityScaler()
            while true {
                wakeUp.wait(milliseconds: Self.intervalMilliseconds)
                if isStopping.isSet { break }
                let changes = scaler.look(at: regions.regions)
                if !changes.isEmpty { controlPlane.submit { [self] in changes.forEach(perform) } }
            }
        }
    }

    /// Changes nothing more when it returns.
    func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
    }

    /// On the control plane's queue, against the tables as they are then.
    private func perform(_ change: CapacityScaler.Change) {
        guard let region = regions.region(change.table.region),
            let table = region.catalogue.table(named: change.table.name), table.number == change.table.number,
            table.status == .active
        else { return }
        do throws(WireError) {
            let edit = try ScaledThroughput.edit(
                of: table, change.capacity, units: change.units, nowMilliseconds: region.wallClock.milliseconds)
            controlPlane.edit(table) { edit.apply(to: &$0) }
            logger.notice(
                "provisioned capacity follows its use",
                metadata: [
                    "region": "\(table.region)", "table": "\(table.name)", "index": "\(change.capacity.index ?? "")",
                    "access": "\(change.capacity.access.rawValue)", "units": "\(change.units)",
                ])
            guard change.capacity.access == .write, !table.isLegacyGlobal,
                let shared = edit.forPeers(before: table)
            else { return }
            for peer in table.peers {
                guard let replica = regions.region(peer.region)?.catalogue.table(named: table.name) else { continue }
                controlPlane.edit(replica) { shared.apply(to: &$0) }
            }
        } catch {
            // Too many decreases today: the next look tries again.
            logger.debug("capacity stays as it is", metadata: ["reason": "\(error.message ?? "")"])
        }
    }
}
