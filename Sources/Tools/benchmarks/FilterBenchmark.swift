import ArgumentParser
import EventPattern
import Glibc

/// Event filters on one core, from JSON text and from change records, beside event-ruler's numbers.
struct FilterBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filters",
        abstract: "Match stream records against 1, 100 and 10,000 event patterns on one core.",
        discussion: """
            The workload is a directory with events.jsonl, patterns-1.jsonl, patterns-100.jsonl and \
            patterns-10000.jsonl, one JSON text on each line. The project's generator writes it, with 20,000 records \
            of 581 bytes: python3 filter-workload.py DIR

            The baseline is event-ruler 2.0 on the same workload, measured once on another machine of this kind; it is \
            not run here.
            """)

    @Option(help: "The directory of the workload.")
    var workload: String

    @Option(help: "How long each measurement runs at least, in seconds.")
    var seconds = 2.0

    /// What event-ruler 2.0 did, in events a second, and the times of that which are to be reached.
    private static let baselines: [(patterns: Int, perSecond: Double, fromJSON: Double)] = [
        (1, 250_000, 3), (100, 90_000, 5), (10_000, 35_000, 10),
    ]
    private static let timesFromRecords = 10.0

    func run() throws {
        let workload = try FilterWorkload(directory: workload)
        print("\(workload.events.count) records of \(workload.eventBytesMean) bytes, one core, parsing included")
        print("baseline: event-ruler 2.0, measured elsewhere; 10,000 patterns took it 1.5 s and 25 MiB to build")
        print("times: of the baseline, from the thread's processor time; elapsed time suffers from neighbours")
        print("")
        print("patterns  from     events/s    /CPU second  baseline  times  wanted  matches   build ms  tables KiB")
        for baseline in Self.baselines {
            try measure(workload, baseline.patterns, baseline.perSecond, timesFromJSON: baseline.fromJSON)
        }
    }

    private func measure(
        _ workload: FilterWorkload, _ count: Int, _ baseline: Double, timesFromJSON: Double
    ) throws {
        let texts = try workload.patterns(count)
        let start = monotonicNanoseconds()
        let patterns = try texts.enumerated().map { (identifier: $0, pattern: try FilterPattern(parsing: $1)) }
        let set = PatternSet(patterns)
        let buildMilliseconds = Double(monotonicNanoseconds() - start) / 1e6
        var matcher = PatternMatcher(set)
        let fromJSON = try rounds(workload.events.count) { index in
            try matcher.match(json: workload.events[index])
            return matcher.matches.count
        }
        let fromRecords = rounds(workload.records.count) { index in
            matcher.match(workload.records[index], in: workload.context)
            return matcher.matches.count
        }
        // Records have sizes and ids of their own, so that some patterns find others than in the events.
        var expected = 0
        for record in workload.records {
            try matcher.match(json: workload.context.eventJSON(of: record))
            expected += matcher.matches.count
        }
        guard expected == fromRecords.matches else {
            throw BenchmarkFailure("records match \(fromRecords.matches) times, their JSON \(expected) times")
        }
        for (name, result, wanted) in [
            ("JSON", fromJSON, timesFromJSON), ("records", fromRecords, Self.timesFromRecords),
        ] {
            let columns = [
                ("\(count)", 10), (name, 9), (fixed(result.perSecond, 0), 12),
                (fixed(result.perProcessorSecond, 0), 13), (fixed(baseline, 0), 10),
                (fixed(result.perProcessorSecond / baseline, 1), 7), (fixed(wanted, 0), 8), ("\(result.matches)", 10),
                (fixed(buildMilliseconds, 1), 10), ("\(set.byteCount / 1024)", 0),
            ]
            print(columns.map { $0 + String(repeating: " ", count: max(0, $1 - $0.count)) }.joined())
        }
    }

    private struct Result {
        var perSecond: Double
        var perProcessorSecond: Double
        /// In one round over all events.
        var matches: Int
    }

    /// Goes over all events again and again until the time has passed.
    private func rounds(_ count: Int, _ match: (Int) throws -> Int) rethrows -> Result {
        var rounds = 0
        var matches = 0
        let start = monotonicNanoseconds()
        let startUsed = threadProcessorNanoseconds()
        var elapsed = 0.0
        repeat {
            matches = 0
            for index in 0..<count { matches += try match(index) }
            rounds += 1
            elapsed = Double(monotonicNanoseconds() - start) / 1e9
        } while elapsed < seconds
        let used = Double(threadProcessorNanoseconds() - startUsed) / 1e9
        let events = Double(rounds * count)
        return Result(perSecond: events / elapsed, perProcessorSecond: events / used, matches: matches)
    }
}

/// User and system time that this thread has used.
private func threadProcessorNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
