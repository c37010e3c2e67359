import KeyValueStore
import Synchronization
import Testing

/// What every store does, whatever it is made of.
@Suite struct StoreConformanceTests {
    @Test(arguments: StoreKind.allCases) func readsWhatWasCommitted(_ kind: StoreKind) throws {
        try kind.withStore { store in
            #expect(try store.value(of: "a") == nil)
            try store.commit(.synced) { $0.put("a", "1") }
            #expect(try store.value(of: "a") == "1")
            try store.commit { $0.put("a", "2") }
            #expect(try store.value(of: "a") == "2")
            try store.commit { $0.delete("a") }
            #expect(try store.value(of: "a") == nil)
            try store.commit { $0.delete("a") }
            #expect(try store.value(of: "a") == nil)
        }
    }

    @Test(arguments: StoreKind.allCases) func anEmptyBatchChangesNothing(_ kind: StoreKind) throws {
        try kind.withStore { store in
            try store.commit { $0.put("a", "1") }
            try store.commit(WriteBatch(), durability: .synced)
            try store.commit(WriteBatch(), durability: .buffered)
            #expect(try store.entries() == [Entry("a", "1")])
        }
    }

    @Test(arguments: StoreKind.allCases) func spacesAreSeparate(_ kind: StoreKind) throws {
        try kind.withStore { store in
            try store.commit { batch in
                for space in Space.allCases { batch.put("key", "\(space)", in: space) }
            }
            try store.commit { $0.delete("key", in: .items) }
            try store.commit { $0.deleteRange("a", "z", in: .changes) }
            #expect(try store.value(of: "key", in: .metadata) == "metadata")
            #expect(try store.value(of: "key", in: .items) == nil)
            #expect(try store.value(of: "key", in: .indexes) == "indexes")
            #expect(try store.value(of: "key", in: .changes) == nil)
        }
    }

    @Test(arguments: StoreKind.allCases) func keysAndValuesMayBeEmpty(_ kind: StoreKind) throws {
        try kind.withStore { store in
            try store.commit { batch in
                batch.put("", "value of the empty key")
                batch.put("empty", "")
            }
            #expect(try store.value(of: "") == "value of the empty key")
            #expect(try store.value(of: "empty") == "")
            #expect(try store.entries() == [Entry("", "value of the empty key"), Entry("empty", "")])
            #expect(try store.entries(reverse: true) == [Entry("empty", ""), Entry("", "value of the empty key")])
            try store.commit { $0.delete("") }
            #expect(try store.value(of: "") == nil)
        }
    }

    @Test(arguments: StoreKind.allCases) func bigValuesComeBackWhole(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let big = (0..<16 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
            let longKey = [UInt8](repeating: 7, count: 64 << 10)
            try store.commit { $0.put(longKey, big, in: .items) }
            try store.commit { $0.put([1], [1], in: .items) }
            #expect(try store.value(of: longKey, in: .items) == big)
            #expect(try store.entries() == [Entry([1], [1]), Entry(longKey, big)])
        }
    }

    @Test(arguments: StoreKind.allCases) func operationsOfABatchTakeEffectInTheirOrder(_ kind: StoreKind) throws {
        try kind.withStore { store in
            try store.commit { batch in
                batch.put("a", "1")
                batch.delete("a")
                batch.delete("b")
                batch.put("b", "2")
                batch.put("c", "3")
                batch.put("c", "4")
                batch.put("d1", "5")
                batch.deleteRange("d", "e")
                batch.put("d2", "6")
            }
            #expect(try store.entries() == [Entry("b", "2"), Entry("c", "4"), Entry("d2", "6")])
        }
    }

    /// A range to delete from a, b, ba, c, d, and what it leaves.
    static let deletions: [(lower: String, upper: String, remaining: [String])] = [
        ("b", "c", ["a", "c", "d"]),
        ("aa", "bb", ["a", "c", "d"]),
        ("", "b", ["b", "ba", "c", "d"]),
        ("c", "zz", ["a", "b", "ba"]),
        ("", "zz", []),
        ("e", "f", ["a", "b", "ba", "c", "d"]),
    ]

