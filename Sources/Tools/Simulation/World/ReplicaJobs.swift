import AttributeModel
import KeyValueStore
import Partition
import Replication

/// Replicas that come and go, one at a time, in the steps of `ReplicaLifecycle`: a crash aborts the job, and it is taken up again.
struct ReplicaJobs {
    /// The job under way.
    var current: Job?
    /// Whether a crash may have left a job undone.
    var mustResume = false
    var isPlanned = false
    private(set) var runsCount = 0

    struct Job {
        let run: Int
        let table: String
        let target: Int
        var phase: Phase
    }

    enum Phase {
        /// A command is under way.
        case busy
        case filling(source: Int, number: TableDefinition.Number, states: [(key: EncodedKey, state: StoredItem)])
        /// Waits until these links have read so far, then does what follows.
        case waiting([Wait], isRemoval: Bool)
    }

    struct Wait {
        let link: Int
        let sourceNumber: TableDefinition.Number
        let head: UInt64
    }

    mutating func begin(_ table: String, _ target: Int) -> Int {
        runsCount += 1
        current = Job(run: runsCount, table: table, target: target, phase: .busy)
        return runsCount
    }

    mutating func abort(touching region: Int) {
        guard current != nil else { return }
        current = nil
        mustResume = true
    }
}

extension Simulation {
    private typealias Step = (region: SimulatedRegion, command: () -> Command?)
    private static let statesPerChunkMax = 3
    private static let jobPollMilliseconds: UInt64 = 20

    func changeReplicas() throws(StoreError) {
        guard options.changesReplicas, !isHealing else { return }
        plan(.replicasChange, in: 300 + random.upTo(3000))
        let tableName = random.pick(Workload.tables)
        guard jobs.current == nil, !jobs.mustResume, regions.allSatisfy(\.isServing) else { return }
        let members = regions.filter { $0.table(tableName) != nil }
        if let absent = regions.first(where: { $0.table(tableName) == nil }) {
            add(tableName, in: absent, from: members[random.below(members.count)])
        } else if members.count > 2 {
            remove(tableName, in: members[random.below(members.count)])
        }
    }

    /// Runs commands one after the other, as long as the job lives.
    private func perform(_ steps: [Step], _ run: Int, then: @escaping () -> Void) {
        guard jobs.current?.run == run else { return }
        guard let first = steps.first else { return then() }
        let rest = Array(steps.dropFirst())
        guard let command = first.command() else { return perform(rest, run, then: then) }
        submit(command, to: first.region) { [unowned self] reply in
            guard jobs.current?.run == run else { return }
            if case .failed = reply { return giveUp() }
            perform(rest, run, then: then)
        }
    }

    private func giveUp() {
        jobs.current = nil
        jobs.mustResume = true
        planJob(in: 500)
    }

    func planJob(in milliseconds: UInt64 = jobPollMilliseconds) {
        guard !jobs.isPlanned else { return }
        jobs.isPlanned = true
        plan(.jobLooks, in: milliseconds)
    }

    func lookAtJob() throws(StoreError) {
        jobs.isPlanned = false
        if jobs.current == nil, jobs.mustResume, regions.allSatisfy(\.isServing) { resume() }
        if let job = jobs.current { try advance(job) }
        // What is busy looks again when its commands are answered, and what has to be resumed when the last region has started.
        switch jobs.current?.phase {
        case .filling, .waiting: planJob()
        case .busy, nil: break
        }
    }

    private func advance(_ job: ReplicaJobs.Job) throws(StoreError) {
        switch job.phase {
        case .busy: return
        case .filling(let source, let number, let states): fill(job, source, number, states)
        case .waiting(let waits, let isRemoval):
            guard !waits.contains(where: { isUnderWay($0, of: job.table) }) else { return }
            jobs.current?.phase = .busy
            guard !isRemoval else { return drop(job) }
            auditor.checkFilled(job.table, in: job.target)
            activate(job)
        }
    }

    private func resume() {
        jobs.mustResume = false
        for region in regions {
            for table in region.catalogue {
                for peer in table.peers where peer.status == .creating && peer.source == table.region {
                    guard let target = self.region(peer.region) else { continue }
                    return add(table.name, in: target, from: region)
                }
            }
        }
        for region in regions {
            for table in region.catalogue {
                if table.status == .deleting { return remove(table.name, in: region) }
                for peer in table.peers where peer.status == .deleting {
                    if let target = self.region(peer.region) { return remove(table.name, in: target) }
                }
            }
        }
    }

