import Dispatch
import Functions
import HTTPEndpoint
import Logging
import NIOCore
import NIOHTTP1
import Partition
import Region
import Replication
import WireProtocol

/// The Lambda API of all regions: requests to functions and mappings, and their answers.
final class LambdaService: Sendable {
    let regions: [RegionName: RegionLambda]
    private let filtersPerMapping: Int
    /// Makes what is known of a region for decisions about mappings.
    private let context: @Sendable (Region) -> RequestContext

    init(
        regions: [RegionLambda], filtersPerMapping: Int, context: @escaping @Sendable (Region) -> RequestContext
    ) {
        self.filtersPerMapping = filtersPerMapping
        self.regions = Dictionary(uniqueKeysWithValues: regions.map { ($0.region.name, $0) })
        self.context = context
    }

    /// Answers a request whose path is of the Lambda API. Never blocks.
    func handle(_ request: HTTPRequest, in region: RegionName, _ responder: Responder) {
        let answer: @Sendable (LambdaResponse) -> Void = { responder.respond(HTTPResponse($0)) }
        do throws(LambdaError) {
            let head = request.head
            guard let route = try LambdaRoute(method: head.method.rawValue, uri: head.uri),
                let lambda = regions[region]
            else { throw LambdaError(.unknownOperation, nil) }
            let body = Array(request.body.readableBytesView)
            execute(
                try route.request(body: body, in: region, header: { head.headers.first(name: $0) }), in: lambda, answer)
        } catch {
            answer(error.response)
        }
    }

    private func execute(
        _ request: LambdaRequest, in lambda: RegionLambda, _ answer: @escaping @Sendable (LambdaResponse) -> Void
    ) {
        do throws(LambdaError) {
            switch request {
            case .createFunction(let request): try lambda.create(request, answer)
            case .getFunction(let function): answer(try lambda.view(of: function).response(for: function))
            case .getFunctionConfiguration(let function):
                answer(try lambda.view(of: function).configurationResponse(for: function))
            case .listFunctions(let page):
                answer(FunctionView.list(lambda.functions.functions().map(lambda.view), page))
            case .updateFunctionCode(let request): try lambda.update(request, answer)
            case .updateFunctionConfiguration(let request): try lambda.update(request, answer)
            case .deleteFunction(let function): lambda.delete(function, answer)
            case .invoke(let request): try lambda.invoke(request, answer)
            case .putFunctionConcurrency(let function, let reserved):
                try lambda.reserve(reserved, for: function, answer)
            case .getFunctionConcurrency(let function):
                answer(AccountConcurrency.response(try lambda.status(of: function).definition.reservedConcurrency))
            case .deleteFunctionConcurrency(let function): try lambda.reserve(nil, for: function, answer)
            case .getAccountSettings: answer(lambda.accountSettings)
            default: changeMappings(request, in: lambda, answer)
            }
        } catch {
            answer(error.response)
        }
    }

    /// Mappings are read and changed one after the other, on the region's queue.
    private func changeMappings(
        _ request: LambdaRequest, in lambda: RegionLambda, _ answer: @escaping @Sendable (LambdaResponse) -> Void
    ) {
        let (context, filtersPerMapping) = (context, filtersPerMapping)
        lambda.queue.async {
            do throws(LambdaError) {
                if try lambda.answerTags(request, answer) { return }
                let facts = MappingFacts(
                    context(lambda.region), mappings: lambda.allMappings.map(\.definition),
                    filtersMax: filtersPerMapping, hasFunction: { lambda.functions.function($0) != nil },
                    refusalOfTopic: lambda.failureTopics?.refusals ?? MappingFacts.noKafka)
                answer(try lambda.answer(request, facts))
            } catch {
                answer(error.response)
            }
        }
    }
}

extension HTTPResponse {
    init(_ response: LambdaResponse) {
        var fields = HTTPHeaders()
        for field in response.fields { fields.add(name: field.name, value: field.value) }
        self.init(
            status: HTTPResponseStatus(statusCode: response.status),
            headers: AWSResponseHeaders(contentType: ContentType(LambdaResponse.contentType), hasChecksum: false),
            fields: fields, body: response.body)
    }
}
