import HTTPEndpoint
import JSONBytes
import Logging
import NIOHTTP1
import NIOPosix
import Region

/// Answers `/_tributary/events`, `/_tributary/conflicts` and `/_tributary/tail`: pages of what was, streams of what happens.
///
/// Nothing here reads a store on an event loop: pages and the beginnings of streams are made by the readers, streams go on by the one
/// thread of all followers.
struct EventStreamService: Sendable {
    private static let paths: Set<Substring> = [eventsPath, conflictsPath, tailPath]
    private static let eventsPath: Substring = "/_tributary/events"
    private static let conflictsPath: Substring = "/_tributary/conflicts"
    private static let tailPath: Substring = "/_tributary/tail"

    private let regions: RegionSet
    private let readers: NIOThreadPool
    private let thread: EventStreamThread

    init(regions: RegionSet, readers: NIOThreadPool, logger: Logger) {
        self.regions = regions
        self.readers = readers
        thread = EventStreamThread(logger: logger)
    }

    static func answers(_ path: Substring) -> Bool { paths.contains(path) }

    /// Breaks off all streams. Comes before the regions close.
    func stop() { thread.stop() }

    /// False when the request is not for here.
    func answer(_ request: HTTPRequest, _ responder: Responder) -> Bool {
        let path = request.head.uri.prefix { $0 != "?" }
        guard request.head.method == .GET, Self.answers(path) else { return false }
        readers.submit { state in
            guard case .active = state else {
                return responder.respond(AdminPages.message(.serviceUnavailable, "the server is stopping"))
            }
            do throws(AdminQuery.Refusal) {
                try answer(path, request.head, responder)
            } catch {
                responder.respond(AdminPages.message(.badRequest, error.message))
            }
        }
        return true
    }

    private func answer(
        _ path: Substring, _ head: HTTPRequestHead, _ responder: Responder
    ) throws(AdminQuery.Refusal) {
        let query = AdminQuery(uri: head.uri)
        let wantsEvents = head.headers[canonicalForm: "accept"].contains {
            $0.lowercased().hasPrefix("text/event-stream")
        }
        let lastEventID = head.headers.first(name: "last-event-id")
        let isFollowing = try query.flag("follow")
        switch path {
        case Self.conflictsPath:
            try query.allow("region", "before", "limit")
            responder.respond(AdminPages.json(.ok, try EventPages.conflicts(query, of: regions)))
        case Self.tailPath:
            try query.allow("region", "table", "from", "filter", "follow")
            let log = try TailPages.records(query, lastEventID: lastEventID, isFollowing: isFollowing, of: regions)
            let format = isFollowing || wantsEvents ? EventStreamOutput.Format.serverSentEvents : .jsonLines
            stream(log, as: format, isFollowing: isFollowing, responder)
        case _ where isFollowing || wantsEvents:
            try query.allow("region", "after", "kind", "follow")
            let log = try EventPages.followed(
                query, lastEventID: lastEventID, isFollowing: isFollowing, of: regions)
            stream(log, as: .serverSentEvents, isFollowing: isFollowing, responder)
        default:
            try query.allow("region", "after", "limit", "kind", "follow")
            responder.respond(AdminPages.json(.ok, try EventPages.events(query, of: regions)))
        }
    }

    private func stream(
        _ log: some FollowedLog, as format: EventStreamOutput.Format, isFollowing: Bool, _ responder: Responder
    ) {
        guard thread.hasRoom else {
            let most = "\(EventStreamThread.followersMax) clients follow something, and there may be no more"
            return responder.respond(AdminPages.message(.serviceUnavailable, most))
        }
        let contentType = format == .jsonLines ? "application/x-ndjson" : "text/event-stream"
        let stream = responder.stream(
            contentType: ContentType(contentType), fields: ["Cache-Control": "no-store"], hasEnd: !isFollowing)
        thread.add(EventStreamFollower(log, to: stream, as: format))
    }
}
