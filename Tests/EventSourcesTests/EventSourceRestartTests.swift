import EventSource
import EventSources
import Testing

/// Ends and new beginnings: of the host, and of mappings with the same id.
@Suite struct EventSourceRestartTests {
    @Test func aNewHostGoesOnBehindTheCheckpoint() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            let mapping = try hosted.mapping(settings: MappingSettings(batchSize: 2, parallelizationFactor: 3))
            hosted.host.put(mapping)
            try hosted.put(1...20)
            try await hosted.waitUntilRead()
            hosted.stopHost()
            try hosted.put(21...40)
            hosted.startHost(mapping)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers().sorted() == Array(1...40))
        }
    }

    @Test func anAnswerJustBeforeTheStopCounts() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.functions.set { _ in nil }
            let mapping = try hosted.mapping(settings: MappingSettings(batchSize: 1))
            hosted.host.put(mapping)
            try hosted.put(1...2)
            try await eventually("the first call is made") { hosted.functions.calls().count == 1 }
            hosted.functions.calls()[0].complete(TestFunctions.success)
            hosted.stopHost()
            let before = hosted.functions.numbers()
            hosted.functions.set { _ in TestFunctions.success }
            hosted.startHost(mapping)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers().dropFirst(before.count) == [2])
        }
    }

    @Test func aCallUnderWayAtTheStopIsMadeAgain() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.functions.set { _ in nil }
            let mapping = try hosted.mapping()
            hosted.host.put(mapping)
            try hosted.put(1...1)
            try await eventually("the call is made") { hosted.functions.calls().count == 1 }
            hosted.stopHost()
            hosted.functions.set { _ in TestFunctions.success }
            hosted.startHost(mapping)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 1])
        }
    }

    @Test func aRemovedMappingIsForgotten() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.host.put(try hosted.mapping())
            try hosted.put(1...2)
            try await hosted.waitUntilRead()
            #expect(try hosted.keepsPosition(of: "m"))
            hosted.host.remove(id: "m")
            try await eventually("it is gone") { hosted.host.status(of: "m") == nil }
            try await eventually("its position too") { try !hosted.keepsPosition(of: "m") }
            // A mapping that has the id later begins anew.
            hosted.host.put(try hosted.mapping())
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 2, 1, 2])
        }
    }

    @Test func aMappingRemovedAtTheStopIsForgotten() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.host.put(try hosted.mapping())
            try hosted.put(1...1)
            try await hosted.waitUntilRead()
            hosted.host.remove(id: "m")
            hosted.stopHost()
            #expect(try !hosted.keepsPosition(of: "m"))
        }
    }

    @Test func aMappingMadeRightAfterItsRemovalBeginsAnew() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.host.put(try hosted.mapping())
            try hosted.put(1...1)
            try await hosted.waitUntilRead()
            for round in 2...6 {
                hosted.host.remove(id: "m")
                hosted.host.put(try hosted.mapping())
                try await eventually("record 1 comes in round \(round)") { hosted.functions.numbers().count == round }
                try await hosted.waitUntilRead()
            }
        }
    }

    @Test func anAnswerToAForgottenMappingIsNoAnswerToItsSuccessor() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.functions.set { _ in nil }
            hosted.host.put(try hosted.mapping())
            try hosted.put(1...1)
            try await eventually("the old mapping calls") { hosted.functions.calls().count == 1 }
            hosted.host.remove(id: "m")
            hosted.host.put(try hosted.mapping())
            try await eventually("the new mapping calls") { hosted.functions.calls().count == 2 }
            hosted.functions.calls()[0].complete(TestFunctions.success)
            hosted.functions.set { _ in TestFunctions.success }
            hosted.functions.calls()[1].complete(TestFunctions.failure)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 1, 1])
        }
    }
}
