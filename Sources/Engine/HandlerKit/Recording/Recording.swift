import JSONBytes

/// Changes that were written down, in the order in which they happened: what a replay goes through.
///
/// A recording is read from lines that `tributary tail --output json` or the handler `audit-log` have written. Within a stream the changes are in
/// the order of their sequence numbers, whatever the order of the lines; streams are merged by time.
public struct Recording: Sendable {
    /// What a recording may hold, in bytes of its records. More is refused: choose a part.
    public static let bytesMax = 1 << 30

    public let changes: [RecordedChange]
    /// Lines that told what another line had told: handlers may get a record again.
    public let repeatedCount: Int

    /// Reads a file of JSON lines.
    /// - Parameter file: its name, for errors.
    public init(parsing text: [UInt8], file: String) throws(RecordingError) {
        var reader = RecordingReader()
        try reader.read(text, file: file)
        self = try reader.recording()
    }

    init(changes: [RecordedChange], repeatedCount: Int) {
        self.changes = changes
        self.repeatedCount = repeatedCount
    }

    /// The ARNs of the streams that the changes are from, sorted.
    public var streamARNs: [String] { Set(changes.map(\.streamARN)).sorted() }

    /// The changes that a condition holds for.
    public func filtered(_ isIncluded: (RecordedChange) -> Bool) -> Recording {
        Recording(changes: changes.filter(isIncluded), repeatedCount: repeatedCount)
    }
}

/// A line that is no recorded change.
public struct RecordingError: Error, Equatable, Sendable, CustomStringConvertible {
    public let file: String
    /// From 1; 0 when it is about the whole file.
    public let line: Int
    public let reason: String

    public var description: String { line > 0 ? "\(file):\(line): \(reason)" : "\(file): \(reason)" }
}

/// Collects the lines of a recording, of one file or several, or of a server.
package struct RecordingReader: Sendable {
    fileprivate struct Line: Sendable {
        var form: Form
        var file: String
        var number: Int
    }

    fileprivate enum Form: Sendable {
        case record(RecordedChange)
        case audit(AuditedChange)
    }

    private var streams: [String: [Line]] = [:]
    private var bytesCount = 0

    package init() {}

    /// Reads the lines of a whole file. Empty lines are passed over.
    package mutating func read(_ text: [UInt8], file: String) throws(RecordingError) {
        var number = 0
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            number += 1
            try read(line: Array(text[start..<end]), file: file, number: number)
            start = end + 1
        }
    }

    package mutating func read(line: [UInt8], file: String, number: Int) throws(RecordingError) {
        if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\t") }) {
            return
        }
        bytesCount += line.count
        guard bytesCount <= Recording.bytesMax else {
            throw RecordingError(
                file: file, line: number,
                reason: "the recording is larger than the \(Recording.bytesMax) bytes it may be")
        }
        do throws(RecordedChangeError) {
            let document = try JSONDocument(recorded: line)
            if document.member("dynamodb", of: document.root) != nil {
                let change = try RecordedChange(document, milliseconds: nil)
                add(Line(form: .record(change), file: file, number: number), to: change.streamARN)
            } else if document.member("changes", of: document.root) != nil {
                let change = try AuditedChange(document)
                add(Line(form: .audit(change), file: file, number: number), to: change.streamARN)
            } else {
                throw .neitherForm
            }
        } catch {
            throw RecordingError(file: file, line: number, reason: error.description)
        }
    }

    /// A change that is known otherwise than from a line.
    package mutating func add(_ change: RecordedChange, source: String) throws(RecordingError) {
        bytesCount += change.event.count
        guard bytesCount <= Recording.bytesMax else {
            throw RecordingError(
                file: source, line: 0, reason: "the recording is larger than the \(Recording.bytesMax) bytes it may be")
        }
        add(Line(form: .record(change), file: source, number: 0), to: change.streamARN)
    }

    private mutating func add(_ line: Line, to stream: String) {
        streams[stream, default: []].append(line)
    }

    /// All that was read, in order.
    package consuming func recording() throws(RecordingError) -> Recording {
        var repeatedCount = 0
        var timed: [(change: RecordedChange, milliseconds: UInt64)] = []
        for arn in streams.keys.sorted() {
            // Whoever comes later in the files with the same number has come again.
            let lines = (streams[arn] ?? []).enumerated().sorted {
                ($0.element.place, $0.offset) < ($1.element.place, $1.offset)
            }.map(\.element)
            var images = AuditedImages()
            var previous: Line?
            var milliseconds: UInt64 = 0
            for line in lines {
                if let previous, previous.place == line.place {
                    guard previous.eventID == line.eventID else {
                        throw line.error("has the sequence number of line \(previous.number), and is another record")
                    }
                    repeatedCount += 1
                    continue
                }
                previous = line
                let change = try line.change(&images)
                // Clocks may be put back; streams go on.
                milliseconds = max(milliseconds, change.milliseconds)
                timed.append((change, milliseconds))
            }
        }
        let changes = timed.enumerated().sorted {
            ($0.element.milliseconds, $0.offset) < ($1.element.milliseconds, $1.offset)
        }.map(\.element.change)
        return Recording(changes: changes, repeatedCount: repeatedCount)
    }
}

extension RecordingReader.Line {
    fileprivate var place: SequencePlace {
        switch form {
        case .record(let change): SequencePlace(change.sequenceNumber)
        case .audit(let change): SequencePlace(change.sequenceNumber)
        }
    }

    fileprivate var eventID: String {
        switch form {
        case .record(let change): change.eventID
        case .audit(let change): change.eventID
        }
    }

    fileprivate func error(_ reason: String) -> RecordingError {
        RecordingError(file: file, line: number, reason: reason)
    }

    fileprivate func change(_ images: inout AuditedImages) throws(RecordingError) -> RecordedChange {
        switch form {
        case .record(let change): return change
        case .audit(let audited):
            do throws(RecordedChangeError) {
                return try images.record(of: audited)
            } catch {
                throw self.error(error.description)
            }
        }
    }
}

/// Sequence numbers in order, however many digits they have.
package struct SequencePlace: Comparable, Sendable {
    private let digits: Substring

    package init(_ sequenceNumber: String) {
        digits = sequenceNumber.drop { $0 == "0" }
    }

    package static func < (left: SequencePlace, right: SequencePlace) -> Bool {
        let (first, second) = (left.digits.utf8.count, right.digits.utf8.count)
        return first == second ? left.digits.utf8.lexicographicallyPrecedes(right.digits.utf8) : first < second
    }
}
