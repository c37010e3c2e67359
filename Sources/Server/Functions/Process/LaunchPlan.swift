import Glibc
import Replication

/// How a process of a function is started: all but the address of its Runtime API.
struct LaunchPlan: Sendable {
    let function: String
    /// A path.
    let executable: String
    let arguments: [String]
    let workingDirectory: String
    /// The whole of it: nothing is inherited.
    var environment: [String: String]
    /// An entry of the environment that no other process has, as `name=value`.
    var mark: String
    /// The Python that was chosen, for functions that need one.
    let interpreter: String?

    /// Why there is nothing to start.
    enum Failure: Error, Equatable {
        /// A package without a `bootstrap` that can be executed: the function's own fault (`Runtime.InvalidEntrypoint`).
        case invalidEntrypoint(String)
        /// What the function needs is not on this machine.
        case executableMissing(String)
    }

    private static let pythonPrefix = "python3"
    /// Where AWS has its runtimes; some code looks at the variable, nothing is there.
    private static let runtimeDirectory = "/var/runtime"

    init(_ definition: FunctionDefinition, settings: FunctionSettings) throws(Failure) {
        function = definition.name
        let directory: String
        switch definition.target {
        case .package(let package):
            directory = package
            let runtime = definition.runtime ?? ""
            let bootstrap = package + "/bootstrap"
            if runtime.hasPrefix(Self.pythonPrefix) {
                let python = try Self.python(for: runtime, settings)
                (executable, arguments, interpreter) = (python, ["-m", "awslambdaric", definition.handler], python)
            } else if runtime.hasPrefix("provided") || FileTree.fileKind(bootstrap).isFile {
                try Self.checkBootstrap(bootstrap)
                (executable, arguments, interpreter) = (bootstrap, [], nil)
            } else {
                throw .invalidEntrypoint(
                    "the runtime \(runtime) is not on this machine: use python3.x, or provided.al2023 with a bootstrap")
            }
        case .command(let words, let workingDirectory):
            directory = workingDirectory
            executable = try Self.command(words.first ?? "", in: workingDirectory, settings)
            (arguments, interpreter) = (Array(words.dropFirst()), nil)
        case .url, .inProcess:
            throw .invalidEntrypoint("the function has no process")
        }
        guard FileTree.isDirectory(directory) else {
            throw .executableMissing("there is no directory \(directory)")
        }
        workingDirectory = directory
        environment = Self.environment(definition, settings, directory: directory)
        mark = ""
    }

    /// The same for one process: with its Runtime API and its log stream, whose name nobody else has.
    func with(runtimeAPI address: String, stream: String) -> LaunchPlan {
        var plan = self
        plan.environment["AWS_LAMBDA_RUNTIME_API"] = address
        plan.environment["AWS_LAMBDA_LOG_STREAM_NAME"] = stream
        plan.mark = "AWS_LAMBDA_LOG_STREAM_NAME=\(stream)"
        return plan
    }

    /// What went wrong with the start itself.
    func explain(_ error: any Error) -> String {
        "\(executable) cannot be started: \(error)"
    }

    // MARK: Finding

    private static func checkBootstrap(_ path: String) throws(Failure) {
        let kind = FileTree.fileKind(path)
        guard kind.isFile else { throw .invalidEntrypoint("Couldn't find valid bootstrap(s): [\(path)]") }
        guard kind.isExecutable else {
            throw .invalidEntrypoint("\(path) is not executable: set its executable bit before zipping (chmod +x)")
        }
    }

    private static func python(for runtime: String, _ settings: FunctionSettings) throws(Failure) -> String {
        if let interpreter = settings.pythonInterpreter {
            guard FileTree.fileKind(interpreter).isExecutable else {
                throw .executableMissing("the Python interpreter \(interpreter) is not an executable file")
            }
            return interpreter
        }
        if let path = find(runtime, settings.searchPath) ?? find("python3", settings.searchPath) { return path }
        throw .executableMissing(
            "neither \(runtime) nor python3 is in \(settings.searchPath.joined(separator: ":"))")
    }

    private static func command(
        _ word: String, in directory: String, _ settings: FunctionSettings
    ) throws(Failure) -> String {
        guard !word.isEmpty else { throw .executableMissing("the command is empty") }
        if word.contains("/") {
            let path = word.hasPrefix("/") ? word : directory + "/" + word
            let kind = FileTree.fileKind(path)
            guard kind.isFile else { throw .executableMissing("there is no file \(path)") }
            guard kind.isExecutable else { throw .executableMissing("\(path) is not executable") }
            return path
        }
        guard let path = find(word, settings.searchPath) else {
            throw .executableMissing("\(word) is not in \(settings.searchPath.joined(separator: ":"))")
        }
        return path
    }

    private static func find(_ name: String, _ directories: [String]) -> String? {
        directories.filter { $0.hasPrefix("/") }.map { $0 + "/" + name }.first { FileTree.fileKind($0).isExecutable }
    }

    // MARK: Environment

    /// Reference 7. The user's variables give way to those that AWS reserves.
    private static func environment(
        _ definition: FunctionDefinition, _ settings: FunctionSettings, directory: String
    ) -> [String: String] {
        var environment = [
            "PATH": settings.searchPath.joined(separator: ":"),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
        ]
        if let endpoint = settings.endpointURL { environment["AWS_ENDPOINT_URL"] = endpoint }
        if definition.runtime != nil { environment["LD_LIBRARY_PATH"] = "\(directory):\(directory)/lib" }
        for (name, value) in definition.environment where isUsable(name, value) { environment[name] = value }
        let region = definition.region.name
        let reserved = [
            "_HANDLER": definition.handler,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            "AWS_LAMBDA_FUNCTION_NAME": definition.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": String(definition.memoryMegabytes),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/\(definition.name)",
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "LAMBDA_TASK_ROOT": directory,
            "LAMBDA_RUNTIME_DIR": runtimeDirectory,
        ]
        environment.merge(reserved) { _, ours in ours }
        if let runtime = definition.runtime, !runtime.hasPrefix("provided") {
            environment["AWS_EXECUTION_ENV"] = "AWS_Lambda_\(runtime)"
        }
        return environment
    }

    /// Whether the kernel can carry it: the C string ends at a zero byte, the name at the first `=`.
    private static func isUsable(_ name: String, _ value: String) -> Bool {
        !name.isEmpty && !name.utf8.contains(0) && !name.utf8.contains(UInt8(ascii: "=")) && !value.utf8.contains(0)
    }
}
