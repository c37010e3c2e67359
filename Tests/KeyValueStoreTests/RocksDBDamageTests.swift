import Foundation
import KeyValueStore
import RocksDBStore
import TestSupport
import Testing

/// Damaged files: a torn tail is an ordinary crash, everything else is refused and never passed over.
@Suite struct RocksDBDamageTests {
    private static let commits = 300

    @Test func acceptsATornTail() throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            try changeLog(path) { $0.removeLast(100) }
            let entries = try RocksDBStore(path: path).entries()
            #expect(entries == Self.expectedEntries.dropLast())
        }
    }

    @Test func refusesDamageInTheMiddleOfTheLog() throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            let before = try changeLog(path) { $0[$0.count / 2] ^= 1 }
            expectCorrupted(path)
            #expect(
                try Data(contentsOf: URL(filePath: newestLog(path))) == before, "the damaged file is kept as it was")
            expectCorrupted(path)
        }
    }

    /// RocksDB takes a length that points beyond the end for a torn tail, and would drop the acknowledged records behind it.
    @Test(arguments: [1, 2, 20]) func refusesALengthThatHidesTheRecordsBehindIt(recordFromEnd: Int) throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            try changeLog(path) { $0[$0.count - recordFromEnd * Self.recordSizeBytes + 5] |= 0x80 }
            expectCorrupted(path)
        }
    }

    /// RocksDB takes a type of recycled logs for the remains of an older log, and would stop there.
    @Test(arguments: [0, 1, 299]) func refusesATypeThatHidesTheRecordsBehindIt(record: Int) throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            try changeLog(path) { log in
                let start = record < 2 ? record * Self.recordSizeBytes : log.count - Self.recordSizeBytes
                log[start + 6] ^= 4
            }
            expectCorrupted(path)
        }
    }

    /// RocksDB skips zeros up to the next block.
    @Test func refusesAHole() throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            try changeLog(path) { log in
                let start = log.count - 20 * Self.recordSizeBytes
                log.replaceSubrange(start..<start + Self.recordSizeBytes, with: Data(count: Self.recordSizeBytes))
            }
            expectCorrupted(path)
        }
    }

    /// A file system may make a file longer before the bytes arrive.
    @Test func acceptsZerosInsteadOfTheLastRecords() throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            try changeLog(path) { log in
                log.removeLast(2 * Self.recordSizeBytes)
                log.append(Data(count: 100_000))
            }
            #expect(try RocksDBStore(path: path).entries() == Self.expectedEntries.dropLast(2))
        }
    }

    @Test func refusesALogThatIsMissing() throws {
        try withTemporaryDirectory { path in
            let logs = try writeStoreWithSeveralLogs(path)
            try FileManager.default.removeItem(atPath: logs[0])
            expectCorrupted(path)
        }
    }

    @Test func refusesAnEarlierLogThatIsCutShort() throws {
        try withTemporaryDirectory { path in
            let logs = try writeStoreWithSeveralLogs(path)
            try change(logs[0]) { $0.removeLast(100_000) }
            expectCorrupted(path)
        }
    }

    @Test(arguments: ["CURRENT", "MANIFEST-", ".sst", ".log"]) func refusesAFileThatIsMissing(_ name: String) throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            // Opening again moves the entries of the log into table files.
            try RocksDBStore(path: path).commit(.synced) { $0.put("last", "1") }
            let file = try #require(fileNames(in: path).last { $0.hasPrefix(name) || $0.hasSuffix(name) })
            try FileManager.default.removeItem(atPath: "\(path)/\(file)")
            expectCorrupted(path)
        }
    }

    /// Without the file CURRENT, RocksDB would begin a new database and delete the old table files.
    @Test func doesNotBeginAnewWhenOnlyTableFilesAreLeft() throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            _ = try RocksDBStore(path: path)
            let tables = try fileNames(in: path).filter { $0.hasSuffix(".sst") }
            for name in try fileNames(in: path) where name == "CURRENT" || name.hasSuffix(".log") {
                try FileManager.default.removeItem(atPath: "\(path)/\(name)")
            }
            expectCorrupted(path)
            #expect(try fileNames(in: path).filter { $0.hasSuffix(".sst") } == tables)
        }
    }

    @Test func reportsDamageInATableFileWhenAReadMeetsIt() throws {
        try withTemporaryDirectory { path in
            try writeStore(path)
            _ = try RocksDBStore(path: path)
            let table = try #require(fileNames(in: path).first { $0.hasSuffix(".sst") })
            try change("\(path)/\(table)") { $0[2000] ^= 1 }
            let store = try RocksDBStore(path: path)
            #expect(throws: StoreError.self) { try store.entries() }
            do {
                _ = try store.entries()
            } catch let StoreError.corrupted(damaged, reason) {
                #expect(damaged == path)
                #expect(reason.contains("checksum"))
            }
        }
    }

    /// Flips one bit anywhere in the directory: the store reports it, or everything is still there.
    @Test(arguments: [1, 2, 3] as [UInt64]) func noFlippedBitGoesUnnoticed(seed: UInt64) throws {
        print("RocksDBDamageTests.noFlippedBitGoesUnnoticed seed \(seed)")
        var random = SeededRandom(seed: seed)
        try withTemporaryDirectory { original in
            try writeStore(original)
            try RocksDBStore(path: original).commit(.synced) { $0.put("last", "1") }
            let expected = Self.expectedEntries + [Entry("last", "1")]
            for flip in 0..<15 {
                try withTemporaryDirectory { path in
                    try FileManager.default.copyItem(atPath: original, toPath: path)
                    let files = try fileNames(in: path).filter {
                        try !Data(contentsOf: URL(filePath: "\(path)/\($0)")).isEmpty
                    }
                    let file = files[Int.random(in: files.indices, using: &random)]
                    var position = 0
                    try change("\(path)/\(file)") { data in
                        position = Int.random(in: data.indices, using: &random)
                        data[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    }
                    do throws(StoreError) {
                        let store = try RocksDBStore(path: path)
                        let entries = try sortedEntries(store)
                        #expect(entries == expected, "seed \(seed), flip \(flip): byte \(position) of \(file)")
                    } catch {
                        // Reported, as it should be.
                    }
                }
            }
        }
    }

    // MARK: - Files to damage

    private static var expectedEntries: [Entry] {
        (0..<commits).map {
            Entry([UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)], [UInt8](repeating: UInt8($0 & 0x7F), count: 600))
        }
    }

    /// Leaves a closed store whose entries are in one log file, a record each.
    private func writeStore(_ path: String) throws {
        let store = try RocksDBStore(path: path)
        for entry in Self.expectedEntries {
            try store.commit(.synced) { $0.put(entry.key, entry.value, in: .items) }
        }
        store.close()
    }

    /// The paths of the logs, of which all but the last are complete and known to be.
    private func writeStoreWithSeveralLogs(_ path: String) throws -> [String] {
        let store = try RocksDBStore(path: path)
        for entry in Self.expectedEntries {
            try store.commit(.synced) { $0.put(entry.key, entry.value, in: .items) }
        }
        // A memtable of this space is full after some of these; writing it out begins a new log, and the old one stays for `items`.
        for _ in 0..<8 {
            try store.commit(.synced) { $0.put([1], [UInt8](repeating: 1, count: 1 << 20), in: .metadata) }
        }
        store.close()
        let logs = try fileNames(in: path).filter { $0.hasSuffix(".log") }
        try #require(logs.count > 1)
        return logs.map { "\(path)/\($0)" }
    }

    /// All entries of `items`, with the error type that the caller needs.
    private func sortedEntries(_ store: RocksDBStore) throws(StoreError) -> [Entry] {
        var entries: [Entry] = []
        try store.scan(.all, in: .items, reverse: false) { key, value in
            entries.append(Entry(Array(key), Array(value)))
            return .next
        }
        return entries
    }

    private func expectCorrupted(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) {
        do throws(StoreError) {
            _ = try RocksDBStore(path: path)
            Issue.record("a damaged store was opened", sourceLocation: sourceLocation)
        } catch {
            guard case .corrupted = error else {
                Issue.record("refused, but as \(error)", sourceLocation: sourceLocation)
                return
            }
        }
    }

    private func newestLog(_ path: String) throws -> String {
        let name = try #require(fileNames(in: path).last { $0.hasSuffix(".log") })
        return "\(path)/\(name)"
    }

    @discardableResult
    private func changeLog(_ path: String, _ body: (inout Data) -> Void) throws -> Data {
        try change(newestLog(path), body)
    }

    @discardableResult
    private func change(_ file: String, _ body: (inout Data) -> Void) throws -> Data {
        var data = try Data(contentsOf: URL(filePath: file))
        body(&data)
        try data.write(to: URL(filePath: file))
        return data
    }

    /// A record of one entry in the log: its header, that of the batch, type, space, two lengths, key and value.
    private static let recordSizeBytes = 7 + 12 + 1 + 1 + 1 + 2 + 2 + 600
}
