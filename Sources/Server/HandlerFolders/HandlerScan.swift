/// What a scan of the handlers' folder found.
public struct HandlerScan: Sendable {
    struct File: Sendable {
        var stamp: FileStamp?
        var content: [UInt8]?
        /// The last definition that was right; stays when the file becomes wrong.
        var good: HandlerDefinition?
        var error: HandlerFileError?
    }

    /// The handlers in the order of their names. One whose file has become wrong goes on as it was.
    public private(set) var definitions: [HandlerDefinition] = []
    /// Everything that is wrong now.
    public private(set) var errors: [HandlerFileError] = []
    /// What is not as it was at the previous scan.
    public private(set) var changes: [HandlerChange] = []
    private(set) var files: [String: File] = [:]

    public init() {}

    mutating func add(_ file: File, name: String, previous: File?) {
        files[name] = file
        if let definition = file.good { definitions.append(definition) }
        if let error = file.error {
            errors.append(error)
            if previous?.error != error { changes.append(.broken(error)) }
        } else if let definition = file.good {
            if let before = previous?.good {
                if before != definition {
                    changes.append(.changed(definition))
                } else if previous?.stamp != file.stamp || previous?.error != nil {
                    changes.append(.rewritten(definition))
                }
            } else {
                changes.append(.added(definition))
            }
        }
    }

    /// An error that is not of one handler.
    mutating func note(_ error: HandlerFileError, previous: HandlerScan) {
        errors.append(error)
        if !previous.errors.contains(error) { changes.append(.broken(error)) }
    }

    mutating func noteRemovals(_ previous: HandlerScan) {
        for (name, file) in previous.files.sorted(by: { $0.key < $1.key }) where files[name] == nil {
            if file.good != nil { changes.append(.removed(name: name)) }
        }
    }

    /// The folder could not be read: all handlers go on as they were.
    func failing(_ error: HandlerFileError) -> HandlerScan {
        var scan = self
        scan.errors = files.values.compactMap(\.error).sorted { $0.file < $1.file }
        scan.changes = []
        scan.note(error, previous: self)
        return scan
    }
}

/// What happened to a handler between two scans.
public enum HandlerChange: Sendable, Equatable {
    case added(HandlerDefinition)
    /// The definition is another one.
    case changed(HandlerDefinition)
    /// The file was written again and says the same: a wish to start the handler's processes anew, with code that changed.
    case rewritten(HandlerDefinition)
    /// The folder or its handler.yaml has gone.
    case removed(name: String)
    /// Something is wrong that was not wrong before; the handler, if there was one, goes on as it was.
    case broken(HandlerFileError)
}
