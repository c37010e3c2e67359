/// How the provisioned capacity of a table or of a global index follows its use, in one direction.
public struct AutoScaling: Sendable, Equatable, Codable {
    /// How much of the capacity is to be in use, and how fast it may change.
    public struct Policy: Sendable, Equatable, Codable {
        public var name: String
        /// In percent of the provisioned capacity.
        public var targetPercent: Double
        public var isScaleInDisabled: Bool?
        public var scaleInCooldownSeconds: Int?
        public var scaleOutCooldownSeconds: Int?

        public init(
            name: String, targetPercent: Double, isScaleInDisabled: Bool? = nil, scaleInCooldownSeconds: Int? = nil,
            scaleOutCooldownSeconds: Int? = nil
        ) {
            self.name = name
            self.targetPercent = targetPercent
            self.isScaleInDisabled = isScaleInDisabled
            self.scaleInCooldownSeconds = scaleInCooldownSeconds
            self.scaleOutCooldownSeconds = scaleOutCooldownSeconds
        }
    }

    public var minimumUnits: Int
    public var maximumUnits: Int
    /// Nil for the role that AWS gives to the service.
    public var roleARN: String?
    /// Nil for a target that nothing scales yet.
    public var policy: Policy?
    public var createdMilliseconds: UInt64

    public init(
        minimumUnits: Int, maximumUnits: Int, roleARN: String? = nil, policy: Policy? = nil,
        createdMilliseconds: UInt64
    ) {
        self.minimumUnits = minimumUnits
        self.maximumUnits = maximumUnits
        self.roleARN = roleARN
        self.policy = policy
        self.createdMilliseconds = createdMilliseconds
    }

    public static let serviceRoleARN =
        "arn:aws:iam::\(TableDefinition.account):role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/"
        + "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
}

/// Which capacity of a table is meant: that of the table or of a global index, for reads or for writes.
public struct ScalableCapacity: Sendable, Hashable {
    /// Nil for the table itself.
    public let index: String?
    public let access: Throttling.Access

    public init(index: String? = nil, _ access: Throttling.Access) {
        self.index = index
        self.access = access
    }
}

extension TableDefinition {
    /// Nil where nothing scales by itself. Setting it for an index that is gone does nothing.
    public subscript(scaling capacity: ScalableCapacity) -> AutoScaling? {
        get {
            guard let name = capacity.index else { return capacity.access == .read ? readScaling : writeScaling }
            let index = globalIndexes.first { $0.name == name }
            return capacity.access == .read ? index?.readScaling : index?.writeScaling
        }
        set {
            if let name = capacity.index {
                guard let position = globalIndexes.firstIndex(where: { $0.name == name }) else { return }
                switch capacity.access {
                case .read: globalIndexes[position].readScaling = newValue
                case .write: globalIndexes[position].writeScaling = newValue
                }
            } else {
                switch capacity.access {
                case .read: readScaling = newValue
                case .write: writeScaling = newValue
                }
            }
        }
    }
}
