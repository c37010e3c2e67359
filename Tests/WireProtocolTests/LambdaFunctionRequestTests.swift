import Bytes
import Testing

@testable import WireProtocol

@Suite("Lambda: making and changing functions")
struct LambdaFunctionRequestTests {
    private static let mustNotBeNull = "failed to satisfy constraint: Member must not be null"
    private static let longName = String(repeating: "n", count: 65)

    private func create(_ members: [String: String?] = [:]) throws -> CreateFunctionRequest {
        guard case .createFunction(let request) = try lambdaRequest("POST", functionsPath, createFunction(members))
        else {
            throw LambdaError(.service, "no such request")
        }
        return request
    }

    @Test("defaults are Lambda's")
    func defaults() throws {
        let request = try create()
        #expect(request.function == LambdaFixture.function("new"))
        #expect(request.code == .zip(Array("zip".utf8)))
        #expect(request.role == LambdaFixture.role)
        #expect(request.runtime == "provided.al2023")
        #expect(request.handler == "bootstrap")
        #expect(request.description == "")
        #expect(request.timeoutSeconds == 3)
        #expect(request.memoryMegabytes == 128)
        #expect(request.environment == nil)
        #expect(request.ephemeralStorageMegabytes == 512)
        #expect(request.architecture == "x86_64")
        #expect(request.inert == InertFunctionSettings())
        #expect(request.tags == [:])
    }

    @Test("everything that can be set")
    func everything() throws {
        let request = try create([
            "FunctionName": "\"arn:aws:lambda:us-east-1:000000000000:function:new\"",
            "Runtime": #""python3.12""#, "Handler": #""app.handler""#, "Description": #""does it""#, "Timeout": "900",
            "MemorySize": "256", "Environment": #"{"Variables":{"A1":"x","B2":""}}"#,
            "EphemeralStorage": #"{"Size":1024}"#, "Architectures": #"["arm64"]"#, "Tags": #"{"k":"v"}"#,
            "TracingConfig": #"{"Mode":"Active"}"#, "LoggingConfig": #"{"LogFormat":"JSON","LogGroup":"g"}"#,
            "KMSKeyArn": #""arn:aws:kms:us-east-1:000000000000:key/1""#, "VpcConfig": #"{"SubnetIds":["subnet-1"]}"#,
            "SnapStart": #"{"ApplyOn":"PublishedVersions"}"#, "PackageType": #""Zip""#, "Publish": "false",
            "Layers": "[]", "FileSystemConfigs": "[]", "DeadLetterConfig": #"{"TargetArn":""}"#,
        ])
        #expect(request.function == LambdaFixture.function("new"))
        #expect(request.runtime == "python3.12")
        #expect(request.timeoutSeconds == 900)
        #expect(request.memoryMegabytes == 256)
        #expect(request.environment == ["A1": "x", "B2": ""])
        #expect(request.ephemeralStorageMegabytes == 1024)
        #expect(request.architecture == "arm64")
        #expect(request.tags == ["k": "v"])
        #expect(request.inert.tracingMode == "Active")
        #expect(request.inert.subnetIDs == ["subnet-1"])
    }

