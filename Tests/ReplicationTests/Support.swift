import Replication
import TestSupport

func at(_ milliseconds: UInt64, _ counter: UInt16 = 0) -> HybridTimestamp {
    HybridTimestamp(milliseconds: milliseconds, counter: counter)
}

func version(_ milliseconds: UInt64, _ counter: UInt16, _ region: String) -> Version {
    Version(timestamp: at(milliseconds, counter), region: RegionName(stored: region))
}

extension SeededRandom {
    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }
    /// True in `part` of `whole` cases.
    mutating func isTrue(_ part: UInt64, in whole: UInt64) -> Bool { below(whole) < part }
}
