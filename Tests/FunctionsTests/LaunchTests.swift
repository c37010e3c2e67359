import Foundation
import Testing

@testable import Functions

/// How processes are started, and what becomes of those that cannot be.
@Suite struct LaunchTests {
    @Test func nothingOfTheServerReachesAHandler() async throws {
        setenv("TRIBUTARY_TEST_SECRET", "leaked", 1)
        let listing = #"answer=$(tr '\0' '\n' </proc/$$/environ | sort; echo --; printf '%s\n' "${open[@]##*/}")"#
        try await withFunction(
            ["bootstrap": Bash.bootstrap(initialise: "open=(/proc/$$/fd/*)", handle: listing)],
            definition: { definition in
                definition.handler = "app.handler"
                definition.memoryMegabytes = 256
                definition.environment = [
                    "GREETING": "héllo = world", "AWS_REGION": "mars-1", "PATH": "/usr/bin:/bin:/custom",
                    "bad=name": "x",
                ]
            }
        ) { function in
            let parts = await function.invoke().text.components(separatedBy: "--\n")
            try #require(parts.count == 2)
            let environment = parts[0].split(separator: "\n").map(String.init)
            let (directory, stream) = (function.directory, "AWS_LAMBDA_LOG_STREAM_NAME=")
            let api = "AWS_LAMBDA_RUNTIME_API=127.0.0.1:"
            #expect(environment.contains { $0.hasPrefix(stream) && $0.contains("/[$LATEST]") })
            #expect(environment.contains { $0.hasPrefix(api) && Int($0.dropFirst(api.count)) != nil })
            #expect(
                environment.filter { !$0.hasPrefix(stream) && !$0.hasPrefix(api) } == [
                    "AWS_ACCESS_KEY_ID=test", "AWS_DEFAULT_REGION=eu-west-1", "AWS_ENDPOINT_URL=http://127.0.0.1:8000",
                    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_FUNCTION_NAME=f",
                    "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
                    "AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/f", "AWS_REGION=eu-west-1", "AWS_SECRET_ACCESS_KEY=test",
                    "AWS_SESSION_TOKEN=test", "AWS_XRAY_CONTEXT_MISSING=LOG_ERROR", "GREETING=héllo = world",
                    "LAMBDA_RUNTIME_DIR=/var/runtime", "LAMBDA_TASK_ROOT=\(directory)", "LANG=en_US.UTF-8",
                    "LD_LIBRARY_PATH=\(directory):\(directory)/lib", "PATH=/usr/bin:/bin:/custom", "TZ=:UTC",
                    "_HANDLER=app.handler",
                ])
            // Standard input and output, the directory that is being read, and the script.
            #expect(Set(parts[1].split(separator: "\n")) == ["0", "1", "2", "3", "255"])
        }
    }

    @Test func aCommandRunsInItsDirectory() async throws {
        try await withFunction(
            ["start.sh": Bash.bootstrap(initialise: "mode=$1", handle: #"answer="\"$mode $PWD\"""#)],
            definition: { definition in
                definition.runtime = nil
                guard case .package(let directory) = definition.target else { return }
                definition.target = .command(["./start.sh", "two words"], workingDirectory: directory)
            }
        ) { function in
            #expect(await function.invoke() == .success(#""two words \#(function.directory)""#))
        }
    }

    @Test func aCommandIsLookedUpInThePath() async throws {
        try await withFunction(
            ["script": Bash.bootstrap(handle: "answer=1")],
            definition: { definition in
                guard case .package(let directory) = definition.target else { return }
                definition.target = .command(["bash", "script"], workingDirectory: directory)
            }
        ) { #expect(await $0.invoke() == .success("1")) }
    }

    @Test(
        "what is not on this machine does not count as an attempt",
        arguments: [
            ("no-such-program-x", "no-such-program-x is not in /usr/local/bin:/usr/bin:/bin"),
            ("./missing", "there is no file DIRECTORY/./missing"),
        ])
    func missing(command: String, reason: String) async throws {
        try await withFunction(
            [:],
            definition: { definition in
                guard case .package(let directory) = definition.target else { return }
                definition.target = .command([command], workingDirectory: directory)
            }
        ) { function in
            let reason = reason.replacing("DIRECTORY", with: function.directory)
            #expect(await function.invoke() == .notStarted(.executableMissing(reason)))
        }
    }

    @Test func aMissingInterpreterIsNamed() async throws {
        try await withFunction(
            [:], settings: { $0.searchPath = ["/nowhere", "relative"] }, definition: { $0.runtime = "python3.12" }
        ) { function in
            #expect(
                await function.invoke()
                    == .notStarted(.executableMissing("neither python3.12 nor python3 is in /nowhere:relative")))
        }
    }

    struct BadPackage {
        var files: [String: String] = [:]
        var runtime = "provided.al2023"
        var mode = 0o755
        var reason: String
    }

    @Test(
        "a package that cannot be started is the function's error",
        arguments: [
            BadPackage(reason: "Couldn't find valid bootstrap(s): [DIRECTORY/bootstrap]"),
            BadPackage(
                files: ["bootstrap": "#!/bin/sh\n"], mode: 0o644,
                reason: "DIRECTORY/bootstrap is not executable: set its executable bit before zipping (chmod +x)"),
            BadPackage(
                runtime: "nodejs22.x",
                reason:
                    "the runtime nodejs22.x is not on this machine: use python3.x, or provided.al2023 with a bootstrap"),
        ])
    func invalidEntrypoint(package: BadPackage) async throws {
        try await withFunction(package.files, definition: { $0.runtime = package.runtime }) { function in
            if package.files["bootstrap"] != nil {
                let path = function.directory + "/bootstrap"
                try FileManager.default.setAttributes([.posixPermissions: package.mode], ofItemAtPath: path)
            }
            let reason = package.reason.replacing("DIRECTORY", with: function.directory)
            #expect(
                await function.invoke(id: "r-1")
                    == .failure(
                        #"{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: r-1 Error: \#(reason)"}"#)
            )
        }
    }

    @Test(
        "a file that the system cannot run is the function's error",
        arguments: ["no script and no program", "#!/no/such/interpreter\n"])
    func cannotBeExecuted(bootstrap: String) async throws {
        try await withFunction(["bootstrap": bootstrap]) { function in
            let text = await function.invoke().text
            #expect(text.hasPrefix(#"{"errorType":"Runtime.InvalidEntrypoint""#), "\(text)")
            #expect(text.contains("bootstrap cannot be started"), "\(text)")
        }
    }

    @Test func aProcessThatEndsAtItsStartFailsOneInvocation() async throws {
        let script = "#!/bin/bash\nif [[ -e broken ]]; then exit 9; fi\n" + Bash.echo
        try await withFunction(["bootstrap": script, "broken": ""]) { function in
            #expect(
                await function.invoke(id: "r-1")
                    == .failure(
                        #"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r-1 Error: Runtime exited with error: exit status 9"}"#
                    ))
            try FileManager.default.removeItem(atPath: function.directory + "/broken")
            #expect(await function.invoke("3") == .success("3"))
        }
    }

    @Test func aProcessThatNeverAsksForWorkIsEnded() async throws {
        var limits = FunctionLimits()
        limits.initMilliseconds = 300
        try await withFunction(
            ["bootstrap": "#!/bin/bash\nexec sleep 60\n"], limits: limits,
            definition: { $0.timeoutMilliseconds = 200 }
        ) { function in
            #expect(
                await function.invoke(id: "r-1")
                    == .failure(
                        #"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r-1 Error: Init timed out after 0.30 seconds"}"#
                    ))
            try await eventually("the process is gone") { function.pool.processCount == 0 }
        }
    }

    @Test func startsThatFailAgainAndAgainBecomeRare() {
        var pause = StartPause(FunctionLimits())
        var pauses: [Int] = []
        for _ in 0..<9 {
            pause.failed(at: 1000)
            pauses.append(pause.remainingMilliseconds(at: 1000))
        }
        #expect(pauses == [0, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
        #expect(pause.remainingMilliseconds(at: 10_999) == 1)
        #expect(pause.remainingMilliseconds(at: 11_000) == 0)
        pause.succeeded()
        #expect(pause.remainingMilliseconds(at: 1000) == 0)
    }
}
