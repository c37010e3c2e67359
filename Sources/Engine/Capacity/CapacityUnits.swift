/// Units of capacity for amounts of bytes (reference `data-plane.md` 7).
public enum CapacityUnits {
    public static let readUnitBytes = 4096
    public static let writeUnitBytes = 1024

    /// How a read is paid for.
    public enum Read: Sendable {
        case eventual
        case strong
        case transactional

        public var factor: Double {
            switch self {
            case .eventual: 0.5
            case .strong: 1
            case .transactional: 2
            }
        }
    }

    /// Nothing read costs as much as the smallest item.
    public static func read(bytes: Int, _ read: Read) -> Double {
        Double(units(bytes, of: readUnitBytes)) * read.factor
    }

    public static func write(bytes: Int, isTransactional: Bool) -> Double {
        Double(units(bytes, of: writeUnitBytes)) * (isTransactional ? 2 : 1)
    }

    private static func units(_ bytes: Int, of unitBytes: Int) -> Int {
        max(1, (bytes + unitBytes - 1) / unitBytes)
    }
}