    @Test(arguments: StoreKind.allCases, deletions)
    func deletesRanges(_ kind: StoreKind, _ deletion: (lower: String, upper: String, remaining: [String])) throws {
        try kind.withStore { store in
            try store.commit { batch in ["a", "b", "ba", "c", "d"].forEach { batch.put($0, "1") } }
            try store.commit { $0.deleteRange(deletion.lower, deletion.upper) }
            #expect(try store.entries() == deletion.remaining.map { Entry($0, "1") })
        }
    }

    @Test(arguments: StoreKind.allCases) func aRangeThatEndsBeforeItBeginsIsEmpty(_ kind: StoreKind) throws {
        try kind.withStore { store in
            try store.commit { batch in
                batch.put("a", "1")
                batch.put("b", "2")
            }
            for (lower, upper) in [("b", "a"), ("a", "a"), ("", ""), ("z", "")] {
                try store.commit { $0.deleteRange(lower, upper) }
                let range = KeyRange(lower: Array(lower.utf8), upper: Array(upper.utf8))
                #expect(try store.entries(range) == [])
                #expect(try store.entries(range, reverse: true) == [])
            }
            #expect(try store.entries().count == 2)
        }
    }

    /// Lower bound, upper bound, and the keys between them, out of a, b, ba, c, \xFF, \xFF\xFF.
    static let ranges: [(lower: [UInt8], upper: [UInt8]?, keys: [[UInt8]])] = [
        ([], nil, [[0x61], [0x62], [0x62, 0x61], [0x63], [0xFF], [0xFF, 0xFF]]),
        ([0x62], nil, [[0x62], [0x62, 0x61], [0x63], [0xFF], [0xFF, 0xFF]]),
        ([], [0x62], [[0x61]]),
        ([0x62], [0x63], [[0x62], [0x62, 0x61]]),
        ([0x61, 0x00], [0x62, 0x61, 0x00], [[0x62], [0x62, 0x61]]),
        ([0x63], [0xFF], [[0x63]]),
        ([0xFF], [0xFF, 0xFF], [[0xFF]]),
        ([0xFF, 0xFF, 0x00], nil, []),
        ([0x64], [0x65], []),
    ]

    @Test(arguments: StoreKind.allCases, ranges)
    func scansRanges(_ kind: StoreKind, _ range: (lower: [UInt8], upper: [UInt8]?, keys: [[UInt8]])) throws {
        try kind.withStore { store in
            try store.commit { batch in
                for key: [UInt8] in [[0xFF, 0xFF], [0x62], [0x61], [0x63], [0xFF], [0x62, 0x61]] {
                    batch.put(key, key + [1], in: .items)
                }
            }
            let entries = range.keys.map { Entry($0, $0 + [1]) }
            let bounds = KeyRange(lower: range.lower, upper: range.upper)
            #expect(try store.entries(bounds) == entries)
            #expect(try store.entries(bounds, reverse: true) == entries.reversed())
            #expect(try store.snapshot().entries(bounds) == entries)
            #expect(try store.snapshot().entries(bounds, reverse: true) == entries.reversed())
        }
    }

    static let prefixKeys: [[UInt8]] = [
        [1], [1, 0xFF], [1, 0xFF, 0], [1, 0xFF, 0xFF], [2], [0xFF], [0xFF, 0xFF], [0xFF, 0xFF, 3],
    ]

    /// A prefix, and which of the keys begin with it.
    static let prefixes: [(prefix: [UInt8], keys: Range<Int>)] = [
        ([], 0..<8), ([1], 0..<4), ([1, 0xFF], 1..<4), ([1, 0xFF, 0xFF], 3..<4), ([0xFF], 5..<8),
        ([0xFF, 0xFF], 6..<8),
        ([3], 0..<0), ([0xFF, 0xFF, 0xFF], 0..<0),
    ]

    @Test(arguments: StoreKind.allCases, prefixes)
    func prefixesEndWhereTheyShould(_ kind: StoreKind, _ expectation: (prefix: [UInt8], keys: Range<Int>)) throws {
        try kind.withStore { store in
            try store.commit { batch in Self.prefixKeys.forEach { batch.put($0, [], in: .items) } }
            let range = KeyRange(prefix: expectation.prefix)
            let expected = Self.prefixKeys[expectation.keys].map { Entry($0, []) }
            #expect(try store.entries(range) == expected)
            #expect(try store.entries(range, reverse: true) == expected.reversed())
        }
    }

