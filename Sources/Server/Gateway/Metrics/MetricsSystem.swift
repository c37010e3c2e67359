import Dispatch
import HTTPEndpoint
import KeyValueStore
import LogTransport
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import NIOPosix
import Region
import Replication
import Synchronization
import WireProtocol

/// Metrics and alarms of all regions of the process: one thread looks at everything each second.
final class MetricsSystem: Sendable {
    /// How often values are collected and alarms looked at, in milliseconds.
    private static let intervalMilliseconds = 1000
    /// After so many looks, silent metrics are forgotten.
    private static let looksPerTrim = 60

    let requests: RequestMetrics
    private let latencies = ReplicationLatencies()
    private let startedMilliseconds = WallClock.system.milliseconds
    private let lambdas = Mutex<[RegionLambda]>([])
    let regions: [RegionName: RegionMetrics]
    private let set: RegionSet
    private let transport: LogTransport?
    private let logger: Logger
    private let wakeUp = Signal()
    private let isStopping = StopFlag()
    private let thread = OwnedThread()

    init(_ set: RegionSet, _ transport: LogTransport?, logger: Logger) {
        self.set = set
        self.transport = transport
        self.logger = logger
        requests = RequestMetrics(regions: set.names)
        regions = Dictionary(
            uniqueKeysWithValues: set.regions.map { ($0.name, RegionMetrics(region: $0, logger: logger)) })
    }

    /// Begins to collect and to look at alarms, which may call functions from now on.
    func start(_ lambdas: [RegionLambda]) {
        for lambda in lambdas {
            do throws(StoreError) {
                try regions[lambda.region.name]?.start(AlarmActions(lambda, logger: logger))
            } catch {
                logger.error(
                    "the alarms cannot be read",
                    metadata: ["region": "\(lambda.region.name)", "error": "\(error)"])
            }
        }
        self.lambdas.withLock { $0 = lambdas }
        thread.start(named: "metrics") { [self] in run(lambdas) }
    }

    /// Collects nothing more when it returns. To be called before the regions stop.
    func stop() {
        isStopping.set()
        wakeUp.signal()
        thread.wait()
        for region in regions.values { region.queue.sync {} }
    }

    private func run(_ lambdas: [RegionLambda]) {
        var collector = MetricCollector(set, regions, requests, lambdas, latencies, logger: logger)
        var looks = 0
        while true {
            wakeUp.wait(milliseconds: Self.intervalMilliseconds)
            if isStopping.isSet { return }
            collector.collect()
            looks += 1
            for region in regions.values {
                if looks % Self.looksPerTrim == 0 { region.trim() }
                region.queue.async { region.evaluate() }
            }
        }
    }

    /// Answers `/metrics`, on a thread that may wait. False for all other requests.
    func answerPage(_ request: HTTPRequest, on threads: NIOThreadPool, _ responder: Responder) -> Bool {
        guard request.head.method == .GET, request.head.uri == MetricsPage.path else { return false }
        threads.submit { [self] _ in responder.respond(page) }
        return true
    }

    private var page: HTTPResponse {
        MetricsPage.response(
            MetricsPage(
                set, requests, latencies, lambdas.withLock { $0 }, transport?.reports ?? [],
                startedMilliseconds: startedMilliseconds))
    }

    // MARK: Requests

    /// Nil for requests of other services.
    static func wire(of request: HTTPRequest) -> CloudWatchWire? {
        let headers = request.head.headers
        return CloudWatchWire(
            uri: request.head.uri, target: headers.first(name: "x-amz-target"),
            isForm: headers.first(name: "content-type").flatMap(ContentType.ofRequest) == .form,
            body: Array(request.body.readableBytesView))
    }

    /// Answers a request of the CloudWatch API. Never blocks.
    func handle(_ wire: CloudWatchWire, in name: RegionName, _ answer: @escaping @Sendable (CloudWatchResponse) -> Void)
    {
        guard let region = regions[name] else { preconditionFailure("authentication lets only served regions pass") }
        do throws(CloudWatchError) {
            let request = try CloudWatchRequest(
                wire, region: name, nowMilliseconds: region.region.wallClock.milliseconds)
            execute(request, in: region, answer)
        } catch {
            answer(error.response)
        }
    }

    private func execute(
        _ request: CloudWatchRequest, in region: RegionMetrics,
        _ answer: @escaping @Sendable (CloudWatchResponse) -> Void
    ) {
        switch request {
        case .read(let query): answer(region.answer(query))
        case .putSamples(let samples):
            region.put(samples)
            answer(.empty)
        case .describeAlarms(let filter):
            answer(filter.response(showing: region.allAlarms, in: region.region.name))
        case .putAlarm(let alarm):
            change(region, answer) { (region) throws(CloudWatchError) in try region.put(alarm) }
        case .setState(let change):
            self.change(region, answer) { (region) throws(CloudWatchError) in try region.set(change) }
        case .deleteAlarms(let names):
            change(region, answer) { (region) throws(CloudWatchError) in try region.delete(names) }
        case .setActionsEnabled(let isEnabled, let names):
            change(region, answer) { (region) throws(CloudWatchError) in
                try region.setActionsEnabled(isEnabled, names)
            }
        }
    }

    private func change(
        _ region: RegionMetrics, _ answer: @escaping @Sendable (CloudWatchResponse) -> Void,
        _ body: @escaping @Sendable (RegionMetrics) throws(CloudWatchError) -> Void
    ) {
        region.queue.async {
            do throws(CloudWatchError) {
                try body(region)
                answer(.empty)
            } catch {
                answer(error.response)
            }
        }
    }
}

extension HTTPResponse {
    init(_ response: CloudWatchResponse, as wire: CloudWatchWire, requestID: String) {
        var fields = HTTPHeaders()
        for field in wire.fields(of: response) { fields.add(name: field.name, value: field.value) }
        self.init(
            status: HTTPResponseStatus(statusCode: response.status),
            headers: AWSResponseHeaders(contentType: ContentType(wire.contentType), hasChecksum: false),
            fields: fields, body: wire.encoded(response, requestID: requestID))
    }
}
