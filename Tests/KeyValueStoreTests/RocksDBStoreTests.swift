import Foundation
import KeyValueStore
import RocksDBStore
import Testing

/// What only a store on disk can get wrong: reopening, directories, closing, failing.
@Suite struct RocksDBStoreTests {
    @Test func keepsWhatWasCommittedWhenItIsOpenedAgain() throws {
        try withTemporaryDirectory { path in
            do {
                let store = try RocksDBStore(path: path)
                try store.commit(.synced) { batch in
                    for space in Space.allCases { batch.put("key", "\(space)", in: space) }
                }
                try store.commit(.buffered) { $0.put("buffered", "1") }
                store.close()
            }
            let store = try RocksDBStore(path: path)
            for space in Space.allCases {
                #expect(try store.value(of: "key", in: space) == "\(space)")
            }
            #expect(try store.value(of: "buffered") == "1")
        }
    }

    @Test func closesByItselfWhenItIsLetGo() throws {
        try withTemporaryDirectory { path in
            for number in 0..<3 {
                let store = try RocksDBStore(path: path)
                #expect(try store.value(of: "number") == (number == 0 ? nil : "\(number - 1)"))
                try store.commit { $0.put("number", "\(number)") }
            }
        }
    }

    @Test func refusesEveryCallOnceItIsClosed() throws {
        try withTemporaryDirectory { path in
            let closed = StoreError.failed(reason: "the store is closed")
            let store = try RocksDBStore(path: path)
            try store.commit { $0.put("a", "1") }
            let snapshot = try store.snapshot()
            store.close()
            store.close()
            #expect(throws: closed) { try store.value(of: "a") }
            #expect(throws: closed) { try store.entries() }
            #expect(throws: closed) { try store.snapshot() }
            #expect(throws: closed) { try store.commit { $0.put("a", "2") } }
            #expect(throws: closed) { try store.commit { $0.put("a", "3") } }
            #expect(throws: closed) { try snapshot.value(of: "a") }
            #expect(throws: closed) { try snapshot.entries() }
            #expect(try RocksDBStore(path: path).value(of: "a") == "1")
        }
    }

    @Test func closesUnderRunningReads() throws {
        for _ in 0..<10 {
            try withTemporaryDirectory { path in
                let store = try RocksDBStore(path: path)
                try store.commit { batch in
                    for number in 0..<100 { batch.put([UInt8(number)], [1], in: .items) }
                }
                /// The error that ended the reads, or nil when one of them saw too little.
                @Sendable func readUntilItCloses() -> StoreError? {
                    while true {
                        do throws(StoreError) {
                            var count = 0
                            try store.scan(.all, in: .items, reverse: false) { _, _ in
                                count += 1
                                return .next
                            }
                            if count < 100 { return nil }
                        } catch {
                            return error
                        }
                    }
                }
                @Sendable func close() -> StoreError? {
                    store.close()
                    return .failed(reason: "the store is closed")
                }
                let errors = onThreads([readUntilItCloses, readUntilItCloses, close])
                #expect(errors == [StoreError?](repeating: .failed(reason: "the store is closed"), count: 3))
                #expect(try RocksDBStore(path: path).entries().count == 100)
            }
        }
    }

    @Test func refusesADirectoryThatIsInUse() throws {
        try withTemporaryDirectory { path in
            let store = try RocksDBStore(path: path)
            try store.commit { $0.put("a", "1") }
            #expect(throws: StoreError.locked(path: path)) { try RocksDBStore(path: path) }
            #expect(try store.value(of: "a") == "1")
            store.close()
            #expect(try RocksDBStore(path: path).value(of: "a") == "1")
        }
    }

    @Test(arguments: [Durability.synced, .buffered]) func writesNothingMoreAfterACommitThatFailed(
        _ durability: Durability
    ) throws {
        try withTemporaryDirectory { path in
            let store = try RocksDBStore(path: path)
            try store.commit(.synced) { $0.put("a", "1") }
            let snapshot = try store.snapshot()
            try fillTheDisk(under: path)

            var failure: StoreError?
            do throws(StoreError) {
                var batch = WriteBatch()
                batch.put("a", "2")
                try store.commit(batch, durability: durability)
            } catch {
                failure = error
            }
            guard case .failed(let reason)? = failure else {
                Issue.record("the commit ended with \(String(describing: failure))")
                return
            }
            #expect(reason.contains("No space left on device"))
            let poisoned = StoreError.poisoned(reason: reason)
            #expect(throws: poisoned) { try store.commit { $0.put("a", "3") } }
            #expect(throws: poisoned) { try store.commit(WriteBatch(), durability: .synced) }
            #expect(try store.value(of: "a") == "1")
            #expect(try snapshot.entries() == [Entry("a", "1")])

            store.close()
            #expect(try RocksDBStore(path: path).value(of: "a") == "1")
        }
    }

    /// Lets every further write to the open log below `path` end as on a full disk.
    private func fillTheDisk(under path: String) throws {
        let descriptors = try fileNames(in: "/proc/self/fd").compactMap(CInt.init).filter { descriptor in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
            return target?.hasPrefix(path) == true && target?.hasSuffix(".log") == true
        }
        let log = try #require(descriptors.first)
        let full = open("/dev/full", O_WRONLY)
        #expect(dup2(full, log) == log)
        close(full)
    }

