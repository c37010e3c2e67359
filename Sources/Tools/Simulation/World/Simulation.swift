import ChangeStream
import EventSource
public import KeyValueStore
import Partition
import Replication

/// Regions, links, clients and handlers in one thread on virtual time, over the engines that ship: the same seed gives the same run.
///
/// The simulation is the shell around the engines: it has queues, commits, links and jobs as `Server/Region` has, but its clock, disk and
/// network are drawn from the seed, and so are their faults. What must hold is watched by `Auditor` (`reliability.md` 1.3).
public final class Simulation {
    /// Commands that one commit covers at the most.
    static let commandsPerGroupMax = 16
    /// Virtual time that a run may take once the faults are over, in milliseconds: then everything must have settled (I20).
    static let healingMillisecondsMax: UInt64 = 600_000
    /// So many violations end a run.
    static let violationsMax = 5
    static let start: UInt64 = 1_700_000_000_000
    static let names = ["ap-south-1", "eu-west-1", "us-east-1", "us-west-2"].map(RegionName.init(stored:))

    public let options: SimulationOptions
    let mutation: Mutation?
    var random: SplitMix
    var nowMilliseconds = Simulation.start
    private var events = EventQueue<Event>()
    var regions: [SimulatedRegion] = []
    var links: [SimulatedLink] = []
    var clients: [SimulatedClient] = []
    let workload: Workload
    let auditor: Auditor
    public internal(set) var statistics = SimulationStatistics()
    var trace: Trace
    var jobs = ReplicaJobs()
    /// Whether faults and clients have ended, and everything has to come to rest.
    var isHealing = false
    var operationsLeft: Int
    var areHandlersSlow = false
    /// By region: a wall clock that does not go back, and when it was looked at.
    var steady: [(milliseconds: UInt64, atMilliseconds: UInt64)] = []
    /// By region: when its streams are looked at next.
    var plannedHandlers: [UInt64?] = []
    /// Lives of mappings so far.
    var runsCount = 0

    enum Event {
        case clientActs(Int)
        case commitBegins(Int, life: Int)
        case commitEnds(Int, life: Int)
        case linkLooks(Int, life: Int)
        case linkPolls(Int)
        case handlersPoll(Int)
        case batchArrives(Int, life: Int, Delivery)
        case sweeps(Int)
        case keepsHouse(Int)
        case handlersLook(Int, life: Int)
        case handlerAnswers(Int, life: Int, SimulatedCall)
        case destinationSettles(Int, life: Int, SimulatedDiscard)
        case faultComes
        case faultEnds(EndingFault)
        case starts(Int)
        case jobLooks
        case replicasChange
    }

    public init(
        _ options: SimulationOptions, mutation: Mutation? = nil, showsSteps: ((String) -> Void)? = nil
    ) throws(StoreError) {
        self.options = options
        self.mutation = mutation
        random = SplitMix(seed: options.seed)
        trace = Trace(show: showsSteps)
        operationsLeft = options.operationsCount
        workload = try Workload(keysCount: options.keysCount)
        auditor = Auditor(regions: Array(Self.names.prefix(options.regionsCount)))
        for index in 0..<options.regionsCount {
            regions.append(try SimulatedRegion(index: index, name: Self.names[index]))
        }
    }

    /// Runs to the end, or to the first violations.
    public func run() throws(StoreError) -> SimulationReport {
        try setUp()
        while operationsLeft > 0 || clients.contains(where: \.isBusy) {
            guard try step() else { break }
        }
        try heal()
        return report()
    }

    /// One event. False when there is none, or when enough has gone wrong.
    func step() throws(StoreError) -> Bool {
        guard auditor.violations.count < Self.violationsMax, let (milliseconds, event) = events.next() else {
            return false
        }
        nowMilliseconds = max(nowMilliseconds, milliseconds)
        auditor.nowMilliseconds = nowMilliseconds
        statistics.steps += 1
        try handle(event)
        return true
    }

    private func handle(_ event: Event) throws(StoreError) {
        switch event {
        case .clientActs(let client): try act(clients[client])
        case .commitBegins(let region, let life): try beginCommit(regions[region], life)
        case .commitEnds(let region, let life): try endCommit(regions[region], life)
        case .linkLooks(let link, let life): try look(links[link], life)
        case .linkPolls(let link): poll(links[link])
        case .handlersPoll(let region): pollStreams(regions[region])
        case .batchArrives(let link, let life, let delivery): arrive(delivery, over: links[link], life)
        case .sweeps(let region): try sweep(regions[region])
        case .keepsHouse(let region): try keepHouse(regions[region])
        case .handlersLook(let region, let life): try lookAtStreams(regions[region], life)
        case .handlerAnswers(let region, let life, let call): try answer(call, in: regions[region], life)
        case .destinationSettles(let region, let life, let discard): try settle(discard, in: regions[region], life)
        case .faultComes: try drawFault()
        case .faultEnds(let fault): try end(fault)
        case .starts(let region): try start(regions[region])
        case .jobLooks: try lookAtJob()
        case .replicasChange: try changeReplicas()
        }
    }

    func plan(_ event: Event, in milliseconds: UInt64) {
        events.add(event, at: nowMilliseconds + milliseconds)
    }

    func wallMilliseconds(_ region: SimulatedRegion) -> UInt64 {
        UInt64(Int64(nowMilliseconds) + region.clockOffsetMilliseconds)
    }

    func region(_ name: RegionName) -> SimulatedRegion? { regions.first { $0.name == name } }

    func note(_ text: @autoclosure () -> String) {
        trace.note(nowMilliseconds - Self.start, text)
    }
}
