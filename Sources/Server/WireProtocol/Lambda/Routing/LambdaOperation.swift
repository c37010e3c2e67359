/// The operations of the Lambda API that this server has. The raw values are AWS's names.
public enum LambdaOperation: String, CaseIterable, Sendable {
    case createFunction = "CreateFunction"
    case getFunction = "GetFunction"
    case getFunctionConfiguration = "GetFunctionConfiguration"
    case listFunctions = "ListFunctions"
    case updateFunctionCode = "UpdateFunctionCode"
    case updateFunctionConfiguration = "UpdateFunctionConfiguration"
    case deleteFunction = "DeleteFunction"
    case invoke = "Invoke"
    case putFunctionConcurrency = "PutFunctionConcurrency"
    case getFunctionConcurrency = "GetFunctionConcurrency"
    case deleteFunctionConcurrency = "DeleteFunctionConcurrency"
    case createEventSourceMapping = "CreateEventSourceMapping"
    case getEventSourceMapping = "GetEventSourceMapping"
    case listEventSourceMappings = "ListEventSourceMappings"
    case updateEventSourceMapping = "UpdateEventSourceMapping"
    case deleteEventSourceMapping = "DeleteEventSourceMapping"
    case listTags = "ListTags"
    case tagResource = "TagResource"
    case untagResource = "UntagResource"
    case getAccountSettings = "GetAccountSettings"

    /// Method and path; `{}` stands for the one part of the path that is a parameter.
    var template: PathTemplate {
        switch self {
        case .createFunction: PathTemplate("POST", "/2015-03-31/functions")
        case .getFunction: PathTemplate("GET", "/2015-03-31/functions/{}")
        case .getFunctionConfiguration: PathTemplate("GET", "/2015-03-31/functions/{}/configuration")
        case .listFunctions: PathTemplate("GET", "/2015-03-31/functions")
        case .updateFunctionCode: PathTemplate("PUT", "/2015-03-31/functions/{}/code")
        case .updateFunctionConfiguration: PathTemplate("PUT", "/2015-03-31/functions/{}/configuration")
        case .deleteFunction: PathTemplate("DELETE", "/2015-03-31/functions/{}")
        case .invoke: PathTemplate("POST", "/2015-03-31/functions/{}/invocations")
        case .putFunctionConcurrency: PathTemplate("PUT", "/2017-10-31/functions/{}/concurrency")
        case .getFunctionConcurrency: PathTemplate("GET", "/2019-09-30/functions/{}/concurrency")
        case .deleteFunctionConcurrency: PathTemplate("DELETE", "/2017-10-31/functions/{}/concurrency")
        case .createEventSourceMapping: PathTemplate("POST", "/2015-03-31/event-source-mappings")
        case .getEventSourceMapping: PathTemplate("GET", "/2015-03-31/event-source-mappings/{}")
        case .listEventSourceMappings: PathTemplate("GET", "/2015-03-31/event-source-mappings")
        case .updateEventSourceMapping: PathTemplate("PUT", "/2015-03-31/event-source-mappings/{}")
        case .deleteEventSourceMapping: PathTemplate("DELETE", "/2015-03-31/event-source-mappings/{}")
        case .listTags: PathTemplate("GET", "/2017-03-31/tags/{}")
        case .tagResource: PathTemplate("POST", "/2017-03-31/tags/{}")
        case .untagResource: PathTemplate("DELETE", "/2017-03-31/tags/{}")
        case .getAccountSettings: PathTemplate("GET", "/2016-08-19/account-settings")
        }
    }
}

/// How the service model writes an operation's request line: parts between slashes, some of them parameters.
struct PathTemplate: Sendable {
    let method: String
    /// Nil for a parameter.
    let parts: [String?]

    init(_ method: String, _ path: String) {
        self.method = method
        parts = path.split(separator: "/").map { $0 == "{}" ? nil : String($0) }
    }

    /// The parameters of a path that fits, still encoded; nil when it does not fit.
    func parameters(of path: [Substring]) -> [Substring]? {
        guard path.count == parts.count else { return nil }
        var parameters: [Substring] = []
        for (part, found) in zip(parts, path) {
            if let part {
                guard part == found else { return nil }
            } else {
                parameters.append(found)
            }
        }
        return parameters
    }
}
