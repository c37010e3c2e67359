import CZip

/// A zip archive in memory, opened for reading.
///
/// Not thread-safe: one thread at a time.
final class ZipArchive {
    /// What the archive's directory says of an entry; nothing of it is verified.
    struct Entry {
        let index: Int
        let name: String
        let isEncrypted: Bool
        /// Unix file type and permissions; 0 when the archive was not made on Unix.
        let mode: UInt32
    }

    private let archive: OpaquePointer
    private let memory: UnsafeMutableRawPointer

    init(_ bytes: [UInt8]) throws(CodePackageError) {
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        // libzip keeps the address until the archive is closed.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { memory.copyMemory(from: start, byteCount: source.count) }
        }
        guard let source = zip_source_buffer_create(memory, UInt64(bytes.count), 0, &error) else {
            memory.deallocate()
            throw .notAZip(reason: String(cString: zip_error_strerror(&error)))
        }
        guard let archive = zip_open_from_source(source, ZIP_RDONLY, &error) else {
            zip_source_free(source)
            memory.deallocate()
            throw .notAZip(reason: String(cString: zip_error_strerror(&error)))
        }
        self.archive = archive
        self.memory = memory
    }

    deinit {
        zip_discard(archive)
        memory.deallocate()
    }

    var count: Int { Int(zip_get_num_entries(archive, 0)) }

    func entry(at index: Int) throws(CodePackageError) -> Entry {
        var status = zip_stat_t()
        zip_stat_init(&status)
        guard zip_stat_index(archive, UInt64(index), 0, &status) == 0, let name = status.name else {
            throw .unreadable(entry: "#\(index)", reason: String(cString: zip_strerror(archive)))
        }
        var system = UInt8(0)
        var attributes = UInt32(0)
        let hasAttributes =
            zip_file_get_external_attributes(archive, UInt64(index), 0, &system, &attributes) == 0
            && system == UInt8(ZIP_OPSYS_UNIX)
        return Entry(
            index: index, name: String(cString: name),
            isEncrypted: status.encryption_method != UInt16(ZIP_EM_NONE),
            mode: hasAttributes ? attributes >> 16 : 0)
    }

    /// Inflates an entry piece by piece.
    func read(_ entry: Entry, _ take: (UnsafeRawBufferPointer) throws(CodePackageError) -> Void)
        throws(CodePackageError)
    {
        guard let file = zip_fopen_index(archive, UInt64(entry.index), 0) else {
            throw .unreadable(entry: entry.name, reason: String(cString: zip_strerror(archive)))
        }
        defer { zip_fclose(file) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 16)
        defer { piece.deallocate() }
        while true {
            let count = zip_fread(file, piece.baseAddress, UInt64(piece.count))
            if count == 0 { return }
            guard count > 0 else {
                throw .unreadable(
                    entry: entry.name, reason: String(cString: zip_error_strerror(zip_file_get_error(file))))
            }
            try take(UnsafeRawBufferPointer(rebasing: piece[..<Int(count)]))
        }
    }

    private static let pieceBytes = 64 * 1024
}
