import Testing

@testable import Functions

@Suite struct OutputTests {
    @Test(
        "output is cut into lines",
        arguments: [
            (["a\n"], ["a"]), (["a"], ["a"]), ([""], []), (["\n\n"], ["", ""]), (["a\r\n", "b\n"], ["a", "b"]),
            (["a", "b", "\nc"], ["ab", "c"]), (["12345678\n"], ["12345678"]), (["123456789\n"], ["12345678 …"]),
            (["1234", "56789", "0\nx\n"], ["12345678 …", "x"]), (["12345678", "9"], ["12345678 …"]),
        ] as [([String], [String])])
    func lines(pieces: [String], lines: [String]) {
        var splitter = LineSplitter(lineBytesMax: 8)
        var taken: [String] = []
        for piece in pieces {
            Array(piece.utf8).withUnsafeBytes { bytes in
                splitter.add(bytes) { taken.append(String(decoding: $0, as: UTF8.self)) }
            }
        }
        splitter.flush { taken.append(String(decoding: $0, as: UTF8.self)) }
        #expect(taken == lines)
    }

    @Test func theTailKeepsTheEnd() {
        var tail = LogTail(bytesMax: 10)
        for number in 0..<1000 { tail.append(line: Array("\(number)".utf8)) }
        #expect(String(decoding: tail.bytes, as: UTF8.self) == "7\n998\n999\n")
    }

    @Test func outputIsReadAtTheAllowedSpeed() {
        var limits = FunctionLimits()
        (limits.outputBytesPerSecond, limits.outputLinesPerSecond) = (1_000_000, 1000)
        var budget = OutputBudget(limits)
        #expect(budget.pauseMilliseconds(at: 0) == 0)
        budget.charge(.init(bytes: 100_000, lines: 1), atMilliseconds: 0)
        #expect(budget.pauseMilliseconds(at: 0) == 0, "a burst")
        budget.charge(.init(bytes: 50_000, lines: 1), atMilliseconds: 0)
        #expect(budget.pauseMilliseconds(at: 0) == 50)
        #expect(budget.pauseMilliseconds(at: 50) == 0)
        budget.charge(.init(bytes: 10, lines: 500), atMilliseconds: 1000)
        #expect(budget.pauseMilliseconds(at: 1000) == 400)
    }

    @Test(
        "the text of a duration",
        arguments: [(1000, "1.00"), (3000, "3.00"), (1005, "1.01"), (999, "1.00"), (10, "0.01"), (900_000, "900.00")])
    func seconds(milliseconds: Int, text: String) {
        #expect(ErrorObject.seconds(milliseconds) == text)
    }

    @Test(
        "the fields of a process's status",
        arguments: [
            ("12 (bash) S 1 12 34 0 -1", 34, false), ("12 (a) b) Z) Z 1 12 35 0", 35, true), ("12 (x", nil, nil),
        ] as [(String, Int?, Bool?)])
    func processStatus(line: String, session: Int?, isZombie: Bool?) {
        let status = ProcessStatus(Array(line.utf8))
        #expect(status.map { Int($0.session) } == session)
        #expect(status?.isZombie == isZombie)
    }

    @Test func identifiersHaveTheirForms() {
        #expect(
            RandomUUID.make().wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/)
                != nil)
        #expect(
            LogStreamName.make(wallMilliseconds: 1_764_063_545_000).wholeMatch(
                of: /2025\/11\/25\/\[\$LATEST\][0-9a-f]{32}/) != nil)
    }
}
