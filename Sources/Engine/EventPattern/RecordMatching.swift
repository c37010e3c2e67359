import AttributeModel
import Bytes
public import ChangeStream

extension PatternMatcher {
    /// Matches a change record as the event that `context` makes of it, without writing that event.
    public mutating func match(_ record: ChangeRecord, in context: RecordContext) {
        switch record.change {
        case .insert(let new): new.bytes.withUnsafeBytes { match(record, newImage: $0, oldImage: nil, context) }
        case .remove(let old): old.bytes.withUnsafeBytes { match(record, newImage: nil, oldImage: $0, context) }
        case .modify(let old, let new):
            new.bytes.withUnsafeBytes { newImage in
                old.bytes.withUnsafeBytes { oldImage in
                    match(record, newImage: newImage, oldImage: oldImage, context)
                }
            }
        }
    }

    private mutating func match(
        _ record: ChangeRecord, newImage: UnsafeRawBufferPointer?, oldImage: UnsafeRawBufferPointer?,
        _ context: RecordContext
    ) {
        leaves.removeAll()
        do throws(DamagedBytes) {
            try RecordScanner(program, context).scan(record, newImage: newImage, oldImage: oldImage, into: &leaves)
        } catch {
            preconditionFailure("item bytes are checked where they enter: \(error)")
        }
        findMatches()
    }
}
