import Bytes
import JSONBytes

/// An event pattern: the text of one filter, checked and taken apart, ready to be compiled into a `PatternSet`.
///
/// Grammar and meaning are those of event-ruler (reference `event-filtering.md` 2 and 3), wildcards, nested `anything-but` and `cidr`
/// included.
public struct FilterPattern: Sendable, Equatable {
    /// The most combinations of `$or` alternatives that one pattern may have.
    public static let combinationsMax = 1_024
    /// The most fields that one combination may name.
    public static let fieldsMax = 2_048
    /// The most field tests over all combinations of one pattern.
    public static let matchersMax = 65_536

    /// The text as it was given.
    public let text: [UInt8]
    /// The pattern matches when all conditions of one of these hold.
    let conjunctions: [Conjunction]

    /// Text behind the pattern's object is ignored, as event-ruler does.
    public init(parsing text: [UInt8]) throws(PatternError) {
        self.text = text
        let document = try Self.document(of: text)
        conjunctions = try Self.conjunctions(of: document)
    }

    /// A pattern whose `$or` is not used as the operator must be is still good where `$or` can be read as the name of a field: so
    /// event-ruler keeps patterns from before it had the operator.
    private static func conjunctions(of document: JSONDocument) throws(PatternError) -> [Conjunction] {
        var parser = PatternParser(document)
        do throws(PatternError) {
            return try parser.parse()
        } catch {
            var plainParser = PatternParser(document, hasAlternatives: false)
            if let conjunctions = try? plainParser.parse() { return conjunctions }
            throw error
        }
    }

    public init(_ text: String) throws(PatternError) {
        try self.init(parsing: Array(text.utf8))
    }

    private static func document(of text: [UInt8]) throws(PatternError) -> JSONDocument {
        do throws(JSONError) {
            return try JSONDocument(parsing: text)
        } catch let failure {
            // Reading stops at the first character behind a complete value.
            if let leading = try? JSONDocument(parsing: Array(text.prefix(failure.position))) { return leading }
            throw PatternError("The pattern is not JSON", position: failure.position)
        }
    }

    /// The fields that the pattern names, each once.
    var paths: [Text] {
        var seen: Set<Text> = []
        return conjunctions.flatMap(\.conditions).map(\.path).filter { seen.insert($0).inserted }
    }
}
