import Bytes
import Glibc
import TestSupport
import Testing

@Suite struct ByteSearchTests {
    @Test(
        arguments: [
            ("", "", true), ("", "a", true), ("a", "", false), ("a", "a", true), ("ab", "aab", true),
            ("aab", "ab", false),
            ("aaab", "aaaaaab", true), ("abab", "abaabab", true), ("abac", "ababab", false), ("b", "aaab", true),
        ])
    func finds(part: String, whole: String, isThere: Bool) {
        #expect(ByteSearch.contains(Array(part.utf8), in: Array(whole.utf8)) == isThere)
    }

    @Test("agrees with looking at every place", arguments: seeds)
    func agrees(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            let whole = (0..<random.below(40)).map { _ in UInt8(random.below(2)) }
            let part = (0..<random.below(7)).map { _ in UInt8(random.below(2)) }
            let expected =
                part.isEmpty || whole.indices.contains { Array(whole[$0...].prefix(part.count)) == part }
            #expect(ByteSearch.contains(part, in: whole) == expected, "\(part) in \(whole)")
        }
    }

    @Test("a part that almost matches everywhere takes no longer than others")
    func almostEverywhere() {
        let whole = [UInt8](repeating: 1, count: 100_000)
        let part = [UInt8](repeating: 1, count: 50_000) + [2]
        let before = workedSeconds()
        for _ in 0..<10 { #expect(!ByteSearch.contains(part, in: whole)) }
        // Looking at every place anew takes minutes.
        #expect(workedSeconds() - before < 30)
    }

    /// For how long this thread has had a core: the time of day says how busy the machine is.
    private func workedSeconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec
    }
}
