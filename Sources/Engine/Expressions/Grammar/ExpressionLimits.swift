/// Limits of one expression (reference `data-plane.md` 4.5).
public enum ExpressionLimits {
    /// The longest expression text, in bytes.
    public static let bytesMax = 4096
    /// Comparators, BETWEEN, IN, AND, OR, NOT, `+` and `-` of one expression; parentheses and functions do not count.
    public static let operatorsMax = 300
    /// Steps of one document path, the attribute name included.
    public static let pathLevelsMax = 32
    /// Candidates of one IN.
    public static let inOperandsMax = 100
    /// The longest placeholder, in bytes, `#` or `:` included.
    public static let placeholderBytesMax = 255
    /// The largest list index.
    public static let listIndexMax = Int(Int32.max)
}
