import ChangeStream
import Dispatch
import EventPattern
import EventSource
import EventSources
import Foundation
import Functions
import KeyValueStore
import Partition
import Region
import Synchronization

/// Measures what mappings cost that match nothing: one beside many.
struct HandlerBenchmarkReading {
    /// Writes that wait for their commit at the most.
    private static let writesUnderWayMax = 1024
    private static let patienceSeconds = 300

    let recordsCount: Int
    let mappingsCount: Int
    let rounds: Int
    let directory: String

    private struct Cost {
        var wallMilliseconds: Double
        var processorMilliseconds: Double
    }

    func run() throws {
        let place = try HandlerBenchmarkRegion(directory: directory)
        defer { place.stop() }
        try writeRecords(place)
        var baseline: [Cost] = []
        var one: [Cost] = []
        var many: [Cost] = []
        var recordBytes = 0
        for round in 0..<rounds {
            baseline.append(try cost { recordBytes = try readAlone(place) })
            one.append(try read(place, mappings: 1, round: round))
            many.append(try read(place, mappings: mappingsCount, round: round))
        }
        print(
            "\(recordsCount) records of \(recordBytes / recordsCount) bytes, none of which matches; median of \(rounds)"
        )
        print("reading the log                     wall ms     CPU ms      records/CPU second")
        let alone = row("decoded only (baseline)", baseline)
        let first = row("1 mapping", one)
        let all = row("\(mappingsCount) mappings", many)
        print(
            "1 mapping takes \(fixed(first.processorMilliseconds / alone.processorMilliseconds, 2)) times the baseline's CPU"
        )
        print(
            "\(mappingsCount) mappings take \(fixed(all.wallMilliseconds / first.wallMilliseconds, 2)) times the wall time "
                + "and \(fixed(all.processorMilliseconds / first.processorMilliseconds, 2)) times the CPU of 1; wanted: under 2"
        )
    }

    private func row(_ name: String, _ costs: [Cost]) -> Cost {
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        let cost = Cost(
            wallMilliseconds: median(costs.map(\.wallMilliseconds)),
            processorMilliseconds: median(costs.map(\.processorMilliseconds)))
        let columns = [
            (name, 36), (fixed(cost.wallMilliseconds, 1), 12), (fixed(cost.processorMilliseconds, 1), 12),
            (fixed(Double(recordsCount) / cost.processorMilliseconds * 1000, 0), 0),
        ]
        print(columns.map { $0 + String(repeating: " ", count: max(0, $1 - $0.count)) }.joined())
        return cost
    }

    // MARK: The log

    private static func customer(ofMapping index: Int) -> String { "nobody-\(index)" }

    /// The last record alone has what the first mapping wants.
    private func writeRecords(_ place: HandlerBenchmarkRegion) throws {
        let room = DispatchSemaphore(value: Self.writesUnderWayMax)
        let written = DispatchGroup()
        let refused = Mutex(0)
        for number in 1...recordsCount {
            room.wait()
            written.enter()
            let customer = number == recordsCount ? Self.customer(ofMapping: 0) : nil
            try place.write(number, customer: customer) { reply in
                if case .written = reply {} else { refused.withLock { $0 += 1 } }
                room.signal()
                written.leave()
            }
        }
        written.wait()
        guard refused.withLock({ $0 }) == 0 else { throw BenchmarkFailure("writes were refused") }
    }

    /// Answers how many bytes the records have.
    private func readAlone(_ place: HandlerBenchmarkRegion) throws -> Int {
        var count = 0
        var bytesCount = 0
        var failure: DamagedLog?
        try place.region.store.scan(
            StorageKeys.changes(place.table.number, from: 1), in: .changes, reverse: false
        ) { key, value in
            guard let sequence = try? StorageKeys.sequence(ofChange: key),
                let record = try? ChangeRecord(sequence: sequence, decoding: value), record.newImage != nil
            else {
                failure = DamagedLog()
                return .stop
            }
            count += 1
            bytesCount += value.count
            return .next
        }
        guard failure == nil, count == recordsCount else { throw BenchmarkFailure("the log cannot be read") }
        return bytesCount
    }

    private struct DamagedLog: Error {}

    // MARK: Mappings

    private func read(_ place: HandlerBenchmarkRegion, mappings count: Int, round: Int) throws -> Cost {
        let hasEnded = DispatchSemaphore(value: 0)
        let calls = FunctionCalls(
            invoke: { _, _, completion in
                completion(.success(payload: [], logTail: []))
                hasEnded.signal()
            }, enqueue: { _, _ in "not here" }, post: { _, _, completion in completion("not here") })
        let host = EventSourceHost(region: place.region, calls: calls, logger: HandlerBenchmarkRegion.logger)
        let specifications = try (0..<count).map { index in
            let filter = #"{"dynamodb":{"NewImage":{"customer":{"S":["\#(Self.customer(ofMapping: index))"]}}}}"#
            return place.mapping(
                "\(count)-\(round)-\(index)", to: "function-\(index)", settings: MappingSettings(),
                filters: [try FilterPattern(filter)])
        }
        defer { host.stop() }
        for specification in specifications { host.put(specification) }
        return try cost {
            host.start()
            guard hasEnded.wait(timeout: .now() + .seconds(Self.patienceSeconds)) == .success else {
                throw BenchmarkFailure("the last record did not arrive")
            }
        }
    }

    /// What the body takes, with all threads of the process.
    private func cost(_ body: () throws -> Void) rethrows -> Cost {
        let begin = monotonicNanoseconds()
        let used = processNanoseconds()
        try body()
        return Cost(
            wallMilliseconds: Double(monotonicNanoseconds() - begin) / 1e6,
            processorMilliseconds: Double(processNanoseconds() - used) / 1e6)
    }

    private func processNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
