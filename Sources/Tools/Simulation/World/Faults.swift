import KeyValueStore
import Replication

/// A fault that lasts for a while.
enum EndingFault {
    case disk(Int)
    case link(Int)
    case isolation(Int)
    case slowHandlers
    /// A region whose commit failed is started again.
    case failedRegion(Int)
}

/// What goes wrong, drawn from the seed.
extension Simulation {
    func drawFault() throws(StoreError) {
        guard !isHealing, !options.faults.isEmpty else { return }
        plan(.faultComes, in: options.faultMilliseconds / 2 + random.upTo(Int(options.faultMilliseconds)))
        let region = regions[random.below(regions.count)]
        let link = links[random.below(links.count)]
        let fault = random.pick(options.faults)
        note("fault: \(fault.rawValue) (\(region.name), or the link from \(link.source.name) to \(link.target.name))")
        switch fault {
        case .kill: try crashProcess(of: region, losesPower: false)
        case .powerFailure: try crashProcess(of: region, losesPower: true)
        case .failedSync: region.store.set(.failedSync(isKept: random.isTrue(percent: 70)))
        case .diskFull:
            region.store.set(.diskFull)
            plan(.faultEnds(.disk(region.index)), in: 100 + random.upTo(5000))
        case .linkCut, .linkDelay, .linkReordering: disturb(link, by: fault)
        case .isolation:
            region.isIsolated = true
            statistics.linkFaults += 1
            plan(.faultEnds(.isolation(region.index)), in: 200 + random.upTo(random.pick([500, 5000, 30_000])))
        case .clockJump: jump(region)
        case .slowHandlers:
            areHandlersSlow = true
            plan(.faultEnds(.slowHandlers), in: 500 + random.upTo(10_000))
        case .longPause:
            // Everything that is planned comes late, as after the sleep of a machine.
            nowMilliseconds += UInt64(random.pick([60_000, 3_600_000, 5 * 3_600_000, 25 * 3_600_000]))
        }
    }

    private func crashProcess(of region: SimulatedRegion, losesPower: Bool) throws(StoreError) {
        for other in regions where options.sharesProcess || other === region {
            try crash(other, losesPower: losesPower)
        }
    }

    private func disturb(_ link: SimulatedLink, by fault: SimulationOptions.Fault) {
        statistics.linkFaults += 1
        link.settings.seed = random.next()
        switch fault {
        case .linkCut: link.settings.state = random.isTrue(percent: 50) ? .cut : .paused
        case .linkDelay:
            link.settings.delay = random.pick([
                .fixed(milliseconds: 200), .uniform(lowest: 0, highest: 400), .normal(mean: 100, deviation: 60),
                .uniform(lowest: 0, highest: 3000),
            ])
        default:
            link.settings.reorders = true
            link.settings.delay = .uniform(lowest: 0, highest: random.pick([10, 100, 1000]))
        }
        plan(.faultEnds(.link(link.index)), in: 200 + random.upTo(random.pick([1000, 5000, 20_000])))
    }

    private func jump(_ region: SimulatedRegion) {
        statistics.clockJumps += 1
        let magnitude = Int64(random.pick([1, 5, 400, 700, 60_000, 3_600_000]))
        region.clockOffsetMilliseconds += random.isTrue(percent: 50) ? magnitude : -magnitude
        note("\(region.name): its clock is off by \(region.clockOffsetMilliseconds) ms")
    }

    func end(_ fault: EndingFault) throws(StoreError) {
        switch fault {
        case .disk(let index): regions[index].store.set(nil)
        case .link(let index):
            links[index].settings = LinkSettings()
            wake(links[index])
        case .isolation(let index):
            regions[index].isIsolated = false
            for link in links { wake(link) }
        case .slowHandlers: areHandlersSlow = false
        case .failedRegion(let index):
            guard regions[index].hasFailed else { return }
            try crashProcess(of: regions[index], losesPower: false)
        }
    }

    /// Everything that is broken is repaired.
    func endAllFaults() {
        areHandlersSlow = false
        for region in regions {
            region.store.set(nil)
            region.isIsolated = false
            region.clockOffsetMilliseconds = 0
        }
        for link in links {
            link.settings = LinkSettings()
            wake(link)
        }
    }
}
