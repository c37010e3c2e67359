import EventSource
import HandlerKit
import Testing

@testable import HandlerFolders

/// Reads a handler.yaml in `Handlers/x`.
func parse(_ yaml: String) throws -> HandlerDefinition {
    try HandlerFile.parse(yaml, directory: "Handlers/x")
}

/// The error that the text leads to, as a person reads it; nil when there is none.
func errorText(_ yaml: String, directory: String = "Handlers/x") -> String? {
    do throws(HandlerFileError) {
        _ = try HandlerFile.parse(yaml, directory: directory)
        return nil
    } catch {
        return error.description
    }
}

/// A file that is right, with one more field.
func complete(_ field: String) -> String { "table: Orders\ncommand: ./run\n" + field }

@Suite struct HandlerFileTests {
    @Test func shortestFileHasTheDefaults() throws {
        let handler = try parse("table: Orders\ncommand: ./run")
        #expect(handler.name == "x")
        #expect(handler.directory == "Handlers/x")
        #expect(handler.tables == .named(["Orders"]))
        #expect(handler.regions == nil)
        #expect(handler.filters == [])
        #expect(handler.program == .command(["./run"]))
        #expect(handler.environment == [:])
        #expect(handler.timeoutMilliseconds == 30_000)
        #expect(handler.concurrencyMax == 2)
        #expect(handler.failureDestination == .file("dead-letters.jsonl"))
        #expect(handler.failurePayload == .records)
        #expect(handler.isEnabled)
    }

    @Test func defaultSettingsDoNotLetOneRecordBlockTheOthersForADay() throws {
        let settings = try parse("table: Orders\ncommand: ./run").settings
        #expect(settings == .handler)
        #expect(settings.batchSize == 100)
        #expect(settings.batchingWindowMilliseconds == 0)
        #expect(settings.parallelizationFactor == 4)
        #expect(settings.retryAttemptsMax == 8)
        #expect(settings.recordAgeMaxMilliseconds == nil)
        #expect(settings.bisectsBatchOnError)
        #expect(settings.reportsBatchItemFailures)
        #expect(settings.tumblingWindowMilliseconds == 0)
        #expect(settings.startingPosition == .latest)
        #expect(settings.violations == [])
    }

