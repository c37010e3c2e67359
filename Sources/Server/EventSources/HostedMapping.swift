import Bytes
import EventSource
import Partition
import Region

/// One life of a mapping on a stream. A mapping that is removed and made again numbers its calls anew; answers to the old ones must not
/// count for it.
struct MappingRun: Sendable, Equatable {
    let id: String
    /// Unique in the host.
    let number: UInt64
}

/// A mapping on the host's thread: its engine, its place in the stream, and what is known of its calls.
struct HostedMapping {
    /// How long a position may stay unsaved that moved over records which nobody was called for, in milliseconds.
    static let checkpointDelayMilliseconds: UInt64 = 1000

    let run: MappingRun
    var specification: MappingSpecification
    var engine: EventSourceEngine
    var status: MappingStatus
    /// Request ids of calls that are under way and of the last one for each lane, as failures name them.
    var requestIDs: [InvocationID: String] = [:]
    var unsavedPositions: EventSourcePositions?
    /// Whether the position moved because a batch was finished: then it is saved soon.
    var hasFinishedBatch = false
    var savedMilliseconds: UInt64 = 0
    var trimCheckMilliseconds: UInt64 = 0

    /// The shown state follows the engine.
    mutating func refreshStatus(nextSequence: UInt64) {
        switch (engine.isEnabled, engine.isSettled) {
        case (true, _): status.state = engine.isUpdating ? .updating : .enabled
        case (false, true): status.state = .disabled
        case (false, false): status.state = .disabling
        }
        status.lastProcessingResult = engine.lastProcessingResult
        status.checkpoint = engine.positions.checkpoint
        status.backlog = nextSequence - min(nextSequence, status.checkpoint + 1)
    }
}

/// The stored positions of mappings.
enum Checkpoint {
    private static let prefix = "checkpoint/"

    static func name(of mapping: MappingSpecification) -> String { prefix + mapping.id }

    /// Stream and positions: a mapping that was given another stream begins there anew.
    static func value(_ positions: EventSourcePositions, streamARN: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLengthPrefixed(Array(streamARN.utf8))
        bytes.append(contentsOf: positions.encoded)
        return bytes
    }

    static func positions(_ value: [UInt8], streamARN: String) -> EventSourcePositions? {
        value.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            guard let arn = try? reader.readLengthPrefixed(), arn.elementsEqual(streamARN.utf8) else { return nil }
            return try? EventSourcePositions(decoding: &reader)
        }
    }
}
