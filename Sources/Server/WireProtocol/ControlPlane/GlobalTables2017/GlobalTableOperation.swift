public import JSONBytes

/// The operations on global tables of version 2017.11.29. The raw values are AWS's names (reference `global-tables.md` 2).
public enum GlobalTableOperation: String, CaseIterable, Sendable {
    case createGlobalTable = "CreateGlobalTable"
    case updateGlobalTable = "UpdateGlobalTable"
    case describeGlobalTable = "DescribeGlobalTable"
    case listGlobalTables = "ListGlobalTables"
    case describeGlobalTableSettings = "DescribeGlobalTableSettings"
    case updateGlobalTableSettings = "UpdateGlobalTableSettings"
}

/// What a request on global tables asks for. All are decided on the control plane, which sees the tables of all regions.
public enum GlobalTableRequest: Sendable {
    case create(CreateGlobalTableRequest)
    case update(UpdateGlobalTableRequest)
    case describe(globalTable: String)
    case list(ListGlobalTablesRequest)
    case describeSettings(globalTable: String)
    case updateSettings(UpdateGlobalTableSettingsRequest)
}

extension GlobalTableOperation {
    /// Reads a request and checks all that needs no table.
    public func decode(_ document: JSONDocument) throws(WireError) -> GlobalTableRequest {
        try RequestBody.reading(document, as: GlobalTableShapes.request(of: self)) { (body) throws(WireError) in
            switch self {
            case .createGlobalTable: .create(try CreateGlobalTableRequest(body))
            case .updateGlobalTable: .update(try UpdateGlobalTableRequest(body))
            case .describeGlobalTable: .describe(globalTable: try body.globalTableName())
            case .listGlobalTables: .list(try ListGlobalTablesRequest(body))
            case .describeGlobalTableSettings: .describeSettings(globalTable: try body.globalTableName())
            case .updateGlobalTableSettings: .updateSettings(try UpdateGlobalTableSettingsRequest(body))
            }
        }
    }
}

extension RequestBody {
    func globalTableName(_ constraints: inout Constraints) throws(WireError) -> String {
        let name = try string("GlobalTableName")
        constraints.require(name != nil, at: "globalTableName")
        constraints.checkNamePattern(name, at: "globalTableName")
        constraints.checkLength(name, at: "globalTableName", TableName.lengths)
        return name ?? ""
    }

    fileprivate func globalTableName() throws(WireError) -> String {
        var constraints = Constraints()
        let name = try globalTableName(&constraints)
        try constraints.throwIfViolated()
        return name
    }

    /// `RegionName` of one element of a list.
    func replicaRegion(at path: String, _ constraints: inout Constraints) throws(WireError) -> String {
        let name = try string("RegionName")
        constraints.require(name != nil, at: path + ".regionName")
        return name ?? ""
    }
}
