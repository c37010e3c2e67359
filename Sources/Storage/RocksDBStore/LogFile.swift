import Glibc
import KeyValueStore

/// A file in RocksDB's log format (write-ahead logs and manifests), checked for damage that RocksDB takes for the end of the file.
///
/// A crash may cut the last record short: its header promises more bytes than there are, or zeros stand where it should be. RocksDB
/// rightly ignores such an end. But three kinds of damage look the same to it, and it would drop in silence the acknowledged records
/// that follow: a length that points beyond the end, a type that belongs to recycled logs (which we do not use), and a hole of
/// zeros. All other damage is caught by its checksums.
///
/// Format (RocksDB's `db/log_format.h`): blocks of 32 KiB; in each, records of a masked CRC-32C of type and data (4 bytes), the length
/// of the data (2), the type (1), and the data. A rest of a block that is too short for a header is left empty.
struct LogFile {
    let path: String

    private static let blockSizeBytes = 32 << 10
    private static let headerSizeBytes = 7
    /// Whole records, and the first, middle and last pieces of records that cross blocks.
    private static let recordTypes: ClosedRange<UInt8> = 1...4

    /// Whether records follow a place at which RocksDB would stop reading.
    func hidesRecords() throws(StoreError) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError() }
        defer { close(descriptor) }

        var block = [UInt8](repeating: 0, count: Self.blockSizeBytes)
        var hasEnded = false
        var offset = 0
        while true {
            let count = pread(descriptor, &block, block.count, off_t(offset))
            guard count >= 0 else { throw systemError() }
            let isHiding = block.withUnsafeBytes { bytes in
                Self.hidesRecords(UnsafeRawBufferPointer(rebasing: bytes[..<count]), hasEnded: &hasEnded)
            }
            if isHiding { return true }
            if count < block.count { return false }
            offset += count
        }
    }

    private func systemError() -> StoreError {
        .failed(reason: "reading \(path): \(String(cString: strerror(errno)))")
    }
}

extension LogFile {
    /// Checks one block; `hasEnded` is set when RocksDB would read nothing from here on.
    private static func hidesRecords(_ block: UnsafeRawBufferPointer, hasEnded: inout Bool) -> Bool {
        var start = 0
        while !hasEnded, start + headerSizeBytes <= block.count {
            let type = block[start + 6]
            let length = length(block, at: start)
            if type == 0, length == 0 {
                hasEnded = true
            } else if !recordTypes.contains(type) {
                return true
            } else if start + headerSizeBytes + length <= block.count {
                start += headerSizeBytes + length
            } else if block.count < blockSizeBytes {
                return hasRecord(block, from: start)
            } else {
                // In a full block RocksDB itself calls such a length damage.
                return false
            }
        }
        return hasEnded && block[start...].contains { $0 != 0 }
    }

    /// Whether a record with a right checksum begins at `start`, whatever length its header says, or anywhere behind it.
    private static func hasRecord(_ block: UnsafeRawBufferPointer, from start: Int) -> Bool {
        if isRecord(block, at: start, length: block.count - start - headerSizeBytes) { return true }
        return (start...block.count - headerSizeBytes).contains { start in
            isRecord(block, at: start, length: length(block, at: start))
        }
    }

    private static func length(_ block: UnsafeRawBufferPointer, at start: Int) -> Int {
        Int(block[start + 4]) | Int(block[start + 5]) << 8
    }

    private static func isRecord(_ block: UnsafeRawBufferPointer, at start: Int, length: Int) -> Bool {
        let end = start + headerSizeBytes + length
        guard recordTypes.contains(block[start + 6]), length > 0, end <= block.count else { return false }
        let stored = block.loadUnaligned(fromByteOffset: start, as: UInt32.self)
        return UInt32(littleEndian: stored)
            == maskedChecksum(UnsafeRawBufferPointer(rebasing: block[(start + 6)..<end]))
    }

    /// CRC-32C, turned and shifted as RocksDB stores it.
    private static func maskedChecksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let checksum = ~bytes.reduce(~UInt32(0)) { checksumTable[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
        return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
    }

    private static let checksumTable: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ 0x82F6_3B78 }
    }
}
