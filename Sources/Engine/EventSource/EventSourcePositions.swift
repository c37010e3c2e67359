public import Bytes

/// How far a mapping is: what survives a restart.
public struct EventSourcePositions: Sendable, Equatable {
    /// For each lane the sequence number up to which all its records are finished: handled or given up.
    public private(set) var finished: [UInt64]
    /// The tumbling window that is open, with all that the function has returned for finished records.
    public var window: OpenWindow?

    /// - Parameter finished: one sequence number a lane, at least one lane.
    public init(finished: [UInt64], window: OpenWindow? = nil) {
        precondition(!finished.isEmpty, "a mapping has a lane")
        self.finished = finished
        self.window = window
    }

    /// Where a new mapping begins.
    /// - Parameters:
    ///   - oldestSequence: the first sequence number of the stream that the log still holds.
    ///   - nextSequence: the sequence number that the table's next change will get.
    public init(starting position: StartingPosition, oldestSequence: UInt64, nextSequence: UInt64, lanes: Int) {
        let first =
            switch position {
            case .trimHorizon: min(oldestSequence, nextSequence)
            case .latest: nextSequence
            }
        self.init(finished: Array(repeating: first > 0 ? first - 1 : 0, count: lanes))
    }

    /// The mapping's own position: everything up to it is finished in every lane.
    public var checkpoint: UInt64 { finished.reduce(.max, min) }

    /// The positions for another number of lanes: all begin at the checkpoint, since items change lanes.
    public func spread(over lanes: Int) -> EventSourcePositions {
        guard lanes != finished.count else { return self }
        return EventSourcePositions(finished: Array(repeating: checkpoint, count: lanes), window: window)
    }
}

/// A tumbling window between two invocations.
public struct OpenWindow: Sendable, Equatable {
    public var shardID: String
    /// Milliseconds since 1970.
    public var startMilliseconds: UInt64
    /// One past the window's last millisecond.
    public var endMilliseconds: UInt64
    /// JSON.
    public var state: [UInt8]
    /// Ends with the next invocation, whatever the time.
    public var endsEarly: Bool

    public init(
        shardID: String, startMilliseconds: UInt64, endMilliseconds: UInt64, state: [UInt8], endsEarly: Bool
    ) {
        self.shardID = shardID
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
        self.state = state
        self.endsEarly = endsEarly
    }
}

/// The stored form: format byte, number of lanes and their positions, then the window or nothing.
extension EventSourcePositions {
    private static let format: UInt8 = 1
    private static let lanesMax = MappingSettings.parallelizationFactorRange.upperBound

    public var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.format]
        Varint.append(UInt64(finished.count), to: &bytes)
        for sequence in finished { Varint.append(sequence, to: &bytes) }
        if let window {
            bytes.appendLengthPrefixed(Array(window.shardID.utf8))
            Varint.append(window.startMilliseconds, to: &bytes)
            Varint.append(window.endMilliseconds, to: &bytes)
            bytes.append(window.endsEarly ? 1 : 0)
            bytes.appendLengthPrefixed(window.state)
        }
        return bytes
    }

    /// Reads to the end of the reader's bytes.
    public init(decoding reader: inout ByteReader) throws(DamagedBytes) {
        guard try reader.readByte() == Self.format else { throw DamagedBytes(position: 0) }
        let lanes = try reader.readCount()
        guard (1...Self.lanesMax).contains(lanes) else { throw DamagedBytes(position: reader.position) }
        var finished: [UInt64] = []
        for _ in 0..<lanes { finished.append(try reader.readVarint()) }
        let window = reader.isAtEnd ? nil : try OpenWindow(decoding: &reader)
        guard reader.isAtEnd else { throw DamagedBytes(position: reader.position) }
        self.init(finished: finished, window: window)
    }
}

extension OpenWindow {
    fileprivate init(decoding reader: inout ByteReader) throws(DamagedBytes) {
        let shardID = String(validating: try reader.readLengthPrefixed(), as: UTF8.self)
        let start = try reader.readVarint()
        let end = try reader.readVarint()
        let flag = try reader.readByte()
        guard let shardID, start < end, flag <= 1 else { throw DamagedBytes(position: reader.position) }
        self.init(
            shardID: shardID, startMilliseconds: start, endMilliseconds: end,
            state: Array(try reader.readLengthPrefixed()), endsEarly: flag == 1)
    }
}
