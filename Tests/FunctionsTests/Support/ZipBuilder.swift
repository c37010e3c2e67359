import Bytes

/// Builds zip archives byte by byte, honest ones and others.
struct ZipBuilder {
    struct Entry {
        var name: String
        var content: [UInt8] = []
        /// Unix file type and permissions.
        var mode: UInt32 = 0o100644
        /// 0 is DOS, 3 is Unix.
        var system: UInt16 = 3
        var flags: UInt16 = 0x0800
        /// 0 is stored, 8 is deflated.
        var method: UInt16 = 0
        /// What the headers say of the unpacked content; nil for the truth of stored content.
        var claimedCount: Int?
        var claimedChecksum: UInt32?
    }

    static func archive(_ entries: [Entry]) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = bytes.count
            let common = self.common(entry)
            bytes += word(0x0403_4B50) + common + half(0) + Array(entry.name.utf8) + entry.content
            directory +=
                word(0x0201_4B50) + half(entry.system << 8 | 20) + common + half(0) + half(0) + half(0) + half(0)
            directory += word(entry.mode << 16) + word(UInt32(offset)) + Array(entry.name.utf8)
        }
        let end =
            half(0) + half(0) + half(UInt16(entries.count)) + half(UInt16(entries.count))
            + word(UInt32(directory.count)) + word(UInt32(bytes.count)) + half(0)
        return bytes + directory + word(0x0605_4B50) + end
    }

    /// From "version needed" up to the length of the name.
    private static func common(_ entry: Entry) -> [UInt8] {
        half(20) + half(entry.flags) + half(entry.method) + half(0) + half(0x21)
            + word(entry.claimedChecksum ?? entry.content.withUnsafeBytes { CRC32.checksum($0) })
            + word(UInt32(entry.content.count)) + word(UInt32(entry.claimedCount ?? entry.content.count))
            + half(UInt16(entry.name.utf8.count))
    }

    private static func half(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }
    private static func word(_ value: UInt32) -> [UInt8] {
        half(UInt16(value & 0xFFFF)) + half(UInt16(value >> 16))
    }
}

extension ZipBuilder.Entry {
    static func file(_ name: String, _ text: String = "x", mode: UInt32 = 0o100644) -> Self {
        Self(name: name, content: Array(text.utf8), mode: mode)
    }

    static func directory(_ name: String) -> Self { Self(name: name, mode: 0o040755) }

    static func link(_ name: String, to target: String) -> Self {
        Self(name: name, content: Array(target.utf8), mode: 0o120777)
    }
}
