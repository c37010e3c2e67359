import Glibc
import HandlerKit
import HandlerRuntime

await HandlerRuntime.run {
    let log = AuditLog(path: getenv("AUDIT_LOG").map { String(cString: $0) } ?? "audit-log.jsonl")
    // A path that cannot be written is an init error, not one of the first change.
    try await log.append([])
    return Handler(name: "audit-log") { batch, _ in
        try await log.append(batch.records)
        return .done
    }
}
