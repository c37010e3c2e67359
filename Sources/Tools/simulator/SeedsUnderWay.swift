import Foundation

/// Names the seeds under way when the process ends in a trap: a broken precondition of an engine is a finding too.
enum SeedsUnderWay {
    /// One number for each worker, 0 for none. Unsafe but right: each worker writes its own, and a signal handler may read nothing else.
    nonisolated(unsafe) private static let seeds = UnsafeMutablePointer<UInt64>.allocate(capacity: 64)
    nonisolated(unsafe) private static var count = 0

    static func watch(workers: Int) {
        seeds.initialize(repeating: 0, count: 64)
        count = workers
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT] {
            signal(number) { number in
                SeedsUnderWay.tell()
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    static func set(_ seed: UInt64, worker: Int) {
        seeds[worker] = seed
    }

    /// No allocation here.
    private static func tell() {
        write("a trap; one of these seeds did it:")
        for worker in 0..<count where seeds[worker] > 0 {
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 21) { digits in
                var rest = seeds[worker]
                var start = 21
                repeat {
                    start -= 1
                    digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                } while rest > 0
                start -= 1
                digits[start] = UInt8(ascii: " ")
                _ = Foundation.write(2, digits.baseAddress.map { $0 + start }, 21 - start)
            }
        }
        write("\n")
    }

    private static func write(_ text: StaticString) {
        _ = Foundation.write(2, text.utf8Start, text.utf8CodeUnitCount)
    }
}
