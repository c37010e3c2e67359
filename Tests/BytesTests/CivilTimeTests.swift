import Bytes
import Foundation
import Testing

@Suite("Civil time") struct CivilTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00"), (784_111_777, "1994-11-06T08:49:37"), (951_782_399, "2000-02-28T23:59:59"),
        (951_782_400, "2000-02-29T00:00:00"), (951_868_800, "2000-03-01T00:00:00"),
        (4_107_542_399, "2100-02-28T23:59:59"), (4_107_542_400, "2100-03-01T00:00:00"),
        (253_402_300_799, "9999-12-31T23:59:59"),
    ])
    func knownTimes(seconds: Int, text: String) {
        #expect(CivilTime(secondsSince1970: seconds).text == text)
        #expect(CivilTime(text)?.secondsSince1970 == seconds)
    }

    @Test(arguments: [
        "", "T", "2025-01-01", "2025-13-01T00:00:00", "2025-00-01T00:00:00", "2025-01-32T00:00:00",
        "1969-12-31T23:59:59",
        "02025-01-01T00:00:00", "2025-1-01T00:00:00", "2025-01-01T24:00:00", "2025-01-01T00:60:00", "2025-01-01T00:00",
        "2025-01-01T00:00:00Z",
    ])
    func textsThatAreNoTimes(text: String) {
        #expect(CivilTime(text) == nil)
    }

    @Test("every day of 800 years is what the C library says")
    func everyDay() {
        for day in 0..<292_194 {
            var seconds = day * 86_400 + day % 86_400
            var expected = tm()
            gmtime_r(&seconds, &expected)
            let time = CivilTime(secondsSince1970: seconds)
            let isEqual =
                time.year == Int(expected.tm_year) + 1900 && time.month == Int(expected.tm_mon) + 1
                && time.day == Int(expected.tm_mday) && time.hour == Int(expected.tm_hour)
                && time.minute == Int(expected.tm_min) && time.second == Int(expected.tm_sec)
                && time.secondsSince1970 == seconds
            if !isEqual {
                Issue.record("\(seconds): \(time)")
                return
            }
        }
    }
}
