import ChangeStream
import EventSource
import EventSources
import Partition
import Region
import Testing

/// Mappings on a region that works: what reaches functions, in which order, and from where on.
@Suite struct EventSourceHostTests {
    @Test func recordsOfAnItemComeInOrder() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            let settings = MappingSettings(batchSize: 7, parallelizationFactor: 4)
            hosted.host.put(try hosted.mapping(settings: settings))
            try hosted.put((1...200).map { (key: "k\($0 % 9)", n: $0) })
            try await hosted.waitUntilRead()
            let calls = hosted.functions.calls()
            #expect(calls.allSatisfy { (1...7).contains($0.records.count) })
            let byKey = Dictionary(grouping: calls.flatMap(\.records), by: \.key)
            for key in 0..<9 {
                #expect(byKey["k\(key)"]?.map(\.n) == (1...200).filter { $0 % 9 == key })
            }
        }
    }

    @Test func mappingsOfOneStreamGetWhatTheirFiltersPass() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            let small = #"{"dynamodb":{"NewImage":{"n":{"N":["1","2","3"]}}}}"#
            let named = #"{"dynamodb":{"Keys":{"pk":{"S":["k3","k5"]}}}}"#
            hosted.host.put(try hosted.mapping("small", to: "small", filters: [small]))
            hosted.host.put(try hosted.mapping("named", to: "named", filters: [named]))
            hosted.host.put(try hosted.mapping("all", to: "all"))
            hosted.host.put(try hosted.mapping("either", to: "either", filters: [small, named]))
            try hosted.put(1...6)
            for id in ["small", "named", "all", "either"] { try await hosted.waitUntilRead(id) }
            #expect(hosted.functions.numbers(of: "small") == [1, 2, 3])
            #expect(hosted.functions.numbers(of: "named") == [3, 5])
            #expect(hosted.functions.numbers(of: "all") == Array(1...6))
            #expect(hosted.functions.numbers(of: "either") == [1, 2, 3, 5])
        }
    }

    @Test func newFiltersCountFromThenOn() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.host.put(try hosted.mapping(filters: [#"{"dynamodb":{"Keys":{"pk":{"S":["k1"]}}}}"#]))
            try hosted.put(1...2)
            try await hosted.waitUntilRead()
            hosted.host.put(try hosted.mapping(filters: [#"{"dynamodb":{"Keys":{"pk":{"S":["k2","k4"]}}}}"#]))
            try await hosted.waitUntil(.enabled)
            try hosted.put(3...4)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 4])
        }
    }

    @Test func latestBeginsBehindWhatWasThere() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            try hosted.put(1...3)
            let mapping = try hosted.mapping(settings: MappingSettings(startingPosition: .latest))
            hosted.host.put(mapping)
            try await hosted.waitUntil(.enabled)
            // It stays that place although nothing was delivered before the restart.
            hosted.stopHost()
            try hosted.put(4...5)
            hosted.startHost(mapping)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [4, 5])
        }
    }

    @Test func latestOfAnotherStreamStaysItsPlaceToo() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            let settings = MappingSettings(startingPosition: .latest)
            hosted.host.put(try hosted.mapping(settings: settings))
            try await hosted.waitUntil(.enabled)
            try hosted.disableStream()
            try hosted.enableStream()
            let mapping = try hosted.mapping(settings: settings)
            hosted.host.put(mapping)
            try await hosted.waitUntil(.enabled)
            hosted.stopHost()
            try hosted.put(1...2)
            hosted.startHost(mapping)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 2])
        }
    }

    @Test func aDisabledMappingKeepsItsPlace() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.host.put(try hosted.mapping())
            try hosted.put(1...2)
            try await hosted.waitUntilRead()
            hosted.host.put(try hosted.mapping(isEnabled: false))
            // The host's thread may be done with it already.
            #expect([.disabling, .disabled].contains(hosted.host.status(of: "m")?.state))
            try await hosted.waitUntil(.disabled)
            try hosted.put(3...5)
            try await eventually("the backlog is seen") { hosted.host.status(of: "m")?.backlog == 3 }
            #expect(hosted.functions.numbers() == [1, 2])
            hosted.host.put(try hosted.mapping())
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == Array(1...5))
        }
    }

    @Test func aMappingWaitsForItsStream() async throws {
        try await withHostedRegion { hosted in
            let created: UInt64 = 1_700_000_000_000
            let label = Stream(viewType: .keysOnly, nextSequence: 1, nowMilliseconds: created).label
            let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/\(label)"
            hosted.host.put(try hosted.mapping(stream: arn))
            try await eventually("the lack is told") {
                hosted.host.status(of: "m")?.problem == "the region has no stream \(arn)"
            }
            try hosted.clock.hold(at: created) { try hosted.createTable() }
            #expect(try hosted.streamARN == arn)
            try hosted.put(1...3)
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 2, 3])
            #expect(hosted.host.status(of: "m")?.problem == nil)
        }
    }

    @Test func shardsFollowOneAnother() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.host.put(try hosted.mapping(settings: MappingSettings(parallelizationFactor: 2)))
            for round in 0..<3 {
                try hosted.put((1...20).map { (key: "k\($0 % 3)", n: round * 20 + $0) })
                hosted.clock.move(milliseconds: Stream.shardAgeMilliseconds)
                _ = hosted.region.perform(.expire(.rollShards))
            }
            #expect(try hosted.table.enabledStream?.shards.count == 4)
            try await hosted.waitUntilRead()
            let byKey = Dictionary(grouping: hosted.functions.calls().flatMap(\.records), by: \.key)
            for key in 0..<3 {
                let expected = (0..<60).filter { ($0 % 20 + 1) % 3 == key }.map { $0 + 1 }
                #expect(byKey["k\(key)"]?.map(\.n) == expected)
            }
        }
    }

    @Test func recordsThatTheLogForgotAreTold() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            hosted.host.put(try hosted.mapping())
            try hosted.put(1...2)
            try await hosted.waitUntilRead()
            hosted.host.put(try hosted.mapping(isEnabled: false))
            try await hosted.waitUntil(.disabled)
            try hosted.put(3...8)
            try hosted.trim(before: 6)
            hosted.host.put(try hosted.mapping())
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [1, 2, 6, 7, 8])
            try await eventually("the loss is told") { try !hosted.events(.handlerRecordDropped).isEmpty }
            let events = try hosted.events(.handlerRecordDropped)
            #expect(events.count == 1)
            #expect(events.first?.contains(#""startSequenceNumber":"\#(SequenceNumber.text(of: 3))""#) == true)
            #expect(events.first?.contains(#""endSequenceNumber":"\#(SequenceNumber.text(of: 5))""#) == true)
        }
    }

    @Test func aNewMappingBeginsWithTheOldestRecordThatIsLeft() async throws {
        try await withHostedRegion { hosted in
            try hosted.createTable()
            try hosted.put(1...6)
            try hosted.trim(before: 4)
            hosted.host.put(try hosted.mapping())
            try await hosted.waitUntilRead()
            #expect(hosted.functions.numbers() == [4, 5, 6])
            #expect(try hosted.events(.handlerRecordDropped).isEmpty)
        }
    }
}
