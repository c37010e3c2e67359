public import Replication

/// What a request of the Lambda API asks for. Its owner executes it against the functions and mappings of the region, and answers with
/// the views and responses that lie beside the requests.
public enum LambdaRequest: Sendable, Equatable {
    case createFunction(CreateFunctionRequest)
    case getFunction(FunctionReference)
    case getFunctionConfiguration(FunctionReference)
    case listFunctions(ListPage)
    case updateFunctionCode(UpdateFunctionCodeRequest)
    case updateFunctionConfiguration(UpdateFunctionConfigurationRequest)
    case deleteFunction(FunctionReference)
    case invoke(InvokeRequest)
    /// How many invocations may run at a time.
    case putFunctionConcurrency(FunctionReference, reserved: Int)
    case getFunctionConcurrency(FunctionReference)
    case deleteFunctionConcurrency(FunctionReference)
    case createMapping(CreateEventSourceMappingRequest)
    /// By its UUID.
    case getMapping(String)
    case listMappings(ListEventSourceMappingsRequest)
    case updateMapping(UpdateEventSourceMappingRequest)
    /// By its UUID.
    case deleteMapping(String)
    case listTags(LambdaTaggedResource)
    case changeTags(LambdaTagChange)
    case getAccountSettings
}

extension LambdaRoute {
    /// Reads a request and checks all that needs neither functions nor streams.
    /// - Parameters:
    ///   - region: the one that the request is sent to.
    ///   - header: the value of a header field, by its lower-case name.
    public func request(
        body: [UInt8], in region: RegionName, header: (String) -> String?
    ) throws(LambdaError) -> LambdaRequest {
        switch operation {
        case .createFunction: .createFunction(try CreateFunctionRequest(try LambdaMembers(parsing: body), in: region))
        case .getFunction: .getFunction(try existing(in: region))
        case .getFunctionConfiguration: .getFunctionConfiguration(try existing(in: region))
        case .listFunctions: .listFunctions(try ListPage(query, defaultCount: FunctionView.pageCountDefault))
        case .updateFunctionCode:
            .updateFunctionCode(
                try UpdateFunctionCodeRequest(try changeable(in: region), try LambdaMembers(parsing: body)))
        case .updateFunctionConfiguration:
            .updateFunctionConfiguration(
                try UpdateFunctionConfigurationRequest(try changeable(in: region), try LambdaMembers(parsing: body)))
        case .deleteFunction: .deleteFunction(try deletable(in: region))
        case .invoke: .invoke(try InvokeRequest(try existing(in: region), body: body, header: header))
        case .putFunctionConcurrency:
            try putFunctionConcurrency(try LambdaMembers(parsing: body), in: region)
        case .getFunctionConcurrency: .getFunctionConcurrency(try changeable(in: region))
        case .deleteFunctionConcurrency: .deleteFunctionConcurrency(try changeable(in: region))
        case .createEventSourceMapping:
            .createMapping(try CreateEventSourceMappingRequest(try LambdaMembers(parsing: body), in: region))
        case .getEventSourceMapping: .getMapping(subject)
        case .listEventSourceMappings: .listMappings(try ListEventSourceMappingsRequest(query, in: region))
        case .updateEventSourceMapping:
            .updateMapping(
                UpdateEventSourceMappingRequest(
                    uuid: subject, changes: try MappingChanges(try LambdaMembers(parsing: body), in: region)))
        case .deleteEventSourceMapping: .deleteMapping(subject)
        case .listTags: .listTags(try LambdaTaggedResource(subject, in: region))
        case .tagResource:
            .changeTags(
                try LambdaTagChange(
                    adding: try LambdaMembers(parsing: body), to: try LambdaTaggedResource(subject, in: region)))
        case .untagResource:
            .changeTags(
                try LambdaTagChange(
                    removing: query.all("tagKeys"), from: try LambdaTaggedResource(subject, in: region)))
        case .getAccountSettings: .getAccountSettings
        }
    }

    /// The function that the path names, in a version that can exist.
    private func existing(in region: RegionName) throws(LambdaError) -> FunctionReference {
        let function = try FunctionReference(
            subject, qualifier: query["Qualifier"], in: region,
            lengthMax: FunctionReference.qualifiedTextLengthMax)
        guard function.isLatest else { throw .functionNotFound(function) }
        return function
    }

    /// The function that the path names, where versions cannot be named.
    private func changeable(in region: RegionName) throws(LambdaError) -> FunctionReference {
        let function = try FunctionReference(subject, in: region)
        guard function.isLatest else { throw .functionNotFound(function) }
        return FunctionReference(name: function.name, region: region)
    }

    private func deletable(in region: RegionName) throws(LambdaError) -> FunctionReference {
        let function = try existing(in: region)
        if function.qualifier != nil { throw .latestCannotBeDeleted }
        return function
    }

    private func putFunctionConcurrency(
        _ members: LambdaMembers, in region: RegionName
    ) throws(LambdaError) -> LambdaRequest {
        let reserved = try members.integer("ReservedConcurrentExecutions")
        var constraints = Constraints()
        constraints.require(reserved != nil, at: "reservedConcurrentExecutions")
        constraints.checkRange(reserved, at: "reservedConcurrentExecutions", 0...Int.max)
        try constraints.throwLambdaErrorIfViolated()
        return .putFunctionConcurrency(try changeable(in: region), reserved: reserved ?? 0)
    }
}
