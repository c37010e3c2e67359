import Testing

@testable import HandlerFolders

/// Each wrong field is named with its line, and with what it should be.
@Suite struct HandlerFileErrorTests {
    @Test(
        "values",
        arguments: [
            ("batchSize: 20000", "batchSize: must be between 1 and 10000, not 20000"),
            ("batchSize: 0", "batchSize: must be between 1 and 10000, not 0"),
            ("batchSize: ten", "batchSize: must be a whole number, not \"ten\""),
            ("batchSize: '10'", "batchSize: must be a whole number, not \"10\""),
            ("batchSize: 1.5", "batchSize: must be a whole number, not 1.5"),
            ("batchSize: [1]", "batchSize: must be a whole number, not a list"),
            ("batchSize:", "batchSize: must be a whole number, not nothing"),
            ("batchSize: 99999999999999999999", "batchSize: must be a whole number, not 99999999999999999999"),
            (
                "maximumBatchingWindowInSeconds: 301",
                "maximumBatchingWindowInSeconds: must be between 0 and 300, not 301"
            ),
            ("parallelizationFactor: 11", "parallelizationFactor: must be between 1 and 10, not 11"),
            (
                "maximumRetryAttempts: -2",
                "maximumRetryAttempts: must be -1 for no limit, or between 0 and 10000, not -2"
            ),
            (
                "maximumRecordAgeInSeconds: 59",
                "maximumRecordAgeInSeconds: must be -1 for no limit, or between 60 and 604800, not 59"
            ),
            ("tumblingWindowInSeconds: 901", "tumblingWindowInSeconds: must be between 0 and 900, not 901"),
            (
                "parallelizationFactor: 2\ntumblingWindowInSeconds: 60",
                "parallelizationFactor: must be 1 when there is a tumblingWindowInSeconds, not 2"
            ),
            (
                "parallelizationFactor: 2\ndeliverTransactions: complete",
                "parallelizationFactor: must be 1 with deliverTransactions: complete, not 2"
            ),
            ("deliverTransactions: yes", "deliverTransactions: must be as-arrived or complete, not \"yes\""),
            (
                "maximumTransactionWaitInSeconds: 60",
                "maximumTransactionWaitInSeconds: goes with deliverTransactions: complete only"
            ),
            ("bisectBatchOnFunctionError: yes", "bisectBatchOnFunctionError: must be true or false, not \"yes\""),
            ("reportBatchItemFailures: 1", "reportBatchItemFailures: must be true or false, not 1"),
            ("enabled: {}", "enabled: must be true or false, not a mapping"),
            ("startingPosition: NOW", "startingPosition: must be TRIM_HORIZON or LATEST, not \"NOW\""),
            ("startingPosition: [LATEST]", "startingPosition: must be TRIM_HORIZON or LATEST, not a list"),
            ("timeout: 901", "timeout: must be between 1 and 900, not 901"),
            ("concurrency: 0", "concurrency: must be between 1 and 100, not 0"),
            ("regions: {}", "regions: must be a list of regions, not a mapping"),
            ("regions: []", "regions: must be a list of regions, not an empty list"),
            ("regions: [Europe]", "regions[0]: must be a region's name such as eu-west-1, not \"Europe\""),
            ("environment: [A]", "environment: must be a mapping of names to texts, not a list"),
            ("environment: {A: [1]}", "environment.A: must be a text, not a list"),
            ("environment: {1A: x}", "environment: must have names of letters, digits and underscores, not \"1A\""),
            ("environment: {AWS_LAMBDA_RUNTIME_API: x}", "environment.AWS_LAMBDA_RUNTIME_API: is set by Tributary"),
            ("onFailurePayload: all", "onFailurePayload: must be records or metadata, not \"all\""),
            (
                "onFailure: mail:me",
                "onFailure: must be file:<path>, http(s)://<address>, handler:<name>, kafka:<topic> or none, not \"mail:me\""
            ),
            ("onFailure: handler:x", "onFailure: must be another handler than this one"),
            ("onFailure: file://host/x", "onFailure: must be file:<path> or file:///<path>, not \"//host/x\""),
            ("onFailure: http://", "onFailure: must be an address such as http://127.0.0.1:9000/, not \"http://\""),
        ])
    func values(field: String, expected: String) {
        #expect(errorText(complete(field)) == "Handlers/x/handler.yaml:3: " + expected)
    }

