import Partition
public import Replication

/// A function as clients name it: `f`, `f:qualifier`, `<account>:function:f` or an ARN (reference `event-source-mapping.md` 6).
public struct FunctionReference: Sendable, Equatable, Hashable {
    /// The longest name, in characters.
    public static let nameLengthMax = 64
    /// The longest text that names a function where only functions may stand, and where versions may as well.
    static let textLengthMax = 140
    static let qualifiedTextLengthMax = 256
    static let qualifierLengthMax = 128
    public static let latest = "$LATEST"

    public let name: String
    /// What follows the name; nil when nothing does.
    public let qualifier: String?
    let region: RegionName

    public init(name: String, qualifier: String? = nil, region: RegionName) {
        self.name = name
        self.qualifier = qualifier
        self.region = region
    }

    /// Without the qualifier.
    public var unqualifiedARN: String { Self.arn(name, region) }
    /// With the qualifier, if there is one: what `FunctionArn` echoes.
    public var arn: String { qualifier.map { unqualifiedARN + ":" + $0 } ?? unqualifiedARN }
    /// Whether it names something that can exist: functions have no other version than `$LATEST`.
    public var isLatest: Bool { qualifier == nil || qualifier == Self.latest }

    public static func arn(_ name: String, _ region: RegionName) -> String {
        "arn:aws:lambda:\(region):\(TableDefinition.account):function:\(name)"
    }

    /// Reads a function of the request's region.
    /// - Parameters:
    ///   - lengthMax: of the whole text.
    ///   - path: names the member in messages.
    init(
        _ text: String?, qualifier: String? = nil, in region: RegionName, lengthMax: Int = textLengthMax,
        path: String = "functionName"
    ) throws(LambdaError) {
        var constraints = Constraints()
        constraints.require(text != nil, at: path)
        constraints.checkLength(text, at: path, 1...lengthMax)
        constraints.checkPattern(text, at: path, Self.pattern)
        constraints.checkLength(qualifier, at: "qualifier", 1...Self.qualifierLengthMax)
        constraints.checkPattern(qualifier, at: "qualifier", Self.qualifierPattern)
        try constraints.throwLambdaErrorIfViolated()
        guard let parts = FunctionNameParts(text ?? "") else { throw .validation("\(path) names no function") }
        if let found = parts.region, found != region.name {
            throw LambdaError(
                .resourceNotFound, "Functions from '\(found)' are not reachable in this region ('\(region)')")
        }
        if let account = parts.account, account != TableDefinition.account {
            throw LambdaError(
                .accessDenied, "All functions of this server belong to the account \(TableDefinition.account)")
        }
        if let qualifier, let found = parts.qualifier, qualifier != found {
            throw .invalidParameter(
                "The derived qualifier from the function name does not match the specified qualifier.")
        }
        self.init(name: parts.name, qualifier: qualifier ?? parts.qualifier, region: region)
    }

    private static let pattern = LambdaPattern(
        text: #"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"#
            + #"(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"#
    ) { FunctionNameParts($0) != nil }
    private static let qualifierPattern = LambdaPattern(text: "(|[a-zA-Z0-9$_-]+)") { text in
        text.utf8.allSatisfy { FunctionNameParts.isNameCharacter($0) || $0 == UInt8(ascii: "$") }
    }
}

extension LambdaError {
    public static func functionNotFound(_ function: FunctionReference) -> LambdaError {
        LambdaError(.resourceNotFound, "Function not found: \(function.arn)")
    }
}

/// The parts of a text that names a function, by their form alone.
struct FunctionNameParts {
    let region: String?
    let account: String?
    let name: String
    let qualifier: String?

    /// Nil when the text cannot name a function.
    init?(_ text: String) {
        var parts = text.split(separator: ":", omittingEmptySubsequences: false)[...]
        let isARN = parts.first == "arn"
        if isARN {
            guard parts.count >= 7, parts[1].hasPrefix("aws") || parts[1].isEmpty, parts[2] == "lambda" else {
                return nil
            }
            parts = parts.dropFirst(3)
        }
        func take(_ isWanted: (Substring) -> Bool) -> String? {
            guard parts.count > 1, let part = parts.first, isWanted(part) else { return nil }
            parts = parts.dropFirst()
            return String(part)
        }
        // Elsewhere a region is only told from a name by its form.
        region = take { isARN ? RegionName(String($0)) != nil : Self.isRegionOfAWS($0) }
        account = take { $0.utf8.count == 12 && $0.utf8.allSatisfy(\.isDigit) }
        _ = take { $0 == "function" }
        guard let name = parts.first, (1...2).contains(parts.count), !name.isEmpty,
            name.utf8.allSatisfy(Self.isNameCharacter)
        else { return nil }
        self.name = String(name)
        guard parts.count == 2, let qualifier = parts.last else {
            self.qualifier = nil
            return
        }
        guard
            qualifier == FunctionReference.latest
                || !qualifier.isEmpty && qualifier.utf8.allSatisfy(Self.isNameCharacter)
        else { return nil }
        self.qualifier = String(qualifier)
    }

    /// Two letters, words, and a digit, between hyphens: `eu-west-1`, `us-gov-east-1`.
    private static func isRegionOfAWS(_ text: Substring) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        let words = parts.dropLast()
        guard (3...4).contains(parts.count), words.first?.count == 2, let number = parts.last else { return false }
        return number.count == 1 && number.allSatisfy(\.isDigit)
            && words.allSatisfy { !$0.isEmpty && $0.allSatisfy { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 } }
    }

    static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension UInt8 {
    /// Whether it is an ASCII digit.
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
