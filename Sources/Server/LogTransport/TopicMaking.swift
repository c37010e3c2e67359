import Logging
import RecordLog
import Replication

extension RecordLog {
    /// Sees to it that a region's topic is there. One with other settings is used as it is, and reported.
    ///
    /// - Returns: how the topic is set otherwise than wanted.
    func ensureTopic(
        _ name: String, _ settings: TopicSettings, of region: RegionName, logger: Logger
    ) throws(RecordLogError) -> [SettingDifference] {
        switch try ensureTopics([TopicSpecification(name: name, settings: settings)]).first {
        case .created, .existed, .existedUnchecked, nil: return []
        case .existedWithOtherSettings(let differences):
            logger.warning(
                "a topic has other settings than wanted; it is used as it is",
                metadata: [
                    "region": "\(region)", "topic": "\(name)",
                    "differences": "\(differences.map(\.description).joined(separator: "; "))",
                ])
            return differences
        case .failed(let error): throw error
        }
    }
}
