import ChangeStream
import HTTPEndpoint
import JSONBytes
import NIOCore
import NIOHTTP1
import Region
import Replication

/// `/_tributary/regions` and `/_tributary/regions/REGION`: the regions, their clocks, and whether they are isolated. PUT changes that.
enum RegionPages {
    static let path = "/_tributary/regions"

    /// Why a change is refused: one sentence, and the status that goes with it.
    struct Refusal: Error {
        var status = HTTPResponseStatus.badRequest
        let message: String
    }

    static func list(of regions: RegionSet) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("note")
        writer.string("settings last until the process ends")
        writer.key("regions")
        writer.beginArray()
        for region in regions.regions { append(region, to: &writer) }
        writer.endArray()
        appendRemotes(of: regions, to: &writer)
        writer.endObject()
        return writer
    }

    /// The regions of other processes, as far as this one has heard of them.
    static func appendRemotes(of regions: RegionSet, to writer: inout JSONWriter) {
        writer.key("otherProcesses")
        writer.beginArray()
        for remote in regions.remotes {
            writer.beginObject()
            writer.key("region")
            writer.string(remote.name.name)
            writer.key("known")
            writer.boolean(remote.isKnown)
            writer.key("isolated")
            writer.boolean(remote.isIsolated)
            writer.key("tables")
            writer.number(remote.tables.count)
            if let silence = remote.silenceMilliseconds {
                writer.key("silentMilliseconds")
                writer.number(Int(clamping: silence))
            }
            if let trouble = remote.trouble {
                writer.key("trouble")
                writer.string(trouble)
            }
            writer.endObject()
        }
        writer.endArray()
    }

    /// - Parameter path: of the request, without parameters.
    static func page(_ path: Substring, of regions: RegionSet) throws(Refusal) -> JSONWriter {
        page(of: try region(path, of: regions))
    }

    /// Carries out `{"clockOffset": "1h"}` or `{"clockOffsetMilliseconds": 3600000}`, and `{"isolated": true}`; answers the region as it
    /// then is.
    ///
    /// Waits until the change has taken effect: not for event loops.
    static func change(_ path: Substring, body: [UInt8], of regions: RegionSet) throws(Refusal) -> JSONWriter {
        let region = try region(path, of: regions)
        let (offset, isIsolated) = try change(body)
        if let offset {
            guard region.wallClock.setOffset(milliseconds: offset.milliseconds) else { throw tooFar }
        }
        if let isIsolated { _ = regions.setIsolated(isIsolated, region.name) }
        return page(of: region)
    }

    private static func region(_ path: Substring, of regions: RegionSet) throws(Refusal) -> Region {
        guard path.hasPrefix(Self.path + "/") else {
            throw Refusal(
                status: .methodNotAllowed, message: "PUT is for \(Self.path)/REGION and \(LinkPages.path)/FROM/TO only")
        }
        let name = path.dropFirst(Self.path.count + 1)
        guard let region = regions.regions.first(where: { $0.name.name == name }) else {
            if regions.remotes.contains(where: { $0.name.name == name }) {
                throw Refusal(status: .notFound, message: "region '\(name)' is served by another process; ask that one")
            }
            let names = regions.names.map(\.name).joined(separator: ", ")
            throw Refusal(status: .notFound, message: "there is no region '\(name)'; this process serves \(names)")
        }
        return region
    }

    private static func change(_ body: [UInt8]) throws(Refusal) -> (offset: ClockOffset?, isIsolated: Bool?) {
        let example = #"such as {"clockOffset": "1h"} or {"isolated": true}"#
        guard let document = try? JSONDocument(parsing: body), document.kind(document.root) == .object else {
            throw Refusal(message: "the body must be a JSON object \(example)")
        }
        var offsets: [ClockOffset] = []
        var isIsolated: Bool?
        try document.forEachMember(of: document.root) { (key, value) throws(Refusal) in
            switch document.string(key) {
            case "clockOffset":
                guard document.kind(value) == .string, let offset = ClockOffset(document.string(value)) else {
                    throw Refusal(
                        message: "clockOffset must be a time such as \"1h\", \"-30m\" or \"1d12h\", up to ten years")
                }
                offsets.append(offset)
            case "clockOffsetMilliseconds":
                let number = document.withRawBytes(of: value) { String(decoding: $0, as: UTF8.self) }
                guard document.kind(value) == .number, let milliseconds = Int64(number) else {
                    throw Refusal(message: "clockOffsetMilliseconds must be a whole number")
                }
                offsets.append(ClockOffset(milliseconds: milliseconds))
            case "isolated":
                switch document.kind(value) {
                case .booleanTrue: isIsolated = true
                case .booleanFalse: isIsolated = false
                default: throw Refusal(message: "isolated must be true or false")
                }
            case let name:
                throw Refusal(
                    message: "there is no member '\(name)'; there are clockOffset, clockOffsetMilliseconds, isolated")
            }
        }
        guard offsets.count == 1 || (offsets.isEmpty && isIsolated != nil) else {
            throw Refusal(
                message: "the body must have exactly one of clockOffset and clockOffsetMilliseconds, "
                    + "or isolated, \(example)")
        }
        return (offsets.first, isIsolated)
    }

    private static let tooFar = Refusal(message: "a clock can be moved by ten years at the most, either way")

    private static func page(of region: Region) -> JSONWriter {
        var writer = JSONWriter()
        append(region, to: &writer)
        return writer
    }

    private static func append(_ region: Region, to writer: inout JSONWriter) {
        let offset = ClockOffset(milliseconds: region.wallClock.offsetMilliseconds)
        writer.beginObject()
        writer.key("region")
        writer.string(region.name.name)
        writer.key("status")
        writer.string(region.failure == nil ? "ok" : "failed")
        writer.key("isolated")
        writer.boolean(region.isIsolated)
        writer.key("time")
        writer.string(StreamLabel.text(milliseconds: region.wallClock.milliseconds) + "Z")
        writer.key("clockOffset")
        writer.string(offset.text)
        writer.key("clockOffsetMilliseconds")
        writer.number(Int(offset.milliseconds))
        writer.endObject()
    }
}