    @Test(
        "unknown fields",
        arguments: [
            ("batchsize: 5", "unknown field \"batchsize\"; is batchSize meant?"),
            ("BatchSize: 5", "unknown field \"BatchSize\"; is batchSize meant?"),
            ("maximumRetryAttempt: 5", "unknown field \"maximumRetryAttempt\"; is maximumRetryAttempts meant?"),
            ("filter: []", "unknown field \"filter\"; is filters meant?"),
            ("colour: red", "unknown field \"colour\""),
            ("[a]: red", "unknown field a list"),
        ])
    func unknownFields(field: String, expected: String) {
        #expect(errorText(complete(field)) == "Handlers/x/handler.yaml:3: " + expected)
    }

    @Test(
        "tables and programs",
        arguments: [
            ("command: ./run", "1: table is missing: a table's name, a list of names, or \"*\""),
            (
                "table: ab\ncommand: ./run",
                "1: table: must be 3 to 255 letters, digits, hyphens, underscores and dots, not \"ab\""
            ),
            (
                "table: [Orders, '*']\ncommand: ./run",
                "1: table[1]: must be 3 to 255 letters, digits, hyphens, underscores and dots, not \"*\""
            ),
            ("table: {}\ncommand: ./run", "1: table: must be a table's name, a list of names, or \"*\", not a mapping"),
            ("table: Orders", "1: the program is missing: one of command, runtime with handler, or url"),
            (
                "table: Orders\ncommand: ./run\nurl: http://h/",
                "3: url: excludes command: there must be one of command, runtime with handler, or url"
            ),
            ("table: Orders\nhandler: a.b", "2: handler: needs a runtime, such as python3"),
            ("table: Orders\nruntime: python3", "2: runtime: needs a handler, such as `handler: handler.handler`"),
            ("table: Orders\nruntime: python3\nhandler: main", "3: handler: must be module.function, not \"main\""),
            (
                "table: Orders\nruntime: nodejs20.x\nhandler: a.b",
                "2: runtime: must be python3 or python3.<minor>, not \"nodejs20.x\"; use command for other programs"
            ),
            ("table: Orders\ncommand: ./run\npython: p", "3: python: goes with a runtime only, not with command"),
            ("table: Orders\nurl: http://h/\nhandler: a.b", "3: handler: goes with a runtime only, not with url"),
            ("table: Orders\ncommand: \"run 'a\"", "2: command: has a quote that is not closed"),
            ("table: Orders\ncommand: []", "2: command: must be a program with its arguments, not an empty list"),
            ("table: Orders\ncommand: [[a]]", "2: command[0]: must be a text, not a list"),
            ("table: Orders\ncommand: {a: b}", "2: command: must be a program with its arguments, not a mapping"),
            ("table: Orders\nurl: h", "2: url: must be an address such as http://127.0.0.1:9000/, not \"h\""),
        ])
    func tablesAndPrograms(yaml: String, expected: String) {
        #expect(errorText(yaml) == "Handlers/x/handler.yaml:" + expected)
    }

