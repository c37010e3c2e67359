import ChangeStream
import EventSource
import JSONBytes
import KeyValueStore

/// The records of batches as functions and destinations see them; the engine knows only references.
struct BatchRecords: Sendable {
    /// Appends a record as functions get it; leaves out one that the log has forgotten.
    let append: @Sendable (RecordReference, inout JSONWriter) throws(StoreError) -> Void
    /// A reference's sequence as stream readers see it.
    let sequenceText: @Sendable (UInt64) -> String
    /// The inverse; nil for what is no sequence number of a record here.
    let sequence: @Sendable (String) -> UInt64?
}

extension BatchRecords {
    /// Records are read from the log again when they are sent.
    init(_ log: StreamLog) {
        let json = log.recordJSON
        self.init(
            append: { (reference, writer) throws(StoreError) in
                if let record = try log.record(reference.sequence) { json.append(record, to: &writer) }
            },
            sequenceText: SequenceNumber.text(of:), sequence: SequenceNumber.parse)
    }
}
