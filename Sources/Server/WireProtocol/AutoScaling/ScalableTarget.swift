import Bytes
import JSONBytes
public import Partition

/// What Application Auto Scaling calls a scalable target: a resource such as `table/orders/index/byCity` and a dimension such as
/// `dynamodb:index:WriteCapacityUnits`.
public struct ScalableTarget: Sendable, Equatable {
    public let tableName: String
    public let capacity: ScalableCapacity

    init(tableName: String, capacity: ScalableCapacity) {
        self.tableName = tableName
        self.capacity = capacity
    }

    /// The targets of a table that are registered.
    static func registered(in table: TableDefinition) -> [(target: ScalableTarget, scaling: AutoScaling)] {
        let indexes = [nil] + table.globalIndexes.map { Optional($0.name) }
        return indexes.flatMap { index in
            [ScalableCapacity(index: index, .read), ScalableCapacity(index: index, .write)].compactMap { capacity in
                table[scaling: capacity].map { (ScalableTarget(tableName: table.name, capacity: capacity), $0) }
            }
        }
    }

    static let serviceNamespace = "dynamodb"
    static let dimensions = ["table", "index"].flatMap { kind in
        ["Read", "Write"].map { "dynamodb:\(kind):\($0)CapacityUnits" }
    }

    var resourceID: String { "table/\(tableName)" + (capacity.index.map { "/index/\($0)" } ?? "") }

    var dimension: String {
        "dynamodb:\(capacity.index == nil ? "table" : "index"):\(capacity.access.rawValue)CapacityUnits"
    }

    var metricType: String { "DynamoDB\(capacity.access.rawValue)CapacityUtilization" }

    /// Reads the three members that name a target.
    init(_ body: RequestBody) throws(WireError) {
        try Self.checkNamespace(body)
        let resource = try body.string("ResourceId")
        let dimension = try body.string("ScalableDimension")
        var constraints = Constraints()
        constraints.require(resource != nil, at: "resourceId")
        constraints.require(dimension != nil, at: "scalableDimension")
        constraints.checkEnum(dimension, at: "scalableDimension", Self.dimensions)
        try constraints.throwIfViolated()
        let parts = (resource ?? "").split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isIndex = dimension?.hasPrefix("dynamodb:index:") ?? false
        guard parts.count == (isIndex ? 4 : 2), parts[0] == "table", !isIndex || parts[2] == "index" else {
            throw .validation("Unsupported service namespace, resource type or scalable dimension")
        }
        tableName = parts[1]
        capacity = ScalableCapacity(
            index: isIndex ? parts[3] : nil, dimension?.hasSuffix("ReadCapacityUnits") == true ? .read : .write)
    }

    static func checkNamespace(_ body: RequestBody) throws(WireError) {
        let namespace = try body.string("ServiceNamespace")
        var constraints = Constraints()
        constraints.require(namespace != nil, at: "serviceNamespace")
        constraints.checkEnum(namespace, at: "serviceNamespace", [serviceNamespace])
        try constraints.throwIfViolated()
    }

    /// The table, which must have the index.
    func table(in context: RequestContext) throws(WireError) -> TableDefinition {
        guard let table = context.catalogue.table(named: tableName) else {
            throw .validation("DynamoDB table does not exist: \(resourceID)")
        }
        if let name = capacity.index, !table.globalIndexes.contains(where: { $0.name == name }) {
            throw .validation("DynamoDB index does not exist: \(resourceID)")
        }
        return table
    }

    /// The settings, which must be there.
    func scaling(in context: RequestContext) throws(WireError) -> AutoScaling {
        if let scaling = context.catalogue.table(named: tableName)?[scaling: capacity] { return scaling }
        throw WireError(
            .objectNotFound,
            "No scalable target registered for service namespace: dynamodb, resource ID: \(resourceID), scalable dimension: "
                + dimension)
    }

    func arn(in table: TableDefinition) -> String {
        "arn:aws:application-autoscaling:\(table.region):\(TableDefinition.account):scalable-target/"
            + table.tableID.filter { $0 != "-" }
    }

    func policyARN(_ name: String, in table: TableDefinition) -> String {
        "arn:aws:autoscaling:\(table.region):\(TableDefinition.account):scalingPolicy:\(table.tableID):"
            + "resource/dynamodb/\(resourceID):policyName/\(name)"
    }

    func appendMembers(to writer: inout JSONWriter) {
        writer.key("ServiceNamespace")
        writer.string(Self.serviceNamespace)
        writer.key("ResourceId")
        writer.string(resourceID)
        writer.key("ScalableDimension")
        writer.string(dimension)
    }
}
