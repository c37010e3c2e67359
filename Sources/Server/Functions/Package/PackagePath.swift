/// The path of an entry in a package, checked: relative, without `.` and `..`, and of parts that a file can be called.
struct PackagePath: Hashable {
    /// Longest name of a file or directory.
    private static let nameBytesMax = 255

    let components: [String]

    var text: String { components.joined(separator: "/") }
    /// The directories above it, from the outermost.
    var parents: [String] {
        components.indices.dropFirst().map { components[..<$0].joined(separator: "/") }
    }

    /// Reads an entry's name; the slash that ends a directory's name does not count.
    init(_ name: String, bytesMax: Int) throws(CodePackageError) {
        func refuse(_ reason: String) -> CodePackageError { .badPath(entry: name, reason: reason) }
        guard name.utf8.count <= bytesMax else { throw refuse("has a path longer than \(bytesMax) bytes") }
        guard name.utf8.first != UInt8(ascii: "/") else { throw refuse("has an absolute path") }
        guard !name.utf8.contains(UInt8(ascii: "\\")) else { throw refuse("has a backslash in its path") }
        guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw refuse("has a control character in its path")
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var components = parts
        if parts.count > 1, parts.last == "" { components.removeLast() }
        // `./app.py` is what some tools write.
        if components.count > 1, components.first == "." { components.removeFirst() }
        for component in components {
            switch component {
            case "": throw refuse("has an empty name in its path")
            case ".": throw refuse("has '.' in its path")
            case "..": throw refuse("leads out of the package")
            default: break
            }
            guard component.utf8.count <= Self.nameBytesMax else {
                throw refuse("has a name longer than \(Self.nameBytesMax) bytes")
            }
        }
        self.components = components
    }

    /// Whether a link at this path may have this target: relative, and `..` only at its front, no more often than there are directories
    /// above the link. Behind its front it leads through directories and through links that obey the same rule, so it never leaves.
    func allowsLink(to target: String) -> Bool {
        guard !target.isEmpty, target.utf8.first != UInt8(ascii: "/"), !target.utf8.contains(0) else { return false }
        let parts = target.split(separator: "/")
        let upward = parts.prefix { $0 == ".." }.count
        return upward < components.count && !parts.dropFirst(upward).contains("..")
    }
}