extension AdminPages {
    /// Nil for requests that are not ours. Everything that reads or changes the server from outside of AWS's protocols passes here, so
    /// this is the place to ask where a request comes from.
    static func response(to request: HTTPRequest, of regions: RegionSet) -> HTTPResponse? {
        let path = request.head.uri.prefix { $0 != "?" }
        switch request.head.method {
        case .GET where path.hasPrefix(RegionPages.path + "/"):
            return regionPage { () throws(RegionPages.Refusal) in try RegionPages.page(path, of: regions) }
        case .GET where path.hasPrefix(LinkPages.path + "/"):
            return regionPage { () throws(RegionPages.Refusal) in try LinkPages.page(path, of: regions) }
        case .GET:
            return response(to: request.head.uri, of: regions)
        default:
            return nil
        }
    }

    /// Whether a request changes the server from outside of AWS's protocols; `change` then carries it out.
    static func isChange(_ request: HTTPRequest) -> Bool {
        request.head.method == .PUT && request.head.uri.hasPrefix("/_tributary/")
    }

    /// Carries out a change and answers when it has taken effect. Not for event loops.
    static func change(_ request: HTTPRequest, of regions: RegionSet) -> HTTPResponse {
        let path = request.head.uri.prefix { $0 != "?" }
        let body = Array(request.body.readableBytesView)
        return regionPage { () throws(RegionPages.Refusal) in
            if path.hasPrefix(LinkPages.path + "/") { return try LinkPages.change(path, body: body, of: regions) }
            return try RegionPages.change(path, body: body, of: regions)
        }
    }

    private static func regionPage(_ body: () throws(RegionPages.Refusal) -> JSONWriter) -> HTTPResponse {
        do throws(RegionPages.Refusal) {
            return json(.ok, try body())
        } catch {
            return message(error.status, error.message)
        }
    }
}
