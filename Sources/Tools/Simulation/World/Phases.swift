import ChangeStream
import KeyValueStore
import Partition
import Replication

/// How a run begins, and how it comes to rest.
extension Simulation {
    private static let checkMilliseconds: UInt64 = 500

    func setUp() throws(StoreError) {
        for source in regions {
            for target in regions where target !== source {
                links.append(
                    SimulatedLink(index: links.count, source: source, target: target, settings: LinkSettings()))
            }
        }
        steady = regions.map { _ in (Self.start, Self.start) }
        plannedHandlers = regions.map { _ in nil }
        for region in regions {
            if options.skewMillisecondsMax > 0 {
                let skew = Int64(random.upTo(Int(options.skewMillisecondsMax)))
                region.clockOffsetMilliseconds = random.isTrue(percent: 50) ? skew : -skew
            }
            try createTables(in: region)
            try beginReading(in: region)
            plan(.sweeps(region.index), in: random.upTo(1000))
            if options.mappingsPerRegion > 0 { plan(.handlersPoll(region.index), in: random.upTo(1000)) }
            plan(.keepsHouse(region.index), in: random.upTo(4000))
        }
        for link in links { plan(.linkPolls(link.index), in: random.upTo(100)) }
        let slots = Workload.tables.count * options.keysCount
        for index in 0..<options.clientsCount {
            clients.append(SimulatedClient(index: index, region: index % regions.count, slots: slots))
            plan(.clientActs(index), in: random.upTo(10))
        }
        if options.faultMilliseconds > 0 { plan(.faultComes, in: random.upTo(Int(options.faultMilliseconds))) }
        if options.changesReplicas { plan(.replicasChange, in: 500 + random.upTo(3000)) }
    }

    private func createTables(in region: SimulatedRegion) throws(StoreError) {
        let peers = regions.map(\.name).filter { $0 != region.name }
        var commands: [Command] = []
        for (index, name) in Workload.tables.enumerated() {
            let number = TableDefinition.Number(index + 1)
            let definition = Workload.definition(
                name, number: number, in: region.name, peers: peers, hasTimeToLive: options.hasTimeToLive,
                nowMilliseconds: wallMilliseconds(region))
            commands.append(.changeCatalogue(.create(definition)))
            commands.append(.changeCatalogue(.enableStream(number, .newAndOldImages)))
            for peer in peers {
                commands.append(.changeCatalogue(.setCursor(number, peer: peer, LinkCursor(next: 1))))
            }
        }
        var group = WriteGroup(reading: region.store)
        for command in commands {
            _ = try region.engine.apply(command, wallMilliseconds: wallMilliseconds(region), group: &group)
        }
        _ = region.engine.finish(&group)
        try region.store.commit(group.batch, durability: .synced)
        auditor.learnTables(of: region.engine)
        try auditor.committed(
            group.batch, in: region.index, wallMilliseconds: wallMilliseconds(region), isSynced: true)
        region.publish(group.batch)
    }

    // MARK: Coming to rest

    /// Repairs everything and waits until nothing is under way any more; then compares what all regions hold.
    func heal() throws(StoreError) {
        guard auditor.violations.count < Self.violationsMax else { return }
        note("healing")
        isHealing = true
        endAllFaults()
        for region in regions where region.hasFailed { try end(.failedRegion(region.index)) }
        let began = nowMilliseconds
        var reason: String? = "nothing was looked at"
        while reason != nil, nowMilliseconds < began + Self.healingMillisecondsMax {
            let until = nowMilliseconds + Self.checkMilliseconds
            while nowMilliseconds < until { guard try step() else { return } }
            reason = try restlessness()
        }
        if let reason {
            return auditor.violate(
                "I20", "\(Self.healingMillisecondsMax / 1000) s after the faults were over, \(reason)")
        }
        note("at rest")
        try auditor.checkConvergence(of: regions)
    }

    /// What is still under way; nil when nothing is.
    private func restlessness() throws(StoreError) -> String? {
        for region in regions {
            if !region.isServing { return "\(region.name) does not serve" }
            if !region.mailbox.isEmpty || region.inFlight != nil { return "\(region.name) has commands queued" }
            if region.engine.arrivals.count > 0 { return "transactions are half visible in \(region.name)" }
            for table in region.catalogue where table.servesItems {
                let expired = try StorageKeys.expiredItems(
                    of: table, atMilliseconds: wallMilliseconds(region), limit: 1, reading: region.store)
                if !expired.isEmpty { return "\(region.name) holds expired items" }
            }
            for mapping in region.mappings {
                if let reason = auditor.backlog(of: mapping, in: region.index) { return reason }
            }
        }
        if jobs.current != nil || jobs.mustResume { return "a replica is still coming or going" }
        for link in links {
            for table in link.target.catalogue where table.peers.contains(where: { $0.region == link.source.name }) {
                guard let source = link.source.table(table.name),
                    let head = link.source.published.tables[source.number]?.counters.nextSequence
                else { return "\(link.source.name) has no \(table.name)" }
                guard let position = link.positions[table.number], position.cursor.next >= head else {
                    return "the link from \(link.source.name) to \(link.target.name) is behind with \(table.name)"
                }
            }
        }
        return nil
    }

    func report() -> SimulationReport {
        var digest = trace
        for region in regions { digest.add(region.digest) }
        return SimulationReport(
            seed: options.seed, statistics: statistics, violations: auditor.violations,
            milliseconds: nowMilliseconds - Self.start, digest: digest.hash)
    }
}

extension SimulatedRegion {
    /// Over everything that the region stores.
    var digest: UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for space in Space.allCases {
            store.scan(KeyRange(lower: [], upper: nil), in: space, reverse: false) { key, value in
                for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
                for byte in value { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
                return .next
            }
        }
        return hash
    }
}
