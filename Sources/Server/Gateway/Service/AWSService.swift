import Bytes
public import HTTPEndpoint
import JSONBytes
import KeyValueStore
public import LogTransport
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Partition
public import Region
public import Replication
import Synchronization
import WireProtocol

/// The DynamoDB, DynamoDB Streams and STS endpoint: finds out what a request asks of which region, has it done, and answers.
///
/// Requests are decoded on the event loop. Point reads run there too, writes go to the region's writer, range reads to a small thread
/// pool, table operations to the control plane's queue.
public final class AWSService: Sendable {
    /// Threads for Query, Scan and large batches.
    static let readerThreads = 2

    let regions: RegionSet
    let controlPlane: ControlPlane
    let logger: Logger
    let readers: NIOThreadPool
    /// Whether new global tables of version 2017.11.29 may be made.
    let offersLegacyGlobalTables: Bool
    private let authentication: Authentication
    private let lambdaAuthentication: Authentication
    private let metricsAuthentication: Authentication
    private let scalingAuthentication: Authentication
    private let faultInjectionAuthentication: Authentication
    private let faultInjection: FaultInjectionService
    private let metrics: MetricsSystem
    private let topics: TopicPages
    private let eventStreams: EventStreamService
    private let capacityScaling: CapacityScaling
    private let lambda = Mutex<LambdaService?>(nil)
    private let endpoints: [String: Region]
    private let listenerRegions: [Region?]
    private let defaultRegion: String
    private let adminAccess: AdminAccess

    /// - Parameters:
    ///   - transport: what publishes the regions' changes; nil when nothing does.
    ///   - listenerRegions: for each listener the one region that it serves; nil where the request names it.
    ///   - adminAccess: from where requests may come that change more than tables.
    ///   - offersLegacyGlobalTables: whether global tables of version 2017.11.29 may be made. Those that are there are served anyhow.
    public init(
        regions: RegionSet, controlPlane: ControlPlane, transport: LogTransport? = nil,
        listenerRegions: [RegionName?], adminAccess: AdminAccess = .loopback, offersLegacyGlobalTables: Bool,
        logger: Logger
    ) {
        self.offersLegacyGlobalTables = offersLegacyGlobalTables
        self.regions = regions
        self.controlPlane = controlPlane
        self.adminAccess = adminAccess
        self.logger = logger
        readers = NIOThreadPool(numberOfThreads: Self.readerThreads)
        readers.start()
        eventStreams = EventStreamService(regions: regions, readers: readers, logger: logger)
        endpoints = Dictionary(uniqueKeysWithValues: regions.regions.map { ($0.name.name, $0) })
        authentication = Authentication(regions: regions.names.map(\.name), services: ["dynamodb", "sts"])
        lambdaAuthentication = Authentication(regions: regions.names.map(\.name), services: ["lambda"])
        metricsAuthentication = Authentication(regions: regions.names.map(\.name), services: ["monitoring"])
        scalingAuthentication = Authentication(
            regions: regions.names.map(\.name), services: ["application-autoscaling"])
        faultInjectionAuthentication = Authentication(regions: regions.names.map(\.name), services: ["fis"])
        metrics = MetricsSystem(regions, transport, logger: logger)
        faultInjection = FaultInjectionService(regions, metrics, logger: logger)
        topics = TopicPages(regions: regions, transport: transport)
        capacityScaling = CapacityScaling(regions, controlPlane, logger: logger)
        self.listenerRegions = listenerRegions.map { $0.flatMap { regions.region($0) } }
        defaultRegion = regions.names.first?.name ?? ""
    }

    private var lambdas: [RegionLambda] {
        let all = lambda.withLock { $0 }?.regions.values.map { $0 } ?? []
        return all.sorted { $0.region.name < $1.region.name }
    }

    /// Answers requests of the Lambda API from now on. Functions learn the endpoint's port, so they come after the endpoint.
    public func attach(_ system: LambdaSystem) {
        let service = LambdaService(regions: system.lambdas, filtersPerMapping: system.filtersPerMapping) { [self] in
            context(of: $0)
        }
        lambda.withLock { $0 = service }
        metrics.start(system.lambdas)
        capacityScaling.start()
    }

    public func stop() async {
        capacityScaling.stop()
        metrics.stop()
        eventStreams.stop()
        // Threads that fail to end are as ended as they get: the process exits next.
        try? await readers.shutdownGracefully()
    }

