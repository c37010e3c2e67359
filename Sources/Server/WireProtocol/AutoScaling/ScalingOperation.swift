public import JSONBytes
import Partition

/// The operations of Application Auto Scaling that are served, for tables and global indexes. The raw values are AWS's names.
public enum ScalingOperation: String, CaseIterable, Sendable {
    case registerScalableTarget = "RegisterScalableTarget"
    case deregisterScalableTarget = "DeregisterScalableTarget"
    case describeScalableTargets = "DescribeScalableTargets"
    case putScalingPolicy = "PutScalingPolicy"
    case deleteScalingPolicy = "DeleteScalingPolicy"
    case describeScalingPolicies = "DescribeScalingPolicies"

    /// What `X-Amz-Target` begins with.
    public static let targetPrefix = "AnyScaleFrontendService."
    public static let contentType = "application/x-amz-json-1.1"

    /// - Parameter header: the whole of `X-Amz-Target`, which begins with `targetPrefix`.
    public init(target header: String) throws(WireError) {
        guard let operation = Self(rawValue: String(header.dropFirst(Self.targetPrefix.count))) else {
            throw WireError(.unknownOperation, "This server does not serve the operation \(header).")
        }
        self = operation
    }

    /// Decides a request against the tables as they are: what changes in which table of the region, and the answer.
    public func decide(
        _ document: JSONDocument, context: RequestContext
    ) throws(WireError) -> (change: ScalingChange?, response: WireResponse) {
        guard document.kind(document.root) == .object else { throw .validation("The request is not a JSON object") }
        do throws(WireError) {
            let body = RequestBody(document: document, node: document.root)
            switch self {
            case .registerScalableTarget: return try Self.register(body, context)
            case .deregisterScalableTarget: return try Self.deregister(body, context)
            case .describeScalableTargets: return (nil, try Self.describeTargets(body, context))
            case .putScalingPolicy: return try Self.putPolicy(body, context)
            case .deleteScalingPolicy: return try Self.deletePolicy(body, context)
            case .describeScalingPolicies: return (nil, try Self.describePolicies(body, context))
            }
        } catch {
            if error == RequestBody.unexpectedType { throw .validation("A member of the request has the wrong type") }
            throw error
        }
    }
}

/// A change that a request asks for.
public struct ScalingChange: Sendable, Equatable {
    public let tableName: String
    public let edit: TableEdit

    fileprivate init(_ target: ScalableTarget, _ scaling: AutoScaling?) {
        tableName = target.tableName
        edit = .scaling(target.capacity, scaling)
    }
}

extension ScalingOperation {
    private typealias Decision = (change: ScalingChange?, response: WireResponse)

