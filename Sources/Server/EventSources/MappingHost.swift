/// What runs the event source mappings of a region.
public protocol MappingHost: AnyObject, Sendable {
    func start()

    /// Begins nothing more, saves all positions and returns.
    func stop()

    /// Adds a mapping, or gives it other settings.
    func put(_ specification: MappingSpecification)

    func remove(id: String)

    /// Nil when there is no such mapping (any more).
    func status(of id: String) -> MappingStatus?
}

extension EventSourceHost: MappingHost {}
