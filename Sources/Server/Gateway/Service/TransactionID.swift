import Synchronization

/// Ids of transactions: unique over processes, regions and time.
enum TransactionID {
    /// Drawn once, so that ids of different processes differ.
    private static let process = UInt64.random(in: .min ... .max)
    private static let count = Atomic<UInt64>(0)

    static func make() -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return padded(process) + padded(number)
    }

    private static func padded(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
