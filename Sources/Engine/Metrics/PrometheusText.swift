/// Metrics in the text format of Prometheus, version 0.0.4.
public struct PrometheusText: Sendable {
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The raw values are the words of the format.
    public enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
        case summary
    }

    public private(set) var bytes: [UInt8] = []
    private var family = ""

    public init() {}

    /// Begins a family; its samples follow.
    public mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        append("# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n")
    }

    public mutating func sample(_ labels: KeyValuePairs<String, String> = [:], _ value: Double) {
        sample(suffix: "", labels.map { ($0.key, $0.value) }, value)
    }

    public mutating func sample(_ labels: KeyValuePairs<String, String> = [:], _ value: UInt64) {
        sample(labels, Double(value))
    }

    /// One histogram of the family.
    ///
    /// - Parameter counts: of the samples in each bucket alone, one more than there are bounds: the last is for what is above all.
    public mutating func histogram(
        _ labels: KeyValuePairs<String, String>, bounds: [Double], counts: [UInt64], sum: Double
    ) {
        let labels = labels.map { ($0.key, $0.value) }
        var total: UInt64 = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? Self.text(bounds[index]) : "+Inf"
            sample(suffix: "_bucket", labels + [("le", bound)], Double(total))
        }
        sample(suffix: "_sum", labels, sum)
        sample(suffix: "_count", labels, Double(total))
    }

    /// One summary of the family, without quantiles.
    public mutating func summary(_ labels: KeyValuePairs<String, String>, count: Double, sum: Double) {
        let labels = labels.map { ($0.key, $0.value) }
        sample(suffix: "_sum", labels, sum)
        sample(suffix: "_count", labels, count)
    }

    private mutating func sample(suffix: String, _ labels: [(String, String)], _ value: Double) {
        append(family + suffix)
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.0)=\"\(Self.escaped($0.1, quotes: true))\"" }
            append("{\(pairs.joined(separator: ","))}")
        }
        append(" \(Self.text(value))\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var output = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\"" where quotes: output += "\\\""
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output
    }
}
