/// The unpacked packages of a region's functions: `<path>/<function>/<fingerprint of the archive>`.
struct CodeDirectory: Sendable {
    let path: String
    let limits: FunctionLimits

    /// Unpacks a package, unless it is there already.
    func unpack(_ package: CodePackage, for function: String) throws(CodePackageError) -> FunctionTarget {
        let directory = path + "/" + function + "/" + package.fingerprint
        if !FileTree.isDirectory(directory) {
            try FileTree.makeDirectories(path + "/" + function)
            do throws(CodePackageError) {
                try package.unpack(into: directory)
            } catch {
                FileTree.removeIfEmpty(path + "/" + function)
                throw error
            }
        }
        return .package(directory: directory)
    }

    /// Removes a target's code, if it lies here.
    func remove(_ target: FunctionTarget) {
        guard case .package(let directory) = target, let inner = innerPath(directory) else { return }
        FileTree.remove(directory)
        if let function = inner.split(separator: "/").first { FileTree.removeIfEmpty(path + "/" + function) }
    }

    /// Removes everything but the code of these functions: what a crash has left.
    func removeAll(except definitions: [FunctionDefinition]) {
        let used = Set(
            definitions.compactMap { definition -> String? in
                guard case .package(let directory) = definition.target else { return nil }
                return innerPath(directory)
            })
        for function in FileTree.names(in: path) {
            for fingerprint in FileTree.names(in: path + "/" + function)
            where !used.contains(function + "/" + fingerprint) {
                FileTree.remove(path + "/" + function + "/" + fingerprint)
            }
            FileTree.removeIfEmpty(path + "/" + function)
        }
    }

    /// As it is stored: without `path`, so that the data directory can be moved.
    func relative(_ target: FunctionTarget) -> FunctionTarget {
        guard case .package(let directory) = target, let inner = innerPath(directory) else { return target }
        return .package(directory: inner)
    }

    func absolute(_ target: FunctionTarget) -> FunctionTarget {
        guard case .package(let directory) = target, !directory.hasPrefix("/") else { return target }
        return .package(directory: path + "/" + directory)
    }

    private func innerPath(_ directory: String) -> String? {
        directory.hasPrefix(path + "/") ? String(directory.dropFirst(path.count + 1)) : nil
    }
}

extension FileTree {
    static func removeIfEmpty(_ path: String) {
        if names(in: path).isEmpty { remove(path) }
    }
}