    private static func register(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> Decision {
        let target = try ScalableTarget(body)
        let minimum = try body.integer("MinCapacity")
        let maximum = try body.integer("MaxCapacity")
        let table = try target.table(in: context)
        let current = table[scaling: target.capacity]
        guard let minimum = minimum ?? current?.minimumUnits, let maximum = maximum ?? current?.maximumUnits else {
            throw .validation("MinCapacity and MaxCapacity are required to register a new scalable target")
        }
        guard minimum >= 1 else { throw .validation("Minimum capacity of \(target.dimension) must be at least 1") }
        guard maximum >= minimum else { throw .validation("Maximum capacity cannot be less than minimum capacity") }
        let scaling = AutoScaling(
            minimumUnits: minimum, maximumUnits: maximum, roleARN: try body.string("RoleARN") ?? current?.roleARN,
            policy: current?.policy, createdMilliseconds: current?.createdMilliseconds ?? context.wallMilliseconds)
        return (
            ScalingChange(target, scaling),
            WireResponse.object { writer in
                writer.key("ScalableTargetARN")
                writer.string(target.arn(in: table))
            }
        )
    }

    private static func deregister(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> Decision {
        let target = try ScalableTarget(body)
        _ = try target.scaling(in: context)
        return (ScalingChange(target, nil), .emptyObject)
    }

    private static func putPolicy(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> Decision {
        let target = try ScalableTarget(body)
        let name = try body.string("PolicyName")
        let type = try body.string("PolicyType")
        let configuration = try body.object("TargetTrackingScalingPolicyConfiguration")
        var constraints = Constraints()
        constraints.require(name != nil, at: "policyName")
        constraints.checkLength(name, at: "policyName", 1...256)
        constraints.require(configuration != nil, at: "targetTrackingScalingPolicyConfiguration")
        let policy = try configuration?.targetTracking(
            named: name ?? "", at: "targetTrackingScalingPolicyConfiguration", &constraints)
        try constraints.throwIfViolated()
        guard type == nil || type == "TargetTrackingScaling" else {
            throw .validation("Tributary has no policies of the type \(type ?? ""), only TargetTrackingScaling")
        }
        let metric = try configuration?.object("PredefinedMetricSpecification")?.string("PredefinedMetricType")
        guard metric == target.metricType else {
            throw .validation(
                "PredefinedMetricType must be \(target.metricType) for the scalable dimension \(target.dimension)")
        }
        var scaling = try target.scaling(in: context)
        if let known = scaling.policy, known.name != name {
            throw .validation(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed: \(known.name) is there already"
            )
        }
        scaling.policy = policy
        let table = try target.table(in: context)
        return (
            ScalingChange(target, scaling),
            WireResponse.object { writer in
                writer.key("PolicyARN")
                writer.string(target.policyARN(name ?? "", in: table))
                writer.key("Alarms")
                writer.beginArray()
                writer.endArray()
            }
        )
    }

    private static func deletePolicy(_ body: RequestBody, _ context: RequestContext) throws(WireError) -> Decision {
        let target = try ScalableTarget(body)
        let name = try body.string("PolicyName")
        let scaling = context.catalogue.table(named: target.tableName)?[scaling: target.capacity]
        guard let name, var scaling, scaling.policy?.name == name else {
            throw WireError(
                .objectNotFound,
                "No scaling policy found for service namespace: dynamodb, resource ID: \(target.resourceID), "
                    + "scalable dimension: \(target.dimension): \(name ?? "null")")
        }
        scaling.policy = nil
        return (ScalingChange(target, scaling), .emptyObject)
    }

    // MARK: Reading; all fits on one page

    private static func describeTargets(_ body: RequestBody, _ context: RequestContext) throws(WireError)
        -> WireResponse
    {
        let ids = try body.strings("ResourceIds")
        let targets = try targets(body, context).filter { ids?.contains($0.target.resourceID) ?? true }
        return WireResponse.object { writer in
            writer.key("ScalableTargets")
            writer.beginArray()
            for (table, target, scaling) in targets {
                writer.beginObject()
                target.appendMembers(to: &writer)
                writer.key("MinCapacity")
                writer.number(scaling.minimumUnits)
                writer.key("MaxCapacity")
                writer.number(scaling.maximumUnits)
                writer.key("RoleARN")
                writer.string(scaling.roleARN ?? AutoScaling.serviceRoleARN)
                writer.key("CreationTime")
                writer.seconds(scaling.createdMilliseconds)
                writer.key("ScalableTargetARN")
                writer.string(target.arn(in: table))
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private static func describePolicies(
        _ body: RequestBody, _ context: RequestContext
    ) throws(WireError) -> WireResponse {
        let id = try body.string("ResourceId")
        let names = try body.strings("PolicyNames")
        let targets = try targets(body, context).filter { id == nil || $0.target.resourceID == id }
        return WireResponse.object { writer in
            writer.key("ScalingPolicies")
            writer.beginArray()
            for (table, target, scaling) in targets {
                guard let policy = scaling.policy, names?.contains(policy.name) ?? true else { continue }
                writer.beginObject()
                writer.key("PolicyARN")
                writer.string(target.policyARN(policy.name, in: table))
                writer.key("PolicyName")
                writer.string(policy.name)
                target.appendMembers(to: &writer)
                writer.key("PolicyType")
                writer.string("TargetTrackingScaling")
                writer.key("TargetTrackingScalingPolicyConfiguration")
                writer.beginObject()
                policy.appendMembers(to: &writer)
                writer.key("PredefinedMetricSpecification")
                writer.beginObject()
                writer.key("PredefinedMetricType")
                writer.string(target.metricType)
                writer.endObject()
                writer.endObject()
                writer.key("CreationTime")
                writer.seconds(scaling.createdMilliseconds)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private static func targets(
        _ body: RequestBody, _ context: RequestContext
    ) throws(WireError) -> [(table: TableDefinition, target: ScalableTarget, scaling: AutoScaling)] {
        try ScalableTarget.checkNamespace(body)
        let dimension = try body.string("ScalableDimension")
        return context.catalogue.tables.flatMap { table in
            ScalableTarget.registered(in: table).map { (table, $0.target, $0.scaling) }
        }.filter { dimension == nil || $0.target.dimension == dimension }
    }
}
