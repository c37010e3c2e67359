import EventSource

/// One change in a test's stream, as the handler would get it.
struct DriverEntry: Sendable {
    let sequenceNumber: String
    /// Equal for changes of the same item.
    let keyHash: UInt64
    /// When the change was made, in milliseconds since 1970.
    let milliseconds: UInt64
    /// Whether it passes the handler's filters.
    let isWanted: Bool
    /// The record's JSON; empty unless it is wanted.
    let payload: [UInt8]
    /// Nil for a recording, which does not tell how large its transactions are.
    let transaction: TransactionMembership?
}

/// The stream of a test: entries by their places, from 1. What is handled is forgotten.
struct DriverLog: Sendable {
    /// Handled entries are let go this many at a time.
    private static let forgottenTogether = 1024

    private var entries: [DriverEntry] = []
    /// The place of the first entry that is still there.
    private var first: UInt64 = 1
    private var places: [String: UInt64] = [:]

    /// The place of the newest change; 0 when there is none.
    var last: UInt64 { first + UInt64(entries.count) - 1 }

    subscript(place: UInt64) -> DriverEntry { entries[Int(place - first)] }

    func entries(after place: UInt64) -> ArraySlice<DriverEntry> { entries[Int(place + 1 - first)...] }

    /// Nil when no change has the number, or it was handled long ago.
    func place(of sequenceNumber: String) -> UInt64? { places[sequenceNumber] }

    mutating func append(_ entry: DriverEntry) {
        entries.append(entry)
        places[entry.sequenceNumber] = last
    }

    mutating func forget(upTo place: UInt64) {
        let count = Int(place + 1 - first)
        guard count >= Self.forgottenTogether, count > entries.count / 2 else { return }
        for entry in entries[..<count] { places[entry.sequenceNumber] = nil }
        entries.removeFirst(count)
        first = place + 1
    }
}
