public import AttributeModel
public import Bytes

/// Which parts of an item a read returns: a ProjectionExpression, or the legacy `AttributesToGet`.
///
/// Keys are not added. Grammar and texts: reference `data-plane.md` 5.2, 5.3 and 6; results: 7.
public struct ProjectionExpression: Sendable {
    private let tree: PathTree
    /// The attributes it reads, in order of appearance.
    public let topLevelNames: [Text]
    private let steppedNames: [Text]

    /// Parses an expression and marks the placeholders that it uses.
    /// - Throws: the first fault in AWS's order, with the prefix `Invalid ProjectionExpression: `.
    public init(_ text: String, placeholders: inout ExpressionPlaceholders) throws(ExpressionError) {
        do throws(ExpressionFault) {
            var reader = try ExpressionReader(text, kind: .projection, placeholders: placeholders)
            let paths = try Self.parse(&reader)
            placeholders.markUsed(names: reader.usedNames, values: reader.usedValues)
            tree = PathTree(paths)
            topLevelNames = reader.rootNames
            steppedNames = reader.steppedRootNames
        } catch {
            throw ExpressionError(.projection, error)
        }
    }

    /// The legacy parameter: top-level attributes, a dot in a name is a dot.
    /// - Throws: the text about a repeated name. How many names there may be is a constraint of the request.
    public init(attributesToGet names: [Text]) throws(ExpressionError) {
        for (position, name) in names.enumerated() where names[..<position].contains(name) {
            throw .invalidParameters("Duplicate value in attribute name: \(name)")
        }
        tree = PathTree(names.map { DocumentPath(root: $0) })
        topLevelNames = names
        steppedNames = []
    }

    public func project(_ item: Item) -> Item {
        tree.project(item)
    }

    /// Refuses a projection that takes a key attribute for a document.
    public func checkKeyPaths(_ keyNames: [Text], indexKeyNames: [Text]) throws(ExpressionError) {
        try KeyPathCheck.check(steppedNames, keyNames: keyNames, indexKeyNames: indexKeyNames)
    }

    /// Reads `path {',' path}`.
    private static func parse(_ reader: inout ExpressionReader) throws(ExpressionFault) -> [DocumentPath] {
        var paths = [try reader.readPath()]
        while reader.accept(.comma) { paths.append(try reader.readPath()) }
        guard reader.current == .end else { throw reader.syntaxFault }
        if let fault = reader.wordFault ?? reader.nameFault { throw fault }
        let collisions = PathCollisions(among: paths)
        if let fault = collisions.overlap ?? collisions.conflict { throw fault }
        return paths
    }
}
