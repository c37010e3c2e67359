import Replication

/// What one run does and suffers, all drawn from its seed: each seed turns features and faults on and off and sets their rates.
public struct SimulationOptions: Sendable {
    public let seed: UInt64
    var regionsCount = 3
    var clientsCount = 4
    var keysCount = 8
    var operationsCount = 1000
    var thinkMillisecondsMax = 8
    var syncMillisecondsMax = 3

    // What clients and tables do.
    var hasConditions = true
    var hasTransactions = true
    var hasTokens = true
    var hasTimeToLive = true
    var mappingsPerRegion = 1
    var changesReplicas = true

    // What goes wrong. A rate is how many of the faults are of that kind.
    /// The mean time between two faults, in milliseconds; 0 for a healthy run.
    var faultMilliseconds: UInt64 = 0
    var faults: [Fault] = []
    /// Whether all regions live in one process and die together.
    var sharesProcess = true
    var networkMillisecondsMax = 5
    var duplicatesPercent = 0
    /// Of calls of handlers that go wrong in some way.
    var handlerFailuresPercent = 0
    var handlerMillisecondsMax = 20
    /// How far the clocks of the regions are off from the start, in milliseconds.
    var skewMillisecondsMax: UInt64 = 0

    enum Fault: String, Sendable, CaseIterable {
        case kill
        case powerFailure
        case failedSync
        case diskFull
        case linkCut
        case linkDelay
        case linkReordering
        case isolation
        case clockJump
        case slowHandlers
        case longPause
    }

    public init(seed: UInt64) {
        self.seed = seed
        var random = SplitMix(seed: seed ^ 0x5EED_0F07_1075)
        regionsCount = random.pick([2, 3, 3, 3, 4])
        clientsCount = random.pick([1, 2, 4, 4, 8])
        keysCount = random.pick([1, 2, 4, 8, 16])
        operationsCount = random.pick([200, 500, 800, 1200, 2000])
        thinkMillisecondsMax = random.pick([2, 10, 30, 60, 200])
        syncMillisecondsMax = random.pick([0, 1, 3, 10])
        hasConditions = random.isTrue(percent: 80)
        hasTransactions = random.isTrue(percent: 70)
        hasTokens = random.isTrue(percent: 60)
        hasTimeToLive = random.isTrue(percent: 50)
        mappingsPerRegion = random.pick([0, 1, 1, 2, 3])
        changesReplicas = random.isTrue(percent: 40)
        networkMillisecondsMax = random.pick([0, 2, 5, 40])
        handlerMillisecondsMax = random.pick([1, 20, 200])
        // One run in eight is healthy: some faults show only without any.
        guard random.below(8) > 0 else { return }
        faultMilliseconds = UInt64(random.pick([40, 150, 400, 1200]))
        faults = Fault.allCases.filter { _ in random.isTrue(percent: 45) }
        sharesProcess = random.isTrue(percent: 50)
        duplicatesPercent = random.pick([0, 0, 5, 30])
        handlerFailuresPercent = random.pick([0, 5, 30, 60])
        skewMillisecondsMax = UInt64(random.pick([0, 0, 10, 400, 3_000, 3_600_000]))
    }

    /// What was drawn, for the head of a report.
    public var lines: [String] {
        [
            "regions \(regionsCount), clients \(clientsCount), keys \(keysCount), operations \(operationsCount), "
                + "think 0...\(thinkMillisecondsMax) ms, sync 0...\(syncMillisecondsMax) ms, "
                + "network 0...\(networkMillisecondsMax) ms",
            "conditions \(hasConditions), transactions \(hasTransactions), tokens \(hasTokens), "
                + "time to live \(hasTimeToLive), handlers per region \(mappingsPerRegion), replicas change \(changesReplicas)",
            "a fault every \(faultMilliseconds) ms: "
                + (faults.isEmpty ? "none" : faults.map(\.rawValue).joined(separator: ", ")),
            "one process \(sharesProcess), duplicates \(duplicatesPercent) %, "
                + "failing handlers \(handlerFailuresPercent) % (0...\(handlerMillisecondsMax) ms), "
                + "clock skew up to \(skewMillisecondsMax) ms",
        ]
    }
}

extension SplitMix {
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[below(choices.count)] }
    mutating func isTrue(percent: Int) -> Bool { below(100) < percent }
    /// From 0 up to and including `most`.
    mutating func upTo(_ most: Int) -> UInt64 { UInt64(below(most + 1)) }
}
