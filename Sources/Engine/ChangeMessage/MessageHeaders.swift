import AttributeModel
import Bytes
import ChangeStream
public import RecordLog
public import Replication

/// The headers of a message that was read.
public struct MessageHeaders: Sendable {
    private var values: [[UInt8]?]

    /// Of a header that occurs several times the last one counts.
    public init(_ headers: LogHeaders) {
        var values = [[UInt8]?](repeating: nil, count: HeaderName.allCases.count)
        headers.visit { name, value in
            if let place = Self.place(of: name) { values[place] = Array(value) }
        }
        self.values = values
    }

    private static let names = HeaderName.allCases.map { Array($0.rawValue.utf8) }

    private static func place(of name: UnsafeRawBufferPointer) -> Int? {
        names.firstIndex { known in
            known.count == name.count && known.withUnsafeBytes { $0.compare(with: name) == 0 }
        }
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
        let text = try required(.sequenceNumber)
        guard let sequence = SequenceNumber.parse(text) else { throw malformed(.sequenceNumber, text) }
        let source = optional(.stateSource)
        let stateSource = source.flatMap { StateSource(rawValue: $0) }
        if let source, stateSource == nil { throw malformed(.stateSource, source) }
        return MessagePlace(
            generation: try required(.tableGeneration), sequence: sequence, stateSource: stateSource)
    }

    func version() throws(ChangeMessageError) -> Version {
        let text = try required(.version)
        guard let version = Version(headerText: text) else { throw malformed(.version, text) }
        return version
    }

    func baseVersion() throws(ChangeMessageError) -> Version? {
        guard let text = optional(.baseVersion) else { return nil }
        guard let version = Version(headerText: text) else { throw malformed(.baseVersion, text) }
        return version
    }

    func cause() throws(ChangeMessageError) -> ChangeRecord.Cause {
        let text = try required(.cause)
        guard let cause = ChangeRecord.Cause(headerText: text) else { throw malformed(.cause, text) }
        return cause
    }

    public func commitMilliseconds() throws(ChangeMessageError) -> UInt64 {
        let text = try required(.time)
        guard let milliseconds = TimeText.milliseconds(text) else { throw malformed(.time, text) }
        return milliseconds
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
        guard let bytes = value(name) else { return nil }
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

    private func optional(_ name: HeaderName) -> String? {
        value(name).map { String(decoding: $0, as: UTF8.self) }
    }

    private func value(_ name: HeaderName) -> [UInt8]? {
        values[name.place]
    }

    private func malformed(_ name: HeaderName, _ text: String) -> ChangeMessageError {
        .malformedHeader(name.rawValue, String(text.prefix(200)))
    }
}