    // MARK: Adding

    private func add(_ tableName: String, in target: SimulatedRegion, from source: SimulatedRegion) {
        guard let table = source.table(tableName) else { return }
        note("\(tableName): a replica in \(target.name) from \(source.name)")
        statistics.replicaChanges += 1
        auditor.refilled.insert(target.index)
        auditor.filledTables[target.index, default: []].insert(tableName)
        let run = jobs.begin(tableName, target.index)
        let members = [source.name] + table.peers.map(\.region).filter { $0 != target.name }
        var steps = addPeer(target.name, to: tableName, in: source, from: source.name)
        steps.append(
            (
                target,
                { [unowned self] in
                    guard target.table(tableName) == nil, let table = source.table(tableName) else { return nil }
                    return .changeCatalogue(
                        .create(
                            table.replica(
                                number: target.published.nextTableNumber, in: target.name,
                                tableID: "id-\(tableName)-\(target.name)-\(run)", members: members,
                                nowMilliseconds: wallMilliseconds(target))))
                }
            ))
        for member in members.dropFirst() {
            guard let region = region(member) else { continue }
            steps += addPeer(target.name, to: tableName, in: region, from: source.name)
        }
        perform(steps, run) { [unowned self] in beginFilling(tableName, target, source, run) }
    }

    private func addPeer(
        _ target: RegionName, to tableName: String, in region: SimulatedRegion, from source: RegionName
    ) -> [Step] {
        let isSource = region.name == source
        return [
            (
                region,
                {
                    guard let own = region.table(tableName), !own.peers.contains(where: { $0.region == target })
                    else { return nil }
                    return .changeCatalogue(.setCursor(own.number, peer: target, LinkCursor(next: 1)))
                }
            ),
            (
                region,
                { [unowned self] in
                    guard let own = region.table(tableName) else { return nil }
                    let peer = Peer(
                        region: target, status: .creating, source: source, addedMilliseconds: wallMilliseconds(region))
                    return .changeCatalogue(
                        .edit(own.number) { definition in
                            if !definition.peers.contains(where: { $0.region == target }) {
                                definition.peers.append(peer)
                            }
                            if isSource { definition.status = .updating }
                        })
                }
            ),
        ]
    }

    private func beginFilling(
        _ tableName: String, _ target: SimulatedRegion, _ source: SimulatedRegion, _ run: Int
    ) {
        var head = source.table(tableName).flatMap { source.published.tables[$0.number] }
        let early = source.store.snapshot()
        perform([(source, { .flush })], run) { [unowned self] in
            if mutation == .snapshotBeforeCursor {
                head = source.table(tableName).flatMap { source.published.tables[$0.number] }
            }
            let snapshot = mutation == .snapshotBeforeCursor ? early : source.store.snapshot()
            guard let table = source.table(tableName), let own = target.table(tableName), let head,
                let states = try? source.states(of: table, in: snapshot)
            else { return giveUp() }
            let known = target.published.tables[own.number]?.cursors ?? [:]
            let steps: [Step] = own.peers.filter { known[$0.region] == nil }.map { peer in
                let cursor = table.firstCursor(from: peer.region, head.counters, head.cursors)
                return (target, { .changeCatalogue(.setCursor(own.number, peer: peer.region, cursor)) })
            }
            perform(steps, run) { [unowned self] in
                jobs.current?.phase = .filling(source: source.index, number: own.number, states: states)
                for link in links where link.target === target { wake(link) }
                planJob()
            }
        }
    }

    private func fill(
        _ job: ReplicaJobs.Job, _ source: Int, _ number: TableDefinition.Number,
        _ states: [(key: EncodedKey, state: StoredItem)]
    ) {
        let target = regions[job.target]
        guard let link = links.first(where: { $0.source.index == source && $0.target === target }), link.isCarrying
        else { return }
        guard !states.isEmpty else {
            let waits: [ReplicaJobs.Wait] = links.filter { $0.target === target }.compactMap { link in
                wait(for: link, of: job.table)
            }
            jobs.current?.phase = .waiting(waits, isRemoval: false)
            return
        }
        jobs.current?.phase = .busy
        let chunk = Array(states.prefix(Self.statesPerChunkMax))
        let rest = Array(states.dropFirst(chunk.count))
        perform([(target, { .backfill(BackfillChunk(table: number, states: chunk)) })], job.run) {
            [unowned self] in
            jobs.current?.phase = .filling(source: source, number: number, states: rest)
            planJob()
        }
    }

