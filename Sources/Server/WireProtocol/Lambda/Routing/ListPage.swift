import Bytes

/// `Marker` and `MaxItems` of the listing operations. Entries are listed in the order of their keys; a marker is the last key of the
/// page before, encoded, so that paging survives the deletion of the entry that it names.
public struct ListPage: Sendable, Equatable {
    static let itemsMax = 10_000

    /// The key after which the page begins; nil for the first page.
    let start: String?
    let countMax: Int

    /// - Parameter defaultCount: the page size when the client asks for none or for more.
    init(_ query: QueryFields, defaultCount: Int) throws(LambdaError) {
        var constraints = Constraints()
        var countMax = defaultCount
        if let text = query["MaxItems"] {
            guard let count = Int(text) else {
                throw LambdaError(.serialization, "The member 'maxItems' must be a number")
            }
            constraints.checkRange(count, at: "maxItems", 1...Self.itemsMax)
            countMax = min(count, defaultCount)
        }
        try constraints.throwLambdaErrorIfViolated()
        self.countMax = countMax
        guard let marker = query["Marker"], !marker.isEmpty else {
            start = nil
            return
        }
        guard let key = try? Base64.decode(Array(marker.utf8)) else {
            throw .invalidParameter("Invalid value for the parameter Marker: \(marker)")
        }
        start = String(decoding: key, as: UTF8.self)
    }

    /// The entries of this page and the marker of the next one, if there are more.
    func cut<Element>(_ elements: [Element], key: (Element) -> String) -> (page: [Element], nextMarker: String?) {
        let rest = elements.filter { element in
            start.map { $0.utf8.lexicographicallyPrecedes(key(element).utf8) } ?? true
        }
        .sorted { key($0).utf8.lexicographicallyPrecedes(key($1).utf8) }
        let page = Array(rest.prefix(countMax))
        guard page.count < rest.count, let last = page.last else { return (page, nil) }
        return (page, Base64.encode(Array(key(last).utf8)))
    }
}
