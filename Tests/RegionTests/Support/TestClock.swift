import Region
import Synchronization

/// The machine's clock, put forward or back.
final class TestClock: Sendable {
    private let offsetMilliseconds = Atomic<Int64>(0)

    func move(milliseconds: Int64) {
        offsetMilliseconds.add(milliseconds, ordering: .sequentiallyConsistent)
    }

    var wallClock: WallClock {
        WallClock { [self] in
            UInt64(Int64(WallClock.system.milliseconds) + offsetMilliseconds.load(ordering: .sequentiallyConsistent))
        }
    }
}
