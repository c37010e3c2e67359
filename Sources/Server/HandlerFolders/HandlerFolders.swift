/// The folder of handlers: each folder in it that has a handler.yaml is a handler.
///
/// Whoever owns it calls `scan` at the start and then every second or so. A scan looks at each file's time and size and reads only what
/// changed. Hidden folders and folders without a handler.yaml are passed over.
public struct HandlerFolders: Sendable {
    public static let fileName = "handler.yaml"
    /// The most handlers. Folders beyond it, in the order of their names, are ignored with an error.
    public static let handlersMax = 256
    /// The longest handler.yaml, in bytes.
    public static let fileBytesMax = 64 * 1024

    public let directory: String
    private let handlersMax: Int

    /// - Parameter directory: need not exist yet.
    public init(directory: String) {
        self.init(directory: directory, handlersMax: Self.handlersMax)
    }

    init(directory: String, handlersMax: Int) {
        self.handlersMax = handlersMax
        var path = Substring(directory)
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.directory = String(path)
    }

    /// Looks at the folder again.
    /// - Parameter previous: what the last scan found; without it, everything is new.
    public func scan(previous: HandlerScan = HandlerScan()) -> HandlerScan {
        let names: [String]
        switch FolderReading.handlerFolders(in: directory) {
        case .success(let found): names = found
        case .failure(let failure):
            return previous.failing(HandlerFileError(file: directory, reason: failure.reason))
        }
        var scan = HandlerScan()
        for name in names.prefix(handlersMax) {
            let path = directory + "/" + name
            scan.add(look(at: path, previous.files[name]), name: name, previous: previous.files[name])
        }
        if names.count > handlersMax {
            let reason = "has more than \(handlersMax) handlers: \(names[handlersMax]) and what follows is ignored"
            scan.note(HandlerFileError(file: directory, reason: reason), previous: previous)
        }
        scan.noteRemovals(previous)
        return scan
    }

    private func look(at path: String, _ previous: HandlerScan.File?) -> HandlerScan.File {
        let file = path + "/" + Self.fileName
        let stamp = FolderReading.stamp(of: file)
        if let previous, let stamp, previous.stamp == stamp { return previous }
        switch FolderReading.contents(of: file, bytesMax: Self.fileBytesMax) {
        case .failure(let failure):
            return HandlerScan.File(
                stamp: stamp, content: nil, good: previous?.good,
                error: HandlerFileError(file: file, reason: failure.reason))
        case .success(let content):
            return parse(content, at: path, stamp, previous)
        }
    }

    private func parse(
        _ content: [UInt8], at path: String, _ stamp: FileStamp?, _ previous: HandlerScan.File?
    ) -> HandlerScan.File {
        if let previous, previous.content == content {
            var same = previous
            same.stamp = stamp
            return same
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            return HandlerScan.File(
                stamp: stamp, content: content, good: previous?.good,
                error: HandlerFileError(file: path + "/" + Self.fileName, reason: "is not UTF-8"))
        }
        do throws(HandlerFileError) {
            let definition = try HandlerFile.parse(text, directory: path)
            return HandlerScan.File(stamp: stamp, content: content, good: definition, error: nil)
        } catch {
            return HandlerScan.File(stamp: stamp, content: content, good: previous?.good, error: error)
        }
    }
}