    /// Answers one request. Called on an event loop; never blocks.
    public func handle(_ request: HTTPRequest, _ responder: Responder) {
        // Tables first: all that follows is asked of each other request.
        if Self.isOfDynamoDB(request.head) { return answerDynamoDB(request, responder) }
        if request.head.uri == "/health", lambda.withLock({ $0 == nil }) {
            return responder.respond(AdminPages.message(.serviceUnavailable, "the server is starting"))
        }
        if let refusal = WebPageGuard.refusal(of: request) ?? adminAccess.refusal(of: request) {
            return responder.respond(refusal)
        }
        if AdminPages.isChange(request) {
            return controlPlane.submit { [regions] in responder.respond(AdminPages.change(request, of: regions)) }
        }
        if topics.answer(request, lambdas, on: readers, responder) { return }
        if let response = AdminPages.response(to: request, of: regions) {
            return responder.respond(response)
        }
        if eventStreams.answer(request, responder) { return }
        if LambdaRoute.isOfLambda(request.head.uri[...]) { return answerLambda(request, responder) }
        if FaultInjectionRequest.isOfFaultInjection(request.head.uri) {
            return answerFaultInjection(request, responder)
        }
        if metrics.answerPage(request, on: readers, responder) { return }
        if let target = Self.scalingTarget(of: request) { return answerScaling(target, request, responder) }
        if let wire = MetricsSystem.wire(of: request) { return answerCloudWatch(wire, request, responder) }
        answerDynamoDB(request, responder)
    }

    private static func isOfDynamoDB(_ head: HTTPRequestHead) -> Bool {
        head.method == .POST && head.uri == "/"
            && head.headers.first(name: "x-amz-target")?.utf8.starts(with: "DynamoDB".utf8) == true
    }

    /// DynamoDB, its streams, and what else is neither a page nor of another service.
    private func answerDynamoDB(_ request: HTTPRequest, _ responder: Responder) {
        switch Preflight.decide(request.head, hasBody: request.body.readableBytes > 0, region: defaultRegion) {
        case .respond(let response):
            responder.respond(response)
        case .proceed(let contentType, let headers):
            let exchange = Exchange(
                responder: responder, headers: headers, measurement: RequestMeasurement(metrics.requests))
            do throws(WireError) {
                if contentType == .form {
                    try answerQueryProtocol(request, exchange)
                } else {
                    try answer(request, exchange)
                }
            } catch {
                exchange.respond(error.response)
            }
        }
    }

    /// The checks in AWS's order: JSON, operation, signature, body (reference `data-plane.md` 1.2).
    private func answer(_ request: HTTPRequest, _ exchange: Exchange) throws(WireError) {
        let document = try parse(request.body)
        let target = OperationTarget(request.head.headers.first(name: "x-amz-target"))
        if case .unknown = target { throw WireError(.unknownOperation, nil) }
        let region = try region(of: request, authentication)
        var exchange = exchange
        exchange.measurement.name(request.head.headers.first(name: "x-amz-target"), in: region.name)
        do throws(WireError) {
            guard let document else { throw WireError(.serialization, nil) }
            try answer(target, document, in: region, exchange)
        } catch {
            exchange.respond(error.response)
        }
    }

    private func answer(
        _ target: OperationTarget, _ document: JSONDocument, in region: Region, _ exchange: Exchange
    ) throws(WireError) {
        let context = context(of: region)
        switch target {
        case .data(let operation):
            execute(try operation.decode(document, context: context), in: region, exchange)
        case .table(let operation):
            try execute(operation, document, context, in: region, exchange)
        case .globalTable(let operation):
            try execute(operation, document, in: region, exchange)
        case .streams(let operation):
            execute(try operation.decode(document, context: context), in: region, exchange)
        case .unknown:
            throw WireError(.unknownOperation, nil)
        }
    }

    /// The region as it is now.
    func context(of region: Region) -> RequestContext {
        RequestContext(
            region: region.name, catalogue: region.catalogue, wallMilliseconds: region.wallClock.milliseconds,
            counters: { region.counters($0) }, makeID: { TransactionID.make() },
            replicas: { [regions] name in regions.tables(named: name, apartFrom: region) })
    }

    /// STS: a form in, XML out.
    private func answerQueryProtocol(_ request: HTTPRequest, _ exchange: Exchange) throws(WireError) {
        _ = try scope(of: request, authentication)
        let response = CallerIdentity.response(
            toForm: Array(request.body.readableBytesView), requestID: request.id.description)
        let headers = AWSResponseHeaders(
            contentType: ContentType(CallerIdentity.contentType), hasChecksum: false,
            allowsAnyOrigin: exchange.headers.allowsAnyOrigin)
        Exchange(responder: exchange.responder, headers: headers, measurement: exchange.measurement).respond(response)
    }

    private func parse(_ body: ByteBuffer) throws(WireError) -> JSONDocument? {
        guard body.readableBytes > 0 else { return nil }
        do throws(JSONError) {
            return try JSONDocument(parsing: Array(body.readableBytesView))
        } catch {
            throw WireError(.serialization, nil)
        }
    }

    private func answerLambda(_ request: HTTPRequest, _ responder: Responder) {
        guard let service = lambda.withLock({ $0 }) else {
            let starting = LambdaError(.service, "The server is starting.")
            return responder.respond(HTTPResponse(starting.response))
        }
        do throws(WireError) {
            service.handle(request, in: try region(of: request, lambdaAuthentication).name, responder)
        } catch {
            responder.respond(HTTPResponse(LambdaError(authentication: error).response))
        }
    }

