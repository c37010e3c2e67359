import ChangeStream
import JSONBytes

/// Whether a table shall have a stream, and what it shows (reference `streams.md` 2).
struct StreamSpecification: Sendable, Equatable {
    let isEnabled: Bool
    let viewType: StreamViewType?
}

extension RequestBody {
    private static let viewTypes = ["NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY"]

    func streamSpecification(_ constraints: inout Constraints) throws(WireError) -> StreamSpecification? {
        guard let member = try object("StreamSpecification") else { return nil }
        let isEnabled = try member.boolean("StreamEnabled")
        let viewType = try member.string("StreamViewType")
        constraints.require(isEnabled != nil, at: "streamSpecification.streamEnabled")
        constraints.checkEnum(viewType, at: "streamSpecification.streamViewType", Self.viewTypes)
        return StreamSpecification(
            isEnabled: isEnabled ?? false, viewType: viewType.flatMap(StreamViewType.init(rawValue:)))
    }
}

extension StreamSpecification {
    /// The view type of a new table's stream; nil when it has none.
    func forNewTable() throws(WireError) -> StreamViewType? {
        switch (isEnabled, viewType) {
        case (true, nil):
            throw .invalidParameter("Table is being created with a stream enabled, UpdateViewType is required")
        case (false, _?):
            throw .invalidParameter(
                "Table is being created with a stream disabled, UpdateViewType should not be specified")
        case (true, let viewType): return viewType
        case (false, nil): return nil
        }
    }

    /// The change of an existing table's stream.
    func forUpdate() throws(WireError) -> StreamUpdate {
        switch (isEnabled, viewType) {
        case (true, nil): throw .invalidParameter("If stream is being enabled then UpdateViewType is required")
        case (false, _?):
            throw .invalidParameter("If stream is being disabled, then UpdateViewType must not be specified")
        case (true, let viewType?): return .enable(viewType)
        case (false, nil): return .disable
        }
    }
}

enum StreamUpdate: Sendable, Equatable {
    case enable(StreamViewType)
    case disable
}
