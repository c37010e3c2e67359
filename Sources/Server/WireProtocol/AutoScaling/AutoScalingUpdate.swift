import JSONBytes
import Partition

/// `AutoScalingSettingsUpdate`: what a request changes in the auto scaling of one capacity (reference `global-tables.md` 2, 3.6).
struct AutoScalingUpdate: Sendable, Equatable {
    static let targetPercentBounds = 10.0...90.0
    private static let policyNameLengths = 1...256
    private static let roleLengths = 1...1600

    let minimumUnits: Int?
    let maximumUnits: Int?
    let isDisabled: Bool?
    let roleARN: String?
    let policy: AutoScaling.Policy?

    /// - Parameter path: of the object itself.
    init(_ body: RequestBody, _ path: String, _ constraints: inout Constraints) throws(WireError) {
        minimumUnits = try body.integer("MinimumUnits")
        maximumUnits = try body.integer("MaximumUnits")
        isDisabled = try body.boolean("AutoScalingDisabled")
        roleARN = try body.string("AutoScalingRoleArn")
        constraints.checkRange(minimumUnits, at: path + ".minimumUnits", 1...Int.max)
        constraints.checkRange(maximumUnits, at: path + ".maximumUnits", 1...Int.max)
        constraints.checkLength(roleARN, at: path + ".autoScalingRoleArn", Self.roleLengths)
        guard let update = try body.object("ScalingPolicyUpdate") else {
            policy = nil
            return
        }
        let policyPath = path + ".scalingPolicyUpdate"
        let name = try update.string("PolicyName")
        constraints.checkLength(name, at: policyPath + ".policyName", Self.policyNameLengths)
        let configuration = try update.object("TargetTrackingScalingPolicyConfiguration")
        constraints.require(configuration != nil, at: policyPath + ".targetTrackingScalingPolicyConfiguration")
        policy = try configuration?.targetTracking(
            named: name ?? "", at: policyPath + ".targetTrackingScalingPolicyConfiguration", &constraints)
    }

    /// What the capacity's auto scaling becomes; nil when it is switched off.
    ///
    /// - Parameters:
    ///   - current: what is not mentioned stays.
    ///   - defaultName: of a policy without name.
    ///   - fault: makes an error of a clause behind the table's name.
    func applied(
        to current: AutoScaling?, defaultName: String, nowMilliseconds: UInt64, fault: (String) -> WireError
    ) throws(WireError) -> AutoScaling? {
        let hasSettings = minimumUnits != nil || maximumUnits != nil || roleARN != nil || policy != nil
        if isDisabled == true {
            if hasSettings {
                throw fault(" because auto scaling cannot be disabled and given settings at the same time.")
            }
            return nil
        }
        let minimum = minimumUnits ?? current?.minimumUnits
        let maximum = maximumUnits ?? current?.maximumUnits
        var scaled = policy ?? current?.policy
        guard let minimum, let maximum, scaled != nil else {
            let missing = [
                ("MinimumUnits", minimum == nil), ("MaximumUnits", maximum == nil),
                ("ScalingPolicyUpdate", scaled == nil),
            ].filter(\.1).map(\.0)
            throw fault(
                ": Parameters '\(missing.joined(separator: ", "))' are required unless auto scaling is being disabled.")
        }
        guard minimum <= maximum else {
            throw fault(" because MinimumUnits (\(minimum)) must not be greater than MaximumUnits (\(maximum)).")
        }
        if scaled?.name.isEmpty == true { scaled?.name = current?.policy?.name ?? defaultName }
        return AutoScaling(
            minimumUnits: minimum, maximumUnits: maximum, roleARN: roleARN ?? current?.roleARN, policy: scaled,
            createdMilliseconds: current?.createdMilliseconds ?? nowMilliseconds)
    }
}

extension RequestBody {
    /// This object as the configuration of a policy.
    func targetTracking(
        named name: String, at path: String, _ constraints: inout Constraints
    ) throws(WireError) -> AutoScaling.Policy {
        let target = try double("TargetValue")
        constraints.require(target != nil, at: path + ".targetValue")
        let bounds = AutoScalingUpdate.targetPercentBounds
        if let target, !bounds.contains(target) {
            let (word, bound) =
                target < bounds.lowerBound ? ("greater", bounds.lowerBound) : ("less", bounds.upperBound)
            constraints.violate(
                String(target), at: path + ".targetValue", "Member must have value \(word) than or equal to \(bound)")
        }
        let scaleIn = try integer("ScaleInCooldown")
        let scaleOut = try integer("ScaleOutCooldown")
        constraints.checkRange(scaleIn, at: path + ".scaleInCooldown", 0...Int.max)
        constraints.checkRange(scaleOut, at: path + ".scaleOutCooldown", 0...Int.max)
        return AutoScaling.Policy(
            name: name, targetPercent: target ?? 0, isScaleInDisabled: try boolean("DisableScaleIn"),
            scaleInCooldownSeconds: scaleIn, scaleOutCooldownSeconds: scaleOut)
    }

    func double(_ name: StaticString) throws(WireError) -> Double? {
        guard let member = member(name) else { return nil }
        guard document.kind(member) == .number, let value = Double(document.numberText(member)), value.isFinite else {
            throw Self.unexpectedType
        }
        return value
    }
}

extension ScalableCapacity {
    /// What AWS calls a policy that nobody named.
    func policyName(of table: String) -> String {
        "DynamoDB\(access.rawValue)CapacityUtilization:table/\(table)" + (index.map { "/index/\($0)" } ?? "")
    }
}
