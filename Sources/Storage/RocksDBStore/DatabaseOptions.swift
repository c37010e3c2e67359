import CRocksDB
import KeyValueStore

/// The settings of the database and of its column families, needed until it is open.
struct DatabaseOptions {
    let database: NativeOptions
    /// One for each name in `familyNames`.
    let families: [NativeOptions]

    /// Column families by their names on disk. RocksDB insists on the first one; it stays empty.
    static let familyNames = ["default"] + Space.allCases.map(\.familyName)

    /// Memory for writes that are not in table files yet. Larger ones mean fewer, longer flushes and less compaction; each space can
    /// hold twice its size while one memtable is being flushed.
    private static func memtableSizeBytes(_ space: Space) -> Int {
        switch space {
        case .metadata: 2 << 20
        case .items: 32 << 20
        case .indexes: 16 << 20
        case .changes: 32 << 20
        }
    }

    /// A space that is seldom written keeps old log files alive until this forces its flush; also bounds the time of a restart.
    private static let walSizeMaximumBytes: UInt64 = 192 << 20
    private static let tableFileSizeBytes: UInt64 = 64 << 20
    /// RocksDB's own diary in the `LOG` files.
    private static let infoLogSizeMaximumBytes = 1 << 20
    private static let infoLogsKept = 3
    private static let infoLogLevelWarnings: CInt = 2
    private static let manifestSizeMaximumBytes = 16 << 20
    /// Table files are handed to the disk in pieces of this size, so that a synced commit does not queue behind a whole file.
    private static let backgroundSyncSizeBytes: UInt64 = 1 << 20
    private static let backgroundJobsMaximum: CInt = 2
    /// 1 % false positives.
    private static let bloomBitsPerKey = 10.0
    private static let pointReadBlockSizeBytes = 4 << 10
    private static let rangeReadBlockSizeBytes = 16 << 10
    /// Range deletions at the front of the change log reach the files below them at the latest after this time.
    private static let changesCompactionSeconds = 24 * 3600
    private static let tolerateCorruptedTailRecords: CInt = 0

    /// `cache` holds blocks, indexes and filters of all column families; the caller keeps it until the database is closed.
    init(_ options: RocksDBStore.Options, cache: OpaquePointer) throws(RocksDBFailure) {
        database = try Self.makeDatabaseOptions(options)
        var families = [try NativeOptions()]
        for space in Space.allCases {
            families.append(try Self.makeFamilyOptions(space, cache: cache))
        }
        self.families = families
    }
}

extension DatabaseOptions {
    private static func makeDatabaseOptions(_ options: RocksDBStore.Options) throws(RocksDBFailure) -> NativeOptions {
        // Finds log files that are missing or too short. The C API of 7.8 has no setter for it.
        let native = try NativeOptions("track_and_verify_wals_in_manifest=true")
        let database = native.handle
        // The default would open in silence up to the first damaged record, and drop all acknowledged writes behind it.
        rocksdb_options_set_wal_recovery_mode(database, tolerateCorruptedTailRecords)
        rocksdb_options_set_recycle_log_file_num(database, 0)
        rocksdb_options_set_max_total_wal_size(database, walSizeMaximumBytes)
        rocksdb_options_set_create_if_missing(database, 1)
        rocksdb_options_set_create_missing_column_families(database, 1)
        rocksdb_options_set_paranoid_checks(database, 1)
        rocksdb_options_set_max_open_files(database, CInt(clamping: options.openFilesMaximum))
        rocksdb_options_set_max_background_jobs(database, backgroundJobsMaximum)
        rocksdb_options_set_bytes_per_sync(database, backgroundSyncSizeBytes)
        rocksdb_options_set_max_manifest_file_size(database, manifestSizeMaximumBytes)
        rocksdb_options_set_info_log_level(database, infoLogLevelWarnings)
        rocksdb_options_set_max_log_file_size(database, infoLogSizeMaximumBytes)
        rocksdb_options_set_keep_log_file_num(database, infoLogsKept)
        rocksdb_options_set_stats_dump_period_sec(database, 0)
        rocksdb_options_set_stats_persist_period_sec(database, 0)
        return native
    }

    private static func makeFamilyOptions(
        _ space: Space, cache: OpaquePointer
    ) throws(RocksDBFailure) -> NativeOptions {
        let native = try NativeOptions(extraSettings(space))
        let family = native.handle
        rocksdb_options_set_write_buffer_size(family, memtableSizeBytes(space))
        rocksdb_options_set_target_file_size_base(family, tableFileSizeBytes)
        rocksdb_options_set_level_compaction_dynamic_level_bytes(family, 1)
        rocksdb_options_set_compression(family, CInt(rocksdb_lz4_compression))
        setTableFormat(family, hasPointReads: space == .items || space == .metadata, cache: cache)
        return native
    }

    private static func extraSettings(_ space: Space) -> String {
        switch space {
        case .metadata, .indexes: ""
        // Every write reads its item first, and most of these reads end in the memtable's filter.
        case .items: "memtable_whole_key_filtering=true;memtable_prefix_bloom_size_ratio=0.02"
        case .changes: "ttl=\(changesCompactionSeconds)"
        }
    }

    private static func setTableFormat(_ family: OpaquePointer, hasPointReads: Bool, cache: OpaquePointer) {
        let table = rocksdb_block_based_options_create()
        defer { rocksdb_block_based_options_destroy(table) }
        rocksdb_block_based_options_set_block_cache(table, cache)
        // Indexes and filters stay with the open files (some 0.8 % of the data), not in the cache: each is bigger than many of the
        // cache's shards, and reading one from disk for every read took 330 µs.
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 0)
        if hasPointReads {
            // The table options own the filter policy from here on.
            rocksdb_block_based_options_set_filter_policy(
                table, rocksdb_filterpolicy_create_bloom_full(bloomBitsPerKey))
            rocksdb_block_based_options_set_data_block_index_type(
                table, CInt(rocksdb_block_based_table_data_block_index_type_binary_search_and_hash))
        }
        rocksdb_block_based_options_set_block_size(
            table, hasPointReads ? pointReadBlockSizeBytes : rangeReadBlockSizeBytes)
        rocksdb_options_set_block_based_table_factory(family, table)
    }
}

/// Settings of a database or of a column family, in RocksDB's own object.
final class NativeOptions {
    let handle: OpaquePointer

    /// The defaults, but for `settings` in RocksDB's notation (`name=value;name=value`).
    init(_ settings: String = "") throws(RocksDBFailure) {
        handle = rocksdb_options_create()
        try checked { rocksdb_get_options_from_string(handle, settings, handle, $0) }
    }

    deinit {
        rocksdb_options_destroy(handle)
    }
}

extension Space {
    /// The name of the column family on disk.
    fileprivate var familyName: String {
        switch self {
        case .metadata: "metadata"
        case .items: "items"
        case .indexes: "indexes"
        case .changes: "changes"
        }
    }
}
