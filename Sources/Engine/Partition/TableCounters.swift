public import Bytes
public import Replication

/// Numbers of a table that move with every write, stored once per write batch.
public struct TableCounters: Sendable, Equatable {
    /// The sequence number that the next change record gets; the first is 1.
    public var nextSequence: UInt64 = 1
    /// The oldest change record that is still there.
    public var firstSequence: UInt64 = 1
    public var itemCount: UInt64 = 0
    /// Item sizes as DynamoDB counts them, without its overhead per item.
    public var itemBytes: UInt64 = 0

    public init() {}

    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        Varint.append(nextSequence, to: &bytes)
        Varint.append(firstSequence, to: &bytes)
        Varint.append(itemCount, to: &bytes)
        Varint.append(itemBytes, to: &bytes)
        return bytes
    }

    public init(decoding bytes: [UInt8]) throws(DamagedBytes) {
        var numbers: [UInt64] = []
        var failure: DamagedBytes?
        bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            do throws(DamagedBytes) {
                for _ in 0..<4 { numbers.append(try reader.readVarint()) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        (nextSequence, firstSequence, itemCount, itemBytes) = (numbers[0], numbers[1], numbers[2], numbers[3])
    }
}

/// What a region remembers of itself: its name, so that a directory is not opened under another one, and the numbers it gave out.
public struct RegionRecord: Sendable, Equatable, Codable {
    public let name: RegionName
    public var nextTableNumber: TableDefinition.Number

    public init(name: RegionName, nextTableNumber: TableDefinition.Number = 1) {
        self.name = name
        self.nextTableNumber = nextTableNumber
    }
}