    private func activate(_ job: ReplicaJobs.Job) {
        let target = regions[job.target]
        let tableName = job.table
        var steps: [Step] = [
            (
                target,
                {
                    target.table(tableName).map { table in
                        .changeCatalogue(
                            .edit(table.number) { if $0.status == .creating { $0.status = .active } })
                    }
                }
            )
        ]
        let name = target.name
        for region in regions where region !== target {
            steps.append(
                (
                    region,
                    {
                        region.table(tableName).map { table in
                            .changeCatalogue(
                                .edit(table.number) { definition in
                                    for index in definition.peers.indices
                                    where definition.peers[index].region == name
                                        && definition.peers[index].status == .creating
                                    {
                                        definition.peers[index].status = .active
                                    }
                                    definition.settleStatus()
                                })
                        }
                    }
                ))
        }
        perform(steps, job.run) { [unowned self] in end(job) }
    }

    private func end(_ job: ReplicaJobs.Job) {
        note("\(job.table): the replica change in \(regions[job.target].name) is complete")
        jobs.current = nil
        jobs.mustResume = true
        planJob()
    }

    // MARK: Removing

    private func remove(_ tableName: String, in target: SimulatedRegion) {
        note("\(tableName): removing the replica in \(target.name)")
        statistics.replicaChanges += 1
        auditor.refilled.insert(target.index)
        let run = jobs.begin(tableName, target.index)
        let name = target.name
        var steps: [Step] = [
            (
                target,
                {
                    target.table(tableName).map { table in
                        .changeCatalogue(.edit(table.number) { $0.status = .deleting })
                    }
                }
            )
        ]
        for region in regions where region !== target {
            steps.append(
                (
                    region,
                    {
                        region.table(tableName).map { table in
                            .changeCatalogue(
                                .edit(table.number) { definition in
                                    for index in definition.peers.indices where definition.peers[index].region == name {
                                        definition.peers[index].status = .deleting
                                    }
                                })
                        }
                    }
                ))
        }
        perform(steps, run) { [unowned self] in
            let waits = links.filter { $0.source === target }.compactMap { wait(for: $0, of: tableName) }
            jobs.current?.phase = .waiting(waits, isRemoval: true)
            planJob()
        }
    }

    private func drop(_ job: ReplicaJobs.Job) {
        let target = regions[job.target]
        let name = target.name
        let tableName = job.table
        var steps: [Step] = []
        for region in regions where region !== target {
            let own = { region.table(tableName).flatMap { $0.peers.contains { $0.region == name } ? $0 : nil } }
            guard let table = own() else { continue }
            steps.append(
                (
                    region,
                    { .changeCatalogue(.edit(table.number) { $0.peers.removeAll { $0.region == name } }) }
                ))
            steps.append((region, { .changeCatalogue(.removeCursor(table.number, peer: name)) }))
        }
        steps.append((target, { target.table(tableName).map { .changeCatalogue(.drop($0.number)) } }))
        perform(steps, job.run) { [unowned self] in end(job) }
    }

    // MARK: Waiting for links

    private func wait(for link: SimulatedLink, of tableName: String) -> ReplicaJobs.Wait? {
        guard let table = link.source.table(tableName),
            let head = link.source.published.tables[table.number]?.counters.nextSequence
        else { return nil }
        return .init(link: link.index, sourceNumber: table.number, head: head)
    }

    private func isUnderWay(_ wait: ReplicaJobs.Wait, of tableName: String) -> Bool {
        let link = links[wait.link]
        guard link.source.table(tableName)?.number == wait.sourceNumber,
            let targetTable = link.target.table(tableName),
            targetTable.peers.contains(where: { $0.region == link.source.name })
        else { return false }
        guard let position = link.positions[targetTable.number], position.sourceNumber == wait.sourceNumber else {
            return true
        }
        return position.cursor.next < wait.head
    }
}