    @Test(
        "filters",
        arguments: [
            ("filters: {eventName: [INSERT]}", "3: filters: must be a list, not a mapping"),
            ("filters:\n  - [a]", "4: filters[0]: must be a mapping or JSON text, not a list"),
            (
                "filters:\n  - eventName: [INSERT]\n  - eventName: INSERT",
                "5: filters[1]: is no event pattern: \"eventName\" must be an object or an array (at eventName)"
            ),
            (
                "filters:\n  - dynamodb:\n      NewImage:\n        n: {N: [{numeric: [\">\"]}]}",
                "6: filters[0]: is no event pattern: "
            ),
            ("filters:\n  - '{\"a\":'", "4: filters[0]: is no event pattern: The pattern is not JSON"),
            ("filters:\n  - a: [0x10]", "4: filters[0]: 0x10 is no number of JSON; a text needs quotes"),
            ("filters:\n  - a: [007]", "4: filters[0]: 007 is no number of JSON; a text needs quotes"),
            ("filters:\n  - {a: [x], [b]: [y]}", "4: filters[0]: must have texts as keys"),
            (
                "filters:\n  - a: [x]\n    a: [y]",
                "4: a is there twice; a filter that repeats a key must be JSON text in quotes"
            ),
        ])
    func filters(field: String, expected: String) throws {
        let text = try #require(errorText(complete(field)))
        #expect(text.hasPrefix("Handlers/x/handler.yaml:" + expected), "\(text)")
    }

    @Test func tooManyOrTooLongFiltersAreRefused() {
        let eleven = complete("filters:\n" + String(repeating: "  - eventName: [INSERT]\n", count: 11))
        #expect(errorText(eleven) == "Handlers/x/handler.yaml:3: filters: must be at most 10 filters, not 11")
        let long = complete("filters:\n  - a: [\(String(repeating: "x", count: 4096))]")
        #expect(
            errorText(long) == "Handlers/x/handler.yaml:4: filters[0]: must have at most 4096 characters as JSON")
    }

    @Test(
        "files that are no YAML, or not what is wanted",
        arguments: [
            ("", ": the file is empty"), ("# only a comment\n", ": the file is empty"),
            ("- a\n", ":1: must have fields such as `table: Orders`, not a list"),
            ("table", ":1: must have fields such as `table: Orders`, not \"table\""),
            ("table: Orders\n  batchSize: 3", ":2: is not YAML: mapping values are not allowed in this context"),
            ("table: Orders\nbatchSize: 1\nbatchSize: 2", ":2: batchSize is there twice"),
            ("table: *x", ":1: is not YAML: found undefined alias"), ("a: 1\n---\nb: 2", ":2: is not YAML: "),
            ("\u{1}", ": is not YAML: "),
        ])
    func files(yaml: String, expected: String) throws {
        let text = try #require(errorText(yaml))
        #expect(text.hasPrefix("Handlers/x/handler.yaml" + expected), "\(text)")
    }

    @Test func columnsAreCountedFromOne() throws {
        let error = #expect(throws: HandlerFileError.self) { try parse("table: Orders\ncommand: [a, [b]]") }
        #expect(error?.line == 2)
        #expect(error?.column == 14)
        #expect(error?.field == "command[1]")
        #expect(error?.file == "Handlers/x/handler.yaml")
    }

    @Test func folderMustHaveAFunctionsName() {
        let text = errorText("table: Orders\ncommand: ./run", directory: "Handlers/a b")
        #expect(
            text
                == "Handlers/a b/handler.yaml: the folder's name must be 1 to 64 letters, digits, hyphens and underscores"
        )
    }

    @Test func aliasesDoNotMakeAShortFileEndless() throws {
        var yaml = "table: Orders\ncommand: ./run\nfilters:\n  - a0: &a0 [xxxxxxxx]\n"
        for level in 1...30 {
            yaml += "    a\(level): &a\(level) {l: *a\(level - 1), r: *a\(level - 1)}\n"
        }
        #expect(errorText(yaml) == "Handlers/x/handler.yaml:4: filters[0]: must have at most 4096 characters as JSON")
    }

    @Test func deepNestingIsAnErrorAndNoCrash() throws {
        let deep = String(repeating: "[", count: 30_000)
        let text = try #require(errorText(complete("filters: " + deep)))
        #expect(text.hasPrefix("Handlers/x/handler.yaml:3: is not YAML: "), "\(text)")
        let closed = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(errorText(complete("filters:\n  - a: " + closed)) != nil)
    }
}