    @Test func everyFieldIsRead() throws {
        let handler = try parse(
            """
            table: [Orders, Customers]
            regions: [eu-west-1, us-east-1]
            filters:
              - eventName: [INSERT]
              - '{"eventName":["REMOVE"]}'
            runtime: python3.11
            handler: app.main.handle
            python: .venv/bin/python
            environment:
              MODE: test
              PORT: 8080
              EMPTY:
            timeout: 900
            concurrency: 5
            batchSize: 10000
            maximumBatchingWindowInSeconds: 300
            parallelizationFactor: 10
            startingPosition: TRIM_HORIZON
            maximumRetryAttempts: 0
            maximumRecordAgeInSeconds: 60
            bisectBatchOnFunctionError: false
            reportBatchItemFailures: false
            onFailure: file:lost/records.jsonl
            onFailurePayload: metadata
            enabled: false
            """)
        #expect(handler.tables == .named(["Orders", "Customers"]))
        #expect(handler.regions?.map(\.name) == ["eu-west-1", "us-east-1"])
        #expect(
            handler.filters.map { String(decoding: $0.text, as: UTF8.self) } == [
                #"{"eventName":["INSERT"]}"#, #"{"eventName":["REMOVE"]}"#,
            ])
        #expect(
            handler.program
                == .python(runtime: "python3.11", handler: "app.main.handle", interpreter: ".venv/bin/python"))
        #expect(handler.environment == ["MODE": "test", "PORT": "8080", "EMPTY": ""])
        #expect(handler.timeoutMilliseconds == 900_000)
        #expect(handler.concurrencyMax == 5)
        #expect(handler.failureDestination == .file("lost/records.jsonl"))
        #expect(handler.failurePayload == .metadata)
        #expect(!handler.isEnabled)
        #expect(
            handler.settings
                == MappingSettings(
                    batchSize: 10_000, batchingWindowMilliseconds: 300_000, parallelizationFactor: 10,
                    retryAttemptsMax: 0, recordAgeMaxMilliseconds: 60_000, startingPosition: .trimHorizon))
    }

    @Test func minusOneMeansNoLimit() throws {
        let settings = try parse(complete("maximumRetryAttempts: -1\nmaximumRecordAgeInSeconds: -1")).settings
        #expect(settings.retryAttemptsMax == nil)
        #expect(settings.recordAgeMaxMilliseconds == nil)
    }

    @Test func completeTransactionsHaveOneLane() throws {
        let settings = try parse(
            complete("deliverTransactions: complete\nmaximumTransactionWaitInSeconds: 60")
        ).settings
        #expect(settings.transactionDelivery == .complete)
        #expect(settings.transactionWaitMaxMilliseconds == 60_000)
        #expect(settings.parallelizationFactor == 1)
        #expect(settings.violations == [])
        #expect(try parse(complete("deliverTransactions: as-arrived")).settings.parallelizationFactor == 4)
    }

    @Test func windowsHaveOneLaneUnlessTheFileSaysMore() throws {
        let settings = try parse(complete("tumblingWindowInSeconds: 60")).settings
        #expect(settings.tumblingWindowMilliseconds == 60_000)
        #expect(settings.parallelizationFactor == 1)
        #expect(settings.violations == [])
        #expect(try parse(complete("tumblingWindowInSeconds: 0")).settings.parallelizationFactor == 4)
    }

    @Test(
        "tables",
        arguments: [
            ("\"*\"", TableSelection.all), ("Orders", .named(["Orders"])), ("[a-1, b_2.c]", .named(["a-1", "b_2.c"])),
        ])
    func tables(text: String, expected: TableSelection) throws {
        #expect(try parse("table: \(text)\ncommand: ./run").tables == expected)
    }

    @Test(
        "programs",
        arguments: [
            (
                "command: python3 app.py 'two words' \"a \\\" b\"",
                HandlerProgram.command(["python3", "app.py", "two words", "a \" b"])
            ),
            ("command: [./run, --level, 3, '']", .command(["./run", "--level", "3", ""])),
            ("command: ''' '''", .command([" "])),
            (
                "runtime: python3\nhandler: handler.handler",
                .python(runtime: "python3", handler: "handler.handler", interpreter: nil)
            ),
            ("url: https://example.test/hook?x=1", .url("https://example.test/hook?x=1")),
        ])
    func programs(text: String, expected: HandlerProgram) throws {
        #expect(try parse("table: Orders\n" + text).program == expected)
    }

    @Test(
        "destinations",
        arguments: [
            ("none", nil), ("file:a/b.jsonl", FailureDestination.file("a/b.jsonl")),
            ("file:///var/lost.jsonl", .file("/var/lost.jsonl")),
            ("http://127.0.0.1:9000/", .url("http://127.0.0.1:9000/")),
            ("handler:other", .handler("other")), ("kafka://lost", .kafkaTopic("lost")),
            ("kafka:lost", .kafkaTopic("lost")),
        ] as [(String, FailureDestination?)])
    func destinations(text: String, expected: FailureDestination?) throws {
        #expect(try parse(complete("onFailure: \(text)")).failureDestination == expected)
    }
}

@Suite struct HandlerFileFilterTests {
    private func filter(_ yaml: String) throws -> String {
        let handler = try parse(complete("filters:\n" + yaml))
        return String(decoding: try #require(handler.filters.first).text, as: UTF8.self)
    }

    @Test(
        "scalars are what JSON takes them for",
        arguments: [
            ("1", "1"), ("-1.5e3", "-1.5e3"), ("true", "true"), ("null", "null"), ("~", "null"), ("NO", "\"NO\""),
            ("yes", "\"yes\""), ("'1'", "\"1\""), ("\"true\"", "\"true\""), ("2026-01-01", "\"2026-01-01\""),
            ("a b", "\"a b\""), ("{anything-but: [a, b]}", #"{"anything-but":["a","b"]}"#),
        ])
    func scalars(yaml: String, json: String) throws {
        #expect(try filter("  - a: [\(yaml)]") == "{\"a\":[\(json)]}")
    }

    @Test func nestedMappingsBecomeObjects() throws {
        let text = try filter(
            """
              - dynamodb:
                  NewImage:
                    status: {S: [shipped, {prefix: canc}]}
                    total: {N: [{anything-but: "0"}]}
                eventName:
                  - MODIFY
            """)
        #expect(
            text
                == #"{"dynamodb":{"NewImage":{"status":{"S":["shipped",{"prefix":"canc"}]},"total":{"N":[{"anything-but":"0"}]}}},"eventName":["MODIFY"]}"#
        )
    }

    @Test func localWritesAreOneLine() throws {
        #expect(try filter("  - tributary: {replicated: [false]}") == #"{"tributary":{"replicated":[false]}}"#)
    }

    @Test func jsonTextKeepsRepeatedKeys() throws {
        let json = #"{"dynamodb":{"Keys":{"a":{"S":["x"]}}},"dynamodb":{"Keys":{"b":{"S":["y"]}}}}"#
        #expect(try filter("  - '\(json)'") == json)
    }

    @Test func tenFiltersAreAllowed() throws {
        let filters = String(repeating: "  - eventName: [INSERT]\n", count: 10)
        #expect(try parse(complete("filters:\n" + filters)).filters.count == 10)
    }
}
