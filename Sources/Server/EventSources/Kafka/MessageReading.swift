import AttributeModel
import ChangeMessage
import ChangeStream
import EventPattern
import EventSource
import JSONBytes
import RecordLog
import Replication

/// Reads the messages of a region's `.changes` topic for one mapping: decodes each once, filters it and writes what functions get.
///
/// Lives on the mapping's thread.
struct MessageReading {
    enum Outcome {
        case record(HeldRecord)
        /// It passes no filter, or is in no stream of the table.
        case notForUs
        /// No change that Tributary published; to be reported and passed over.
        case foreign(ChangeMessageError)
    }

    /// What is the same for all records of a stream.
    private struct Form: Hashable {
        let generation: String
        let stream: ObservedStream
        let keySchema: KeySchema
    }

    /// Forms that are remembered; beyond it all are made anew.
    private static let formsMax = 16

    /// The stream that the last record for the mapping was in.
    private(set) var streamARN: String?
    private let region: RegionName
    private var matcher: PatternMatcher?
    private var forms: [Form: (context: RecordContext, json: StreamRecordJSON)] = [:]
    private var writer = JSONWriter()

    /// - Parameter filters: ORed; none lets everything pass.
    init(region: RegionName, filters: [FilterPattern]) {
        self.region = region
        setFilters(filters)
    }

    mutating func setFilters(_ filters: [FilterPattern]) {
        matcher = filters.isEmpty ? nil : PatternMatcher(PatternSet(filters.map { (identifier: 0, pattern: $0) }))
    }

    mutating func read(_ message: LogRecord) -> Outcome {
        do throws(ChangeMessageError) {
            let change = try ObservedChange(
                key: message.key, value: message.value, headers: MessageHeaders(message.headers))
            guard let stream = change.stream else { return .notForUs }
            let (context, json) = form(
                Form(generation: change.generation, stream: stream, keySchema: change.keySchema))
            if matcher != nil {
                matcher?.match(change.record, in: context)
                guard matcher?.matches.isEmpty == false else { return .notForUs }
            }
            streamARN = stream.arn
            writer.removeAll()
            json.append(change.record, to: &writer)
            return .record(held(change.record, message, writer.bytes))
        } catch {
            return .foreign(error)
        }
    }

    private func held(_ record: ChangeRecord, _ message: LogRecord, _ json: [UInt8]) -> HeldRecord {
        let keyHash = (message.key ?? []).reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        return HeldRecord(
            reference: RecordReference(
                sequence: PartitionSource.sequence(ofOffset: message.offset), keyHash: keyHash,
                approximateMilliseconds: record.commitMilliseconds, payloadBytes: json.count),
            json: json, streamSequence: record.sequence)
    }

    private mutating func form(_ form: Form) -> (context: RecordContext, json: StreamRecordJSON) {
        if let known = forms[form] { return known }
        if forms.count >= Self.formsMax { forms = [:] }
        let new = (
            context: RecordContext(
                region: region, tableID: form.generation, keySchema: form.keySchema, viewType: form.stream.viewType),
            json: StreamRecordJSON(
                region: region, tableID: form.generation, keySchema: form.keySchema, viewType: form.stream.viewType,
                form: .lambdaEvent(streamARN: form.stream.arn))
        )
        forms[form] = new
        return new
    }
}

extension BatchRecords {
    /// Records that are in memory.
    /// - Parameter records: those of one invocation or discard, in order.
    init(_ records: [HeldRecord]) {
        let bySequence = Dictionary(uniqueKeysWithValues: records.map { ($0.reference.sequence, $0) })
        let byStreamSequence = Dictionary(
            records.map { ($0.streamSequence, $0.reference.sequence) }, uniquingKeysWith: { first, _ in first })
        self.init(
            append: { reference, writer in
                if let record = bySequence[reference.sequence] { writer.raw(record.json) }
            },
            sequenceText: { SequenceNumber.text(of: bySequence[$0]?.streamSequence ?? 0) },
            sequence: { SequenceNumber.parse($0).flatMap { byStreamSequence[$0] } })
    }
}
