import Foundation
import HandlerKit

/// What record.py recorded from the real server, in three regions.
enum RecordedScenario: String, CaseIterable {
    case conflict
    case halfTransaction = "half-transaction"
    case timeToLive = "time-to-live"
    case isolation

    func recording() throws -> Recording {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Recordings")
        let file = folder.appendingPathComponent(rawValue + ".jsonl")
        return try Recording(parsing: Array(Data(contentsOf: file)), file: file.lastPathComponent)
    }

    func recording(in region: String) throws -> Recording { try recording().filtered { $0.region == region } }
}
