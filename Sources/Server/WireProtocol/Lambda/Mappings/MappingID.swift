import Partition
import Replication

/// UUIDs of event source mappings.
enum MappingID {
    /// Eight, four, four, four and twelve hexadecimal digits between hyphens.
    static func isUUID(_ text: some StringProtocol) -> Bool {
        let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12]
            && groups.allSatisfy { $0.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit } }
    }

    static func arn(_ uuid: String, _ region: RegionName) -> String {
        "arn:aws:lambda:\(region):\(TableDefinition.account):event-source-mapping:\(uuid)"
    }
}

extension LambdaError {
    public static let mappingNotFound = LambdaError(
        .resourceNotFound, "The resource you requested does not exist.")

    /// The mapping is being made, changed or deleted.
    public static let mappingInUse = LambdaError(
        .resourceInUse, "Cannot update the event source mapping because it is in use.")
}
