import Testing

@testable import Functions

/// Deadlines, queues and stored forms: parts without processes.
@Suite struct ClockTests {
    @Test func aDeadlineThatMovesAwayNeedsOneTimer() {
        let time = TestClock()
        let reached = Counter()
        let deadline = Deadline(clock: time.clock)
        for _ in 0..<100 {
            deadline.set(afterMilliseconds: 1000) { reached.increment() }
            time.advance(milliseconds: 10)
            #expect(time.timerCount == 1)
        }
        time.advance(milliseconds: 989)
        #expect(reached.value == 0)
        #expect(deadline.isSet)
        time.advance(milliseconds: 1)
        #expect(reached.value == 1)
        #expect(!deadline.isSet)
        #expect(time.timerCount == 0)
    }

    @Test func aDeadlineCanComeNearer() {
        let time = TestClock()
        let reached = Counter()
        let deadline = Deadline(clock: time.clock)
        deadline.set(afterMilliseconds: 10_000) { Issue.record("it was replaced") }
        deadline.set(afterMilliseconds: 100) { reached.increment() }
        time.advance(milliseconds: 99)
        #expect(reached.value == 0)
        time.advance(milliseconds: 1)
        #expect(reached.value == 1)
        time.advance(milliseconds: 20_000)
        #expect(reached.value == 1)
    }

    @Test func aDeadlineThatIsClearedIsNotReached() {
        let time = TestClock()
        let deadline = Deadline(clock: time.clock)
        deadline.set(afterMilliseconds: 100) { Issue.record("it was cleared") }
        deadline.clear()
        deadline.set(afterMilliseconds: 200) { Issue.record("it was cancelled") }
        deadline.cancel()
        #expect(time.timerCount == 0)
        time.advance(milliseconds: 1000)
        let reached = Counter()
        deadline.set(afterMilliseconds: 50) { reached.increment() }
        time.advance(milliseconds: 50)
        #expect(reached.value == 1)
    }

    @Test func theSystemsClockCalls() async throws {
        let (called, cancelled) = (Counter(), Counter())
        let clock = FunctionClock.system
        clock.schedule(50) { cancelled.increment() }.cancel()
        // On a busy machine even that may be too late: what counts is that nothing happens after it.
        let before = cancelled.value
        _ = clock.schedule(100) { called.increment() }
        try await eventually("it is called") { called.value == 1 }
        #expect(cancelled.value == before)
        #expect(clock.wallMilliseconds() > 1_700_000_000_000)
    }

    @Test func waitingInvocationsHaveLimits() {
        var limits = FunctionLimits()
        (limits.queuedInvocations, limits.queuedBytes) = (3, 10)
        var waiting = WaitingInvocations(limits)
        func add(_ bytes: Int, until: UInt64 = 0) -> Bool {
            let invocation = Invocation(requestID: "\(bytes)", payload: [UInt8](repeating: 0, count: bytes))
            return waiting.append(.init(invocation: invocation, completion: { _ in }, untilMilliseconds: until))
        }
        #expect(add(11), "one of any size")
        #expect(!add(1))
        #expect(waiting.takeFirst()?.invocation.requestID == "11")
        #expect(add(4, until: 10) && add(5, until: 20))
        #expect(!add(2), "too many bytes")
        #expect(add(1, until: 30))
        #expect(!add(0), "too many")
        #expect(waiting.takeExpired(at: 20).map(\.invocation.requestID) == ["4", "5"])
        #expect(add(9, until: 40))
        #expect(waiting.takeAll().map(\.invocation.requestID) == ["1", "9"])
        #expect(waiting.isEmpty)
    }

    @Test(
        "what was not stored by this program is refused",
        arguments: [
            "", "[]", "{}", #"{"name":"f","region":"eu-west-1"}"#, #"{"name":1,"region":"eu-west-1","url":"x"}"#,
            #"{"name":"f","region":"eu-west-1","command":["x"]}"#,
        ])
    func malformed(text: String) {
        #expect(throws: FunctionDefinitionError.self) { try FunctionDefinitionCodec.decode(Array(text.utf8)) }
    }

    @Test func aStoredFunctionIsReadBack() throws {
        var definition = FunctionDefinition(name: "f", region: testRegion, target: .package(directory: "f/1"))
        definition.runtime = "python3.12"
        definition.handler = "app.handler"
        definition.role = "arn:aws:iam::000000000000:role/r"
        definition.description = "says \"é\"\n"
        definition.timeoutMilliseconds = 900_000
        definition.memoryMegabytes = 1024
        definition.environment = ["A": "=", "é": ""]
        definition.architectures = ["arm64"]
        definition.ephemeralStorageMegabytes = 1024
        definition.tags = ["k": "v"]
        definition.revisionID = "r"
        definition.lastModifiedMilliseconds = 1_764_063_545_123
        definition.codeSHA256 = "abc="
        definition.codeBytes = 77
        definition.concurrencyMax = 0
        #expect(try FunctionDefinitionCodec.decode(FunctionDefinitionCodec.encode(definition)) == definition)
    }
}