    private func answerFaultInjection(_ request: HTTPRequest, _ responder: Responder) {
        do throws(WireError) {
            faultInjection.handle(request, in: try region(of: request, faultInjectionAuthentication).name, responder)
        } catch {
            responder.respond(HTTPResponse(FaultInjectionError(authentication: error).response))
        }
    }

    private func answerCloudWatch(_ wire: CloudWatchWire, _ request: HTTPRequest, _ responder: Responder) {
        let answer = { @Sendable (response: CloudWatchResponse) in
            responder.respond(HTTPResponse(response, as: wire, requestID: request.id.description))
        }
        do throws(WireError) {
            metrics.handle(wire, in: try region(of: request, metricsAuthentication).name, answer)
        } catch {
            answer(CloudWatchError(authentication: error).response)
        }
    }

    /// Nil for requests of other services.
    private static func scalingTarget(of request: HTTPRequest) -> String? {
        guard let target = request.head.headers.first(name: "x-amz-target"),
            target.hasPrefix(ScalingOperation.targetPrefix)
        else { return nil }
        return target
    }

    private func answerScaling(_ target: String, _ request: HTTPRequest, _ responder: Responder) {
        let respond: @Sendable (WireResponse) -> Void = { response in
            responder.respond(
                HTTPResponse(
                    status: HTTPResponseStatus(statusCode: response.status),
                    headers: AWSResponseHeaders(
                        contentType: ContentType(ScalingOperation.contentType), hasChecksum: false),
                    body: response.body))
        }
        do throws(WireError) {
            let region = try region(of: request, scalingAuthentication)
            executeScaling(target, Array(request.body.readableBytesView), in: region, respond)
        } catch {
            respond(error.response)
        }
    }

    private func scope(
        of request: HTTPRequest, _ authentication: Authentication
    ) throws(WireError) -> CredentialScope {
        let headers = request.head.headers
        do throws(AuthenticationError) {
            return try authentication.credentialScope(
                of: .init(
                    authorization: headers.first(name: "authorization"), amzDate: headers.first(name: "x-amz-date"),
                    date: headers.first(name: "date"), uri: request.head.uri))
        } catch {
            throw WireError(authentication: error)
        }
    }

    private func region(
        of request: HTTPRequest, _ authentication: Authentication
    ) throws(WireError) -> Region {
        let scope = try scope(of: request, authentication)
        if let region = listenerRegions[request.listener] { return region }
        if let host = request.head.headers.first(name: "host"), let name = EndpointHost.region(fromHost: host),
            let region = endpoints[name]
        {
            return region
        }
        guard let region = endpoints[scope.region] else {
            preconditionFailure("authentication lets only served regions pass")
        }
        return region
    }

    // MARK: Execution

    private func execute(_ request: DataRequest, in region: Region, _ exchange: Exchange) {
        switch request {
        case .write(let command, let answer):
            var exchange = exchange
            if case .write(let write) = command { exchange.measurement.table = write.table }
            let measured = exchange
            region.submit(command) { reply in
                measured.respond { answer(reply) }
            }
        case .read(let read) where read.isShort:
            var exchange = exchange
            exchange.measurement.table = read.table
            exchange.respond(
                Self.result { () throws(StoreError) in
                    try read.execute(reading: region.store, account: account(of: region))
                })
        case .read(let read):
            var exchange = exchange
            exchange.measurement.table = read.table
            onReaderThread(exchange) { [self] () throws(StoreError) in
                try read.execute(reading: region.store, account: account(of: region))
            }
        }
    }

    private func execute(_ request: StreamsRequest, in region: Region, _ exchange: Exchange) {
        switch request {
        case .answer(let response):
            exchange.respond(response)
        case .read(let read):
            onReaderThread(exchange) { () throws(StoreError) in
                switch try read.execute(reading: region.store) {
                case .success(let response): response
                case .failure(let error): error.response
                }
            }
        }
    }

    private func account(of region: Region) -> ReadAccount {
        ReadAccount(region.reads, nowMilliseconds: region.wallClock.milliseconds)
    }

    private func onReaderThread(
        _ exchange: Exchange, _ body: @escaping @Sendable () throws(StoreError) -> WireResponse
    ) {
        readers.submit { state in
            guard case .active = state else { return exchange.respond(WireError.internalError.response) }
            exchange.respond(Self.result(body))
        }
    }

    private static func result(_ body: () throws(StoreError) -> WireResponse) -> WireResponse {
        do throws(StoreError) {
            return try body()
        } catch {
            return WireError.internalError.response
        }
    }
}

/// One request on its way to its answer.
struct Exchange: Sendable {
    let responder: Responder
    let headers: AWSResponseHeaders
    var measurement: RequestMeasurement

    func respond(_ response: WireResponse) {
        responder.respond(httpResponse(response))
    }

    /// Encodes the answer on the connection's event loop.
    func respond(_ response: @escaping @Sendable () -> WireResponse) {
        responder.respond { httpResponse(response()) }
    }

    private func httpResponse(_ response: WireResponse) -> HTTPResponse {
        measurement.end(response)
        return HTTPResponse(
            status: HTTPResponseStatus(statusCode: response.status), headers: headers, body: response.body)
    }
}
