import Foundation
import Testing

@testable import Functions

/// What becomes of invocations, whatever the handler does.
@Suite struct HandlerTests {
    @Test func aHandlerAnswersAndIsUsedAgain() async throws {
        let script = Bash.bootstrap(
            initialise: "calls=0", handle: #"((calls++)); answer="{\"calls\":$calls,\"event\":$event}""#)
        try await withFunction(["bootstrap": script]) { function in
            #expect(await function.invoke(#"{"a":1}"#) == .success(#"{"calls":1,"event":{"a":1}}"#))
            #expect(await function.invoke(#"{"a":2}"#, id: "request-2") == .success(#"{"calls":2,"event":{"a":2}}"#))
            #expect(function.pool.processCount == 1)
        }
    }

    @Test(
        "what a handler answers goes through as it is",
        arguments: ["", "null", "rubbish {", "\u{1F600}", "long"])
    func rubbish(name: String) async throws {
        let answer = name == "long" ? String(repeating: "x", count: 100_000) : name
        try await withFunction(["bootstrap": Bash.bootstrap(handle: "answer=$(<answer)"), "answer": answer]) {
            #expect(await $0.invoke() == .success(answer))
        }
    }

    @Test(
        "a handler that ends fails its invocation, and the next one gets a new process",
        arguments: [
            ("exit 0", "Runtime exited without providing a reason"),
            ("exit 127", "Runtime exited with error: exit status 127"),
            ("kill -9 $$", "Runtime exited with error: signal: killed"),
        ])
    func exits(command: String, text: String) async throws {
        let script = Bash.bootstrap(handle: #"if [[ $event == '"die"' ]]; then \#(command); fi; answer=$event"#)
        try await withFunction(["bootstrap": script]) { function in
            #expect(
                await function.invoke(#""die""#, id: "r-1")
                    == .failure(#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: \#(text)"}"#))
            #expect(await function.invoke("7") == .success("7"))
        }
    }

    @Test func aHandlerThatHangsIsKilledWithAllItStarted() async throws {
        let script = Bash.bootstrap(
            handle: """
                trap '' TERM
                (trap '' TERM; while :; do sleep 1; done) & echo "child $!"
                setsid bash -c 'echo "daemon $$"; exec sleep 1000' &
                wait
                """)
        // Its time is over when all have started, however long that takes.
        let time = TestClock()
        try await withFunction(
            ["bootstrap": script], clock: time.clock, definition: { $0.timeoutMilliseconds = 500 }
        ) { function in
            async let result = function.invoke(id: "r-1")
            var processes: [Int] = []
            for word in ["child", "daemon"] {
                let line = try await function.logs.first { $0.text.hasPrefix(word) }
                processes.append(try #require(Int(line.text.split(separator: " ")[1])))
            }
            time.advance(milliseconds: 500)
            #expect(
                await result
                    == .failure(
                        #"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Task timed out after 0.50 seconds"}"#
                    ))
            for process in processes { try await eventually("\(process) is gone") { isGone(process) } }
            try await eventually("the process is gone") { function.pool.processCount == 0 }
        }
    }

    @Test func whatAHandlerLeavesBehindWhenItEndsIsGone() async throws {
        let script = Bash.bootstrap(handle: #"sleep 1000 & echo "child $!"; exit 3"#)
        try await withFunction(["bootstrap": script]) { function in
            #expect(await function.invoke().text.contains("exit status 3"))
            let line = try await function.logs.first { $0.text.hasPrefix("child") }
            let process = try #require(Int(line.text.dropFirst("child ".count)))
            try await eventually("the child is gone") { isGone(process) }
        }
    }

    @Test func tenMegabytesAreTooMuch() async throws {
        let script = Bash.bootstrap(
            handle: """
                if [[ $event == '"much"' ]]; then
                    printf 'POST %s/invocation/%s/response HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 10000000\\r\\n\\r\\n' $api $id >&3
                    head -c 10000000 /dev/zero >&3
                    IFS= read -r line <&3; echo "status ${line:9:3}"
                    while IFS= read -r line <&3; line=${line%$'\\r'}; [[ -n $line ]]; do
                        [[ ${line,,} == content-length:* ]] && length=${line#*: }
                    done
                    read -r -N "$length" line <&3; echo "$line"
                    continue
                fi
                """)
        try await withFunction(["bootstrap": script]) { function in
            #expect(
                await function.invoke(#""much""#)
                    == .failure(
                        #"{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","#
                            + #""errorType":"Function.ResponseSizeTooLarge"}"#))
            #expect(await function.invoke() == .success("null"))
            #expect(
                function.logs.texts == [
                    "status 413",
                    #"{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","#
                        + #""errorType":"RequestEntityTooLarge"}"#,
                ])
            #expect(function.pool.processCount == 1)
        }
    }

    @Test func aHandlerThatPrintsWithoutEndSlowsNobody() async throws {
        var limits = FunctionLimits()
        limits.logLineBytes = 100
        let flood = Bash.bootstrap(handle: "while :; do printf '%01000d' 0; done")
        try await withFunction(
            ["bootstrap": flood], limits: limits, definition: { $0.timeoutMilliseconds = 1000 }
        ) { flooding in
            async let flooded = flooding.invoke()
            try await withFunction(["bootstrap": Bash.echo]) { other in
                for number in 0..<20 {
                    #expect(await other.invoke("\(number)") == .success("\(number)"))
                }
            }
            #expect(await flooded.text.contains("Sandbox.Timedout"))
            #expect(flooding.logs.texts.allSatisfy { $0.utf8.count <= limits.logLineBytes + " …".utf8.count })
        }
    }

    @Test func linesBelongToTheInvocationThatPrintedThem() async throws {
        let script = Bash.bootstrap(
            initialise: "echo starting", handle: #"echo "out $event"; echo "error $event" >&2; printf unfinished"#)
        try await withFunction(["bootstrap": script]) { function in
            for number in 1...20 { _ = await function.invoke("\(number)", id: "r-\(number)") }
            let expected =
                [FunctionLog.Line(function: "f", requestID: nil, text: "starting")]
                + (1...20).flatMap { number in
                    ["out \(number)", "error \(number)", "unfinished"].map {
                        FunctionLog.Line(function: "f", requestID: "r-\(number)", text: $0)
                    }
                }
            #expect(function.logs.all.elementsEqual(expected), "\(function.logs.all.prefix(10))")
        }
    }

    @Test func theLogTailHasLambdasLinesAround() async throws {
        let script = Bash.bootstrap(handle: #"echo "working on $event""#)
        try await withFunction(["bootstrap": script]) { function in
            _ = await function.invoke("1", id: "r-1")
            let lines = await function.invoke("2", id: "r-2", wantsLogTail: true).tail.split(separator: "\n")
            #expect(
                lines.dropLast() == [
                    "START RequestId: r-2 Version: $LATEST", "working on 2", "END RequestId: r-2",
                ])
            let pattern =
                /REPORT RequestId: r-2\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: [1-9]\d* MB/
            #expect(lines.last?.wholeMatch(of: pattern) != nil)
        }
    }

    @Test func theLogTailIsFourKilobytes() async throws {
        try await withFunction(["bootstrap": Bash.bootstrap(handle: "for i in {1..2000}; do echo line $i; done")]) {
            let tail = await $0.invoke(wantsLogTail: true).tail
            #expect(tail.utf8.count == 4096)
            #expect(tail.contains("line 2000\nEND RequestId: request-1\nREPORT"))
        }
    }

    /// Whether there is no such process any more, or only its entry.
    private func isGone(_ process: Int) -> Bool {
        guard let status = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/stat")) else { return true }
        return ProcessStatus(Array(status))?.isZombie ?? true
    }
}
