import EventSource
import Functions
import WireProtocol

/// The operations on event source mappings, and on tags. They run on the region's queue.
extension RegionLambda {
    func answer(_ request: LambdaRequest, _ facts: MappingFacts) throws(LambdaError) -> LambdaResponse {
        switch request {
        case .createMapping(let request):
            let definition = try request.definition(uuid: RandomUUID.make(), facts)
            try put(definition)
            return EventSourceMappingView(definition, state: .creating).acceptedResponse
        case .getMapping(let uuid): return view(of: try existing(uuid)).response
        case .listMappings(let request): return request.response(allMappings.map(view))
        case .updateMapping(let request):
            let mapping = try changeable(request.uuid)
            let changed = try mapping.definition.applying(request.changes, facts)
            try put(changed)
            return EventSourceMappingView(changed, state: Self.state(from: mapping.definition, to: changed))
                .acceptedResponse
        case .deleteMapping(let uuid):
            let mapping = try changeable(uuid)
            try remove(uuid)
            return EventSourceMappingView(mapping.definition, state: .deleting).acceptedResponse
        default: throw LambdaError(.unknownOperation, nil)
        }
    }

    /// False when the request is not about tags.
    func answerTags(_ request: LambdaRequest, _ answer: @escaping Answer) throws(LambdaError) -> Bool {
        switch request {
        case .listTags(.function(let function)):
            answer(LambdaTagChange.listing(try status(of: function).definition.tags))
        case .listTags(.mapping(let uuid)):
            answer(LambdaTagChange.listing(try existing(uuid).definition.tags))
        case .changeTags(let change):
            switch change.resource {
            case .mapping(let uuid):
                let definition = try changeable(uuid).definition
                try put(definition.tagged(try change.applied(to: definition.tags)))
                answer(change.response)
            case .function(let function):
                let tags = try change.applied(to: try status(of: function).definition.tags)
                functions.updateConfiguration(
                    function.name,
                    completion: { result in
                        switch result {
                        case .success: answer(change.response)
                        case .failure(let error): answer(LambdaError(error, function).response)
                        }
                    }, change: { $0.tags = tags })
            }
        default: return false
        }
        return true
    }

    /// What a change begins with, whatever has become of it when the answer is written.
    private static func state(
        from before: EventSourceMappingDefinition, to after: EventSourceMappingDefinition
    ) -> MappingState {
        switch (before.isEnabled, after.isEnabled) {
        case (true, false): .disabling
        case (false, true): .enabling
        default: .updating
        }
    }

    private func existing(_ uuid: String) throws(LambdaError) -> Mapping {
        guard let mapping = mapping(uuid) else { throw .mappingNotFound }
        return mapping
    }

    private func changeable(_ uuid: String) throws(LambdaError) -> Mapping {
        let mapping = try existing(uuid)
        if let handler = mapping.handler { throw .localFunction(handler) }
        return mapping
    }
}
