import EventSource

/// A record that passed the filters, as functions get it.
struct HeldRecord: Sendable {
    /// Its sequence is that of the topic partition: one more than its offset.
    let reference: RecordReference
    /// The record as JSON.
    let json: [UInt8]
    /// The stream's own sequence number.
    let streamSequence: UInt64
}

/// Records of one topic partition that were read and are not finished, in order.
struct HeldRecords: Sendable {
    private var records: [HeldRecord] = []
    private var head = 0
    private(set) var byteCount = 0

    var count: Int { records.count - head }
    var first: HeldRecord? { count > 0 ? records[head] : nil }

    mutating func append(_ record: HeldRecord) {
        records.append(record)
        byteCount += record.json.count
    }

    /// The record of this sequence; nil when it is not held.
    func record(_ sequence: UInt64) -> HeldRecord? {
        let index = index(behind: sequence - 1)
        guard index < records.count, records[index].reference.sequence == sequence else { return nil }
        return records[index]
    }

    /// At most so many references behind `sequence`, and whether they are all that there are.
    func references(after sequence: UInt64, max: Int) -> (references: [RecordReference], isAll: Bool) {
        let start = index(behind: sequence)
        let end = min(records.count, start + max)
        return (records[start..<end].map(\.reference), end == records.count)
    }

    /// Forgets finished records at the front.
    mutating func removeFirst(while isFinished: (RecordReference) -> Bool) {
        while head < records.count, isFinished(records[head].reference) {
            byteCount -= records[head].json.count
            head += 1
        }
        if head == records.count {
            records.removeAll(keepingCapacity: true)
            head = 0
        } else if head > records.count / 2 {
            records.removeSubrange(..<head)
            head = 0
        }
    }

    /// Forgets finished records wherever they are, which costs as much as there are records.
    mutating func removeAll(where isFinished: (RecordReference) -> Bool) {
        records.removeSubrange(..<head)
        head = 0
        records.removeAll { isFinished($0.reference) }
        byteCount = records.reduce(0) { $0 + $1.json.count }
    }

    /// Where the first record behind `sequence` is.
    private func index(behind sequence: UInt64) -> Int {
        var low = head
        var high = records.count
        while low < high {
            let middle = (low + high) / 2
            if records[middle].reference.sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
