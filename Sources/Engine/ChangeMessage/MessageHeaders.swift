import AttributeModel
import Bytes
import ChangeStream
public import RecordLog
public import Replication

/// The headers of a message that was read.
public struct MessageHeaders: Sendable {
    private let headers: LogHeaders
    /// By `HeaderName.place`, where the value of each header lies; nil for those that are not there.
    private let values: [Range<Int>?]

    /// Of a header that occurs several times the last one counts.
    public init(_ headers: LogHeaders) {
        var values = [Range<Int>?](repeating: nil, count: HeaderName.allCases.count)
        headers.visitPlaces { name, value in
            if let place = Self.place(of: name) { values[place] = value }
        }
        self.headers = headers
        self.values = values
    }

    /// By their lengths, the names and their places.
    private static let names: [[(name: [UInt8], place: Int)]] = {
        let names = HeaderName.allCases.map { (name: Array($0.rawValue.utf8), place: $0.place) }
        let longest = names.map(\.name.count).max() ?? 0
        return (0...longest).map { length in names.filter { $0.name.count == length } }
    }()

    private static func place(of name: UnsafeRawBufferPointer) -> Int? {
        guard name.count < names.count else { return nil }
        for known in names[name.count] where known.name.withUnsafeBytes({ $0.compare(with: name) == 0 }) {
            return known.place
        }
        return nil
    }

    /// The region that made the write, without reading the rest: appliers skip what they do not forward.
    public func originRegion() throws(ChangeMessageError) -> RegionName {
        let text = try required(.originRegion)
        guard let region = RegionName(text) else { throw .malformedHeader(HeaderName.originRegion.rawValue, text) }
        return region
    }

    /// The region whose log the message was written from.
    public func sourceRegion() throws(ChangeMessageError) -> RegionName {
        let text = try required(.source)
        let folder = ChangeMessageWriter.sourceFolder
        guard text.hasPrefix(folder), let region = RegionName(String(text.dropFirst(folder.count))) else {
            throw malformed(.source, text)
        }
        return region
    }

    /// Where the message lies in the log that it was written from.
    public func place() throws(ChangeMessageError) -> MessagePlace {
        let sequence = try required(.sequenceNumber) { SequenceNumber.parse(utf8: $0) }
        let source = optional(.stateSource)
        let stateSource = source.flatMap { StateSource(rawValue: $0) }
        if let source, stateSource == nil { throw malformed(.stateSource, source) }
        return MessagePlace(
            generation: try required(.tableGeneration), sequence: sequence, stateSource: stateSource)
    }

    func version() throws(ChangeMessageError) -> Version {
        try required(.version) { Version(headerText: $0) }
    }

    func baseVersion() throws(ChangeMessageError) -> Version? {
        guard values[HeaderName.baseVersion.place] != nil else { return nil }
        return try required(.baseVersion) { Version(headerText: $0) }
    }

    func cause() throws(ChangeMessageError) -> ChangeRecord.Cause {
        let text = try required(.cause)
        guard let cause = ChangeRecord.Cause(headerText: text) else { throw malformed(.cause, text) }
        return cause
    }

    public func commitMilliseconds() throws(ChangeMessageError) -> UInt64 {
        try required(.time) { TimeText.milliseconds($0) }
    }

    func transaction() throws(ChangeMessageError) -> ChangeRecord.Transaction? {
        guard let id = optional(.transactionID) else { return nil }
        return .init(
            id: id, index: try count(.transactionIndex), size: try count(.transactionSize), shares: try shares())
    }

    private func count(_ name: HeaderName) throws(ChangeMessageError) -> Int {
        let text = try required(name)
        guard let number = Int(text), number >= 0 else { throw malformed(name, text) }
        return number
    }

    private func shares() throws(ChangeMessageError) -> [ChangeRecord.Transaction.Share] {
        guard let text = optional(.transactionShares) else { return [] }
        var shares: [ChangeRecord.Transaction.Share] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let share = ChangeRecord.Transaction.Share(headerText: part) else {
                throw malformed(.transactionShares, text)
            }
            shares.append(share)
        }
        return shares
    }

    /// The item that a format without types carries beside its value.
    func item() throws(ChangeMessageError) -> Item? { try item(.item) }

    /// The item before the change, likewise.
    func oldItem() throws(ChangeMessageError) -> Item? { try item(.oldItem) }

    private func item(_ name: HeaderName) throws(ChangeMessageError) -> Item? {
        guard let place = values[name.place] else { return nil }
        let bytes = headers.withValue(at: place) { Array($0) }
        guard let item = try? Item(checking: bytes) else { throw malformed(name, "\(bytes.count) bytes") }
        return item
    }

    /// The stream that the record is in; nil when the table's stream was off.
    func stream() throws(ChangeMessageError) -> ObservedStream? {
        guard let arn = optional(.streamARN) else { return nil }
        let text = try required(.streamViewType)
        guard let viewType = StreamViewType(rawValue: text) else { throw malformed(.streamViewType, text) }
        return ObservedStream(arn: arn, viewType: viewType)
    }

    func required(_ name: HeaderName) throws(ChangeMessageError) -> String {
        guard let text = optional(name) else { throw .missingHeader(name.rawValue) }
        return text
    }

    /// What the closure reads; nil says that it cannot.
    private func required<Value>(
        _ name: HeaderName, _ read: (UnsafeRawBufferPointer) -> Value?
    ) throws(ChangeMessageError) -> Value {
        guard let place = values[name.place] else { throw .missingHeader(name.rawValue) }
        guard let value = headers.withValue(at: place, read) else { throw malformed(name, optional(name) ?? "") }
        return value
    }

    private func optional(_ name: HeaderName) -> String? {
        values[name.place].map { headers.withValue(at: $0) { String(decoding: $0, as: UTF8.self) } }
    }

    private func malformed(_ name: HeaderName, _ text: String) -> ChangeMessageError {
        .malformedHeader(name.rawValue, String(text.prefix(200)))
    }
}