    @Test(arguments: StoreKind.allCases) func aScanEndsWhenItsVisitorSaysSo(_ kind: StoreKind) throws {
        try kind.withStore { store in
            try store.commit { batch in
                for letter in "abcdef" { batch.put(String(letter), "1") }
            }
            #expect(try store.entries(limit: 2).map(\.key) == [[0x61], [0x62]])
            #expect(try store.entries(reverse: true, limit: 2).map(\.key) == [[0x66], [0x65]])
            #expect(try store.entries(limit: 1).count == 1)
        }
    }

    @Test(arguments: StoreKind.allCases) func aSnapshotStaysAsItWas(_ kind: StoreKind) throws {
        try kind.withStore { store in
            try store.commit { batch in
                batch.put("a", "1")
                batch.put("b", "2")
                batch.put("c", "3")
            }
            let snapshot = try store.snapshot()
            try store.commit { batch in
                batch.put("a", "9")
                batch.delete("b")
                batch.put("d", "4")
            }
            let later = try store.snapshot()
            try store.commit { $0.deleteRange("a", "z") }

            #expect(try snapshot.value(of: "a") == "1")
            #expect(try snapshot.value(of: "b") == "2")
            #expect(try snapshot.value(of: "d") == nil)
            #expect(try snapshot.entries() == [Entry("a", "1"), Entry("b", "2"), Entry("c", "3")])
            #expect(try later.entries() == [Entry("a", "9"), Entry("c", "3"), Entry("d", "4")])
            #expect(try store.entries() == [])
        }
    }

    @Test(arguments: StoreKind.allCases) func aScanDoesNotSeeWhatIsCommittedMeanwhile(_ kind: StoreKind) throws {
        try kind.withStore { store in
            try store.commit { batch in
                for number in 0..<200 { batch.put([UInt8(number)], [0], in: .items) }
            }
            var visited = 0
            var inside: [Result<[UInt8]?, any Error>] = []
            try store.scan(.all, in: .items, reverse: false) { _, value in
                if visited == 0 {
                    inside.append(
                        Result { try store.commit { $0.deleteRange(lower: [], upper: [0xFF], in: .items) } }.map { nil }
                    )
                    inside.append(Result { try store.value(of: [100], in: .items) })
                }
                visited += 1
                return .next
            }
            #expect(visited == 200)
            #expect(try inside.map { try $0.get() } == [nil, nil])
            #expect(try store.entries() == [])
        }
    }

    @Test(arguments: StoreKind.allCases) func readersSeeWholeBatchesInTheirOrder(_ kind: StoreKind) throws {
        let commits = 400
        let keys = (0..<40).map { [UInt8($0 * 6)] }
        try kind.withStore { store in
            let isWritten = Atomic(false)
            @Sendable func write() -> Result<Void, any Error> {
                defer { isWritten.store(true, ordering: .releasing) }
                return Result {
                    for number in 1...commits {
                        try store.commit { batch in
                            // Half of the batches delete and write anew, so that a torn one would show as a missing key.
                            if number.isMultiple(of: 2) { batch.deleteRange(lower: [0], upper: [0xFF], in: .items) }
                            keys.forEach { batch.put($0, Array("\(number)".utf8), in: .items) }
                        }
                    }
                }
            }
            @Sendable func read() -> Result<Void, any Error> {
                Result {
                    var newest = 0
                    while !isWritten.load(ordering: .acquiring) {
                        let entries = try store.entries(reverse: newest.isMultiple(of: 2))
                        let values = entries.map { String(decoding: $0.value, as: UTF8.self) }
                        guard let number = values.first.flatMap({ Int($0) }) else { continue }
                        guard number >= newest, values == [String](repeating: "\(number)", count: keys.count) else {
                            throw WrongState(after: newest, values: values)
                        }
                        newest = number
                    }
                }
            }
            for result in onThreads([write, read, read]) { try result.get() }
        }
    }

    private struct WrongState: Error {
        var after: Int
        var values: [String]
    }
}
