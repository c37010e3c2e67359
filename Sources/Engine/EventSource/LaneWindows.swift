/// Tumbling windows of a lane (reference `event-source-mapping.md` 3). Mappings with windows have one lane.
///
/// * A window is opened by the first record after the one before; its bounds are multiples of its length since 1970.
/// * A record older than the open window belongs to it. Windows never go back: a record older than the last window that
///   ended goes into the next one.
/// * A window ends when a record of a later one or of another shard is next, when the shard has ended, or when its time
///   is over and everything created before was read. Then one invocation without records follows, as often as it takes to
///   succeed; retries and ages have no say in it.
/// * State above `EventSourceEngine.windowStateBytesMax` ends the window early; records of its time open it again, with
///   empty state.
extension Lane {
    private static let emptyState: [UInt8] = Array("{}".utf8)

    mutating func openWindow(for record: RecordReference, _ context: LaneContext) {
        let length = context.settings.tumblingWindowMilliseconds
        guard length > 0, window == nil else { return }
        let time = max(record.approximateMilliseconds, windowFloorMilliseconds)
        let start = time - time % length
        let open = OpenWindow(
            shardID: context.shards.shard(of: record.sequence).id, startMilliseconds: start,
            endMilliseconds: start + length, state: Self.emptyState, endsEarly: false)
        window = Window(open: open, isUsed: false)
        gathering = Gathering()
    }

    /// The final invocation of the open window, if its end has come.
    mutating func endWindowIfDue(_ context: LaneContext) -> LaneStep? {
        guard let window, isDue(window, context) else { return nil }
        guard window.isUsed else {
            self.window = nil
            gathering = Gathering()
            return nil
        }
        self.window?.isEnding = true
        return .invoke(
            shardID: window.open.shardID, records: [], attempt: window.finalInvokeCount + 1,
            window: windowInvocation(isFinal: true))
    }

    func windowInvocation(isFinal: Bool) -> WindowInvocation? {
        guard let open = window?.open else { return nil }
        return WindowInvocation(
            startMilliseconds: open.startMilliseconds, endMilliseconds: open.endMilliseconds, state: open.state,
            isFinal: isFinal, isTerminatedEarly: isFinal && open.endsEarly)
    }

    mutating func closeWindow() {
        guard let open = window?.open else { return }
        windowFloorMilliseconds = open.endsEarly ? open.startMilliseconds : open.endMilliseconds
        window = nil
        windowRevision += 1
        gathering = Gathering()
    }

    /// Keeps what the function returned for the records that it finished.
    mutating func keepWindowState(_ state: [UInt8]) {
        window?.open.state = state
        if state.count > EventSourceEngine.windowStateBytesMax { window?.open.endsEarly = true }
        windowRevision += 1
    }

    /// The open window ends with the next invocation.
    mutating func endWindowEarly() {
        guard let window, !window.open.endsEarly else { return }
        self.window?.open.endsEarly = true
        if window.isUsed { windowRevision += 1 }
    }

    private func isDue(_ window: Window, _ context: LaneContext) -> Bool {
        if window.open.endsEarly || window.isEnding { return true }
        guard stretches.isEmpty else { return false }
        if let next = queue.first {
            return next.approximateMilliseconds >= window.open.endMilliseconds
                || context.shards.shard(of: next.sequence).id != window.open.shardID
        }
        guard window.isUsed, let shard = context.shards.shard(id: window.open.shardID) else { return true }
        return context.caughtUpMilliseconds >= window.open.endMilliseconds
            || shard.end.map { takenUpTo + 1 >= $0 } ?? false
    }
}
