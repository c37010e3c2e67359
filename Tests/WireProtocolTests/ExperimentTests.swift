import JSONBytes
import Replication
import Testing

@testable import WireProtocol

/// Experiments of FIS: what templates may say, and actions in time.
struct ExperimentTests {
    private static let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/t"

    private static func plan(_ actions: String) throws -> ExperimentPlan {
        let text = #"""
            {"description":"d \u00fc","roleArn":"arn:aws:iam::000000000000:role/fis","clientToken":"c","unknown":1,
            "stopConditions":[{"source":"none"},{"source":"aws:cloudwatch:alarm","value":"arn:alarm"}],
            "targets":{"T":{"resourceType":"aws:dynamodb:global-table","resourceArns":["\#(arn)"],"selectionMode":"ALL"}},
            "actions":\#(actions)}
            """#
        return try ExperimentPlan(try FaultInjectionMembers(parsing: Array(text.utf8)))
    }

    private static func pause(_ duration: String, after: String = "[]") -> String {
        #"{"actionId":"aws:dynamodb:global-table-pause-replication","parameters":{"duration":"\#(duration)"},"#
            + #""targets":{"Tables":"T"},"startAfter":\#(after)}"#
    }

    private static func experiment(_ actions: String, skips: Bool = false) throws -> Experiment {
        let template = ExperimentTemplate(
            id: "EXT1", region: RegionName(stored: "us-east-1"), plan: try plan(actions), clientToken: "c",
            createdMilliseconds: 5)
        let start =
            #"{"experimentTemplateId":"EXT1","clientToken":"s","experimentOptions":{"actionsMode":"\#(skips ? "skip-all" : "run-all")"}}"#
        return Experiment(
            id: "EXP1", template, try ExperimentStart(try FaultInjectionMembers(parsing: Array(start.utf8))),
            nowMilliseconds: 1000)
    }

    @Test("an action runs for its duration, and the next one after it") func sequence() throws {
        let wait = #"{"actionId":"aws:fis:wait","parameters":{"duration":"PT2S"},"startAfter":["a"]}"#
        var experiment = try Self.experiment(
            "{\"a\":\(Self.pause("PT1S")),\"w\":\(wait),\"b\":\(Self.pause("PT3S", after: "[\"w\"]"))}")
        #expect(experiment.advance(to: 1000) == [.pause([Self.arn])])
        #expect(experiment.nextMilliseconds == 2000)
        #expect(experiment.advance(to: 1999) == [])
        #expect(experiment.advance(to: 2000) == [.resume([Self.arn])])
        #expect(experiment.nextMilliseconds == 4000)
        #expect(experiment.advance(to: 4500) == [.pause([Self.arn])])
        #expect(experiment.nextMilliseconds == 7000, "from the end of the wait, not from when somebody looked")
        #expect(experiment.status == .running)
        #expect(experiment.advance(to: 9000) == [.resume([Self.arn])])
        #expect(experiment.status == .completed)
        #expect(experiment.nextMilliseconds == nil)
        #expect(experiment.end(.stopped, "", at: 9001) == [])
    }

    @Test("what is late does everything at once") func late() throws {
        var experiment = try Self.experiment("{\"a\":\(Self.pause("PT1S"))}")
        #expect(experiment.advance(to: 90_000) == [.pause([Self.arn]), .resume([Self.arn])])
        #expect(experiment.status == .completed)
    }

    @Test("stopping resumes what is paused, and begins nothing more") func stop() throws {
        var experiment = try Self.experiment(
            "{\"a\":\(Self.pause("PT1S")),\"b\":\(Self.pause("PT1S", after: "[\"a\"]"))}")
        _ = experiment.advance(to: 1000)
        #expect(experiment.end(.stopped, "by hand", at: 1500) == [.resume([Self.arn])])
        #expect(experiment.status == .stopped)
        #expect(experiment.advance(to: 9000) == [])
        let shown = String(decoding: experiment.response.body, as: UTF8.self)
        #expect(shown.contains(#""state":{"status":"stopped","reason":"by hand"}"#))
        #expect(shown.contains(#""state":{"status":"cancelled"}"#))
    }

    @Test("an experiment may be gone through without doing anything") func skip() throws {
        var experiment = try Self.experiment("{\"a\":\(Self.pause("PT1H"))}", skips: true)
        #expect(experiment.advance(to: 1000) == [])
        #expect(experiment.status == .completed)
    }

    @Test("a kept template comes back as it was") func kept() throws {
        let template = try Self.experiment("{\"a\":\(Self.pause("PT1S"))}").template
        #expect(try ExperimentTemplate(decoding: template.encoded, in: template.region) == template)
        #expect(template.plan.stopAlarms == ["arn:alarm"])
        let shown = String(decoding: template.response.body, as: UTF8.self)
        #expect(shown.contains(#""description":"d \u00fc""#))
        #expect(!shown.contains("unknown"))
    }

    @Test(
        "durations",
        arguments: [
            ("PT1S", 1000), ("PT5M", 300_000), ("PT1H30M", 5_400_000), ("P1DT1H", 90_000_000), ("P2D", 172_800_000),
            ("PT0S", 0), ("", nil), ("P", nil), ("PT", nil), ("P1DT", nil), ("PT5", nil), ("5M", nil), ("P5M", nil),
            ("PT1M1H", nil), ("PT-1M", nil), ("PT1.5S", nil), ("PTS", nil), ("PT99999999999999999999S", nil),
        ] as [(String, UInt64?)])
    func durations(text: String, expected: UInt64?) {
        #expect(DurationText.milliseconds(text) == expected)
    }

    @Test("paths of the API") func routes() {
        #expect(FaultInjectionRequest.isOfFaultInjection("/experiments?x=1"))
        #expect(FaultInjectionRequest.isOfFaultInjection("/experimentTemplates/EXT1"))
        #expect(!FaultInjectionRequest.isOfFaultInjection("/experimentsX"))
        #expect(!FaultInjectionRequest.isOfFaultInjection("/"))
    }
}
