import AttributeModel
import Bytes
import ChangeStream
import JSONBytes
import KeyValueStore
import Metrics
import Partition
import Replication
import WireProtocol

/// Bodies of requests: decoded as the gateway does, and carried out on an engine in memory.
enum FuzzedRequests {
    private static let region = RegionName(stored: "us-east-1")
    private static let nowMilliseconds: UInt64 = 1_760_000_000_000

    private static let table: TableDefinition = {
        let keys = [KeyAttribute(name: "p", type: .string), KeyAttribute(name: "s", type: .number)]
        var table = TableDefinition(
            number: 1, name: "Orders", region: region, tableID: "orders", createdMilliseconds: nowMilliseconds,
            status: .active, keySchema: KeySchema(partitionKeys: [keys[0]], sortKeys: [keys[1]]),
            attributeDefinitions: keys, billing: Billing(mode: .payPerRequest, throughput: .none), localIndexes: [],
            globalIndexes: [])
        table.streams = [Stream(viewType: .newAndOldImages, nextSequence: 1, nowMilliseconds: nowMilliseconds)]
        return table
    }()

    private static let context = RequestContext(
        region: region, catalogue: Catalogue([table]), wallMilliseconds: nowMilliseconds,
        counters: { _ in TableCounters() }, makeID: { "0123456789abcdef" })

    /// The operation's name, a line end, and the body.
    static func operation(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let document = try? JSONDocument(parsing: Array(parts[1])) else { return }
        let name = String(decoding: parts[0], as: UTF8.self)
        do throws(WireError) {
            if let operation = DataOperation(rawValue: name) {
                perform(try operation.decode(document, context: context))
            } else if let operation = TableOperation(rawValue: name) {
                _ = try operation.decode(document, context: context)
            } else if let operation = StreamsOperation(rawValue: name) {
                _ = try operation.decode(document, context: context)
            }
        } catch {
            _ = "\(error)"
        }
    }

    private static func perform(_ request: DataRequest) {
        let store = MemoryStore()
        switch request {
        case .read(let read): _ = try? read.execute(reading: store)
        case .write(let command, let answer):
            guard var engine = try? RegionEngine(loading: store, as: region) else { return }
            var group = WriteGroup(reading: store)
            func apply(_ command: Command) -> Reply? {
                try? engine.apply(command, wallMilliseconds: nowMilliseconds, group: &group)
            }
            _ = apply(.changeCatalogue(.create(table)))
            // Twice: once without the item, and once on what that left.
            for _ in 0..<2 { if let reply = apply(command) { _ = answer(reply) } }
        }
    }

    /// Method, URI and body of a request of the Lambda API, after a line end each.
    static func lambda(_ bytes: [UInt8]) {
        let (method, uri, body) = request(bytes)
        do throws(LambdaError) {
            _ = try LambdaRoute(method: method, uri: uri)?.request(body: body, in: region) { "\($0): \(uri)" }
        } catch {
            _ = "\(error)"
        }
    }

    /// The same of the Fault Injection Service.
    static func faultInjection(_ bytes: [UInt8]) {
        let (method, uri, body) = request(bytes)
        do throws(FaultInjectionError) {
            _ = try FaultInjectionRequest(method: method, uri: uri, body: body)
        } catch {
            _ = "\(error)"
        }
    }

    /// The header `X-Amz-Target`, if any, the URI and the body of a request to CloudWatch; without a target or the path of CBOR it is a form.
    static func cloudWatch(_ bytes: [UInt8]) {
        let (target, uri, body) = request(bytes)
        guard let wire = CloudWatchWire(uri: uri, target: target.isEmpty ? nil : target, isForm: true, body: body)
        else { return }
        do throws(CloudWatchError) {
            let request = try CloudWatchRequest(wire, region: region, nowMilliseconds: nowMilliseconds)
            guard case .read(let query) = request else { return }
            _ = wire.encoded(query.response(reading: MetricStore()), requestID: "fuzzed")
        } catch {
            _ = wire.encoded(error.response, requestID: "fuzzed")
        }
    }

    private static func request(_ bytes: [UInt8]) -> (first: String, second: String, body: [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
        return (
            String(decoding: parts[0], as: UTF8.self), String(decoding: parts.count > 1 ? parts[1] : [], as: UTF8.self),
            parts.count > 2 ? Array(parts[2]) : []
        )
    }
}
