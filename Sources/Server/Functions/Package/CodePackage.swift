import Bytes
import Crypto
import Glibc

/// A function's code as it is uploaded: a zip archive. It is checked as a whole and unpacked into a directory; nothing that it says of
/// itself is trusted.
public struct CodePackage: Sendable {
    private let bytes: [UInt8]
    private let limits: FunctionLimits
    private let digest: [UInt8]

    /// - Throws: `tooManyBytes`.
    public init(_ bytes: [UInt8], limits: FunctionLimits = FunctionLimits()) throws(CodePackageError) {
        guard bytes.count <= limits.packageBytes else { throw .tooManyBytes(maximum: limits.packageBytes) }
        self.bytes = bytes
        self.limits = limits
        digest = Array(SHA256.hash(data: bytes))
    }

    /// The size of the archive.
    public var count: Int { bytes.count }
    /// The SHA-256 of the archive in base64, as Lambda shows it.
    public var sha256: String { Base64.encode(digest) }
    /// The same in hexadecimal: a name for a directory.
    public var fingerprint: String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Unpacks the archive into `directory`, which does not exist before and is complete when it does. Blocks while it works.
    /// - Throws: at the first entry that is refused; nothing is left then.
    public func unpack(into directory: String) throws(CodePackageError) {
        let archive = try ZipArchive(bytes)
        let plan = try PackagePlan(archive, limits: limits)
        let partial = directory + ".partial-" + String(UInt64.random(in: .min ... .max), radix: 16)
        do throws(CodePackageError) {
            try FileTree.makeDirectory(partial)
            try write(plan, of: archive, into: partial)
            guard rename(partial, directory) == 0 else { throw FileTree.failure(directory) }
        } catch {
            FileTree.remove(partial)
            throw error
        }
    }

    private func write(_ plan: PackagePlan, of archive: ZipArchive, into root: String) throws(CodePackageError) {
        for path in plan.directories { try FileTree.makeDirectory(root + "/" + path) }
        var left = limits.unpackedBytes
        for file in plan.files {
            let path = root + "/" + file.path.text
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file.permissions)
            guard descriptor >= 0 else { throw FileTree.failure(path) }
            defer { close(descriptor) }
            try archive.read(file.entry) { (piece) throws(CodePackageError) in
                left -= piece.count
                guard left >= 0 else { throw .tooManyUnpackedBytes(maximum: limits.unpackedBytes) }
                try FileTree.write(piece, to: descriptor, path)
            }
        }
        // Last, so that nothing is written through them.
        for link in plan.links {
            let target = try Self.target(of: link, in: archive)
            let path = root + "/" + link.path.text
            guard symlink(target, path) == 0 else { throw FileTree.failure(path) }
        }
    }

    private static func target(
        of link: PackagePlan.File, in archive: ZipArchive
    ) throws(CodePackageError) -> String {
        var bytes: [UInt8] = []
        try archive.read(link.entry) { (piece) throws(CodePackageError) in
            guard bytes.count + piece.count <= linkTargetBytesMax else {
                throw .linkLeaves(entry: link.entry.name, target: String(decoding: bytes.prefix(80), as: UTF8.self))
            }
            bytes.append(contentsOf: piece)
        }
        let target = String(decoding: bytes, as: UTF8.self)
        guard link.path.allowsLink(to: target) else {
            throw .linkLeaves(entry: link.entry.name, target: target)
        }
        return target
    }

    private static let linkTargetBytesMax = 1024
}