    /// The settings on which durability rests, as RocksDB itself wrote them down.
    @Test(arguments: [
        "wal_recovery_mode=kTolerateCorruptedTailRecords", "recycle_log_file_num=0",
        "track_and_verify_wals_in_manifest=true",
        "paranoid_checks=true", "manual_wal_flush=false", "max_open_files=512", "keep_log_file_num=3",
    ])
    func opensWithTheSettingsThatDurabilityRestsOn(_ setting: String) throws {
        try withTemporaryDirectory { path in
            _ = try RocksDBStore(path: path)
            let options = try #require(fileNames(in: path).filter { $0.hasPrefix("OPTIONS-") }.max())
            #expect(try String(contentsOfFile: "\(path)/\(options)", encoding: .utf8).contains("\n  \(setting)\n"))
        }
    }
}

/// Which directories a store takes and which it refuses.
@Suite struct DataDirectoryTests {
    @Test func marksTheDirectoryWithItsFormat() throws {
        try withTemporaryDirectory { path in
            _ = try RocksDBStore(path: path)
            #expect(try String(contentsOfFile: "\(path)/FORMAT", encoding: .utf8) == "tributary-format 1\n")
        }
    }

    @Test func makesMissingDirectories() throws {
        try withTemporaryDirectory { path in
            try RocksDBStore(path: "\(path)/a/b/").commit(.synced) { $0.put("a", "1") }
            #expect(try RocksDBStore(path: "\(path)/a/b").value(of: "a") == "1")
        }
    }

    @Test func takesAnEmptyDirectoryAndAVolumesRoot() throws {
        try withTemporaryDirectory { path in
            try makeDirectory("\(path)/lost+found")
            _ = try RocksDBStore(path: path)
        }
    }

    /// What a crash in the middle of creating the format file leaves.
    @Test(arguments: ["", "tributary", "tributary-format 1"]) func finishesAnInterruptedCreation(_ content: String)
        throws
    {
        try withTemporaryDirectory { path in
            try makeDirectory(path)
            try content.write(toFile: "\(path)/FORMAT", atomically: false, encoding: .utf8)
            try RocksDBStore(path: path).commit(.synced) { $0.put("a", "1") }
            #expect(try String(contentsOfFile: "\(path)/FORMAT", encoding: .utf8) == "tributary-format 1\n")
            #expect(try RocksDBStore(path: path).value(of: "a") == "1")
        }
    }

    @Test(arguments: [
        ("tributary-format 2\n", "2"), ("tributary-format 10\n", "10"), ("tributary-format 1 \n", "1 "),
        ("hello", "'hello'"),
        ("tributary-format 1\nmore\n", "1\nmore"),
    ])
    func refusesAnotherFormatAndTouchesNothing(content: String, found: String) throws {
        try withTemporaryDirectory { path in
            try makeDirectory(path)
            try content.write(toFile: "\(path)/FORMAT", atomically: false, encoding: .utf8)
            #expect(throws: StoreError.otherFormat(path: path, found: found, expected: "1")) {
                try RocksDBStore(path: path)
            }
            #expect(try fileNames(in: path) == ["FORMAT"])
            #expect(try String(contentsOfFile: "\(path)/FORMAT", encoding: .utf8) == content)
        }
    }

    @Test func refusesADirectoryOfSomebodyElseAndTouchesNothing() throws {
        try withTemporaryDirectory { path in
            try makeDirectory(path)
            try "mine".write(toFile: "\(path)/letter.txt", atomically: false, encoding: .utf8)
            let reason = "it holds files but no FORMAT file, so it is not a Tributary data directory"
            #expect(throws: StoreError.unusable(path: path, reason: reason)) { try RocksDBStore(path: path) }
            #expect(try fileNames(in: path) == ["letter.txt"])
        }
    }

    @Test func refusesAFile() throws {
        try withTemporaryDirectory { path in
            try "mine".write(toFile: path, atomically: false, encoding: .utf8)
            #expect(throws: StoreError.unusable(path: path, reason: "Not a directory")) { try RocksDBStore(path: path) }
            let below = "\(path)/below"
            #expect(throws: StoreError.unusable(path: below, reason: "Not a directory")) {
                try RocksDBStore(path: below)
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
        }
    }

    @Test(arguments: ["", "a\0b"]) func refusesWhatIsNoPath(_ path: String) {
        #expect(throws: StoreError.unusable(path: path, reason: "it is not a path")) { try RocksDBStore(path: path) }
    }

    /// `/proc` lets nobody make directories, not even root.
    @Test func refusesADirectoryThatCannotBeMade() {
        let path = "/proc/tributary/data"
        #expect(throws: StoreError.unusable(path: path, reason: "No such file or directory")) {
            try RocksDBStore(path: path)
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere; run the tests as another user for this one"))
    func refusesADirectoryThatCannotBeWritten() throws {
        try withTemporaryDirectory { path in
            try makeDirectory(path)
            try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: path)
            #expect(throws: StoreError.unusable(path: path, reason: "Permission denied")) {
                try RocksDBStore(path: path)
            }
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        }
    }
}

func makeDirectory(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
}

func fileNames(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
}