    @Test(
        "where code comes from",
        arguments: [
            (#"{"S3Bucket":"hot-reload","S3Key":"/src/f"}"#, .directory("/src/f")),
            (#"{"S3Bucket":"command","S3Key":"node run.js"}"#, .command(["node", "run.js"])),
            (#"{"ZipFile":"AAEC"}"#, .zip([0, 1, 2])),
        ] as [(String, FunctionCodeSource)])
    func codeSources(_ code: String, _ source: FunctionCodeSource) throws {
        #expect(try create(["Code": code]).code == source)
    }

    @Test("a command needs neither runtime nor handler")
    func commandWithoutRuntime() throws {
        let request = try create([
            "Code": #"{"S3Bucket":"command","S3Key":"/bin/x"}"#, "Runtime": nil, "Handler": nil,
        ])
        #expect(request.runtime == nil)
        #expect(request.handler == nil)
    }

    @Test(
        "command lines in words",
        arguments: [
            ("a b  c", ["a", "b", "c"]), (" a ", ["a"]), ("'a b' c", ["a b", "c"]), (#""a b"c"#, ["a bc"]),
            (#"a\ b"#, ["a b"]), (#""a\"b\\c\d""#, [#"a"b\c\d"#]), (#"'a\b'"#, [#"a\b"#]), ("a ''", ["a", ""]),
            ("a $HOME | b > c; *", ["a", "$HOME", "|", "b", ">", "c;", "*"]), ("a\t\nb", ["a", "b"]), ("é", ["é"]),
        ])
    func commandLines(_ line: String, _ words: [String]) throws {
        #expect(try CommandLineWords.split(line) == words)
    }

    @Test("what is no command line", arguments: ["", "  ", "'a", "\"a", "a\\", "''", "'' a"])
    func faultyCommandLines(_ line: String) {
        #expect(lambdaError { try CommandLineWords.split(line) }?.kind == .invalidParameterValue)
    }

    static let refused: [RefusedLambdaRequest] = [
        .constraint(
            "no name", createFunction(["FunctionName": nil]), "Value null at 'functionName' \(mustNotBeNull)"),
        .constraint("no role", createFunction(["Role": nil]), "Value null at 'role' \(mustNotBeNull)"),
        .constraint("no code", createFunction(["Code": nil]), "Value null at 'code' \(mustNotBeNull)"),
        .constraint(
            "faulty role", createFunction(["Role": "\"r1\""]),
            "Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: "
                + #"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+"#),
        .constraint(
            "timeout of nothing", createFunction(["Timeout": "0"]),
            "Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1"),
        .constraint(
            "timeout too long", createFunction(["Timeout": "901"]),
            "Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"),
        .constraint(
            "too little memory", createFunction(["MemorySize": "127"]),
            "Value '127' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to "
                + "128"),
        .constraint(
            "storage", createFunction(["EphemeralStorage": #"{"Size":511}"#]),
            "Value '511' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have value greater than "
                + "or equal to 512"),
        .constraint(
            "handler with a space", createFunction(["Handler": "\"a b\""]),
            "Value 'a b' at 'handler' failed to satisfy constraint: Member must satisfy regular expression pattern: "
                + #"[^\s]+"#),
        .constraint(
            "architecture", createFunction(["Architectures": #"["riscv"]"#]),
            "Value 'riscv' at 'architectures.1.member' failed to satisfy constraint: Member must satisfy enum value "
                + "set: [x86_64, arm64]"),
        .constraint(
            "package type", createFunction(["PackageType": "\"Tar\""]),
            "Value 'Tar' at 'packageType' failed to satisfy constraint: Member must satisfy enum value set: [Zip, "
                + "Image]"),
        .constraint(
            "tracing", createFunction(["TracingConfig": #"{"Mode":"On"}"#]),
            "Value 'On' at 'tracingConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: "
                + "[Active, PassThrough]"),
        .constraint(
            "name of a variable", createFunction(["Environment": #"{"Variables":{"1":"x"}}"#]),
            "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member "
                + "must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"),
        RefusedLambdaRequest(
            "long name", createFunction(["FunctionName": "\"\(longName)\""]),
            "1 validation error detected: Value '\(longName)' at 'functionName' failed to satisfy constraint: Member "
                + "must have length less than or equal to 64"),
        RefusedLambdaRequest(
            "no runtime", createFunction(["Runtime": nil]),
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."),
        RefusedLambdaRequest(
            "no handler", createFunction(["Handler": nil]),
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."),
        RefusedLambdaRequest(
            "code that is none", createFunction(["Code": "{}"]), "Please provide a source for function code."),
        RefusedLambdaRequest(
            "two sources", createFunction(["Code": #"{"ZipFile":"emlw","S3Bucket":"command","S3Key":"a"}"#]),
            "Please do not provide other FunctionCode parameters when providing a ZipFile."),
        RefusedLambdaRequest(
            "empty zip", createFunction(["Code": #"{"ZipFile":""}"#]), "Uploaded file must be a non-empty zip"),
        RefusedLambdaRequest(
            "reserved variables", createFunction(["Environment": #"{"Variables":{"AWS_REGION":"x","_HANDLER1":"y"}}"#]),
            .validation,
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must "
                + "satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"),
        RefusedLambdaRequest(
            "reserved variable", createFunction(["Environment": #"{"Variables":{"AWS_REGION":"x","A1":"y"}}"#]),
            "Lambda was unable to configure your environment variables because the environment variables you have "
                + "provided contains reserved keys that are currently not supported for modification. Reserved keys "
                + "used in this request: AWS_REGION"),
        RefusedLambdaRequest(
            "type of a member", createFunction(["Timeout": "\"3\""]), .serialization,
            "The member 'timeout' must be a number"),
        RefusedLambdaRequest(
            "type of an inner member", createFunction(["EphemeralStorage": #"{"Size":"1"}"#]), .serialization,
            "The member 'ephemeralStorage.size' must be a number"),
        RefusedLambdaRequest(
            "no JSON", "{\"FunctionName\":", .invalidRequestContent,
            "Could not parse request body into json: Unexpected end-of-input"),
        RefusedLambdaRequest("no object", "[]", .serialization, "The request is not a JSON object"),
    ]

    @Test("what is wrong with a new function", arguments: refused)
    func faults(_ refused: RefusedLambdaRequest) {
        #expect(lambdaRefusal("POST", functionsPath, refused.body) == refused.error)
    }

    @Test(
        "what this server does not do is refused by name",
        arguments: [
            (["Layers": #"["arn:aws:lambda:us-east-1:1:layer:l:1"]"#], "Layers"),
            (["FileSystemConfigs": #"[{"Arn":"a","LocalMountPath":"/mnt/a"}]"#], "FileSystemConfigs"),
            (["DeadLetterConfig": #"{"TargetArn":"arn:aws:sqs:us-east-1:1:q"}"#], "DeadLetterConfig"),
            (["ImageConfig": #"{"Command":["a"]}"#], "ImageConfig"),
            (["PackageType": #""Image""#], "PackageType Image"),
            (["Code": #"{"ImageUri":"x/y:z"}"#], "ImageUri"), (["Publish": "true"], "Publish"),
            (["DurableConfig": #"{"ExecutionTimeout":5}"#], "DurableConfig"),
        ] as [([String: String?], String)])
    func notHere(_ members: [String: String?], _ name: String) {
        let error = lambdaRefusal("POST", functionsPath, createFunction(members))
        #expect(error?.kind == .invalidParameterValue)
        #expect(error?.message?.hasPrefix("\(name) is not supported: ") == true)
    }

    @Test("there is no S3, and hot-reload needs an absolute directory")
    func buckets() {
        func refusal(_ bucket: String, _ key: String) -> String? {
            lambdaRefusal(
                "POST", functionsPath, createFunction(["Code": #"{"S3Bucket":"\#(bucket)","S3Key":"\#(key)"}"#]))?
                .message
        }
        #expect(refusal("my-bucket", "f.zip")?.hasPrefix("There is no S3 here") == true)
        #expect(refusal("hot-reload", "src")?.contains("absolute directory") == true)
        #expect(refusal("command", "'x")?.contains("no command line") == true)
        #expect(refusal("xy", "k")?.contains("'code.s3Bucket' failed to satisfy constraint") == true)
    }

    @Test(
        "runtimes that can be started, such as Lambda has, and others",
        arguments: [
            ("provided", nil), ("provided.al2", nil), ("provided.al2023", nil), ("python3.9", nil), ("python3.14", nil),
            ("nodejs22.x", "is not supported: this server runs python3.x"), ("python2.7", "is not supported"),
            ("java21", "is not supported"), ("nodejs16.x", "is not supported"),
            ("cobol", "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["),
            ("python3.", "is not supported"), ("python", "or be a valid ARN"),
        ] as [(String, String?)])
    func runtimes(_ runtime: String, _ part: String?) {
        let error = lambdaRefusal("POST", functionsPath, createFunction(["Runtime": "\"\(runtime)\""]))
        #expect(error?.kind == part.map { _ in .invalidParameterValue })
        if let part { #expect(error?.message?.contains(part) == true) }
    }

    @Test("environment variables: 4 KB as JSON")
    func environmentSize() {
        func refusal(_ count: Int) -> LambdaError? {
            let value = String(repeating: "v", count: count)
            return lambdaRefusal(
                "POST", functionsPath, createFunction(["Environment": #"{"Variables":{"A1":"\#(value)"}}"#]))
        }
        // {"A1":"…"} has nine bytes around the value.
        #expect(refusal(4087) == nil)
        #expect(refusal(4088)?.message?.contains("exceeded the 4KB limit. String measured: {\"A1\":\"vvv") == true)
    }

    @Test("a package that is too large to be sent")
    func packageSize() throws {
        let characters = (FunctionCodeSource.zipBytesMax + 2) / 3 * 4
        let members = try LambdaMembers(
            parsing: Array("{\"ZipFile\":\"\(String(repeating: "A", count: characters + 4))\"}".utf8))
        let error = lambdaError { try FunctionCodeSource(members, .updateFunctionCode) }
        #expect(
            error
                == LambdaError(
                    .requestEntityTooLarge,
                    "Request must be smaller than 69905067 bytes for the UpdateFunctionCode operation"))
    }

    @Test("updates say only what changes")
    func updates() throws {
        guard
            case .updateFunctionConfiguration(let update) = try lambdaRequest(
                "PUT", functionsPath + "/f/configuration", #"{"Timeout":7,"Environment":{},"RevisionId":"r"}"#)
        else { throw LambdaError(.service, "no such request") }
        #expect(update.function == LambdaFixture.function("f"))
        #expect(update.changes.timeoutSeconds == 7)
        #expect(update.changes.memoryMegabytes == nil)
        #expect(update.changes.environment == nil)
        #expect(update.revisionID == "r")
        guard
            case .updateFunctionCode(let code) = try lambdaRequest(
                "PUT", functionsPath + "/f/code", #"{"ZipFile":"emlw","DryRun":true,"Architectures":["arm64"]}"#)
        else { throw LambdaError(.service, "no such request") }
        #expect(code.code == .zip(Array("zip".utf8)))
        #expect(code.isDryRun)
        #expect(code.architecture == "arm64")
        #expect(
            lambdaRefusal("PUT", functionsPath + "/f/code", "{}")
                == .invalidParameter("Please provide a source for function code."))
        #expect(lambdaRefusal("PUT", functionsPath + "/f/configuration", #"{"Timeout":901}"#)?.kind == .validation)
        #expect(
            lambdaRefusal("PUT", functionsPath + "/f/configuration", #"{"Runtime":"cobol"}"#)?.kind
                == .invalidParameterValue)
    }

    @Test("reserved concurrency")
    func concurrency() throws {
        let path = "/2017-10-31/functions/f/concurrency"
        #expect(
            try lambdaRequest("PUT", path, #"{"ReservedConcurrentExecutions":0}"#)
                == .putFunctionConcurrency(LambdaFixture.function("f"), reserved: 0))
        #expect(
            lambdaRefusal("PUT", path, "{}")
                == .validation(
                    "1 validation error detected: Value null at 'reservedConcurrentExecutions' "
                        + Self.mustNotBeNull))
        #expect(lambdaRefusal("PUT", path, #"{"ReservedConcurrentExecutions":-1}"#)?.kind == .validation)
        #expect(lambdaError { try AccountConcurrency.check(900, others: 0) } == nil)
        #expect(lambdaError { try AccountConcurrency.check(800, others: 101) }?.kind == .invalidParameterValue)
        #expect(AccountConcurrency.response(nil).text == "{}")
        #expect(AccountConcurrency.response(5).text == #"{"ReservedConcurrentExecutions":5}"#)
        #expect(
            AccountConcurrency.accountSettings(functionCount: 2, codeBytes: 300, reserved: 10).text
                == #"{"AccountLimit":{"TotalCodeSize":80530636800,"CodeSizeUnzipped":262144000,"#
                + #""CodeSizeZipped":52428800,"ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":990},"#
                + #""AccountUsage":{"TotalCodeSize":300,"FunctionCount":2}}"#)
    }
}
